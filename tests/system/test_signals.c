/* Reloads, orderly ends, and what systemd is told of them. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemons.h"

static long long now_usec(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* The service manager's socket */

static int manager = -1;
static const char *manager_environment;
static char told[1 << 20];
static size_t told_length;

static void open_manager(const char *more) {
    const char *path = world_text("%s/notify", world_directory());
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    unlink(path);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(manager, (struct sockaddr *)&address, sizeof(address)), 0);
    manager_environment = world_text("NOTIFY_SOCKET=%s %s", path, more);
    told_length = 0;
    told[0] = '\0';
}

/* All that has been told until now, a line each. */
static const char *manager_told(void) {
    for (ssize_t length;
         (length = recv(manager, told + told_length, sizeof(told) - told_length - 2, 0)) > 0;) {
        told_length += (size_t)length;
        told[told_length++] = '\n';
        told[told_length] = '\0';
    }
    return told;
}

static void await_told(const char *text, unsigned count) {
    for (long long deadline = now_usec() + 30000000;;) {
        unsigned found = 0;
        for (const char *place = manager_told(); (place = strstr(place, text)); place += strlen(text))
            found++;
        if (found >= count)
            return;
        if (now_usec() > deadline)
            fail_msg("the manager was not told %s %u times, but:\n%s", text, count, told);
        usleep(5000);
    }
}

static void close_manager(void) {
    close(manager);
    manager = -1;
}

static void the_manager_is_told_of_start_reload_and_end(void **state) {
    (void)state;
    open_manager("");
    struct daemon *daemon = daemon_start(.environment = manager_environment);
    await_told("READY=1", 1);
    await_told("STATUS=1 connections, 0 runs under way; last salesforce-prod at 20", 1);

    long long before = now_usec();
    daemon_signal(daemon, SIGHUP);
    await_told("RELOADING=1\nMONOTONIC_USEC=", 1);
    long long stamp = strtoll(strstr(told, "MONOTONIC_USEC=") + strlen("MONOTONIC_USEC="), NULL, 10);
    assert_in_range(stamp, before, now_usec());
    await_told("READY=1", 2);
    assert_true(strstr(strstr(told, "RELOADING=1"), "READY=1") != NULL);

    world_configure_raw("nonsense: true\n"); /* a reload that fails is over, too */
    daemon_signal(daemon, SIGHUP);
    await_told("RELOADING=1", 2);
    await_told("READY=1", 3);
    daemon_stop(daemon);
    await_told("STOPPING=1", 1);
    await_told("STATUS=Stopping", 1);
    assert_null(strstr(told, "WATCHDOG"));
    close_manager();
}

static void the_watchdog_is_petted_by_whom_it_is_meant_for(void **state) {
    (void)state;
    open_manager("WATCHDOG_USEC=400000");
    world_faults("{'path': '*/target/fields', 'hang': true}"); /* busy or not */
    struct daemon *daemon = daemon_start(.environment = manager_environment);
    await_told("WATCHDOG=1", 5);
    daemon_stop(daemon);
    close_manager();

    open_manager(world_text("WATCHDOG_USEC=400000 WATCHDOG_PID=%d", (int)getpid()));
    daemon = daemon_start(.environment = manager_environment);
    await_told("READY=1", 1);
    usleep(600000);
    assert_null(strstr(manager_told(), "WATCHDOG=1"));
    daemon_stop(daemon);
    close_manager();
}

static void a_start_without_a_database_is_ready_and_says_so(void **state) {
    (void)state;
    open_manager("PGHOST=/nonexistent");
    struct daemon *daemon = daemon_start(.environment = manager_environment);
    await_told("READY=1", 1);
    await_told("STATUS=Waiting for the database", 1);
    daemon_stop(daemon);
    close_manager();
}

/* Reloads */

#define SALES CONNECTION("salesforce-prod", SALESFORCE, "[Account, Contact]")
#define HUB   CONNECTION("hubspot", HUBSPOT, "[contacts]")
#define STORE CONNECTION("warehouse", WAREHOUSE, "[\"public.customers\"]")

static void a_faulty_file_changes_nothing_and_all_its_errors_are_told(void **state) {
    (void)state;
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_configure_raw("api: {auth: {bearer: {env: SIMULATOR_KEY}}, timeout: never}\n"
                        "connection: []\n"
                        "schedule: {every: 0s}\n");
    daemon_signal(daemon, SIGHUP);
    daemon_await_log(daemon, "the configuration is faulty: the one before stays", 1);
    const char *log = daemon_log(daemon);
    assert_contains(log, "schemasyncd.yaml:1:");
    assert_contains(log, "schemasyncd.yaml:2:1: connection:");
    assert_contains(log, "schemasyncd.yaml:3:");
    daemon_make_due();
    daemon_await_runs(2);
    assert_sql("SELECT name, managed FROM connections", "salesforce-prod|t");
    daemon_stop(daemon);
}

