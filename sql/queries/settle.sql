-- $1 worker, $2 digest of the configuration (bytea), $3 the program's schema version
SELECT what, subject, detail FROM schemasync.settle($1, $2::bytea, $3::integer)
