#!/usr/bin/env bash
# A mirror that moves: dumped and restored into another cluster, replicated to one, reached through a pooler. Each time the next look
# sees nothing that is not there, and history is whole.
. "$(dirname "$0")/../support/expect.sh"
as_owner=()
[ "$(id -u)" -ne 0 ] || as_owner=(runuser -u postgres --)

leave() {
    kill "${started[@]}" 2>/dev/null
    [ ! -d "$work/other" ] || "${as_owner[@]}" "$PGBIN/pg_ctl" -D "$work/other" -m immediate stop >/dev/null 2>&1
    rm -rf "$work"
}
started=()
trap leave EXIT
wait_for() { # wait_for COMMAND...
    local until=$((SECONDS + 60))
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || { fail "waited in vain: $*"; return 1; }
        sleep 0.1
    done
}

"$SIMULATOR" --listen 127.0.0.1:0 --port-file "$work/port" --parent-death --data tests/simulator/data >"$work/simulator.log" 2>&1 &
started+=($!)
wait_for [ -s "$work/port" ]
upstream=http://127.0.0.1:$(cat "$work/port")
export SIMULATOR_KEY=simulator-key SCHEMASYNCD_CONFIG=$work/schemasyncd.yaml
cat >"$SCHEMASYNCD_CONFIG" <<END
api: {base_url: "$upstream", rate: 0, auth: {bearer: {env: SIMULATOR_KEY}}}
connections:
  - {name: salesforce-prod, id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [Account, Contact, {include: "*__c"}]}
  - {name: hubspot, id: 9f0b6c1d-5d1e-4b7a-8a6f-3c2d1e4f5a60, targets: [{include: "*"}]}
END
edit() { expect 0 curl -sS --fail "$upstream/_control/edit" -d "$1"; }
phone() { edit "{\"op\": \"field_set\", \"connection\": \"salesforce-prod\", \"target\": \"Account\", \"field\": \"Phone\", \"set\": $1}"; }

# --- a mirror with history
new_database restore
sql -f sql/roles.sql
expect 0 "$SCHEMASYNCD" pull
phone '{"type": "number"}'
expect 0 "$SCHEMASYNCD" pull
phone '{"required": true}'
edit '{"op": "target_remove", "connection": "salesforce-prod", "target": "Contact"}'
expect 0 "$SCHEMASYNCD" pull
expect 0 "$SCHEMASYNCD" ack "$(sql -c "SELECT min(id) FROM schemasync.drift")"
history() { # all that there is to know, in one text
    sql -c "SELECT * FROM schemasync.field_versions ORDER BY id" -c "SELECT * FROM schemasync.target_versions ORDER BY 1, 2, valid_from" \
        -c "SELECT * FROM schemasync.changes ORDER BY id" -c "SELECT * FROM schemasync.acknowledgements ORDER BY id" \
        -c "SELECT sync_id, name, active, mode, connection_id, target_id, creates_target, updated_at FROM schemasync.syncs ORDER BY sync_id" -c "SELECT * FROM schemasync.sync_fields ORDER BY 1, 2, 3" \
        -c "SELECT * FROM schemasync.sync_problem ORDER BY number" -c "SELECT * FROM schemasync.incidents ORDER BY id" \
        -c "SELECT * FROM schemasync.field_attributes ORDER BY 1, 2, 3, 4"
}
history >"$work/history"
same "there is history" "$(sql -c "SELECT count(*) > 2 FROM schemasync.changes")" t

# What must hold wherever the mirror has come to: all of it is there; the next look finds nothing, and the one after a change that.
goes_on() {
    history >"$work/here"
    expect 0 diff "$work/history" "$work/here"
    expect 0 "$SCHEMASYNCD" pull --exit-code
    out ' 0 changes'
    history >"$work/here"
    expect 0 diff "$work/history" "$work/here"
    phone "$1"
    expect 3 "$SCHEMASYNCD" pull --exit-code
    same "$2: one change, under a new id" "$(sql -c "SELECT count(*), bool_and(id > (SELECT min(id) FROM schemasync.changes)) FROM schemasync.changes
        WHERE run_id = (SELECT id FROM schemasync.runs WHERE change_count > 0 ORDER BY started_at DESC LIMIT 1)")" '1|t'
    same "$2: known since" "$(sql -c "SELECT since_is_exact FROM schemasync.field_attributes WHERE target_id = 'Account' AND field_id = 'Phone' AND attribute = 'description'")" t
}

