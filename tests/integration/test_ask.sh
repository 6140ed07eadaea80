#!/usr/bin/env bash
# Since when is it so: history, and fields --as-of.
. "$(dirname "$0")/../support/expect.sh"
. "$(dirname "$0")/../support/simulator.sh"

s=$SCHEMASYNCD
start_simulator
new_database ask
configure 'connections:
  - {name: salesforce-prod, id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [Account, Lead]}
  - {name: facebook-ads, id: 5f2d0c1e-7a77-4a52-9a3c-2f6d0c9be001, targets: [{new: {account: act_1234567}, label: later}]}'
json() { sql -v "document=$(cat "$work/out")" -v "path=$1" <<<"SELECT jsonb_path_query_array(:'document'::jsonb, :'path')"; }

# --- a first look, then changes
control edit '[{"op": "field_set", "connection": "salesforce-prod", "target": "Account", "field": "Phone",
                "set": {"description": "a \"quoted\"\nline \u001b[31m", "news": {"a": 1}}, "cached": true}]'
expect 0 "$s" pull
first=$(sql -c "SELECT to_char(first_seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM schemasync.targets WHERE target_id = 'Account'")
control edit '[
  {"op": "field_set", "connection": "salesforce-prod", "target": "Account", "field": "Phone", "set": {"type": "number", "news": {"a": 2}}},
  {"op": "field_add", "connection": "salesforce-prod", "target": "Account", "value": {"id": "Rating__c", "name": "Rating", "type": "string"}},
  {"op": "field_remove", "connection": "salesforce-prod", "target": "Account", "field": "Website"},
  {"op": "target_set", "connection": "salesforce-prod", "target": "Account", "set": {"name": "Firms"}},
  {"op": "property_set", "connection": "salesforce-prod", "target": "Account", "set": {"supports_field_creation": true}},
  {"op": "mode_set", "connection": "salesforce-prod", "target": "Account", "mode": "update", "set": {"label": "Renew"}}]'
expect 3 "$s" pull --exit-code
id_of() { sql -c "SELECT max(id) FROM schemasync.changes WHERE $1"; }
phone=$(id_of "field_id = 'Phone' AND attribute = 'type'") rating=$(id_of "field_id = 'Rating__c'")
website=$(id_of "field_id = 'Website'") name=$(id_of "attribute = 'name'") update=$(id_of "attribute = 'update.label'")
same "all of them were changes" "$phone$rating$website$name$update" "$(echo "$phone$rating$website$name$update" | grep -E '^[0-9]{5,}$')"

# --- one field
expect 0 "$s" history salesforce-prod Account Phone
out "^type +\"number\" +20..-..-..T..:..:..Z +change $phone$"
out '^required +(false|null) +20..-..-..T..:..:..Z +first look$'
out '^first look: already so at the first look: it may be older$'
out '^extra\.news +\{"a": 2\} .* change [0-9]+$'
out '^description +"a \\"quoted\\"\\nline \\u001b\[31m" '
out '^[0-9]+ attributes; present, seen '
same "each attribute once" "$(grep -cE '^(name|type|source_type|required|createable|updateable|filterable|association|encryptable|supports_identity|identity_functions|description) ' "$work/out")" 12
expect 0 "$s" history salesforce-prod Account Phone --attribute type
same "one attribute" "$(grep -c change "$work/out")" 1
out '^1 attribute; '
expect 0 "$s" history salesforce-prod Account Rating__c --attribute 'n*' # a glob
out "^name +\"Rating\" .* change $rating$"
no_out '^type'

# --- a time that is shown can be asked for
since=$(sed -nE 's/^name .*(20..-..-..T..:..:..Z) .*/\1/p' "$work/out")
expect 0 "$s" fields salesforce-prod Account --as-of "$(date -u -d "$since + 1 second" +%FT%TZ)"
out ' Rating__c '
no_out ' Website '

# --- the target itself comes first, then its fields in their order
expect 0 "$s" history salesforce-prod Account
out "^ +name +\"Firms\" .* change $name$"
out "^ +properties\.supports_field_creation +true .* change [0-9]+$"
out "^ +modes\.update +\{.*\"label\": \"Renew\".* change $update$"
out "^ +modes\.create +\{.* first look$"
out "^Id +name "
same "the target's own before the fields" "$(awk 'NR > 1 && /^[^ ]/ {seen = 1} NR > 1 && /^ / && seen {late = 1} END {print late + 0}' "$work/out")" 0
expect 0 "$s" history salesforce-prod Account --attribute 'modes.update' --format json
same "whole values" "$(json '$[*].value.label')" '["Renew"]'
same "of the target itself" "$(json '$[*].field_id')" '[null]'

