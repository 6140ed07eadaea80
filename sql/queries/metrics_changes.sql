-- $1 run: how many changes of which kind and severity it has recorded
SELECT x.kind, x.severity, count(*) AS changes FROM schemasync.changes x
WHERE x.run_id = $1::uuid AND x.severity IS NOT NULL GROUP BY x.kind, x.severity
