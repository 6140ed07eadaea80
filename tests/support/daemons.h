/* Daemons of a system test: `schemasyncd run` in the background, each with a log file of its own, stopped,
 * killed, paused and measured. A test group that uses them has `daemon_test` for `world_test`. */
#pragma once

#include <sys/types.h>

#include "world.h"

/* How a daemon is started; absent: the default. */
struct daemon_options {
    const char *config;      /* a path; default: the world's configuration */
    const char *level;       /* of the log */
    const char *environment; /* shell assignments: "A=1 B=2" */
};

struct daemon;
#define daemon_start(...) daemon_start_with(WORLD_HERE, &(struct daemon_options){__VA_ARGS__})
struct daemon *daemon_start_with(struct world_place place, const struct daemon_options *options);

/* What it has written, and how often a text is in there. */
const char *daemon_log(const struct daemon *daemon);
size_t daemon_log_count(const struct daemon *daemon, const char *text);
#define daemon_await_log(daemon, text, count) daemon_await_log_at(WORLD_HERE, daemon, text, count)
void daemon_await_log_at(struct world_place place, struct daemon *daemon, const char *text, size_t count);

pid_t daemon_pid(const struct daemon *daemon);
void daemon_signal(struct daemon *daemon, int signal);

/* Each ends the daemon and gives its log: SIGTERM, which must lead to exit code 0 within five seconds;
 * SIGKILL; or nothing, since it must end by itself with this code. */
#define daemon_stop(daemon) daemon_stop_at(WORLD_HERE, daemon)
const char *daemon_stop_at(struct world_place place, struct daemon *daemon);
const char *daemon_kill(struct daemon *daemon);
#define daemon_await_exit(daemon, code) daemon_await_exit_at(WORLD_HERE, daemon, code)
const char *daemon_await_exit_at(struct world_place place, struct daemon *daemon, int code);

/* Resident memory in KiB, open descriptors, CPU time in microseconds. */
long daemon_rss(const struct daemon *daemon);
size_t daemon_descriptors(const struct daemon *daemon);
long long daemon_cpu(const struct daemon *daemon);

/* Keeps the world's configuration under another name; returns its path. */
const char *daemon_keep_config(const char *name);

/* Everything is due, as if it had been scheduled for a second ago. */
void daemon_make_due(void);
/* Waits until so many runs have ended since the test began, and none is under way. */
#define daemon_await_runs(count) daemon_await_runs_at(WORLD_HERE, count)
void daemon_await_runs_at(struct world_place place, int count);
/* Waits until the configuration's connections have been mirrored for the first time, all that is due. */
#define daemon_await_quiet() daemon_await_quiet_at(WORLD_HERE)
void daemon_await_quiet_at(struct world_place place);

/* All fields and all changes in an order of their own, ids, times and runs left out: two ways to the same end
 * say the same. */
const char *daemon_outcome(void);

/* True with SCHEMASYNCD_LONG=1: tests that take minutes, limits without allowance. */
bool daemon_long(void);

int daemon_fresh(void **state);
int daemon_end(void **state);
#define daemon_test(function)         cmocka_unit_test_setup(function, daemon_fresh)
#define daemon_run_tests(name, tests) cmocka_run_group_tests_name(name, tests, world_begin, daemon_end)