/* Taken out: its run is cancelled. Added: looked at now. Unchanged: its run goes on. */
static void a_reload_touches_what_changed_alone(void **state) {
    (void)state;
    configure(.connections = SALES HUB, .timeout = "20s");
    world_faults("[{'path': '*" SALESFORCE "*/target/fields', 'times': 2, 'delay_ms': 3000},"
                 " {'path': '*" HUBSPOT "*/target/fields', 'hang': true}]");
    struct daemon *daemon = daemon_start();
    world_await_requests("GET *" SALESFORCE "*/target/fields*", 2);
    world_await_requests("GET *" HUBSPOT "*/target/fields*", 1);
    configure(.connections = SALES STORE, .timeout = "20s");
    daemon_signal(daemon, SIGHUP);
    world_await("SELECT count(*) = 1 FROM runs WHERE outcome = 'cancelled'");
    world_await(
        "SELECT NOT managed FROM connections WHERE name = 'hubspot'"); /* one may come before the other */
    assert_sql("SELECT next_due_at IS NULL FROM connections WHERE name = 'hubspot'", "t");
    assert_sql("SELECT bool_or(managed) FROM targets WHERE connection_id = '" HUBSPOT "'", "f");
    daemon_await_quiet();
    assert_sql("SELECT c.name, r.outcome FROM runs r JOIN connections c ON c.id = r.connection_id ORDER BY 1",
               "hubspot|cancelled\nsalesforce-prod|ok\nwarehouse|ok");
    assert_int_equal(world_requests("GET *" SALESFORCE "*/target/fields*"), 2);
    assert_sql("SELECT sum(consecutive_failures) FROM connections", "0");

    configure(.connections = SALES STORE HUB, .timeout = "20s"); /* and back: its rows are still there */
    world_clear_faults();
    daemon_signal(daemon, SIGHUP);
    world_await("SELECT state = 'present' AND managed FROM targets WHERE target_id = 'contacts'");
    daemon_stop(daemon);
}

/* A run keeps the configuration that it began with, or is made again with the new one where that matters. */
static void a_connection_that_changed_is_looked_at_anew(void **state) {
    (void)state;
    configure(.connections = CONNECTION("salesforce-prod", SALESFORCE, "[Account]"), .timeout = "20s");
    world_faults("{'path': '*/target/fields', 'query': '*Account*', 'times': 1, 'hang': true}");
    struct daemon *daemon = daemon_start();
    world_await_requests("GET */target/fields*", 1);
    configure(.connections = SALES, .timeout = "20s");
    daemon_signal(daemon, SIGHUP);
    daemon_await_runs(2);
    assert_sql("SELECT outcome FROM runs ORDER BY started_at", "cancelled\nok");
    daemon_stop(daemon);
}

static void many_reloads_at_once_end_in_the_last(void **state) {
    (void)state;
    struct daemon *daemon = daemon_start();
    daemon_await_log(daemon, "started as", 1);
    for (int i = 0; i < 30; i++) {
        if (i % 2)
            configure(.connections = SALES);
        else
            configure(.connections = HUB STORE);
        daemon_signal(daemon, SIGHUP);
        usleep(20000);
    }
    world_await("SELECT to_regclass('schemasync.runs') IS NOT NULL");
    world_await("SELECT bool_and(managed = (name = 'salesforce-prod')) FROM connections");
    daemon_await_quiet();
    daemon_stop(daemon);
    assert_sql("SELECT bool_and(managed = (name = 'salesforce-prod')) FROM connections", "t");
}

/* Ends */

static void assert_nothing_half_done(const char *before) {
    assert_sql("SELECT count(*) FROM connections WHERE lease_owner IS NOT NULL", "0");
    assert_sql("SELECT (SELECT count(*) FROM staged_target) + (SELECT count(*) FROM run_batch)", "0");
    assert_sql("SELECT outcome, error FROM runs ORDER BY started_at DESC LIMIT 1", "cancelled|-");
    assert_sql(
        "SELECT sum(consecutive_failures), count(last_error), bool_and(next_due_at <= clock_timestamp()) FROM connections",
        "0|0|t");
    assert_sql("SELECT count(*) FROM workers", "0");
    assert_same(world_mirror(), before);
}

