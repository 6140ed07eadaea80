-- $1 changes, $2 problems, $3 who or null: the database's user, $4 note or null. See unacknowledge() in sql/functions.
SELECT id, outcome, connection, target_id, kind, field_id, attribute, acknowledged_by
FROM schemasync.unacknowledge($1::bigint[], $2::text[], $3, $4)
