-- $1 worker
SELECT schemasync.forget_worker($1)
