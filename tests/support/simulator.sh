# For integration tests in shell, after expect.sh: an API simulator of one's own.

# start_simulator [ARGUMENT...]: sets $upstream to its URL; it ends with the test. $work/api-key holds its key.
start_simulator() {
    "$SIMULATOR" --listen 127.0.0.1:0 --port-file "$work/port" --parent-death "$@" >"$work/simulator.log" 2>&1 &
    simulator=$!
    trap 'kill $simulator; wait $simulator 2>/dev/null; rm -rf "$work"' EXIT
    for _ in $(seq 500); do [ -s "$work/port" ] && break; sleep 0.02; done
    upstream=http://127.0.0.1:$(cat "$work/port")
    (umask 077 && echo simulator-key >"$work/api-key")
}

# control REQUEST JSON: a control request that must succeed.
control() {
    curl -sS --fail-with-body "$upstream/_control/$1" -d "$2" >"$work/control" 2>&1 || fail "control $1: $(cat "$work/control")"
}

# configure TEXT: the configuration file, with the simulator's API, the test's database and this text for the rest.
configure() {
    export SCHEMASYNCD_CONFIG=$work/schemasyncd.yaml
    cat >"$SCHEMASYNCD_CONFIG" <<END
api: {base_url: "$upstream", auth: {bearer: {file: $work/api-key}}, retries: 0}
database: {conninfo: "dbname=$PGDATABASE"}
$1
END
}
