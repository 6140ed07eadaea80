-- Ends a run: records all that it found, in one transaction, or nothing. Sent twice it counts once.
--
-- p_seen_*: the targets where nothing had changed: key, up to when the mirror is true thereby, refreshed_at, next due.
-- p_staged_*: how many rows stand in staging: one lost on the way must not go unnoticed.
-- p_syncs_*: the syncs that were read, and the ids of all (null where they could not all be listed or read).
-- p_baselines: how many first snapshots were recorded on the way.
-- p_passed_*: due targets that were not looked at, since the run failed or stopped: key and next due.
-- p_unmanaged: targets that an include item brings no more. p_error: the run failed as a whole; p_trouble: for something that
-- is not the connection's own.
-- All times are microseconds since 1970.
--
-- Joins start from what was staged and go by key into the large tables; the planner knows nothing of freshly staged
-- rows, so ways that read a whole table are switched off.
CREATE OR REPLACE FUNCTION schemasync.record_run(
  p_run uuid, p_token bigint, p_outcome schemasync.run_outcome, p_error text,
  p_seen_key integer[], p_seen_at bigint[], p_seen_refreshed bigint[], p_seen_due bigint[],
  p_staged_targets integer, p_staged_fields integer, p_staged_changes integer,
  p_passed_key integer[], p_passed_due bigint[], p_unmanaged integer[],
  p_target_count integer, p_failed_count integer,
  p_due bigint, p_refresh_finished bigint, p_refreshes_targets boolean,
  p_type text, p_status text, p_status_error text, p_schema integer,
  p_syncs_read jsonb, p_syncs_listed text[], p_baselines integer, p_trouble schemasync.trouble DEFAULT NULL)
RETURNS TABLE (change_count integer, changed_target_count integer, incidents_opened integer, incidents_resolved integer)
LANGUAGE plpgsql
SET search_path = pg_catalog
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz;
  v_run schemasync.runs;
  v_changes integer := 0;
  v_changed integer := 0;
  v_targets integer;
  v_fields integer;
  v_syncs boolean := false;
  v_opened integer := 0;
  v_resolved integer := 0;
