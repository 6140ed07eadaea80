#!/usr/bin/env bash
# contrib/dbt/sources.yml is what contrib/dbt/make-sources makes of the database; it is YAML, all that it names is there, and its
# tests hold on a mirror.
. "$(dirname "$0")/../support/expect.sh"

new_database dbt
expect 0 "$SCHEMASYNCD" migrate
expect 0 contrib/dbt/make-sources
cp "$work/out" "$work/made"
expect 0 diff contrib/dbt/sources.yml "$work/made"

# Reads the file as dbt does; prints each relation and column, and each test as a query for the rows that fail it.
cat >"$work/read.py" <<'END'
import sys, yaml
document = yaml.safe_load(open("contrib/dbt/sources.yml"))
assert document["version"] == 2 and len(document["sources"]) == 1
source = document["sources"][0]
names, checks = [], []
for table in source["tables"]:
    relation = source["schema"] + "." + table["name"]
    assert table["description"], relation
    columns = {column["name"] for column in table["columns"]}
    if "freshness" in table:
        assert table["loaded_at_field"] in columns, relation
        for when in table["freshness"].values():
            assert when["count"] > 0 and when["period"] in ("minute", "hour", "day"), relation
    for column in table["columns"]:
        name = column["name"]
        assert column["description"], relation + "." + name
        names.append(relation + " " + name)
        for test in column.get("tests", []):
            kind, details = (test, None) if isinstance(test, str) else next(iter(test.items()))
            if kind == "not_null":
                checks.append(f"SELECT '{relation}.{name}: null' FROM {relation} WHERE {name} IS NULL")
            elif kind == "unique":
                checks.append(f"SELECT '{relation}.{name}: twice' FROM {relation} WHERE {name} IS NOT NULL GROUP BY {name} HAVING count(*) > 1")
            elif kind == "accepted_values":
                values = ", ".join(f"'{value}'" for value in details["values"])
                checks.append(f"SELECT '{relation}.{name}: ' || {name} FROM {relation} WHERE {name}::text NOT IN ({values})")
            elif kind == "relationships":
                other = details["to"].split("'")[3]
                assert details["to"] == f"source('{source['name']}', '{other}')"
                checks.append(f"SELECT '{relation}.{name}: nowhere' FROM {relation} x WHERE {name} IS NOT NULL AND NOT EXISTS"
                              f" (SELECT FROM {source['schema']}.{other} o WHERE o.{details['field']} = x.{name})")
            else:
                sys.exit("unknown test " + kind)
print("\n".join(names if sys.argv[1] == "names" else [check + ";" for check in checks]))
END
expect 0 python3 "$work/read.py" names
sort "$work/out" >"$work/named"
sql -F ' ' -c "SELECT 'schemasync.' || c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'schemasync'::regnamespace AND c.relkind IN ('r', 'v') AND NOT a.attisdropped" | sort >"$work/there"
same "what is named and not there" "$(comm -23 "$work/named" "$work/there")" ""
same "what is read and not named" "$(for relation in connections targets field_versions target_versions fields field_attributes changes drift \
    acknowledgements syncs sync_fields sync_problems sync_drift coverage runs incidents deliveries; do
    comm -13 "$work/named" "$work/there" | grep "^schemasync.$relation "
done)" ""

# --- its tests, on a mirror with some of everything
expect 0 sql -f tests/integration/data/upgrade_0001.sql -f tests/integration/data/upgrade_0002.sql -f tests/integration/data/upgrade_0003.sql \
    -f tests/integration/data/upgrade_0004.sql
expect 0 python3 "$work/read.py" checks
cp "$work/out" "$work/checks"
same "some tests" "$([ "$(wc -l <"$work/checks")" -gt 50 ] && echo yes)" yes
expect 0 sql -f "$work/checks"
same "what fails them" "$(cat "$work/out")" ""
sql -c "UPDATE schemasync.changes SET run_id = md5('nowhere')::uuid WHERE id = (SELECT min(id) FROM schemasync.changes)"
expect 0 sql -f "$work/checks"
out 'changes.run_id: nowhere'

expect_done
