# Part of selftest.sh: edits, settings, log, counts, truth, drift, reset. Sourced.

# op OP [TARGET] MEMBERS: an edit of salesforce-prod, also of its cache.
op() {
    edit "{\"op\":\"$1\",\"connection\":\"salesforce-prod\",\"target\":\"$2\",\"cached\":true$3}"
    api "/connections/$SF/$FIELDS?target=$2"
}

# Edits reach the cache with a refresh
edit '{"op":"field_set","connection":"salesforce-prod","target":"Lead","field":"Email","set":{"required":true,"zeta":[1]}}'
api "/connections/$SF/$FIELDS?target=Lead"
lacks 'not before a refresh' zeta
refresh "$SF"
api "/connections/$SF/$FIELDS?target=Lead"
has 'after a refresh' '"id":"Email".*"required":true.*"zeta":\[1\]'
edit "{\"op\":\"field_remove\",\"connection\":\"$SF\",\"target\":\"Lead\",\"field\":\"Utm*\"}"
api "/connections/$SF/$FIELDS?target=Lead&refresh=true"
lacks 'refresh=true refreshes one target' Utm_Campaign__c

edit '{"op":"field_remove","connection":"salesforce-prod","target":"Lead","field":"Score__c","cached":"only"}'
api "/connections/$SF/$FIELDS?target=Lead"
lacks 'only in the cache' Score__c
api "/connections/$SF/$FIELDS?target=Lead&refresh=true"
has 'still upstream' Score__c

# Every op
op field_set Account ',"field":["Phone","Website"],"set":{"type":null},"unset":["source_type"]'
has 'field_set' '"id":"Phone","name":"Account Phone","description":"","type":null,"required"'
op field_add Account ',"position":0,"value":{"id":"New__c","name":"New"}'
has field_add '"fields":\[\{"id":"New__c"'
op field_move Account ',"field":"New__c","position":1'
has field_move '"fields":\[\{"id":"Id".*\},\{"id":"New__c"'
op field_remove Account ',"field":1'
lacks field_remove New__c
op fields_set_all Account ',"set":{"vendor_flag":true}'
is fields_set_all "$(printf '%s' "$out" | grep -o '"vendor_flag":true' | wc -l)" 31
op fields_set Account ',"value":[{"id":"Only"}]'
has fields_set '"fields":\[\{"id":"Only"\}\]'
op fields_set Account ',"value":null'
has 'fields_set null' '"fields":null'
op mode_set Account ',"mode":"update","set":{"label":"Change"}'
has mode_set '"label":"Change"'
op mode_add Account ',"value":{"mode":"upsert_all"}'
has mode_add '\{"mode":"upsert_all"\}'
op mode_remove Account ',"mode":"upsert_all"'
lacks mode_remove upsert_all
op property_set Account ',"set":{"supports_field_creation":true},"unset":["target_creator"]'
has property_set '"supports_field_creation":true'
lacks property_set target_creator
op target_set Account ',"set":{"name":"Accounts","shape":{}},"unset":["modes"]'
has target_set '"name":"Accounts"' '"shape":\{\}'
lacks target_set '"modes"'
op target_add Account ',"like":"Contact","id":"Copy__c","name":"Copy"'
api "/connections/$SF/$FIELDS?target=Copy__c"
has target_add '"id":"Copy__c","name":"Copy"' MailingCity
op target_remove Copy__c ''
has target_remove '^HTTP/1.1 404'
op list_set User ',"gone_fields":true'
has 'gone_fields' '^HTTP/1.1 404'
op list_set Campaign ',"listed":false'
has 'unlisted' '^HTTP/1.1 200'
api "/connections/$SF/modelsync/targetobjects"
has 'the listing' '"id":"User"'
lacks 'the listing' '"Campaign"|Copy__c'
op raw_target Lead ',"raw":"{\"data\": nonsense"'
is raw_target "$(printf '%s' "$out" | tail -1)" '{"data": nonsense'
op raw_target Lead ',"raw_base64":"eyJkYXRhIjogIv8ifQ=="'
is 'raw_base64' "$(printf '%s' "$out" | tail -1 | wc -c)" 13
op raw_target Lead ',"raw":null'
has 'raw_target undone' '"id":"Lead"'
edit '{"op":"field_remove","connection":"facebook-ads","target":"$new","field":"GEN"}'
api "/connections/$FB/$FIELDS?properties[name]=x"
lacks '$new' '"GEN"'
edit '{"op":"creation_set","connection":"facebook-ads","set":{"supported":false}}'
api "/connections/$FB/$FIELDS?properties[name]=x"
has creation_set '^HTTP/1.1 404'
edit '{"op":"connection_set","connection":"facebook-ads","set":{"status":"failed","status_error":"gone"}}'
api "/connections/$FB"
has connection_set '"status":"failed","status_error":"gone"'
edit '[{"op":"connection_remove","connection":"facebook-ads"},
       {"op":"connection_add","value":{"connection":{"id":"x-1","name":"x"},"targets":[{"id":"t"}]}}]'
