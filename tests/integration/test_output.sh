#!/usr/bin/env bash
# What every command writes: help, "did you mean", tables that fit the terminal they are on, colour, JSON and CSV; names that would
# act on a terminal or a spreadsheet.
. "$(dirname "$0")/../support/expect.sh"

s=$SCHEMASYNCD
esc=$(printf '\033')
new_database output
expect 0 "$s" migrate

# --- help: each command has a usage line, a sentence and one example that begins with the program
expect 0 "$s" --help
commands=$(sed -nE '/^commands/,/^$/s/^  ([a-z-]+) .*/\1/p' "$work/out")
same "there are commands" "$(echo "$commands" | grep -cE '^(run|pull|check|init|migrate|status|drift|fields|history|ack|unack|compare|accept|problems|gate)$')" 15
for command in $commands; do
    expect 0 "$s" "$command" --help
    out "^usage: schemasyncd \[GLOBAL OPTION\.\.\.\] $command( |\$)"
    same "$command: one example" "$(grep -c '^Example' "$work/out")" 1
    same "$command: it is this command" "$(sed -n '/^Example/,$s/^  \(.*\)/\1/p' "$work/out" | head -n 1 | grep -cE "^schemasyncd (--[a-z-]+ [^ ]+ )*$command( |\$)")" 1
    same "$command: help fits 120 columns" "$(LC_ALL=C.UTF-8 awk 'length > 125' "$work/out" | grep -v '^usage:')" ""
    no_out "$esc"
    same "$command: nothing on stderr" "$(cat "$work/err")" ""
    expect 64 "$s" "$command" --no-such-option
    err "unknown option '--no-such-option'"
    expect 64 "$s" "${command}x"
    err "unknown command '${command}x': did you mean '$command'"
done

# --- did you mean
cat >"$work/schemasyncd.yaml" <<'END'
api: {auth: {bearer: {env: KEY}}}
connections: [{name: sales, id: 00000000-0000-0000-0000-000000000001, targets: [Account]}]
alerts: [{name: on-call, exec: [/bin/true]}]
END
for try in "alert-test on-cal|on-call" "fields sale x|sales" "history sales Acount|Account" "drift --connection slaes|sales" \
    "drift --target Acount|Account" "compare sales seles|sales" "accept saless|sales" "ack --rule field-typ-changed|field-type-changed" \
    "ack --connection salse|sales" "drift --snice 1h|--since" "pull --dry-ran|--dry-run" "history sales Account Nmae|Name"; do
    case $try in
        fields*) sql -c "INSERT INTO schemasync.connections (id, name, managed) VALUES ('00000000-0000-0000-0000-000000000001', 'sales', true)" \
            -c "INSERT INTO schemasync.target_state (key, connection_id, target_id, origin, state, field_count, first_seen_at, last_seen_at, schedule_interval)
                VALUES (1, '00000000-0000-0000-0000-000000000001', 'Account', 'listed', 'present', 5, now() - interval '1 d', now(), '1 h')" \
            -c "INSERT INTO schemasync.field_version (target_key, ordinal_position, field_id, valid_from) VALUES (1, 1, 'Name', now() - interval '1 d')" ;;
    esac
    # shellcheck disable=SC2086 # words
    expect 64 "$s" --config "$work/schemasyncd.yaml" ${try%|*}
    err "did you mean '${try#*|}'"
done

# --- hostile and wide names everywhere
sql <<'END'
INSERT INTO schemasync.connections (id, name, managed, last_error, consecutive_failures) VALUES
  ('00000000-0000-0000-0000-000000000002', E'\u001b]0;title\u0007 =cmd|''/c calc''!A1', true, E'503 \u001b[2J\u009b1m\r\nforged line', 3);
INSERT INTO schemasync.target_state (key, connection_id, target_id, origin, state, field_count, first_seen_at, last_seen_at, schedule_interval, held_since, held_fields)
VALUES (2, '00000000-0000-0000-0000-000000000002', E'\u001b[31mred\u202e', 'listed', 'suspect', 5, now(), now(), '1 h', now(), '{a}'),
       (3, '00000000-0000-0000-0000-000000000002', E'目標目標目標目標目標目標目標目標目標目標目標目標目標目標目標目標', 'listed', 'present', 5, now(), now(), '1 h', NULL, NULL);
