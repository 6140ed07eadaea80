-- $1 alert, $2 token
SELECT schemasync.release_alert($1, $2::bigint)
