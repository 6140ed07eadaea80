#!/usr/bin/env bash
# ack and unack: by id, run, connection, target and rule; problems; the gate; what is written; who may.
. "$(dirname "$0")/../support/expect.sh"

s=$SCHEMASYNCD
new_database ack
expect 0 "$s" migrate

# --- a mirror, by hand: a sync whose field was removed, which is a change and a problem
one=00000000-0000-0000-0000-000000000001 two=00000000-0000-0000-0000-000000000002
run_a=00000000-0000-0000-0000-00000000000a run_b=00000000-0000-0000-0000-00000000000B
sql <<END
INSERT INTO schemasync.connections (id, name, managed) VALUES
  ('$one', 'salesforce-prod', true), ('$two', 'hubspot', true), ('00000000-0000-0000-0000-000000000003', 'hubspot', false);
INSERT INTO schemasync.target_state (key, connection_id, target_id, origin, state, field_count, first_seen_at, last_seen_at, schedule_interval)
VALUES (1, '$one', 'Account', 'listed', 'present', 2, now(), now(), '1 h'), (2, '$one', 'Lead', 'listed', 'present', 2, now(), now(), '1 h'),
       (3, '$two', 'contacts', 'listed', 'present', 2, now(), now(), '1 h');
INSERT INTO schemasync.syncs (sync_id, name, active, mode, connection_id, target_id, creates_target, read_at)
VALUES ('sync-1', 'Accounts', true, 'update', '$one', 'Account', false, now());
INSERT INTO schemasync.sync_fields (sync_id, field_id, role, new_field, encrypted) VALUES ('sync-1', 'Tier__c', 'mapping', false, false);
INSERT INTO schemasync.sync_problem (sync_id, connection_id, target_id, field_id, problem, severity, since, ended_at)
VALUES ('sync-1', '$one', 'Account', 'Tier__c', 'field-missing', 'breaking', now(), NULL),
       ('sync-1', '$one', 'Account', 'Old__c', 'field-missing', 'breaking', now(), now());
INSERT INTO schemasync.changes (detected_at, run_id, connection_id, target_id, kind, field_id, attribute, rule, severity, severity_if_used,
                                acknowledged_at, acknowledged_by)
SELECT now(), run::uuid, ('00000000-0000-0000-0000-00000000000' || c)::uuid, t, k::schemasync.change_kind, f, a, r, s::schemasync.severity,
       s::schemasync.severity, CASE WHEN by IS NOT NULL THEN now() END, by
FROM (VALUES
  ('$run_a', 1, 'Account', 'field_removed', 'Tier__c', NULL, 'field-removed', 'breaking', NULL),
  ('$run_a', 1, 'Account', 'field_changed', E'x\\x1b[31m', 'type', 'field-type-changed', 'warning', NULL),
  ('$run_a', 1, 'Lead', 'field_changed', 'Email', 'type', 'field-type-changed', 'warning', NULL),
  ('$run_b', 1, 'Lead', 'field_added', 'Fax', NULL, 'field-added', 'info', NULL),
  ('$run_b', 2, 'contacts', 'field_added', 'fax', NULL, 'field-added', 'info', NULL),
  ('$run_b', 3, 'contacts', 'field_added', 'fax', NULL, 'field-added', 'info', NULL),
  ('$run_b', 1, 'Lead', 'field_changed', 'Name', 'name', 'field-name-changed', 'info', 'revert'),
  ('$run_b', 1, 'Lead', 'field_changed', 'Name', 'description', 'field-description-changed', 'info', 'ignore')) x (run, c, t, k, f, a, r, s, by);
