-- $1 connection (id), $2 target, $3 so many microseconds ago or null, $4 or a time (microseconds since 1970) or null. `asked` is that
-- time, or now. Times are microseconds since 1970.
SELECT t.state, t.managed, (extract(epoch FROM t.first_seen_at) * 1000000)::bigint AS first_seen_at,
       (extract(epoch FROM t.last_seen_at) * 1000000)::bigint AS last_seen_at,
       (extract(epoch FROM t.removed_at) * 1000000)::bigint AS removed_at,
       coalesce($4::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint - coalesce($3::bigint, 0)) AS asked,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_usec
FROM schemasync.target_state t WHERE t.connection_id = $1::uuid AND t.target_id = $2
