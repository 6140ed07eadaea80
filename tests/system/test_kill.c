/* Daemons that are killed or paused at any moment: what comes of it in the end is what comes of an
 * undisturbed daemon. SCHEMASYNCD_SEED=N repeats the moments of a run of this test. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemons.h"

enum { DAEMONS_MAX = 3 };

#define CONNECTIONS                                                 \
    CONNECTION("salesforce-prod", SALESFORCE, "[{include: \"*\"}]") \
    CONNECTION("hubspot", HUBSPOT, "[{include: \"*\"}]")            \
    CONNECTION("generated", GENERATED, "[{include: \"*\"}]")

/* Of every kind: attributes, fields and targets that come and go, in all targets and in some. */
static const char drift[] =
    "[{'op': 'field_set', 'connection': 'generated-1', 'target': 'obj_0001*', 'field': 'f_003', 'set': {'type': 'number', 'x': 1}},"
    " {'op': 'field_remove', 'connection': 'generated-1', 'target': 'obj_0002*', 'field': 'f_004'},"
    " {'op': 'field_add', 'connection': 'generated-1', 'target': '*', 'value': {'id': 'News', 'type': 'string'}},"
    " {'op': 'target_remove', 'connection': 'generated-1', 'target': 'obj_00007'},"
    " {'op': 'field_set', 'connection': 'salesforce-prod', 'target': '*', 'field': 'Id', 'set': {'type': 'number'}},"
    " {'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Lead', 'id': 'Second__c', 'name': 'Second'},"
    " {'op': 'field_remove', 'connection': 'hubspot-marketing', 'target': 'contacts', 'field': 2}]";

static unsigned seed;
static char *expected_load, *expected_drift;
/* How long the undisturbed daemon took for them. */
static unsigned load_ms, drift_ms;
/* Daemons that were killed or paused, and how many of them while a run was under way. */
static unsigned disturbed, in_a_run;

static unsigned below(unsigned limit) {
    return (unsigned)rand_r(&seed) % limit;
}

static void wait_ms(unsigned milliseconds) {
    struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static unsigned now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* Slow enough for a daemon to be caught at any step. */
static void slow_down(void) {
    world_settings("[{'latency_ms': 12}, {'connection': '*', 'refresh_duration_ms': 40}]");
}

static void begin(void) {
    configure(.connections = CONNECTIONS);
    if (!expected_load) {
        slow_down();
        unsigned start = now_ms();
        struct daemon *daemon = daemon_start();
        daemon_await_quiet();
        load_ms = now_ms() - start;
        expected_load = alloc_strdup(daemon_outcome());
        world_edit("%s", drift);
        start = now_ms();
        daemon_make_due();
        daemon_await_runs(6);
        drift_ms = now_ms() - start;
        expected_drift = alloc_strdup(daemon_outcome());
        print_message("undisturbed: first load %u ms, drift %u ms\n", load_ms, drift_ms);
        daemon_stop(daemon);
        assert_sql("SELECT kind, count(*) FROM changes GROUP BY 1 ORDER BY 1",
                   "target_added|1\ntarget_removed|1\nfield_added|149\nfield_removed|11\nfield_changed|29");
        (void)world_control_at(WORLD_HERE, "POST", "/_control/reset", "%s", "");
        world_new_schema();
    }
    const char *given = getenv("SCHEMASYNCD_SEED");
    seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL) ^ (unsigned)getpid();
    print_message("SCHEMASYNCD_SEED=%u\n", seed);
    slow_down();
    disturbed = in_a_run = 0;
}

static bool schema_is_there(void) {
    return strcmp(world_value("SELECT to_regclass('schemasync.runs') IS NOT NULL"), "t") == 0;
}

/* As if a minute had passed. */
static void leases_run_out(void) {
    if (schema_is_there())
        world_sql(
            "UPDATE connections SET lease_expires_at = clock_timestamp() WHERE lease_expires_at IS NOT NULL");
}

static bool a_run_is_under_way(void) {
    return schema_is_there() &&
           strcmp(world_value("SELECT count(*) > 0 FROM runs WHERE finished_at IS NULL"), "t") == 0;
}

/* At any moment of what takes so long, one of the daemons is killed and another one begins, or it stands
 * still until another one has taken over. Where all was done already it is due again, so that there is
 * something to disturb. */
