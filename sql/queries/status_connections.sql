-- Each connection with what its targets add up to. Those that the configuration does not name any more stand last. Times are
-- microseconds since 1970.
SELECT c.id, c.name, c.type, c.managed, c.status, c.status_error,
       CASE
         WHEN NOT c.managed THEN 'unmanaged'
         WHEN c.lease_expires_at > clock_timestamp() THEN 'running'
         WHEN c.consecutive_failures > 0 THEN 'failing'
         WHEN c.last_run_at IS NULL THEN 'pending'
         ELSE 'ok'
       END AS state,
       coalesce(t.targets, 0) AS targets, coalesce(t.fields, 0) AS fields,
       (extract(epoch FROM c.last_run_at) * 1000000)::bigint AS last_run_at,
       (extract(epoch FROM c.last_success_at) * 1000000)::bigint AS last_success_at,
       (extract(epoch FROM c.last_refresh_finished) * 1000000)::bigint AS last_refresh_finished,
       (extract(epoch FROM c.next_due_at) * 1000000)::bigint AS next_due_at,
       c.consecutive_failures, c.last_error, coalesce(d.open_changes, 0) AS open_changes,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_usec
FROM schemasync.connections c
LEFT JOIN (
  SELECT connection_id, count(*) AS targets, sum(field_count) AS fields
  FROM schemasync.target_state WHERE managed GROUP BY connection_id) t ON t.connection_id = c.id
LEFT JOIN (
  SELECT connection_id, count(*) AS open_changes
  FROM schemasync.changes WHERE acknowledged_at IS NULL GROUP BY connection_id) d ON d.connection_id = c.id
ORDER BY c.managed DESC, c.name, c.id
