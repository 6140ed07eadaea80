# Part of selftest.sh: starting and ending. Sourced.

# It ends cleanly, also while requests hang and drip
faults '[{"path":"/api/me","hang":true},{"drip":{"bytes":1,"every_ms":200}}]'
for path in me connections syncs; do
    curl -s -o /dev/null -H 'Authorization: Bearer simulator-key' "$url/api/$path" &
    pids="$pids $!"
done
sleep 0.3
kill "$pid"
wait "$pid"
is 'SIGTERM ends it cleanly' $? 0
out=$(cat "$tmp/api.out")
is 'it printed nothing else' "$(wc -l <"$tmp/api.out")" 1

# Large, and quickly so
start large --data '' --generate 1:10000:100:120
out="$(cut -d ' ' -f 14,15 "/proc/$pid/stat" | tr ' ' +)"
case $SIMULATOR in
*/san/*) ;; # which is slow, and keeps memory
*) [ $(($out)) -lt $((2 * $(getconf CLK_TCK))) ] && ok || not_ok 'starts in two seconds' ;;
esac
api "/connections/$GENERATED/$FIELDS?target=obj_10000"
has 'the last target' '"id":"obj_10000"' '"id":"f_100"'
api "/syncs?target_connection_id=$GENERATED&page_token=after%2F100%2B%3D%3D"
has 'generated syncs' '"name":"Generated 00101"' '"target_object":"obj_00120"' '"pagination":\{\}'
api /syncs/10000000-0000-4000-8000-000000000120
has 'a generated sync' '"target":"f_011"' '"identity":\{"target":"f_001"'
out=$(grep VmRSS "/proc/$pid/status" | tr -dc 0-9)
case $SIMULATOR in
*/san/*) ;;
*) [ "$out" -lt 400000 ] && ok || not_ok 'memory' ;;
esac

# Basic authorization alone
start basic --basic user:pass:word
out=$(curl -s -u user:pass:word "$url/api/me")
has 'basic' '"data"'
api /me
has 'no bearer then' '^HTTP/1.1 401'

# HTTPS
if command -v openssl >/dev/null 2>&1; then
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/key.pem" -out "$tmp/cert.pem" -days 2 \
        -subj /CN=localhost -addext 'subjectAltName=IP:127.0.0.1' >/dev/null 2>&1
    start tls --tls-cert "$tmp/cert.pem" --tls-key "$tmp/key.pem"
    out=$(curl -s --cacert "$tmp/cert.pem" -H 'Authorization: Bearer simulator-key' "https${url#http}/api/me")
    has 'https' '"data"'
    control=$(curl -s --cacert "$tmp/cert.pem" -d '{"latency_ms":100}' "https${url#http}/_control/settings")
    out=$control$(curl -s --cacert "$tmp/cert.pem" -H 'Authorization: Bearer simulator-key' "https${url#http}/api/me")
    has 'https, later' '"data"'
fi

# It follows its parent
sh -c "'$SIMULATOR' --parent-death --port-file '$tmp/child.port' >/dev/null & sleep 60" &
parent=$!
pids="$pids $parent"
tries=0
while [ ! -s "$tmp/child.port" ] && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
kill -9 "$parent"
wait "$parent" 2>/dev/null
out=
is_gone() { ! curl -s -o /dev/null "http://127.0.0.1:$(cat "$tmp/child.port")/_control/counts"; }
await is_gone
is_gone && ok || not_ok '--parent-death'

out=$("$SIMULATOR" --help)
has help '--generate C:T:F' 'refresh_outcome' 'gzip_bomb'
out=$("$SIMULATOR" --listen nowhere 2>&1)
is 'a wrong option' $? 1
has 'a wrong option' '--listen'