static void disturb(struct daemon **daemons, unsigned count, unsigned duration) {
    unsigned victim = below(count);
    if (schema_is_there() && !a_run_is_under_way())
        daemon_make_due();
    wait_ms(below(duration));
    disturbed++;
    in_a_run += a_run_is_under_way();
    if (count > 1 && below(2) == 0) {
        daemon_signal(daemons[victim], SIGSTOP);
        leases_run_out();
        wait_ms(below(300));
        daemon_signal(daemons[victim], SIGCONT);
        return;
    }
    (void)daemon_kill(daemons[victim]);
    leases_run_out();
    daemons[victim] = daemon_start();
}

static void assert_sound(void) {
    assert_sql("SELECT count(*) FROM changes c JOIN runs r ON r.id = c.run_id WHERE r.outcome <> 'ok'", "0");
    assert_sql("SELECT (SELECT count(*) FROM staged_target) + (SELECT count(*) FROM staged_field)"
               " + (SELECT count(*) FROM staged_change) + (SELECT count(*) FROM run_batch)",
               "0");
    assert_sql("SELECT count(*) FROM field_version a JOIN field_version b USING (target_key, field_id)"
               " WHERE a.id < b.id AND a.valid_from < b.valid_to AND b.valid_from < a.valid_to",
               "0");
    assert_sql("SELECT count(*), sum(consecutive_failures), count(last_error) FROM connections", "3|0|0");
    assert_sql("SELECT sum(consecutive_failures), count(last_error) FROM targets", "0|0");
    assert_sql(
        "SELECT count(*) FROM runs WHERE outcome NOT IN ('ok', 'cancelled') AND coalesce(error, '') <> 'abandoned'",
        "0");
}

static void same_end(unsigned count) {
    unsigned moments = daemon_long() ? 100 : count == 1 ? 20 : 8;
    begin();
    struct daemon *daemons[DAEMONS_MAX] = {0};
    for (unsigned i = 0; i < count; i++)
        daemons[i] = daemon_start();
    for (unsigned i = 0; i < moments; i++)
        disturb(daemons, count, load_ms);
    leases_run_out();
    daemon_await_quiet();
    assert_same(daemon_outcome(), expected_load);
    assert_sound();

    world_edit("%s", drift);
    daemon_make_due();
    for (unsigned i = 0; i < moments; i++)
        disturb(daemons, count, drift_ms);
    leases_run_out();
    daemon_await_quiet();
    assert_same(daemon_outcome(), expected_drift);
    assert_sound();
    print_message("%u times killed or paused, %u of them while a run was under way\n", disturbed, in_a_run);
    assert_true(in_a_run >= disturbed / 4);
    for (unsigned i = 0; i < count; i++)
        daemon_stop(daemons[i]);
}

static void one_daemon_killed_at_twenty_moments(void **state) {
    (void)state;
    same_end(1);
}

static void two_daemons_killed_and_paused(void **state) {
    (void)state;
    same_end(2);
}

static void three_daemons_killed_and_paused(void **state) {
    (void)state;
    same_end(3);
}

/* A daemon stands still in the middle of a run until another one has looked at the connection, and then goes
 * on with an answer that is not true any more. */
static void what_comes_after_the_lease_is_not_recorded(void **state) {
    (void)state;
    configure(.targets = "[Account, Contact]", .refresh = "never");
    struct daemon *first = daemon_start();
    daemon_await_quiet();
    world_edit("{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Phone',"
               " 'set': {'type': 'number'}, 'cached': true}");
    world_faults("{'path': '*/target/fields', 'query': '*Contact*', 'times': 1, 'delay_ms': 1000}");
    world_forget_requests();
    daemon_make_due();
    world_await_requests("GET *target/fields*Contact*", 1);
    daemon_signal(first, SIGSTOP);
    wait_ms(1100); /* the answer waits in the socket */
    world_edit("{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Phone',"
               " 'set': {'type': 'boolean'}, 'cached': true}");
    leases_run_out();
    struct daemon *second = daemon_start();
    world_await("SELECT count(*) = 1 FROM changes");
    daemon_await_quiet();
    const char *outcome = daemon_outcome();
    daemon_signal(first, SIGCONT);
    daemon_await_log(first, "cause=lease-lost", 1);
    assert_same(daemon_outcome(), outcome);
    assert_sql("SELECT target_id, old_value, new_value FROM changes ORDER BY 1",
               "Account|\"string\"|\"boolean\"");
    assert_sql("SELECT outcome, error FROM runs ORDER BY started_at", "ok|-\nfailed|abandoned\nok|-");
    assert_sql(
        "SELECT bool_and(r.worker <> f.worker) FROM (SELECT worker FROM runs ORDER BY started_at LIMIT 1) f,"
        " (SELECT worker FROM runs ORDER BY started_at DESC LIMIT 1) r",
        "t");
    daemon_stop(first);
    daemon_stop(second);
}

