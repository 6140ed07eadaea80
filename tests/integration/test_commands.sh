#!/usr/bin/env bash
# status, drift, fields and accept on a mirror that is written by hand; the command line itself.
. "$(dirname "$0")/../support/expect.sh"

s=$SCHEMASYNCD
new_database commands

# --- the command line
expect 64 "$s"
err "a command is missing"
expect 64 "$s" statsu
err "did you mean 'status'"
expect 64 "$s" --confg x status
err "did you mean '--config'"
expect 64 "$s" --log-level loud status
err "debug"
expect 64 "$s" status --jsno
err "did you mean '--json'"
expect 64 "$s" status --database x
err "stand before the command"
expect 64 "$s" status more
expect 64 "$s" drift --since yesterday
expect 64 "$s" drift --severity bad
expect 64 "$s" drift --format xml
expect 64 "$s" fields one
expect 64 "$s" fields one two three
expect 64 "$s" fields one two --as-of never
expect 64 "$s" accept
expect 0 "$s" --version
out "^schemasyncd $(cat VERSION) "
expect 0 "$s" --help
for command in migrate status drift fields accept; do
    out "^  $command "
done
for command in migrate status drift fields accept; do
    expect 0 "$s" "$command" --help
    out "^usage: schemasyncd .*$command"
    out "^Example:"
done
cp "$work/out" "$work/help"
for target in "$work/help" /dev/full; do
    "$s" --help >"$target" 2>"$work/err"
    same "help to $target" $? "$([ "$target" = /dev/full ] && echo 1 || echo 0)"
done
err "cannot write to standard output"

# --- nothing mirrored yet
expect 0 "$s" migrate
expect 0 "$s" status
out "Nothing is mirrored yet"
expect 0 "$s" drift
out "^no open changes$"
expect 0 "$s" drift --format json
same "no rows in JSON" "$(cat "$work/out")" "[]"
expect 0 "$s" drift --format csv
same "no rows in CSV" "$(wc -l <"$work/out")" 1
expect 64 "$s" drift --connection x
expect 64 "$s" fields x y
expect 64 "$s" accept x

# --- a mirror
sql <<'END'
INSERT INTO schemasync.connections (id, name, type, status, managed, last_run_at, last_success_at, next_due_at, consecutive_failures, last_error)
VALUES ('00000000-0000-0000-0000-000000000001', 'salesforce-prod', 'salesforce', 'healthy', true, now() - interval '200 s',
        now() - interval '200 s', now() + interval '100 h', 0, NULL),
       ('00000000-0000-0000-0000-000000000002', 'facebook-ads', 'facebook', 'healthy', true, now(), NULL, now(), 4,
        E'GET /api: 503: \x1b[31mred\nsecond line'),
       ('00000000-0000-0000-0000-000000000003', 'former', NULL, NULL, false, NULL, NULL, NULL, 0, NULL),
       ('00000000-0000-0000-0000-000000000004', 'facebook-ads', NULL, NULL, false, NULL, NULL, NULL, 0, NULL);
INSERT INTO schemasync.target_state (key, connection_id, target_id, origin, state, managed, field_count, first_seen_at, last_seen_at,
                                     schedule_interval, held_since, held_gone, held_fields, removed_at, next_due_at)
SELECT k, ('00000000-0000-0000-0000-00000000000' || c)::uuid, t, o::schemasync.target_origin, s::schemasync.target_state_name, m, n,
       now() - interval '3 d', now() - seen::interval, '1 h', now() - held::interval, gone, fields::text[], now() - removed::interval, NULL
FROM (VALUES
  (1, 1, 'Account', 'listed', 'present', true, 2, '200 s', NULL, false, NULL, NULL),
  (2, 1, 'Contact', 'listed', 'suspect', true, 20, '200 s', '5 h', false, '{a,b,c}', NULL),
  (3, 1, 'It''s gone', 'listed', 'suspect', true, 20, '200 s', '5 h', true, NULL, NULL),
  (4, 1, 'Lead', 'listed', 'missing', true, 0, '200 s', NULL, false, NULL, '1 d'),
  (5, 1, 'Old', 'listed', 'present', false, 3, '20 d', NULL, false, NULL, NULL),
  (6, 1, 'Slow', 'listed', 'present', true, 3, '5 h', NULL, false, NULL, NULL),
  (7, 2, 'new:audience', 'new', 'pending', true, NULL, NULL, NULL, false, NULL, NULL),
  (8, 3, 'Account', 'listed', 'suspect', true, 5, '9 d', '9 d', true, NULL, NULL)) x (k, c, t, o, s, m, n, seen, held, gone, fields, removed);
