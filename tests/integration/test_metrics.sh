#!/usr/bin/env bash
# /metrics, /livez and /readyz of the running daemon: what they say against SQL, promtool and a real Prometheus; hostile names and
# clients; a database that is away; reloads. And the alert rules.
. "$(dirname "$0")/../support/expect.sh"

for tool in promtool prometheus; do
    command -v $tool >/dev/null || { echo "$tool is missing: .ci/deps installs it"; exit 1; }
done
pids=''
leave() {
    # shellcheck disable=SC2086 # a list
    [ -z "$pids" ] || { kill -CONT $pids; kill $pids; wait $pids; } 2>/dev/null
    rm -rf "$work"
}
trap leave EXIT
new_database metrics
printf simulator-key >"$work/key"

# until SECONDS COMMAND...: until it succeeds
until_() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { fail "not in time: $*"; return 1; }
        sleep 0.1
    done
    pass
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
get() { curl -sS --max-time 10 "http://127.0.0.1:$port$1"; }
status_of() { curl -s --max-time 10 -o "$work/body" -w '%{http_code}' "${@:2}" "http://127.0.0.1:$port$1"; }
scrape() { get /metrics >"$work/out"; }
# value SERIES: of the last scrape; gauge SERIES VALUE: does a new scrape say so?
value() { SERIES="$1 " awk 'index($0, ENVIRON["SERIES"]) == 1 { print substr($0, length(ENVIRON["SERIES"]) + 1) }' "$work/out"; }
gauge() { scrape && [ "$(value "$1")" = "$2" ]; }

"$SIMULATOR" --listen 127.0.0.1:0 --port-file "$work/port" --parent-death --data tests/simulator/data >/dev/null 2>&1 &
pids="$pids $!"
until_ 10 [ -s "$work/port" ]
api=http://127.0.0.1:$(cat "$work/port")

# An awkward name, which is an alert's too; a connection that fails.
awkward='we"ird\n{a="b"} ü 名'
label='we\"ird\\n{a=\"b\"} ü 名'
configure() { # configure LISTEN [MORE CONNECTIONS]
    cat <<END_OF_FILE
api: {base_url: "$api", auth: {bearer: {file: $work/key}}, retries: 0}
schedule: {every: 1h}
connections:
  - {name: '$awkward', id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [Account, Lead]}
  - {name: gone, id: 00000000-0000-0000-0000-0000000000aa, targets: [x]}
$2
alerts:
  - {name: '$awkward', exec: [/bin/false], min_severity: info}
metrics: {listen: "$1"}
END_OF_FILE
}
start() { # start NAME LISTEN [MORE CONNECTIONS]: a daemon, $port
    configure "$2" "${3:-}" >"$work/$1.yaml"
    "$SCHEMASYNCD" --config "$work/$1.yaml" --log-format text run 2>"$work/$1.log" &
    pids="$pids $!"
    until_ 10 grep -q 'metrics are to be had' "$work/$1.log"
    port=$(sed -n 's/.*metrics are to be had on .*, port \([0-9]*\)$/\1/p' "$work/$1.log" | tail -n 1)
}

# --- the address
for listen in 127.0.0.1:9477 0.0.0.0:1 '[::1]:9477' '[::]:65535' localhost:9477; do
    configure "$listen" "" >"$work/check.yaml"
    expect 0 "$SCHEMASYNCD" --config "$work/check.yaml" check
done
for listen in 9477 127.0.0.1 127.0.0.1:65536 ::1:9477 '[127.0.0.1]:1' '[x]:1' example.com:9477 127.0.0.1.5:1; do
    configure "$listen" "" >"$work/check.yaml"
    expect 78 "$SCHEMASYNCD" --config "$work/check.yaml" check
    err 'metrics.listen: .* is wrong; must be an address and a port'
done

