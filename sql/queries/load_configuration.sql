-- $1 worker, $2 digest (bytea), $3 the configuration's connections and targets (jsonb), $4 whether a daemon loads it
SELECT schemasync.load_configuration($1, $2::bytea, $3::jsonb, $4::boolean) AS loaded