BEGIN
  PERFORM schemasync.check_schema(p_schema);
  SELECT * INTO v_run FROM schemasync.runs r WHERE r.id = p_run FOR UPDATE;
  IF NOT FOUND OR v_run.error IS NOT DISTINCT FROM 'abandoned' THEN
    RAISE EXCEPTION 'the lease was taken over' USING ERRCODE = 'SS001';
  ELSIF v_run.finished_at IS NOT NULL THEN
    RETURN QUERY SELECT v_run.change_count, v_run.changed_target_count, 0, 0;
    RETURN;
  END IF;

  IF p_error IS NOT NULL OR p_outcome = 'cancelled' THEN
    PERFORM schemasync.drop_staged(p_run); -- what a run that failed as a whole has found does not count
  END IF;
  SELECT count(*) INTO v_targets FROM schemasync.staged_target WHERE run_id = p_run;
  SELECT count(*) INTO v_fields FROM schemasync.staged_field WHERE run_id = p_run;
  SELECT count(*), count(DISTINCT target_key) INTO v_changes, v_changed FROM schemasync.staged_change WHERE run_id = p_run;
  IF v_targets <> p_staged_targets OR v_fields <> p_staged_fields OR v_changes <> p_staged_changes THEN
    RAISE EXCEPTION 'staging holds % targets, % fields and % changes where %, % and % were sent',
      v_targets, v_fields, v_changes, p_staged_targets, p_staged_fields, p_staged_changes USING ERRCODE = 'SS005';
  END IF;

  -- Ids of changes grow in the order of commit: whoever records changes waits for whoever did before.
  IF v_changes > 0 THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('schemasync.changes', 0));
  END IF;
  SELECT greatest(clock_timestamp(), max(t.last_changed_at) + interval '1 microsecond') INTO v_now
  FROM schemasync.staged_target s JOIN schemasync.target_state t ON t.key = s.target_key WHERE s.run_id = p_run;

  IF p_error IS NULL AND p_outcome <> 'cancelled' THEN
    v_syncs := schemasync.record_syncs(v_run.connection_id, p_syncs_read, p_syncs_listed, v_now);
  END IF;
  IF v_targets > 0 THEN
    PERFORM schemasync.record_versions(p_run, v_now);
    PERFORM schemasync.record_changes(p_run, v_now);
    PERFORM schemasync.record_targets(p_run, v_now);
  END IF;
  IF v_changes > 0 THEN
    PERFORM schemasync.record_reverts(p_run, v_now);
    PERFORM schemasync.record_renames(p_run);
  END IF;

  UPDATE schemasync.target_state t SET
    last_seen_at = greatest(t.last_seen_at, schemasync.from_usec(s.at)),
    refreshed_at = coalesce(schemasync.from_usec(s.refreshed), t.refreshed_at),
    next_due_at = schemasync.from_usec(s.due), consecutive_failures = 0, failing_since = NULL, last_error = NULL
  FROM unnest(p_seen_key, p_seen_at, p_seen_refreshed, p_seen_due) AS s (key, at, refreshed, due)
  WHERE t.key = s.key;
  UPDATE schemasync.target_state t SET next_due_at = schemasync.from_usec(s.due)
  FROM unnest(p_passed_key, p_passed_due) AS s (key, due) WHERE t.key = s.key;
  UPDATE schemasync.target_state t SET managed = false, next_due_at = NULL WHERE t.key = ANY (p_unmanaged);

  IF v_syncs OR v_targets > 0 OR p_baselines > 0 OR cardinality(p_unmanaged) > 0 THEN
    PERFORM schemasync.record_problems(v_run.connection_id, v_now);
  END IF;

  PERFORM schemasync.drop_staged(p_run);
  UPDATE schemasync.runs r SET
    finished_at = v_now, outcome = p_outcome, error = p_error, target_count = p_target_count,
    changed_target_count = v_changed, failed_target_count = p_failed_count, change_count = v_changes
  WHERE r.id = p_run;

  -- The lease's token: from here the row stays locked until the commit, so nobody can take it over in between.
  UPDATE schemasync.connections c SET
    lease_owner = NULL, lease_expires_at = NULL,
    own_due_at = CASE WHEN p_outcome = 'cancelled' THEN c.own_due_at ELSE schemasync.from_usec(p_due) END,
    next_due_at = CASE WHEN NOT c.managed THEN NULL WHEN p_outcome = 'cancelled' THEN v_now ELSE least(
      schemasync.from_usec(p_due),
      (SELECT min(t.next_due_at) FROM schemasync.target_state t WHERE t.connection_id = c.id AND t.managed)) END,
    last_refresh_finished = coalesce(schemasync.from_usec(p_refresh_finished), c.last_refresh_finished),
    refreshes_targets = p_refreshes_targets,
    type = coalesce(p_type, c.type),
    status = coalesce(p_status, c.status),
    status_error = CASE WHEN p_status IS NULL THEN c.status_error ELSE p_status_error END,
    last_success_at = CASE WHEN p_outcome IN ('ok', 'partial') THEN v_now ELSE c.last_success_at END,
    consecutive_failures = CASE WHEN p_outcome = 'cancelled' THEN c.consecutive_failures
                                WHEN p_error IS NULL THEN 0 ELSE c.consecutive_failures + 1 END,
    failing_since = CASE WHEN p_outcome = 'cancelled' THEN c.failing_since
                         WHEN p_error IS NOT NULL THEN coalesce(c.failing_since, v_now) END,
    last_failed_at = CASE WHEN p_outcome <> 'cancelled' AND p_error IS NOT NULL THEN v_now ELSE c.last_failed_at END,
    trouble = CASE WHEN p_outcome = 'cancelled' THEN c.trouble WHEN p_error IS NOT NULL THEN p_trouble END,
    last_error = CASE WHEN p_outcome = 'cancelled' THEN c.last_error ELSE p_error END
  WHERE c.id = v_run.connection_id AND c.lease_token = p_token;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lease was taken over' USING ERRCODE = 'SS001';
  END IF;

  IF v_changes > 0 THEN
    PERFORM schemasync.tell_info(v_run.connection_id, p_run, v_now);
  END IF;
  IF v_changes > 0 OR v_targets > 0 OR p_error IS NOT NULL OR EXISTS (
      SELECT FROM schemasync.incidents i
      WHERE i.state = 'open' AND (i.connection_id = v_run.connection_id OR i.connection_id IS NULL)) THEN
    SELECT count(*) FILTER (WHERE s.what = 'incident opened'), count(*) FILTER (WHERE s.what = 'incident resolved')
    INTO v_opened, v_resolved
    FROM schemasync.settle_incidents(v_run.connection_id, p_run, v_now) s;
  END IF;
  IF v_changes > 0 THEN
    PERFORM pg_notify('schemasync_drift', jsonb_build_object(
      'run_id', p_run, 'connection', (SELECT c.name FROM schemasync.connections c WHERE c.id = v_run.connection_id),
      'severity', (SELECT max(x.severity) FROM schemasync.changes x WHERE x.run_id = p_run), 'changes', v_changes)::text);
  END IF;
  RETURN QUERY SELECT v_changes, v_changed, v_opened, v_resolved;
END
$$;
COMMENT ON FUNCTION schemasync.record_run IS 'Inner: ends a run and records all that it found.';