INSERT INTO schemasync.target_version (target_key, name, modes, properties, valid_from)
SELECT k, E'\u001b[5mname' || k, '[{"mode": "\u001b[1mup", "label": "x"}]', '{"\u001b[7mkey": "\u009b\u2028"}', now() FROM generate_series(1, 3) k;
INSERT INTO schemasync.field_version (target_key, ordinal_position, field_id, name, type, source_type, description, required, createable, extra)
SELECT k, n, id, label, '=HYPERLINK("x")', E'va\tr\u001b[0m', E'+1\u202e\n-2', true, true, '{"\u001b[8mextra": "@SUM(1)"}'
FROM generate_series(1, 3) k CROSS JOIN LATERAL
     (VALUES (2, '漢字', 'e' || E'\u0301' || 'e' || E'\u0301'), (3, 'abcd', 'ab'), (4, E'\u001b[31mx' || k, repeat('Überlänge ', 40)), (5, '😀😀', '=1+1')) f (n, id, label);
INSERT INTO schemasync.changes (detected_at, run_id, connection_id, target_id, kind, field_id, attribute, old_value, new_value, severity, rule)
SELECT now(), '00000000-0000-0000-0000-00000000000a', c.id, t.target_id, 'field_changed', E'\u001b[31mx' || n, 'type', '"=1"', to_jsonb(repeat('漢', n)), 'breaking', 'field-type-changed'
FROM schemasync.connections c JOIN schemasync.target_state t ON t.connection_id = c.id, generate_series(1, 30) n;
INSERT INTO schemasync.syncs (sync_id, name, active, mode, connection_id, target_id, creates_target, read_at)
VALUES (E'id\u001b[31m', E'=sync\u001b[31m\u0007', true, E'up\u001b[1m', '00000000-0000-0000-0000-000000000002', E'\u001b[31mred\u202e', false, now());
INSERT INTO schemasync.sync_problem (sync_id, connection_id, target_id, field_id, problem, severity, since)
VALUES (E'id\u001b[31m', '00000000-0000-0000-0000-000000000002', E'\u001b[31mred\u202e', E'f\u001b[31m', 'field-missing', 'breaking', now());
END
hostile=$(printf '\033]0;title\007 =cmd|%s/c calc%s!A1' "'" "'")
red=$(printf '\033[31mred\342\200\256')
export hostile red SCHEMASYNCD
# Each writes tables, or names.
cat >"$work/commands" <<'END'
"$SCHEMASYNCD" status
"$SCHEMASYNCD" drift --all
"$SCHEMASYNCD" problems
"$SCHEMASYNCD" gate --all
"$SCHEMASYNCD" fields "$hostile" "$red"
"$SCHEMASYNCD" fields "$hostile" "$red" --as-of 1s
"$SCHEMASYNCD" history "$hostile" "$red"
"$SCHEMASYNCD" compare "$hostile" sales
"$SCHEMASYNCD" compare "$hostile:$red" sales:Account
"$SCHEMASYNCD" compare "$hostile" "$red"
"$SCHEMASYNCD" ack 1 2 999 p1
"$SCHEMASYNCD" unack 1 2 999 p1
"$SCHEMASYNCD" ack "$red"
"$SCHEMASYNCD" accept "$hostile" "$red"
"$SCHEMASYNCD" history "$hostile" "$red" "$red"
END
# What is in $work/out acts on no terminal: C0 but the end of a line, DEL, C1, what reorders or ends lines. Nothing beside colours.
harmless() {
    sed "s/$esc\[[0-9;]*m//g" "$work/out" >"$work/plain"
    if LC_ALL=C grep -aqP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf' "$work/plain"; then
        fail "$1: a character that acts"
    else
        pass
    fi
}
on_terminal() { # COLUMNS COMMAND
    script -qec "stty cols $1; $2" /dev/null >"$work/screen" 2>"$work/err" </dev/null
    tr -d '\r' <"$work/screen" >"$work/out"
}
export TERM=xterm-256color
while IFS= read -r command; do
    for columns in 60 200; do # the narrow one with colours, the wide one without
        NO_COLOR=$([ $columns = 60 ] || echo 1) on_terminal $columns "$command"
        # The only sequences are those of colour that the program writes itself, and each is ended on its line.
        same "colours only: $command" "$(grep -aoE "$esc(\[[^m]*m|.)" "$work/out" | sort -u | grep -vxE "$esc\[(0|1|2|31|32|33|36|1;31|1;33)m")" ""
        same "colours end: $command" "$(grep -a "$esc" "$work/out" | grep -avcE "^([^$esc]|$esc\[[0-9;]+m[^$esc]*$esc\[0m)*\$")" 0
        [ $columns = 60 ] || no_out "$esc"
        harmless "$columns: $command"
        no_out '^forged line'
        # A table goes until the first empty line; sentences behind it may be longer.
        case $command in
            *status | *drift* | *problems | *fields* | *history* | *compare*)
                widest=$(sed '/^$/,$d; /^schemasyncd /d' "$work/plain" | LC_ALL=C.UTF-8 wc -L)
                if [ "$widest" -le $columns ]; then pass; else fail "$widest of $columns columns: $command"; fi ;;
        esac
    done
done <"$work/commands"

# --- a narrow one is cut, a wide one is not; double width and combining characters stand in line
on_terminal 60 '"$SCHEMASYNCD" fields "$hostile" "$red"'
out …
NO_COLOR=1 on_terminal 200 '"$SCHEMASYNCD" drift --all'
out '"=1" → "漢漢漢漢"$'
expect 0 "$s" fields sales Account --format table
out "^ 2  漢字     $(printf 'e\314\201e\314\201') "
out '^ 3  abcd     ab '
out '^ 5  😀😀     =1\+1 '
same "no limit without a terminal" "$(grep -c …  "$work/out")" 0

# --- colour: only on a terminal, only where it is wanted
expect 0 "$s" drift --all
no_out "$esc"
for environment in NO_COLOR=1 TERM=dumb TERM=; do
    on_terminal 120 "env $environment \"\$SCHEMASYNCD\" drift --all"
    no_out "$esc"
done
on_terminal 120 'env NO_COLOR= "$SCHEMASYNCD" drift --all'
out "$esc\[1;31mbreaking$esc\[0m"

# --- JSON: whole, valid, and harmless on a terminal too
while IFS= read -r command; do
    case $command in *drift* | *problems | *fields* | *history* | *compare*sales*) format="--format json" ;; *status) format=--json ;; *) continue ;; esac
    case $command in *'"$red" "$red"') continue ;; esac
    on_terminal 60 "$command $format"
    harmless "JSON: $command"
    no_out "$esc"
    expect 0 sql -v "document=$(cat "$work/out")" <<<"SELECT jsonb_typeof(:'document'::jsonb)"