# --- for programs
expect 0 "$s" history salesforce-prod Account Phone --format json
same "exact" "$(json '$[*] ? (@.attribute == "type").since_is_exact')" '[true]'
same "the change" "$(json '$[*] ? (@.attribute == "type").change_id')" "[$phone]"
same "the value" "$(json '$[*] ? (@.attribute == "type").value')" '["number"]'
same "not exact" "$(json '$[*] ? (@.attribute == "name").since_is_exact')" '[false]'
same "since the first look" "$(json '$[*] ? (@.attribute == "name").since')" "[\"$first\"]"
same "no change" "$(json '$[*] ? (@.attribute == "name").change_id')" '[null]'
same "between when and when" "$(json '$[*] ? (@.attribute == "type" && @.previous_seen_at < @.since).change_id')" "[$phone]"
expect 0 "$s" history salesforce-prod Account Phone --format csv
same "headings" "$(head -n 1 "$work/out")" "$(printf 'connection,connection_id,target_id,field_id,attribute,value,since,since_is_exact,change_id,previous_seen_at\r')"
out '^salesforce-prod,248df4b7-.*,Account,Phone,type,"""number""",20.*,true,'

# --- what is not there
expect 64 "$s" history salesforce-prod Account Phon
err "unknown field 'Phon': did you mean 'Phone'"
expect 64 "$s" history salesforce-prod Account Phone --attribute typ
err "unknown attribute 'typ': did you mean 'type'"
expect 64 "$s" history salesforce-prod Acount
err "did you mean 'Account'"
expect 64 "$s" history salesforce-prd Account
err "did you mean 'salesforce-prod'"
expect 64 "$s" history salesforce-prod
expect 64 "$s" history salesforce-prod Account Phone more
expect 64 "$s" history salesforce-prod Account --format xml
expect 0 "$s" history salesforce-prod Account Website
out '^that field is not there any more: it was removed 20.*as-of'
expect 0 "$s" history salesforce-prod Account Website --format json
same "none now" "$(cat "$work/out")" "[]"
expect 0 "$s" history facebook-ads new:later --attribute name
out '^ +name .* first look$'

# --- a name that another connection had before
sql -c "INSERT INTO schemasync.connections (id, name, managed) VALUES ('00000000-0000-0000-0000-000000000009', 'salesforce-prod', false)" \
    -c "INSERT INTO schemasync.target_state (key, connection_id, target_id, origin, state, first_seen_at) OVERRIDING SYSTEM VALUE
        VALUES (1000, '00000000-0000-0000-0000-000000000009', 'Account', 'listed', 'present', now())" \
    -c "INSERT INTO schemasync.field_version (target_key, ordinal_position, field_id, type) VALUES (1000, 1, 'Phone', 'other')"
expect 0 "$s" history salesforce-prod Account Phone --attribute type
no_out other

# --- what a change does not explain
sql -c "UPDATE schemasync.changes SET detected_at = detected_at - interval '1 s' WHERE id = $phone"
expect 0 "$s" history salesforce-prod Account Phone --attribute type
out 'noted$'
out '^noted: taken in then without a change'
no_out '^first look'

# --- as it was
expect 0 "$s" fields salesforce-prod Account --as-of "$first"
out ' Phone .* phone '
out ' Website '
no_out ' Rating__c '
out "^[0-9]+ fields then; $first\$"
expect 0 "$s" fields salesforce-prod Account --as-of "$first" --format json
same "as many as there were" "$(json '$.size()')" "[$(sql -c "SELECT count(*) FROM schemasync.field_versions WHERE target_id = 'Account' AND valid_from = '$first'")]"
expect 0 "$s" fields salesforce-prod Account --as-of 2001-01-01
out "^0 fields then; the first look was later: $first\$"
expect 0 "$s" fields salesforce-prod Account --as-of 2101-01-01
out 'that time has yet to come'
sql -c "UPDATE schemasync.horizon SET versions_since = now() - interval '1 d'"
expect 64 "$s" fields salesforce-prod Account --as-of 48h
err 'was deleted \(retention.versions\): Ask for a later time'
expect 0 "$s" fields salesforce-prod Account --as-of 1h

# --- who only reads
sql -f sql/roles.sql >/dev/null -c "CREATE ROLE ask_reader LOGIN IN ROLE schemasync_reader"
expect 0 "$s" --database "dbname=$PGDATABASE user=ask_reader" history salesforce-prod Account Phone
expect 69 "$s" --database "host=$work" history salesforce-prod Account

expect_done
