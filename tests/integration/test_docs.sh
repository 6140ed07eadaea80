#!/usr/bin/env bash
# What is made from the program's own tables and the database's COMMENTs is as they are now: manual pages, completions, the JSON
# Schema of the configuration. `make docs` makes it anew.
. "$(dirname "$0")/../support/expect.sh"

# --- as the program is
expect 0 docs/make "$SCHEMASYNCD" "$work/made"
for file in docs/man/{schemasyncd.8,schemasyncd.yaml.5,schemasync-tables.7} completions/{schemasyncd.bash,_schemasyncd} config/schemasyncd.schema.json; do
    expect 0 diff -u "$file" "$work/made/$file"
done
same "what is made" "$(cd "$work/made" && find . -type f | wc -l)" 6

# --- the pages
pages=(docs/man/schemasyncd.8 docs/man/schemasyncd.yaml.5 docs/man/schemasync-tables.7)
mandoc -Tlint "${pages[@]}" >"$work/out" 2>/dev/null # which other pages are installed is not asked
grep -v 'referenced manual not found' "$work/out" >"$work/remarks"
same "mandoc's remarks" "$(cat "$work/remarks")" ""
sed 's/^\.Sh NAME/.Sx NAME/' docs/man/schemasyncd.8 >"$work/faulty.8"
mandoc -Tlint "$work/faulty.8" >"$work/out" 2>/dev/null
out 'NAME'
# Exit codes, signals and the options before a command are prose: none is missing.
for code in $(sed -nE 's/^    EXIT_[A-Z_]+ = ([0-9]+),.*/\1/p' daemon/base/error.h); do
    expect 0 grep -qx "\.It $code" docs/man/schemasyncd.8
done
for option in $(python3 -c 'import json, sys; print(*(o["name"] for o in json.load(sys.stdin)["options"]))' <<<"$("$SCHEMASYNCD" describe program)"); do
    expect 0 grep -qF ".It Fl Fl ${option/-/\\-}" docs/man/schemasyncd.8
done

# --- bash
complete_words() { # as readline calls it; the last word is the one to complete
    bash -c '. completions/schemasyncd.bash
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _schemasyncd
        printf "%s\n" "${COMPREPLY[@]}"' completion schemasyncd "$@"
}
words() { complete_words "$@" | xargs; }
same "commands" "$(words d)" "drift"
same "no hidden command" "$(words describ)$(words run-)" ""
same "options before a command" "$(words --log)" "--log-level --log-format"
same "levels" "$(words --log-level '')" "error warning notice info debug"
same "the command behind options" "$(words --log-level debug --config /x mi)" "migrate"
same "options of a command" "$(words drift --s)" "--since --severity"
same "no option of another" "$(words run --s)" ""
same "severities" "$(words drift --severity '')" "info warning breaking"
same "formats" "$(words fields a b --format j)" "json"
same "rules" "$(words ack --rule field-type-)" "field-type-widened field-type-changed"
printf 'alerts:\n  - name: on-call\nconnections:\n  - name: one\n    id: x\n  - {name: "two words", id: y}\n  - id: z\ndrift:\n' >"$work/names.yaml"
same "connections" "$(complete_words --config "$work/names.yaml" pull --connection '')" $'one\ntwo words'
same "connections as words" "$(words --config config/schemasyncd.yaml history s)" "salesforce-prod"
same "connections of a file that is not there" "$(words --config "$work/none" pull --connection '')" ""
same "files" "$(words --config "$work/names.y")" "$work/names.yaml"
# Each option that is offered is one that the command takes, and each command has help.
for command in $(bash -c '. completions/schemasyncd.bash; printf "%s\n" "${!_schemasyncd_words[@]}"' | grep -vx -- -); do
    expect 0 "$SCHEMASYNCD" "$command" --help
done
if command -v zsh >/dev/null; then
    expect 0 zsh -n completions/_schemasyncd
fi

# --- the schema of the configuration
validate=tests/support/validate_config schema=config/schemasyncd.schema.json
expect 0 "$validate" "$schema" config/schemasyncd.yaml
sed -E 's/^#([a-z]|  )/\1/' config/schemasyncd.yaml >"$work/all.yaml" # with all that is commented out in it
expect 0 "$SCHEMASYNCD" --config "$work/all.yaml" check
expect 0 "$validate" "$schema" "$work/all.yaml" tests/unit/core/config/full.yaml
expect 1 "$validate" "$schema" tests/unit/core/config/faulty.yaml
for place in api.api api.auth.bearer schedule.refresh 'connections\[0\].id' 'alerts\[0\].min_severity' drift.rules; do
    out "faulty.yaml: \\$.${place/api.api/api}: "
done
same "mistakes" "$([ "$(wc -l <"$work/out")" -gt 25 ] && echo many)" many
# Each key of the table, where it belongs.
"$validate" --keys "$schema" | sort -u >"$work/keys"
"$SCHEMASYNCD" describe program | python3 -c '
import json, sys
for key in json.load(sys.stdin)["keys"]:
    print((key["section"] + "." + key["name"]).lstrip("."))' | sort -u >"$work/table"
same "keys of the table that the schema lacks" "$(comm -13 "$work/keys" "$work/table")" ""
# A connection and a target take keys of others, which the table has once.
same "keys beyond the table" "$(comm -23 "$work/keys" "$work/table" | grep -vE '^connections\[\]\.(api\.|targets\[\]\.(every|cron)$|(every|cron|jitter|refresh|refresh_timeout)$)')" ""

# --- hidden, but it tells of itself
expect 0 "$SCHEMASYNCD" --help
no_out describe
expect 64 "$SCHEMASYNCD" describe
expect 64 "$SCHEMASYNCD" describe me
expect_done
