#include "daemons.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "world_parts.h"

enum { LOG_MAX = 256 * 1024 * 1024, STOP_MS = 5000 };

struct daemon {
    struct daemon *next;
    pid_t pid;
    char *log_path;
};

static struct daemon *daemons;
static unsigned started;

static const char *read_file(const char *path) {
    struct buffer text;
    buffer_init(&text, LOG_MAX);
    FILE *file = fopen(path, "re");
    char bytes[65536];
    for (size_t length; file && (length = fread(bytes, 1, sizeof(bytes), file)) > 0;)
        (void)!buffer_append(&text, bytes, length);
    if (file)
        fclose(file);
    const char *kept = arena_strndup(world.arena, buffer_text(&text), text.length);
    buffer_done(&text);
    return kept;
}

struct daemon *daemon_start_with(struct world_place place, const struct daemon_options *options) {
    struct daemon *daemon = alloc_zero(1, sizeof(*daemon));
    daemon->log_path = alloc_printf("%s/daemon-%u.log", world.directory, ++started);
    const char *script =
        world_text("%s%s; exec \"$0\" \"$@\" >>'%s' 2>&1", options->environment ? "export " : "",
                   options->environment ? options->environment : ":", daemon->log_path);
    const char *arguments[] = {"/bin/sh",      "-c",
                               script,         getenv("SCHEMASYNCD"),
                               "--config",     options->config ? options->config : world.config_path,
                               "--log-level",  options->level ? options->level : "info",
                               "--log-format", "text",
                               "run",          NULL};
    daemon->pid = world_spawn(arguments, NULL);
    if (daemon->pid <= 0)
        world_fail(place, "the daemon did not start");
    daemon->next = daemons;
    daemons = daemon;
    return daemon;
}

const char *daemon_log(const struct daemon *daemon) {
    return read_file(daemon->log_path);
}

size_t daemon_log_count(const struct daemon *daemon, const char *text) {
    size_t count = 0;
    for (const char *found = daemon_log(daemon); (found = strstr(found, text)); found += strlen(text))
        count++;
    return count;
}

void daemon_await_log_at(struct world_place place, struct daemon *daemon, const char *text, size_t count) {
    long long deadline = world_now() + world_patience();
    while (daemon_log_count(daemon, text) < count) {
        if (world_now() > deadline)
            world_fail(place, "waited in vain for \"%s\" (%zu times) in:\n%s", text, count,
                       daemon_log(daemon));
        world_pause(place, deadline + 1000, text);
    }
}

pid_t daemon_pid(const struct daemon *daemon) {
    return daemon->pid;
}

void daemon_signal(struct daemon *daemon, int signal) {
    kill(daemon->pid, signal);
}

/* Takes it out of the list; its log as it stands. */
static const char *forget(struct daemon *daemon) {
    struct daemon **link = &daemons;
    while (*link && *link != daemon)
        link = &(*link)->next;
    if (*link)
        *link = daemon->next;
    const char *log = read_file(daemon->log_path);
    unlink(daemon->log_path);
    free(daemon->log_path);
    free(daemon);
    return log;
}

