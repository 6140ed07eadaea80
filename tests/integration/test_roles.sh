#!/usr/bin/env bash
# sql/roles.sql: three roles with what they need and no more; the program works with exactly that. In a cluster of its own, where
# the roles are not there yet.
if [ -z "${ROLES_CLUSTER:-}" ]; then
    export ROLES_CLUSTER=1
    exec tests/support/with_postgres.sh bash "$0"
fi
. "$(dirname "$0")/../support/expect.sh"
top=$PWD

as() { # as ROLE STATEMENT...
    local role=$1
    shift
    for statement in "$@"; do set -- "$@" -c "$statement" && shift; done
    sql -U "$role" "$@"
}
refused() { # refused ROLE STATEMENT: for want of a right
    expect 3 sql -U "$1" <<<"$2"
    err "permission denied"
}
rights() { # who may do what in the schema, a line each
    sql -c "SELECT c.relname, ARRAY(SELECT a::text FROM unnest(c.relacl) a ORDER BY 1) FROM pg_class c WHERE c.relnamespace = 'schemasync'::regnamespace AND c.relkind IN ('r', 'v') ORDER BY 1" \
        -c "SELECT p.oid::regprocedure::text, ARRAY(SELECT a::text FROM unnest(p.proacl) a ORDER BY 1) FROM pg_proc p WHERE p.pronamespace = 'schemasync'::regnamespace ORDER BY 1" \
        -c "SELECT ARRAY(SELECT a::text FROM unnest(nspacl) a ORDER BY 1) FROM pg_namespace WHERE nspname = 'schemasync'"
}

# --- before the schema, twice; the schema is an owner's, who is no superuser
new_database roles
sql -c "CREATE ROLE mirror_owner LOGIN" -c "CREATE ROLE mirror_daemon LOGIN" -c "CREATE ROLE mirror_reader LOGIN" \
    -c "CREATE ROLE mirror_operator LOGIN" -c "CREATE ROLE stranger LOGIN" \
    -c "CREATE SCHEMA schemasync AUTHORIZATION mirror_owner"
expect 0 sql -f sql/roles.sql
expect 0 sql -f sql/roles.sql
same "three roles that cannot log in" "$(sql -c "SELECT count(*) FROM pg_roles WHERE rolname ~ '^schemasync_' AND NOT rolcanlogin AND NOT rolsuper AND NOT rolcreaterole AND NOT rolcreatedb")" 3
expect 3 sql -U stranger -f sql/roles.sql
err "belongs to mirror_owner"
sql -c "GRANT schemasync_daemon TO mirror_daemon" -c "GRANT schemasync_reader TO mirror_reader" \
    -c "GRANT schemasync_operator TO mirror_operator"
expect 0 "$SCHEMASYNCD" --database "user=mirror_owner" migrate
rights >"$work/before"

# --- after the schema: the same; what was granted by hand is put right
first=$PGDATABASE
new_database roles_after
sql -c "CREATE SCHEMA schemasync AUTHORIZATION mirror_owner"
expect 0 "$SCHEMASYNCD" --database "user=mirror_owner" migrate
sql -U mirror_owner -c "REVOKE SELECT ON schemasync.drift FROM schemasync_reader" -c "GRANT EXECUTE ON FUNCTION schemasync.essence(jsonb) TO PUBLIC" \
    -c "GRANT DELETE ON schemasync.acknowledgements TO schemasync_daemon"
expect 0 sql -f sql/roles.sql
rights >"$work/after"
expect 0 diff "$work/before" "$work/after"
export PGDATABASE=$first

# --- nobody else has anything
same "what PUBLIC may" "$(sql <<'END'
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'schemasync'::regnamespace AND c.relkind IN ('r', 'v')
  AND (has_table_privilege('stranger', c.oid, 'SELECT') OR has_table_privilege('stranger', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
UNION ALL
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace = 'schemasync'::regnamespace AND has_function_privilege('stranger', p.oid, 'EXECUTE')
UNION ALL
SELECT 'the schema' WHERE has_schema_privilege('stranger', 'schemasync', 'USAGE')
END
)" ""
refused stranger "SELECT * FROM schemasync.fields"

# --- nobody but the owner makes or changes anything in the schema
same "who may create, truncate, refer, trigger" "$(sql <<'END'
SELECT r.rolname, c.relname FROM pg_roles r, pg_class c
WHERE r.rolname ~ '^schemasync_' AND c.relnamespace = 'schemasync'::regnamespace AND c.relkind IN ('r', 'v')
  AND has_table_privilege(r.oid, c.oid, 'TRUNCATE, REFERENCES, TRIGGER')
UNION ALL
SELECT r.rolname, 'the schema' FROM pg_roles r WHERE r.rolname ~ '^schemasync_' AND has_schema_privilege(r.oid, 'schemasync', 'CREATE')
END
)" ""
refused mirror_daemon "CREATE TABLE schemasync.mine ()"
refused mirror_daemon "DELETE FROM schemasync.acknowledgements"
refused mirror_daemon "UPDATE schemasync.acknowledgements SET by = 'me'"
refused mirror_daemon "INSERT INTO schemasync.schema_migrations VALUES (99, 'mine')"
refused mirror_daemon "SELECT schemasync.grant_rights()"

