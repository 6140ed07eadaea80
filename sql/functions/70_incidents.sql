-- Incidents: what opens, grows and ends. A pair is a connection (null: all of them) and a cause; at most one incident of a
-- pair is open.

-- What becomes of a pair's incident. All that counts is in the arguments:
-- holds: something of it is open still; joined: what has come to it now; novel: of that what is more severe than before or
-- was not in it before; flaps: it would be the third within a day whose forerunners ended by themselves; quiet: for how long
-- nothing of it has been open.
CREATE OR REPLACE FUNCTION schemasync.incident_action(
  is_open boolean, is_flapping boolean, is_managed boolean, holds boolean, joined integer, novel integer, flaps boolean,
  quiet interval) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN NOT is_open AND (joined = 0 OR NOT is_managed) THEN 'none'
  WHEN NOT is_open AND flaps THEN 'open-flapping'
  WHEN NOT is_open THEN 'open'
  WHEN NOT is_managed THEN 'resolve'
  WHEN NOT holds AND is_flapping AND quiet < interval '24 hours' THEN 'wait'
  WHEN NOT holds THEN 'resolve'
  WHEN joined = 0 THEN 'last'
  WHEN NOT is_flapping THEN 'grow'
  WHEN novel > 0 THEN 'grow-novel'
  ELSE 'grow-silently'
END;
COMMENT ON FUNCTION schemasync.incident_action(boolean, boolean, boolean, boolean, integer, integer, boolean, interval) IS 'Inner: what becomes of an incident: none, open, open-flapping, last (as it is), grow, grow-novel (what is novel is told), grow-silently, wait (flapping and quiet), resolve.';

-- A row of failures counts from the third, or from one that comes 30 minutes or more after the first.
CREATE OR REPLACE FUNCTION schemasync.is_failing(failures integer, failing_since timestamptz, last_failed_at timestamptz)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN failures >= 3 OR (failures > 1 AND coalesce(last_failed_at - failing_since >= interval '30 minutes', false));
COMMENT ON FUNCTION schemasync.is_failing(integer, timestamptz, timestamptz) IS 'Inner: whether a row of failures counts.';

-- The changes of a run that belong to an incident: open, and of at least warning. Ten fields or more in three targets or more
-- that vanish or turn read-only at once look like a permission lost.
CREATE OR REPLACE FUNCTION schemasync.incident_changes(p_run uuid)
RETURNS TABLE (id bigint, cause schemasync.incident_cause)
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  WITH found AS (
    SELECT x.id, x.target_id, x.field_id, x.severity, x.acknowledged_at,
           x.kind = 'field_removed' OR (x.kind = 'field_changed' AND x.rule = 'field-became-read-only') AS lost
    FROM schemasync.changes x WHERE x.run_id = p_run),
  reduced AS (
    SELECT count(DISTINCT (f.target_id, f.field_id)) >= 10 AND count(DISTINCT f.target_id) >= 3 AS it
    FROM found f WHERE f.lost)
  SELECT f.id, CASE WHEN f.lost AND r.it THEN 'access_reduced' ELSE 'drift' END::schemasync.incident_cause
  FROM found f, reduced r
  WHERE f.acknowledged_at IS NULL AND f.severity >= 'warning'
$$;
COMMENT ON FUNCTION schemasync.incident_changes(uuid) IS 'Inner: the changes of a run that belong to an incident, and of which cause.';

