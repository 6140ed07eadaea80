#!/usr/bin/env bash
# The JSON Schemas of events in config/events: each stands by itself, takes what is good of its type, and says where what is bad is so.
. "$(dirname "$0")/../support/expect.sh"

schemas=config/events samples=tests/support/events validate=tests/support/validate_event

expect 0 "$validate" "$schemas" <"$samples/good.jsonl"
"$validate" "$schemas" --each <"$samples/good.jsonl" >"$work/verdicts"
same "good events" "$(sort -u "$work/verdicts")" good

# Each bad event names in its member `wrong` the place that must be complained about.
"$validate" "$schemas" --each <"$samples/bad.jsonl" >"$work/verdicts"
same "a verdict for each bad event" "$(wc -l <"$work/verdicts")" "$(wc -l <"$samples/bad.jsonl")"
number=0
while read -r verdict && read -r event <&3; do
    number=$((number + 1))
    wrong=$(sed -nE 's/^\{"wrong": "([^"]*)".*/\1/p' <<<"$event")
    case $verdict in
    "bad: $wrong: "* | "bad: $wrong for "*) pass ;;
    *) fail "bad event $number: $verdict, not $wrong" ;;
    esac
done <"$work/verdicts" 3<"$samples/bad.jsonl"
[ "$number" -gt 80 ] && pass || fail "$number bad events"

# The first that is not valid ends it.
head -n 1 "$samples/good.jsonl" >"$work/mixed"
sed -n 10p "$samples/bad.jsonl" >>"$work/mixed"
expect 1 "$validate" "$schemas" <"$work/mixed"
err '^validate_event: event 2: \$'
expect 1 "$validate" "$schemas" <<<'{'
err 'event 1: not JSON'
expect 1 "$validate" "$schemas" <<<'{"type": "../x"}'
err 'event 1: no schema for the type'
expect 1 "$validate" "$schemas" </dev/null
err 'no event'
expect 1 "$validate" "$work" <"$samples/good.jsonl"
err 'no \*.schema.json'

# A schema for each type that the program knows, and a good event of each.
types=$(grep -oE '"(schema|mirror|alert)\.[a-z]+"' daemon/core/event.c | tr -d '"' | sort -u)
same "types that have a schema" "$(cd "$schemas" && printf '%s\n' *.schema.json | sed 's/\.schema\.json$//' | sort)" "$types"
same "types of the good events" "$(sed -nE 's/.*"type": "((schema|mirror|alert)\.[a-z]+)".*/\1/p' "$samples/good.jsonl" | sort -u)" "$types"

# Nothing is looked for outside the file, and what two files define under one name is the same.
expect 1 grep -rnE '"\$ref": "[^#]' "$schemas"
expect 0 /usr/bin/python3 - "$schemas"/*.json <<'END'
import json, sys
seen = {}
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        for name, definition in json.load(file)["$defs"].items():
            if seen.setdefault(name, definition) != definition:
                sys.exit(f"{path}: {name} differs")
END

expect_done
