-- Acknowledging changes and problems, and taking that back. Each act is a row of acknowledgements, with the user that the
-- database knows. The functions run with their owner's rights: who may call them needs none on the tables; nobody may by default.

-- Who acknowledges: p_by, or the database's user. 'revert' and 'ignore' are the program's own.
CREATE OR REPLACE FUNCTION schemasync.acknowledger(p_by text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
AS $$
DECLARE
  v_by text := coalesce(nullif(p_by, ''), session_user);
BEGIN
  IF v_by IN ('revert', 'ignore') THEN
    RAISE EXCEPTION 'nobody acknowledges as "%": that is the program''s own word', v_by
      USING ERRCODE = 'SS004', HINT = 'Say who you are with --by.';
  END IF;
  RETURN v_by;
END
$$;
COMMENT ON FUNCTION schemasync.acknowledger(text) IS 'Inner: who acknowledges.';

-- Acknowledges those of the changes p_ids (null: of all) that the other arguments, where they are not null, let through, and
-- the problems p_problems. A row for each change or problem that was given or acknowledged; outcome: acknowledged; already
-- (acknowledged, by whom); other (it is open, but not one of those asked for besides); over (the problem has ended); unknown.
CREATE OR REPLACE FUNCTION schemasync.acknowledge_where(
  p_ids bigint[], p_problems text[], p_run uuid, p_connection text, p_target text, p_rule text, p_by text, p_note text)
RETURNS TABLE (
  id text, outcome text, connection text, target_id text, kind text, field_id text, attribute text, acknowledged_by text)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
  v_by text := schemasync.acknowledger(p_by);
  v_note text := nullif(p_note, '');
BEGIN
  RETURN QUERY
  WITH chosen AS MATERIALIZED ( -- locked in one order, so that two of these never wait for each other
    SELECT x.id FROM schemasync.changes x
    WHERE x.acknowledged_at IS NULL
      AND num_nonnulls(p_ids, p_run, p_connection, p_target, p_rule) > 0
      AND (p_ids IS NULL OR x.id = ANY (p_ids))
      AND (p_run IS NULL OR x.run_id = p_run)
      AND (p_connection IS NULL
           OR x.connection_id IN (SELECT c.id FROM schemasync.connections c WHERE c.managed AND c.name = p_connection))
      AND (p_target IS NULL OR x.target_id = p_target)
      AND (p_rule IS NULL OR x.rule = p_rule)
    ORDER BY x.id FOR UPDATE),
  changed AS (
    UPDATE schemasync.changes x SET
      acknowledged_at = clock_timestamp(), acknowledged_by = v_by, note = coalesce(v_note, x.note)
    FROM chosen k WHERE x.id = k.id AND x.acknowledged_at IS NULL
    RETURNING x.id, x.acknowledged_at),
  solved AS (
    UPDATE schemasync.sync_problem p SET acknowledged_at = clock_timestamp(), acknowledged_by = v_by
    WHERE p.problem_id = ANY (p_problems) AND p.ended_at IS NULL AND p.acknowledged_at IS NULL
    RETURNING p.problem_id, p.acknowledged_at),
  told AS (
    INSERT INTO schemasync.acknowledgements (change_id, problem_id, action, by, at, note)
    SELECT d.id, NULL, 'ack', v_by, d.acknowledged_at, v_note FROM changed d
    UNION ALL
    SELECT NULL, s.problem_id, 'ack', v_by, s.acknowledged_at, v_note FROM solved s),
  answer AS (
    SELECT d.id AS number, NULL::bigint AS problem_number, d.id::text AS id, 'acknowledged' AS outcome FROM changed d
    UNION ALL
    SELECT i.id, NULL, i.id::text,
           CASE WHEN x.id IS NULL THEN 'unknown' WHEN x.acknowledged_at IS NULL THEN 'other' ELSE 'already' END
    FROM (SELECT DISTINCT unnest(p_ids) AS id) i
    LEFT JOIN schemasync.changes x ON x.id = i.id
    WHERE NOT EXISTS (SELECT FROM changed d WHERE d.id = i.id)
    UNION ALL
    SELECT NULL, p.number, i.id,
           CASE WHEN s.problem_id IS NOT NULL THEN 'acknowledged' WHEN p.problem_id IS NULL THEN 'unknown'
                WHEN p.ended_at IS NOT NULL THEN 'over' ELSE 'already' END
    FROM (SELECT DISTINCT unnest(p_problems) AS id) i
    LEFT JOIN schemasync.sync_problem p ON p.problem_id = i.id
    LEFT JOIN solved s ON s.problem_id = i.id)
  SELECT a.id, a.outcome, c.name, coalesce(x.target_id, p.target_id), coalesce(x.kind::text, p.problem),
         coalesce(x.field_id, p.field_id), x.attribute,
         CASE WHEN a.outcome = 'already' THEN coalesce(x.acknowledged_by, p.acknowledged_by) END
  FROM answer a
  LEFT JOIN schemasync.changes x ON x.id = a.number
  LEFT JOIN schemasync.sync_problem p ON p.problem_id = a.id AND a.number IS NULL
  LEFT JOIN schemasync.connections c ON c.id = coalesce(x.connection_id, p.connection_id)
  ORDER BY a.number, a.problem_number, a.id;
END
$$;
COMMENT ON FUNCTION schemasync.acknowledge_where(bigint[], text[], uuid, text, text, text, text, text) IS 'Inner: the command ack. A row for each change or problem that was given or acknowledged, and what came of it.';

-- Takes it back. As above; outcome: open (again); already (open); program (a change that was taken back or is ignored: stays);
-- over; unknown. The changes' note becomes this one.
CREATE OR REPLACE FUNCTION schemasync.unacknowledge(p_ids bigint[], p_problems text[], p_by text, p_note text)
RETURNS TABLE (
  id text, outcome text, connection text, target_id text, kind text, field_id text, attribute text, acknowledged_by text)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
  v_by text := schemasync.acknowledger(p_by);
  v_note text := nullif(p_note, '');
BEGIN
  RETURN QUERY
  WITH chosen AS MATERIALIZED (
    SELECT x.id FROM schemasync.changes x
    WHERE x.id = ANY (p_ids) AND x.acknowledged_at IS NOT NULL AND x.acknowledged_by NOT IN ('revert', 'ignore')
    ORDER BY x.id FOR UPDATE),
  changed AS (
    UPDATE schemasync.changes x SET acknowledged_at = NULL, acknowledged_by = NULL, note = v_note
    FROM chosen k WHERE x.id = k.id AND x.acknowledged_at IS NOT NULL RETURNING x.id),
  solved AS (
    UPDATE schemasync.sync_problem p SET acknowledged_at = NULL, acknowledged_by = NULL
    WHERE p.problem_id = ANY (p_problems) AND p.ended_at IS NULL AND p.acknowledged_at IS NOT NULL RETURNING p.problem_id),
  told AS (
    INSERT INTO schemasync.acknowledgements (change_id, problem_id, action, by, note)
    SELECT d.id, NULL, 'unack', v_by, v_note FROM changed d
    UNION ALL
    SELECT NULL, s.problem_id, 'unack', v_by, v_note FROM solved s),
  answer AS (
    SELECT i.id AS number, NULL::bigint AS problem_number, i.id::text AS id,
           CASE WHEN d.id IS NOT NULL THEN 'open' WHEN x.id IS NULL THEN 'unknown'
                WHEN x.acknowledged_by IN ('revert', 'ignore') THEN 'program' ELSE 'already' END AS outcome
    FROM (SELECT DISTINCT unnest(p_ids) AS id) i
    LEFT JOIN schemasync.changes x ON x.id = i.id
    LEFT JOIN changed d ON d.id = i.id
    UNION ALL
    SELECT NULL, p.number, i.id,
           CASE WHEN s.problem_id IS NOT NULL THEN 'open' WHEN p.problem_id IS NULL THEN 'unknown'
                WHEN p.ended_at IS NOT NULL THEN 'over' ELSE 'already' END
    FROM (SELECT DISTINCT unnest(p_problems) AS id) i
    LEFT JOIN schemasync.sync_problem p ON p.problem_id = i.id
    LEFT JOIN solved s ON s.problem_id = i.id)
  SELECT a.id, a.outcome, c.name, coalesce(x.target_id, p.target_id), coalesce(x.kind::text, p.problem),
         coalesce(x.field_id, p.field_id), x.attribute, CASE WHEN a.outcome = 'program' THEN x.acknowledged_by END
  FROM answer a
  LEFT JOIN schemasync.changes x ON x.id = a.number
  LEFT JOIN schemasync.sync_problem p ON p.problem_id = a.id AND a.number IS NULL
  LEFT JOIN schemasync.connections c ON c.id = coalesce(x.connection_id, p.connection_id)
  ORDER BY a.number, a.problem_number, a.id;
END
$$;
COMMENT ON FUNCTION schemasync.unacknowledge(bigint[], text[], text, text) IS 'Inner: the command unack. A row for each change or problem that was given, and what came of it.';

-- For people who only have SQL.
CREATE OR REPLACE FUNCTION schemasync.acknowledge(ids bigint[], note text DEFAULT NULL) RETURNS integer
LANGUAGE sql
SECURITY DEFINER
SET search_path = pg_catalog
AS $$
  SELECT count(*)::integer
  FROM schemasync.acknowledge_where(acknowledge.ids, NULL, NULL, NULL, NULL, NULL, NULL, acknowledge.note) a
  WHERE a.outcome = 'acknowledged'
$$;
COMMENT ON FUNCTION schemasync.acknowledge(bigint[], text) IS 'Acknowledges changes by their ids, as the database''s user; returns how many of them were open until now.';

CREATE OR REPLACE FUNCTION schemasync.acknowledge_problems(ids text[], note text DEFAULT NULL) RETURNS integer
LANGUAGE sql
SECURITY DEFINER
SET search_path = pg_catalog
AS $$
  SELECT count(*)::integer
  FROM schemasync.acknowledge_where(
    NULL, acknowledge_problems.ids, NULL, NULL, NULL, NULL, NULL, acknowledge_problems.note) a
  WHERE a.outcome = 'acknowledged'
$$;
COMMENT ON FUNCTION schemasync.acknowledge_problems(text[], text) IS 'Acknowledges problems by their ids, as the database''s user; returns how many of them were not acknowledged until now.';

REVOKE EXECUTE ON FUNCTION
  schemasync.acknowledge_where(bigint[], text[], uuid, text, text, text, text, text),
  schemasync.unacknowledge(bigint[], text[], text, text),
  schemasync.acknowledge(bigint[], text),
  schemasync.acknowledge_problems(text[], text)
  FROM PUBLIC;
