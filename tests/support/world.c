#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/migrate.h"
#include "world_parts.h"

struct world world;
const char *world_generate, *world_every = "1h";

enum { FILE_MAX = 64 * 1024 };

static const char simulator_key[] = "simulator-key";

long long world_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

long long world_patience(void) {
    const char *program = getenv("SCHEMASYNCD");
    return program && strstr(program, "/san/") ? 90000 : 30000;
}

void world_fail(struct world_place place, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)fflush(stdout);
    (void)vfprintf(stderr, format, args); /* cmocka's own cuts it short */
    va_end(args);
    (void)fputc('\n', stderr);
    _fail(place.file, place.line);
}

void world_pause(struct world_place place, long long deadline, const char *what) {
    static const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
    if (world_now() > deadline)
        world_fail(place, "waited in vain for: %s", what);
    nanosleep(&pause, NULL);
}

char *world_text(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = alloc_vprintf(format, args);
    va_end(args);
    char *kept = arena_strndup(world.arena, text, strlen(text));
    free(text);
    return kept;
}

char *world_json(const char *format, va_list args) {
    char *text = alloc_vprintf(format, args);
    for (char *c = text; *c; c++)
        if (*c == '\'')
            *c = '"';
    char *kept = arena_strndup(world.arena, text, strlen(text));
    free(text);
    return kept;
}

const char *world_directory(void) {
    return world.directory;
}

const char *world_url(void) {
    return world.url;
}

const char *world_database(void) {
    return world.database;
}

/* A file of the repository, to be freed. */
static char *world_file(const char *path) {
    FILE *file = fopen(path, "re");
    char *text = alloc_zero(FILE_MAX, 1);
    size_t length = file ? fread(text, 1, FILE_MAX - 1, file) : 0;
    if (length == 0)
        fail_msg("%s: %s", path, strerror(errno));
    if (file)
        fclose(file);
    return text;
}

/* The simulator */

static const char *built(const char *variable, const char *path) {
    const char *program = getenv(variable);
    if (!program)
        setenv(variable, program = path, 1);
    return program;
}

