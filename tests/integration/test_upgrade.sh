#!/usr/bin/env bash
# From each migration step with data in it to the newest: what was there survives, and the program works on with it. A step's data
# stand in data/upgrade_NNNN.sql, each added to those before.
. "$(dirname "$0")/../support/expect.sh"
top=$PWD
newest=$(ls sql/migrations | sed -n '$s/_.*//p')

"$SIMULATOR" --listen 127.0.0.1:0 --port-file "$work/port" --parent-death --data tests/simulator/data >"$work/simulator.log" 2>&1 &
simulator=$!
trap 'kill $simulator; wait $simulator 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 500); do [ -s "$work/port" ] && break; sleep 0.02; done
upstream=http://127.0.0.1:$(cat "$work/port")
export SIMULATOR_KEY=simulator-key SCHEMASYNCD_CONFIG=$work/schemasyncd.yaml

# The schema as the migrations up to a step made it, without functions and views, which are made anew by each.
make_step() {
    local file step
    "$SCHEMASYNCD" migrate --print | sed -n '/^CREATE TABLE schemasync.schema_migrations/,/^);/p' >"$work/first"
    sql -c "CREATE SCHEMA schemasync" -f "$work/first" || return 1
    for file in "$top"/sql/migrations/*.sql; do
        step=$(basename "$file" .sql)
        [[ ${step%%_*} > $1 ]] && break
        sql -1 -f "$file" -c "INSERT INTO schemasync.schema_migrations (version, name) VALUES (${step%%_*}, '$step')" &&
            sql -1 -f "$top/tests/integration/data/upgrade_${step%%_*}.sql" >/dev/null || return 1
    done
}

# All rows of the tables that a step had, in the columns that it had.
tables() {
    sql -c "SELECT format('SELECT %L, %s FROM schemasync.%I ORDER BY 2, 3', c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), c.relname)
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relnamespace = 'schemasync'::regnamespace AND c.relkind = 'r' AND c.relname NOT IN ('schema_migrations', 'configuration')
            GROUP BY c.oid ORDER BY c.relname"
}
rows() { while read -r query; do sql -c "$query"; done <"$work/tables"; }

for file in sql/migrations/*.sql; do
    step=$(basename "$file")
    step=${step%%_*}
    echo "from step $step"
    if [ ! -r "tests/integration/data/upgrade_$step.sql" ]; then
        fail "no data of step $step: write tests/integration/data/upgrade_$step.sql"
        continue
    fi
    new_database "upgrade_$step"
    cat >"$SCHEMASYNCD_CONFIG" <<END
api: {base_url: "$upstream", rate: 0, auth: {bearer: {env: SIMULATOR_KEY}}}
database: {conninfo: "dbname=$PGDATABASE"}
connections: [{name: salesforce-prod, id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [Lead, Vanished]}]
END
    expect 0 make_step "$step"
    tables >"$work/tables"
    rows >"$work/before"
    same "there are data" "$([ "$(wc -l <"$work/before")" -gt 10 ] && echo yes)" yes
    if [ "$step" != "$newest" ]; then
        expect 78 "$SCHEMASYNCD" status
        expect 0 "$SCHEMASYNCD" migrate
        out "from version $((10#$step)) to $((10#$newest))"
    else # its functions are not there yet
        sql -c "SET check_function_bodies = off" -f <(cat sql/functions/*.sql sql/views/*.sql) >/dev/null 2>"$work/err"
        same "functions and views" "$?" 0
    fi
    rows >"$work/after"
    expect 0 diff "$work/before" "$work/after"
    same "as of then" "$(sql -c "SELECT field_id, type FROM schemasync.fields_as_of('2025-01-15') ORDER BY 1, 2")" \
        $'Company|string\nEmail|string\nId|string'
    same "since when" "$(sql -c "SELECT since::date, since_is_exact FROM schemasync.field_attributes WHERE field_id = 'Email' AND attribute = 'type'")" \
        "2025-02-01|t"

    # it goes on with what it finds: what is different upstream from what was stored is a change
    expect 0 "$SCHEMASYNCD" pull
    same "the abandoned run" "$(sql -c "SELECT error FROM schemasync.runs WHERE started_at = '2025-02-03'")" abandoned
    same "the new run" "$(sql -c "SELECT outcome FROM schemasync.runs ORDER BY started_at DESC LIMIT 1")" ok
    same "compared with what was kept" "$(sql -c "SELECT count(*) > 0 FROM schemasync.changes WHERE kind = 'field_added' AND target_id = 'Lead'")" t
    same "no baseline anew" "$(sql -c "SELECT min(first_seen_at)::date FROM schemasync.targets WHERE target_id = 'Lead'")" 2025-01-01
    same "the removed target is looked for" "$(sql -c "SELECT state FROM schemasync.targets WHERE target_id = 'Vanished'")" missing
    same "Email is back" "$(sql -c "SELECT count(*) FROM schemasync.changes WHERE target_id = 'Lead' AND field_id = 'Email' AND acknowledged_at IS NOT NULL")" \
        "$(sql -c "SELECT count(*) FROM schemasync.changes WHERE target_id = 'Lead' AND field_id = 'Email' AND acknowledged_by = 'revert'")"
    expect 0 "$SCHEMASYNCD" pull
    same "nothing more" "$(sql -c "SELECT change_count FROM schemasync.runs ORDER BY started_at DESC LIMIT 1")" 0
    for command in status drift problems "fields salesforce-prod Lead" "history salesforce-prod Lead Email"; do
        # shellcheck disable=SC2086 # words
        expect 0 "$SCHEMASYNCD" $command
    done
done

expect_done