-- What is suspect or failing now, and to which pair's incident it belongs. Target 0: the connection itself.
CREATE OR REPLACE FUNCTION schemasync.troubled(p_connection uuid)
RETURNS TABLE (pair_connection uuid, cause schemasync.incident_cause, connection_id uuid, target_key integer)
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT t.connection_id,
         CASE WHEN t.state = 'suspect' THEN 'suspect' ELSE 'failing' END::schemasync.incident_cause, t.connection_id, t.key
  FROM schemasync.target_state t JOIN schemasync.connections c ON c.id = t.connection_id AND c.managed
  WHERE (t.state = 'suspect' OR t.consecutive_failures > 1) AND t.managed
    AND (p_connection IS NULL OR t.connection_id = p_connection)
    AND (t.state = 'suspect' OR schemasync.is_failing(t.consecutive_failures, t.failing_since, t.last_failed_at))
  UNION ALL -- one that is both is in both
  SELECT t.connection_id, 'failing', t.connection_id, t.key
  FROM schemasync.target_state t JOIN schemasync.connections c ON c.id = t.connection_id AND c.managed
  WHERE t.state = 'suspect' AND t.managed AND (p_connection IS NULL OR t.connection_id = p_connection)
    AND schemasync.is_failing(t.consecutive_failures, t.failing_since, t.last_failed_at)
  UNION ALL
  SELECT CASE WHEN c.trouble IS NULL THEN c.id END, 'failing', c.id, 0
  FROM schemasync.connections c
  WHERE c.consecutive_failures > 0 AND c.managed
    AND (c.trouble IS NOT NULL OR p_connection IS NULL OR c.id = p_connection)
    AND (c.trouble IS NOT DISTINCT FROM 'key'
         OR schemasync.is_failing(c.consecutive_failures, c.failing_since, c.last_failed_at))
$$;
COMMENT ON FUNCTION schemasync.troubled(uuid) IS 'Inner: what is suspect or failing now.';

-- Whether the next incident of a pair flaps: the two before it began within a day and ended by themselves.
CREATE OR REPLACE FUNCTION schemasync.incident_flaps(
  p_connection uuid, p_cause schemasync.incident_cause, p_now timestamptz) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT count(*) = 2 AND bool_and(f.opened_at > p_now - interval '24 hours' AND f.resolved_by IN ('revert', 'recovery'))
  FROM (SELECT i.opened_at, i.resolved_by FROM schemasync.incidents i
        WHERE i.connection_id IS NOT DISTINCT FROM p_connection AND i.cause = p_cause
        ORDER BY i.opened_at DESC LIMIT 2) f
$$;
COMMENT ON FUNCTION schemasync.incident_flaps(uuid, schemasync.incident_cause, timestamptz) IS 'Inner: whether the next incident of a pair flaps.';

-- How an incident ended: as the last thing that was open of it did.
CREATE OR REPLACE FUNCTION schemasync.incident_ended_by(p_incident uuid, p_cause schemasync.incident_cause, p_managed boolean)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT CASE
    WHEN NOT p_managed THEN 'unmanaged'
    WHEN p_cause IN ('drift', 'access_reduced') THEN (
      SELECT CASE WHEN x.acknowledged_by = 'revert' THEN 'revert' ELSE 'acknowledgement' END
      FROM schemasync.changes x WHERE x.incident_id = p_incident
      ORDER BY x.acknowledged_at DESC, x.acknowledged_by = 'revert' DESC LIMIT 1)
    ELSE (
      SELECT m.left_by FROM schemasync.incident_member m WHERE m.incident_id = p_incident
      ORDER BY m.left_at DESC, array_position(ARRAY['accept', 'confirmed', 'recovery'], m.left_by) LIMIT 1)
  END
$$;
COMMENT ON FUNCTION schemasync.incident_ended_by(uuid, schemasync.incident_cause, boolean) IS 'Inner: how an incident ended.';

-- Notes what left an incident of suspect or failing things, and how.
CREATE OR REPLACE FUNCTION schemasync.incident_leave(
  p_incident uuid, p_cause schemasync.incident_cause, p_connections uuid[], p_targets integer[], p_now timestamptz)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  UPDATE schemasync.incident_member m SET
    left_at = p_now,
    left_by = CASE
      WHEN NOT c.managed OR (m.target_key <> 0 AND NOT EXISTS (
        SELECT FROM schemasync.target_state t WHERE t.key = m.target_key AND t.managed)) THEN 'unmanaged'
      WHEN p_cause = 'suspect'
        THEN coalesce((SELECT t.hold_ended_by FROM schemasync.target_state t WHERE t.key = m.target_key), 'recovery')
      ELSE 'recovery' END
  FROM schemasync.connections c
  WHERE m.incident_id = p_incident AND m.left_at IS NULL AND c.id = m.connection_id
    AND NOT EXISTS (SELECT FROM unnest(p_connections, p_targets) AS p (connection_id, target_key)
                    WHERE p.connection_id = m.connection_id AND p.target_key = m.target_key);
