/* A daemon sends what is in the outbox: what receivers may do to it, and what it does then. Rows are moved,
 * not clocks. */
#include <signal.h>
#include <stdlib.h>

#include "outbox.h"

static void a_signed_webhook(void **state) {
    (void)state;
    setenv("HOOK_SECRET", RECEIVER_SECRET, 1);
    receiver_control("{'secrets': ['" RECEIVER_SECRET "']}");
    struct daemon *daemon =
        outbox_begin(outbox_hook("hook", ", secret: {env: HOOK_SECRET}, headers: {X-Team: revops}"));
    outbox_event("hook", 1);
    receiver_await("/hook", 1);
    await_delivered("hook", 1);
    assert_string_equal(receiver_value("/hook", 0, "verified"), "true");
    assert_string_equal(receiver_value("/hook", 0, "event.type"), "mirror.failing");
    assert_string_equal(receiver_value("/hook", 0, "headers.webhook-id"),
                        world_value("SELECT id FROM deliveries"));
    assert_string_equal(receiver_value("/hook", 0, "headers.content-type"), "application/json");
    assert_string_equal(receiver_value("/hook", 0, "headers.x-team"), "revops");
    assert_contains(receiver_value("/hook", 0, "headers.user-agent"), "schemasyncd/");
    assert_sql("SELECT attempts, next_attempt_at, last_error FROM deliveries", "1|-|-");
    assert_sql("SELECT lease_owner, lease_expires_at FROM alert_queue", "-|-");
    assert_contains(daemon_stop(daemon), "delivered");
}

/* During a rotation there are two secrets: who knows either of them can verify. */
static void two_secrets(void **state) {
    (void)state;
    setenv("HOOK_SECRET", RECEIVER_SECRET, 1);
    setenv("HOOK_BEFORE", RECEIVER_OTHER, 1);
    struct daemon *daemon =
        outbox_begin(outbox_hook("hook", ", secret: [{env: HOOK_SECRET}, {env: HOOK_BEFORE}]"));
    receiver_control("{'secrets': ['" RECEIVER_SECRET "']}");
    outbox_event("hook", 1);
    receiver_await("/hook", 1);
    receiver_control("{'secrets': ['" RECEIVER_OTHER "']}");
    outbox_event("hook", 2);
    receiver_await("/hook", 2);
    assert_string_equal(receiver_value("/hook", 0, "verified"), "true");
    assert_string_equal(receiver_value("/hook", 1, "verified"), "true");
    daemon_stop(daemon);
}

static void a_missing_secret_holds(void **state) {
    (void)state;
    unsetenv("HOOK_SECRET");
    struct daemon *daemon = outbox_begin(outbox_hook("hook", ", secret: {env: HOOK_SECRET}"));
    outbox_event("hook", 1);
    await_attempts("hook", 1);
    assert_sql("SELECT holds, last_error FROM deliveries",
               "t|the signing secret: environment variable HOOK_SECRET is not set");
    setenv("HOOK_SECRET", "c2hvcnQ=", 1);
    daemon_stop(daemon);
    daemon = daemon_start();
    outbox_hours_pass();
    await_attempts("hook", 2);
    assert_contains(world_value("SELECT last_error FROM deliveries"), "24");
    assert_contains_not(world_value("SELECT last_error FROM deliveries"), "c2hvcnQ");
    assert_int_equal(receiver_count("/hook"), 0);
    daemon_stop(daemon);
}