pid_t world_spawn(const char *const *arguments, int *ret_output) {
    int pipes[2] = {-1, -1};
    if (ret_output && pipe2(pipes, O_CLOEXEC) < 0)
        fail_msg("pipe: %s", strerror(errno));
    pid_t parent = getpid(), child = fork();
    if (child < 0)
        fail_msg("fork: %s", strerror(errno));
    if (child > 0) {
        if (ret_output) {
            close(pipes[1]);
            *ret_output = pipes[0];
        }
        return child;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(ret_output ? pipes[1] : null, STDOUT_FILENO);
    dup2(ret_output ? pipes[1] : null, STDERR_FILENO);
    if (getppid() == parent)
        execv(arguments[0], (char *const *)(uintptr_t)arguments);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", arguments[0], strerror(errno));
    _exit(127);
}

static void start_simulator(void) {
    char *port_file = alloc_printf("%s/port", world.directory);
    const char *arguments[12] = {built("SIMULATOR", "build/release/simulator"),
                                 "--listen",
                                 "127.0.0.1:0",
                                 "--port-file",
                                 port_file,
                                 "--parent-death"};
    if (world_generate) {
        arguments[6] = "--generate";
        arguments[7] = world_generate;
    }
    world.simulator = world_spawn(arguments, NULL);
    long long deadline = world_now() + world_patience();
    int port = 0;
    while (port == 0) {
        FILE *file = fopen(port_file, "re");
        if (file && fscanf(file, "%d", &port) != 1)
            port = 0;
        if (file)
            fclose(file);
        if (port == 0 && waitpid(world.simulator, NULL, WNOHANG) == world.simulator)
            fail_msg("the simulator %s did not start", arguments[0]);
        if (port == 0)
            world_pause(WORLD_HERE, deadline, "the simulator's port");
    }
    world.url = alloc_printf("http://127.0.0.1:%d", port);
    free(port_file);
}

static void stop_simulator(void) {
    if (world.simulator <= 0)
        return;
    kill(world.simulator, SIGKILL);
    waitpid(world.simulator, NULL, 0);
    world.simulator = 0;
}

/* The roles of sql/roles.sql, and a login role that is a schemasync_daemon and nothing else: what a
 * configuration names, so that every test shows that these rights are enough. Other tests do the same in this
 * cluster. */
static void make_roles(void) {
    char *script = world_file("sql/roles.sql");
    char *login = alloc_printf("DO $$ BEGIN PERFORM pg_advisory_xact_lock(1);"
                               " IF to_regrole('" WORLD_ROLE "') IS NULL THEN"
                               "  CREATE ROLE " WORLD_ROLE " LOGIN; GRANT schemasync_daemon TO " WORLD_ROLE
                               "; END IF; END $$");
    world_sql_admin(script);
    world_sql_admin(login);
    free(script);
    free(login);
}

/* A group */

int world_begin(void **state) {
    (void)state;
    if (!getenv("PGHOST"))
        fail_msg(
            "PGHOST is not set: run tests/run-tests, or tests/support/with_postgres.sh with this program");
    world = (struct world){.directory = "/tmp/schemasyncd-test.XXXXXX", .arena = arena_new()};
    if (!mkdtemp(world.directory))
        fail_msg("no temporary directory: %s", strerror(errno));
    world.config_path = alloc_printf("%s/schemasyncd.yaml", world.directory);
    world.database = alloc_printf("test_%d_%lld", (int)getpid(), (long long)time(NULL));
    built("SCHEMASYNCD", "build/release/schemasyncd");
    static const char *const foreign[] = {"https_proxy", "HTTPS_PROXY", "http_proxy",    "all_proxy",
                                          "ALL_PROXY",   "NO_COLOR",    "JOURNAL_STREAM"};
    for (size_t i = 0; i < ARRAY_LENGTH(foreign); i++)
        unsetenv(foreign[i]);
    setenv("SIMULATOR_KEY", simulator_key, 1);
    setenv("SCHEMASYNCD_CONFIG", world.config_path, 1);
    setenv("CREDENTIALS_DIRECTORY", world.directory, 1);
    make_roles();
    char *create = alloc_printf("CREATE DATABASE %s", world.database);
    world_sql_admin(create);
    free(create);
    setenv("PGDATABASE", world.database, 1);
    make_roles();
    world_sql_connect();
    start_simulator();
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int world_end(void **state) {
    (void)state;
    world_kill_all();
    stop_simulator();
    world_http_done();
    world_sql_close();
    if (world.database) {
        char *drop = alloc_printf("DROP DATABASE %s WITH (FORCE)", world.database);
        setenv("PGDATABASE", "postgres", 1);
        world_sql_admin(drop);
        free(drop);
    }
    nftw(world.directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(world.config_path);
    free(world.url);
    free(world.database);
    arena_free(world.arena);
    world = (struct world){0};
    return 0;
}

void world_new_schema(void) {
    world_sql("DROP SCHEMA IF EXISTS schemasync CASCADE");
    char *script = migrate_script(0);
    world_sql_admin(script);
    free(script);
}

int world_fresh(void **state) {
    (void)state;
    world_kill_all();
    arena_free(world.arena);
    world.arena = arena_new();
    world.last_change = 0;
    (void)world_control_at(WORLD_HERE, "POST", "/_control/reset", "%s", "");
    world_new_schema();
    setenv("SIMULATOR_KEY", simulator_key, 1);
    configure(.targets = NULL);
    return 0;
}

/* The configuration */

static const char *or_default(const char *value, const char *fallback) {
    return value ? value : fallback;
}

void world_configure_raw(const char *text) {
    FILE *file = fopen(world.config_path, "we");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        fail_msg("%s: %s", world.config_path, strerror(errno));
}

void world_configure(const struct world_config *config) {
    const char *connections = config->connections;
    if (!connections)
        connections = world_text("  - {name: salesforce-prod, id: " SALESFORCE ", targets: %s}\n",
                                 or_default(config->targets, "[Account]"));
    world_configure_raw(world_text(
        "api: {base_url: \"%s\", auth: %s, rate: 0, retries: %s, timeout: %s%s%s}\n"
        "database: {conninfo: dbname=%s%s%s%s%s}\n"
        "schedule: {every: %s, jitter: 0%%, refresh: %s, refresh_timeout: %s}\n"
        "drift: {%s}\n"
        "%s"
        "connections:\n%s",
        or_default(config->base_url, world.url), or_default(config->auth, "{bearer: {env: SIMULATOR_KEY}}"),
        or_default(config->retries, "0"), or_default(config->timeout, "5s"), config->api ? ", " : "",
        or_default(config->api, ""), world.database, config->role && !config->role[0] ? "" : " user=",
        or_default(config->role, WORLD_ROLE), config->database ? ", " : "", or_default(config->database, ""),
        or_default(config->every, world_every), or_default(config->refresh, "connection"),
        or_default(config->refresh_timeout, "10s"), or_default(config->drift, ""),
        or_default(config->more, ""), connections));
}

/* Texts */

void assert_contains_at(struct world_place place, const char *text, const char *part, bool wanted) {
    if ((strstr(text, part) != NULL) != wanted)
        world_fail(place, "%s: \"%s\" in:\n%s", wanted ? "missing" : "not wanted", part, text);
}

void assert_same_at(struct world_place place, const char *actual, const char *expected) {
    if (strcmp(actual, expected) != 0)
        world_fail(place, "expected:\n%s\ncame:\n%s", expected, actual);
}
