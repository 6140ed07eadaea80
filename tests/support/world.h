/* The world of an integration test: the built schemasyncd with a configuration file, the API simulator, and a
 * database of its own in the cluster at $PGHOST (tests/run-tests brings it). One world a test program; each
 * test begins in a fresh one, with a schema that its owner has made.
 *
 * Texts of JSON may be written with ' for ", all are printf formats. Everything ends within a deadline; what
 * goes wrong fails the test at the line of the test that asked. What functions return is valid until the test
 * ends. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/macros.h"

/* The simulator's connections. */
#define SALESFORCE "248df4b7-aa70-47b8-a036-33ac447e668d"
#define FACEBOOK   "5f2d0c1e-7a77-4a52-9a3c-2f6d0c9be001"
#define HUBSPOT    "9f0b6c1d-5d1e-4b7a-8a6f-3c2d1e4f5a60"
#define WAREHOUSE  "b3a1d7c4-22f6-4e0b-9d58-7e6f5a4b3c21"
#define SANDBOX    "d41c2b3a-6f5e-4d8c-b7a9-0e1f2a3b4c5d"
#define GENERATED  "00000000-0000-4000-8000-000000000001"

/* An item of `connections`. */
#define CONNECTION(name, id, targets) "  - {name: " name ", id: " id ", targets: " targets "}\n"

/* The login role that a configuration names: a schemasync_daemon, which is not the schema's owner. */
#define WORLD_ROLE "schemasync_test"

/* What a configuration says; NULL or absent: the default. All are pieces of YAML. */
struct world_config {
    const char *targets;         /* of salesforce-prod; default [Account] */
    const char *connections;     /* the items, instead of salesforce-prod */
    const char *every;           /* default world_every */
    const char *refresh;         /* default connection */
    const char *refresh_timeout; /* default 10s */
    const char *retries;         /* default 0 */
    const char *timeout;         /* default 5s */
    const char *auth;            /* default {bearer: {env: SIMULATOR_KEY}}, which holds the simulator's key */
    const char *base_url;        /* default: the simulator's */
    const char *api;             /* more of api, as `version: "2024-02-08"` */
    const char *database;        /* more of database */
    const char *role;            /* the database's user; default WORLD_ROLE, "": libpq's default, the owner */
    const char *drift;           /* members of drift */
    const char *more;            /* more lines */
};

/* Set before the group begins: the simulator's --generate. */
extern const char *world_generate;
/* The default of `every`, "1h" unless set. */
extern const char *world_every;

/* Setup and teardown of a group, setup of each test. */
int world_begin(void **state);
int world_end(void **state);
int world_fresh(void **state);

/* The schema anew, and empty. */
void world_new_schema(void);

/* A group of tests, each in a fresh world. */
#define world_test(function)         cmocka_unit_test_setup(function, world_fresh)
#define world_run_tests(name, tests) cmocka_run_group_tests_name(name, tests, world_begin, world_end)

/* Writes the configuration. configure(.targets = "[Account, Contact]") */
void world_configure(const struct world_config *config);
#define configure(...) world_configure(&(struct world_config){__VA_ARGS__})
/* Writes this very text. */
void world_configure_raw(const char *text);

/* Text that lives as long as the test. */
char *world_text(const char *format, ...) PRINTF_LIKE(1, 2);
const char *world_directory(void);
const char *world_url(void);
const char *world_database(void);

/* The place in a test. */
struct world_place {
    const char *file;
    int line;
};
#define WORLD_HERE ((struct world_place){__FILE__, __LINE__})

