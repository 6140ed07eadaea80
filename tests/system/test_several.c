/* Several processes on one database: which configuration counts, who works on what, and how a daemon starts
 * that may not. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cluster.h"

#define SALES CONNECTION("salesforce-prod", SALESFORCE, "[Account, Contact]")
#define HUB   CONNECTION("hubspot", HUBSPOT, "[contacts]")
#define STORE CONNECTION("warehouse", WAREHOUSE, "[\"public.customers\"]")

static void the_configuration_loaded_last_counts(void **state) {
    (void)state;
    configure(.connections = SALES HUB);
    const char *old = daemon_keep_config("old.yaml");
    configure(.connections = SALES STORE);
    const char *new = daemon_keep_config("new.yaml");
    struct daemon *first = daemon_start(.config = old);
    daemon_await_quiet();
    struct daemon *second = daemon_start(.config = new);
    world_await(
        "SELECT count(*) = 1 FROM targets WHERE target_id = 'public.customers' AND state = 'present'");
    daemon_await_log(first, "nothing is claimed: another configuration was loaded at", 1);
    daemon_await_quiet();
    assert_sql("SELECT name, managed FROM connections ORDER BY 1",
               "hubspot|f\nsalesforce-prod|t\nwarehouse|t");
    daemon_make_due();
    daemon_await_quiet();
    usleep(2500000); /* the first one asks each second */
    assert_int_equal(daemon_log_count(first, "nothing is claimed"), 1);
    const char *worker = world_value("SELECT worker FROM runs ORDER BY started_at LIMIT 1");
    assert_same(world_value("SELECT count(*) FROM runs WHERE worker = '%s'", worker), "2");

    daemon_signal(first, SIGHUP); /* loads its own again: now that one is the last */
    daemon_await_log(first, "claiming what is due again", 1);
    daemon_await_log(second, "nothing is claimed: another configuration was loaded at", 1);
    assert_sql("SELECT name, managed FROM connections ORDER BY 1",
               "hubspot|t\nsalesforce-prod|t\nwarehouse|f");
    daemon_stop(first);
    daemon_stop(second);
}

static void two_daemons_with_one_configuration_share_the_work(void **state) {
    (void)state;
    configure(.connections = SALES HUB STORE);
    world_settings("{'latency_ms': 100}");
    struct daemon *first = daemon_start(), *second = daemon_start();
    daemon_await_quiet();
    assert_sql("SELECT count(*), bool_and(outcome = 'ok') FROM runs", "3|t");
    for (int i = 0; i < 4; i++) {
        daemon_make_due();
        daemon_await_runs(6 + 3 * i);
    }
    assert_sql("SELECT count(*) FROM runs", "15");
    assert_sql("SELECT count(*) FROM changes", "0");
    daemon_stop(first);
    daemon_make_due(); /* the other one has it all now */
    daemon_await_runs(18);
    assert_int_equal(daemon_log_count(second, " error: "), 0);
    daemon_stop(second);
}

static void pull_waits_for_a_connection_that_is_worked_on(void **state) {
    (void)state;
    configure(.connections = SALES);
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_faults("{'path': '*/target/fields', 'times': 1, 'delay_ms': 1500}");
    world_forget_requests();
    daemon_make_due();
    world_await_requests("GET */target/fields*", 1);
    const char *output = world_pull(0);
    assert_contains(output, "another process works on it, waiting");
    assert_sql("SELECT trigger, outcome FROM runs ORDER BY started_at",
               "schedule|ok\nschedule|ok\nmanual|ok");
    daemon_stop(daemon);
}

static void pull_refuses_another_configuration_than_a_living_daemons(void **state) {
    (void)state;
    configure(.connections = SALES);
    const char *kept = daemon_keep_config("daemon.yaml");
    struct daemon *daemon = daemon_start(.config = kept);
    daemon_await_quiet();
    world_pull(0); /* the same: welcome */
    configure(.connections = SALES HUB);
    assert_contains(world_pull(78), "with another configuration");
    assert_sql("SELECT count(*) FROM connections", "1");
    configure(.connections = SALES, .more = "metrics: {listen: 127.0.0.1:1}\n"); /* what may differ */
    world_pull(0);
    configure(.connections = SALES HUB);
    daemon_stop(daemon); /* it has gone in order: nobody waits for its sign of life to grow old */
    world_pull(0);

    daemon = daemon_start(.config = kept);
    world_await("SELECT count(*) = 1 FROM workers");
    (void)daemon_kill(daemon);
    world_pull(78);
    world_sql("UPDATE workers SET seen_at = seen_at - interval '61 seconds'");
    world_pull(0);
}

