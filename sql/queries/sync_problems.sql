-- $1 a sync's id or name; null: all. Worst first.
SELECT x.problem_id, x.sync_id, x.sync, x.active, x.connection, x.target_id, x.field_id, x.problem, x.severity,
       (extract(epoch FROM x.since) * 1000000)::bigint AS since, x.acknowledged_at IS NOT NULL AS acknowledged,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_usec
FROM schemasync.sync_problems x
WHERE $1::text IS NULL OR x.sync_id = $1 OR x.sync = $1
ORDER BY x.severity DESC, x.connection, x.target_id, x.sync, x.field_id, x.problem
