-- $1 connection, $2 worker, $3 the program's schema version. No row: somebody else works on it.
SELECT run_id, token, now_usec, include_digest, refreshes_targets, own_due, syncs_known
FROM schemasync.claim_connection($1::uuid, $2, $3::integer)
