#!/usr/bin/env bash
# The command migrate, and the schema that it makes.
. "$(dirname "$0")/../support/expect.sh"

version=$(ls sql/migrations | sed -n '$s/_.*//p')
version=$((10#$version))
# What pg_dump sets for itself depends on the database's settings.
dump() { pg_dump -s "$1" | grep -vE '^(SET |[\\](un)?restrict )'; }

# --- from nothing, and again
new_database migrate
expect 0 sql -f sql/roles.sql # other tests make the roles in this cluster too: what is dumped holds their rights
made=$PGDATABASE
expect 78 "$SCHEMASYNCD" status
err "run 'schemasyncd migrate'"
expect 0 "$SCHEMASYNCD" migrate
out "^made the schema: version $version\$"
expect 0 "$SCHEMASYNCD" migrate
out "^the schema is up to date: version $version\$"
same "one row a migration" "$(sql -c 'SELECT count(*) FROM schemasync.schema_migrations')" "$(ls sql/migrations | wc -l)"
expect 0 "$SCHEMASYNCD" migrate --print
out "^-- The schema is up to date"
expect 0 "$SCHEMASYNCD" --database "dbname=$made" status

# --- printed, through psql
new_database migrate_print
expect 0 "$SCHEMASYNCD" migrate --print
out "^BEGIN"
same "printing writes nothing" "$(sql -c "SELECT count(*) FROM pg_namespace WHERE nspname = 'schemasync'")" 0
mv "$work/out" "$work/script"
expect 0 psql -X -q -v ON_ERROR_STOP=1 -f "$work/script"
dump "$made" >"$work/a"
dump "$PGDATABASE" >"$work/b"
expect 0 diff "$work/a" "$work/b"
expect 0 "$SCHEMASYNCD" migrate
out "up to date"

# --- a script that comes too late does nothing
new_database migrate_late
"$SCHEMASYNCD" migrate --print >"$work/script"
expect 0 "$SCHEMASYNCD" migrate
expect 3 psql -X -q -v ON_ERROR_STOP=1 -f "$work/script"
err "another process was faster"
dump "$PGDATABASE" >"$work/b"
expect 0 diff "$work/a" "$work/b"

# --- several at once
new_database migrate_race
for i in 1 2 3 4; do
    "$SCHEMASYNCD" migrate >"$work/race.$i" 2>&1 &
    pids[i]=$!
done
for i in 1 2 3 4; do expect 0 wait "${pids[i]}"; done
dump "$PGDATABASE" >"$work/b"
expect 0 diff "$work/a" "$work/b"

# --- a schema that was made before, empty, for a role that may not make any
new_database migrate_poor
sql -c "CREATE ROLE migrate_poor LOGIN"
expect 77 "$SCHEMASYNCD" --database "user=migrate_poor" migrate
err "permission denied"
same "and nothing is left of it" "$(sql -c "SELECT count(*) FROM pg_namespace WHERE nspname = 'schemasync'")" 0
sql -c "CREATE SCHEMA schemasync AUTHORIZATION migrate_poor"
expect 0 "$SCHEMASYNCD" --database "user=migrate_poor" migrate
sql -c "CREATE ROLE migrate_stranger LOGIN"
for command in migrate "migrate --print" status drift "fields a b" "accept a"; do
    # shellcheck disable=SC2086 # words
    expect 77 "$SCHEMASYNCD" --database "user=migrate_stranger" $command
done

# --- odd settings of the role or the database change nothing
new_database migrate_odd
sql -c "ALTER DATABASE \"$PGDATABASE\" SET search_path = nowhere" \
    -c "ALTER DATABASE \"$PGDATABASE\" SET standard_conforming_strings = off" \
    -c "ALTER DATABASE \"$PGDATABASE\" SET default_transaction_isolation = serializable" \
    -c "ALTER DATABASE \"$PGDATABASE\" SET statement_timeout = '1s'"
expect 0 "$SCHEMASYNCD" migrate
dump "$PGDATABASE" >"$work/b"
expect 0 diff "$work/a" "$work/b"

# --- a failure on the way leaves nothing behind
new_database migrate_fail
sql -c "CREATE SCHEMA schemasync" -c "CREATE TABLE schemasync.changes ()"
expect 1 "$SCHEMASYNCD" migrate
err "already exists"
same "no half of it" "$(sql -c "SELECT count(*) FROM pg_class WHERE relnamespace = 'schemasync'::regnamespace")" 1

# --- newer than the program
new_database migrate_new
expect 0 "$SCHEMASYNCD" migrate
sql -c "INSERT INTO schemasync.schema_migrations VALUES ($version + 1, 'from_the_future')"
for command in migrate "migrate --print" status drift "fields a b" "accept a"; do
    # shellcheck disable=SC2086 # words
    expect 78 "$SCHEMASYNCD" $command
    err "version $((version + 1)).*install a newer schemasyncd"
done
sql -c "DELETE FROM schemasync.schema_migrations"
expect 78 "$SCHEMASYNCD" status
err "run 'schemasyncd migrate'"

# --- out of reach
for command in migrate "migrate --print" status drift "fields a b" "accept a"; do
    # shellcheck disable=SC2086 # words
    expect 69 "$SCHEMASYNCD" --database "host=$work" $command
done
expect 69 "$SCHEMASYNCD" --database "host=127.0.0.1 port=1" migrate
err "refused"
expect 69 "$SCHEMASYNCD" --database "dbname=no_such_$$" migrate

# --- where the database is found: --database, the configuration, the PG* variables
export PGDATABASE=$made
cat >"$work/config.yaml" <<END
api: {auth: {bearer: {env: NONE}}}
database: {conninfo: "dbname=no_such_$$"}
connections: []
END
expect 69 "$SCHEMASYNCD" --config "$work/config.yaml" status
err "no_such_$$"
SCHEMASYNCD_CONFIG=$work/config.yaml expect 69 "$SCHEMASYNCD" status
expect 0 "$SCHEMASYNCD" --config "$work/config.yaml" --database "dbname=$made" status
expect 78 "$SCHEMASYNCD" --config "$work/absent.yaml" status
err "absent.yaml"
SCHEMASYNCD_CONFIG=$work/absent.yaml expect 78 "$SCHEMASYNCD" status
echo "databse: {}" >>"$work/config.yaml"
expect 78 "$SCHEMASYNCD" --config "$work/config.yaml" status
err "^$work/config.yaml:[0-9]+:[0-9]+: databse: "
expect 0 "$SCHEMASYNCD" --config "$work/config.yaml" --database "dbname=$made" status
cat >"$work/config.yaml" <<END
api: {auth: {bearer: {env: NONE}}}
database: {conninfo: "dbname=$made", password: {credential: nothing}}
connections: []
END
expect 78 "$SCHEMASYNCD" --config "$work/config.yaml" status
err "credential nothing.*"
err "--database"

# --- the database's text says everything: what has no COMMENT
missing=$(sql <<'END'
SELECT c.oid::regclass || coalesce('.' || a.attname, '')
FROM pg_class c
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                        AND col_description(c.oid, a.attnum) IS NULL
WHERE c.relnamespace = 'schemasync'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND (a.attname IS NOT NULL OR obj_description(c.oid, 'pg_class') IS NULL)
UNION ALL
SELECT oid::regprocedure::text FROM pg_proc
WHERE pronamespace = 'schemasync'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
UNION ALL
SELECT oid::regtype::text FROM pg_type
WHERE typnamespace = 'schemasync'::regnamespace AND typtype IN ('e', 'd') AND obj_description(oid, 'pg_type') IS NULL
UNION ALL
SELECT 'the schema' WHERE obj_description('schemasync'::regnamespace, 'pg_namespace') IS NULL
END
)
same "what has no COMMENT" "$missing" ""

# --- every query fits the schema; every function's body does
for query in sql/queries/*.sql; do
    { echo "PREPARE query AS" && cat "$query" && echo ";"; } >"$work/query"
    expect 0 psql -X -q -v ON_ERROR_STOP=1 -f "$work/query"
done
{ echo "BEGIN;" && cat sql/functions/*.sql && echo "ROLLBACK;"; } >"$work/functions"
expect 0 psql -X -q -v ON_ERROR_STOP=1 -f "$work/functions"

expect_done