api "/connections/$FB"
has connection_remove '^HTTP/1.1 404'
api "/connections/x-1/$FIELDS?target=t"
has connection_add '"data":\{"id":"t","refreshed_at":"'
edit '{"op":"sync_set","sync":"Invoices","set":{"active":false}}'
api /syncs/e7a1b2c3-d4e5-4f60-8a7b-0c9d8e7f6a04
has sync_set '"active":false'
lacks 'sync_set moves updated_at' '2026-05-12T08:30:00Z'
edit '[{"op":"sync_remove","sync":"Invoices"},{"op":"sync_add","value":{"id":"s-1","name":"S"}}]'
api /syncs/s-1
has sync_add '"data":\{"id":"s-1","name":"S"\}'
api /syncs/e7a1b2c3-d4e5-4f60-8a7b-0c9d8e7f6a04
has sync_remove '^HTTP/1.1 404'

# What is wrong is said
for wrong in 'nonsense' '{"connection":"x"}' '{"op":"what","connection":"salesforce-prod","target":"Lead"}' \
    '{"op":"field_set","connection":"none"}' '{"op":"field_set","connection":"salesforce-prod","target":"None"}' \
    '{"op":"field_set","connection":"salesforce-prod","target":"Lead","field":"None"}' \
    '{"op":"field_set","connection":"salesforce-prod","target":"Lead","fild":"x"}'; do
    control POST edit "$wrong"
    has "wrong edit $wrong" '^\{"error":"'
done
control POST settings '{"refresh_outcome":"ok"}'
has 'wrong scope' '"error":"no setting'
control POST settings '{"connection":"*","refresh_outcome":"great"}'
has 'wrong word' '"error":".*one of ok fail_post fails stuck'
control POST faults '[{"stauts":500}]'
has 'wrong rule' '"error":"a rule has no member .stauts'
control GET nothing
has 'no such control request' '"error":"'

# Truth, drift, log, counts, reset
control GET 'truth?connection=salesforce-prod&target=Contact'
has truth '^\{"id":"Contact"'
control GET "truth?connection=$PG"
has 'all truth' '^\[\{"id":"public.customers".*"id":"analytics.attribution_touches"'
control POST drift '{"connection":"generated-1","share":0.5,"seed":3}'
is drift "$(printf '%s' "$out" | grep -o '"target"' | wc -l)" 10
control GET 'log?path=*/targetobjects/properties/*'
has log '"method":"GET","path":"/api/connections/[^"]*/properties/schema","query":"","headers":\{"authorization":"Bearer simulator-key"' \
    '"status":404'
