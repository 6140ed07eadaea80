-- $1 changes or null, $2 problems, $3 run or null, $4 connection (name) or null, $5 target or null, $6 rule or null, $7 who or null:
-- the database's user, $8 note or null. See acknowledge_where() in sql/functions.
SELECT id, outcome, connection, target_id, kind, field_id, attribute, acknowledged_by
FROM schemasync.acknowledge_where($1::bigint[], $2::text[], $3::uuid, $4, $5, $6, $7, $8)
