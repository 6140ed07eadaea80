#include "cluster.h"

#include <errno.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "world_parts.h"

static char *directory;
static pid_t server;

static void shell(const char *script) {
    int status = system(script);
    if (status != 0)
        fail_msg("exit status %d: %s", status, script);
}

static const char *as_owner(void) {
    return getuid() == 0 ? "runuser -u postgres --" : "";
}

static bool answers(void) {
    char *conninfo = alloc_printf("host=%s dbname=postgres", directory);
    PGconn *connection = PQconnectdb(conninfo);
    bool good = PQstatus(connection) == CONNECTION_OK;
    PQfinish(connection);
    free(conninfo);
    return good;
}

static void launch(void) {
    char *script =
        alloc_printf("exec \"$PGBIN/postgres\" -D '%s/data' >>'%s/log' 2>&1", directory, directory);
    const char *setpriv = "/usr/bin/setpriv";
    const char *as_root[] = {setpriv,    "--pdeathsig",   "QUIT",    "--reuid", "postgres", "--regid",
                             "postgres", "--init-groups", "/bin/sh", "-c",      script,     NULL};
    const char *as_user[] = {setpriv, "--pdeathsig", "QUIT", "/bin/sh", "-c", script, NULL};
    server = world_spawn(getuid() == 0 ? as_root : as_user, NULL);
    free(script);
}

/* A server that was killed leaves processes that end a little later: until then a new one refuses to start.
 */
static void start_server(void) {
    long long deadline = world_now() + world_patience();
    launch();
    while (!answers()) {
        if (waitpid(server, NULL, WNOHANG) == server)
            launch();
        world_pause(WORLD_HERE, deadline, "PostgreSQL's start");
    }
}

int cluster_begin(void **state) {
    const char *suite = getenv("PGHOST");
    if (!suite || !getenv("PGBIN"))
        fail_msg(
            "PGHOST or PGBIN is not set: run tests/run-tests, or tests/support/with_postgres.sh with this program");
    directory = alloc_printf("%s/own-%d", suite, (int)getpid());
    const char *own = getuid() == 0 ? "chown postgres" : "true";
    char *script = alloc_printf(
        "set -e; mkdir -m 0711 '%1$s'; %2$s '%1$s'; cd '%1$s';"
        "%3$s \"$PGBIN/initdb\" -D '%1$s/data' -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions >/dev/null;"
        "printf '%%s\\n' \"listen_addresses = ''\" \"unix_socket_directories = '%1$s'\" 'unix_socket_permissions = 0777'"
        " 'fsync = off' 'full_page_writes = off' 'shared_buffers = 32MB' 'max_connections = 30' 'jit = off'"
        " \"log_line_prefix = '%%m [%%p] '\" >>'%1$s/data/postgresql.conf'; : >'%1$s/log'; chmod 0666 '%1$s/log'",
        directory, own, as_owner());
    shell(script);
    free(script);
    setenv("PGHOST", directory, 1);
    start_server();
    return world_begin(state);
}

/* What a test that failed has left behind. */
static void reset_settings(void) {
    cluster_admin("ALTER SYSTEM RESET ALL");
    cluster_admin("DO $$BEGIN PERFORM pg_reload_conf(); END$$");
}

int cluster_end_group(void **state) {
    reset_settings();
    int ended = daemon_end(state);
    kill(server, SIGQUIT);
    waitpid(server, NULL, 0);
    server = 0;
    char *script = alloc_printf("rm -rf '%s'", directory);
    shell(script);
    free(script);
    free(directory);
    return ended;
}

int cluster_fresh(void **state) {
    if (server == 0)
        cluster_start();
    reset_settings();
    return daemon_fresh(state);
}

void cluster_stop(enum cluster_end how) {
    static const int signals[] = {
        [CLUSTER_FAST] = SIGINT, [CLUSTER_IMMEDIATE] = SIGQUIT, [CLUSTER_KILLED] = SIGKILL};
    world_sql_close();
    kill(server, signals[how]);
    while (waitpid(server, NULL, 0) < 0 && errno == EINTR)
        ;
    server = 0;
}

void cluster_start(void) {
    start_server();
    world_sql_connect();
}

void cluster_admin(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *statement = alloc_vprintf(format, args);
    va_end(args);
    world_sql_admin(statement);
    free(statement);
}
