-- A batch is COPYed between these two, in one transaction. False: it has arrived before (the answer to it was lost), and
-- must not be sent again.
CREATE OR REPLACE FUNCTION schemasync.begin_batch(p_run uuid, p_batch integer) RETURNS boolean
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  WITH arrived AS (
    INSERT INTO schemasync.run_batch (run_id, batch) VALUES (p_run, p_batch) ON CONFLICT DO NOTHING RETURNING 1)
  SELECT EXISTS (SELECT FROM arrived);
$$;
COMMENT ON FUNCTION schemasync.begin_batch(uuid, integer) IS 'Inner: begins a batch of a run.';

-- Ends a batch. First snapshots (p_baseline) whose fields were COPYed straight into field_version are recorded at once;
-- all else waits in staging for record_run(). The lease's token is compared last.
CREATE OR REPLACE FUNCTION schemasync.finish_batch(p_run uuid, p_batch integer, p_token bigint, p_baseline boolean) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
  IF p_baseline THEN
    INSERT INTO schemasync.target_version (target_key, name, modes, properties, valid_from)
    SELECT s.target_key, s.name, s.modes, s.properties, now()
    FROM schemasync.staged_target s WHERE s.run_id = p_run AND s.batch = p_batch;

    UPDATE schemasync.target_state t SET
      state = 'present', field_count = s.field_count, refreshed_at = s.refreshed_at, api_version = s.api_version,
      fingerprint = s.fingerprint, first_seen_at = coalesce(t.first_seen_at, now()), last_seen_at = s.seen_at,
      last_changed_at = now(), next_due_at = s.next_due_at, consecutive_failures = 0, failing_since = NULL, last_error = NULL
    FROM schemasync.staged_target s
    WHERE s.run_id = p_run AND s.batch = p_batch AND t.key = s.target_key;

    DELETE FROM schemasync.staged_target s WHERE s.run_id = p_run AND s.batch = p_batch;
  END IF;

  PERFORM FROM schemasync.runs r JOIN schemasync.connections c ON c.id = r.connection_id
  WHERE r.id = p_run AND r.finished_at IS NULL AND c.lease_token = p_token FOR SHARE OF c;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lease was taken over' USING ERRCODE = 'SS001';
  END IF;
END
$$;
COMMENT ON FUNCTION schemasync.finish_batch(uuid, integer, bigint, boolean) IS 'Inner: ends a batch of a run.';
