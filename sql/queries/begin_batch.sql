-- $1 run, $2 batch
SELECT schemasync.begin_batch($1::uuid, $2::integer) AS new
