-- The outbox: who sends which event when. Events of one alert go out in order; an alert's queue is leased as a whole.

-- Raises SS002 for a program older than the schema, SS003 for a configuration that is not the one loaded last.
CREATE OR REPLACE FUNCTION schemasync.check_worker(p_digest bytea, p_schema integer) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
AS $$
DECLARE
  c schemasync.configuration;
BEGIN
  PERFORM schemasync.check_schema(p_schema);
  SELECT * INTO c FROM schemasync.configuration;
  IF c.digest IS DISTINCT FROM p_digest THEN
    RAISE EXCEPTION 'another configuration was loaded at % by %', c.loaded_at, c.loaded_by USING ERRCODE = 'SS003';
  END IF;
END
$$;
COMMENT ON FUNCTION schemasync.check_worker(bytea, integer) IS 'Inner: fails for a program or a configuration that does not count.';

-- The next event of an alert that may go out. One whose last try failed for the receiver's sake (holds) is waited for by all
-- later ones.
CREATE OR REPLACE FUNCTION schemasync.next_delivery(p_alert text, p_before timestamptz) RETURNS uuid
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT d.id FROM schemasync.deliveries d
  WHERE d.alert = p_alert AND d.delivered_at IS NULL AND d.given_up_at IS NULL AND d.next_attempt_at <= p_before
    AND d.event ->> 'type' <> 'alert.test'
    AND NOT EXISTS (
      SELECT FROM schemasync.deliveries e
      WHERE e.alert = p_alert AND e.delivered_at IS NULL AND e.given_up_at IS NULL AND e.number < d.number
        AND e.holds AND e.next_attempt_at > p_before)
  ORDER BY d.number LIMIT 1
$$;
COMMENT ON FUNCTION schemasync.next_delivery(text, timestamptz) IS 'Inner: the next event of an alert that may go out.';

-- Takes the queues of alerts that have something to send, p_limit of them at most; returns the first of each.
CREATE OR REPLACE FUNCTION schemasync.claim_deliveries(
  p_worker text, p_digest bytea, p_schema integer, p_limit integer, p_before timestamptz)
RETURNS TABLE (alert text, token bigint, delivery_id uuid, event text, type text, attempts integer, due_before timestamptz)
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
  v_before timestamptz := coalesce(p_before, clock_timestamp());
  v_alert text;
  v_token bigint;
  v_next uuid;
BEGIN
  PERFORM schemasync.check_worker(p_digest, p_schema);
  FOR v_alert IN
    SELECT q.alert FROM schemasync.alert_queue q
    WHERE q.paused_at IS NULL AND (q.lease_expires_at IS NULL OR q.lease_expires_at <= clock_timestamp())
      AND EXISTS (SELECT FROM schemasync.alert a WHERE a.name = q.alert)
      AND EXISTS (SELECT FROM schemasync.deliveries d
                  WHERE d.alert = q.alert AND d.delivered_at IS NULL AND d.given_up_at IS NULL
                    AND d.next_attempt_at <= v_before)
    ORDER BY q.lease_expires_at NULLS FIRST, q.alert LIMIT p_limit
    FOR UPDATE SKIP LOCKED
  LOOP
    v_next := schemasync.next_delivery(v_alert, v_before);
    CONTINUE WHEN v_next IS NULL;
    UPDATE schemasync.alert_queue q SET
      lease_owner = p_worker, lease_token = q.lease_token + 1, lease_expires_at = clock_timestamp() + interval '60 seconds'
    WHERE q.alert = v_alert RETURNING q.lease_token INTO v_token;
    RETURN QUERY SELECT d.alert, v_token, d.id, d.event::text, d.event ->> 'type', d.attempts, v_before
                 FROM schemasync.deliveries d WHERE d.id = v_next;
  END LOOP;
END
$$;
COMMENT ON FUNCTION schemasync.claim_deliveries(text, bytea, integer, integer, timestamptz) IS 'Inner: takes the queues of alerts that have something to send.';

