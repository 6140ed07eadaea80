/* One connection that is dead, slow or refused is nobody else's trouble. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "daemons.h"

#define FIRST  "00000000-0000-4000-8000-000000000001"
#define SECOND "00000000-0000-4000-8000-000000000002"
#define BOTH   CONNECTION("dead", FIRST, "[{include: \"*\"}]") CONNECTION("alive", SECOND, "[{include: \"*\"}]")

static void make_due(const char *id) {
    world_sql("UPDATE target_state SET next_due_at = clock_timestamp() WHERE connection_id = '%s'", id);
    world_sql("UPDATE connections SET next_due_at = clock_timestamp() WHERE id = '%s'", id);
}

/* The first connection's requests hang, all of them and until the time limit, at one request of its run;
 * meanwhile the second one's run comes and ends. */
static void the_other_goes_on(const char *path, size_t hanging) {
    configure(.connections = BOTH, .timeout = "60s", .refresh_timeout = "100s");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_faults("{'path': '*" FIRST "%s', 'hang': true}", path);
    world_forget_requests();
    make_due(FIRST);
    world_await_requests("*" FIRST "*", hanging);
    usleep(300000);
    make_due(SECOND);
    world_await("SELECT count(*) = 2 FROM runs WHERE connection_id = '" SECOND
                "' AND finished_at IS NOT NULL");
    assert_sql(
        "SELECT bool_and(outcome = 'ok'), max(finished_at - started_at) < interval '5 seconds' FROM runs"
        " WHERE connection_id = '" SECOND "'",
        "t|t");
    assert_sql("SELECT count(*) FROM runs WHERE finished_at IS NULL", "1");
    daemon_stop(daemon);
}

static void a_connection_that_does_not_answer(void **state) {
    (void)state;
    the_other_goes_on("", 1);
}

static void a_status_that_does_not_answer(void **state) {
    (void)state;
    the_other_goes_on("/schemas/status", 2);
}

/* More targets hang than requests may be under way at once for the API key that both have. */
static void targets_that_do_not_answer(void **state) {
    (void)state;
    the_other_goes_on("/modelsync/target/fields", 16);
}

static void a_refresh_that_never_ends(void **state) {
    (void)state;
    configure(.connections = BOTH, .refresh_timeout = "100s");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_settings("{'connection': 'generated-1', 'refresh_outcome': 'stuck'}");
    make_due(FIRST);
    make_due(SECOND);
    world_await("SELECT count(*) = 2 FROM runs WHERE connection_id = '" SECOND "' AND outcome = 'ok'");
    assert_sql("SELECT count(*) FROM runs WHERE finished_at IS NULL", "1");
    daemon_stop(daemon);
}

/* Failures in a row are counted, and forgotten at the first success. */
static void failures_are_counted_in_a_row(void **state) {
    (void)state;
    configure(.connections = BOTH);
    world_faults("{'path': '*" FIRST "/schemas/refresh', 'status': 503}");
    world_faults("{'path': '*" SECOND "/modelsync/target/fields', 'query': '*obj_00003*', 'status': 500}");
    struct daemon *daemon = daemon_start();
    for (int i = 1; i <= 4; i++) {
        daemon_await_runs(2 * i);
        assert_same(
            world_value(
                "SELECT name, consecutive_failures, last_error IS NOT NULL FROM connections ORDER BY id"),
            world_text("dead|%d|t\nalive|0|f", i));
        assert_same(
            world_value("SELECT consecutive_failures, state FROM targets WHERE connection_id = '" SECOND
                        "' AND target_id = 'obj_00003'"),
            world_text("%d|pending", i));
        if (i < 4)
            daemon_make_due();
    }
    world_clear_faults();
    daemon_make_due();
    daemon_await_runs(10);
    assert_sql("SELECT sum(consecutive_failures), count(last_error) FROM connections", "0|0");
    assert_sql(
        "SELECT sum(consecutive_failures), count(last_error), bool_and(state = 'present') FROM targets",
        "0|0|t");
    assert_int_equal(daemon_log_count(daemon, " error: the schema refresh was refused"), 4);
    assert_int_equal(daemon_log_count(daemon, "target=obj_00003"), 4);
    daemon_stop(daemon);
}

/* A key that is refused, and one that takes its place: secrets are read when they are used. */
static void a_refused_key_is_told_and_a_new_one_taken(void **state) {
    (void)state;
    configure(.connections = BOTH);
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_settings("{'key': 'another-key'}");
    daemon_make_due();
    daemon_await_runs(4);
    assert_sql(
        "SELECT DISTINCT consecutive_failures, last_error LIKE '%401%', last_error LIKE '%simulator-key%' FROM connections",
        "1|t|f");
    assert_contains_not(daemon_log(daemon), "simulator-key");
    world_settings("{'key': 'simulator-key'}");
    daemon_make_due();
    daemon_await_runs(6);
    assert_sql("SELECT sum(consecutive_failures) FROM connections", "0");
    daemon_stop(daemon);
}

/* What was found before the key was refused does not count, and is no reason to come back at once either:
 * that would only hide the failure. */
static void a_run_that_fails_half_way_is_tried_again_on_schedule(void **state) {
    (void)state;
    configure(.connections = CONNECTION("dead", FIRST, "[{include: \"*\"}]"));
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_faults("{'path': '*/modelsync/target/fields', 'skip': 20, 'status': 401}");
    daemon_make_due();
    daemon_await_runs(2);
    assert_sql("SELECT min(next_due_at) > clock_timestamp() FROM targets", "t");
    assert_sql(
        "SELECT next_due_at > clock_timestamp(), consecutive_failures, last_error LIKE '%401%' FROM connections",
        "t|1|t");
    daemon_stop(daemon);
}

/* The API itself is away, and comes back. */
static void an_api_that_is_away(void **state) {
    (void)state;
    configure(.connections = BOTH, .base_url = "http://127.0.0.1:1");
    struct daemon *daemon = daemon_start();
    daemon_await_runs(2);
    assert_sql("SELECT DISTINCT consecutive_failures, last_error LIKE '%127.0.0.1%' FROM connections", "1|t");
    assert_sql("SELECT DISTINCT outcome FROM runs", "failed");
    configure(.connections = BOTH);
    daemon_signal(daemon, SIGHUP);
    daemon_await_log(daemon, "has taken the configuration over", 2);
    daemon_make_due();
    daemon_await_runs(4);
    assert_sql("SELECT sum(consecutive_failures), count(last_error) FROM connections", "0|0");
    daemon_stop(daemon);
}

int main(void) {
    world_generate = "2:40:4";
    const struct CMUnitTest tests[] = {
        daemon_test(a_connection_that_does_not_answer),
        daemon_test(a_status_that_does_not_answer),
        daemon_test(targets_that_do_not_answer),
        daemon_test(a_refresh_that_never_ends),
        daemon_test(failures_are_counted_in_a_row),
        daemon_test(a_refused_key_is_told_and_a_new_one_taken),
        daemon_test(a_run_that_fails_half_way_is_tried_again_on_schedule),
        daemon_test(an_api_that_is_away),
    };
    return daemon_run_tests("neighbours", tests);
}