static void five_hundred_for_hours(void **state) {
    (void)state;
    struct daemon *daemon = outbox_begin(outbox_hook("hook", ""));
    receiver_control("{'status': 500, 'body': 'we are down'}");
    for (int i = 1; i <= 3; i++)
        outbox_event("hook", i);
    for (int try = 1; try <= 5; try++) {
        await_attempts("hook", try);
        assert_sql("SELECT string_agg(attempts::text, ' ' ORDER BY number) FROM deliveries",
                   world_text("%d 0 0", try)); /* the later ones are held back */
        assert_sql(
            "SELECT bool_and(next_attempt_at >= clock_timestamp() + interval '1 second') FROM deliveries"
            " WHERE attempts > 0",
            "t");
        if (try < 5)
            outbox_hours_pass();
    }
    assert_contains(world_value("SELECT last_error FROM deliveries WHERE attempts > 0"),
                    "answered 500: we are down");
    assert_sql(
        "SELECT next_attempt_at > clock_timestamp() + interval '25 seconds' FROM deliveries WHERE attempts > 0",
        "t");
    receiver_control("{'clear': true}");
    receiver_forget();
    outbox_hours_pass();
    await_delivered("hook", 3);
    receiver_await("/hook", 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(receiver_value("/hook", (size_t)i, "event.data.summary"),
                            world_text("%d", i + 1));
    assert_contains(daemon_log(daemon), "not delivered, it will be tried again: 127.0.0.1:");
    assert_contains(daemon_stop(daemon), "delivered at last");
}

static void a_dropped_connection(void **state) {
    (void)state;
    struct daemon *daemon = outbox_begin(outbox_hook("hook", ""));
    receiver_control("{'drop': true, 'count': 1}");
    outbox_event("hook", 1);
    await_attempts("hook", 1);
    assert_sql("SELECT holds FROM deliveries", "t");
    outbox_hours_pass();
    await_delivered("hook", 1);
    receiver_await("/hook", 2); /* at least once, under one id */
    assert_string_equal(receiver_value("/hook", 0, "headers.webhook-id"),
                        receiver_value("/hook", 1, "headers.webhook-id"));
    daemon_stop(daemon);
}

static void a_receiver_that_is_down_over_a_restart(void **state) {
    (void)state;
    struct daemon *daemon = outbox_begin(outbox_hook("hook", ""));
    receiver_stop();
    outbox_event("hook", 1);
    await_attempts("hook", 1);
    outbox_event("hook", 2);
    daemon_stop(daemon);
    receiver_fresh();
    daemon = daemon_start();
    outbox_hours_pass();
    await_delivered("hook", 2);
    receiver_await("/hook", 2);
    daemon_stop(daemon);
}

static void a_refusal_holds_back_only_itself(void **state) {
    (void)state;
    static const char *const refusals[] = {"'status': 400, 'body': 'no'", "'redirect': '/elsewhere'",
                                           "'status': 404"};
    struct daemon *daemon = outbox_begin(outbox_hook("hook", ""));
    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        receiver_control("{%s, 'count': 1}", refusals[i]);
        outbox_event("hook", 1);
        await_attempts("hook", 1);
        outbox_event("hook", 2);
        await_delivered("hook", 1);
        assert_sql(
            "SELECT string_agg((delivered_at IS NOT NULL)::text || ' ' || holds::text, ', ' ORDER BY number) FROM deliveries",
            "false false, true false");
        world_sql("DELETE FROM deliveries");
    }
    assert_int_equal(receiver_count("/elsewhere"), 0); /* redirects are not followed */
    daemon_stop(daemon);
}

static void gone_pauses_until_a_test_succeeds(void **state) {
    (void)state;
    struct daemon *daemon = outbox_begin(outbox_hook("hook", ""));
    receiver_control("{'status': 500}");
    outbox_event("hook", 1);
    await_attempts("hook", 1);
    outbox_event("hook", 2);
    receiver_control("{'status': 410}");
    outbox_hours_pass();
    world_await("SELECT count(*) = 2 FROM deliveries WHERE given_up_at IS NOT NULL");
    assert_sql("SELECT paused_at IS NOT NULL FROM alert_queue", "t");
    outbox_event("hook", 3); /* given up as it is written */
    assert_sql("SELECT count(*) FROM deliveries WHERE given_up_at IS NOT NULL", "3");
    assert_contains(daemon_log(daemon), "the alert is paused");
    assert_contains(world_run(0, "status"), "paused");

    assert_contains(world_run(1, "alert-test", "hook"), "410");
    assert_sql("SELECT paused_at IS NOT NULL FROM alert_queue", "t");
    receiver_control("{'clear': true}");
    receiver_forget();
    assert_contains(world_run(0, "alert-test", "hook"), "answered 200");
    assert_sql("SELECT paused_at IS NOT NULL FROM alert_queue", "f");
    receiver_await("/hook", 1);
    assert_string_equal(receiver_value("/hook", 0, "event.type"), "alert.test");
    outbox_event("hook", 4);
    receiver_await("/hook", 2);
    world_run(0, "redeliver", "--alert", "hook", "--since",
              "1h"); /* brings back what was given up, and all else */
    receiver_await("/hook", 6);
    assert_sql("SELECT count(*) FROM deliveries WHERE " OUTBOX_PENDING, "0");
    daemon_stop(daemon);
}