-- Takes one delivery's queue, whatever its turn. No row: another process works on the queue, or it is not pending.
CREATE OR REPLACE FUNCTION schemasync.claim_delivery(p_worker text, p_delivery uuid)
RETURNS TABLE (alert text, token bigint, delivery_id uuid, event text, type text, attempts integer, due_before timestamptz)
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    WITH claimed AS (
      UPDATE schemasync.alert_queue q SET
        lease_owner = p_worker, lease_token = q.lease_token + 1, lease_expires_at = clock_timestamp() + interval '60 seconds'
      FROM schemasync.deliveries d
      WHERE d.id = p_delivery AND d.alert = q.alert AND d.delivered_at IS NULL AND d.given_up_at IS NULL
        AND (q.lease_expires_at IS NULL OR q.lease_expires_at <= clock_timestamp())
      RETURNING q.lease_token, d.alert, d.id, d.event, d.attempts)
    SELECT c.alert, c.lease_token, c.id, c.event::text, c.event ->> 'type', c.attempts, clock_timestamp() FROM claimed c;
END
$$;
COMMENT ON FUNCTION schemasync.claim_delivery(text, uuid) IS 'Inner: takes one delivery''s queue.';

-- Notes what a try came to, and goes on with the next under the same lease; where there is none, gives it back.
-- p_outcome: delivered; held (no connection, 5xx, 429: the later ones wait); refused (it alone waits); gone (410: all that
-- is pending is given up, the alert is paused). Tries back off from 2 s, doubling, to 1 h, a Retry-After honoured.
CREATE OR REPLACE FUNCTION schemasync.mark_delivery(
  p_alert text, p_token bigint, p_delivery uuid, p_outcome text, p_error text, p_retry_after bigint, p_before timestamptz,
  p_only_this boolean)
RETURNS TABLE (given_up boolean, next_id uuid, next_event text, next_type text, next_attempts integer)
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  d schemasync.deliveries;
  v_next timestamptz;
  v_test boolean;
BEGIN
  PERFORM FROM schemasync.alert_queue q WHERE q.alert = p_alert AND q.lease_token = p_token FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lease was taken over' USING ERRCODE = 'SS001';
  END IF;
  SELECT * INTO d FROM schemasync.deliveries x WHERE x.id = p_delivery FOR UPDATE;
  v_test := d.event ->> 'type' = 'alert.test';
  v_next := v_now + greatest(
    least(interval '2 seconds' * power(2, least(d.attempts, 20)), interval '1 hour'),
    least(coalesce(p_retry_after, 0), 604800000000) * interval '1 microsecond');
  given_up := p_outcome = 'gone'
    OR (p_outcome <> 'delivered' AND (v_test OR v_next >= d.pending_since + interval '3 days'));
  UPDATE schemasync.deliveries x SET
    attempts = x.attempts + 1, holds = p_outcome = 'held',
    delivered_at = CASE WHEN p_outcome = 'delivered' THEN v_now END,
    given_up_at = CASE WHEN given_up THEN v_now END,
    next_attempt_at = CASE WHEN p_outcome <> 'delivered' AND NOT given_up THEN v_next END,
    last_error = CASE WHEN p_outcome <> 'delivered' THEN p_error END
  WHERE x.id = p_delivery AND x.delivered_at IS NULL;
  IF p_outcome = 'gone' THEN
    UPDATE schemasync.deliveries x SET
      given_up_at = v_now, next_attempt_at = NULL, last_error = 'the alert is paused: its receiver answered 410; alert-test ends that'
    WHERE x.alert = p_alert AND x.delivered_at IS NULL AND x.given_up_at IS NULL;
  END IF;
  UPDATE schemasync.alert_queue q SET
    paused_at = CASE WHEN p_outcome = 'gone' THEN coalesce(q.paused_at, v_now)
                     WHEN v_test AND p_outcome = 'delivered' THEN NULL ELSE q.paused_at END
  WHERE q.alert = p_alert
    AND (p_outcome = 'gone' OR (v_test AND p_outcome = 'delivered' AND q.paused_at IS NOT NULL));

  IF NOT p_only_this AND p_outcome <> 'gone' AND EXISTS (SELECT FROM schemasync.alert a WHERE a.name = p_alert) THEN
    next_id := schemasync.next_delivery(p_alert, coalesce(p_before, clock_timestamp()));
    SELECT x.event::text, x.event ->> 'type', x.attempts INTO next_event, next_type, next_attempts
    FROM schemasync.deliveries x WHERE x.id = next_id;
  END IF;
  UPDATE schemasync.alert_queue q SET
    lease_expires_at = CASE WHEN next_id IS NOT NULL THEN clock_timestamp() + interval '60 seconds' END,
    lease_owner = CASE WHEN next_id IS NOT NULL THEN q.lease_owner END
  WHERE q.alert = p_alert;
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION schemasync.mark_delivery(text, bigint, uuid, text, text, bigint, timestamptz, boolean) IS 'Inner: notes what a try came to, and goes on with the next.';

