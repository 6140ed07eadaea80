-- $1 a sync's id. Why its gate is shut, or why that is not known.
SELECT 'problem ' || x.problem_id || ': ' || x.problem || coalesce(' ' || x.field_id, '') || ' (' || x.target_id || ')' AS reason
FROM schemasync.sync_problem x
WHERE x.sync_id = $1 AND x.ended_at IS NULL AND x.acknowledged_at IS NULL AND x.severity = 'breaking'
UNION ALL
SELECT DISTINCT 'change ' || c.id || ': ' || replace(c.kind::text, '_', ' ') || coalesce(' ' || c.field_id, '')
         || coalesce(' ' || c.attribute, '') || ' (' || c.target_id || ')'
FROM schemasync.sync_drift d JOIN schemasync.changes c ON c.id = d.change_id
WHERE d.sync_id = $1 AND c.severity_if_used = 'breaking'
UNION ALL
SELECT CASE
         WHEN t.key IS NULL THEN 'its target ' || s.target_id || ' is not mirrored'
         WHEN t.state = 'suspect' THEN 'its target ' || s.target_id || ' is suspect: a mass removal is held back'
         WHEN t.last_seen_at IS NULL THEN 'its target ' || s.target_id || ' has never been seen'
         ELSE 'its target ' || s.target_id || ' was seen last at ' || to_char(t.last_seen_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
       END
FROM schemasync.syncs s
LEFT JOIN schemasync.target_state t ON t.connection_id = s.connection_id AND t.target_id = s.target_id AND t.managed
WHERE s.sync_id = $1 AND s.target_id IS NOT NULL AND schemasync.sync_gate($1) = 75