done <"$work/commands"
expect 0 "$s" fields "$hostile" "$red" --format json
json() { sql -v "document=$(cat "$work/out")" -v "path=$1" <<<"SELECT jsonb_path_query_array(:'document'::jsonb, :'path')"; }
same "as it came" "$(json '$[0].description')" "$(sql -c "SELECT jsonb_build_array(E'+1\u202e\n-2')")"
same "the key too" "$(json '$[0].extra.keyvalue().key')" "$(sql -c "SELECT jsonb_build_array(E'\u001b[8mextra')")"

# --- CSV: exact, for programs. Cells that a spreadsheet takes for formulas stay as they are, as in psql's \copy; only on a terminal
# nothing acts.
expect 0 "$s" fields "$hostile" "$red" --format csv
out '^[0-9]+,"?.*=cmd'
out ',"=HYPERLINK\(""x""\)",'
out ',=1\+1,'
same "records end with CR LF" "$(LC_ALL=C grep -ac "$(printf '\r')\$" "$work/out")" 5
same "bytes as they came" "$(LC_ALL=C grep -ac "$(printf '\033\\[31mx2,')" "$work/out")" 1
expect 0 "$s" fields "$hostile" "$red" --format csv
sql -c "CREATE TEMPORARY TABLE f (a text, b text, c text, d text, e text, f text, g text, description text, type text, j text, k text, l text, m text, n text, o text, p text, q text, r text, s text, t text, u text)" \
    -c "\\copy f FROM '$work/out' (FORMAT csv, HEADER)" \
    -c "SELECT count(*), bool_and(description = E'+1\u202e\n-2'), bool_and(type = '=HYPERLINK(\"x\")') FROM f" >"$work/read"
same "psql reads it back" "$(tail -n 1 "$work/read")" "4|t|t"
NO_COLOR=1 on_terminal 60 '"$SCHEMASYNCD" fields "$hostile" "$red" --format csv'
no_out "$esc"

# --- columns and keys are stable: scripts read them
for expected in "drift --all|id,detected_at,run_id,connection_id,connection,target_id,kind,field_id,attribute,old_value,new_value,rule,severity,severity_if_used,previous_seen_at,related_change,incident_id,acknowledged_at,acknowledged_by,note" \
    "problems|problem_id,sync_id,sync,active,connection,target_id,field_id,problem,severity,since,acknowledged" \
    "history sales Account|connection,connection_id,target_id,field_id,attribute,value,since,since_is_exact,change_id,previous_seen_at" \
    "compare sales sales|first_connection,first_target_id,second_connection,second_target_id,difference,about,field_id,attribute,first_value,second_value" \
    "fields sales Account|id,connection,connection_id,target_id,field_id,ordinal_position,name,description,type,source_type,required,createable,updateable,filterable,association,encryptable,supports_identity,identity_functions,extra,valid_from,last_seen_at"; do
    # shellcheck disable=SC2086 # words
    expect 0 "$s" ${expected%|*} --format csv
    same "columns of ${expected%|*}" "$(head -n 1 "$work/out" | tr -d '\r')" "${expected#*|}"
done

expect_done
