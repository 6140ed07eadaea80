#!/usr/bin/env bash
# init: a configuration from a key alone, which `check` takes and `pull` uses, whatever names the upstream has.
. "$(dirname "$0")/../support/expect.sh"
. "$(dirname "$0")/../support/simulator.sh"

s=$(realpath "$SCHEMASYNCD")
start_simulator --key simulator-key --basic lena:simulator-key
new_database init
unset POLYTOMIC_API_KEY
config=$work/found.yaml
init() { "$s" init --api-key-file "$work/api-key" --base-url "$upstream" "$@"; }
# What init found, kept; then whether the program takes it.
found() {
    expect "$1" init
    cp "$work/out" "$config"
}
checked() { expect 0 "$s" --config "$config" check; }
requests() { curl -sS "$upstream/_control/counts" | grep -oE "\"$1\": ?[0-9]+" | grep -oE '[0-9]+$' || echo 0; }

# --- wrong usage, no key, no way
expect 64 "$s" init
err 'an API key is needed: --api-key-file FILE, or \$POLYTOMIC_API_KEY'
POLYTOMIC_API_KEY='' expect 64 "$s" init
expect 64 init more
expect 64 "$s" init --api-key-file "$work/api-key" --base-url http://example.com
expect 64 "$s" init --api-key-file "$work/api-key" --base-url ftp://example.com
expect 64 "$s" init --api-key-flie x
err "did you mean '--api-key-file'"
expect 78 "$s" init --api-key-file "$work/nothing" --base-url "$upstream"
err 'nothing: No such file'
expect 69 "$s" init --api-key-file "$work/api-key" --base-url http://127.0.0.1:1
echo wrong >"$work/wrong-key"
expect 77 "$s" init --api-key-file "$work/wrong-key" --base-url "$upstream"
same "nothing is printed where nothing was found" "$(cat "$work/out")" ""

# --- what is there
found 0
out '^  - name: salesforce-prod$'
out '^    id: 248df4b7-aa70-47b8-a036-33ac447e668d$'
out '^      - Account # Accounts from billing$'
out '^      - Subscription__c # Subscriptions \(old\) \(not active\)$'
out '^      - \{synced: true\} # '
out "^    bearer: \\{file: $work/api-key\\}\$"
out "^  base_url: \"$upstream\"\$"
out '^      #   account \(Ad account\): one of act_1234567, act_7654321$'
out '^      #   schema \(Schema\): one of public, analytics, staging$' # its values stand elsewhere
out '^      # This sync creates its target itself: Win-back audience$'
out '^#  - name: salesforce-sandbox$' # no sync writes to it
no_out simulator-key
no_out '^  - name: salesforce-sandbox'
same "only what is needed is asked for" "$(requests targetobjects)" 4
checked
out 'in order: 4 connections with 13 target items'
expect 0 "$s" --config "$config" pull
same "what syncs write to is mirrored" "$(sql -c "SELECT count(*) FROM schemasync.targets WHERE state = 'present'")" 9
same "all of it" "$(sql -c "SELECT count(*) FROM schemasync.coverage WHERE verdict <> 'fresh'")" 0

# --- what stands there as a comment works without its mark
sed -E '/^# No sync writes/,$ { /^# No sync/!s/^#// }; s/^      #-/      -/' "$config" >"$work/all.yaml"
expect 0 "$s" --config "$work/all.yaml" check
out 'in order: 5 connections'
new_database init_all
expect 0 "$s" --config "$work/all.yaml" pull --connection facebook-ads --connection warehouse
same "new targets too" "$(sql -c "SELECT string_agg(target_id, ' ') FROM schemasync.targets WHERE origin = 'new'")" "new:my-new-target new:my-new-target"

# --- the key from the environment; a relative file; a user
POLYTOMIC_API_KEY=simulator-key expect 0 "$s" init --base-url "$upstream/"
out '^    bearer: \{env: POLYTOMIC_API_KEY\}$'
no_out simulator-key
cp "$work/out" "$config"
POLYTOMIC_API_KEY=simulator-key expect 0 "$s" --config "$config" check --online
cd "$work" || exit 1
expect 0 "$s" init --api-key-file api-key --base-url "$upstream" --user lena
cd "$OLDPWD" || exit 1
out "^    basic: \\{user: lena, password: \\{file: $work/api-key\\}\\}\$"