static void given_up_after_three_days(void **state) {
    (void)state;
    struct daemon *daemon = outbox_begin(outbox_hook("hook", ""));
    receiver_control("{'status': 503}");
    outbox_event("hook", 1);
    outbox_event("hook", 2);
    await_attempts("hook", 1);
    world_sql(
        "UPDATE deliveries SET pending_since = pending_since - interval '71 hours 59 minutes 59 seconds'");
    outbox_hours_pass();
    world_await("SELECT count(*) = 2 FROM deliveries WHERE given_up_at IS NOT NULL");
    daemon_await_log(daemon, "given up", 2);
    assert_contains(world_run(0, "status"), "2 given up");
    receiver_control("{'clear': true}");
    receiver_forget();
    outbox_event("hook", 3); /* it goes on */
    receiver_await("/hook", 1);
    daemon_stop(daemon);
}

static void retry_after(void **state) {
    (void)state;
    struct daemon *daemon = outbox_begin(outbox_hook("hook", ""));
    receiver_control("{'status': 429, 'retry_after': 600}");
    outbox_event("hook", 1);
    await_attempts("hook", 1);
    assert_sql(
        "SELECT next_attempt_at - clock_timestamp() BETWEEN interval '9 minutes' AND interval '10 minutes', holds"
        " FROM deliveries",
        "t|t");
    receiver_control(
        "{'status': 503, 'retry_after': 'Fri, 31 Dec 2049 23:59:59 GMT'}"); /* a week at most is waited for */
    outbox_hours_pass();
    await_attempts("hook", 2);
    assert_sql(
        "SELECT next_attempt_at - clock_timestamp() BETWEEN interval '6 days' AND interval '7 days' OR given_up_at"
        " IS NOT NULL FROM deliveries",
        "t");
    daemon_stop(daemon);
}

static void one_that_never_answers_delays_nobody(void **state) {
    (void)state;
    struct daemon *daemon =
        outbox_begin(world_text("%s%s", outbox_hook("slow", ""), outbox_hook("quick", "")));
    receiver_control("{'path': '/slow', 'delay': 600}");
    outbox_event("slow", 1);
    receiver_await("/slow", 1);
    for (int i = 1; i <= 20; i++)
        outbox_event("quick", i);
    await_delivered("quick", 20);
    daemon_make_due();
    daemon_await_runs(2);
    assert_sql("SELECT attempts, delivered_at FROM deliveries WHERE alert = 'slow'", "0|-");
    daemon_stop(daemon); /* in the middle of the send: within its limit */
    assert_sql("SELECT lease_owner, lease_expires_at FROM alert_queue WHERE alert = 'slow'", "-|-");
}

/* An answer without an end is not read. */
static void an_endless_answer(void **state) {
    (void)state;
    struct daemon *daemon = outbox_begin(outbox_hook("hook", ""));
    receiver_control("{'body_size': 1000000000}");
    outbox_event("hook", 1);
    await_delivered("hook", 1);
    daemon_stop(daemon);
}

static void a_stop_lets_a_send_end(void **state) {
    (void)state;
    struct daemon *daemon = outbox_begin(outbox_hook("hook", ""));
    receiver_control("{'delay': 1}");
    outbox_event("hook", 1);
    receiver_await("/hook", 1);
    daemon_stop(daemon);
    assert_sql("SELECT count(*) FROM deliveries WHERE delivered_at IS NOT NULL", "1");
}