END
open_ids() { sql -c "SELECT string_agg(id::text, ' ' ORDER BY id) FROM schemasync.changes WHERE acknowledged_at IS NULL"; }
acts() { sql -c "SELECT string_agg(concat_ws(' ', change_id, problem_id, action, by, db_user, note), '; ' ORDER BY id) FROM schemasync.acknowledgements"; }
undo() { sql -c "UPDATE schemasync.changes SET acknowledged_at = NULL, acknowledged_by = NULL, note = NULL WHERE acknowledged_by NOT IN ('revert', 'ignore')
                 ; TRUNCATE schemasync.acknowledgements"; }
same "to begin with" "$(open_ids)" "1 2 3 4 5 6"

# --- wrong usage
expect 64 "$s" ack
err "^schemasyncd ack: what\?"
expect 64 "$s" ack 1 x2
err "'x2' is no id"
for word in 1.5 p -- '' 1p 9999999999999999999 " 1"; do
    if [ "$word" = -- ]; then expect 64 "$s" ack --; else expect 64 "$s" ack -- "$word"; fi
done
expect 64 "$s" ack p1 --connection hubspot
err "by their ids alone"
for who in revert ignore ""; do
    expect 64 "$s" ack 1 --by "$who"
    err "the program's own"
    expect 64 "$s" unack 7 --by "$who"
done
expect 64 "$s" ack --run "1 OR true"
expect 64 "$s" ack --connection hubspt
err "did you mean 'hubspot'"
expect 64 "$s" ack --target Accont
err "did you mean 'Account'"
expect 64 "$s" ack --connection hubspot --target Account
expect 64 "$s" ack --rule field-remved
err "did you mean 'field-removed'"
expect 64 "$s" unack
expect 64 "$s" unack --connection hubspot
same "none of that did anything" "$(open_ids) $(acts)" "1 2 3 4 5 6 "

# --- the gate is shut by the problem and by the change; both must be acknowledged
expect 3 "$s" gate sync-1
out "problem p1: field-missing Tier__c"
out "change 1: field removed Tier__c"
expect 0 "$s" ack 1 --by lena --note "known"
out "^acknowledged: 1 salesforce-prod Account: field removed Tier__c$"
expect 3 "$s" gate sync-1
expect 0 "$s" ack p1 --by lena
out "^acknowledged: p1 salesforce-prod Account: field-missing Tier__c$"
expect 0 "$s" gate sync-1
same "the problem says so" "$(sql -c "SELECT acknowledged_at > now() - interval '1 min', acknowledged_by FROM schemasync.sync_problem WHERE number = 1")" "t|lena"
same "the problem stays, acknowledged" "$(sql -c "SELECT count(*) FROM schemasync.sync_problems WHERE acknowledged_at IS NOT NULL")" 1
same "the change too, by the database's clock" "$(sql -c "SELECT acknowledged_at BETWEEN now() - interval '1 min' AND clock_timestamp(), acknowledged_by, note FROM schemasync.changes WHERE id = 1")" "t|lena|known"
same "acts" "$(acts)" "1 ack lena postgres known; p1 ack lena postgres"
same "one time of it" "$(sql -c "SELECT a.at = x.acknowledged_at FROM schemasync.acknowledgements a JOIN schemasync.changes x ON x.id = a.change_id")" t
expect 0 "$s" ack 1 p1 --by max
out "^nothing to do: 1 .* \(acknowledged by lena\)$"
out "^nothing to do: p1 .* \(acknowledged by lena\)$"
same "once is enough" "$(acts)" "1 ack lena postgres known; p1 ack lena postgres"

# --- back again
expect 0 "$s" unack 1 p1 --by max --note "not so"
out "^open again: 1 "
out "^open again: p1 "
expect 3 "$s" gate sync-1
same "it is open" "$(sql -c "SELECT acknowledged_at, acknowledged_by, note FROM schemasync.changes WHERE id = 1")" "||not so"
same "all acts stay" "$(acts)" "1 ack lena postgres known; p1 ack lena postgres; 1 unack max postgres not so; p1 unack max postgres not so"
expect 0 "$s" unack 1
out "^nothing to do: 1 "
expect 1 "$s" unack 7 8 2
err "^schemasyncd unack: 7 .*: stays closed: .*\(revert\)$"
err "^schemasyncd unack: 8 .*\(ignore\)$"
out "^nothing to do: 2 "
same "they do" "$(sql -c "SELECT count(*) FROM schemasync.changes WHERE acknowledged_by IN ('revert', 'ignore')")" 2
undo

# --- what is unknown is said, and the rest is done
expect 1 "$s" ack 2 99 p77 2
err "^schemasyncd ack: 99: unknown$"
err "^schemasyncd ack: p77: unknown$"
same "told once" "$(grep -c '^acknowledged: 2 ' "$work/out")" 1
same "and done" "$(open_ids)" "1 3 4 5 6"
if grep -q "$(printf '\033')" "$work/out"; then fail "an escape sequence"; else pass; fi
expect 0 "$s" ack p2
out "^nothing to do: that problem is over: p2"
expect 1 "$s" unack 99
undo

# --- what options let through
expect 0 "$s" ack --run "$run_a"
same "--run" "$(open_ids)" "4 5 6"
undo
expect 0 "$s" ack --connection hubspot
same "--connection: the managed one of that name" "$(open_ids)" "1 2 3 4 6"
undo
expect 0 "$s" ack --target Lead
same "--target" "$(open_ids)" "1 2 5 6"
undo
expect 0 "$s" ack --rule field-type-changed --connection salesforce-prod --target Account
same "all at once" "$(open_ids)" "1 3 4 5 6"
expect 0 "$s" ack --rule field-type-changed --target Account
out "^nothing to do: no open change is like that$"
undo
expect 1 "$s" ack 1 4 --target Lead
err "^schemasyncd ack: 1 .* left as it is"
same "ids and options: what both name" "$(open_ids)" "1 2 3 5 6"
undo
sql -c "INSERT INTO schemasync.changes (detected_at, run_id, connection_id, target_id, kind) SELECT now(), gen_random_uuid(), '$two', 'contacts', 'target_changed' FROM generate_series(1, 3000)"
expect 0 "$s" ack --connection hubspot
same "many are counted" "$(wc -l <"$work/out")" 26
out "^... and 2976 more, 3001 in all$"
sql -c "DELETE FROM schemasync.changes WHERE kind = 'target_changed'"
undo

# --- who
expect 0 "$s" ack 3
same "by default who logged in" "$(sql -c "SELECT acknowledged_by FROM schemasync.changes WHERE id = 3")" "$(logname 2>/dev/null || id -un)"
undo

# --- for those who only have SQL: no right on any table
sql -c "CREATE ROLE ack_operator LOGIN" -c "CREATE ROLE ack_reader LOGIN" -c "CREATE ROLE revert LOGIN" \
    -c "GRANT USAGE ON SCHEMA schemasync TO ack_operator, ack_reader, revert" \
    -c "GRANT EXECUTE ON FUNCTION schemasync.acknowledge(bigint[], text), schemasync.acknowledge_problems(text[], text) TO ack_operator, revert"
expect 0 sql -U ack_operator -c "SELECT schemasync.acknowledge('{1,2,7,99}', 'by SQL'), schemasync.acknowledge_problems('{p1,p2}', NULL)"
same "how many were done" "$(cat "$work/out")" "2|1"
same "as whom the database knows them" "$(acts)" "1 ack ack_operator ack_operator by SQL; 2 ack ack_operator ack_operator by SQL; p1 ack ack_operator ack_operator"
expect 0 "$s" gate sync-1
for call in "acknowledge('{3}', 'x')" "acknowledge_problems('{p1}', 'x')" \
    "acknowledge_where('{3}', NULL, NULL, NULL, NULL, NULL, 'lena', NULL)" "unacknowledge('{1}', NULL, 'lena', NULL)"; do
    expect 1 sql -U ack_reader -c "SELECT * FROM schemasync.$call"
    err "permission denied for function"
done
expect 1 sql -U ack_operator -c "SELECT * FROM schemasync.unacknowledge('{1}', NULL, 'lena', NULL)"
expect 1 sql -U ack_operator -c "UPDATE schemasync.changes SET acknowledged_at = now()"
expect 3 sql -U revert -f - <<<"SELECT schemasync.acknowledge('{3}', 'x')"
err "the program's own word"
expect 0 sql -U ack_operator -c "SET search_path = pg_temp, public; CREATE TEMPORARY TABLE changes (id bigint); SELECT schemasync.acknowledge('{3}')"
same "a search_path of one's own changes nothing" "$(open_ids)" "4 5 6"
same "nothing is nothing" "$(sql -c "SELECT schemasync.acknowledge(NULL), schemasync.acknowledge('{}'), schemasync.acknowledge_problems(NULL)")" "0|0|0"
same "and stays so" "$(open_ids)" "4 5 6"
expect 0 sql -f sql/functions/62_acknowledge.sql # as after an upgrade: rights stay as they are
expect 0 sql -U ack_operator -c "SELECT schemasync.acknowledge('{4}', NULL)"
expect 1 sql -U ack_reader -c "SELECT schemasync.acknowledge('{5}', NULL)"

# --- the roles of sql/roles.sql: an operator needs no more, a reader may not
sql -f sql/roles.sql
sql -c "CREATE ROLE ack_member LOGIN IN ROLE schemasync_operator" -c "CREATE ROLE ack_looker LOGIN IN ROLE schemasync_reader"
expect 0 "$s" --database "dbname=$PGDATABASE user=ack_member" ack 6 --by lena
same "who, and as whom" "$(sql -c "SELECT by, db_user FROM schemasync.acknowledgements WHERE change_id = 6")" "lena|ack_member"
expect 0 "$s" --database "dbname=$PGDATABASE user=ack_member" unack 6
expect 0 "$s" --database "dbname=$PGDATABASE user=ack_member" ack --run "$run_b" --target contacts
expect 1 sql -U ack_member -c "DELETE FROM schemasync.acknowledgements"
expect 77 "$s" --database "dbname=$PGDATABASE user=ack_looker" ack 6
expect 0 "$s" --database "dbname=$PGDATABASE user=ack_looker" drift

# --- the command with rights that do not suffice; out of reach
expect 77 "$s" --database "user=ack_reader" ack 5
expect 69 "$s" --database "host=$work" ack 5
expect 69 "$s" --database "host=$work" unack 5

expect_done