INSERT INTO schemasync.target_version (target_key, name, valid_from, valid_to)
VALUES (1, 'Accounts', now() - interval '3 d', 'infinity'), (4, 'Leads', now() - interval '3 d', now() - interval '1 d');
UPDATE schemasync.target_version v SET valid_to = t.removed_at FROM schemasync.target_state t WHERE t.key = 4 AND v.target_key = 4;
INSERT INTO schemasync.field_version (target_key, ordinal_position, field_id, name, type, source_type, required, createable,
                                      valid_from, valid_to, identity_functions, description)
VALUES (1, 1, 'Id', 'Account id', 'string', 'varchar(18)', true, false, now() - interval '3 d', 'infinity', '[{"id": "Equality"}]',
        E'a "quoted", text\nwith \x1b[31m'),
       (1, 2, 'Name', 'Name', 'string', 'varchar(80)', false, true, now() - interval '36 h', 'infinity', NULL, NULL),
       (1, 2, 'Name', 'Name', 'number', 'int', false, true, now() - interval '3 d', now() - interval '36 h', NULL, NULL),
       (4, 1, 'Email', 'Email', 'email', 'varchar(80)', false, true, now() - interval '3 d', now() - interval '1 d', NULL, NULL);
INSERT INTO schemasync.changes (detected_at, run_id, connection_id, target_id, kind, field_id, attribute, old_value, new_value,
                                severity, acknowledged_at, acknowledged_by)
SELECT now() - at::interval, '00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000001', t,
       k::schemasync.change_kind, f, a, o::jsonb, n::jsonb, s::schemasync.severity, CASE WHEN by IS NOT NULL THEN now() END, by
FROM (VALUES
  ('3 d', 'Account', 'field_removed', 'Fax', NULL, '{"id": "Fax", "type": "phone"}', NULL, 'breaking', 'revert'),
  ('36 h', 'Account', 'field_changed', 'Name', 'type', '"number"', '"string"', NULL, NULL),
  ('24 h', 'Account', 'field_added', 'Rating__c', NULL, NULL, '{"id": "Rating__c", "type": "picklist"}', 'info', NULL),
  ('20 h', 'Account', 'mode_changed', NULL, 'update.label', 'null', '"\u001b[31m"', 'warning', NULL),
  ('1 h', 'Lead', 'target_removed', NULL, NULL, NULL, NULL, 'breaking', NULL)) x (at, t, k, f, a, o, n, s, by);
END

# --- status
esc=$(printf '\033')
expect 0 "$s" status
out "^salesforce-prod +ok +5 +45 +4 +3m ago +in 4d +0$"
out "^facebook-ads +failing .* GET /api: 503: \?\[31mred second line$"
out "^salesforce-prod +Account +present +2 +3m ago"
out "^salesforce-prod +Slow +present \(stale\) "
out "^salesforce-prod +Lead +missing "
out "^facebook-ads +new:audience +pending "
no_out "^former|Old"
no_out "$esc"
out "^2 connections, 6 targets: 1 pending, 2 present, 2 suspect, 1 missing; 4 open changes"
out "^not managed any more, kept: 2 connections, 2 targets"
out "^Held back: salesforce-prod Contact: 3 fields would be removed, first seen so 5h ago"
out "schemasyncd accept salesforce-prod Contact$"
out "schemasyncd accept salesforce-prod 'It'\\\\''s gone'$"
no_out "accept former"
expect 0 "$s" status --json
no_out "$esc"
json() { sql -v ON_ERROR_STOP=1 -v "document=$(cat "$work/out")" -v "path=$1" <<<"SELECT jsonb_path_query_array(:'document'::jsonb, :'path')"; }
same "connections" "$(json '$.connections[*].name')" '["facebook-ads", "salesforce-prod", "facebook-ads", "former"]'
same "targets" "$(json '$.targets[*] ? (@.managed == true).target_id')" \
    '["new:audience", "Account", "Contact", "It'"'"'s gone", "Lead", "Slow"]'