# --- it starts
start one 127.0.0.1:0
one=$port one_pid=${pids##* }
until_ 20 curl -sf "http://127.0.0.1:$one/readyz"
same "ready" "$(status_of /readyz) $(cat "$work/body")" "200 ready"
same "alive" "$(status_of /livez) $(cat "$work/body")" "200 alive"
same "its type" "$(curl -s -o /dev/null -w '%{content_type}' "http://127.0.0.1:$port/metrics")" "text/plain; version=0.0.4; charset=utf-8"

# --- counters start at 0, for all that is known
scrape
expect 0 promtool check metrics <"$work/out"
same "promtool's remarks" "$(cat "$work/out" "$work/err")" ""
scrape
same "changes" "$(grep -c '^schemasyncd_changes_total{connection=.* 0$' "$work/out")" $((2 * 9 * 3))
same "runs" "$(grep -c '^schemasyncd_runs_total{connection=.*,outcome="\(ok\|partial\|failed\|cancelled\)"} ' "$work/out")" 8
same "deliveries" "$(grep -c '^schemasyncd_deliveries_total{alert=.*,outcome="\(delivered\|held\|refused\|given_up\)"} 0' "$work/out")" 4
routes=$(sed -n 's/^ *\[ROUTE_[A-Z]*\] *= {"\([a-z]*\)".*/\1/p' daemon/service/api_route.c | sort | xargs)
same "routes" "$(sed -n 's/^schemasyncd_api_requests_total{code="500",route="\([a-z]*\)"} 0$/\1/p' "$work/out" | sort | xargs)" "$routes"
same "routes' durations" "$(sed -n 's/^schemasyncd_api_request_duration_seconds_count{route="\([a-z]*\)"} .*/\1/p' "$work/out" | sort | xargs)" "$routes"
same "build" "$(value "schemasyncd_build_info{version=\"$(cat VERSION)\"}")" 1
same "configuration" "$(value schemasyncd_config_last_reload_successful)" 1
for name in cpu_seconds_total resident_memory_bytes virtual_memory_bytes open_fds max_fds start_time_seconds; do
    out "^process_$name [0-9]"
done
same "the process's start" "$(($(date +%s) - $(value process_start_time_seconds | cut -d. -f1) < 60))" 1
# a process that leaves no core dump shows them to root alone
privileged() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }
same "its descriptors, but for the scrape's own" "$(($(value process_open_fds) - $(privileged find "/proc/$one_pid/fd" -mindepth 1 | wc -l) <= 2))" 1

# --- what it did, and the mirror, against SQL
until_ 20 gauge "schemasyncd_runs_total{connection=\"$label\",outcome=\"ok\"}" 1
until_ 20 gauge 'schemasyncd_runs_total{connection="gone",outcome="failed"}' 1
until_ 10 gauge "schemasyncd_targets{connection=\"$label\",state=\"present\"}" 2
same "pending" "$(value 'schemasyncd_targets{connection="gone",state="pending"}')" 1
same "fields" "$(value "schemasyncd_fields{connection=\"$label\"}")" "$(sql -c "SELECT count(*) FROM schemasync.fields")"
same "success" "$(value "schemasyncd_last_success_timestamp_seconds{connection=\"$label\"}")" \
    "$(sql -c "SELECT trim_scale(extract(epoch FROM last_success_at)) FROM schemasync.connections WHERE name ~ 'ird'")"
no_out '^schemasyncd_last_success_timestamp_seconds\{connection="gone"'
same "interval" "$(value 'schemasyncd_schedule_interval_seconds{connection="gone"}')" 3600
same "requests for fields" "$(value 'schemasyncd_api_requests_total{code="200",route="fields"}')" 2
same "their durations" "$(value 'schemasyncd_api_request_duration_seconds_count{route="fields"}')" 2
same "the last bucket has them all" "$(value 'schemasyncd_api_request_duration_seconds_bucket{route="fields",le="+Inf"}')" 2
same "runs' durations" "$(value schemasyncd_run_duration_seconds_count)" 2

# --- changes: a field goes, another changes
curl -sf "$api/_control/edit" -d '[{"op": "field_remove", "connection": "salesforce-prod", "target": "Account", "field": "Phone", "cached": true},
    {"op": "field_set", "connection": "salesforce-prod", "target": "Lead", "field": "Email", "set": {"type": "number"}, "cached": true}]' >/dev/null
sql -c "UPDATE schemasync.connections SET next_due_at = now(), own_due_at = now()" -c "UPDATE schemasync.target_state SET next_due_at = now()"
until_ 20 gauge "schemasyncd_runs_total{connection=\"$label\",outcome=\"ok\"}" 2
changes() { sed -nE 's/^schemasyncd_changes_total\{connection=".*",kind="(.*)",severity="(.*)"\} ([1-9].*)$/\1 \2 \3/p' "$work/out" | sort; }
counted() { scrape && [ -n "$(changes)" ]; }
until_ 10 counted
same "changes" "$(changes)" "$(sql -F ' ' -c "SELECT kind, severity, count(*) FROM schemasync.changes GROUP BY 1, 2" | sort)"
until_ 10 gauge "schemasyncd_open_incidents{connection=\"$label\",cause=\"drift\"}" 1
for severity in info warning breaking; do
    same "open, $severity" "$(value "schemasyncd_open_changes{connection=\"$label\",severity=\"$severity\"}")" \
        "$(sql -c "SELECT count(*) FROM schemasync.drift WHERE severity = '$severity'")"
