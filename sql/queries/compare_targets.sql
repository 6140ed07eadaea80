-- $1 connection (id), $2 target, managed or not, or null: all that are managed. What there is to compare of them: `present`: a
-- snapshot; `pending`: none yet; a missing one is neither. In the order of their ids.
SELECT t.key, t.target_id, t.first_seen_at IS NOT NULL AND t.removed_at IS NULL AS present, t.first_seen_at IS NULL AS pending
FROM schemasync.target_state t
WHERE t.connection_id = $1::uuid AND CASE WHEN $2::text IS NULL THEN t.managed ELSE t.target_id = $2 END
ORDER BY t.target_id
