-- $1 connection (id), $2 target. Times are microseconds since 1970.
SELECT state, (extract(epoch FROM first_seen_at) * 1000000)::bigint AS first_seen_at,
       (extract(epoch FROM removed_at) * 1000000)::bigint AS removed_at, last_error
FROM schemasync.target_state WHERE connection_id = $1::uuid AND target_id = $2
