/* When a daemon looks at what. Due times are rows: the tests move rows, not clocks. */
#include <signal.h>

#include "daemons.h"

#define FIELDS "GET */modelsync/target/fields*"

static void the_first_pass_is_made_at_once_and_the_next_one_on_schedule(void **state) {
    (void)state;
    configure(.targets = "[Account, Contact]");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    assert_sql("SELECT trigger, outcome, target_count, worker <> '' FROM runs", "schedule|ok|2|t");
    assert_sql(
        "SELECT next_due_at > clock_timestamp(), next_due_at <= clock_timestamp() + interval '360 days',"
        " consecutive_failures, last_error, last_success_at IS NOT NULL FROM connections",
        "t|t|0|-|t");
    assert_sql(
        "SELECT count(DISTINCT next_due_at), bool_and(next_due_at = (SELECT next_due_at FROM connections)) FROM targets",
        "1|t");
    daemon_stop(daemon);
    assert_sql("SELECT count(*) FROM workers", "0");
}

static void await_claim(void) {
    world_await("SELECT count(*) = 1 FROM workers");
    world_await("SELECT bool_and(seen_at < clock_timestamp() - interval '1.2 seconds') FROM workers");
}

static void a_restart_after_a_complete_pass_makes_no_request(void **state) {
    (void)state;
    configure(.connections = CONNECTION("salesforce-prod", SALESFORCE, "[Account, Contact]")
                  CONNECTION("hubspot", HUBSPOT, "[{include: \"*\"}]"));
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    daemon_stop(daemon);
    const char *due = world_value("SELECT id, next_due_at FROM connections ORDER BY 1");
    world_forget_requests();
    daemon = daemon_start();
    await_claim();
    assert_int_equal(world_requests("*"), 0);
    assert_same(world_value("SELECT id, next_due_at FROM connections ORDER BY 1"), due);
    daemon_stop(daemon);
    assert_sql("SELECT count(*) FROM runs", "2");
}

static void one_refresh_serves_all_that_is_due(void **state) {
    (void)state;
    configure(.targets = "[Account, {id: Contact, every: 200d}, {id: Lead, every: 50d}]");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_forget_requests();
    daemon_make_due();
    daemon_await_runs(2);
    assert_int_equal(world_requests("POST */schemas/refresh"), 1);
    assert_int_equal(world_requests(FIELDS), 3);
    assert_sql("SELECT target_count FROM runs ORDER BY started_at DESC LIMIT 1", "3");
    daemon_stop(daemon);
}

static void a_target_has_a_schedule_of_its_own(void **state) {
    (void)state;
    configure(.targets = "[Account, {id: Contact, every: 200d}, {id: Lead, cron: \"30 4 * * *\"}]");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    assert_sql(
        "SELECT target_id, next_due_at > clock_timestamp() AND next_due_at <= clock_timestamp() + CASE target_id"
        " WHEN 'Account' THEN interval '360 days' WHEN 'Contact' THEN interval '200 days' ELSE interval '1 day' END"
        " FROM targets ORDER BY 1",
        "Account|t\nContact|t\nLead|t");
    assert_sql("SELECT to_char(next_due_at, 'HH24:MI:SS') FROM targets WHERE target_id = 'Lead'", "04:30:00");
    const char *others =
        world_value("SELECT next_due_at FROM targets WHERE target_id <> 'Contact' ORDER BY target_id");
    world_forget_requests();
    world_sql("UPDATE target_state SET next_due_at = clock_timestamp() WHERE target_id = 'Contact';"
              "UPDATE connections SET next_due_at = clock_timestamp()");
    daemon_await_runs(2);
    assert_int_equal(world_requests(FIELDS), 1);
    assert_int_equal(world_requests(FIELDS "target=Contact*"), 1);
    assert_same(
        world_value("SELECT next_due_at FROM targets WHERE target_id <> 'Contact' ORDER BY target_id"),
        others);
    assert_sql("SELECT c.next_due_at = (SELECT min(next_due_at) FROM targets) FROM connections c", "t");
    daemon_stop(daemon);
}

static void cron_counts_for_connections_too(void **state) {
    (void)state;
    configure(.connections = "  - {name: salesforce-prod, id: " SALESFORCE
                             ", cron: \"*/10 * * * *\", jitter: 0%, targets: [Account]}\n");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    assert_sql("SELECT extract(minute FROM next_due_at)::int % 10, extract(second FROM next_due_at)::int,"
               " next_due_at <= clock_timestamp() + interval '10 minutes' FROM connections",
               "0|0|t");
    daemon_stop(daemon);
}

