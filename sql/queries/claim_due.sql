-- $1 worker, $2 digest of the configuration (bytea), $3 the program's schema version, $4 how many at most
SELECT connection_id, run_id, token, now_usec, include_digest, refreshes_targets, own_due, syncs_known
FROM schemasync.claim_due($1, $2::bytea, $3::integer, $4::integer)
