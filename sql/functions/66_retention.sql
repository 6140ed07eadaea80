-- Deletes what is older than it is to be kept (null: for ever), p_limit rows at most, the oldest first, and says how many of
-- what. One process at a time; for the others there is no row.
--
-- Never what is current or open: runs that are under way or that a change of the log points to, deliveries that are pending,
-- changes that are open or belong to an open incident, current versions, and the last versions of a missing target, with which
-- it is compared when it comes back. Incidents without changes that are left, and problems that are over, go with the changes.
-- Acknowledgements stay. Where versions are deleted history begins later: fields_as_of() says so.
CREATE OR REPLACE FUNCTION schemasync.prune(
  p_runs interval, p_deliveries interval, p_changes interval, p_versions interval, p_limit integer)
RETURNS TABLE (runs integer, deliveries integer, changes integer, incidents integer, problems integer, versions integer)
LANGUAGE plpgsql
SET search_path = pg_catalog
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := clock_timestamp();
  v_left integer := p_limit;
  v_count integer;
  v_until timestamptz;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('schemasync.prune', 0)) THEN
    RETURN;
  END IF;

  DELETE FROM schemasync.runs r WHERE r.id IN (
    SELECT o.id FROM schemasync.runs o
    WHERE o.started_at < v_now - p_runs AND o.finished_at < v_now - p_runs
      AND NOT EXISTS (SELECT FROM schemasync.changes x WHERE x.run_id = o.id)
    ORDER BY o.started_at LIMIT v_left);
  GET DIAGNOSTICS runs = ROW_COUNT;
  v_left := v_left - runs;

  WITH RECURSIVE known (alert) AS ( -- goes by the index on alert and time
    SELECT min(d.alert) FROM schemasync.deliveries d
    UNION ALL
    SELECT (SELECT min(d.alert) FROM schemasync.deliveries d WHERE d.alert > k.alert) FROM known k WHERE k.alert IS NOT NULL)
  DELETE FROM schemasync.deliveries d WHERE d.id IN (
    SELECT o.id FROM known k CROSS JOIN LATERAL (
      SELECT x.id FROM schemasync.deliveries x
      WHERE x.alert = k.alert AND x.created_at < v_now - p_deliveries
        AND (x.delivered_at < v_now - p_deliveries OR x.given_up_at < v_now - p_deliveries)
      ORDER BY x.created_at LIMIT v_left) o
    LIMIT v_left);
  GET DIAGNOSTICS deliveries = ROW_COUNT;
  v_left := v_left - deliveries;

  DELETE FROM schemasync.changes x WHERE x.id IN (
    SELECT o.id FROM schemasync.changes o LEFT JOIN schemasync.incidents i ON i.id = o.incident_id
    WHERE o.detected_at < v_now - p_changes AND o.acknowledged_at IS NOT NULL
      AND (i.id IS NULL OR i.state = 'resolved')
    ORDER BY o.detected_at LIMIT v_left);
  GET DIAGNOSTICS changes = ROW_COUNT;
  v_left := v_left - changes;

  DELETE FROM schemasync.incidents i WHERE i.id IN (
    SELECT o.id FROM schemasync.incidents o
    WHERE o.state = 'resolved' AND o.resolved_at < v_now - p_changes
      AND NOT EXISTS (SELECT FROM schemasync.changes x WHERE x.incident_id = o.id)
      AND NOT EXISTS (SELECT FROM schemasync.deliveries d
                      WHERE d.incident_id = o.id AND d.delivered_at IS NULL AND d.given_up_at IS NULL)
    LIMIT v_left);
  GET DIAGNOSTICS incidents = ROW_COUNT;
  v_left := v_left - incidents;

  DELETE FROM schemasync.sync_problem x WHERE x.problem_id IN (
    SELECT o.problem_id FROM schemasync.sync_problem o WHERE o.ended_at < v_now - p_changes LIMIT v_left);
  GET DIAGNOSTICS problems = ROW_COUNT;
  v_left := v_left - problems;

  WITH gone AS (
    DELETE FROM schemasync.field_version v
    USING (
      SELECT o.target_key, o.field_id, o.valid_to FROM schemasync.field_version o
      WHERE o.valid_to < v_now - p_versions AND o.valid_to < 'infinity'
        AND NOT EXISTS (SELECT FROM schemasync.target_state t WHERE t.key = o.target_key AND t.removed_at = o.valid_to)
      ORDER BY o.valid_to LIMIT v_left) o
    WHERE v.target_key = o.target_key AND v.field_id = o.field_id AND v.valid_to = o.valid_to
    RETURNING v.valid_to)
  SELECT count(*), max(g.valid_to) INTO versions, v_until FROM gone g;
  v_left := v_left - versions;
  WITH gone AS (
    DELETE FROM schemasync.target_version v
    USING (
      SELECT o.target_key, o.valid_to FROM schemasync.target_version o
      WHERE o.valid_to < v_now - p_versions AND o.valid_to < 'infinity'
        AND NOT EXISTS (SELECT FROM schemasync.target_state t WHERE t.key = o.target_key AND t.removed_at = o.valid_to)
      ORDER BY o.valid_to LIMIT v_left) o
    WHERE v.target_key = o.target_key AND v.valid_to = o.valid_to
    RETURNING v.valid_to)
  SELECT count(*), greatest(max(g.valid_to), v_until) INTO v_count, v_until FROM gone g;
  versions := versions + v_count;
  UPDATE schemasync.horizon h SET versions_since = v_until WHERE v_until > h.versions_since;
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION schemasync.prune(interval, interval, interval, interval, integer) IS 'Inner: deletes what is older than it is to be kept.';
