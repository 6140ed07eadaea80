#!/usr/bin/env bash
# The queries of README.md run as they stand against a mirrored database; its table of commands names those that there are.
. "$(dirname "$0")/../support/expect.sh"
top=$(cd "$(dirname "$0")/../.." && pwd)

# ---- a mirror with some drift

cd "$work" || exit 1
"$SIMULATOR" --listen 127.0.0.1:0 --port-file port --parent-death --data "$top/tests/simulator/data" >simulator.log 2>&1 &
simulator=$!
trap 'kill $simulator; wait $simulator 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 500); do [ -s port ] && break; sleep 0.02; done
upstream=http://127.0.0.1:$(cat port)
(umask 077 && echo simulator-key >api-key)
sed "s|UPSTREAM|$upstream|; s|RECEIVER|http://127.0.0.1:9|; s|dbname=schemasync|host=$PGHOST|" "$top/tests/demo/schemasyncd.yaml" >schemasyncd.yaml
export SCHEMASYNCD_CONFIG=$work/schemasyncd.yaml
new_database readme
sed -i "s|host=$PGHOST|dbname=$PGDATABASE|" schemasyncd.yaml

expect 0 "$SCHEMASYNCD" pull
expect 0 curl -sS --fail "$upstream/_control/edit" -d '[
    {"op": "field_remove", "connection": "salesforce-prod", "target": "Account", "field": "Tier__c"},
    {"op": "field_set", "connection": "salesforce-prod", "target": "Contact", "field": "Email", "set": {"required": true}}]'
expect 3 "$SCHEMASYNCD" pull --exit-code

# ---- the queries

awk -v into="$work" '
    /<!-- queries -->/ { inside = 1 }
    /<!-- \/queries -->/ { inside = 0 }
    inside && /^```sql$/ { count++; writing = 1; next }
    /^```$/ { writing = 0 }
    writing { print > (into "/query_" count ".sql") }' "$top/README.md"
found=$(find "$work" -name 'query_*.sql' | wc -l)
same "ten queries" 10 "$found"
for number in $(seq "$found"); do
    expect 0 sql -f "$work/query_$number.sql"
    cp "$work/out" "$work/rows_$number"
done

# What they answer, where the drift above decides it.
has() { if grep -qE -- "$2" "$work/rows_$1"; then pass; else fail "query $1 does not say: $2 but $(cat "$work/rows_$1")"; fi; }
has 1 '^salesforce-prod\|Contact\|LastName, Email$'
has 2 '\|Account\|field_removed\|Tier__c\|'
has 3 '^Tier__c\|string\|picklist\|f$'
has 4 '\|string\|picklist\|f$'
has 6 '^salesforce-prod\|Account\|Customer_Id__c\|'
has 7 '^Accounts from billing\|salesforce-prod\|Account\|Tier__c\|field-missing\|breaking\|'
has 8 '^salesforce-prod\|Account\|.*\|Accounts from billing$'
has 9 '^fresh\|13\|'
has 10 '^salesforce-prod\|Account\|1\|'

# ---- the table of commands

expect 0 "$SCHEMASYNCD" --help
for command in $(sed -nE '/^commands/,/^$/s/^  ([a-z-]+) .*/\1/p' "$work/out"); do
    if grep -qE "^\| \`${command}[ \`]" "$top/README.md"; then pass; else fail "README.md does not name the command $command"; fi
done
for command in $(sed -n '/^## Commands/,/^Not yet/s/^| `\([a-z-]*\)[ `].*/\1/p' "$top/README.md"); do
    expect 0 "$SCHEMASYNCD" "$command" --help
done

expect_done