$$;
COMMENT ON FUNCTION schemasync.incident_leave(uuid, schemasync.incident_cause, uuid[], integer[], timestamptz) IS 'Inner: notes what left an incident.';

-- Brings the incidents of a connection (null: of all) in line with what is the case, and tells whoever is to be told.
-- p_run: the run that records just now; its changes may open incidents. Returns what it did.
CREATE OR REPLACE FUNCTION schemasync.settle_incidents(p_connection uuid, p_run uuid, p_now timestamptz)
RETURNS TABLE (what text, incident_id uuid)
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
  p record;
  i schemasync.incidents;
  v_managed boolean;
  v_changes bigint[];
  v_connections uuid[];
  v_targets integer[];
  v_new_connections uuid[];
  v_new_targets integer[];
  v_novel_connections uuid[];
  v_novel_targets integer[];
  v_novel_changes bigint[];
  v_novel integer;
  v_joined integer;
  v_severity schemasync.severity;
  v_action text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('schemasync.incidents', 0));
  FOR p IN
    SELECT i.connection_id, i.cause FROM schemasync.incidents i
    WHERE i.state = 'open' AND (p_connection IS NULL OR i.connection_id = p_connection OR i.connection_id IS NULL)
    UNION
    SELECT p_connection, c.cause FROM schemasync.incident_changes(p_run) c WHERE p_run IS NOT NULL
    UNION
    SELECT t.pair_connection, t.cause FROM schemasync.troubled(p_connection) t
    ORDER BY 1 NULLS FIRST, 2
  LOOP
    SELECT * INTO i FROM schemasync.incidents i
    WHERE i.state = 'open' AND i.connection_id IS NOT DISTINCT FROM p.connection_id AND i.cause = p.cause;
    v_managed := p.connection_id IS NULL
      OR EXISTS (SELECT FROM schemasync.connections c WHERE c.id = p.connection_id AND c.managed);
    v_changes := '{}'; v_novel_changes := '{}';
    v_connections := '{}'; v_targets := '{}'; v_new_connections := '{}'; v_new_targets := '{}';

    IF p.cause IN ('drift', 'access_reduced') THEN
      SELECT coalesce(array_agg(c.id ORDER BY c.id), '{}') INTO v_changes
      FROM schemasync.incident_changes(p_run) c
      WHERE p_run IS NOT NULL AND p.connection_id = p_connection AND c.cause = p.cause;
      SELECT max(x.severity) INTO v_severity FROM schemasync.changes x WHERE x.id = ANY (v_changes);
      SELECT coalesce(array_agg(x.id ORDER BY x.id), '{}') INTO v_novel_changes FROM schemasync.changes x
      WHERE x.id = ANY (v_changes) AND (x.severity > i.severity OR NOT EXISTS (
        SELECT FROM schemasync.changes o
        WHERE o.incident_id = i.id AND o.target_id = x.target_id
          AND split_part(o.kind::text, '_', 1) = split_part(x.kind::text, '_', 1)
          AND o.field_id IS NOT DISTINCT FROM x.field_id AND o.attribute IS NOT DISTINCT FROM x.attribute));
      v_joined := cardinality(v_changes);
      v_novel := cardinality(v_novel_changes);
    ELSE
      SELECT coalesce(array_agg(t.connection_id), '{}'), coalesce(array_agg(t.target_key), '{}')
      INTO v_connections, v_targets
      FROM (
        SELECT t.connection_id, t.target_key FROM schemasync.troubled(p.connection_id) t
        WHERE t.pair_connection IS NOT DISTINCT FROM p.connection_id AND t.cause = p.cause
        UNION -- a connection that fails for all others' reason now has not recovered from its own
        SELECT m.connection_id, 0 FROM schemasync.incident_member m JOIN schemasync.connections c ON c.id = m.connection_id
        WHERE m.incident_id = i.id AND m.target_key = 0 AND m.left_at IS NULL AND p.connection_id IS NOT NULL
          AND c.managed AND c.consecutive_failures > 0) t;
      PERFORM schemasync.incident_leave(i.id, p.cause, v_connections, v_targets, p_now);
      SELECT coalesce(array_agg(n.connection_id), '{}'), coalesce(array_agg(n.target_key), '{}'),
             coalesce(array_agg(n.connection_id) FILTER (WHERE NOT n.was_there), '{}'),
             coalesce(array_agg(n.target_key) FILTER (WHERE NOT n.was_there), '{}')
      INTO v_new_connections, v_new_targets, v_novel_connections, v_novel_targets
      FROM (SELECT u.connection_id, u.target_key, m.incident_id IS NOT NULL AS was_there
            FROM unnest(v_connections, v_targets) AS u (connection_id, target_key)
            LEFT JOIN schemasync.incident_member m
              ON m.incident_id = i.id AND m.connection_id = u.connection_id AND m.target_key = u.target_key
            WHERE m.left_at IS NOT NULL OR m.incident_id IS NULL) n;
      v_joined := cardinality(v_new_targets);
      v_novel := cardinality(v_novel_targets);
      v_severity := CASE WHEN p.connection_id IS NULL THEN 'breaking' ELSE 'warning' END;
    END IF;

    v_action := schemasync.incident_action(
      i.id IS NOT NULL, coalesce(i.flapping, false), v_managed,
      v_joined > 0 OR cardinality(v_targets) > 0
        OR EXISTS (SELECT FROM schemasync.changes x WHERE x.incident_id = i.id AND x.acknowledged_at IS NULL),
      v_joined, v_novel, schemasync.incident_flaps(p.connection_id, p.cause, p_now),
      coalesce(p_now - i.quiet_since, interval '0'));

    IF v_action IN ('open', 'open-flapping') THEN
      INSERT INTO schemasync.incidents AS n (connection_id, cause, severity, flapping, opened_at)
      VALUES (p.connection_id, p.cause, v_severity, v_action = 'open-flapping', p_now) RETURNING n.* INTO i;
      RETURN QUERY SELECT 'incident opened', i.id;
    END IF;
    IF v_joined > 0 AND i.id IS NOT NULL THEN
      UPDATE schemasync.changes x SET incident_id = i.id WHERE x.id = ANY (v_changes);
      INSERT INTO schemasync.incident_member AS m (incident_id, connection_id, target_key, joined_at)
      SELECT i.id, u.connection_id, u.target_key, p_now
      FROM unnest(v_new_connections, v_new_targets) AS u (connection_id, target_key)
      ON CONFLICT ON CONSTRAINT incident_member_pkey DO UPDATE SET joined_at = p_now, left_at = NULL, left_by = NULL;
    END IF;

    IF v_action IN ('last', 'grow', 'grow-novel', 'grow-silently')
       AND (i.quiet_since IS NOT NULL OR v_severity > i.severity) THEN
      UPDATE schemasync.incidents n SET quiet_since = NULL, severity = greatest(n.severity, v_severity)
      WHERE n.id = i.id RETURNING n.* INTO i;
    ELSIF v_action = 'wait' AND i.quiet_since IS NULL THEN
      UPDATE schemasync.incidents n SET quiet_since = p_now WHERE n.id = i.id;
    ELSIF v_action = 'resolve' THEN
      UPDATE schemasync.incidents n SET
        state = 'resolved', resolved_at = p_now,
        resolved_by = coalesce(schemasync.incident_ended_by(i.id, p.cause, v_managed), 'recovery')
      WHERE n.id = i.id RETURNING n.* INTO i;
      PERFORM schemasync.tell_end(i, p_run, p_now);
      RETURN QUERY SELECT 'incident resolved', i.id;
    END IF;

    CONTINUE WHEN v_action NOT IN ('open', 'open-flapping', 'grow', 'grow-novel');
    IF p.cause IN ('drift', 'access_reduced') THEN
      PERFORM schemasync.tell_changes(
        i, p_connection, p_run, CASE WHEN v_action = 'grow-novel' THEN v_novel_changes ELSE v_changes END, NULL, p_now);
    ELSIF v_action = 'grow-novel' THEN
      PERFORM schemasync.tell_trouble(i, p_run, v_novel_connections, v_novel_targets, NULL, p.cause = 'failing', p_now);
    ELSE
      PERFORM schemasync.tell_trouble(i, p_run, v_new_connections, v_new_targets, NULL, p.cause = 'failing', p_now);
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION schemasync.settle_incidents(uuid, uuid, timestamptz) IS 'Inner: brings incidents in line with what is the case.';
