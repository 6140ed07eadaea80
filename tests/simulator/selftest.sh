#!/bin/sh
# The simulator's own test: starts it, walks every endpoint and every control request, and checks the answers.
# Needs curl and grep. SIMULATOR names the program (default: build/release/simulator).
set -u

cd "$(dirname "$0")/../.." || exit 1
SIMULATOR=${SIMULATOR:-build/release/simulator}
SF=248df4b7-aa70-47b8-a036-33ac447e668d
FB=5f2d0c1e-7a77-4a52-9a3c-2f6d0c9be001
PG=b3a1d7c4-22f6-4e0b-9d58-7e6f5a4b3c21
SANDBOX=d41c2b3a-6f5e-4d8c-b7a9-0e1f2a3b4c5d
GENERATED=00000000-0000-4000-8000-000000000001
FIELDS=modelsync/target/fields

passed=0
failed=0
pids=
tmp=$(mktemp -d) || exit 1

stop_all() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$tmp"
}
trap stop_all EXIT
trap 'exit 1' INT TERM

# start NAME OPTION...: starts a simulator; sets $url and $pid.
start() {
    name=$1
    shift
    "$SIMULATOR" --port-file "$tmp/$name.port" --parent-death "$@" >"$tmp/$name.out" 2>&1 &
    pid=$!
    pids="$pids $pid"
    tries=0
    while [ ! -s "$tmp/$name.port" ]; do
        tries=$((tries + 1))
        if [ $tries -gt 100 ]; then
            echo "simulator: does not start:"
            cat "$tmp/$name.out"
            exit 1
        fi
        sleep 0.1
    done
    url=http://127.0.0.1:$(cat "$tmp/$name.port")
}

ok() { passed=$((passed + 1)); }
not_ok() {
    failed=$((failed + 1))
    echo "FAILED: $1"
    printf '%s\n' "$out" | head -c 1500
    echo
}

# has WHAT PATTERN...: the last answer matches all the extended regular expressions.
has() {
    what=$1
    shift
    for pattern; do
        if ! printf '%s\n' "$out" | grep -Eq -e "$pattern"; then
            not_ok "$what: no '$pattern'"
            return
        fi
    done
    ok
}

# lacks WHAT PATTERN: the last answer does not match.
lacks() {
    if printf '%s\n' "$out" | grep -Eq -e "$2"; then not_ok "$1: '$2'"; else ok; fi
}

# is WHAT A B: A and B are the same.
is() {
    if [ "$2" = "$3" ]; then ok; else not_ok "$1: '$2' is not '$3'"; fi
}

# api PATH CURL-OPTION...: a request with the key; status line, headers and body go to $out.
api() {
    path=$1
    shift
    out=$(curl -s -i -g -H 'Authorization: Bearer simulator-key' "$@" "$url/api$path" | tr -d '\r')
}

# control METHOD NAME [JSON]: a control request.
control() {
    out=$(curl -s -g -X "$1" ${3:+--data-binary "$3"} "$url/_control/$2")
}
edit() {
    control POST edit "$1"
    has "edit $1" '"ops"'
}
faults() {
    control DELETE faults
    control POST faults "$1"
    has "faults $1" '"rules"'
}
settings() {
    control POST settings "$1"
    has "settings $1" '"settings":'
}
reset() {
    control POST reset
    has reset '"connections":'
}
# await COMMAND: waits until it succeeds, for ten seconds at most.
await() {
    tries=0
    until "$@" || [ $tries -ge 200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
}
# is_over CONNECTION: no refresh is under way.
is_over() {
    api "/connections/$1/schemas/status"
    ! printf '%s\n' "$out" | grep -q '"cache_status":"refreshing"'
}
# refresh CONNECTION: starts a refresh and waits until it is over; the answer is that of the start.
refresh() {
    api "/connections/$1/schemas/refresh" -X POST
    answer=$out
    await is_over "$1"
    out=$answer
}
# finished CONNECTION: when its last refresh was over.
finished() {
    api "/connections/$1/schemas/status"
    printf '%s\n' "$out" | grep -o '"last_refresh_finished":"[^"]*"'
}
refreshed_at() {
    printf '%s\n' "$out" | grep -o '"refreshed_at":"[^"]*"}}$'
}

. tests/simulator/selftest_api.sh
. tests/simulator/selftest_control.sh
. tests/simulator/selftest_faults.sh
. tests/simulator/selftest_process.sh

stop_all
trap - EXIT
echo "simulator: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