/* Wherever a run waits for an answer. */
static void an_end_while_an_answer_does_not_come(void **state) {
    (void)state;
    static const char *const paths[] = {"*/connections/*6668d", "*/schemas/status", "*/schemas/refresh",
                                        "*/modelsync/targetobjects", "*/target/fields"};
    configure(.targets = "[{include: \"*\"}]", .timeout = "60s");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    daemon_stop(daemon);
    const char *before = world_mirror();
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        world_clear_faults();
        world_forget_requests();
        world_edit(
            "{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Lead', 'field': 'Email', 'set': {'x%zu': true}}",
            i);
        world_faults("{'path': '%s', 'hang': true}", i == 0 ? "*668d" : paths[i]);
        daemon_make_due();
        daemon = daemon_start();
        world_await_requests(i == 0 ? "GET *668d" : world_text("*%s*", paths[i]), 1);
        daemon_stop(daemon);
        assert_nothing_half_done(before);
    }
    world_clear_faults();
    daemon = daemon_start();
    daemon_await_quiet();
    assert_sql("SELECT count(*) FROM changes", "5");
    daemon_stop(daemon);
}

/* While what was found is being staged, or recorded: a lock of somebody else holds the daemon up. */
static void an_end_while_the_database_does_not_answer(void **state) {
    (void)state;
    configure(.targets = "[Account, Contact]");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_edit(
        "{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Phone', 'set': {'type': 'number'}}");
    world_sql("SELECT pg_advisory_lock(hashtextextended('schemasync.changes', 0))");
    daemon_make_due();
    world_await(
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()");
    daemon_stop(daemon);
    world_sql("SELECT pg_advisory_unlock(hashtextextended('schemasync.changes', 0))");
    world_sql("UPDATE connections SET lease_expires_at = clock_timestamp() WHERE lease_owner IS NOT NULL");
    daemon = daemon_start();
    world_await("SELECT count(*) = 1 FROM changes");
    daemon_await_quiet();

    world_edit(
        "{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Phone', 'set': {'type': 'boolean'}}");
    world_sql("BEGIN; LOCK TABLE staged_change");
    world_sql(
        "UPDATE target_state SET next_due_at = clock_timestamp(); UPDATE connections SET next_due_at = clock_timestamp();"
        "COMMIT; BEGIN; LOCK TABLE staged_change IN SHARE MODE");
    world_await(
        "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND relation = 'staged_change'::regclass");
    daemon_stop(daemon);
    world_sql("COMMIT");
    assert_sql("SELECT count(*) FROM changes", "1");
    world_sql("UPDATE connections SET lease_expires_at = clock_timestamp() WHERE lease_owner IS NOT NULL");
    daemon = daemon_start();
    world_await("SELECT count(*) = 2 FROM changes");
    daemon_await_quiet();
    daemon_stop(daemon);
}

static void an_end_while_the_schema_is_being_made(void **state) {
    (void)state;
    configure(.role = ""); /* who makes it owns it */
    world_sql("DROP SCHEMA schemasync CASCADE");
    world_sql("SELECT pg_advisory_lock(hashtextextended('schemasync.migrate', 0))");
    struct daemon *daemon = daemon_start();
    world_await(
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()");
    daemon_stop(daemon);
    world_sql("SELECT pg_advisory_unlock(hashtextextended('schemasync.migrate', 0))");
}

static void an_end_at_once_and_one_by_the_terminal(void **state) {
    (void)state;
    struct daemon *daemon = daemon_start();
    daemon_await_log(daemon, "started as", 1);
    daemon_stop(daemon);
    daemon = daemon_start();
    daemon_await_quiet();
    daemon_signal(daemon, SIGINT);
    daemon_await_exit(daemon, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        daemon_test(the_manager_is_told_of_start_reload_and_end),
        daemon_test(the_watchdog_is_petted_by_whom_it_is_meant_for),
        daemon_test(a_start_without_a_database_is_ready_and_says_so),
        daemon_test(a_faulty_file_changes_nothing_and_all_its_errors_are_told),
        daemon_test(a_reload_touches_what_changed_alone),
        daemon_test(a_connection_that_changed_is_looked_at_anew),
        daemon_test(many_reloads_at_once_end_in_the_last),
        daemon_test(an_end_while_an_answer_does_not_come),
        daemon_test(an_end_while_the_database_does_not_answer),
        daemon_test(an_end_while_the_schema_is_being_made),
        daemon_test(an_end_at_once_and_one_by_the_terminal),
    };
    return daemon_run_tests("signals", tests);
}
