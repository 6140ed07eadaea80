-- $1 connection (id), $2 target, $3 so many microseconds ago or null, $4 or at a time (microseconds since 1970) or null.
-- Times are microseconds since 1970. (A volatile time would keep the planner from looking into fields_as_of().)
SELECT f.ordinal_position, f.field_id, f.name, f.description, f.type, f.source_type, f.required, f.createable, f.updateable,
       f.filterable, f.association, f.encryptable, f.supports_identity, f.identity_functions, f.extra,
       (extract(epoch FROM f.valid_from) * 1000000)::bigint AS valid_from, f.id, f.connection, f.connection_id, f.target_id,
       (extract(epoch FROM f.last_seen_at) * 1000000)::bigint AS last_seen_at,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_usec
FROM schemasync.fields_as_of(coalesce(schemasync.from_usec($4::bigint), statement_timestamp() - $3::bigint * interval '1 microsecond')) f
WHERE f.connection_id = $1::uuid AND f.target_id = $2
ORDER BY f.ordinal_position, f.field_id