# --- hostile names: quotes, ends of lines, control characters, all that YAML takes for something else
new_database init_hostile
id() { printf '00000000-0000-4000-8000-00000000%04d' "$1"; }
number=0
while IFS= read -r name; do
    number=$((number + 1))
    # A JSON string that may hold anything stands in $name.
    control edit "[
      {\"op\": \"connection_add\", \"value\": {\"connection\": {\"id\": \"$(id $number)\", \"name\": $name, \"status\": \"healthy\", \"type\": {\"id\": \"x\", \"name\": $name}},
        \"target_creation\": {\"supported\": true, \"properties\": [{\"id\": $name, \"title\": $name, \"enum\": true, \"values\": [{\"value\": $name, \"label\": $name}]}]},
        \"targets\": [{\"id\": $name, \"name\": \"x\", \"fields\": [{\"id\": \"a\", \"type\": \"string\"}], \"modes\": [], \"properties\": {}}]}},
      {\"op\": \"sync_add\", \"value\": {\"id\": \"1$(id $number | cut -c 2-)\", \"name\": $name, \"active\": true, \"mode\": \"update\", \"updated_at\": \"x\",
        \"target\": {\"connection_id\": \"$(id $number)\", \"object\": $name}, \"fields\": [], \"override_fields\": [], \"filters\": []}}]"
done <<'END'
"plain"
"plain"
"a: b #c"
"- dash"
"--help"
"'single' \"double\" \\back\\"
"line\nend\r\nanother: x\n- y"
"\u001b[31mred\u0007\u007f\u009b31m"
"\u0085next\u2028line\u2029para\ufeff"
"\u202eright to left"
"null"
"~"
"{a: b}"
"[x]"
"*alias &anchor !tag"
"| block"
"  blanks  "
"12"
":"
"new:thing"
"Übersicht \ud83d\ude00"
"\ufffe\uffff"
END
same "all names were sent" "$number" 22
found 0
checked
out "in order: 26 connections"
if LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xef\xbb\xbf' "$config"; then fail "a character that acts"; else pass; fi
expect 0 cat "$config"
out '^  - name: plain-2$'
out '^      - "a: b #c" # a: b #c$'
out '^      # "synced" takes it in, its id cannot stand here: line\?end\?\?another: x\?- y # '
out '^      # "synced" takes it in, its id cannot stand here: new:thing # '
sed -i '/^schedule:/a\  refresh: never' "$config"
"$s" --config "$config" pull >"$work/out" 2>"$work/err"
mirrored() { sql -c "SELECT count(*) FROM schemasync.targets t JOIN schemasync.connections c ON c.id = t.connection_id WHERE t.target_id = $1 AND t.state = 'present'"; }
for name in "'a: b #c'" "'- dash'" "'--help'" "'''single'' \"double\" \\back\\'" "E'line\\nend\\r\\nanother: x\\n- y'" "E'\\u001b[31mred\\u0007\\u007f\\u009b31m'" \
    "E'\\u0085next\\u2028line\\u2029para\\ufeff'" "'null'" "'~'" "'{a: b}'" "'  blanks  '" "'12'" "':'" "E'\\ufffe\\uffff'" "'Übersicht 😀'"; do
    same "mirrored: $name" "$(mirrored "$name")" 1
done
same "names are unique" "$(sql -c "SELECT count(DISTINCT name) = count(*) FROM schemasync.connections WHERE managed")" t

# --- what cannot be read is said, the rest is there
curl -sS -X POST "$upstream/_control/reset" >/dev/null
control faults '[{"path": "*/248df4b7-*/modelsync/targetobjects", "status": 403, "message": "no\nsimulator-key"}]'
expect 1 init
err 'not all could be read.*: .*403'
out '^  # Its targets cannot be listed: .*403'
out '^      - Account '
no_out simulator-key
cp "$work/out" "$config"
checked
curl -sS -X DELETE "$upstream/_control/faults" >/dev/null
control settings '{"syncs_forbidden": true}'
found 1
out '^  # What syncs write to is not known'
out '^  - name: salesforce-prod'
checked
control settings '{"syncs_forbidden": false}'
for sync in 01 02 03 04 05 06 07 08 09 10; do
    control edit "{\"op\": \"sync_remove\", \"sync\": \"e7a1b2c3-d4e5-4f60-8a7b-0c9d8e7f6a$sync\"}"
done
found 0
out '^  # No sync writes anywhere yet'
checked
for connection in salesforce-prod facebook-ads hubspot-marketing warehouse salesforce-sandbox; do
    control edit "{\"op\": \"connection_remove\", \"connection\": \"$connection\"}"
done
expect 1 init
err 'the key sees no connection'

# --- many syncs: pages, and several of one target
curl -sS -X POST "$upstream/_control/reset" >/dev/null
kill "$simulator"
wait "$simulator" 2>/dev/null
rm -f "$work/port"
start_simulator --generate 1:20:5:120
found 0
checked
out 'in order: 5 connections'
same "a target once" "$(grep -c '^      - obj_00001 ' "$config")" 1
expect 0 grep -qE '^      - obj_[0-9]+ # .*, .*, .* and [0-9]+ more$' "$config"

expect_done
