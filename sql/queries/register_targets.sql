-- $1 connection, $2 token, $3 digest of the include items, $4 ids, $5 origins
SELECT target_id, key FROM schemasync.register_targets($1::uuid, $2::bigint, $3::bytea, $4::text[], $5::schemasync.target_origin[])
