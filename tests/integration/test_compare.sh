#!/usr/bin/env bash
# compare: two connections, two targets; what is only in one, attributes that differ; equality; exit codes.
. "$(dirname "$0")/../support/expect.sh"
. "$(dirname "$0")/../support/simulator.sh"

s=$SCHEMASYNCD
start_simulator
new_database compare
prod=248df4b7-aa70-47b8-a036-33ac447e668d sandbox=d41c2b3a-6f5e-4d8c-b7a9-0e1f2a3b4c5d
json() { sql -v "document=$(cat "$work/out")" -v "path=$1" <<<"SELECT jsonb_path_query_array(:'document'::jsonb, :'path')"; }
# The connection of a data file again, under another id and name: two that are the same until one is edited.
twin() { sed "s/\"id\": \"$prod\"/\"id\": \"$1\"/; s/\"name\": \"salesforce-prod\"/\"name\": \"$2\"/" tests/simulator/data/salesforce-prod.json; }
one=00000000-0000-4000-8000-0000000000a1
control edit "{\"op\": \"connection_add\", \"value\": $(twin $one twin)}"
configure "schedule: {refresh: never}
connections:
  - {name: prod, id: $prod, targets: [Account, Contact, Lead, Campaign]}
  - {name: prod-twin, id: $one, targets: [Account, Contact, Lead, Campaign, User]}
  - {name: sandbox, id: $sandbox, targets: [Account, Contact]}
  - {name: later, id: 9f0b6c1d-5d1e-4b7a-8a6f-3c2d1e4f5a60, targets: [contacts]}"
expect 0 "$s" pull --connection prod --connection prod-twin --connection sandbox
sql -c "INSERT INTO schemasync.target_state (connection_id, target_id, origin, managed) VALUES ('$one', 'Was', 'listed', false)"

# --- the same but for one target that only one has
expect 0 "$s" compare prod prod-twin
out '^TARGET +WHAT +PROD +PROD-TWIN$'
out '^User +the target +lacking +there$'
out '^1 difference; of 4 targets that both have 0 differ$'
expect 3 "$s" compare prod prod-twin --exit-code
expect 0 "$s" compare prod prod --exit-code
out '^no differences in 4 targets$'
expect 0 "$s" compare prod:Account prod-twin:Account --exit-code
out '^no differences in 1 target$'
expect 0 "$s" compare prod:Account prod-twin --exit-code # of the other the same
out '^no differences in 1 target$'
expect 3 "$s" compare prod-twin:User prod --exit-code
out '^User +the target +there +lacking$'

# --- what is equal though it is not the same bytes
edit() { control edit "[$(printf '%s' "$1" | sed "s/{\"op\"/{\"connection\": \"twin\", \"cached\": true, \"op\"/g")]"; }
twin_account="(SELECT key FROM schemasync.target_state WHERE connection_id = '$one' AND target_id = 'Account')"
sql -c "UPDATE schemasync.field_version SET association = NULL, description = NULL, required = NULL, identity_functions = NULL,
          extra = '{\"news\": false, \"more\": []}', ordinal_position = 99 WHERE field_id = 'Phone' AND target_key = $twin_account" \
    -c "UPDATE schemasync.target_version SET properties = properties - 'target_creator' || '{\"other\": \"\"}',
          modes = (SELECT jsonb_agg(m ORDER BY m ->> 'mode' DESC) FROM jsonb_array_elements(modes) m) WHERE target_key = $twin_account"
expect 0 "$s" compare prod prod-twin:Account --exit-code
out '^no differences in 1 target$'

# --- what differs
edit '{"op": "field_set", "target": "Account", "field": "Phone", "set": {"type": "number", "description": "new \u001b[31m", "encryptable": true}},
      {"op": "field_add", "target": "Account", "value": {"id": "Rating__c", "type": "picklist"}},
      {"op": "field_remove", "target": "Account", "field": "Website"},
      {"op": "fields_set_all", "target": "Contact", "set": {"novel": 1}},
      {"op": "target_set", "target": "Account", "set": {"name": "Firms"}},
      {"op": "property_set", "target": "Account", "set": {"supports_field_creation": true, "novel": "x"}},
      {"op": "mode_set", "target": "Account", "mode": "update", "set": {"label": "Renew"}},
      {"op": "mode_remove", "target": "Account", "mode": "remove"},
      {"op": "mode_add", "target": "Account", "value": {"mode": "append"}}'