done
# the alert's program fails: its event is on its way, and was tried
held() { scrape && [ "$(value "schemasyncd_deliveries_total{alert=\"$label\",outcome=\"held\"}")" -ge 1 ]; }
until_ 10 held
until_ 5 gauge "schemasyncd_deliveries_pending{alert=\"$label\"}" 1
same "since when" "$(value "schemasyncd_oldest_pending_delivery_timestamp_seconds{alert=\"$label\"}")" \
    "$(sql -c "SELECT trim_scale(extract(epoch FROM min(pending_since))) FROM schemasync.deliveries")"
# what a sync writes to and nobody watches; what was not seen for long; what is missing
sql <<END_OF_SQL
INSERT INTO schemasync.syncs (sync_id, name, active, mode, connection_id, target_id, creates_target, read_at)
SELECT 's' || n, 'S', true, 'update', '248df4b7-aa70-47b8-a036-33ac447e668d', CASE n WHEN 1 THEN 'Lead' ELSE 'Other' END, false, now() FROM generate_series(1, 3) n;
UPDATE schemasync.target_state SET last_seen_at = now() - interval '3 h' WHERE target_id = 'Lead';
END_OF_SQL
until_ 10 gauge "schemasyncd_targets_unwatched{connection=\"$label\"}" "$(sql -c "SELECT count(*) FROM schemasync.coverage WHERE verdict = 'unwatched'")"
until_ 10 gauge "schemasyncd_targets_stale{connection=\"$label\"}" 1

# --- a second daemon: its own counters, the same gauges
start two '[::1]:0'
two=$port two_pid=${pids##* }
port=$one
until_ 20 curl -sf "http://[::1]:$two/readyz"
mirror() { grep -E '^schemasyncd_(open_|targets|fields|last_success|schedule_interval|deliveries_pending|oldest_|alert_paused)' "$1"; }
alike() {
    curl -sf "http://[::1]:$two/metrics" >"$work/two" && scrape && mirror "$work/out" >"$work/mirror1" && mirror "$work/two" >"$work/mirror2" &&
        cmp "$work/mirror1" "$work/mirror2"
}
until_ 10 alike
same "there are some" "$(($(wc -l <"$work/mirror1") > 25))" 1
same "its counters are its own" "$(grep -c '^schemasyncd_runs_total.* 0$' "$work/two")" 8

# --- what is not served
same "elsewhere" "$(status_of /) $(status_of /metrics/) $(status_of /livezz)" "404 404 404"
same "other methods" "$(status_of /metrics -X POST -d x) $(status_of /readyz -X DELETE) $(status_of /livez -X PUT)" "405 405 405"
same "HEAD" "$(curl -sI -o /dev/null -w '%{http_code} %{size_download}' "http://127.0.0.1:$port/metrics")" "200 0"
same "a query is nothing" "$(status_of '/livez?x=%00%ff')" 200
same "a long request" "$(status_of /livez -H "X: $(head -c 60000 /dev/zero | tr '\0' x)")" 431

# --- a hundred at once; slow and broken clients, which are cut off and hold nobody up
cat >"$work/clients.py" <<'END_OF_PYTHON'
import os, socket, sys, time
address = ('127.0.0.1', int(sys.argv[1]))

def read(s):
    data = b''
    while True:
        piece = s.recv(1 << 16)
        if not piece:
            return data
        data += piece

def ask(path):
    s = socket.create_connection(address, 10)
    s.sendall(b'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' % path)
    return s

begun = time.time()
many = [ask(b'/metrics') for _ in range(100)]
answers = [read(s) for s in many]
print('a hundred:', sum(a.startswith(b'HTTP/1.1 200') and a.endswith(b'\n') for a in answers), time.time() - begun < 10)

# as many as it serves at once, which say nothing, or half a line, or never read what they asked for; one drips
slow = []
for i in range(64):
    s = socket.create_connection(address, 10)
    if i % 3 == 1:
        s.sendall(b'GET /metr')
    if i % 3 == 2:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        s.sendall(b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
    slow.append(s)
begun = time.time()
waiting = ask(b'/livez')
waiting.settimeout(20)
for _ in range(7): # drip
    time.sleep(0.5)
    try:
        slow[1].sendall(b'i')
    except OSError:
        break
print('after the slow:', read(waiting).startswith(b'HTTP/1.1 200'), time.time() - begun < 12)
for s in slow:
    s.close()

for garbage in (b'\x00' * 1000, b'GET\r\n\r\n', b'\x16\x03\x01\x02\x00' + os.urandom(512), b'GET / HTTP/9.9\r\n\r\n', b'GET /metrics HTTP/1.1\r\nContent-Length: -5\r\n\r\n'):
    s = socket.create_connection(address, 10)
    s.sendall(garbage)
    s.shutdown(socket.SHUT_WR)
    try:
        read(s)
    except OSError:
        pass
s = ask(b'/metrics') # gone before the answer
s.close()
print('after garbage:', read(ask(b'/livez')).startswith(b'HTTP/1.1 200'))
END_OF_PYTHON
expect 0 python3 "$work/clients.py" "$port"
out '^a hundred: 100 True$'
out '^after the slow: True True$'
out '^after garbage: True$'
ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }
before=$(ticks "$one_pid")
sleep 2
same "it does not spin" "$(($(ticks "$one_pid") - before < 50))" 1

# --- a database that does not answer: said soon, and the loop lives
backends() { sql -d postgres -c "SELECT pid FROM pg_stat_activity WHERE datname = '$PGDATABASE' AND application_name = 'schemasyncd'" | xargs; }
stopped=$(backends)
pids="$pids $stopped"
# shellcheck disable=SC2086 # a list
kill -STOP $stopped
sleep 2.1 # what it was told last is not valid any more
begun=$(date +%s%N)
same "not ready" "$(status_of /readyz) $(cat "$work/body")" "503 the database does not answer"
scrape
same "both within a limit" "$((($(date +%s%N) - begun) / 1000000 < 8000))" 1
same "up" "$(value schemasyncd_database_up)" 0
same "alive" "$(status_of /livez)" 200
same "nothing old looks fresh" "$(mirror "$work/out" | wc -l)" 0
out '^schemasyncd_runs_total.*outcome="ok"} 2$'
# shellcheck disable=SC2086 # a list
kill -CONT $stopped
pids="${pids% "$stopped"}"
until_ 10 curl -sf "http://127.0.0.1:$port/readyz"
until_ 10 alike
same "up" "$(value schemasyncd_database_up)" 1

# --- one that is away
sql -d postgres -c "ALTER DATABASE \"$PGDATABASE\" ALLOW_CONNECTIONS false" \
    -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$PGDATABASE'" >/dev/null
away() { [ "$(status_of /readyz)" = 503 ] && grep -q 'the database is away' "$work/body"; }
until_ 10 away
scrape
same "up" "$(value schemasyncd_database_up)" 0
same "nothing of the mirror" "$(mirror "$work/out" | wc -l)" 0
expect 0 promtool check metrics <"$work/out"
sql -d postgres -c "ALTER DATABASE \"$PGDATABASE\" ALLOW_CONNECTIONS true"
until_ 30 curl -sf "http://127.0.0.1:$port/readyz"
until_ 10 alike

# --- reloads: a faulty one; one with another connection; another address, first one that is taken
cp "$work/one.yaml" "$work/good.yaml"
echo 'faulty: true' >>"$work/one.yaml"
kill -HUP "$one_pid"
until_ 5 gauge schemasyncd_config_last_reload_successful 0
at=$(value schemasyncd_config_last_reload_success_timestamp_seconds)
kill "$two_pid" # it would not have what follows
hubspot='  - {name: hubspot, id: 9f0b6c1d-5d1e-4b7a-8a6f-3c2d1e4f5a60, targets: [contacts]}'
configure 127.0.0.1:0 "$hubspot" >"$work/one.yaml"
kill -HUP "$one_pid"
until_ 5 gauge schemasyncd_config_last_reload_successful 1
same "later" "$(awk -v a="$at" -v b="$(value schemasyncd_config_last_reload_success_timestamp_seconds)" 'BEGIN {print (b > a)}')" 1
same "a new one has counters" "$(grep -c '^schemasyncd_changes_total{connection="hubspot".* 0$' "$work/out")" 27
same "the others go on" "$(value "schemasyncd_runs_total{connection=\"$label\",outcome=\"ok\"}")" 2
until_ 10 gauge 'schemasyncd_targets{connection="hubspot",state="present"}' 1

taken=$(free_port)
python3 -c 'import socket, sys, time; s = socket.create_server(("127.0.0.1", int(sys.argv[1]))); time.sleep(60)' "$taken" &
pids="$pids $!"
taker=$!
until_ 5 python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])))' "$taken"
sed -i "s/^metrics: .*/metrics: {listen: \"127.0.0.1:$taken\"}/" "$work/one.yaml"
kill -HUP "$one_pid"
until_ 5 grep -q "nobody can ask for metrics yet: cannot listen on 127.0.0.1:$taken: Address already in use" "$work/one.log"
expect 7 get /livez
kill "$taker"
port=$taken
until_ 15 get /livez
same "the counters are the process's" "$(scrape && value "schemasyncd_runs_total{connection=\"$label\",outcome=\"ok\"}")" 2