same "verdicts" "$(json '$.targets[*] ? (@.target_id == "Slow" || @.target_id == "Old").verdict')" '["stale", null]'
contact='$.targets[*] ? (@.target_id == "Contact")'
same "numbers" "$(json "$contact.held_field_count")" '[3]'
same "booleans" "$(json "$contact.held_gone")" '[false]'
same "nulls" "$(json "$contact.accepted_at")" '[null]'
same "exact times" "$(json '$.connections[0].last_run_at like_regex "^20..-..-..T..:..:..([.]......)?Z$"')" '[true]'
same "text" "$(json '$.connections[0].last_error')" '["GET /api: 503: \u001b[31mred\nsecond line"]'

# --- drift
expect 0 "$s" drift
same "newest first, open ones" "$(awk 'NR > 1 {print $1}' "$work/out" | tr '\n' ' ')" "5 4 3 2 "
out '^ 2 +36h ago +salesforce-prod +Account +field changed +Name.type +"number" → "string"$'
out '^ 3 .* info .* field added +Rating__c +picklist$'
out '^ 4 .* mode changed +update.label +null → "\\u001b\[31m"$'
out '^ 5 +60m ago +breaking +salesforce-prod +Lead +target removed$'
ids() { awk 'NR > 1 {print $1}' "$work/out" | tr '\n' ' '; }
expect 0 "$s" drift --all
same "--all" "$(ids)" "5 4 3 2 1 "
out '^ 1 .* field removed +Fax +phone +revert$'
expect 0 "$s" drift --all --severity warning
same "--severity" "$(ids)" "5 4 1 "
expect 0 "$s" drift --severity breaking
same "--severity breaking" "$(ids)" "5 "
expect 0 "$s" drift --since 23h
same "--since" "$(ids)" "5 4 "
expect 0 "$s" drift --since "$(sql -c "SELECT to_char((now() - interval '25 h') AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SSZ')")"
same "--since a time" "$(ids)" "5 4 3 "
expect 0 "$s" drift --connection salesforce-prod --target Account --all
same "--target" "$(ids)" "4 3 2 1 "
expect 0 "$s" drift --connection facebook-ads
out "^no open changes$"
expect 64 "$s" drift --connection salesforce-prd
err "unknown connection 'salesforce-prd': did you mean 'salesforce-prod'"
expect 64 "$s" drift --connection former
err "unknown connection 'former'; there is facebook-ads, salesforce-prod$"
expect 64 "$s" drift --target Acount
err "did you mean 'Account'"
expect 64 "$s" drift --connection facebook-ads --target Account
err "unknown target"
expect 0 "$s" drift --all --format json
same "whole values" "$(json '$[4].old_value')" '[{"id": "Fax", "type": "phone"}]'
same "ids" "$(json '$[*].id')" '[5, 4, 3, 2, 1]'
same "not judged" "$(json '$[3].severity')" '[null]'
expect 0 "$s" drift --format csv --target Lead
same "lines end with CR LF" "$(grep -c "$(printf '\r')\$" "$work/out")" 2
sql -c "INSERT INTO schemasync.changes (detected_at, run_id, connection_id, target_id, kind)
        SELECT now(), gen_random_uuid(), '00000000-0000-0000-0000-000000000002', 'new:audience', 'target_changed' FROM generate_series(1, 10000)"
for format in csv json table; do
    expect 0 "$s" drift --format $format --connection facebook-ads
    same "more than a page as $format" "$(wc -l <"$work/out")" $([ $format = json ] && echo 10000 || echo 10001)
done
sql -c "DELETE FROM schemasync.changes WHERE target_id = 'new:audience'"

# --- fields
expect 0 "$s" fields salesforce-prod Account
out '^ 1 +Id +Account id +string +varchar\(18\) +required +3d ago$'
out '^ 2 +Name +Name +string +varchar\(80\) +create +36h ago$'
out '^2 fields; present, seen 3m ago$'
expect 0 "$s" fields salesforce-prod Account --as-of 48h
out '^ 2 +Name +Name +number +int +create '
expect 0 "$s" fields salesforce-prod Account --as-of 4d
out '^0 fields then; the first look was later: '
expect 0 "$s" fields salesforce-prod Account --as-of 2000-01-01 --format json
same "none then" "$(cat "$work/out")" "[]"
expect 0 "$s" fields salesforce-prod Account --format json
no_out "$esc"
same "as they came" "$(json '$[0].identity_functions')" '[[{"id": "Equality"}]]'
same "description" "$(json '$[0].description')" '["a \"quoted\", text\nwith \u001b[31m"]'
same "booleans" "$(json '$[0].required')$(json '$[0].createable')$(json '$[0].filterable')" '[true][false][null]'
expect 0 "$s" fields salesforce-prod Account --format csv
out '"a ""quoted"", text'
out "^with $esc\[31m\","
expect 0 "$s" fields salesforce-prod Lead
out '^0 fields; missing, .* removed .*--as-of'
expect 0 "$s" fields salesforce-prod Lead --as-of 30h
out '^ 1 +Email '
expect 0 "$s" fields salesforce-prod Old
out 'not managed any more'
expect 0 "$s" fields facebook-ads new:audience
out '^0 fields; pending$'
expect 64 "$s" fields salesforce-prod Acount
err "did you mean 'Account'"
sql -c "UPDATE schemasync.horizon SET versions_since = now() - interval '1 d'"
expect 64 "$s" fields salesforce-prod Account --as-of 48h
err "was deleted"
expect 0 "$s" fields salesforce-prod Account --as-of 12h

# --- on a terminal: its width, no escape sequences but ours, none with NO_COLOR
on_terminal() { # COLUMNS COMMAND
    script -qec "stty cols $1; $2" /dev/null >"$work/out" 2>"$work/err" </dev/null
    tr -d '\r' <"$work/out" >"$work/screen"
    mv "$work/screen" "$work/out"
}
export TERM=xterm
for columns in 60 80 120; do
    NO_COLOR=1 on_terminal $columns "'$s' drift --all; '$s' fields salesforce-prod Account"
    no_out "$esc"
    same "within $columns columns" "$(LC_ALL=C.UTF-8 grep -E "^.{$((columns + 1)),}" "$work/out")" ""
    out "^ *ID"
done
NO_COLOR=1 on_terminal 60 "'$s' drift --all"
out "…"
on_terminal 120 "'$s' status"
out "$esc\[31mfailing$esc\[0m"
no_out "$esc\[31mred"
NO_COLOR=1 on_terminal 80 "'$s' fields salesforce-prod Account --format csv"
no_out "$esc"

# --- accept
expect 0 "$s" accept facebook-ads
out "^Nothing is held back there"
expect 0 "$s" accept salesforce-prod Account
out "^Nothing is held back there"
expect 64 "$s" accept former
expect 64 "$s" accept salesforce-prod Contct
err "did you mean 'Contact'"
same "nothing accepted yet" "$(sql -c "SELECT count(*) FROM schemasync.target_state WHERE accepted_at IS NOT NULL")" 0
expect 0 "$s" accept salesforce-prod Contact
out "^accepted: Contact loses 3 fields$"
out "^The next run applies"
same "accepted" "$(sql -c "SELECT target_id FROM schemasync.target_state WHERE accepted_at IS NOT NULL")" Contact
same "and due" "$(sql -c "SELECT count(*) FROM schemasync.connections WHERE next_due_at <= clock_timestamp() AND name = 'salesforce-prod'")" 1
expect 0 "$s" status
out "Accepted (now|[0-9]+s ago): the next good answer is applied"
expect 0 "$s" accept salesforce-prod
out "^accepted: It's gone is gone$"
same "all of the connection" "$(sql -c "SELECT count(*) FROM schemasync.target_state WHERE accepted_at IS NOT NULL")" 2

# --- a role that may only read
sql -f sql/roles.sql
sql -c "CREATE ROLE commands_reader LOGIN IN ROLE schemasync_reader"
for command in status "status --json" "drift --all" "fields salesforce-prod Account" "fields salesforce-prod Account --as-of 1h"; do
    # shellcheck disable=SC2086 # words
    expect 0 "$s" --database "user=commands_reader" $command
done
expect 77 "$s" --database "user=commands_reader" accept salesforce-prod
expect 69 "$s" --database "host=$work" status

expect_done