CREATE OR REPLACE FUNCTION schemasync.release_alert(p_alert text, p_token bigint) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  UPDATE schemasync.alert_queue SET lease_owner = NULL, lease_expires_at = NULL WHERE alert = p_alert AND lease_token = p_token;
$$;
COMMENT ON FUNCTION schemasync.release_alert(text, bigint) IS 'Inner: gives an alert''s queue back.';

-- What time alone brings about: ends what people acknowledged, tells again, gives up after three days what could not be
-- delivered, and at once what is pending for an alert that is configured no more. One process at a time; the others return
-- nothing.
CREATE OR REPLACE FUNCTION schemasync.settle(p_worker text, p_digest bytea, p_schema integer)
RETURNS TABLE (what text, subject text, detail text)
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz;
BEGIN
  PERFORM schemasync.check_worker(p_digest, p_schema);
  IF NOT pg_try_advisory_xact_lock(hashtextextended('schemasync.settle', 0)) THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH given_up AS (
      UPDATE schemasync.deliveries d SET
        given_up_at = clock_timestamp(), next_attempt_at = NULL,
        last_error = CASE WHEN a.name IS NULL THEN 'the alert is configured no more'
                          ELSE concat('given up after three days: ', d.last_error) END
      FROM schemasync.deliveries o LEFT JOIN schemasync.alert a ON a.name = o.alert
      WHERE d.id = o.id AND d.delivered_at IS NULL AND d.given_up_at IS NULL
        AND (a.name IS NULL OR o.pending_since <= clock_timestamp() - interval '3 days')
        AND NOT EXISTS (SELECT FROM schemasync.alert_queue q WHERE q.alert = o.alert AND q.lease_expires_at > clock_timestamp())
      RETURNING d.alert, d.id, d.last_error)
    SELECT 'given up', g.alert, g.id || ': ' || g.last_error FROM given_up g;

  IF EXISTS (SELECT FROM schemasync.incidents i WHERE i.state = 'open') OR EXISTS (SELECT FROM schemasync.troubled(NULL)) THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('schemasync.incidents', 0));
    v_now := clock_timestamp();
    RETURN QUERY
      SELECT s.what, coalesce(c.name, 'all connections'), i.id || ' ' || i.cause || coalesce(' by ' || i.resolved_by, '')
      FROM schemasync.settle_incidents(NULL, NULL, v_now) s
      JOIN schemasync.incidents i ON i.id = s.incident_id LEFT JOIN schemasync.connections c ON c.id = i.connection_id;
    RETURN QUERY
      SELECT 'reminder', coalesce(c.name, 'all connections'), i.id || ' ' || i.cause
      FROM schemasync.tell_again(v_now) AS t (id)
      JOIN schemasync.incidents i ON i.id = t.id LEFT JOIN schemasync.connections c ON c.id = i.connection_id;
  END IF;
END
$$;
COMMENT ON FUNCTION schemasync.settle(text, bytea, integer) IS 'Inner: what time alone brings about.';

-- Writes a test event, which only claim_delivery() takes.
CREATE OR REPLACE FUNCTION schemasync.write_test(p_alert text) RETURNS uuid
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  v_id uuid;
  no_incident schemasync.incidents;
