-- For people: a field as it was at a time. The columns are those of the view fields.
CREATE OR REPLACE FUNCTION schemasync.fields_as_of(at timestamptz)
RETURNS TABLE (
  id bigint, connection_id uuid, target_id text, field_id text, ordinal_position integer, name text, description text,
  type text, source_type text, required boolean, createable boolean, updateable boolean, filterable boolean,
  association boolean, encryptable boolean, supports_identity boolean, identity_functions jsonb, extra jsonb,
  valid_from timestamptz, connection text, last_seen_at timestamptz)
LANGUAGE sql STABLE
AS $$
  SELECT v.id, t.connection_id, t.target_id, v.field_id, v.ordinal_position, v.name, v.description, v.type, v.source_type,
         v.required, v.createable, v.updateable, v.filterable, v.association, v.encryptable, v.supports_identity,
         v.identity_functions, v.extra, v.valid_from, c.name, t.last_seen_at
  FROM schemasync.field_version v
  JOIN schemasync.target_state t ON t.key = v.target_key
  JOIN schemasync.connections c ON c.id = t.connection_id
  WHERE schemasync.within_horizon(at) AND v.valid_from <= at AND v.valid_to > at
$$;
COMMENT ON FUNCTION schemasync.fields_as_of(timestamptz) IS 'The fields as they were at a time; an error where history does not reach back so far.';

-- What is held back as a mass removal is true: the next run applies it. p_target null: all of the connection's.
-- Returns what is accepted.
CREATE OR REPLACE FUNCTION schemasync.accept_held(p_connection text, p_target text)
RETURNS TABLE (target_id text, held_gone boolean, held_fields integer)
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  WITH accepted AS (
    UPDATE schemasync.target_state t SET accepted_at = clock_timestamp(), next_due_at = clock_timestamp()
    FROM schemasync.connections c
    WHERE c.id = t.connection_id AND c.managed AND c.name = p_connection AND t.managed AND t.state = 'suspect'
      AND (p_target IS NULL OR t.target_id = p_target)
    RETURNING t.connection_id, t.target_id, t.held_gone, cardinality(t.held_fields) AS held_fields),
  due AS (
    UPDATE schemasync.connections c SET next_due_at = clock_timestamp()
    WHERE c.id IN (SELECT a.connection_id FROM accepted a) RETURNING 1)
  SELECT a.target_id, a.held_gone, a.held_fields FROM accepted a ORDER BY a.target_id;
$$;
COMMENT ON FUNCTION schemasync.accept_held(text, text) IS 'Inner: the command accept.';
