#!/usr/bin/env bash
# A database with 1,000,000 versions of fields and 100,000 changes: what people typically ask of each relation goes by indexes, in
# the functions that a query calls too. Plans are looked at, not clocks.
. "$(dirname "$0")/../support/expect.sh"

new_database plans
expect 0 "$SCHEMASYNCD" migrate
expect 0 sql -f tests/integration/data/many.sql
rm -f "$work/out" "$work/err"

# plan STATEMENT: runs it; the plans of it and of all that the functions in it do stand in $work/plan.
plan() {
    PGOPTIONS='-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0 -c auto_explain.log_nested_statements=on
               -c client_min_messages=log' psql -X -q -A -t -v ON_ERROR_STOP=1 -c "$1" >"$work/rows" 2>"$work/plan"
}
large='(field_version|target_version|changes|runs|deliveries|acknowledgements)'

# by_index WHAT STATEMENT: none of the large tables is read whole, and there is an answer.
by_index() {
    if ! plan "$2"; then
        fail "$1: $(tail -n 3 "$work/plan")"
    elif ! grep -q 'Query Text' "$work/plan"; then
        fail "$1: no plan was shown"
    elif grep -qE "Seq Scan on $large\\b" "$work/plan"; then
        fail "$1: $(grep -E "Seq Scan on $large\\b" "$work/plan" | sort -u | tr -s ' ')"
    elif [ ! -s "$work/rows" ]; then
        fail "$1: no rows"
    else
        pass
    fi
}

# --- the test sees what it looks for, in functions as well
plan "SELECT max(description) FROM schemasync.field_version"
same "a whole table is noticed" "$(grep -cE "Seq Scan on $large" "$work/plan")" 1
plan "SET enable_indexscan = off; SET enable_bitmapscan = off; SELECT schemasync.sync_gate('sync-1')"
same "in a function too" "$(grep -cE "Seq Scan on changes" "$work/plan" | sed 's/[1-9][0-9]*/some/')" some

# --- the mirror, now and then
target="connection_id = '00000000-0000-4000-8000-000000000003' AND target_id = 'target-7'"
named="connection = 'connection-3' AND target_id = 'target-7'"
by_index connections "SELECT name, status, last_error FROM schemasync.connections WHERE name = 'connection-3'"
by_index targets "SELECT * FROM schemasync.targets WHERE $target"
by_index fields "SELECT * FROM schemasync.fields WHERE $named ORDER BY ordinal_position"
by_index 'a field' "SELECT * FROM schemasync.fields WHERE $named AND field_id = 'field-017'"
by_index 'a field everywhere' "SELECT connection, target_id, type FROM schemasync.fields WHERE $named AND field_id LIKE 'field-01%'"
by_index field_versions "SELECT * FROM schemasync.field_versions WHERE $target AND field_id = 'field-017' ORDER BY valid_from"
by_index 'versions of a target' "SELECT * FROM schemasync.field_versions WHERE $target AND valid_to IS NOT NULL"
by_index target_versions "SELECT * FROM schemasync.target_versions WHERE $target ORDER BY valid_from"
by_index fields_as_of "SELECT * FROM schemasync.fields_as_of(now() - interval '300 days') WHERE $named ORDER BY ordinal_position"
by_index 'as of, by id' "SELECT * FROM schemasync.fields_as_of(now() - interval '300 days') WHERE $target AND field_id = 'field-017'"
by_index field_attributes "SELECT * FROM schemasync.field_attributes WHERE $named AND field_id = 'field-017'"
by_index 'one attribute' "SELECT * FROM schemasync.field_attributes WHERE $named AND field_id = 'field-017' AND attribute = 'type'"
by_index 'attributes of a target' "SELECT * FROM schemasync.field_attributes WHERE $named AND attribute = 'required'"
by_index target_attributes "SELECT * FROM schemasync.target_attributes WHERE $named"

