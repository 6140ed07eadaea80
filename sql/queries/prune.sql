-- $1 runs, $2 deliveries, $3 changes, $4 versions: kept for so many microseconds, null: for ever; $5 how many rows at most, $6 digest
-- of the configuration (bytea), $7 the program's schema version. No row: another process is at it.
SELECT p.runs, p.deliveries, p.changes, p.incidents, p.problems, p.versions
FROM (SELECT schemasync.check_worker($6::bytea, $7::integer) OFFSET 0) w
CROSS JOIN LATERAL schemasync.prune(
  $1::bigint * interval '1 microsecond', $2::bigint * interval '1 microsecond', $3::bigint * interval '1 microsecond',
  $4::bigint * interval '1 microsecond', $5::integer) p
