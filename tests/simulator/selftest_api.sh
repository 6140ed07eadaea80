# Part of selftest.sh: the endpoints. Sourced.

start api --generate 1:20:5
is 'the line it prints' "$(cat "$tmp/api.out")" "simulator: listening on $url"

# Authorization and version
api /me
has me '^HTTP/1.1 200' '^X-Polytomic-Version: 2025-09-18$' '"email":"revops@example.com"'
out=$(curl -s "$url/api/me")
has 'no key' '"key":"unauthorized"' '"message":"' '"metadata":\{\}' '"status":401'
out=$(curl -s -H 'Authorization: Bearer wrong' "$url/api/connections")
has 'wrong key' '"status":401'
api /me -H 'X-Polytomic-Version: 2024-02-08'
has 'version echoed' '^X-Polytomic-Version: 2024-02-08$'
api /me -H 'X-Polytomic-Version: soon'
has 'no version' '^HTTP/1.1 400'
api /nothing
has 'no such path' '^HTTP/1.1 404' '"key":"not_found"'
api /me -X DELETE
has 'wrong method' '^HTTP/1.1 405'
api /me -H 'Idempotency-Key: abcdefgh-1'
has 'key on GET' '^HTTP/1.1 400' 'Idempotency-Key'

# Connections
api /connections
has connections "\"id\":\"$SF\",\"name\":\"salesforce-prod\"" "$FB" '"status_error":"expired' "$GENERATED"
api "/connections/$SF"
has connection '"data":\{"id":"248df4b7' '"status":"healthy"' '"type":\{"id":"salesforce","name":"Salesforce"\}'
api /connections/none
has 'no connection' '^HTTP/1.1 404'

# Refresh; one that never ends by itself shows what it looks like meanwhile
settings "{\"connection\":\"$SF\",\"refresh_outcome\":\"stuck\"}"
before=$(finished "$SF")
api "/connections/$SF/schemas/refresh" -X POST
has refresh '^HTTP/1.1 202' "^Location: /api/connections/$SF/schemas/status$"
api "/connections/$SF/schemas/status"
has 'refreshing' '"cache_status":"refreshing"' '"last_refresh_started":"20[0-9-]*T[0-9:]*\.[0-9]{6}Z"'
settings "{\"connection\":\"$SF\",\"refresh_outcome\":\"ok\"}"
api "/connections/$SF/schemas/refresh" -X POST -H 'Idempotency-Key: first-key'
has 'another refresh' '^HTTP/1.1 202'
await is_over "$SF"
has 'fresh' '"cache_status":"fresh"'
after=$(finished "$SF")
lacks 'finished advances' "$before"
api "/connections/$SF/schemas/refresh" -X POST -H 'Idempotency-Key: first-key'
has 'replayed' '^HTTP/1.1 202'
sleep 0.1
is 'a replay starts nothing' "$(finished "$SF")" "$after"
api "/connections/$SF/schemas/refresh" -X POST -H 'Idempotency-Key: short'
has 'key too short' '^HTTP/1.1 400'
api "/connections/$SANDBOX/schemas/refresh" -X POST
has 'unhealthy' '^HTTP/1.1 400' 'not healthy'

# Targets
api "/connections/$SF/modelsync/targetobjects"
has targetobjects '"id":"Account","name":"Account","modes":\[\{"id":"create","requires_identity":false,"supports_per_field_mode":false' \
    '"target_creation":\{"supported":false'
