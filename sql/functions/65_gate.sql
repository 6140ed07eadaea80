-- May this sync run? 0: yes. 3: no: an unacknowledged breaking problem of it, or an open change that touches it and would be
-- breaking where it is used. 75: not known: no such sync, its target not mirrored, suspect, or not seen for p_max_age (null:
-- twice its interval, an hour at least). 3 goes before 75.
CREATE OR REPLACE FUNCTION schemasync.sync_gate(sync_id text, max_age interval DEFAULT NULL) RETURNS integer
LANGUAGE sql STABLE
AS $$
  SELECT CASE
    WHEN EXISTS (SELECT FROM schemasync.sync_problem x
                 WHERE x.sync_id = sync_gate.sync_id AND x.ended_at IS NULL AND x.acknowledged_at IS NULL
                   AND x.severity = 'breaking')
      OR EXISTS (SELECT FROM schemasync.sync_drift d JOIN schemasync.changes x ON x.id = d.change_id
                 WHERE d.sync_id = sync_gate.sync_id AND x.severity_if_used = 'breaking') THEN 3
    WHEN NOT EXISTS (SELECT FROM schemasync.syncs s WHERE s.sync_id = sync_gate.sync_id) THEN 75
    WHEN EXISTS (
      SELECT FROM schemasync.syncs s
      LEFT JOIN schemasync.target_state t
        ON t.connection_id = s.connection_id AND t.target_id = s.target_id AND t.managed
      WHERE s.sync_id = sync_gate.sync_id AND s.target_id IS NOT NULL AND NOT (s.creates_target AND t.key IS NULL)
        AND (t.key IS NULL OR t.state = 'suspect' OR t.last_seen_at IS NULL
             OR t.last_seen_at < clock_timestamp()
                  - coalesce(sync_gate.max_age, greatest(2 * t.schedule_interval, interval '1 hour')))) THEN 75
    ELSE 0
  END
$$;
COMMENT ON FUNCTION schemasync.sync_gate(text, interval) IS 'May this sync run? 0: yes; 3: no; 75: not known. The command gate says why.';