-- Versions: what a returning target still has is opened again, what ended is closed, what is new is opened.
CREATE OR REPLACE FUNCTION schemasync.record_versions(p_run uuid, p_now timestamptz) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  INSERT INTO schemasync.field_version
    (valid_from, target_key, ordinal_position, field_id, name, description, type, source_type, required, createable,
     updateable, filterable, association, encryptable, supports_identity, identity_functions, extra)
  SELECT p_now, v.target_key, v.ordinal_position, v.field_id, v.name, v.description, v.type, v.source_type, v.required,
         v.createable, v.updateable, v.filterable, v.association, v.encryptable, v.supports_identity, v.identity_functions,
         v.extra
  FROM schemasync.staged_target s
  JOIN schemasync.target_state t ON t.key = s.target_key AND t.state = 'missing'
  JOIN schemasync.field_version v ON v.target_key = t.key AND v.valid_to = t.removed_at
  WHERE s.run_id = p_run AND s.outcome = 'recorded'
    AND NOT EXISTS (SELECT FROM schemasync.staged_field f
                    WHERE f.run_id = p_run AND f.target_key = v.target_key AND f.field_id = v.field_id
                      AND f.action IN ('replace', 'remove'));

  UPDATE schemasync.field_version v SET valid_to = p_now
  FROM schemasync.staged_field f
  WHERE f.run_id = p_run AND f.action IN ('replace', 'remove')
    AND v.target_key = f.target_key AND v.field_id = f.field_id AND v.valid_to = 'infinity';
  UPDATE schemasync.field_version v SET valid_to = p_now
  FROM schemasync.staged_target s
  WHERE s.run_id = p_run AND s.outcome = 'gone' AND v.target_key = s.target_key AND v.valid_to = 'infinity';

  INSERT INTO schemasync.field_version
    (valid_from, target_key, ordinal_position, field_id, name, description, type, source_type, required, createable,
     updateable, filterable, association, encryptable, supports_identity, identity_functions, extra)
  SELECT p_now, f.target_key, f.ordinal_position, f.field_id, f.name, f.description, f.type, f.source_type, f.required,
         f.createable, f.updateable, f.filterable, f.association, f.encryptable, f.supports_identity, f.identity_functions,
         f.extra
  FROM schemasync.staged_field f WHERE f.run_id = p_run AND f.action IN ('add', 'replace');
  UPDATE schemasync.field_version v SET ordinal_position = f.ordinal_position
  FROM schemasync.staged_field f
  WHERE f.run_id = p_run AND f.action = 'move'
    AND v.target_key = f.target_key AND v.field_id = f.field_id AND v.valid_to = 'infinity';

  INSERT INTO schemasync.target_version (target_key, name, modes, properties, valid_from)
  SELECT v.target_key, v.name, v.modes, v.properties, p_now
  FROM schemasync.staged_target s
  JOIN schemasync.target_state t ON t.key = s.target_key AND t.state = 'missing'
  JOIN schemasync.target_version v ON v.target_key = t.key AND v.valid_to = t.removed_at
  WHERE s.run_id = p_run AND s.outcome = 'recorded' AND NOT s.target_differs;
  UPDATE schemasync.target_version v SET valid_to = p_now
  FROM schemasync.staged_target s
  WHERE s.run_id = p_run AND (s.outcome = 'gone' OR (s.outcome IN ('baseline', 'recorded') AND s.target_differs))
    AND v.target_key = s.target_key AND v.valid_to = 'infinity';
  INSERT INTO schemasync.target_version (target_key, name, modes, properties, valid_from)
  SELECT s.target_key, s.name, s.modes, s.properties, p_now
  FROM schemasync.staged_target s
  WHERE s.run_id = p_run AND s.outcome IN ('baseline', 'recorded') AND s.target_differs;
$$;
COMMENT ON FUNCTION schemasync.record_versions(uuid, timestamptz) IS 'Inner: writes the versions that a run made.';

-- Changes, in the order of targets. One that says that a target came back acknowledges itself and the removal.
CREATE OR REPLACE FUNCTION schemasync.record_changes(p_run uuid, p_now timestamptz) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  INSERT INTO schemasync.changes
    (detected_at, run_id, connection_id, target_id, kind, field_id, attribute, old_value, new_value, rule, severity,
     severity_if_used, previous_seen_at, acknowledged_at, acknowledged_by)
  SELECT p_now, p_run, t.connection_id, t.target_id, x.kind, x.field_id, x.attribute, x.old_value, x.new_value, x.rule,
         x.severity, x.severity_if_used,
         CASE WHEN x.kind = 'target_added' THEN coalesce(t.not_listed_at, t.last_seen_at) ELSE t.last_seen_at END,
         CASE WHEN x.ignored OR (x.kind = 'target_added' AND t.state = 'missing') THEN p_now END,
         CASE WHEN x.ignored THEN 'ignore' WHEN x.kind = 'target_added' AND t.state = 'missing' THEN 'revert' END
  FROM schemasync.staged_change x JOIN schemasync.target_state t ON t.key = x.target_key
  WHERE x.run_id = p_run
  ORDER BY t.target_id, x.seq;

  UPDATE schemasync.changes c SET acknowledged_at = p_now, acknowledged_by = 'revert'
  FROM schemasync.staged_target s JOIN schemasync.target_state t ON t.key = s.target_key
  WHERE s.run_id = p_run AND s.outcome = 'recorded' AND t.state = 'missing'
    AND c.connection_id = t.connection_id AND c.target_id = t.target_id
    AND c.kind = 'target_removed' AND c.acknowledged_at IS NULL;
