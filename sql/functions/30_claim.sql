-- A program that is older than the schema must not touch it: raises SS002.
CREATE OR REPLACE FUNCTION schemasync.check_schema(p_schema integer) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog
AS $$
DECLARE
  v_schema integer := (SELECT max(m.version) FROM schemasync.schema_migrations m);
BEGIN
  IF v_schema > p_schema THEN
    RAISE EXCEPTION 'the database''s schema is of version %, this program knows version % at most', v_schema, p_schema
      USING ERRCODE = 'SS002', HINT = 'Install the newer release on this machine too.';
  END IF;
END
$$;
COMMENT ON FUNCTION schemasync.check_schema(integer) IS 'Inner: fails where the schema is newer than the program.';

-- Begins a run on a connection whose row the caller has locked, and takes its lease. A run that its process left unfinished
-- becomes failed, error abandoned, and what it had staged is dropped.
CREATE OR REPLACE FUNCTION schemasync.begin_run(
  p_connection uuid, p_worker text, p_trigger schemasync.run_trigger,
  OUT run_id uuid, OUT token bigint, OUT now_usec bigint, OUT include_digest bytea, OUT refreshes_targets boolean,
  OUT own_due boolean, OUT syncs_known boolean)
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  v_now timestamptz := clock_timestamp();
BEGIN
  run_id := gen_random_uuid();
  now_usec := (extract(epoch FROM v_now) * 1000000)::bigint;
  UPDATE schemasync.connections x SET
    lease_owner = p_worker, lease_token = x.lease_token + 1, lease_expires_at = v_now + interval '60 seconds',
    last_run_at = v_now
  WHERE x.id = p_connection
  RETURNING x.lease_token, x.include_digest, x.refreshes_targets, x.own_due_at IS NULL OR x.own_due_at <= v_now,
            x.syncs_known
  INTO begin_run.token, begin_run.include_digest, begin_run.refreshes_targets, begin_run.own_due,
       begin_run.syncs_known;
  PERFORM schemasync.drop_staged(r.id) FROM schemasync.runs r
  WHERE r.connection_id = p_connection AND r.finished_at IS NULL;
  UPDATE schemasync.runs r SET finished_at = v_now, outcome = 'failed', error = 'abandoned'
  WHERE r.connection_id = p_connection AND r.finished_at IS NULL;
  INSERT INTO schemasync.runs (id, connection_id, trigger, started_at, worker)
  VALUES (run_id, p_connection, p_trigger, v_now, p_worker);
END
$$;
COMMENT ON FUNCTION schemasync.begin_run(uuid, text, schemasync.run_trigger) IS 'Inner: begins a run on a locked connection.';

-- Takes one connection's lease, whatever the schedule says. No row: another process works on it, or it is not managed.
CREATE OR REPLACE FUNCTION schemasync.claim_connection(p_connection uuid, p_worker text, p_schema integer)
RETURNS TABLE (run_id uuid, token bigint, now_usec bigint, include_digest bytea, refreshes_targets boolean, own_due boolean,
  syncs_known boolean)
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
  PERFORM schemasync.check_schema(p_schema);
  PERFORM FROM schemasync.connections x
  WHERE x.id = p_connection AND x.managed AND (x.lease_expires_at IS NULL OR x.lease_expires_at <= clock_timestamp())
  FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    RETURN QUERY SELECT b.* FROM schemasync.begin_run(p_connection, p_worker, 'manual') b;
  END IF;
END
$$;
COMMENT ON FUNCTION schemasync.claim_connection(uuid, text, integer) IS 'Inner: takes a connection''s lease and begins a run.';

-- What a daemon asks each second: connections that are due and that nobody works on, p_limit of them at most, longest due
-- first. Leaves a sign of life. Refuses (SS003) a daemon whose configuration is not the one that was loaded last.
CREATE OR REPLACE FUNCTION schemasync.claim_due(p_worker text, p_digest bytea, p_schema integer, p_limit integer)
RETURNS TABLE (connection_id uuid, run_id uuid, token bigint, now_usec bigint, include_digest bytea, refreshes_targets boolean, own_due boolean,
  syncs_known boolean)
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
#variable_conflict use_column
DECLARE
  c schemasync.configuration;
  v_id uuid;
BEGIN
  PERFORM schemasync.check_schema(p_schema);
  SELECT * INTO c FROM schemasync.configuration;
  IF c.digest IS DISTINCT FROM p_digest THEN
    RAISE EXCEPTION 'another configuration was loaded at % by %', c.loaded_at, c.loaded_by USING ERRCODE = 'SS003';
  END IF;
  INSERT INTO schemasync.workers AS w (worker, digest, seen_at) VALUES (p_worker, p_digest, clock_timestamp())
  ON CONFLICT (worker) DO UPDATE SET digest = excluded.digest, seen_at = excluded.seen_at
  WHERE w.seen_at < excluded.seen_at - interval '15 seconds' OR w.digest <> excluded.digest;

  FOR v_id IN
    SELECT x.id FROM schemasync.connections x
    WHERE x.managed AND x.next_due_at <= clock_timestamp()
      AND (x.lease_expires_at IS NULL OR x.lease_expires_at <= clock_timestamp())
    ORDER BY x.next_due_at LIMIT p_limit
    FOR UPDATE SKIP LOCKED
  LOOP
    RETURN QUERY SELECT v_id, b.* FROM schemasync.begin_run(v_id, p_worker, 'schedule') b;
  END LOOP;
END
$$;
COMMENT ON FUNCTION schemasync.claim_due(text, bytea, integer, integer) IS 'Inner: claims connections that are due.';

-- A daemon ends: others need not wait for its sign of life to grow old.
CREATE OR REPLACE FUNCTION schemasync.forget_worker(p_worker text) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  DELETE FROM schemasync.workers WHERE worker = p_worker;
$$;
COMMENT ON FUNCTION schemasync.forget_worker(text) IS 'Inner: a daemon ends.';

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