BEGIN
  INSERT INTO schemasync.alert_queue (alert) VALUES (p_alert) ON CONFLICT DO NOTHING; -- where no daemon has loaded it yet
  INSERT INTO schemasync.deliveries (alert, event, created_at, pending_since, next_attempt_at)
  VALUES (p_alert, schemasync.compose_event('alert.test', no_incident, NULL, NULL, 'info',
    format('A test of the alert %s: nothing has happened', p_alert), false, 0, '{}', 'changes', '{}', v_now), v_now, v_now, v_now)
  RETURNING id INTO v_id;
  RETURN v_id;
END
$$;
COMMENT ON FUNCTION schemasync.write_test(text) IS 'Inner: writes a test event.';

-- Events are to go out again, under their old ids: those of p_ids, or all of an alert that were written since.
CREATE OR REPLACE FUNCTION schemasync.redeliver(p_ids uuid[], p_alert text, p_since interval)
RETURNS TABLE (id uuid, alert text)
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  WITH again AS (
    UPDATE schemasync.deliveries d SET
      pending_since = clock_timestamp(), next_attempt_at = clock_timestamp(), delivered_at = NULL, given_up_at = NULL, holds = false
    WHERE CASE WHEN p_ids IS NULL THEN d.alert = p_alert AND d.created_at >= clock_timestamp() - p_since
                 AND d.event ->> 'type' <> 'alert.test'
               ELSE d.id = ANY (p_ids) END
    RETURNING d.id, d.alert, d.number)
  SELECT a.id, a.alert FROM again a ORDER BY a.number
$$;
COMMENT ON FUNCTION schemasync.redeliver(uuid[], text, interval) IS 'Inner: the command redeliver.';

CREATE OR REPLACE FUNCTION schemasync.pending_deliveries()
RETURNS TABLE (alert text, paused_at timestamptz, pending bigint, oldest timestamptz, next_attempt_at timestamptz,
  last_error text, given_up bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT a.name, q.paused_at, p.pending, p.oldest, p.next_attempt_at, p.last_error,
         (SELECT count(*) FROM schemasync.deliveries g
          WHERE g.alert = a.name AND g.given_up_at > clock_timestamp() - interval '7 days')
  FROM schemasync.alert a LEFT JOIN schemasync.alert_queue q ON q.alert = a.name
  CROSS JOIN LATERAL (
    SELECT count(*) AS pending, min(d.created_at) AS oldest, min(d.next_attempt_at) AS next_attempt_at,
           (array_agg(d.last_error ORDER BY d.number) FILTER (WHERE d.last_error IS NOT NULL))[1] AS last_error
    FROM schemasync.deliveries d
    WHERE d.alert = a.name AND d.delivered_at IS NULL AND d.given_up_at IS NULL) p
  ORDER BY a.name
$$;
COMMENT ON FUNCTION schemasync.pending_deliveries() IS 'Inner: each alert''s events on their way; given up: in the last seven days.';

-- Null where schedule and deliveries are in order; else what is not. For the heartbeat.
CREATE OR REPLACE FUNCTION schemasync.in_order() RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT coalesce(
    (SELECT format('%s has been due since %s', c.name, schemasync.rfc3339(c.next_due_at)) FROM schemasync.connections c
     WHERE c.managed AND c.next_due_at < clock_timestamp() - greatest(interval '5 minutes', c.schedule_interval)
       AND (c.lease_expires_at IS NULL OR c.lease_expires_at < clock_timestamp())
     ORDER BY c.next_due_at LIMIT 1),
    (SELECT format('the alert %s is paused', q.alert)
     FROM schemasync.alert_queue q JOIN schemasync.alert a ON a.name = q.alert
     WHERE q.paused_at IS NOT NULL ORDER BY q.alert LIMIT 1),
    (SELECT format('an event for %s has been on its way since %s: %s', d.alert, schemasync.rfc3339(d.pending_since), d.last_error)
     FROM schemasync.deliveries d
     WHERE d.delivered_at IS NULL AND d.given_up_at IS NULL AND d.pending_since < clock_timestamp() - interval '15 minutes'
     ORDER BY d.number LIMIT 1))
$$;
COMMENT ON FUNCTION schemasync.in_order() IS 'Inner: what is not in order with schedule and deliveries.';
