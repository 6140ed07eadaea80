-- $1 run, $2 batch, $3 token, $4 whether it holds first snapshots
SELECT schemasync.finish_batch($1::uuid, $2::integer, $3::bigint, $4::boolean)