# --- a real Prometheus, with the rules
expect 0 promtool check rules config/prometheus-rules.yaml
expect 0 promtool test rules tests/prometheus/rules-test.yaml
start three 127.0.0.1:0 "$hubspot"
three=$port port=$taken
web=$(free_port)
cat >"$work/prometheus.yml" <<END_OF_FILE
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [$PWD/config/prometheus-rules.yaml]
scrape_configs:
  - job_name: schemasyncd
    static_configs: [{targets: ["127.0.0.1:$taken", "127.0.0.1:$three"]}]
END_OF_FILE
mkdir "$work/tsdb"
GOMAXPROCS=1 prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" --web.listen-address="127.0.0.1:$web" \
    --log.level=warn >"$work/prometheus.log" 2>&1 &
pids="$pids $!"
ask() { # ask QUERY: value, a line each, with the labels of the result
    curl -sfG "http://127.0.0.1:$web/api/v1/query" --data-urlencode "query=$1" |
        python3 -c 'import json, sys
for r in json.load(sys.stdin)["data"]["result"]: print(r["value"][1], *sorted(v for k, v in r["metric"].items() if k != "__name__"))'
}
both_up() { [ "$(ask 'count(up{job="schemasyncd"} == 1)')" = 2 ]; }
until_ 30 both_up
fields() { [ "$(ask 'count by (connection) (schemasyncd_fields)' | sort)" = "$(printf '%s\n' "2 $awkward" "2 gone" "2 hubspot" | sort)" ]; }
until_ 15 fields
same "no double counting" "$(ask 'sum(max by (connection) (schemasyncd_fields))')" "$(sql -c "SELECT count(*) FROM schemasync.fields")"
passes() { [ "$(ask "sum(schemasyncd_runs_total{outcome=\"ok\"})")" -ge 3 ]; } # one each; another may have come due meanwhile
until_ 15 passes
same "nothing was left out" "$(ask 'sum(scrape_samples_scraped - scrape_samples_post_metric_relabeling)')" 0
firing() { ask 'ALERTS{alertname="SchemasyncdBreakingChanges",connection="hubspot"}'; }
same "no alert that is none" "$(firing)" ""
sql -c "INSERT INTO schemasync.changes (detected_at, run_id, connection_id, target_id, kind, severity)
        VALUES (now(), gen_random_uuid(), '9f0b6c1d-5d1e-4b7a-8a6f-3c2d1e4f5a60', 'contacts', 'field_removed', 'breaking')"
one_firing() { [ "$(firing)" = "1 SchemasyncdBreakingChanges critical firing hubspot schemasyncd" ]; }
until_ 15 one_firing
same "Prometheus has no complaint" "$(grep -E 'level=(warn|error)' "$work/prometheus.log" | grep -v 'Rule sample\|fsync\|memlimit' | head -n 3)" ""

# --- README names all of them, and nothing else
scrape
sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$work/out" | sort >"$work/served"
# shellcheck disable=SC2016 # Markdown's
sed -n '/<!-- metrics -->/,/<!-- \/metrics -->/s/^| `\([a-z_]*\)[`{].*/\1/p' README.md | sort >"$work/told"
expect 0 diff "$work/served" "$work/told"
sed -n 's/^ *- alert: //p' config/prometheus-rules.yaml | sort >"$work/rules"
# shellcheck disable=SC2016 # Markdown's
sed -n '/<!-- rules -->/,/<!-- \/rules -->/s/^| `\([A-Za-z]*\)`.*/\1/p' README.md | sort >"$work/told"
expect 0 diff "$work/rules" "$work/told"

# --- it ends in time with scrapes under way
# shellcheck disable=SC2034 # the descriptor keeps the connection open
exec {held}<>"/dev/tcp/127.0.0.1/$port"
kill "$one_pid"
begun=$SECONDS
wait "$one_pid"
same "its end" "$? $((SECONDS - begun <= 4))" "0 1"
expect_done
