# For the tests under a real systemd: the installed program, PostgreSQL and the API's simulator as units, and ways to ask.
# Sourced by run.sh, inside of tests/support/with_systemd.sh.
. tests/support/expect.sh
[ -d /run/with_systemd ] || { echo "not inside of with_systemd.sh" >&2; exit 1; }

API=http://127.0.0.1:8080 KEY=simulator-key
SALESFORCE=248df4b7-aa70-47b8-a036-33ac447e668d HUBSPOT=9f0b6c1d-5d1e-4b7a-8a6f-3c2d1e4f5a60
examples=/usr/share/doc/schemasyncd/systemd
config=/etc/schemasyncd/schemasyncd.yaml
PGBIN=$(for bin in /usr/lib/postgresql/*/bin; do echo "$bin"; done | sort -V | tail -n 1)
export PGUSER=postgres PGHOST=/run/postgresql PGDATABASE=schemasync PGOPTIONS='-c search_path=schemasync,public'

# --- asking

# property NAME [UNIT]: as systemd sees it.
property() { systemctl show -P "$1" "${2:-schemasyncd}"; }
pid() { property MainPID "$@"; }

# wait_for SECONDS COMMAND...: until it succeeds. Counts as one expectation.
wait_for() {
    local seconds=$1 until=$((SECONDS + $1))
    shift
    until "$@" >"$work/out" 2>"$work/err"; do
        if [ $SECONDS -gt "$until" ]; then
            fail "in vain for $seconds s: $*"
            systemctl status --no-pager --lines=25 schemasyncd 2>&1 | sed 's/^/    /'
            return 1
        fi
        sleep 0.05
    done
    pass
}
is_true() { [ "$(sql -c "SELECT $1")" = t ]; }
has_property() { # NAME GLOB
    # shellcheck disable=SC2254
    case $(property "$1") in $2) ;; *) return 1 ;; esac
}
# logged MESSAGE [FIELD=VALUE...]: since mark_journal a line of this MESSAGE_ID came that has these fields.
# (Not --after-cursor: with a match beside it, it passes over the first line.)
mark_journal() { journal_mark=$(date +@%s.%6N); }
message_id() { sed -nE "s/^#define MESSAGE_$1 +\"([0-9a-f]+)\".*/\1/p" daemon/base/messages.h; }
lines_of() { journalctl --sync && journalctl -q -o json --since="$journal_mark" "MESSAGE_ID=$(message_id "$1")" "${@:2}"; }
logged() { [ -n "$(lines_of "$@")" ]; }
control() { curl -sS --fail -m 10 -o "$work/control" -H 'Content-Type: application/json' "$API/_control/$1" -d "$2"; }
requests() { curl -sS "$API/_control/log?path=$1" | grep -o '"seq":' | wc -l; }
asked() { [ "$(requests "$1")" -ge "$2" ]; }

# --- doing

make_due() {
    sql -c "UPDATE target_state SET next_due_at = clock_timestamp() - interval '1 second' WHERE managed;
        UPDATE connections SET next_due_at = clock_timestamp() - interval '1 second', own_due_at = clock_timestamp() - interval '1 second' WHERE managed"
}
runs_done() { sql -c "SELECT count(*) FROM runs WHERE finished_at IS NOT NULL"; }
# A run that begins now and ends: its outcome.
run_once() {
    local before
    before=$(runs_done)
    make_due
    wait_for 15 is_true "(SELECT count(*) > $before FROM runs WHERE finished_at IS NOT NULL)"
}
# drop_in NAME: one of the documented ones, or the text on standard input; in effect with the next start. drop_out takes it away.
drop_in() {
    mkdir -p /etc/systemd/system/schemasyncd.service.d
    if [ -f "$examples/$1.conf" ]; then
        cp "$examples/$1.conf" /etc/systemd/system/schemasyncd.service.d/
    else
        cat >"/etc/systemd/system/schemasyncd.service.d/$1.conf"
    fi
    systemctl daemon-reload
}
drop_out() {
    rm "/etc/systemd/system/schemasyncd.service.d/$1.conf"
    systemctl daemon-reload
}
# configure [LINE...]: the configuration, with more connections.
configure() {
    {
        printf '%s\n' "api: {base_url: '$API', auth: {bearer: {credential: polytomic-api-key}}, timeout: 60s, retries: 0}" \
            "database: {conninfo: '${conninfo:-dbname=schemasync}'}" 'schedule: {every: 1h}' 'connections:' \
            "- {name: salesforce-prod, id: $SALESFORCE, targets: [Account, Contact]}" "$@"
    } >"$config"
}

# --- the machine

write_unit() { cat >"/etc/systemd/system/$1"; }

install_all() {
    make --no-print-directory -o all VARIANT="$(basename "$(dirname "$SCHEMASYNCD")")" PREFIX=/usr install || return 1
    journalctl --update-catalog
    install -d -m 0700 /etc/schemasyncd/credentials
    install -m 0600 /dev/stdin /etc/schemasyncd/credentials/polytomic-api-key <<<"$KEY"
    # One as ExecStart= of the unit shows it: faster restarts than in earnest.
    drop_in quick <<<$'[Service]\nRestartSec=100ms'
}

start_simulator() {
    write_unit simulator.service <<END
[Service]
Type=exec
ExecStart=$SIMULATOR --listen 127.0.0.1:8080 --data $PWD/tests/simulator/data --key $KEY
END
    systemctl daemon-reload
    systemctl start simulator
    local try
    for try in $(seq 100); do
        curl -sS "$API/_control/settings" >/dev/null 2>&1 && return
        sleep 0.05
    done
    return 1
}

# A cluster whose pg_hba.conf is what the documentation names: peer on the socket, a certificate over the network.
make_postgres() {
    install -d -o postgres -m 0700 /tmp/cluster
    runuser -u postgres -- "$PGBIN/initdb" -D /tmp/cluster/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions \
        >/tmp/cluster.log 2>&1 || return 1
    cat >/tmp/cluster/data/pg_hba.conf <<END
local all postgres trust
local all all peer
hostssl all all 127.0.0.1/32 cert
END
    make_certificates
    write_unit postgresql.service <<END
[Service]
Type=notify
User=postgres
RuntimeDirectory=postgresql
ExecStart=$PGBIN/postgres -D /tmp/cluster/data -c fsync=off -c unix_socket_directories=/run/postgresql -c listen_addresses=127.0.0.1 \
    -c ssl=on -c ssl_cert_file=/tmp/cluster/server.crt -c ssl_key_file=/tmp/cluster/server.key -c ssl_ca_file=/tmp/cluster/ca.pem \
    -c ssl_min_protocol_version=TLSv1.3
KillSignal=SIGINT
END
    systemctl daemon-reload
}

make_certificates() {
    local name
    (
        cd /tmp/cluster || exit 1
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem
        for name in server:localhost client:schemasyncd; do
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=${name#*:}" -keyout "${name%:*}.key" -out "${name%:*}.csr"
            openssl x509 -req -in "${name%:*}.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "${name%:*}.crt"
        done
        chown postgres server.key
        chmod 0600 server.key
        install -m 0644 ca.pem /etc/schemasyncd/postgresql-ca.pem
        install -m 0600 client.crt client.key /etc/schemasyncd/credentials
    ) >/tmp/certificates.log 2>&1
}

make_database() { # NAME ROLE
    sql -d postgres -c "CREATE ROLE \"$2\" LOGIN" -c "CREATE DATABASE \"$1\" OWNER \"$2\""
}