/* A daemon that was refused is alive, but claims nothing: it must not be in the way of who works. */
static void pull_goes_with_the_daemon_that_works(void **state) {
    (void)state;
    configure(.connections = HUB);
    struct daemon *first = daemon_start(.config = daemon_keep_config("old.yaml"));
    daemon_await_quiet();
    configure(.connections = SALES);
    struct daemon *second = daemon_start();
    daemon_await_log(first, "nothing is claimed", 1);
    daemon_await_quiet();
    world_pull(0);
    daemon_stop(first);
    daemon_stop(second);
}

/* The start */

static void a_faulty_configuration_ends_the_start(void **state) {
    (void)state;
    world_configure_raw("connections: []\nnonsense: 1\n");
    const char *log = daemon_await_exit(daemon_start(), 78);
    assert_contains(log, "schemasyncd.yaml:2:1: nonsense:");
    assert_contains(log, "api");
    assert_contains(daemon_await_exit(daemon_start(.config = "/nonexistent.yaml"), 78), "/nonexistent.yaml");
    configure(.database = "migrate: perhaps");
    daemon_await_exit(daemon_start(), 78);
}

static void a_newer_schema_ends_the_start_and_is_waited_for_later(void **state) {
    (void)state;
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_sql("INSERT INTO schema_migrations (version, name) VALUES (9999, 'future')");
    daemon_await_log(daemon, "nothing is claimed: the database's schema is of version 9999", 1);
    assert_contains(daemon_await_exit(daemon_start(), 78), "9999");
    world_pull(78);
    world_sql("DELETE FROM schema_migrations WHERE version = 9999");
    daemon_await_log(daemon, "claiming what is due again", 1);
    daemon_make_due();
    daemon_await_runs(2);
    daemon_stop(daemon);
}

static void an_old_schema_ends_the_start_where_it_must_not_be_touched(void **state) {
    (void)state;
    world_sql("DROP SCHEMA schemasync CASCADE");
    configure(.database = "migrate: check");
    assert_contains(daemon_await_exit(daemon_start(), 78), "schemasyncd migrate");
    world_run(0, "--database", world_text("dbname=%s", world_database()), "migrate"); /* its owner does */
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    daemon_stop(daemon);
}

static void missing_rights_end_the_start(void **state) {
    (void)state;
    configure(.role = "");
    cluster_admin("DROP ROLE IF EXISTS nobody");
    assert_contains(daemon_await_exit(daemon_start(.environment = "PGUSER=nobody"), 77),
                    "nobody"); /* no such role */
    cluster_admin("CREATE ROLE nobody LOGIN");
    assert_contains(daemon_await_exit(daemon_start(.environment = "PGUSER=nobody"), 77), "permission denied");
    world_run(0, "migrate");
    daemon_await_exit(daemon_start(.environment = "PGUSER=nobody"), 77);
    cluster_admin("GRANT USAGE ON SCHEMA schemasync TO nobody");
    cluster_admin("GRANT SELECT ON schemasync.schema_migrations TO nobody");
    assert_contains(daemon_await_exit(daemon_start(.environment = "PGUSER=nobody"), 77), "permission denied");
    cluster_admin("DROP OWNED BY nobody");
    cluster_admin("DROP ROLE nobody");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cluster_test(the_configuration_loaded_last_counts),
        cluster_test(two_daemons_with_one_configuration_share_the_work),
        cluster_test(pull_waits_for_a_connection_that_is_worked_on),
        cluster_test(pull_refuses_another_configuration_than_a_living_daemons),
        cluster_test(pull_goes_with_the_daemon_that_works),
        cluster_test(a_faulty_configuration_ends_the_start),
        cluster_test(a_newer_schema_ends_the_start_and_is_waited_for_later),
        cluster_test(an_old_schema_ends_the_start_where_it_must_not_be_touched),
        cluster_test(missing_rights_end_the_start),
    };
    return cluster_run_tests("several", tests);
}