# --- readers read everything that people read, and nothing else
same "what a reader may write" "$(sql <<'END'
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'schemasync'::regnamespace AND c.relkind IN ('r', 'v')
  AND has_table_privilege('mirror_operator', c.oid, 'INSERT, UPDATE, DELETE')
END
)" ""
same "what a reader may not read" "$(sql <<'END'
SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c
WHERE c.relnamespace = 'schemasync'::regnamespace AND c.relkind IN ('r', 'v') AND NOT has_table_privilege('mirror_reader', c.oid, 'SELECT')
END
)" "run_batch staged_change staged_field staged_target"
same "what a reader may call that writes" "$(sql <<'END'
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace = 'schemasync'::regnamespace AND (p.provolatile = 'v' OR p.prosecdef) AND has_function_privilege('mirror_reader', p.oid, 'EXECUTE')
END
)" ""
same "what an operator may call besides" "$(sql <<'END'
SELECT string_agg(p.proname, ' ' ORDER BY p.proname) FROM pg_proc p
WHERE p.pronamespace = 'schemasync'::regnamespace AND has_function_privilege('mirror_operator', p.oid, 'EXECUTE')
  AND NOT has_function_privilege('mirror_reader', p.oid, 'EXECUTE')
END
)" "acknowledge acknowledge_problems acknowledge_where unacknowledge"

# --- the program with these rights: all that it does
cd "$work" || exit 1
"$SIMULATOR" --listen 127.0.0.1:0 --port-file port --parent-death --data "$top/tests/simulator/data" >simulator.log 2>&1 &
simulator=$!
trap 'kill $simulator; wait $simulator 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 500); do [ -s port ] && break; sleep 0.02; done
[ -s port ] || { cat simulator.log; exit 1; }
upstream=http://127.0.0.1:$(cat port)
edit() { expect 0 curl -sS --fail "$upstream/_control/edit" -d "$1"; }
account='"connection": "salesforce-prod", "target": "Account"'
export SIMULATOR_KEY=simulator-key
cat >schemasyncd.yaml <<END
api: {base_url: "$upstream", rate: 0, auth: {bearer: {env: SIMULATOR_KEY}}}
database: {conninfo: "dbname=$PGDATABASE user=mirror_daemon", migrate: check}
connections:
  - {name: salesforce-prod, id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [Account, {include: "*__c"}, {synced: true}]}
alerts: [{name: local, exec: [/bin/true]}]
retention: {runs: 1d, deliveries: 1d, changes: 1d, versions: 1d}
END
export SCHEMASYNCD_CONFIG=$work/schemasyncd.yaml
daemon() { "$SCHEMASYNCD" "$@"; }
reader() { "$SCHEMASYNCD" --database "dbname=$PGDATABASE user=mirror_reader" "$@"; }
operator() { "$SCHEMASYNCD" --database "dbname=$PGDATABASE user=mirror_operator" "$@"; }

