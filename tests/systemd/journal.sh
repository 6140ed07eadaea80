# Fields, priorities and texts of the journal.

edit() { control edit "$1"; }
catalog() { journalctl -q -x --no-pager -o short --since="$journal_mark" "MESSAGE_ID=$(message_id "$1")"; }

# --- a breaking change, and one that may matter
mark_journal
edit '[{"op": "field_remove", "connection": "salesforce-prod", "target": "Contact", "field": "HasOptedOutOfEmail"},
       {"op": "field_remove", "connection": "salesforce-prod", "target": "Account", "field": "Phone"}]'
run_once
is_told() { [ "$(lines_of CHANGES_RECORDED | wc -l)" -ge 1 ]; }
wait_for 5 is_told
run=$(sql -c "SELECT id FROM runs ORDER BY started_at DESC LIMIT 1")
told() { sql -c "SELECT id, severity, target_id, field_id, kind, rule FROM changes WHERE run_id = '$run' AND severity >= 'warning' ORDER BY id"; }
expect 0 test "$(told | wc -l)" -ge 1
while IFS='|' read -r id severity target field kind rule; do
    message=CHANGE_WARNING priority=4
    [ "$severity" != breaking ] || message=CHANGE_BREAKING priority=3
    expect 0 logged $message PRIORITY=$priority SCHEMASYNCD_CONNECTION=salesforce-prod SCHEMASYNCD_TARGET="$target" SCHEMASYNCD_FIELD="$field" \
        SCHEMASYNCD_RUN_ID="$run" SCHEMASYNCD_CHANGE_ID="$id" SCHEMASYNCD_SEVERITY="$severity" SCHEMASYNCD_KIND="$kind" SCHEMASYNCD_RULE="$rule" \
        SYSLOG_IDENTIFIER=schemasyncd _SYSTEMD_UNIT=schemasyncd.service
done < <(told)
expect 0 lines_of CHANGE_BREAKING
for field in PRIORITY SCHEMASYNCD_{CONNECTION,TARGET,FIELD,RUN_ID,CHANGE_ID,SEVERITY,KIND,RULE}; do
    out "\"$field\":\"[^\"]+\""
done
expect 0 is_true "EXISTS (SELECT FROM changes WHERE run_id = '$run' AND severity = 'breaking')"
expect 0 logged CHANGES_RECORDED PRIORITY=5 SCHEMASYNCD_CHANGES=2 SCHEMASYNCD_RUN_ID="$run"
breaking=$(sql -c "SELECT min(id) FROM changes WHERE run_id = '$run' AND severity = 'breaking'")
expect 0 catalog CHANGE_BREAKING
out 'Subject: A breaking change has been recorded'
out "schemasyncd ack $breaking( |\$)"

# --- many changes: so many lines and no more
mark_journal
edit '{"op": "field_set", "connection": "salesforce-prod", "target": "Account", "field": "*", "set": {"type": "binary"}}'
run_once
wait_for 5 is_told
changes=$(sql -c "SELECT count(*) FROM changes WHERE run_id = (SELECT id FROM runs ORDER BY started_at DESC LIMIT 1)")
expect 0 test "$changes" -gt 10
expect 0 logged CHANGES_RECORDED SCHEMASYNCD_CHANGES="$changes"
same "lines" "$({ lines_of CHANGE_BREAKING; lines_of CHANGE_WARNING; } | wc -l)" 10

# --- a mass removal
mark_journal
edit '{"op": "field_remove", "connection": "salesforce-prod", "target": "Account", "field": "*"}'
run_once
wait_for 5 logged HELD_BACK PRIORITY=4 SCHEMASYNCD_TARGET=Account SCHEMASYNCD_CONNECTION=salesforce-prod
expect 0 catalog HELD_BACK
out 'schemasyncd accept salesforce-prod'

# --- the key is refused, the API is away
mark_journal
control settings '{"key": "another"}'
run_once
wait_for 5 logged KEY_REFUSED PRIORITY=3 SCHEMASYNCD_CONNECTION=salesforce-prod
expect 0 catalog KEY_REFUSED
out 'Put a valid key in place'
systemctl stop simulator
run_once
wait_for 5 logged UPSTREAM_AWAY PRIORITY=3
wait_for 10 has_property StatusText '*; last salesforce-prod at *: *'
start_simulator
run_once
same "no secret is in the journal" "$(journalctl -q -o export -u schemasyncd | grep -c "$KEY")" 0

# --- every message has its text
expect 0 journalctl --dump-catalog
for message in $(sed -nE 's/^#define MESSAGE_[A-Z_]+ +"([0-9a-f]+)".*/\1/p' daemon/base/messages.h); do
    out "^-- $message\$"
done

# --- elsewhere than in the journal: text, or JSON, on stderr
expect 78 env -u JOURNAL_STREAM schemasyncd --config /nonexistent run
err '^[0-9T:.Z-]+ error: the configuration is faulty'
expect 78 schemasyncd --config /nonexistent --log-format json run
err '^\{"level":"error",.*"message":"the configuration is faulty.*","message_id":"[0-9a-f]{32}"\}$'
