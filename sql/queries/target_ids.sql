-- $1 connection (id) or null: of all.
SELECT DISTINCT target_id FROM schemasync.target_state WHERE $1::uuid IS NULL OR connection_id = $1::uuid ORDER BY target_id