static void jitter_delays_within_its_share(void **state) {
    (void)state;
    configure(.connections =
                  "  - {name: a, id: " SALESFORCE ", cron: \"0 0 1 1 *\", jitter: 50%, targets: [Account]}\n"
                  "  - {name: b, id: " HUBSPOT ", cron: \"0 0 1 1 *\", jitter: 50%, targets: [contacts]}\n");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    assert_sql("SELECT count(DISTINCT next_due_at), bool_and(next_due_at - date_trunc('year', next_due_at)"
               " BETWEEN interval '1 second' AND interval '184 days') FROM connections",
               "2|t");
    daemon_stop(daemon);
}

static void what_was_missed_is_made_up_for_once(void **state) {
    (void)state;
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    daemon_stop(daemon);
    world_forget_requests();
    world_sql("UPDATE target_state SET next_due_at = next_due_at - interval '1000 days';"
              "UPDATE connections SET next_due_at = next_due_at - interval '1000 days'");
    daemon = daemon_start();
    daemon_await_runs(2);
    assert_sql(
        "SELECT next_due_at > clock_timestamp(), next_due_at <= clock_timestamp() + interval '360 days' FROM connections",
        "t|t");
    world_forget_requests();
    await_claim();
    assert_sql("SELECT count(*) FROM runs", "2");
    assert_int_equal(world_requests("*"), 0);
    daemon_stop(daemon);
}

static void the_smallest_interval_goes_on_by_itself(void **state) {
    (void)state;
    configure(.every = "1s");
    struct daemon *daemon = daemon_start();
    daemon_await_runs(3);
    daemon_stop(daemon);
    assert_sql("SELECT bool_and(outcome IN ('ok', 'cancelled')) FROM runs", "t");
    assert_sql("SELECT count(*) FROM changes", "0");
}

/* A run that fails is no reason to hurry: what was not looked at is due at its next time. */
static void a_failed_run_is_tried_again_on_schedule(void **state) {
    (void)state;
    configure(.targets = "[Account, {id: Contact, every: 200d}]");
    world_faults("{'path': '*/schemas/refresh', 'status': 503}");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    assert_sql("SELECT outcome FROM runs", "failed");
    assert_sql("SELECT consecutive_failures, last_error LIKE '%503%', next_due_at > clock_timestamp(),"
               " next_due_at <= clock_timestamp() + interval '360 days' FROM connections",
               "1|t|t|t");
    assert_sql("SELECT target_id, state, next_due_at > clock_timestamp() FROM targets ORDER BY 1",
               "Account|pending|t\nContact|pending|t");
    world_clear_faults();
    daemon_make_due();
    daemon_await_runs(2);
    assert_sql(
        "SELECT consecutive_failures, last_error, (SELECT count(*) FROM targets WHERE state = 'present') FROM connections",
        "0|-|2");
    daemon_stop(daemon);
}

/* What a reload adds to a connection is looked at now and not when the rest is due. */
static void a_target_that_is_named_anew_is_due_at_once(void **state) {
    (void)state;
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    configure(.targets = "[Account, Lead]");
    daemon_signal(daemon, SIGHUP);
    world_await("SELECT count(*) = 2 FROM targets WHERE state = 'present'");
    daemon_await_quiet();
    assert_sql("SELECT target_count FROM runs ORDER BY started_at DESC LIMIT 1", "1");
    daemon_stop(daemon);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        daemon_test(the_first_pass_is_made_at_once_and_the_next_one_on_schedule),
        daemon_test(a_restart_after_a_complete_pass_makes_no_request),
        daemon_test(one_refresh_serves_all_that_is_due),
        daemon_test(a_target_has_a_schedule_of_its_own),
        daemon_test(cron_counts_for_connections_too),
        daemon_test(jitter_delays_within_its_share),
        daemon_test(what_was_missed_is_made_up_for_once),
        daemon_test(the_smallest_interval_goes_on_by_itself),
        daemon_test(a_failed_run_is_tried_again_on_schedule),
        daemon_test(a_target_that_is_named_anew_is_due_at_once),
    };
    return daemon_run_tests("schedule", tests);
}
