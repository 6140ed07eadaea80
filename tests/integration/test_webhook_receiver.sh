#!/usr/bin/env bash
# The receiver of webhooks that other tests rely on: it verifies, counts and answers as it is told.
. "$(dirname "$0")/../support/expect.sh"

secret=$(head -c 32 /dev/urandom | base64)
tests/support/webhook_receiver --port-file "$work/port" --log "$work/log" --secret "whsec_$secret" --parent-death &
receiver=$!
for _ in $(seq 250); do
    [ -s "$work/port" ] && break
    sleep 0.02
done
url=http://127.0.0.1:$(cat "$work/port")

# By openssl, so that signer and verifier share nothing.
sign() {
    local key
    key=$(base64 -d <<<"$secret" | od -An -v -tx1 | tr -d ' \n')
    printf '%s.%s.%s' "$1" "$2" "$3" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64
}
# post PATH BODY [HEADER...]: prints the status.
post() {
    local path=$1 body=$2 options=() header
    shift 2
    for header; do options+=(-H "$header"); done
    curl -sS -m 5 -o "$work/body" -D "$work/headers" -w '%{http_code}' "${options[@]}" --data-binary "$body" "$url$path" 2>/dev/null
}
signed() { # ID SECONDS SIGNED_BODY SENT_BODY
    post /hook "$4" "webhook-id: $1" "webhook-timestamp: $2" "webhook-signature: v1,AAAA v1,$(sign "$1" "$2" "$3")"
}
control() { curl -sS -o "$work/out" --data "$1" "$url/control"; }
# received EXPRESSION: of what was received, by Python; each entry is e.
received() {
    curl -sS "$url/received${2:-}" | /usr/bin/python3 -c "import json, sys; print(' '.join(str($1) for e in json.load(sys.stdin)))"
}

now=$(date +%s)
same "verified" "$(signed m1 "$now" '{"a": 1}' '{"a": 1}')" 200
same "tampered with" "$(signed m2 "$now" '{"a": 1}' '{"a": 2}')" 200
same "too old" "$(signed m3 $((now - 3600)) x x)" 200
same "without a signature" "$(post /other 'ä')" 200
same "verdicts" "$(received 'e["verified"]')" "True False False False"
same "reasons" "$(received 'e["why"]')" \
    "None no signature is right webhook-timestamp is too far away no header webhook-id"
same "ids" "$(received 'e["headers"].get("webhook-id")')" "m1 m2 m3 None"
same "events" "$(received 'e["event"]')" "{'a': 1} {'a': 2} None None"
same "bodies" "$(received 'e["body"]' '?path=/o*')" ä
same "the log has what was received" "$(wc -l <"$work/log")" 4

control '{"path": "/hook", "status": 429, "count": 2, "retry_after": 7}'
same "told" "$(post /hook x) $(post /other x) $(post /hook x) $(post /hook x)" "429 200 429 200"
control '{"status": 410}'
post /hook x >/dev/null
control '{"retry_after": 7, "status": 503}'
same "one replaces the other" "$(post /hook x)" 503
expect 0 grep -qi '^retry-after: 7' "$work/headers"
control '{"clear": true}'
same "cleared" "$(post /hook x)" 200
control '{"redirect": "http://127.0.0.1:1/", "count": 1}'
same "a redirect" "$(post /hook x)" 307
expect 0 grep -qi '^location: http://127.0.0.1:1/' "$work/headers"
control '{"body_size": 300000, "count": 1}'
post /hook x >/dev/null
same "a large body" "$(wc -c <"$work/body")" 300000
control '{"body_size": 20, "trickle": 0.01, "count": 1}'
post /hook x >/dev/null
same "a body that drips" "$(wc -c <"$work/body")" 20

curl -sS -X DELETE "$url/received" >/dev/null
control '{"drop": true, "count": 1}'
same "dropped" "$(post /hook x)" 000
control '{"drop": "early", "count": 1}'
same "dropped before it was read" "$(post /hook x)" 000
control '{"delay": 1, "count": 1}'
begun=$(date +%s%N)
same "late" "$(post /hook x)" 200
[ $((($(date +%s%N) - begun) / 1000000)) -ge 1000 ] && pass || fail "it was not late"
control '{"note": false, "count": 1}'
post /hook x >/dev/null
same "what was noted" "$(received 'e["answer"]')" "dropped 200"
(sleep 0.2; post /hook late >/dev/null) &
same "what is waited for" "$(received 'e["body"]' '?wait=3')" "x x late"
same "what is waited for in vain" "$(received 'e["body"]' '?wait=9&timeout=0.1' | wc -w)" 3

control "{\"secrets\": [\"$(head -c 24 /dev/urandom | base64)\"]}"
signed m4 "$now" x x >/dev/null
control "{\"secrets\": [\"$(head -c 24 /dev/urandom | base64)\", \"$secret\"]}"
signed m4 "$now" x x >/dev/null
control '{"secrets": []}'
signed m4 "$now" x x >/dev/null
same "other secrets" "$(received 'e["verified"]' | cut -d ' ' -f 4-)" "False True None"
same "what is no order" "$(post /control '[]')" 400
kill "$receiver"
wait "$receiver" 2>/dev/null
expect_done