/* The recording is at the server when its daemon is killed: it counts or it does not, and nothing twice. */
static void a_kill_in_the_middle_of_a_recording(void **state) {
    (void)state;
    begin();
    world_settings("{'latency_ms': 0}");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_edit("%s", drift);
    world_sql("SELECT pg_advisory_lock(hashtextextended('schemasync.changes', 0))");
    daemon_make_due();
    world_await(
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%%record_run%%' AND wait_event = 'advisory'"
        " AND datname = current_database()");
    (void)daemon_kill(daemon);
    leases_run_out();
    daemon = daemon_start();
    wait_ms(1500);
    world_sql("SELECT pg_advisory_unlock(hashtextextended('schemasync.changes', 0))");
    wait_ms(200);
    leases_run_out();
    daemon_await_quiet();
    assert_same(daemon_outcome(), expected_drift);
    assert_sound();
    daemon_stop(daemon);
}

/* The same without a hand at the clock: one that works stands still for longer than its lease, the others
 * wait for its end, take over, and it goes on when all is done. */
static void stands_still_for_longer_than_its_lease(unsigned count) {
    begin();
    struct daemon *daemons[DAEMONS_MAX] = {0};
    daemons[0] = daemon_start();
    world_await_requests("GET *target/fields*", 20);
    for (unsigned phase = 0; phase < 2; phase++) {
        daemon_signal(daemons[0], SIGSTOP);
        unsigned start = now_ms();
        for (unsigned i = 1; phase == 0 && i < count; i++)
            daemons[i] = daemon_start();
        wait_ms(50000);
        assert_sql("SELECT count(*) > 0 FROM connections WHERE lease_owner IS NOT NULL", "t");
        while (now_ms() - start < 70000)
            wait_ms(100);
        daemon_await_quiet();
        assert_same(daemon_outcome(), phase == 0 ? expected_load : expected_drift);
        daemon_signal(daemons[0], SIGCONT);
        wait_ms(2000);
        daemon_await_quiet();
        assert_same(daemon_outcome(), phase == 0 ? expected_load : expected_drift);
        assert_sound();
        if (phase == 1)
            break;
        /* now the one that works is to be the first one again */
        for (unsigned i = 1; i < count; i++)
            daemon_signal(daemons[i], SIGSTOP);
        world_edit("%s", drift);
        world_forget_requests();
        daemon_make_due();
        world_await_requests("GET *target/fields*", 20);
        for (unsigned i = 1; i < count; i++)
            daemon_signal(daemons[i], SIGCONT);
    }
    for (unsigned i = 0; i < count; i++)
        daemon_stop(daemons[i]);
}

static void one_of_two_stands_still_for_longer_than_its_lease(void **state) {
    (void)state;
    stands_still_for_longer_than_its_lease(2);
}

static void one_of_three_stands_still_for_longer_than_its_lease(void **state) {
    (void)state;
    stands_still_for_longer_than_its_lease(3);
}

/* Where nobody has taken the connection over, a daemon that stood still for long goes on. */
static void a_pause_alone_loses_nothing(void **state) {
    (void)state;
    configure(.targets = "[Account, Contact]");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_edit(
        "{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Phone', 'set': {'type': 'number'}}");
    world_faults("{'path': '*/target/fields', 'times': 1, 'delay_ms': 500}");
    world_forget_requests();
    daemon_make_due();
    world_await_requests("GET *target/fields*", 1);
    daemon_signal(daemon, SIGSTOP);
    leases_run_out();
    wait_ms(1000);
    daemon_signal(daemon, SIGCONT);
    daemon_await_quiet();
    assert_sql("SELECT count(*), count(DISTINCT run_id) FROM changes", "1|1");
    daemon_stop(daemon);
}

int main(void) {
    world_generate = "1:150:60";
    const struct CMUnitTest tests[] = {
        daemon_test(one_daemon_killed_at_twenty_moments),
        daemon_test(two_daemons_killed_and_paused),
        daemon_test(three_daemons_killed_and_paused),
        daemon_test(what_comes_after_the_lease_is_not_recorded),
        daemon_test(a_kill_in_the_middle_of_a_recording),
        daemon_test(a_pause_alone_loses_nothing),
    };
    const struct CMUnitTest minutes[] = {
        daemon_test(one_of_two_stands_still_for_longer_than_its_lease),
        daemon_test(one_of_three_stands_still_for_longer_than_its_lease),
    };
    int failed = daemon_run_tests("killed", tests);
    if (daemon_long())
        failed += daemon_run_tests("for minutes", minutes);
    free(expected_load);
    free(expected_drift);
    return failed;
}
