-- $1 connection, $2 token
SELECT schemasync.renew_lease($1::uuid, $2::bigint) AS renewed
