-- Makes what the configuration names managed, and what it does not name any more unmanaged; the rows and their history stay.
-- p_config: {"connections": [{"id", "name", "interval" (µs), "open" (has include or synced items),
--   "targets": [{"id", "origin", "creation" (object or null), "interval"}]}]}.
-- Does nothing where this very configuration was loaded last. Refuses (SS003) one that differs from a living daemon's, unless
-- p_daemon: among daemons the one loaded last counts.
CREATE OR REPLACE FUNCTION schemasync.load_configuration(p_worker text, p_digest bytea, p_config jsonb, p_daemon boolean)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  v_other text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('schemasync.load_configuration', 0));
  SELECT w.worker INTO v_other FROM schemasync.workers w
  WHERE w.digest <> p_digest AND w.worker <> p_worker AND w.seen_at > v_now - interval '60 seconds' LIMIT 1;
  IF v_other IS NOT NULL AND NOT p_daemon THEN
    RAISE EXCEPTION 'the daemon % works on this database with another configuration', v_other
      USING ERRCODE = 'SS003', HINT = 'Use its configuration, or another database: one database holds one configuration.';
  END IF;
  IF p_daemon THEN -- those with another one claim nothing from now on: theirs does not count as a living daemon's
    DELETE FROM schemasync.workers w WHERE w.digest <> p_digest;
    INSERT INTO schemasync.workers AS w (worker, digest, seen_at) VALUES (p_worker, p_digest, v_now)
    ON CONFLICT (worker) DO UPDATE SET digest = excluded.digest, seen_at = excluded.seen_at;
  END IF;
  IF EXISTS (SELECT FROM schemasync.configuration c WHERE c.digest = p_digest) THEN
    RETURN false;
  END IF;

  DELETE FROM schemasync.alert;
  INSERT INTO schemasync.alert (name, kind, events, min_severity, connections, targets, kinds, rules, repeat)
  SELECT a.name, a.kind, a.events, a.min_severity, a.connections, a.targets, a.kinds, a.rules,
         a.repeat * interval '1 microsecond'
  FROM jsonb_to_recordset(p_config -> 'alerts')
    AS a (name text, kind text, events text, min_severity schemasync.severity, connections text, targets text, kinds text,
          rules text, repeat bigint);
  INSERT INTO schemasync.alert_queue (alert) SELECT a.name FROM schemasync.alert a ON CONFLICT DO NOTHING;
  DELETE FROM schemasync.mute;
  INSERT INTO schemasync.mute (number, connections, targets, rules, all_rules, until)
  SELECT m.ordinality, m.connections, m.targets, m.rules, m.all_rules, schemasync.from_usec(m.until)
  FROM ROWS FROM (jsonb_to_recordset(p_config -> 'mutes')
    AS (connections text, targets text, rules text, all_rules boolean, until bigint)) WITH ORDINALITY m;

  CREATE TEMPORARY TABLE wanted_connection ON COMMIT DROP AS
    SELECT c.id, c.name, c."interval" * interval '1 microsecond' AS schedule_interval, c.open, c.targets
    FROM jsonb_to_recordset(p_config -> 'connections')
      AS c (id uuid, name text, "interval" bigint, open boolean, targets jsonb);
  CREATE TEMPORARY TABLE wanted_target ON COMMIT DROP AS
    SELECT w.id AS connection_id, t.id COLLATE "C" AS target_id, t.origin, nullif(t.creation, 'null') AS creation,
           coalesce(t."interval" * interval '1 microsecond', w.schedule_interval) AS schedule_interval
    FROM pg_temp.wanted_connection w,
         jsonb_to_recordset(w.targets)
           AS t (id text, origin schemasync.target_origin, creation jsonb, "interval" bigint);

  UPDATE schemasync.connections c SET managed = false, next_due_at = NULL
  WHERE c.managed AND NOT EXISTS (SELECT FROM pg_temp.wanted_connection w WHERE w.id = c.id);
  UPDATE schemasync.target_state t SET managed = false, next_due_at = NULL
  WHERE t.managed AND NOT EXISTS (SELECT FROM pg_temp.wanted_connection w WHERE w.id = t.connection_id);

  INSERT INTO schemasync.connections AS c (id, name, schedule_interval, next_due_at)
  SELECT w.id, w.name, w.schedule_interval, v_now FROM pg_temp.wanted_connection w
  ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, managed = true, schedule_interval = excluded.schedule_interval, refreshes_targets = false, own_due_at = NULL,
    next_due_at = CASE WHEN c.managed THEN least(c.next_due_at, v_now + excluded.schedule_interval) ELSE v_now END;

  -- Other inputs under the label of a target that is not created yet make a new baseline: what was known ends here.
  CREATE TEMPORARY TABLE other_inputs ON COMMIT DROP AS
    SELECT t.key, greatest(v_now, t.last_changed_at + interval '1 microsecond') AS ended_at
    FROM schemasync.target_state t
    JOIN pg_temp.wanted_target w ON w.connection_id = t.connection_id AND w.target_id = t.target_id
    WHERE w.origin = 'new' AND t.creation_properties IS DISTINCT FROM w.creation;
  UPDATE schemasync.field_version v SET valid_to = o.ended_at FROM pg_temp.other_inputs o
  WHERE v.target_key = o.key AND v.valid_to = 'infinity';
  UPDATE schemasync.target_version v SET valid_to = o.ended_at FROM pg_temp.other_inputs o
  WHERE v.target_key = o.key AND v.valid_to = 'infinity';
  UPDATE schemasync.target_state t SET
    state = 'pending', field_count = NULL, refreshed_at = NULL, api_version = NULL, fingerprint = NULL, last_seen_at = NULL,
    last_changed_at = o.ended_at, removed_at = NULL, held_since = NULL, held_gone = false, held_fields = NULL,
    accepted_at = NULL, next_due_at = v_now
  FROM pg_temp.other_inputs o WHERE t.key = o.key;

  INSERT INTO schemasync.target_state AS t
    (connection_id, target_id, origin, creation_properties, schedule_interval, next_due_at)
  SELECT w.connection_id, w.target_id, w.origin, w.creation, w.schedule_interval, v_now
  FROM pg_temp.wanted_target w
  ON CONFLICT (connection_id, target_id) DO UPDATE SET
    origin = excluded.origin, managed = true, creation_properties = excluded.creation_properties, not_listed_at = NULL,
    schedule_interval = excluded.schedule_interval,
    next_due_at = CASE WHEN t.managed THEN least(t.next_due_at, v_now + excluded.schedule_interval) ELSE v_now END;

  -- What an include item may take in is decided by the next run, which asks the API; the rest is let go now.
  UPDATE schemasync.target_state t SET
    managed = w.open AND t.origin <> 'new',
    origin = CASE WHEN w.open AND t.origin = 'listed' THEN 'matched' ELSE t.origin END,
    next_due_at = CASE WHEN w.open AND t.origin <> 'new' THEN v_now END
  FROM pg_temp.wanted_connection w
  WHERE t.connection_id = w.id AND t.managed
    AND (NOT w.open OR t.origin IN ('listed', 'new'))
    AND NOT EXISTS (SELECT FROM pg_temp.wanted_target x
                    WHERE x.connection_id = t.connection_id AND x.target_id = t.target_id);

  -- A connection is due when the first of its targets is: what is named anew is looked at now.
  UPDATE schemasync.connections c SET next_due_at = d.due
  FROM (SELECT t.connection_id, min(t.next_due_at) AS due FROM schemasync.target_state t WHERE t.managed GROUP BY 1) d
  WHERE c.id = d.connection_id AND c.managed AND d.due < c.next_due_at;

  INSERT INTO schemasync.configuration AS c (digest, loaded_at, loaded_by) VALUES (p_digest, v_now, p_worker)
  ON CONFLICT (only_row) DO UPDATE SET digest = excluded.digest, loaded_at = excluded.loaded_at, loaded_by = excluded.loaded_by;
  RETURN true;
END
$$;
COMMENT ON FUNCTION schemasync.load_configuration(text, bytea, jsonb, boolean) IS 'Inner: makes what a configuration names managed.';