control GET counts
has counts '"routes":\{.*"fields":[1-9]' '"statuses":\{"200":' '"most_at_once":1' '"connections":[1-9]' '"last_seq":'
control DELETE log
control GET log
is 'log forgotten' "$out" '[]'
control DELETE counts
has 'counts at zero' '"requests":0'
reset
api "/connections/$SF/$FIELDS?target=Account"
has 'as in the beginning' '"name":"Account","fields":\[\{"id":"Id"'

# Settings
control GET settings
has 'all settings' '"api_version":""' "\"$SF\":\{\"refresh_duration_ms\":50"
settings "{\"connection\":\"$SF\",\"refresh_outcome\":\"fail_post\",\"refresh_post_status\":503}"
refresh "$SF"
has fail_post '^HTTP/1.1 503' '"status":503'
for outcome in fails ineffective unstamped ok; do
    settings "{\"connection\":\"$SF\",\"refresh_outcome\":\"$outcome\",\"cache_status_failed\":\"error\"}"
    edit "{\"op\":\"target_set\",\"connection\":\"$SF\",\"target\":\"Lead\",\"set\":{\"name\":\"$outcome\"}}"
    before=$(finished "$SF")
    api "/connections/$SF/$FIELDS?target=Lead"
    at=$(refreshed_at)
    refresh "$SF"
    [ "$(finished "$SF")" != "$before" ] || not_ok "$outcome: times advance"
    api "/connections/$SF/schemas/status"
    case $outcome in fails) has 'status when failed' '"error"' ;; *) has "status $outcome" '"fresh"' ;; esac
    api "/connections/$SF/$FIELDS?target=Lead"
    case $outcome in
    fails | ineffective) has "$outcome" "$at" && lacks "$outcome" "\"name\":\"$outcome\"" ;;
    unstamped) has unstamped "$at" '"name":"unstamped"' ;;
    ok) lacks ok "$at" && has ok '"name":"ok"' ;;
    esac
done
settings "{\"connection\":\"$SF\",\"refresh_outcome\":\"stuck\",\"cache_status_running\":\"busy\"}"
before=$(finished "$SF")
refresh "$SF"
is stuck "$(finished "$SF")" "$before"
api "/connections/$SF/schemas/status"
has 'stuck status' '"cache_status":"busy"'
settings "{\"connection\":\"$SF\",\"refresh_outcome\":\"ok\",\"cache_status_done\":\"completed\",\"refresh_times\":\"null\"}"
refresh "$SF"
api "/connections/$SF/schemas/status"
has 'no longer stuck' '"cache_status":"completed","last_refresh_started":null,"last_refresh_finished":null'
settings '{"connection":"*","refreshed_at":"absent","target_refresh":"ineffective"}'
api "/connections/$SF/$FIELDS?target=Lead"
lacks absent 'refreshed_at'
settings '{"connection":"*","refreshed_at":"null"}'
api "/connections/$SF/$FIELDS?target=Lead"
has 'null' '"refreshed_at":null\}\}$'
settings '{"connection":"*","refreshed_at":"normal"}'
api "/connections/$SF/$FIELDS?target=Lead"
at=$(refreshed_at)
api "/connections/$SF/$FIELDS?target=Lead&refresh=true"
has 'target_refresh ineffective' "$at"
settings '{"syncs_forbidden":true,"api_version":"2024-02-08"}'
api /syncs
has 'forbidden' '^HTTP/1.1 403' '^X-Polytomic-Version: 2024-02-08'
settings '{"syncs_forbidden":false,"api_version":"","page_size":2,"key":"other","basic":"me:secret"}'
api /syncs
has 'another key' '^HTTP/1.1 401'
out=$(curl -s -u me:secret "$url/api/syncs")
has 'basic, and a page of two' 'after/2'
reset
settings '{"rate_limit":1}'
api /me
api /me
case $out in *429*) ;; *) api /me ;; esac
has 'rate_limit' '^HTTP/1.1 429' '^Retry-After: 1'
reset
