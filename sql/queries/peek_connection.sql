-- $1 connection. What a claim would say, for a dry run, which takes no lease.
SELECT NULL AS run_id, 0 AS token, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_usec, include_digest,
       refreshes_targets, true AS own_due, syncs_known
FROM schemasync.connections WHERE id = $1::uuid