expect 0 "$s" pull --connection prod-twin
expect 3 "$s" compare prod:Account prod-twin:Account --exit-code
out '^Account +name +"Account" +"Firms"$'
out '^Account +properties\.supports_field_creation +false +true$'
out '^Account +properties\.novel +null +"x"$'
out '^Account +mode update\.label +"Update" +"Renew"$'
out '^Account +mode remove +there +lacking$'
out '^Account +mode append +lacking +there$'
out '^Account +Phone\.type +"string" +"number"$'
out '^Account +Rating__c +lacking +there$'
out '^Account +Website +there +lacking$'
no_out ordinal_position
no_out "$(printf '\033')"
expect 0 "$s" compare prod-twin:Account prod:Account
out '^Account +Rating__c +there +lacking$'
out '^Account +Phone\.type +"number" +"string"$'

# --- an unknown member that all fields of one have: no change there, but a difference
expect 3 "$s" compare prod:Contact prod-twin:Contact --exit-code
out '^Contact +Email\.extra\.novel +null +1$'
same "no change" "$(sql -c "SELECT count(*) FROM schemasync.changes WHERE attribute = 'extra.novel'")" 0
expect 0 "$s" compare prod:Contact prod-twin:Contact --exit-code --ignore 'extra.*'
expect 0 "$s" compare prod:Account prod-twin:Account --ignore type --ignore 'properties.*' --ignore update.label --ignore name
no_out 'Phone\.type|properties|label|name'
out 'Phone\.description'

# --- for programs
expect 0 "$s" compare prod prod-twin --format json
same "an attribute" "$(json '$[*] ? (@.attribute == "type" && @.field_id == "Phone")')" \
    '[{"about": "field", "field_id": "Phone", "attribute": "type", "difference": "different", "first_value": "string", "second_value": "number", "first_target_id": "Account", "first_connection": "prod", "second_target_id": "Account", "second_connection": "prod-twin"}]'
same "a field, whole" "$(json '$[*] ? (@.field_id == "Rating__c").second_value.type')" '["picklist"]'
same "a target" "$(json '$[*] ? (@.about == "target" && @.attribute == null).second_target_id')" '["User"]'
same "a mode" "$(json '$[*] ? (@.about == "mode").difference')" '["only_second", "only_first", "different"]'
same "hostile text" "$(json '$[*] ? (@.attribute == "description" && @.field_id == "Phone").second_value')" '["new \u001b[31m"]'
expect 0 "$s" compare prod prod --format json
same "none" "$(cat "$work/out")" "[]"
expect 0 "$s" compare prod prod-twin --format csv
out '^prod,Account,prod-twin,Account,only_second,field,Rating__c,,,'

# --- two targets that are called differently; of one connection
expect 3 "$s" compare prod:Account prod:Lead --exit-code
out '^TARGET +WHAT +PROD:ACCOUNT +PROD:LEAD$'
out '^Account +name +"Account" +"Lead"$'
expect 3 "$s" compare sandbox prod --exit-code
out '^Lead +the target +lacking +there$'

# --- never seen: not known; gone: as good as not there
expect 0 "$s" compare later:contacts prod:Contact
out '^contacts +the target +\? +\?$'
out '1 could not be compared: never seen$'
expect 75 "$s" compare later:contacts prod:Contact --exit-code
expect 3 "$s" compare later prod --exit-code
sql -c "UPDATE schemasync.target_state SET removed_at = now(), state = 'missing' WHERE target_id = 'Lead' AND connection_id = '$one'"
expect 0 "$s" compare prod prod-twin
out '^Lead +the target +there +lacking$'
no_out '^Was '

# --- names
expect 64 "$s" compare prod
expect 64 "$s" compare prod prod prod
expect 64 "$s" compare prod prd
err "did you mean 'prod'"
expect 64 "$s" compare prod:Acount prod
err "unknown target 'Acount': did you mean 'Account'"
expect 64 "$s" compare prod prod --format xml
sql -c "UPDATE schemasync.target_state SET target_id = 'a:b:c' WHERE target_id = 'Campaign'"
expect 0 "$s" compare prod:a:b:c prod-twin:a:b:c --exit-code
sql -c "UPDATE schemasync.connections SET name = 'prod:a' WHERE name = 'sandbox'"
expect 64 "$s" compare prod:a:b:c prod # the longest name counts
err "unknown target 'b:c'"

expect_done
