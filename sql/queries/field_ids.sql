-- $1 connection (id), $2 target. The fields that it has or had; removed_at: when the last version of one ended that it has no more.
-- Times are microseconds since 1970.
SELECT v.field_id, nullif(max(v.valid_to), 'infinity') IS NOT NULL AS removed,
       (extract(epoch FROM nullif(max(v.valid_to), 'infinity')) * 1000000)::bigint AS removed_at
FROM schemasync.field_version v JOIN schemasync.target_state t ON t.key = v.target_key
WHERE t.connection_id = $1::uuid AND t.target_id = $2
GROUP BY v.field_id
ORDER BY v.field_id
