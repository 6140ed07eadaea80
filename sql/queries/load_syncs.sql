-- $1 connection. What is stored of its syncs, and of each which fields it uses (null: none), sorted by sync.
SELECT s.sync_id, s.name, s.active, s.mode, s.target_id, s.creates_target, s.updated_at, f.field_id, f.role, f.new_field,
       f.encrypted, f.sync_mode, f.function_id
FROM schemasync.syncs s LEFT JOIN schemasync.sync_fields f ON f.sync_id = s.sync_id
WHERE s.connection_id = $1::uuid
ORDER BY s.sync_id, f.field_id, f.role
