-- $1 connection, $2 run, $3 worker, $4 trigger. No row: somebody else works on it.
SELECT token, now_usec, include_digest, refreshes_targets
FROM schemasync.claim_connection($1::uuid, $2::uuid, $3, $4::schemasync.run_trigger)