$$;
COMMENT ON FUNCTION schemasync.record_changes(uuid, timestamptz) IS 'Inner: writes the changes that a run found.';

-- The targets' own rows, each outcome in its way.
CREATE OR REPLACE FUNCTION schemasync.record_targets(p_run uuid, p_now timestamptz) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  UPDATE schemasync.target_state t SET
    last_changed_at = CASE WHEN t.state IN ('pending', 'missing') OR s.target_differs
                             OR EXISTS (SELECT FROM schemasync.staged_field f
                                        WHERE f.run_id = p_run AND f.target_key = t.key AND f.action <> 'move')
                           THEN p_now ELSE t.last_changed_at END,
    hold_ended_by = CASE WHEN t.state <> 'suspect' THEN t.hold_ended_by
                         WHEN NOT EXISTS (SELECT FROM schemasync.staged_field f
                                          WHERE f.run_id = p_run AND f.target_key = t.key AND f.action = 'remove'
                                            AND f.field_id = ANY (t.held_fields)) THEN 'recovery'
                         WHEN t.accepted_at IS NOT NULL THEN 'accept' ELSE 'confirmed' END,
    state = 'present', field_count = s.field_count, refreshed_at = coalesce(s.refreshed_at, t.refreshed_at),
    api_version = s.api_version, fingerprint = s.fingerprint, first_seen_at = coalesce(t.first_seen_at, p_now),
    last_seen_at = greatest(t.last_seen_at, s.seen_at), removed_at = NULL, not_listed_at = NULL,
    held_since = NULL, held_gone = false, held_fields = NULL, accepted_at = NULL
  FROM schemasync.staged_target s
  WHERE s.run_id = p_run AND s.outcome IN ('baseline', 'recorded') AND t.key = s.target_key;

  UPDATE schemasync.target_state t SET
    state = 'suspect', refreshed_at = coalesce(s.refreshed_at, t.refreshed_at), fingerprint = NULL,
    held_since = CASE WHEN s.hold_anew THEN p_now ELSE t.held_since END,
    held_gone = s.held_gone, held_fields = s.held_fields, accepted_at = NULL
  FROM schemasync.staged_target s
  WHERE s.run_id = p_run AND s.outcome = 'held' AND t.key = s.target_key;

  UPDATE schemasync.target_state t SET
    hold_ended_by = CASE WHEN t.state <> 'suspect' THEN t.hold_ended_by
                         WHEN t.accepted_at IS NOT NULL THEN 'accept' ELSE 'confirmed' END,
    state = 'missing', removed_at = p_now, field_count = 0, fingerprint = NULL,
    last_seen_at = greatest(t.last_seen_at, s.seen_at), last_changed_at = p_now,
    held_since = NULL, held_gone = false, held_fields = NULL, accepted_at = NULL
  FROM schemasync.staged_target s
  WHERE s.run_id = p_run AND s.outcome = 'gone' AND t.key = s.target_key;

  UPDATE schemasync.target_state t SET last_seen_at = greatest(t.last_seen_at, s.seen_at)
  FROM schemasync.staged_target s
  WHERE s.run_id = p_run AND s.outcome = 'absent' AND t.key = s.target_key;

  UPDATE schemasync.target_state t SET
    next_due_at = s.next_due_at,
    consecutive_failures = CASE WHEN s.outcome = 'failed' THEN t.consecutive_failures + 1 ELSE 0 END,
    failing_since = CASE WHEN s.outcome = 'failed' THEN coalesce(t.failing_since, p_now) END,
    last_failed_at = CASE WHEN s.outcome = 'failed' THEN p_now ELSE t.last_failed_at END,
    last_error = s.error
  FROM schemasync.staged_target s
  WHERE s.run_id = p_run AND t.key = s.target_key;
$$;
COMMENT ON FUNCTION schemasync.record_targets(uuid, timestamptz) IS 'Inner: writes what a run found of the targets themselves.';