# --- another cluster
data=$work/other
chmod 0711 "$work"
mkdir -m 0700 "$data"
[ ${#as_owner[@]} -eq 0 ] || chown postgres "$data"
(cd / && "${as_owner[@]}" "$PGBIN/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions) >"$work/initdb" 2>&1 || fail initdb
cat >>"$data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$data'
fsync = off
shared_buffers = 32MB
max_connections = 30
wal_level = logical
END
chmod 0711 "$data" && (cd / && "${as_owner[@]}" chmod 0700 "$data")
socket=/tmp/schemasyncd-other.$$
mkdir -m 0777 "$socket"
sed -i "s|^unix_socket_directories = '$data'|unix_socket_directories = '$socket'|" "$data/postgresql.conf"
(cd / && "${as_owner[@]}" "$PGBIN/pg_ctl" -D "$data" -l "$data/log" -w start) >"$work/start" 2>&1 || fail "the other cluster: $(cat "$work/start")"
leave_other() { leave; rm -rf "$socket"; }
trap leave_other EXIT
first_host=$PGHOST first_user=$PGUSER
other() { PGHOST=$socket PGUSER=postgres "$@"; }

# --- dumped and restored, as the same roles
other sql -d postgres -c "CREATE DATABASE restored"
other sql -d restored -f sql/roles.sql
pg_dump -Fc -f "$work/dump"
same "pg_dump" $? 0
expect 0 other pg_restore --exit-on-error -d restored "$work/dump"
there=$PGDATABASE
export PGHOST=$socket PGUSER=postgres PGDATABASE=restored
same "the rights came along" "$(sql -c "SELECT has_table_privilege('schemasync_daemon', 'schemasync.changes', 'UPDATE'), has_function_privilege('schemasync_reader', 'schemasync.sync_gate(text, interval)', 'EXECUTE')")" 't|t'
same "up to date" "$("$SCHEMASYNCD" migrate)" "the schema is up to date: version $(sql -c "SELECT max(version) FROM schemasync.schema_migrations")"
goes_on '{"required": true, "description": "restored"}' restored
phone '{"required": true, "description": null}'

# --- replicated: the subscriber has the schema through migrate, then takes over
export PGHOST=$socket PGUSER=postgres PGDATABASE=replicated
sql -d postgres -c "CREATE DATABASE replicated"
expect 0 "$SCHEMASYNCD" migrate
same "what has no replica identity" "$(sql -c "SELECT string_agg(c.relname, ' ') FROM pg_class c
    WHERE c.relnamespace = 'schemasync'::regnamespace AND c.relkind = 'r'
      AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)")" ""
sql -d restored -c "CREATE DATABASE published"
expect 0 pg_restore --exit-on-error -d published "$work/dump"
sql -d published -c "CREATE PUBLICATION mirror FOR TABLES IN SCHEMA schemasync" -c "SELECT pg_create_logical_replication_slot('mirror', 'pgoutput')" >/dev/null
# what migrate put into these is the publisher's too
sql -c "TRUNCATE schemasync.schema_migrations, schemasync.horizon"
expect 0 sql -c "CREATE SUBSCRIPTION mirror CONNECTION 'host=$socket dbname=published user=postgres' PUBLICATION mirror WITH (create_slot = false, slot_name = 'mirror')"
synchronized() { [ "$(sql -c "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'")" = 0 ]; }
wait_for synchronized
# the publisher works on: its rows are updated and deleted there too
phone '{"required": true, "description": "replicated"}'
PGDATABASE=published expect 0 "$SCHEMASYNCD" pull
caught_up() { [ "$(sql -c "SELECT count(*) FROM schemasync.runs WHERE finished_at IS NOT NULL")" = "$(sql -d published -c "SELECT count(*) FROM schemasync.runs WHERE finished_at IS NOT NULL")" ] &&
    [ "$(sql -c "SELECT max(id) FROM schemasync.changes")" = "$(sql -d published -c "SELECT max(id) FROM schemasync.changes")" ]; }
wait_for caught_up
history >"$work/replica"
PGDATABASE=published history >"$work/history"
expect 0 diff "$work/history" "$work/replica"
sql -c "DROP SUBSCRIPTION mirror" >/dev/null 2>&1
# sequences are not replicated
same "sequences that were behind" "$(sql -c "SELECT schemasync.continue_numbers() > 0")" t
same "once is enough" "$(sql -c "SELECT schemasync.continue_numbers()")" 0
goes_on '{"required": true, "description": "taken over"}' "taken over"

# --- through a pooler, in session mode
export PGHOST=$first_host PGUSER=$first_user PGDATABASE=$there
phone '{"required": true, "description": null}'
history >"$work/history"
pool=/tmp/schemasyncd-pool.$$
mkdir -m 0777 "$pool"
trap 'leave_other; rm -rf "$pool"' EXIT
cat >"$pool/pgbouncer.ini" <<END
[databases]
* = host=$first_host
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = $pool
auth_type = any
pool_mode = session
default_pool_size = 10
logfile = $pool/log
pidfile = $pool/pid
ignore_startup_parameters = extra_float_digits,options
END
sed -i "s|^\* = host=.*|* = host=$first_host user=$first_user|" "$pool/pgbouncer.ini"
[ ${#as_owner[@]} -eq 0 ] || chown -R postgres "$pool"
(cd / && exec "${as_owner[@]}" "$(PATH=$PATH:/usr/sbin command -v pgbouncer)" -q "$pool/pgbouncer.ini") >"$work/pgbouncer" 2>&1 &
started+=($!)
export PGHOST=$pool PGPORT=6432
wait_for sql -c "SELECT 1"
goes_on '{"required": true, "description": "pooled"}' pooled
sql -c "UPDATE schemasync.connections SET next_due_at = now()"
"$SCHEMASYNCD" run >"$work/daemon.log" 2>&1 &
running=$!
scheduled() { [ "$(sql -c "SELECT count(*) FROM schemasync.runs WHERE trigger = 'schedule' AND outcome = 'ok'")" = 2 ]; }
wait_for scheduled
kill "$running"
wait "$running"
same "the daemon's end" $? 0
if grep -E ' (error|warning): ' "$work/daemon.log"; then fail "the daemon complains"; else pass; fi
unset PGPORT

expect_done
