# Part of selftest.sh: the faults. Sourced.

# body: what the last request of `api` brought after the headers.
body() {
    printf '%s\n' "$out" | sed '1,/^$/d'
}
# code CURL-OPTION...: curl's exit code for GET /api/me.
code() {
    curl -s -m 1 -o "$tmp/body" -H 'Authorization: Bearer simulator-key' "$@" "$url/api/me"
    echo $?
}

faults '[{"path":"/api/me","status":429,"headers":{"Retry-After":"1","X-Polytomic-Version":null},"skip":1,"times":2}]'
api /me
has 'skipped' '^HTTP/1.1 200'
api /me
has 'status' '^HTTP/1.1 429' '^Retry-After: 1' '"key":"too_many_requests"'
lacks 'a header removed' '^X-Polytomic-Version'
api /me
has 'again' '^HTTP/1.1 429'
api /me
has 'used up' '^HTTP/1.1 200'
control GET faults
has 'hits' '"hits":2'
faults '[{"path":"/api/connections/*/target/fields","query":"*target=Acc*","status":502,"body":"<html>Bad gateway</html>"}]'
api "/connections/$SF/$FIELDS?target=Account"
has 'html' '^HTTP/1.1 502' '^Content-Type: text/html' '<html>'
api "/connections/$SF/$FIELDS?target=Lead"
has 'another query' '^HTTP/1.1 200'
faults '{"path":"/api/me","body":{"data":null}}'
api /me
is 'body' "$(body)" '{"data":null}'
faults '{"path":"/api/me","body_base64":"AGE="}'
is 'body_base64' "$(curl -s "$url/api/me" | wc -c)" 2
faults '{"path":"/api/me","replace":[["revops","sales"],["\"role\":\"admin\"","\"role\":null"]]}'
api /me
has replace '"email":"sales@example.com"' '"role":null'
faults '{"path":"/api/me","cut":20}'
is 'cut: curl says partial' "$(code)" 18
is 'cut: so many bytes' "$(wc -c <"$tmp/body")" 20
faults '{"path":"/api/me","reset":true}'
case $(code) in 52 | 56) ok ;; *) not_ok reset ;; esac
faults '{"path":"/api/me","hang":true}'
is 'hang' "$(code)" 28
faults '{"path":"/api/me","drip":{"bytes":100,"every_ms":100}}'
is 'drip ends' "$(code)" 0
is 'drip is whole' "$(wc -c <"$tmp/body")" "$(control DELETE faults; curl -s -H 'Authorization: Bearer simulator-key' "$url/api/me" | wc -c)"
faults '{"path":"/api/me","endless":true}'
is 'endless' "$(code --max-filesize 1000000)" 28
has 'endless is large' '"rules"'
[ "$(wc -c <"$tmp/body")" -gt 100000 ] && ok || not_ok 'endless is large'
faults '{"path":"/api/me","size":100000}'
api /me
is 'size' "$(body | tr -d '\n' | wc -c)" 100000
faults '{"path":"/api/me","deep":1200}'
api /me
is 'deep' "$(body | tr -dc '[' | wc -c)" 1199
faults '{"path":"/api/me","gzip_bomb":50000000}'
is 'gzip_bomb is small' "$([ "$(curl -s "$url/api/me" | wc -c)" -lt 400000 ] && echo small)" small
is 'gzip_bomb inflates' "$(curl -s --compressed "$url/api/me" | wc -c)" 50000000
faults '{"path":"/api/me","redirect":"https://example.com/"}'
api /me
has 'redirect' '^HTTP/1.1 302' '^Location: https://example.com/'

# Delays hold up nobody else
faults '{"path":"/api/me","delay_ms":1000}'
control DELETE counts
began=$(date +%s%N)
for i in 1 2 3 4 5 6 7 8 9 10; do
    curl -s -o /dev/null -H 'Authorization: Bearer simulator-key' "$url/api/me" &
    waiting="${waiting:-} $!"
done
sleep 0.2
api /connections
has 'others are served' '^HTTP/1.1 200'
for i in $waiting; do wait "$i"; done
took=$((($(date +%s%N) - began) / 1000000))
out="$took ms"
[ $took -ge 1000 ] && [ $took -lt 9000 ] && ok || not_ok 'ten delays at once'
control GET counts
has 'most at once' '"most_at_once":([5-9]|1[01])'

# Idempotency
REFRESH="$url/api/connections/$SF/schemas/refresh"
post() {
    out=$(curl -s -i -m 2 -X POST -H 'Authorization: Bearer simulator-key' -H "Idempotency-Key: $1" "$REFRESH")
}
faults '{"method":"POST","status":500,"times":1,"headers":{"Retry-After":"7"}}'
post key-recorded
has 'the fault' '500 Internal'
post key-recorded
has 'is replayed' '500 Internal' '^Retry-After: 7'
post key-recorded-2
has 'a new key' '202 Accepted'
faults '{"method":"POST","status":503,"times":1,"recorded":false}'
post key-not-recorded
has 'the fault' '503 Service'
post key-not-recorded
has 'is not replayed' '202 Accepted'
faults '{"method":"POST","reset":true,"times":1}'
post key-lost
post key-lost
has 'the answer was lost' '202 Accepted'
control GET "log?path=*refresh"
has 'and replayed' '"status":202,"replayed":true\}\]$'
faults '{"method":"POST","reset":true,"executed":false,"times":1}'
post key-dropped
post key-dropped
control GET "log?path=*refresh"
lacks 'not executed, so not replayed' '"status":202,"replayed":true\}\]$'
faults '{"method":"POST","delay_ms":1500,"times":1}'
curl -s -o /dev/null -X POST -H 'Authorization: Bearer simulator-key' -H 'Idempotency-Key: key-slow' "$REFRESH" &
slow=$!
is_under_way() {
    control GET counts
    printf '%s\n' "$out" | grep -q '"under_way":1'
}
await is_under_way
post key-slow
has 'in flight' '409 Conflict'
wait $slow
post key-slow
has 'after that' '202 Accepted'
control DELETE faults
