-- $1 a sync's id or name; null: all, $2 the greatest age in microseconds; null: as the schedule has it
SELECT s.sync_id, s.name, schemasync.sync_gate(s.sync_id, $2::bigint * interval '1 microsecond') AS gate
FROM schemasync.syncs s
WHERE $1::text IS NULL OR s.sync_id = $1 OR s.name = $1
ORDER BY s.name, s.sync_id
