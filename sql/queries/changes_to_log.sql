-- $1 run, $2 how many at most: what a run has recorded, in sum, with its most severe open changes of at least warning.
WITH recorded AS MATERIALIZED (
  SELECT id, target_id, kind, field_id, attribute, rule, severity, acknowledged_at FROM schemasync.changes WHERE run_id = $1::uuid)
SELECT s.*, c.*
FROM (SELECT count(*) AS total, count(*) FILTER (WHERE severity = 'breaking') AS breaking,
        count(*) FILTER (WHERE severity = 'warning') AS warnings, min(id) AS first_id, max(id) AS last_id
      FROM recorded) s
LEFT JOIN (
  SELECT id, target_id, kind, field_id, attribute, rule, severity FROM recorded
  WHERE severity >= 'warning' AND acknowledged_at IS NULL
  ORDER BY severity DESC, id LIMIT $2::integer) c ON true
ORDER BY c.severity DESC, c.id
