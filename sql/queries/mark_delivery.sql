-- $1 alert, $2 token, $3 delivery, $4 outcome, $5 error, $6 Retry-After in microseconds or null, $7 go on with what was due before
-- this time, null: now; $8 do not go on
SELECT given_up, next_id, next_event, next_type, next_attempts
FROM schemasync.mark_delivery($1, $2::bigint, $3::uuid, $4, $5, $6::bigint, $7::timestamptz, $8::boolean)
