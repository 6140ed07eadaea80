#!/usr/bin/env bash
# Runs COMMAND against a private PostgreSQL (15 or newer) that exists only meanwhile: its own temporary directory, a Unix socket,
# no TCP, fsync off, no passwords. Exports PGHOST, PGUSER, PGDATABASE and PGBIN; returns COMMAND's exit code.
# Superusers are `postgres` and, by its own name, whoever calls. Members of the role `password_users` need a password.
# usage: tests/support/with_postgres.sh COMMAND [ARGUMENT...]
set -u

die() {
    echo "with_postgres: $*" >&2
    exit 125
}

[ $# -gt 0 ] || die "usage: with_postgres.sh COMMAND [ARGUMENT...]"

newest_bin() {
    local dir version
    for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
        [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] || continue
        version=${dir%/bin} version=${version##*[/-]}
        [ "$version" -ge 15 ] 2>/dev/null && echo "$version $dir"
    done | sort -n | tail -n 1 | cut -d ' ' -f 2-
}

PGBIN=${PGBIN:-$(newest_bin)}
[ -n "$PGBIN" ] || die "no PostgreSQL 15 or newer in /usr/lib/postgresql"
export PGBIN
unset PGPORT PGPASSWORD PGPASSFILE PGSERVICE PGSERVICEFILE PGHOSTADDR PGOPTIONS PGSSLMODE PGAPPNAME PGTZ PGDATESTYLE \
    PGCLIENTENCODING PGTARGETSESSIONATTRS PGDATA PGCONNECT_TIMEOUT

# PostgreSQL refuses to run as root. The server dies with this shell even where that is killed without a chance to clean up.
as_owner=() start=(setpriv --pdeathsig QUIT)
if [ "$(id -u)" -eq 0 ]; then
    as_owner=(runuser -u postgres --)
    start+=(--reuid postgres --regid postgres --init-groups)
fi

# A socket's path has at most 107 bytes, so $TMPDIR does not count.
directory=$(mktemp -d /tmp/schemasyncd-pg.XXXXXX) || die "no temporary directory"
server=

# Whatever ends this shell closes the pipe to the janitor, which then stops the server and removes the directory. Nobody else holds
# that pipe: children are started with {life}>&-.
janitor() {
    trap '' INT TERM HUP QUIT
    cat >/dev/null
    local pid=
    [ -r "$directory/data/postmaster.pid" ] && pid=$(head -n 1 "$directory/data/postmaster.pid")
    if [ -n "$pid" ]; then
        kill -QUIT "$pid" 2>/dev/null
        for _ in $(seq 200); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.02
        done
        kill -KILL "$pid" 2>/dev/null
    fi
    rm -rf "$directory"
}
exec {life}> >(janitor >/dev/null 2>&1)
janitor_pid=$!

leave() {
    trap '' INT TERM HUP
    exec {life}>&-
    wait "$janitor_pid"
    exit "$1"
}
trap 'leave 130' INT
trap 'leave 143' TERM HUP

give_up() {
    echo "with_postgres: $1" >&2
    cat "$directory/log" >&2
    leave 125
}

: >"$directory/log"
chmod 0711 "$directory"
[ ${#as_owner[@]} -eq 0 ] || chown postgres "$directory" "$directory/log"
cd "$directory" || leave 125
"${as_owner[@]}" "$PGBIN/initdb" -D "$directory/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions \
    >>"$directory/log" 2>&1 {life}>&- || give_up "initdb failed"
cat >>"$directory/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$directory'
unix_socket_permissions = 0777
fsync = off
full_page_writes = off
synchronous_commit = off
shared_buffers = 64MB
max_wal_size = 2GB
max_connections = 100
jit = off
log_line_prefix = '%m [%p] '
END
cat >"$directory/data/pg_hba.conf" <<END
local all +password_users scram-sha-256
local all all trust
END
"${start[@]}" "$PGBIN/postgres" -D "$directory/data" >>"$directory/log" 2>&1 {life}>&- </dev/null &
server=$!

export PGHOST=$directory PGUSER=postgres PGDATABASE=postgres
roles="CREATE ROLE password_users NOLOGIN;"
me=$(id -un)
[ "$me" = postgres ] || roles+="CREATE ROLE \"$me\" SUPERUSER LOGIN;"
tries=0
until [ -S "$directory/.s.PGSQL.5432" ] && "$PGBIN/psql" -X -q -c "$roles" >/dev/null 2>"$directory/psql" {life}>&-; do
    kill -0 "$server" 2>/dev/null || give_up "the server did not start"
    tries=$((tries + 1))
    [ "$tries" -lt 1000 ] || give_up "the server does not answer: $(cat "$directory/psql")"
    sleep 0.02
done
cd "$OLDPWD" || leave 125

# In the background, because a shell handles signals only between foreground commands; with the terminal and SIGINT as they were.
setpriv --pdeathsig TERM env --default-signal=INT,QUIT "$@" <&0 {life}>&- &
child=$!
trap 'kill -INT "$child" 2>/dev/null; interrupted=130' INT
trap 'kill -TERM "$child" 2>/dev/null; interrupted=143' TERM HUP
interrupted=0
while :; do
    wait "$child"
    status=$?
    kill -0 "$child" 2>/dev/null || break
done
[ "$interrupted" -eq 0 ] || status=$interrupted
leave "$status"
