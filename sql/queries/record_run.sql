-- $1 run, $2 token, $3 outcome, $4 error; seen: $5 keys, $6 at, $7 refreshed_at, $8 due; staged: $9 targets, $10 fields, $11 changes;
-- passed: $12 keys, $13 due; $14 unmanaged keys; $15 targets, $16 failed; $17 the connection's next due, $18 refresh finished,
-- $19 whether its targets are refreshed one by one; $20 type, $21 status, $22 status error, $23 the program's schema version;
-- $24 syncs read, $25 ids of all syncs, $26 first snapshots, $27 trouble: key, upstream or null
SELECT change_count, changed_target_count, incidents_opened, incidents_resolved
FROM schemasync.record_run($1::uuid, $2::bigint, $3::schemasync.run_outcome, $4,
  $5::integer[], $6::bigint[], $7::bigint[], $8::bigint[], $9::integer, $10::integer, $11::integer,
  $12::integer[], $13::bigint[], $14::integer[], $15::integer, $16::integer, $17::bigint, $18::bigint, $19::boolean, $20, $21, $22, $23::integer,
  $24::jsonb, $25::text[], $26::integer, $27::schemasync.trouble)