static const char *await_exit(struct world_place place, struct daemon *daemon, int code, long long patience) {
    long long deadline = world_now() + patience;
    int status = 0;
    pid_t ended;
    while ((ended = waitpid(daemon->pid, &status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        if (world_now() > deadline)
            world_fail(place, "the daemon did not end within %lld ms:\n%s", patience, daemon_log(daemon));
        world_pause(place, deadline + 1000, "the daemon's end");
    }
    const char *log = forget(daemon);
    int came = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (came != code)
        world_fail(place, "the daemon ended with %d where %d was expected:\n%s", came, code, log);
    return log;
}

const char *daemon_stop_at(struct world_place place, struct daemon *daemon) {
    kill(daemon->pid, SIGTERM);
    return await_exit(place, daemon, 0, STOP_MS);
}

const char *daemon_kill(struct daemon *daemon) {
    kill(daemon->pid, SIGKILL);
    waitpid(daemon->pid, NULL, 0);
    return forget(daemon);
}

const char *daemon_await_exit_at(struct world_place place, struct daemon *daemon, int code) {
    return await_exit(place, daemon, code, world_patience());
}

/* Measures */

long daemon_rss(const struct daemon *daemon) {
    const char *status = read_file(world_text("/proc/%d/status", (int)daemon->pid));
    const char *line = strstr(status, "VmRSS:");
    return line ? strtol(line + strlen("VmRSS:"), NULL, 10) : 0;
}

/* A process that leaves no core dump shows them to root alone. */
size_t daemon_descriptors(const struct daemon *daemon) {
    unsigned count = 0;
    FILE *lines = popen(
        world_text("%s ls /proc/%d/fd | wc -l", geteuid() == 0 ? "" : "sudo -n", (int)daemon->pid), "re");
    if (!lines || fscanf(lines, "%u", &count) != 1 || pclose(lines) != 0 || count == 0)
        fail_msg("the daemon's descriptors cannot be counted");
    return count;
}

long long daemon_cpu(const struct daemon *daemon) {
    clockid_t clock;
    struct timespec used = {0};
    if (clock_getcpuclockid(daemon->pid, &clock) == 0)
        clock_gettime(clock, &used);
    return used.tv_sec * 1000000LL + used.tv_nsec / 1000;
}

/* The rest */

const char *daemon_keep_config(const char *name) {
    const char *text = read_file(world.config_path), *path = world_text("%s/%s", world.directory, name);
    FILE *file = fopen(path, "we");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        fail_msg("%s: %s", path, strerror(errno));
    return path;
}

void daemon_make_due(void) {
    world_sql("UPDATE target_state SET next_due_at = clock_timestamp() - interval '1 second' WHERE managed;"
              "UPDATE connections SET next_due_at = clock_timestamp() - interval '1 second',"
              " own_due_at = clock_timestamp() - interval '1 second' WHERE managed");
}

/* Waits until the query answers t; else tells what the daemons have written, and the runs. */
static void await(struct world_place place, const char *query) {
    world_await_at(place, "SELECT to_regclass('schemasync.runs') IS NOT NULL");
    for (long long deadline = world_now() + world_patience();
         strcmp(world_query_at(place, "%s", query), "t") != 0;) {
        if (world_now() > deadline) {
            for (const struct daemon *daemon = daemons; daemon; daemon = daemon->next)
                print_error("daemon %d:\n%s\n", (int)daemon->pid, daemon_log(daemon));
            print_error(
                "%s\n%s\n",
                world_query_at(place,
                               "SELECT id, next_due_at, lease_owner, lease_expires_at FROM connections"),
                world_query_at(place, "SELECT connection_id, started_at, finished_at, outcome, error, worker"
                                      " FROM runs ORDER BY started_at DESC LIMIT 10"));
            world_fail(place, "waited in vain for: %s", query);
        }
        world_pause(place, deadline + 1000, query);
    }
}

void daemon_await_runs_at(struct world_place place, int count) {
    await(place,
          world_text("SELECT count(finished_at) >= %d AND count(*) = count(finished_at) FROM runs", count));
}

void daemon_await_quiet_at(struct world_place place) {
    await(place,
          "SELECT count(*) > 0 AND bool_and(last_run_at IS NOT NULL AND next_due_at > clock_timestamp()"
          " AND lease_owner IS NULL) FROM connections WHERE managed");
}

const char *daemon_outcome(void) {
    const char *fields = world_query_at(
        WORLD_HERE,
        "SELECT to_jsonb(f) - '{id,valid_from,last_seen_at}'::text[] FROM fields f ORDER BY connection_id,"
        " target_id, ordinal_position, field_id");
    const char *changes = world_query_at(
        WORLD_HERE,
        "SELECT c FROM (SELECT to_jsonb(c) - '{id,detected_at,run_id,previous_seen_at,related_change,incident_id,"
        "acknowledged_at}'::text[] AS c FROM changes c) s ORDER BY c::text");
    return world_text("%s\n%s", fields, changes);
}

bool daemon_long(void) {
    const char *value = getenv("SCHEMASYNCD_LONG");
    return value && strcmp(value, "1") == 0;
}

static void kill_all(void) {
    while (daemons)
        (void)daemon_kill(daemons);
}

/* Due times lie on a grid: with a year between two of them none falls into a test by chance. */
int daemon_fresh(void **state) {
    kill_all();
    world_every = "360d";
    return world_fresh(state);
}

int daemon_end(void **state) {
    kill_all();
    return world_end(state);
}
