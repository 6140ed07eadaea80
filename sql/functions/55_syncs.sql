-- What a sync's mode does. A mode that is not known does both.
CREATE OR REPLACE FUNCTION schemasync.mode_creates(mode text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(mode NOT IN ('update', 'remove'), true);
COMMENT ON FUNCTION schemasync.mode_creates(text) IS 'Inner: whether a sync in that mode creates records.';

CREATE OR REPLACE FUNCTION schemasync.mode_updates(mode text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(mode NOT IN ('create', 'replace', 'append', 'snapshot', 'remove'), true);
COMMENT ON FUNCTION schemasync.mode_updates(text) IS 'Inner: whether a sync in that mode updates records.';

-- Takes over what a run has learned of a connection's syncs. p_read: those that were read, whole; p_listed: the ids of all,
-- null where they could not all be listed or read: then none is let go. True where anything differs from before.
CREATE OR REPLACE FUNCTION schemasync.record_syncs(
  p_connection uuid, p_read jsonb, p_listed text[], p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  v_differs boolean := false;
BEGIN
  UPDATE schemasync.connections c SET syncs_known = p_listed IS NOT NULL
  WHERE c.id = p_connection AND c.syncs_known IS DISTINCT FROM (p_listed IS NOT NULL);

  IF jsonb_array_length(p_read) > 0 THEN
    INSERT INTO schemasync.syncs AS s
      (sync_id, name, active, mode, connection_id, target_id, creates_target, updated_at, read_at)
    SELECT r.id, r.name, r.active, r.mode, p_connection, r.target, r.creates, r.updated_at, p_now
    FROM jsonb_to_recordset(p_read)
      AS r (id text, name text, active boolean, mode text, target text, creates boolean, updated_at text)
    ON CONFLICT (sync_id) DO UPDATE SET
      name = excluded.name, active = excluded.active, mode = excluded.mode, connection_id = excluded.connection_id,
      target_id = excluded.target_id, creates_target = excluded.creates_target, updated_at = excluded.updated_at,
      read_at = excluded.read_at;
    DELETE FROM schemasync.sync_fields f
    WHERE f.sync_id IN (SELECT r.id FROM jsonb_to_recordset(p_read) AS r (id text));
    INSERT INTO schemasync.sync_fields (sync_id, field_id, role, new_field, encrypted, sync_mode, function_id)
    SELECT r.id, f.field, f.role, bool_or(f.new), bool_or(f.encrypted), min(f.mode), min(f.function)
    FROM jsonb_to_recordset(p_read) AS r (id text, fields jsonb),
         jsonb_to_recordset(r.fields)
           AS f (field text, role schemasync.sync_role, new boolean, encrypted boolean, mode text, function text)
    GROUP BY r.id, f.field, f.role;
    v_differs := true;
  END IF;

  IF p_listed IS NOT NULL THEN
    DELETE FROM schemasync.syncs s WHERE s.connection_id = p_connection AND s.sync_id <> ALL (p_listed);
    v_differs := v_differs OR FOUND;
  END IF;
  UPDATE schemasync.target_state t SET synced_at = p_now
  FROM schemasync.syncs s
  WHERE s.connection_id = p_connection AND t.connection_id = p_connection AND t.target_id = s.target_id AND t.origin = 'synced'
    AND (t.synced_at IS NULL OR t.synced_at < p_now - interval '1 hour');
  RETURN v_differs;
END
$$;
COMMENT ON FUNCTION schemasync.record_syncs(uuid, jsonb, text[], timestamptz) IS 'Inner: takes over what a run has learned of the syncs.';

-- Why syncs of a connection cannot work as things are: the present state judged, not the changes. Only targets with a
-- snapshot are judged.
CREATE OR REPLACE FUNCTION schemasync.present_problems(p_connection uuid)
RETURNS TABLE (sync_id text, target_id text, field_id text, problem text, severity schemasync.severity)
LANGUAGE sql STABLE
SET search_path = pg_catalog
AS $$
  WITH s AS (
    SELECT s.sync_id, s.mode, s.target_id, s.creates_target, t.key, t.state, v.modes
    FROM schemasync.syncs s
    JOIN schemasync.target_state t ON t.connection_id = s.connection_id AND t.target_id = s.target_id
    LEFT JOIN schemasync.target_version v ON v.target_key = t.key AND v.valid_to = 'infinity'
    WHERE s.connection_id = p_connection AND t.managed AND t.state <> 'pending'),
  used AS (
    SELECT s.*, u.field_id, u.role, u.new_field, u.encrypted, u.function_id,
           -- a field's own mode narrows what the sync's mode does
           schemasync.mode_creates(s.mode) AND schemasync.mode_creates(coalesce(u.sync_mode, s.mode)) AS created,
           schemasync.mode_updates(s.mode) AND schemasync.mode_updates(coalesce(u.sync_mode, s.mode)) AS updated,
           f.field_id IS NOT NULL AS there, coalesce(f.createable, false) AS createable,
           coalesce(f.updateable, false) AS updateable, coalesce(f.filterable, false) AS filterable,
           coalesce(f.encryptable, false) AS encryptable, f.identity_functions,
           coalesce(f.supports_identity, false) AND jsonb_array_length(coalesce(nullif(f.identity_functions, 'null'), '[]')) > 0
             AS matchable
    FROM s JOIN schemasync.sync_fields u ON u.sync_id = s.sync_id
    LEFT JOIN schemasync.field_version f
      ON f.target_key = s.key AND f.field_id = u.field_id AND f.valid_to = 'infinity'
    WHERE s.state <> 'missing'),
  found AS (
    SELECT s.sync_id, s.target_id, NULL::text AS field_id, 'target-missing' AS problem FROM s
    WHERE s.state = 'missing' AND NOT s.creates_target
    UNION ALL
    SELECT u.sync_id, u.target_id, u.field_id,
           CASE
             WHEN NOT u.there THEN 'field-missing'
             WHEN u.role IN ('mapping', 'override') AND NOT u.createable AND NOT u.updateable THEN 'field-read-only'
             WHEN u.role IN ('mapping', 'override') AND u.created AND NOT u.createable
               THEN 'field-not-createable'
             WHEN u.role IN ('mapping', 'override') AND u.updated AND NOT u.updateable
               THEN 'field-not-updateable'
             WHEN u.role = 'identity' AND NOT u.matchable THEN 'identity-not-matchable'
             WHEN u.role = 'identity' AND u.function_id IS NOT NULL
               AND NOT u.identity_functions @> jsonb_build_array(jsonb_build_object('id', u.function_id))
               THEN 'identity-function-missing'
             WHEN u.role = 'filter' AND NOT u.filterable THEN 'filter-not-supported'
           END
    FROM used u WHERE u.there OR NOT u.new_field
    UNION ALL
    SELECT u.sync_id, u.target_id, u.field_id, 'encryption-not-supported' FROM used u
    WHERE u.there AND u.encrypted AND NOT u.encryptable
    UNION ALL
    SELECT s.sync_id, s.target_id, f.field_id, 'must-supply-unmapped'
    FROM s JOIN schemasync.field_version f ON f.target_key = s.key AND f.valid_to = 'infinity'
    WHERE s.state <> 'missing' AND f.required AND f.createable AND schemasync.mode_creates(s.mode)
      AND NOT EXISTS (SELECT FROM schemasync.sync_fields u
                      WHERE u.sync_id = s.sync_id AND u.field_id = f.field_id AND u.role <> 'filter')
    UNION ALL
    SELECT s.sync_id, s.target_id, NULL, 'identity-missing'
    FROM s, jsonb_array_elements(coalesce(nullif(s.modes, 'null'), '[]')) m
    WHERE s.state <> 'missing' AND m ->> 'mode' = s.mode AND (m -> 'requires_identity') = 'true'
      AND NOT EXISTS (SELECT FROM schemasync.sync_fields u WHERE u.sync_id = s.sync_id AND u.role = 'identity')
    UNION ALL
    SELECT s.sync_id, s.target_id, NULL, 'mode-not-offered' FROM s
    WHERE s.state <> 'missing' AND s.mode IS NOT NULL
      AND jsonb_array_length(coalesce(nullif(s.modes, 'null'), '[]')) > 0
      AND NOT s.modes @> jsonb_build_array(jsonb_build_object('mode', s.mode)))
  SELECT DISTINCT f.sync_id, f.target_id, f.field_id, f.problem,
         CASE WHEN f.problem = 'filter-not-supported' THEN 'warning' ELSE 'breaking' END::schemasync.severity
  FROM found f WHERE f.problem IS NOT NULL
$$;
COMMENT ON FUNCTION schemasync.present_problems(uuid) IS 'Inner: why syncs of a connection cannot work as things are.';

-- Notes which problems are new and which are over.
CREATE OR REPLACE FUNCTION schemasync.record_problems(p_connection uuid, p_now timestamptz) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  WITH present AS (SELECT * FROM schemasync.present_problems(p_connection)),
  over AS (
    UPDATE schemasync.sync_problem x SET ended_at = p_now
    WHERE x.connection_id = p_connection AND x.ended_at IS NULL
      AND NOT EXISTS (SELECT FROM present p
                      WHERE p.sync_id = x.sync_id AND p.problem = x.problem AND p.field_id IS NOT DISTINCT FROM x.field_id))
  INSERT INTO schemasync.sync_problem (sync_id, connection_id, target_id, field_id, problem, severity, since)
  SELECT p.sync_id, p_connection, p.target_id, p.field_id, p.problem, p.severity, p_now
  FROM present p
  WHERE NOT EXISTS (SELECT FROM schemasync.sync_problem x
                    WHERE x.ended_at IS NULL AND x.sync_id = p.sync_id AND x.problem = p.problem
                      AND x.field_id IS NOT DISTINCT FROM p.field_id)
  ORDER BY p.sync_id, p.field_id, p.problem;
$$;
COMMENT ON FUNCTION schemasync.record_problems(uuid, timestamptz) IS 'Inner: notes which problems are new and which are over.';