# --- the log
by_index 'changes, followed' "SELECT * FROM schemasync.changes WHERE id > 99900 ORDER BY id LIMIT 100"
by_index 'changes of a day' "SELECT * FROM schemasync.changes WHERE detected_at > now() - interval '1 day'"
by_index 'changes of a target' "SELECT * FROM schemasync.changes WHERE $target ORDER BY id DESC LIMIT 50"
by_index 'changes of a run' "SELECT * FROM schemasync.changes WHERE run_id = md5('run100')::uuid"
by_index 'changes of an incident' "SELECT * FROM schemasync.changes WHERE incident_id = md5('incident100')::uuid"
by_index drift "SELECT * FROM schemasync.drift WHERE detected_at > now() - interval '1 day' ORDER BY severity DESC, id DESC"
by_index 'drift of a connection' "SELECT * FROM schemasync.drift WHERE connection = 'connection-3' ORDER BY id DESC LIMIT 20"
by_index 'drift of a target' "SELECT * FROM schemasync.drift WHERE $named"
by_index acknowledgements "SELECT * FROM schemasync.acknowledgements WHERE change_id = 77"
by_index runs "SELECT * FROM schemasync.runs WHERE connection_id = '00000000-0000-4000-8000-000000000003' ORDER BY started_at DESC LIMIT 10"
by_index 'runs of a day' "SELECT outcome, count(*) FROM schemasync.runs WHERE started_at > now() - interval '1 day' GROUP BY 1"

# --- syncs, incidents
by_index syncs "SELECT * FROM schemasync.syncs JOIN schemasync.sync_fields USING (sync_id) WHERE $target"
by_index sync_problems "SELECT * FROM schemasync.sync_problems WHERE active ORDER BY severity DESC, since LIMIT 50"
by_index 'problems of a sync' "SELECT * FROM schemasync.sync_problems WHERE sync_id = 'sync-7'"
by_index sync_drift "SELECT * FROM schemasync.sync_drift WHERE sync_id = 'sync-7'"
by_index sync_gate "SELECT schemasync.sync_gate('sync-7'), schemasync.sync_gate('nobody', '1 day')"
by_index 'all gates of a target' "SELECT sync_id, schemasync.sync_gate(sync_id) FROM schemasync.syncs WHERE $target"
by_index coverage "SELECT verdict, count(*), max(age) FROM schemasync.coverage GROUP BY verdict"
by_index 'coverage of a target' "SELECT * FROM schemasync.coverage WHERE $named"
by_index incidents "SELECT * FROM schemasync.incidents WHERE state = 'open'"
by_index deliveries "SELECT * FROM schemasync.deliveries WHERE alert = 'chat' AND delivered_at IS NULL AND given_up_at IS NULL"
by_index 'deliveries of a day' "SELECT alert, count(*) FROM schemasync.deliveries WHERE alert = 'chat' AND created_at > now() - interval '1 day' GROUP BY 1"

# --- retention finds what is old, and that nothing is
by_index 'nothing to delete' "SELECT * FROM schemasync.prune('5000 days', '5000 days', '5000 days', '5000 days', 1000)"
by_index 'a batch' "SELECT * FROM schemasync.prune('500 days', '500 days', '500 days', '500 days', 1000)"
by_index 'a batch of versions' "SELECT * FROM schemasync.prune(NULL, NULL, NULL, '500 days', 1000)"

# --- what commands and the daemon ask
prepared() {
    { echo "PREPARE query AS" && cat "sql/queries/$1.sql" && echo ";"; } >"$work/query"
    by_index "sql/queries/$1" "$(cat "$work/query") EXECUTE query($2)"
}
id="'00000000-0000-4000-8000-000000000003'"
prepared drift_page "NULL, NULL, $id, 'target-7', NULL, true, NULL, 100"
prepared drift_page "86400000000, NULL, NULL, NULL, 'warning', false, NULL, 100"
prepared fields_now "$id, 'target-7'"
prepared fields_then "$id, 'target-7', 86400000000, NULL"
prepared load_snapshot 7
prepared sync_problems "'sync-7'"
prepared gate_reasons "'sync-7'"

expect_done
