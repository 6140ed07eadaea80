# Start without a database and with one, READY, the status line, reloads, the end.

# --- systemd has no remark on what is installed
expect 0 systemd-analyze verify --man=no schemasyncd.service schemasyncd@sales.service
same "remarks" "$(cat "$work/err")" ""

# --- a configuration that is missing or faulty: 78, and no second try
rm -f "$config"
drop_in credentials
expect 1 systemctl start schemasyncd
same "exit code" "$(property ExecMainStatus)" 78
printf 'connections: []\nnonsense: 1\n' >"$config"
mark_journal
expect 1 systemctl start schemasyncd
same "exit code" "$(property ExecMainStatus)" 78
same "it is not tried again" "$(property ActiveState) $(property NRestarts)" "failed 0"
expect 0 logged CONFIG_FAULTY PRIORITY=3 _SYSTEMD_UNIT=schemasyncd.service
systemctl reset-failed schemasyncd

# --- without a database: ready at once, and it says what it waits for
configure
mark_journal
expect 0 timeout 5 systemctl start schemasyncd
same "state" "$(property ActiveState) $(property SubState)" "active running"
expect 0 logged STARTED
expect 0 logged WATCHDOG_ON
wait_for 5 has_property StatusText 'Waiting for the database: *postgresql*'
expect 0 logged DATABASE_AWAY PRIORITY=3 SCHEMASYNCD_CAUSE=db-unreachable
same "a stop while it waits" "$(timeout 5 systemctl stop schemasyncd && property Result)" success
expect 0 timeout 5 systemctl start schemasyncd

# --- the database comes late
systemctl start postgresql
wait_for 15 has_property StatusText '1 connections, 0 runs under way; last salesforce-prod at 20??-*Z: 2 targets, 0 changes, 0 failed, 0 suspect; 1 runs done, 0 failed'
wait_for 5 logged DATABASE_BACK PRIORITY=5
expect 0 logged SCHEMA_MIGRATED
expect 0 is_true "(SELECT bool_and(state = 'present') FROM targets)"
same "who it is to PostgreSQL, by peer authentication" \
    "$(sql -c "SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name LIKE 'schemasyncd%'")" schemasyncd
same "restarts" "$(property NRestarts)" 0

# --- reloads: a good file, a faulty one, and one that a signal alone brings
configure "- {name: hubspot, id: $HUBSPOT, targets: [contacts]}"
mark_journal
expect 0 systemctl reload schemasyncd
wait_for 5 logged CONFIG_RELOADED PRIORITY=5
wait_for 10 is_true "(SELECT state = 'present' FROM targets WHERE target_id = 'contacts')"
same "state" "$(property ActiveState)" active
echo 'nonsense: 1' >>"$config"
mark_journal
expect 1 systemctl reload schemasyncd
same "state" "$(property ActiveState) $(property SubState)" "active running"
expect 0 journalctl -q -o cat --since="$journal_mark" -u schemasyncd
out "^$config:[0-9]+:1: nonsense: "
expect 1 logged CONFIG_FAULTY # the signal was not sent
systemctl kill --kill-whom=main -s HUP schemasyncd
wait_for 5 logged CONFIG_FAULTY PRIORITY=3
wait_for 5 has_property SubState running
configure
expect 0 systemctl reload schemasyncd
wait_for 10 is_true "(SELECT NOT managed FROM connections WHERE name = 'hubspot')"
same "one process all the time" "$(property NRestarts)" 0

# --- the end, in the middle of an answer that does not come: within five seconds, nothing is half recorded
control faults '[{"path": "*/target/fields", "hang": true}]'
curl -sS -X DELETE "$API/_control/log" >/dev/null
make_due
wait_for 10 asked '*/target/fields' 1
expect 0 timeout 5 systemctl stop schemasyncd
same "how it ended" "$(property ActiveState) $(property Result) $(property ExecMainStatus)" "inactive success 0"
expect 0 is_true "(SELECT outcome = 'cancelled' FROM runs ORDER BY started_at DESC LIMIT 1)"
expect 0 is_true "NOT EXISTS (SELECT FROM connections WHERE lease_owner IS NOT NULL)"
expect 0 is_true "(SELECT count(*) = 0 FROM workers)"
curl -sS -X DELETE "$API/_control/faults" >/dev/null
# ... and while PostgreSQL does not answer
expect 0 systemctl start schemasyncd
wait_for 10 is_true "NOT EXISTS (SELECT FROM connections WHERE managed AND (next_due_at < clock_timestamp() OR lease_owner IS NOT NULL))"
systemctl kill -s STOP postgresql
expect 0 timeout 5 systemctl stop schemasyncd
systemctl kill -s CONT postgresql
same "how it ended" "$(property ActiveState) $(property Result) $(property ExecMainStatus)" "inactive success 0"
expect 0 systemctl start schemasyncd
