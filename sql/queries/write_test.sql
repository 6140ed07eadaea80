-- $1 alert
SELECT schemasync.write_test($1) AS id