/* Runs schemasyncd with these arguments; returns what it wrote on standard output and standard error. */
#define world_run(expected, ...) world_run_at(WORLD_HERE, expected, (const char *const[]){__VA_ARGS__, NULL})
#define world_pull(expected, ...) \
    world_run_at(WORLD_HERE, expected, (const char *const[]){"pull", ##__VA_ARGS__, NULL})
const char *world_run_at(struct world_place place, int expected, const char *const *arguments);

/* The same in the background. */
struct world_process;
#define world_start(...) world_start_at(WORLD_HERE, (const char *const[]){__VA_ARGS__, NULL})
struct world_process *world_start_at(struct world_place place, const char *const *arguments);
#define world_wait(process, expected) world_wait_at(WORLD_HERE, process, expected)
const char *world_wait_at(struct world_place place, struct world_process *process, int expected);
void world_signal(struct world_process *process, int signal);
int world_pid(const struct world_process *process);
/* The most memory that the last process to end had at once, in KiB. */
long world_peak_kib(void);

/* The simulator's control requests; tests/simulator/README.md tells of them. */
#define world_edit(...)      ((void)world_control_at(WORLD_HERE, "POST", "/_control/edit", __VA_ARGS__))
#define world_settings(...)  ((void)world_control_at(WORLD_HERE, "POST", "/_control/settings", __VA_ARGS__))
#define world_faults(...)    ((void)world_control_at(WORLD_HERE, "POST", "/_control/faults", __VA_ARGS__))
#define world_clear_faults() ((void)world_control_at(WORLD_HERE, "DELETE", "/_control/faults", "%s", ""))
#define world_drift(...)     world_control_at(WORLD_HERE, "POST", "/_control/drift", __VA_ARGS__)
#define world_truth(...)     world_get_at(WORLD_HERE, __VA_ARGS__)
const char *world_control_at(struct world_place place, const char *method, const char *path,
                             const char *format, ...) PRINTF_LIKE(4, 5);
/* What is upstream of a connection, as JSON. */
const char *world_get_at(struct world_place place, const char *connection);

/* Requests since the log was emptied whose "METHOD PATH?QUERY" matches a glob. */
size_t world_requests(const char *glob);
/* The log itself, as JSON: for what else stands in it. */
const char *world_log(void);
void world_forget_requests(void);

/* SQL; schemasync is on the search path. A row a line, columns joined by |, null is -. */
#define world_sql(...)   ((void)world_query_at(WORLD_HERE, __VA_ARGS__))
#define world_value(...) world_query_at(WORLD_HERE, __VA_ARGS__)
const char *world_query_at(struct world_place place, const char *format, ...) PRINTF_LIKE(2, 3);
#define assert_sql(query, expected) assert_sql_at(WORLD_HERE, query, expected)
void assert_sql_at(struct world_place place, const char *query, const char *expected);
/* Waits until the query answers t. */
#define world_await(...) world_await_at(WORLD_HERE, __VA_ARGS__)
void world_await_at(struct world_place place, const char *format, ...) PRINTF_LIKE(2, 3);
/* Waits until the simulator has got so many such requests. */
#define world_await_requests(glob, count) world_await_requests_at(WORLD_HERE, glob, count)
void world_await_requests_at(struct world_place place, const char *glob, size_t count);

/* The changes since the last call, each "TARGET|KIND|FIELD|ATTRIBUTE|OLD|NEW", objects as {}. */
#define assert_changes(expected) assert_changes_at(WORLD_HERE, expected)
void assert_changes_at(struct world_place place, const char *expected);

/* All that the mirror says, changes and runs left out: two calls tell whether something was written. */
const char *world_mirror(void);

#define assert_contains(text, part)     assert_contains_at(WORLD_HERE, text, part, true)
#define assert_contains_not(text, part) assert_contains_at(WORLD_HERE, text, part, false)
void assert_contains_at(struct world_place place, const char *text, const char *part, bool wanted);
#define assert_same(actual, expected) assert_same_at(WORLD_HERE, actual, expected)
void assert_same_at(struct world_place place, const char *actual, const char *expected);

/* Fails the test. */
void world_fail(struct world_place place, const char *format, ...) PRINTF_LIKE(2, 3);
