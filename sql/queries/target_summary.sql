-- $1 connection (id), $2 target. Times are microseconds since 1970.
SELECT t.state, t.managed, (extract(epoch FROM t.first_seen_at) * 1000000)::bigint AS first_seen_at,
       (extract(epoch FROM t.last_seen_at) * 1000000)::bigint AS last_seen_at,
       (extract(epoch FROM t.removed_at) * 1000000)::bigint AS removed_at,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_usec
FROM schemasync.target_state t WHERE t.connection_id = $1::uuid AND t.target_id = $2
