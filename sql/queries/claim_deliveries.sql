-- $1 worker, $2 digest of the configuration (bytea), $3 the program's schema version, $4 how many at most, $5 what was due before
-- this time; null: now
SELECT alert, token, delivery_id, event, type, attempts, due_before
FROM schemasync.claim_deliveries($1, $2::bytea, $3::integer, $4::integer, $5::timestamptz)
