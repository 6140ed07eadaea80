-- Events: who is told, and in what words. They are written with what they tell of, in the same transaction; the outbox
-- (75_outbox.sql) sends them on its own time. An event has at most 20 KiB.

CREATE OR REPLACE FUNCTION schemasync.lets_through(pattern text, value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pattern IS NULL OR coalesce(value COLLATE "C" ~ pattern, false);
COMMENT ON FUNCTION schemasync.lets_through(text, text) IS 'Inner: whether a filter of an alert or a mute lets a value through; without a pattern it does.';

-- Whether a change is muted; p_rule null: whether mirror.* is, p_target null: of the connection as a whole.
CREATE OR REPLACE FUNCTION schemasync.is_muted(p_connection text, p_target text, p_rule text, p_now timestamptz) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT EXISTS (
    SELECT FROM schemasync.mute m
    WHERE m.until > p_now AND schemasync.lets_through(m.connections, p_connection)
      AND schemasync.lets_through(m.targets, coalesce(p_target, ''))
      AND CASE WHEN p_rule IS NULL THEN m.all_rules ELSE schemasync.lets_through(m.rules, p_rule) END)
$$;
COMMENT ON FUNCTION schemasync.is_muted(text, text, text, timestamptz) IS 'Inner: whether a change, or mirror.*, is muted.';

-- A text cut so that it takes at most p_bytes in JSON.
CREATE OR REPLACE FUNCTION schemasync.cut(p_text text, p_bytes integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog
AS $$
DECLARE
  v_text text := left(p_text, p_bytes);
BEGIN
  WHILE octet_length(to_json(v_text)::text) > p_bytes LOOP
    v_text := left(v_text, least(-1, (p_bytes - octet_length(to_json(v_text)::text)) / 6));
  END LOOP;
  RETURN v_text;
END
$$;
COMMENT ON FUNCTION schemasync.cut(text, integer) IS 'Inner: a text cut to a size.';

-- A value cut to 1 KiB: what is longer becomes the beginning of its text.
CREATE OR REPLACE FUNCTION schemasync.cut_value(p_value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog
AS $$
  SELECT CASE WHEN octet_length(p_value::text) <= 1024 THEN p_value
              WHEN jsonb_typeof(p_value) = 'string' THEN to_jsonb(schemasync.cut(p_value #>> '{}', 1024))
              ELSE to_jsonb(schemasync.cut(p_value::text, 1024)) END
$$;
COMMENT ON FUNCTION schemasync.cut_value(jsonb) IS 'Inner: a value cut to 1 KiB.';

CREATE OR REPLACE FUNCTION schemasync.rfc3339(p_at timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
COMMENT ON FUNCTION schemasync.rfc3339(timestamptz) IS 'Inner: a time as RFC 3339 has it.';

-- A change as events carry it.
CREATE OR REPLACE FUNCTION schemasync.event_change(x schemasync.changes) RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT jsonb_build_object(
    'id', x.id, 'target', schemasync.cut(x.target_id, 1024), 'kind', x.kind, 'field', schemasync.cut(x.field_id, 1024),
    'attribute', schemasync.cut(x.attribute, 1024), 'old', schemasync.cut_value(x.old_value),
    'new', schemasync.cut_value(x.new_value), 'rule', x.rule, 'severity', x.severity,
    'affected_syncs', (
      SELECT coalesce(jsonb_agg(s.sync ORDER BY s.sync -> 'name'), '[]')
      FROM (SELECT DISTINCT jsonb_build_object('id', schemasync.cut(t.sync_id, 200), 'name', schemasync.cut(t.sync, 200)) AS sync
            FROM schemasync.sync_touch t WHERE t.change_id = x.id AND t.active LIMIT 20) s))
    || CASE WHEN octet_length(x.old_value::text) > 1024 OR octet_length(x.new_value::text) > 1024
              OR octet_length(to_json(concat(x.target_id, x.field_id, x.attribute))::text) > 1024
            THEN '{"truncated": true}' ELSE '{}' END::jsonb
$$;
COMMENT ON FUNCTION schemasync.event_change(schemasync.changes) IS 'Inner: a change as events carry it.';

-- A change in a few words.
CREATE OR REPLACE FUNCTION schemasync.change_words(x schemasync.changes) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT left(x.target_id, 60) || CASE split_part(x.kind::text, '_', 1)
    WHEN 'field' THEN '.' || left(x.field_id, 60) || ' '
    WHEN 'mode' THEN ' mode ' || left(x.attribute, 60) || ' '
    ELSE ' ' END || CASE
    WHEN x.kind = 'field_changed' THEN
      left(x.attribute, 40) || CASE WHEN octet_length(concat(x.old_value, x.new_value)) < 60
        THEN format(' %s → %s', coalesce(x.old_value #>> '{}', 'null'), coalesce(x.new_value #>> '{}', 'null'))
        ELSE ' changed' END
    WHEN x.kind = 'target_changed' THEN left(x.attribute, 60) || ' changed'
    ELSE split_part(x.kind::text, '_', 2) END
$$;
COMMENT ON FUNCTION schemasync.change_words(schemasync.changes) IS 'Inner: a change in a few words.';

-- What changes come to in a sentence: how many of each severity, the first three, the syncs they touch.
CREATE OR REPLACE FUNCTION schemasync.changes_summary(p_connection text, p_changes bigint[]) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  WITH x AS (SELECT * FROM schemasync.changes c WHERE c.id = ANY (p_changes)),
  counts AS (
    SELECT string_agg(g.n || ' ' || g.severity, ', ' ORDER BY g.severity DESC) AS words
    FROM (SELECT x.severity, count(*) AS n FROM x GROUP BY 1) g),
  first AS (
    SELECT string_agg(f.words, '; ' ORDER BY f.severity DESC, f.id) AS words
    FROM (SELECT x.id, x.severity, coalesce(schemasync.change_words(x), 'a change') AS words FROM x
          ORDER BY x.severity DESC, x.id LIMIT 3) f),
  touched AS (
    SELECT DISTINCT t.sync_id, coalesce(t.sync, t.sync_id) AS sync FROM schemasync.sync_touch t
    WHERE t.change_id = ANY (p_changes) AND t.active),
  syncs AS (
    SELECT string_agg(left(s.sync, 60), ', ' ORDER BY s.sync) AS words, (SELECT count(*) FROM touched) AS total
    FROM (SELECT * FROM touched t ORDER BY t.sync LIMIT 3) s)
  SELECT schemasync.cut(
    format('%s in %s: %s%s%s', coalesce(counts.words, 'changes'), p_connection, coalesce(first.words, 'none'),
      CASE WHEN cardinality(p_changes) > 3 THEN format('; and %s more', cardinality(p_changes) - 3) ELSE '' END,
      CASE WHEN syncs.total > 0
        THEN format('. Syncs: %s%s', syncs.words, CASE WHEN syncs.total > 3 THEN format(' and %s more', syncs.total - 3) ELSE '' END)
        ELSE '' END), 1000)
  FROM counts, first, syncs
$$;
COMMENT ON FUNCTION schemasync.changes_summary(text, bigint[]) IS 'Inner: what changes come to in a sentence.';

-- An event: what all types have, and in it as much of a list as fits. p_items: rows of the list in order.
CREATE OR REPLACE FUNCTION schemasync.compose_event(
  p_type text, i schemasync.incidents, p_connection uuid, p_run uuid, p_severity schemasync.severity, p_summary text,
  p_reminder boolean, p_changes_total integer, p_extra jsonb, p_list text, p_items jsonb[], p_now timestamptz) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
AS $$
DECLARE
  v_event jsonb;
  v_list jsonb := '[]';
  v_room integer;
  v_item jsonb;
BEGIN
  v_event := jsonb_build_object(
    'type', p_type, 'timestamp', schemasync.rfc3339(p_now),
    'data', jsonb_build_object(
      'connection', (SELECT jsonb_build_object('id', c.id, 'name', c.name, 'type', schemasync.cut(c.type, 200))
                     FROM schemasync.connections c WHERE c.id = p_connection),
      'run_id', p_run,
      'incident', CASE WHEN i.id IS NOT NULL THEN
        jsonb_build_object('id', i.id, 'cause', i.cause, 'state', i.state, 'opened_at', schemasync.rfc3339(i.opened_at),
                           'flapping', i.flapping)
        || CASE WHEN i.resolved_by IS NOT NULL
             THEN jsonb_build_object('resolved_by', i.resolved_by, 'resolved_at', schemasync.rfc3339(i.resolved_at))
             ELSE '{}' END END,
      'severity', p_severity, 'summary', p_summary, 'url', NULL, 'reminder', p_reminder,
      'changes_total', p_changes_total, 'changes', '[]'::jsonb) || p_extra);
  v_room := 20480 - octet_length(v_event::text);
  FOREACH v_item IN ARRAY coalesce(p_items, '{}') LOOP
    v_room := v_room - octet_length(v_item::text) - 2;
    EXIT WHEN v_room < 0;
    v_list := v_list || jsonb_build_array(v_item);
  END LOOP;
  RETURN jsonb_set(v_event, ARRAY['data', p_list], v_list);
END
$$;
COMMENT ON FUNCTION schemasync.compose_event(text, schemasync.incidents, uuid, uuid, schemasync.severity, text, boolean, integer, jsonb, text, jsonb[], timestamptz) IS 'Inner: composes an event.';

-- Puts an event into the outbox. What is written while its alert is paused is given up.
CREATE OR REPLACE FUNCTION schemasync.write_event(p_alert text, p_incident uuid, p_run uuid, p_event jsonb, p_now timestamptz)
RETURNS uuid
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  v_id uuid;
  v_paused boolean := EXISTS (SELECT FROM schemasync.alert_queue q WHERE q.alert = p_alert AND q.paused_at IS NOT NULL);
BEGIN
  INSERT INTO schemasync.deliveries
    (alert, incident_id, run_id, event, created_at, pending_since, next_attempt_at, given_up_at, last_error)
  VALUES (p_alert, p_incident, p_run, p_event, p_now, p_now, CASE WHEN NOT v_paused THEN p_now END,
          CASE WHEN v_paused THEN p_now END,
          CASE WHEN v_paused THEN 'the alert is paused: its receiver answered 410; alert-test ends that' END)
  RETURNING id INTO v_id;
  IF p_incident IS NOT NULL THEN
    INSERT INTO schemasync.incident_told (incident_id, alert, told_at) VALUES (p_incident, p_alert, p_now)
    ON CONFLICT (incident_id, alert) DO UPDATE SET told_at = excluded.told_at;
  END IF;
  RETURN v_id;
END
$$;
COMMENT ON FUNCTION schemasync.write_event(text, uuid, uuid, jsonb, timestamptz) IS 'Inner: puts an event into the outbox.';

-- Tells of changes, each alert of those that its filter lets through. p_alert: a reminder, for that one alone.
CREATE OR REPLACE FUNCTION schemasync.tell_changes(
  i schemasync.incidents, p_connection uuid, p_run uuid, p_changes bigint[], p_alert text, p_now timestamptz) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  v_name text := (SELECT c.name FROM schemasync.connections c WHERE c.id = p_connection);
  a schemasync.alert;
  v_told bigint[];
  v_severity schemasync.severity;
  v_items jsonb[];
BEGIN
  IF cardinality(p_changes) = 0 THEN
    RETURN;
  END IF;
  FOR a IN
    SELECT * FROM schemasync.alert x
    WHERE (p_alert IS NULL OR x.name = p_alert) AND schemasync.lets_through(x.events, 'schema.drift')
      AND schemasync.lets_through(x.connections, v_name) AND (i.id IS NOT NULL OR x.kind <> 'pagerduty')
    ORDER BY x.name
  LOOP
    SELECT coalesce(array_agg(x.id), '{}'), max(x.severity) INTO v_told, v_severity
    FROM schemasync.changes x
    WHERE x.id = ANY (p_changes) AND x.severity >= a.min_severity
      AND schemasync.lets_through(a.targets, x.target_id) AND schemasync.lets_through(a.kinds, x.kind::text)
      AND schemasync.lets_through(a.rules, x.rule)
      AND NOT schemasync.is_muted(v_name, x.target_id, coalesce(x.rule, ''), p_now);
    CONTINUE WHEN cardinality(v_told) = 0;
    v_items := ARRAY(SELECT schemasync.event_change(x) FROM schemasync.changes x WHERE x.id = ANY (v_told)
                     ORDER BY x.severity DESC, x.id LIMIT 100);
    PERFORM schemasync.write_event(a.name, i.id, p_run, schemasync.compose_event(
      'schema.drift', i, p_connection, p_run, v_severity,
      CASE WHEN p_alert IS NOT NULL THEN 'Still open: ' WHEN i.flapping THEN 'Flapping: ' ELSE '' END
        || CASE WHEN i.cause = 'access_reduced' THEN 'It looks as if a permission were lost: ' ELSE '' END
        || schemasync.changes_summary(v_name, v_told),
      p_alert IS NOT NULL, cardinality(v_told), '{}', 'changes', v_items, p_now), p_now);
  END LOOP;
END
$$;
COMMENT ON FUNCTION schemasync.tell_changes(schemasync.incidents, uuid, uuid, bigint[], text, timestamptz) IS 'Inner: tells of changes.';

-- What is suspect or failing, as events of one alert carry it: what of it its filter lets through. Of a connection as a whole
-- each target is concerned.
CREATE OR REPLACE FUNCTION schemasync.told_trouble(
  a schemasync.alert, p_connections uuid[], p_targets integer[], p_now timestamptz)
RETURNS TABLE (connection_id uuid, connection text, connection_error text, target_id text, state text, error text)
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT c.id, c.name, c.last_error, t.target_id, t.state::text, t.last_error
  FROM unnest(p_connections, p_targets) AS m (connection_id, target_key)
  JOIN schemasync.connections c ON c.id = m.connection_id
  LEFT JOIN schemasync.target_state t ON t.key = m.target_key
  WHERE schemasync.lets_through(a.connections, c.name) AND NOT schemasync.is_muted(c.name, t.target_id, NULL, p_now)
    AND CASE WHEN m.target_key <> 0 THEN schemasync.lets_through(a.targets, t.target_id)
             ELSE a.targets IS NULL OR EXISTS (
               SELECT FROM schemasync.target_state o
               WHERE o.connection_id = c.id AND o.managed AND schemasync.lets_through(a.targets, o.target_id)) END
$$;
COMMENT ON FUNCTION schemasync.told_trouble(schemasync.alert, uuid[], integer[], timestamptz) IS 'Inner: what of suspect or failing things an alert is told.';

-- The same in a sentence.
CREATE OR REPLACE FUNCTION schemasync.trouble_summary(
  i schemasync.incidents, p_name text, p_trouble schemasync.trouble, p_connections integer, p_targets integer, p_error text,
  p_first text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  SELECT schemasync.cut(CASE
    WHEN i.connection_id IS NULL THEN format('%s; %s: %s',
      CASE WHEN p_trouble = 'key' THEN 'The API key is refused' ELSE 'The API is out of reach' END,
      CASE WHEN p_connections = 1 THEN 'a connection is not looked at' ELSE p_connections || ' connections are not looked at' END,
      p_error)
    WHEN i.cause = 'suspect' THEN format('So much of %s of %s vanished at once that it is held back: %s',
      CASE WHEN p_targets = 1 THEN 'a target' ELSE p_targets || ' targets' END, p_name, p_first)
    WHEN p_targets = 0 THEN format('%s fails: %s', p_name, p_error)
    ELSE format('%s of %s: %s: %s', CASE WHEN p_targets = 1 THEN 'A target' ELSE p_targets || ' targets' END,
      p_name || CASE WHEN p_targets = 1 THEN ' fails' ELSE ' fail' END, p_first, p_error)
    END, 1000)
$$;
COMMENT ON FUNCTION schemasync.trouble_summary(schemasync.incidents, text, schemasync.trouble, integer, integer, text, text) IS 'Inner: what is suspect or failing in a sentence.';

-- Tells of what is suspect or failing. p_alert: a reminder, for that one alone. p_first_only: only those who were not told yet.
CREATE OR REPLACE FUNCTION schemasync.tell_trouble(
  i schemasync.incidents, p_run uuid, p_connections uuid[], p_targets integer[], p_alert text, p_first_only boolean,
  p_now timestamptz) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  a schemasync.alert;
  v_type text := CASE WHEN i.cause = 'suspect' THEN 'mirror.suspect' ELSE 'mirror.failing' END;
  v_items jsonb[];
  v_connections jsonb;
  v_count integer;
  v_targets integer;
  v_error text;
  v_name text;
  v_first text;
BEGIN
  FOR a IN
    SELECT * FROM schemasync.alert x
    WHERE (p_alert IS NULL OR x.name = p_alert) AND schemasync.lets_through(x.events, v_type)
      AND NOT (p_first_only AND EXISTS (
        SELECT FROM schemasync.incident_told t WHERE t.incident_id = i.id AND t.alert = x.name))
    ORDER BY x.name
  LOOP
    SELECT count(DISTINCT t.connection_id), count(t.target_id), max(t.connection),
           coalesce(min(t.connection_error) FILTER (WHERE t.target_id IS NULL), min(t.error), 'an error'),
           coalesce(min(left(t.target_id, 60)), ''),
           coalesce((array_agg(jsonb_build_object('id', schemasync.cut(t.target_id, 400), 'state', t.state,
                                                  'error', schemasync.cut(t.error, 400)) ORDER BY t.target_id)
                       FILTER (WHERE t.target_id IS NOT NULL))[1:100], '{}')
    INTO v_count, v_targets, v_name, v_error, v_first, v_items
    FROM schemasync.told_trouble(a, p_connections, p_targets, p_now) t;
    CONTINUE WHEN v_count = 0;
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', t.connection_id, 'name', t.connection)), '[]') INTO v_connections
    FROM (SELECT DISTINCT t.connection_id, t.connection FROM schemasync.told_trouble(a, p_connections, p_targets, p_now) t
          WHERE i.connection_id IS NULL ORDER BY t.connection LIMIT 20) t;
    PERFORM schemasync.write_event(a.name, i.id, p_run, schemasync.compose_event(
      v_type, i, i.connection_id, p_run, i.severity,
      CASE WHEN p_alert IS NOT NULL THEN 'Still so: ' WHEN i.flapping THEN 'Flapping: ' ELSE '' END
        || schemasync.trouble_summary(
             i, v_name, (SELECT max(c.trouble) FROM schemasync.connections c WHERE c.id = ANY (p_connections)), v_count,
             v_targets, v_error, v_first),
      p_alert IS NOT NULL, 0,
      jsonb_build_object('targets_total', v_targets, 'targets', '[]'::jsonb, 'connections', v_connections),
      'targets', v_items, p_now), p_now);
  END LOOP;
END
$$;
COMMENT ON FUNCTION schemasync.tell_trouble(schemasync.incidents, uuid, uuid[], integer[], text, boolean, timestamptz) IS 'Inner: tells of what is suspect or failing.';

-- Tells of an incident's end those who were told of it.
CREATE OR REPLACE FUNCTION schemasync.tell_end(i schemasync.incidents, p_run uuid, p_now timestamptz) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  a schemasync.alert;
  v_drift boolean := i.cause IN ('drift', 'access_reduced');
  v_type text := CASE WHEN v_drift THEN 'schema.resolved' ELSE 'mirror.recovered' END;
  v_name text := coalesce((SELECT c.name FROM schemasync.connections c WHERE c.id = i.connection_id), 'the API');
  v_how text := CASE i.resolved_by
    WHEN 'revert' THEN 'it was changed back' WHEN 'acknowledgement' THEN 'it was acknowledged'
    WHEN 'recovery' THEN 'it recovered' WHEN 'accept' THEN 'the removal was accepted'
    WHEN 'confirmed' THEN 'the removal lasted and is recorded now' ELSE 'the configuration does not name it any more' END;
  v_changes bigint[] := '{}';
  v_items jsonb[] := '{}';
BEGIN
  IF v_drift THEN
    v_changes := ARRAY(SELECT x.id FROM schemasync.changes x WHERE x.incident_id = i.id
                         AND NOT schemasync.is_muted(v_name, x.target_id, coalesce(x.rule, ''), p_now) ORDER BY x.id);
    v_items := ARRAY(SELECT schemasync.event_change(x) FROM schemasync.changes x WHERE x.id = ANY (v_changes)
                     ORDER BY x.severity DESC, x.id LIMIT 100);
  ELSE
    v_items := ARRAY(
      SELECT jsonb_build_object('id', schemasync.cut(t.target_id, 400), 'state', t.state, 'error', NULL)
      FROM schemasync.incident_member m JOIN schemasync.target_state t ON t.key = m.target_key
      WHERE m.incident_id = i.id ORDER BY t.target_id LIMIT 100);
  END IF;
  FOR a IN
    SELECT x.* FROM schemasync.alert x JOIN schemasync.incident_told t ON t.alert = x.name AND t.incident_id = i.id
    WHERE schemasync.lets_through(x.events, v_type) ORDER BY x.name
  LOOP
    PERFORM schemasync.write_event(a.name, i.id, p_run, schemasync.compose_event(
      v_type, i, i.connection_id, p_run, i.severity,
      CASE WHEN v_drift THEN format('Over: %s; %s', v_how, schemasync.changes_summary(v_name, v_changes))
           ELSE format('Over for %s: %s', v_name, v_how) END,
      false, cardinality(v_changes),
      CASE WHEN v_drift THEN '{}' ELSE jsonb_build_object(
        'targets_total', (SELECT count(*) FROM schemasync.incident_member m WHERE m.incident_id = i.id AND m.target_key <> 0),
        'targets', '[]'::jsonb,
        'connections', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'name', c.name)), '[]')
          FROM (SELECT DISTINCT c.id, c.name
                FROM schemasync.incident_member m JOIN schemasync.connections c ON c.id = m.connection_id
                WHERE m.incident_id = i.id AND i.connection_id IS NULL ORDER BY c.name LIMIT 20) c)) END,
      CASE WHEN v_drift THEN 'changes' ELSE 'targets' END, v_items, p_now), p_now);
  END LOOP;
END
$$;
COMMENT ON FUNCTION schemasync.tell_end(schemasync.incidents, uuid, timestamptz) IS 'Inner: tells of an incident''s end.';

-- Tells of a run's changes that belong to no incident, those whom it interests.
CREATE OR REPLACE FUNCTION schemasync.tell_info(p_connection uuid, p_run uuid, p_now timestamptz) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  no_incident schemasync.incidents;
BEGIN
  IF EXISTS (SELECT FROM schemasync.alert a WHERE a.min_severity = 'info') THEN
    PERFORM schemasync.tell_changes(no_incident, p_connection, p_run,
      ARRAY(SELECT x.id FROM schemasync.changes x
            WHERE x.run_id = p_run AND x.severity = 'info' AND x.acknowledged_at IS NULL ORDER BY x.id), NULL, p_now);
  END IF;
END
$$;
COMMENT ON FUNCTION schemasync.tell_info(uuid, uuid, timestamptz) IS 'Inner: tells of changes that belong to no incident.';

-- Tells of incidents that last, where an alert wants them repeated. Returns the incidents told of.
CREATE OR REPLACE FUNCTION schemasync.tell_again(p_now timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  r record;
  i schemasync.incidents;
BEGIN
  FOR r IN
    SELECT t.incident_id, t.alert FROM schemasync.incident_told t
    JOIN schemasync.incidents n ON n.id = t.incident_id AND n.state = 'open' AND n.quiet_since IS NULL
    JOIN schemasync.alert a ON a.name = t.alert
    WHERE t.told_at + a.repeat <= p_now
    ORDER BY t.told_at
  LOOP
    SELECT * INTO i FROM schemasync.incidents n WHERE n.id = r.incident_id;
    IF i.cause IN ('drift', 'access_reduced') THEN
      PERFORM schemasync.tell_changes(i, i.connection_id, NULL,
        ARRAY(SELECT x.id FROM schemasync.changes x WHERE x.incident_id = i.id AND x.acknowledged_at IS NULL ORDER BY x.id),
        r.alert, p_now);
    ELSE
      PERFORM schemasync.tell_trouble(i, NULL,
        ARRAY(SELECT m.connection_id FROM schemasync.incident_member m
              WHERE m.incident_id = i.id AND m.left_at IS NULL ORDER BY m.connection_id, m.target_key),
        ARRAY(SELECT m.target_key FROM schemasync.incident_member m
              WHERE m.incident_id = i.id AND m.left_at IS NULL ORDER BY m.connection_id, m.target_key),
        r.alert, false, p_now);
    END IF;
    RETURN NEXT r.incident_id;
  END LOOP;
END
$$;
COMMENT ON FUNCTION schemasync.tell_again(timestamptz) IS 'Inner: tells again of incidents that last.';
