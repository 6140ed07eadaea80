-- Takes a connection's lease and begins a run on it. No row: another process works on it, or it is not managed.
-- A run that its process left unfinished becomes failed, error abandoned, and what it had staged is dropped.
CREATE OR REPLACE FUNCTION schemasync.claim_connection(
  p_connection uuid, p_run uuid, p_worker text, p_trigger schemasync.run_trigger)
RETURNS TABLE (token bigint, now_usec bigint, last_refresh_finished timestamptz, include_digest bytea, refreshes_targets boolean)
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
  c schemasync.connections;
BEGIN
  SELECT * INTO c FROM schemasync.connections x
  WHERE x.id = p_connection AND x.managed AND (x.lease_expires_at IS NULL OR x.lease_expires_at <= v_now)
  FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN;
  END IF;

  UPDATE schemasync.connections x SET
    lease_owner = p_worker, lease_token = x.lease_token + 1, lease_expires_at = v_now + interval '60 seconds',
    last_run_at = v_now
  WHERE x.id = p_connection;
  PERFORM schemasync.drop_staged(r.id) FROM schemasync.runs r
  WHERE r.connection_id = p_connection AND r.finished_at IS NULL;
  UPDATE schemasync.runs r SET finished_at = v_now, outcome = 'failed', error = 'abandoned'
  WHERE r.connection_id = p_connection AND r.finished_at IS NULL;
  INSERT INTO schemasync.runs (id, connection_id, trigger, started_at, worker)
  VALUES (p_run, p_connection, p_trigger, v_now, p_worker);

  RETURN QUERY SELECT c.lease_token + 1, (extract(epoch FROM v_now) * 1000000)::bigint,
                      c.last_refresh_finished, c.include_digest, c.refreshes_targets;
END
$$;
COMMENT ON FUNCTION schemasync.claim_connection(uuid, uuid, text, schemasync.run_trigger) IS 'Inner: takes a connection''s lease and begins a run.';

-- Forgets what a run has staged.
CREATE OR REPLACE FUNCTION schemasync.drop_staged(p_run uuid) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  DELETE FROM schemasync.staged_change WHERE run_id = p_run;
  DELETE FROM schemasync.staged_field WHERE run_id = p_run;
  DELETE FROM schemasync.staged_target WHERE run_id = p_run;
  DELETE FROM schemasync.run_batch WHERE run_id = p_run;
$$;
COMMENT ON FUNCTION schemasync.drop_staged(uuid) IS 'Inner: forgets what a run has staged.';

-- Renews a lease. False: another process has taken the connection over.
CREATE OR REPLACE FUNCTION schemasync.renew_lease(p_connection uuid, p_token bigint) RETURNS boolean
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  WITH renewed AS (
    UPDATE schemasync.connections SET lease_expires_at = clock_timestamp() + interval '60 seconds'
    WHERE id = p_connection AND lease_token = p_token AND lease_expires_at IS NOT NULL RETURNING 1)
  SELECT EXISTS (SELECT FROM renewed);
$$;
COMMENT ON FUNCTION schemasync.renew_lease(uuid, bigint) IS 'Inner: renews a lease.';

-- Takes targets in that an include item brings: those without a row get one, those with one are managed (again). They are
-- listed under p_digest, the digest of the include items (null: the API was not asked). What a listing under the same items did not have will be a target_added.
CREATE OR REPLACE FUNCTION schemasync.register_targets(
  p_connection uuid, p_token bigint, p_digest bytea, p_ids text[], p_origins schemasync.target_origin[])
RETURNS TABLE (target_id text, key integer)
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := clock_timestamp();
  c schemasync.connections;
BEGIN
  SELECT * INTO c FROM schemasync.connections x WHERE x.id = p_connection AND x.lease_token = p_token FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lease was taken over' USING ERRCODE = 'SS001';
  END IF;
  IF p_digest IS NOT NULL THEN
    UPDATE schemasync.connections x SET include_digest = p_digest, listed_at = v_now WHERE x.id = p_connection;
  END IF;
  RETURN QUERY
    INSERT INTO schemasync.target_state AS t (connection_id, target_id, origin, schedule_interval, next_due_at, not_listed_at)
    SELECT p_connection, n.id, n.origin, c.schedule_interval, v_now,
           CASE WHEN n.origin = 'matched' AND c.include_digest = p_digest THEN c.listed_at END
    FROM unnest(p_ids, p_origins) AS n (id, origin)
    ON CONFLICT (connection_id, target_id) DO UPDATE SET
      origin = excluded.origin, managed = true, schedule_interval = excluded.schedule_interval,
      next_due_at = CASE WHEN t.managed THEN t.next_due_at ELSE v_now END
    RETURNING t.target_id, t.key;
END
$$;
COMMENT ON FUNCTION schemasync.register_targets(uuid, bigint, bytea, text[], schemasync.target_origin[]) IS 'Inner: takes targets in that an include item brings.';
