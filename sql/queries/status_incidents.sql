-- Open incidents, the most severe first. Times are microseconds since 1970.
SELECT i.id, c.name AS connection, i.connection_id, i.cause, i.severity, i.flapping,
       (extract(epoch FROM i.opened_at) * 1000000)::bigint AS opened_at,
       (SELECT count(*) FROM schemasync.changes x WHERE x.incident_id = i.id AND x.acknowledged_at IS NULL) AS open_changes
FROM schemasync.incidents i LEFT JOIN schemasync.connections c ON c.id = i.connection_id
WHERE i.state = 'open'
ORDER BY i.severity DESC, i.opened_at, i.id