expect 0 daemon check --online
out "ok +the role may read and write all tables"
expect 0 daemon pull
edit "[{\"op\": \"field_set\", $account, \"field\": \"Phone\", \"set\": {\"type\": \"number\"}},
       {\"op\": \"field_remove\", $account, \"field\": \"Tier__c\"}]"
expect 3 daemon pull --exit-code
edit "{\"op\": \"field_set\", $account, \"field\": \"Phone\", \"set\": {\"type\": \"string\"}}"
expect 3 daemon pull --exit-code
same "a revert" "$(sql -c "SELECT count(*) FROM schemasync.changes WHERE acknowledged_by = 'revert'")" 2
edit "{\"op\": \"fields_set_all\", $account, \"set\": {\"precision\": 3}}"
expect 0 daemon pull
edit "{\"op\": \"fields_set\", $account, \"value\": []}"
expect 0 daemon pull
same "held back" "$(sql -c "SELECT state FROM schemasync.targets WHERE target_id = 'Account'")" suspect
expect 77 reader accept salesforce-prod
expect 0 daemon accept salesforce-prod
expect 0 daemon pull
same "applied" "$(sql -c "SELECT concat(state, field_count) FROM schemasync.targets WHERE target_id = 'Account'")" present0
expect 0 daemon pull --dry-run

for command in status drift 'drift --all' 'fields salesforce-prod Account --as-of 1h' 'fields salesforce-prod Usage__c' problems \
    'history salesforce-prod Usage__c' 'compare salesforce-prod:Usage__c salesforce-prod:Account'; do
    "$SCHEMASYNCD" "${command%% *}" --help >/dev/null 2>&1 || continue # not built yet
    # shellcheck disable=SC2086 # words
    expect 0 reader $command
done
expect 3 reader gate --all
for relation in connections targets field_versions target_versions fields field_attributes target_attributes changes drift acknowledgements \
    syncs sync_fields sync_problems sync_drift coverage runs incidents deliveries 'fields_as_of(now())'; do
    expect 0 as mirror_reader "SELECT * FROM schemasync.$relation"
done
expect 0 as mirror_reader "SELECT schemasync.sync_gate(sync_id) FROM schemasync.syncs"
refused mirror_reader "SELECT schemasync.acknowledge('{1}', 'mine')"
refused mirror_reader "UPDATE schemasync.changes SET acknowledged_at = now()"
refused mirror_operator "UPDATE schemasync.changes SET acknowledged_at = now()"

first=$(sql -c "SELECT min(id) FROM schemasync.drift")
same "acknowledged in SQL" "$(as mirror_operator "SELECT schemasync.acknowledge(ARRAY[$first], 'seen')")" 1
same "with the database's user" "$(sql -c "SELECT db_user, note FROM schemasync.acknowledgements WHERE change_id = $first")" 'mirror_operator|seen'
problem=$(sql -c "SELECT min(problem_id) FROM schemasync.sync_problems")
same "a problem too" "$(as mirror_operator "SELECT schemasync.acknowledge_problems(ARRAY['$problem'], NULL)")" 1
expect 0 operator unack "$first"
expect 0 operator ack "$first" --by 'somebody else'
expect 77 reader ack --connection salesforce-prod
expect 0 daemon ack --connection salesforce-prod --by me
same "all of it" "$(sql -c "SELECT count(*) FROM schemasync.drift")" 0

sql -c "UPDATE schemasync.runs SET started_at = started_at - interval '2 days', finished_at = finished_at - interval '2 days'" \
    -c "UPDATE schemasync.connections SET next_due_at = now()"
"$SCHEMASYNCD" run >daemon.log 2>&1 &
running=$!
await() { # await STATEMENT
    local until=$((SECONDS + 60))
    while [ $SECONDS -lt $until ]; do
        [ "$(sql -c "$1")" = t ] && return
        sleep 0.05
    done
    fail "waited in vain: $1 $(tail -n 20 daemon.log)"
}
await "SELECT count(*) > 0 FROM schemasync.runs WHERE trigger = 'schedule' AND outcome = 'ok'"
await "SELECT count(*) = 0 FROM schemasync.runs WHERE finished_at < now() - interval '1 day' AND change_count = 0"
kill "$running"
wait "$running"
same "the daemon's end" $? 0
if grep -q 'permission denied' daemon.log; then fail "the daemon lacks a right: $(grep 'permission denied' daemon.log)"; else pass; fi

# --- migrate: check: the owner brings the schema up to date, the daemon does not
sql -c "UPDATE schemasync.schema_migrations SET version = version - 1000"
expect 78 daemon pull
err "run 'schemasyncd migrate'"
expect 78 timeout 60 "$SCHEMASYNCD" run
sql -c "UPDATE schemasync.schema_migrations SET version = version + 1000"
expect 0 daemon pull

# --- what later migrations add is covered by their end
cd "$top" || exit 1
sql -U mirror_owner <<'END'
CREATE TABLE schemasync.later (id integer);
CREATE FUNCTION schemasync.later() RETURNS integer LANGUAGE sql STABLE RETURN 1;
END
same "which ends all scripts" "$("$SCHEMASYNCD" --database "dbname=postgres" migrate --print | grep -c '^DO .*schemasync.grant_rights()')" 1
sql -U mirror_owner -c "DO \$\$ BEGIN PERFORM schemasync.grant_rights(); END \$\$"
same "the daemon's new rights" "$(sql -c "SELECT has_table_privilege('mirror_daemon', 'schemasync.later', 'SELECT, INSERT, UPDATE, DELETE'),
    has_table_privilege('mirror_reader', 'schemasync.later', 'SELECT'), has_table_privilege('mirror_reader', 'schemasync.later', 'INSERT'),
    has_function_privilege('mirror_reader', 'schemasync.later()', 'EXECUTE'), has_function_privilege('stranger', 'schemasync.later()', 'EXECUTE')")" 't|t|f|t|f'

# --- it is installed
same "make install" "$(make -n install DESTDIR="$work/root" | grep -c 'sql/roles[.]sql ')" 1

expect_done
