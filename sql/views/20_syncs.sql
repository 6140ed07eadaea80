-- Syncs: what touches them, what is wrong with them.

CREATE OR REPLACE VIEW schemasync.sync_problems AS
SELECT x.problem_id, x.sync_id, s.name AS sync, s.active, c.name AS connection, x.target_id, x.field_id, x.problem, x.severity,
       x.since, x.acknowledged_at
FROM schemasync.sync_problem x
JOIN schemasync.syncs s ON s.sync_id = x.sync_id
JOIN schemasync.connections c ON c.id = x.connection_id
WHERE x.ended_at IS NULL;

-- A change touches a sync when its field is one of the sync's; when it is about the sync's target, or its mode; and, where its
-- field must now be supplied, when the sync creates records there and does not map it.
CREATE OR REPLACE VIEW schemasync.sync_touch AS
SELECT s.sync_id, s.name AS sync, s.active, x.id AS change_id, x.severity, x.acknowledged_at, u.role::text AS role
FROM schemasync.changes x
JOIN schemasync.syncs s ON s.connection_id = x.connection_id AND s.target_id = x.target_id
JOIN schemasync.sync_fields u ON u.sync_id = s.sync_id AND u.field_id = x.field_id
UNION ALL
SELECT s.sync_id, s.name, s.active, x.id, x.severity, x.acknowledged_at, 'target'
FROM schemasync.changes x
JOIN schemasync.syncs s ON s.connection_id = x.connection_id AND s.target_id = x.target_id
WHERE x.kind IN ('target_added', 'target_removed', 'target_changed')
UNION ALL
SELECT s.sync_id, s.name, s.active, x.id, x.severity, x.acknowledged_at, 'mode'
FROM schemasync.changes x
JOIN schemasync.syncs s ON s.connection_id = x.connection_id AND s.target_id = x.target_id
WHERE x.kind IN ('mode_added', 'mode_removed', 'mode_changed')
  AND (x.attribute = s.mode OR starts_with(x.attribute, s.mode || '.'))
UNION ALL
SELECT s.sync_id, s.name, s.active, x.id, x.severity, x.acknowledged_at, 'unmapped'
FROM schemasync.changes x
JOIN schemasync.syncs s ON s.connection_id = x.connection_id AND s.target_id = x.target_id
WHERE x.rule IN ('field-added-must-supply', 'field-became-must-supply')
  AND schemasync.mode_creates(s.mode)
  AND NOT EXISTS (SELECT FROM schemasync.sync_fields u WHERE u.sync_id = s.sync_id AND u.field_id = x.field_id);

CREATE OR REPLACE VIEW schemasync.sync_drift AS
SELECT t.sync_id, t.sync, t.change_id, t.severity, t.role FROM schemasync.sync_touch t WHERE t.acknowledged_at IS NULL;

CREATE OR REPLACE VIEW schemasync.drift AS
SELECT x.id, x.detected_at, x.run_id, x.connection_id, x.target_id, x.kind, x.field_id, x.attribute, x.old_value, x.new_value,
       x.rule, x.severity, x.severity_if_used, x.previous_seen_at, x.related_change, x.incident_id, x.acknowledged_at,
       x.acknowledged_by, x.note, c.name AS connection,
       (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('id', d.sync_id, 'name', d.sync)), '[]')
        FROM schemasync.sync_drift d JOIN schemasync.syncs s ON s.sync_id = d.sync_id AND s.active
        WHERE d.change_id = x.id) AS affected_syncs
FROM schemasync.changes x JOIN schemasync.connections c ON c.id = x.connection_id
WHERE x.acknowledged_at IS NULL;

CREATE OR REPLACE VIEW schemasync.coverage AS
SELECT c.name AS connection, t.target_id,
       CASE
         WHEN t.state = 'suspect' THEN 'suspect'
         WHEN t.last_seen_at IS NULL THEN 'never'
         WHEN t.consecutive_failures >= 3 OR c.consecutive_failures >= 3 THEN 'failing'
         WHEN t.last_seen_at < clock_timestamp() - 2 * t.schedule_interval THEN 'stale'
         ELSE 'fresh'
       END AS verdict,
       t.last_seen_at, clock_timestamp() - t.last_seen_at AS age, t.next_due_at, t.consecutive_failures,
       coalesce(t.last_error, c.last_error) AS last_error
FROM schemasync.target_state t JOIN schemasync.connections c ON c.id = t.connection_id
WHERE t.managed AND c.managed
UNION ALL
SELECT DISTINCT c.name, s.target_id, 'unwatched', NULL::timestamptz, NULL::interval, NULL::timestamptz, NULL::integer, NULL
FROM schemasync.syncs s JOIN schemasync.connections c ON c.id = s.connection_id
WHERE c.managed AND s.target_id IS NOT NULL AND NOT s.creates_target
  AND NOT EXISTS (SELECT FROM schemasync.target_state t
                  WHERE t.connection_id = s.connection_id AND t.target_id = s.target_id AND t.managed);