api "/connections/$SF/$FIELDS?target=Account"
has fields '"data":\{"id":"Account"' '"id":"Name"' '"modes":\[\{"mode":"create"' '"properties":\{' '"refreshed_at":"[^"]*Z"\}\}$'
at=$(refreshed_at)
api "/connections/$SF/$FIELDS?target=Account&refresh=true"
lacks 'refresh=true moves refreshed_at' "$at"
api "/connections/$SF/$FIELDS?target=Account&refresh=maybe"
has 'refresh is a boolean' '^HTTP/1.1 400'
api "/connections/$SF/$FIELDS?target=Nothing"
has 'no target' '^HTTP/1.1 404' '"key":"not_found"'
api "/connections/$SF/$FIELDS"
has 'neither' '^HTTP/1.1 400'
api "/connections/$FB/$FIELDS?target=x&properties[name]=y"
has 'both' '^HTTP/1.1 400'
api "/connections/$PG/$FIELDS?target=analytics%2Edaily_orders"
has 'encoded target' '"id":"analytics.daily_orders"'
api "/connections/$GENERATED/$FIELDS?target=obj_00002"
has 'generated' '"id":"obj_00002","name":"Object 00002","fields":\[\{"id":"f_001"' '"refreshed_at":"[^"]*"\}\}$'
plain=$(curl -s -H 'Authorization: Bearer simulator-key' "$url/api/connections/$GENERATED/$FIELDS?target=obj_00002")
out=$(curl -s --compressed -H 'Authorization: Bearer simulator-key' "$url/api/connections/$GENERATED/$FIELDS?target=obj_00002")
is 'gzip inflates to the same' "$out" "$plain"

# Targets that are not created yet
api "/connections/$FB/modelsync/targetobjects"
has 'creation' '"supported":true' '"id":"account","title":"Ad account","enum":true,"values":\[\{"value":"act_1234567"'
api "/connections/$PG/modelsync/targetobjects"
has 'values elsewhere' '"id":"schema","title":"Schema","enum":true\}'
api "/connections/$PG/modelsync/targetobjects/properties/schema"
has 'property' '"data":\{"id":"schema"' '"values":\[\{"value":"public","label":"public"\}'
api "/connections/$PG/modelsync/targetobjects/properties/none"
has 'no property' '^HTTP/1.1 404'
api "/connections/$SF/modelsync/targetobjects/properties/name"
has 'no creation' '^HTTP/1.1 404'
api "/connections/$FB/$FIELDS?properties%5Baccount%5D=act_1234567&properties%5Bname%5D=My+new%20audience"
has 'new target' '^HTTP/1.1 200' '"id":"EMAIL"' '"refreshed_at":null\}\}$'
api "/connections/$FB/$FIELDS?properties[account]=act_1234567&properties[account]=act_7654321"
has 'repeated input' '^HTTP/1.1 200'
api "/connections/$FB/$FIELDS?properties[account]=act_0"
has 'not in the enum' '^HTTP/1.1 400' 'act_0'
api "/connections/$FB/$FIELDS?properties[colour]=red"
has 'unknown input' '^HTTP/1.1 400' 'colour'
api "/connections/$PG/$FIELDS?properties[schema]=public&properties[name]=t"
has 'user-defined columns' '"fields":\[\]'
api "/connections/$SF/$FIELDS?properties[name]=t"
has 'new without creation' '^HTTP/1.1 404'

# Syncs
api "/syncs?target_connection_id=$SF&limit=3"
has 'a page' '"name":"Invoices"|"name":"Leads from signups"' '"target_object":"Account"' '"next_page_token":"after/3\+=="'
lacks 'a page has no secrets' 'passphrase'
api "/syncs?target_connection_id=$SF&limit=3&page_token=after%2F3%2B%3D%3D"
has 'the last page' '"name":"Subscriptions \(old\)","active":false' '"pagination":\{\}'
api '/syncs?page_token=after/3+=='
has 'a token not encoded' '^HTTP/1.1 400'
api '/syncs?limit=0'
has 'limit' '^HTTP/1.1 400'
api '/syncs?limit=5' -H 'X-Polytomic-Version: 2024-02-08'
has 'whole syncs' 'Paying customers audience' '"identity":\{' '"encryption_passphrase":"correct'
lacks 'no pages' 'pagination'
api /syncs/e7a1b2c3-d4e5-4f60-8a7b-0c9d8e7f6a02
has sync '"function":"Equality"' '"encryption_passphrase":"' '"field_type":"Target"' '"override_fields":\[\]'
api /syncs/none
has 'no sync' '^HTTP/1.1 404'
