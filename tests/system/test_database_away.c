/* The database goes away in every way and comes back: the daemon waits for it, says so once, loses nothing
 * and counts nothing as a failure of the connection. */
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "cluster.h"

#define EVERYTHING                                                  \
    CONNECTION("salesforce-prod", SALESFORCE, "[{include: \"*\"}]") \
    CONNECTION("hubspot", HUBSPOT, "[{include: \"*\"}]")            \
    CONNECTION("warehouse", WAREHOUSE, "[{include: \"*\"}]")

static const char some_drift[] =
    "[{'op': 'field_set', 'connection': 'salesforce-prod', 'target': '*', 'field': 'Id', 'set': {'type': 'number'}},"
    " {'op': 'field_remove', 'connection': 'hubspot-marketing', 'target': 'contacts', 'field': 2},"
    " {'op': 'field_set', 'connection': 'warehouse', 'target': '*', 'field': 0, 'set': {'name': 'Other', 'length': 7}}]";

static void wait_ms(long milliseconds) {
    struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* The end of an undisturbed first load and of the drift after it. */
static const char *undisturbed(void) {
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_edit("%s", some_drift);
    daemon_make_due();
    daemon_await_runs(6);
    daemon_stop(daemon);
    const char *outcome = world_text("%s", daemon_outcome());
    assert_contains(outcome, "field_removed");
    (void)world_control_at(WORLD_HERE, "POST", "/_control/reset", "%s", "");
    world_new_schema();
    return outcome;
}

static void assert_told_once(struct daemon *daemon) {
    daemon_await_log(daemon, "the database is back", 1);
    if (daemon_log_count(daemon, "the database is back") != 1 ||
        daemon_log_count(daemon, "the database is away, waiting for it") != 1)
        fail_msg("not told once:\n%s", daemon_log(daemon));
}

static void go_away(enum cluster_end how, long milliseconds) {
    cluster_stop(how);
    wait_ms(milliseconds);
    cluster_start();
}

static void nothing_is_lost(enum cluster_end how, long milliseconds) {
    static char *expected;
    configure(.connections = EVERYTHING);
    if (!expected)
        expected = alloc_strdup(undisturbed());
    world_settings("{'latency_ms': 40}");
    struct daemon *daemon = daemon_start();
    world_await_requests("GET */modelsync/target/fields*", 6);
    go_away(how, milliseconds);
    daemon_await_quiet();
    assert_told_once(daemon);
    assert_sql("SELECT count(*) FROM changes", "0");

    world_edit("%s", some_drift);
    world_forget_requests();
    daemon_make_due();
    world_await_requests("GET */modelsync/target/fields*", 6);
    go_away(how, milliseconds);
    daemon_await_quiet();
    assert_same(daemon_outcome(), expected);
    assert_sql(
        "SELECT count(*) FROM runs WHERE outcome IN ('failed', 'partial') AND coalesce(error, '') <> 'abandoned'",
        "0");
    assert_sql("SELECT sum(consecutive_failures) FROM targets", "0");
    assert_sql("SELECT count(*), sum(consecutive_failures), count(last_error) FROM connections", "3|0|0");
    daemon_await_log(daemon, "the database is back", 2);
    assert_int_equal(daemon_log_count(daemon, "the database is away, waiting for it"), 2);
    /* what was recorded may be breaking, and is told as such: nothing else is an error */
    assert_int_equal(daemon_log_count(daemon, " error: "),
                     2 + daemon_log_count(daemon, " error: breaking change of "));
    daemon_stop(daemon);
}

static void a_restart_of_the_database_loses_nothing(void **state) {
    (void)state;
    nothing_is_lost(CLUSTER_FAST, 0);
}

static void a_crash_of_the_database_loses_nothing(void **state) {
    (void)state;
    nothing_is_lost(CLUSTER_IMMEDIATE, 0);
}

static void a_database_that_is_killed_and_away_for_seconds_loses_nothing(void **state) {
    (void)state;
    nothing_is_lost(CLUSTER_KILLED, daemon_long() ? 65000 : 3000);
}

/* Another daemon has the connection by now: what the first one found while it was cut off does not count, and
 * is no failure. */
static void a_lease_lost_meanwhile_is_no_failure(void **state) {
    (void)state;
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_edit(
        "{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Phone', 'set': {'type': 'number'}}");
    world_faults("{'path': '*/target/fields', 'times': 1, 'delay_ms': 2500}");
    world_forget_requests();
    daemon_make_due();
    world_await_requests("GET */modelsync/target/fields*", 1);
    cluster_stop(CLUSTER_IMMEDIATE);
    wait_ms(500);
    cluster_start();
    daemon_signal(daemon, SIGSTOP); /* else it may be quicker itself */
    world_sql("UPDATE connections SET lease_expires_at = clock_timestamp()");
    world_pull(0);
    daemon_signal(daemon, SIGCONT);
    daemon_await_log(daemon, "the lease was taken over", 1);
    assert_sql("SELECT count(*), sum(change_count) FILTER (WHERE trigger = 'manual') FROM runs", "3|1");
    assert_sql("SELECT error FROM runs WHERE outcome <> 'ok'", "abandoned");
    assert_sql("SELECT consecutive_failures, last_error FROM connections", "0|-");
    assert_sql("SELECT count(*) FROM changes", "1");
    assert_int_equal(daemon_log_count(daemon, " error: "), 1);
    daemon_stop(daemon);
}

static void a_database_that_comes_later_is_waited_for(void **state) {
    (void)state;
    cluster_stop(CLUSTER_FAST);
    struct daemon *daemon = daemon_start();
    daemon_await_log(daemon, "the database is away, waiting for it", 1);
    wait_ms(1000);
    cluster_start();
    daemon_await_quiet();
    assert_told_once(daemon);
    daemon_stop(daemon);
    assert_sql("SELECT outcome FROM runs", "ok");
}

static void waiting_for_the_database_ends_at_once(void **state) {
    (void)state;
    cluster_stop(CLUSTER_FAST);
    struct daemon *daemon = daemon_start();
    daemon_await_log(daemon, "the database is away, waiting for it", 1);
    assert_contains(daemon_stop(daemon), "stopped");
    cluster_start();

    world_settings("{'latency_ms': 500}");
    daemon = daemon_start();
    world_await_requests("GET */modelsync/target/fields*", 1);
    cluster_stop(CLUSTER_IMMEDIATE);
    wait_ms(1000);
    assert_contains(daemon_stop(daemon), "stopped");
    cluster_start();
}

/* Connections to the database run out: for the second one at the start, for both later. */
static void connections_that_run_out_are_waited_for(void **state) {
    (void)state;
    cluster_admin("DROP ROLE IF EXISTS limited");
    cluster_admin("CREATE ROLE limited LOGIN CONNECTION LIMIT 1");
    cluster_admin("GRANT schemasync_daemon TO limited");
    configure(.role = "");
    struct daemon *daemon = daemon_start(.environment = "PGUSER=limited");
    daemon_await_log(daemon, "too many connections for role", 1);
    wait_ms(1500);
    cluster_admin("ALTER ROLE limited CONNECTION LIMIT 5");
    daemon_await_quiet();
    assert_told_once(daemon);

    cluster_admin("ALTER ROLE limited CONNECTION LIMIT 0");
    world_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'limited'");
    daemon_make_due();
    daemon_await_log(daemon, "the database is away, waiting for it", 2);
    wait_ms(1500);
    cluster_admin("ALTER ROLE limited CONNECTION LIMIT 5");
    daemon_await_runs(2);
    daemon_await_log(daemon, "the database is back", 2);
    assert_int_equal(daemon_log_count(daemon, "the database is away, waiting for it"), 2);
    daemon_stop(daemon);
    assert_sql("SELECT bool_and(outcome = 'ok') FROM runs", "t");
    cluster_admin("DROP OWNED BY limited CASCADE");
    cluster_admin("DROP ROLE limited");
}

static void set_read_only(const char *value) {
    cluster_admin("ALTER SYSTEM SET default_transaction_read_only = %s", value);
    cluster_admin("DO $$BEGIN PERFORM pg_reload_conf(); END$$");
}

/* A database that takes no writes for a while: a run that is under way records when it does again, and nobody
 * asks it without end. */
static void a_database_that_is_read_only_for_a_while_is_waited_for(void **state) {
    (void)state;
    world_sql("SET default_transaction_read_only = off");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_edit(
        "{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Phone', 'set': {'type': 'number'}}");
    world_settings("{'latency_ms': 300}");
    world_forget_requests();
    daemon_make_due();
    world_await_requests("GET */modelsync/target/fields*", 1);
    set_read_only("on");
    daemon_await_log(daemon, "nothing is claimed: cannot execute", 1);
    long long before = daemon_cpu(daemon);
    wait_ms(2000);
    assert_in_range(daemon_cpu(daemon) - before, 0, 400000);
    assert_sql("SELECT count(*) FROM changes", "0");
    assert_int_equal(daemon_log_count(daemon, "nothing is claimed"), 1);
    set_read_only("off");
    daemon_await_log(daemon, "claiming what is due again", 1);
    daemon_await_quiet();
    assert_sql("SELECT count(*), count(DISTINCT run_id) FROM changes", "1|1");
    assert_sql("SELECT consecutive_failures, last_error FROM connections", "0|-");
    assert_int_equal(daemon_log_count(daemon, "claiming what is due again"), 1);
    daemon_stop(daemon);
}

/* At the start a database that is read-only and has no schema yet is waited for too. */
static void a_schema_that_cannot_be_made_yet_is_waited_for(void **state) {
    (void)state;
    world_sql("DROP SCHEMA schemasync CASCADE");
    configure(.role = "");
    world_sql("SET default_transaction_read_only = off");
    set_read_only("on");
    struct daemon *daemon = daemon_start();
    daemon_await_log(daemon, "the database cannot be prepared yet", 1);
    wait_ms(2500);
    assert_int_equal(daemon_log_count(daemon, "the database cannot be prepared yet"), 1);
    set_read_only("off");
    daemon_await_quiet();
    daemon_stop(daemon);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cluster_test(a_restart_of_the_database_loses_nothing),
        cluster_test(a_crash_of_the_database_loses_nothing),
        cluster_test(a_database_that_is_killed_and_away_for_seconds_loses_nothing),
        cluster_test(a_lease_lost_meanwhile_is_no_failure),
        cluster_test(a_database_that_comes_later_is_waited_for),
        cluster_test(waiting_for_the_database_ends_at_once),
        cluster_test(connections_that_run_out_are_waited_for),
        cluster_test(a_database_that_is_read_only_for_a_while_is_waited_for),
        cluster_test(a_schema_that_cannot_be_made_yet_is_waited_for),
    };
    return cluster_run_tests("the database away", tests);
}