static void a_kill_between_sending_and_marking(void **state) {
    (void)state;
    struct daemon *daemon = outbox_begin(outbox_hook("hook", ""));
    receiver_control("{'delay': 2, 'count': 1}"); /* it has the event, and the daemon knows nothing of it */
    outbox_event("hook", 1);
    outbox_event("hook", 2);
    receiver_await("/hook", 1);
    daemon_kill(daemon);
    daemon = daemon_start();
    world_sql("UPDATE alert_queue SET lease_expires_at = lease_expires_at - interval '60 seconds'");
    await_delivered("hook", 2);
    receiver_await("/hook", 3);
    assert_string_equal(receiver_value("/hook", 0, "headers.webhook-id"),
                        receiver_value("/hook", 1, "headers.webhook-id"));
    assert_string_equal(receiver_value("/hook", 2, "event.data.summary"), "2");
    daemon_stop(daemon);
}

static void two_daemons_share_the_queues(void **state) {
    (void)state;
    enum { EVENTS = 40 };
    struct daemon *one = outbox_begin(world_text("%s%s", outbox_hook("left", ""), outbox_hook("right", ""))),
                  *other = daemon_start();
    world_await("SELECT count(*) = 2 FROM workers");
    for (int i = 1; i <= EVENTS; i++) {
        outbox_event("left", i);
        outbox_event("right", i);
    }
    await_delivered("left", EVENTS);
    await_delivered("right", EVENTS);
    receiver_await("/left", EVENTS); /* each once, in order */
    receiver_await("/right", EVENTS);
    for (size_t i = 0; i < EVENTS; i++)
        assert_string_equal(receiver_value("/left", i, "event.data.summary"), world_text("%zu", i + 1));
    daemon_stop(one);
    outbox_event("left", EVENTS + 1);
    await_delivered("left", EVENTS + 1);
    daemon_stop(other);
}

static void a_reload_brings_another_url(void **state) {
    (void)state;
    struct daemon *daemon = outbox_begin(outbox_hook("hook", ""));
    outbox_event("hook", 1);
    await_delivered("hook", 1);
    outbox_tell(world_text("  - {name: hook, webhook: {url: '%s/elsewhere'}}\n%s", receiver_url(),
                           outbox_hook("more", "")));
    daemon_signal(daemon, SIGHUP);
    world_await("SELECT count(*) = 2 FROM alert");
    outbox_event("hook", 2);
    outbox_event("more", 1);
    receiver_await("/elsewhere", 1);
    receiver_await("/more", 1);
    receiver_await("/hook", 1);
    daemon_stop(daemon);
}

/* The database is away when it is to be marked: it is, as soon as it is back. */
static void a_database_that_is_away_for_a_moment(void **state) {
    (void)state;
    struct daemon *daemon = outbox_begin(outbox_hook("hook", ""));
    receiver_control("{'delay': 1, 'count': 1}");
    outbox_event("hook", 1);
    receiver_await("/hook", 1);
    world_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'schemasyncd%%'"
        " AND datname = current_database()");
    await_delivered("hook", 1);
    receiver_await("/hook", 1); /* once: it was not sent again */
    daemon_stop(daemon);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        outbox_test(a_signed_webhook),
        outbox_test(two_secrets),
        outbox_test(a_missing_secret_holds),
        outbox_test(five_hundred_for_hours),
        outbox_test(a_dropped_connection),
        outbox_test(a_receiver_that_is_down_over_a_restart),
        outbox_test(a_refusal_holds_back_only_itself),
        outbox_test(gone_pauses_until_a_test_succeeds),
        outbox_test(given_up_after_three_days),
        outbox_test(retry_after),
        outbox_test(one_that_never_answers_delays_nobody),
        outbox_test(an_endless_answer),
        outbox_test(a_stop_lets_a_send_end),
        outbox_test(a_kill_between_sending_and_marking),
        outbox_test(two_daemons_share_the_queues),
        outbox_test(a_reload_brings_another_url),
        outbox_test(a_database_that_is_away_for_a_moment),
    };
    return outbox_run_tests("outbox", tests);
}
