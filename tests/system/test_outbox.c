/* A daemon sends what is in the outbox: what receivers may do to it, and what it does then. Rows are moved,
 * not clocks. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemons.h"
#include "receiver.h"

#define NUMBERS "SELECT string_agg(event #>> '{data,summary}', ' ' ORDER BY number) FROM deliveries"
#define PENDING "delivered_at IS NULL AND given_up_at IS NULL"

/* An alert that sends to the receiver, at a path of its name. */
static const char *hook(const char *name, const char *more) {
    return world_text("  - {name: %s, webhook: {url: '%s/%s'%s}}\n", name, receiver_url(), name, more);
}

static void tell(const char *alerts) {
    configure(.more = world_text("alerts:\n%s", alerts));
}

static struct daemon *begin(const char *alerts) {
    tell(alerts);
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_await("SELECT count(*) > 0 FROM alert_queue");
    return daemon;
}

/* As a run writes it, within its transaction. */
static void event(const char *alert, int number) {
    world_sql(
        "SELECT write_event('%s', NULL, NULL, jsonb_build_object('type', 'mirror.failing', 'timestamp',"
        " '2026-01-31T12:00:00Z', 'data', jsonb_build_object('connection', NULL, 'run_id', NULL, 'incident',"
        " jsonb_build_object('id', '0b5e2b1c-7d1c-4b55-9f0e-0c2d3f1a9b71', 'cause', 'failing', 'state', 'open',"
        " 'opened_at', '2026-01-31T12:00:00Z', 'flapping', false), 'severity', 'warning', 'summary', '%d', 'url',"
        " NULL, 'reminder', false, 'changes_total', 0, 'changes', '[]'::jsonb, 'targets_total', 0, 'targets',"
        " '[]'::jsonb)), clock_timestamp())",
        alert, number);
}

/* The next try of all that is pending is due. */
static void hours_pass(void) {
    world_sql("UPDATE deliveries SET next_attempt_at = next_attempt_at - interval '2 hours' WHERE " PENDING);
}

#define await_delivered(alert, count)                                                                   \
    world_await("SELECT count(*) = %d FROM deliveries WHERE alert = '%s' AND delivered_at IS NOT NULL", \
                count, alert)
#define await_attempts(alert, count) \
    world_await("SELECT coalesce(max(attempts), 0) >= %d FROM deliveries WHERE alert = '%s'", count, alert)

static void a_signed_webhook(void **state) {
    (void)state;
    setenv("HOOK_SECRET", RECEIVER_SECRET, 1);
    receiver_control("{'secrets': ['" RECEIVER_SECRET "']}");
    struct daemon *daemon = begin(hook("hook", ", secret: {env: HOOK_SECRET}, headers: {X-Team: revops}"));
    event("hook", 1);
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
    struct daemon *daemon = begin(hook("hook", ", secret: [{env: HOOK_SECRET}, {env: HOOK_BEFORE}]"));
    receiver_control("{'secrets': ['" RECEIVER_SECRET "']}");
    event("hook", 1);
    receiver_await("/hook", 1);
    receiver_control("{'secrets': ['" RECEIVER_OTHER "']}");
    event("hook", 2);
    receiver_await("/hook", 2);
    assert_string_equal(receiver_value("/hook", 0, "verified"), "true");
    assert_string_equal(receiver_value("/hook", 1, "verified"), "true");
    daemon_stop(daemon);
}

static void a_missing_secret_holds(void **state) {
    (void)state;
    unsetenv("HOOK_SECRET");
    struct daemon *daemon = begin(hook("hook", ", secret: {env: HOOK_SECRET}"));
    event("hook", 1);
    await_attempts("hook", 1);
    assert_sql("SELECT holds, last_error FROM deliveries",
               "t|the signing secret: environment variable HOOK_SECRET is not set");
    setenv("HOOK_SECRET", "c2hvcnQ=", 1);
    daemon_stop(daemon);
    daemon = daemon_start();
    hours_pass();
    await_attempts("hook", 2);
    assert_contains(world_value("SELECT last_error FROM deliveries"), "24");
    assert_contains_not(world_value("SELECT last_error FROM deliveries"), "c2hvcnQ");
    assert_int_equal(receiver_count("/hook"), 0);
    daemon_stop(daemon);
}

static void five_hundred_for_hours(void **state) {
    (void)state;
    struct daemon *daemon = begin(hook("hook", ""));
    receiver_control("{'status': 500, 'body': 'we are down'}");
    for (int i = 1; i <= 3; i++)
        event("hook", i);
    for (int try = 1; try <= 5; try++) {
        await_attempts("hook", try);
        assert_sql("SELECT string_agg(attempts::text, ' ' ORDER BY number) FROM deliveries",
                   world_text("%d 0 0", try)); /* the later ones are held back */
        assert_sql(
            "SELECT bool_and(next_attempt_at >= clock_timestamp() + interval '1 second') FROM deliveries"
            " WHERE attempts > 0",
            "t");
        if (try < 5)
            hours_pass();
    }
    assert_contains(world_value("SELECT last_error FROM deliveries WHERE attempts > 0"),
                    "answered 500: we are down");
    assert_sql(
        "SELECT next_attempt_at > clock_timestamp() + interval '25 seconds' FROM deliveries WHERE attempts > 0",
        "t");
    receiver_control("{'clear': true}");
    receiver_forget();
    hours_pass();
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
    struct daemon *daemon = begin(hook("hook", ""));
    receiver_control("{'drop': true, 'count': 1}");
    event("hook", 1);
    await_attempts("hook", 1);
    assert_sql("SELECT holds FROM deliveries", "t");
    hours_pass();
    await_delivered("hook", 1);
    receiver_await("/hook", 2); /* at least once, under one id */
    assert_string_equal(receiver_value("/hook", 0, "headers.webhook-id"),
                        receiver_value("/hook", 1, "headers.webhook-id"));
    daemon_stop(daemon);
}

static void a_receiver_that_is_down_over_a_restart(void **state) {
    (void)state;
    struct daemon *daemon = begin(hook("hook", ""));
    receiver_stop();
    event("hook", 1);
    await_attempts("hook", 1);
    event("hook", 2);
    daemon_stop(daemon);
    receiver_fresh();
    daemon = daemon_start();
    hours_pass();
    await_delivered("hook", 2);
    receiver_await("/hook", 2);
    daemon_stop(daemon);
}

static void a_refusal_holds_back_only_itself(void **state) {
    (void)state;
    static const char *const refusals[] = {"'status': 400, 'body': 'no'", "'redirect': '/elsewhere'",
                                           "'status': 404"};
    struct daemon *daemon = begin(hook("hook", ""));
    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        receiver_control("{%s, 'count': 1}", refusals[i]);
        event("hook", 1);
        await_attempts("hook", 1);
        event("hook", 2);
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
    struct daemon *daemon = begin(hook("hook", ""));
    receiver_control("{'status': 500}");
    event("hook", 1);
    await_attempts("hook", 1);
    event("hook", 2);
    receiver_control("{'status': 410}");
    hours_pass();
    world_await("SELECT count(*) = 2 FROM deliveries WHERE given_up_at IS NOT NULL");
    assert_sql("SELECT paused_at IS NOT NULL FROM alert_queue", "t");
    event("hook", 3); /* given up as it is written */
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
    event("hook", 4);
    receiver_await("/hook", 2);
    world_run(0, "redeliver", "--alert", "hook", "--since",
              "1h"); /* brings back what was given up, and all else */
    receiver_await("/hook", 6);
    assert_sql("SELECT count(*) FROM deliveries WHERE " PENDING, "0");
    daemon_stop(daemon);
}

static void given_up_after_three_days(void **state) {
    (void)state;
    struct daemon *daemon = begin(hook("hook", ""));
    receiver_control("{'status': 503}");
    event("hook", 1);
    event("hook", 2);
    await_attempts("hook", 1);
    world_sql(
        "UPDATE deliveries SET pending_since = pending_since - interval '71 hours 59 minutes 59 seconds'");
    hours_pass();
    world_await("SELECT count(*) = 2 FROM deliveries WHERE given_up_at IS NOT NULL");
    daemon_await_log(daemon, "given up", 2);
    assert_contains(world_run(0, "status"), "2 given up");
    receiver_control("{'clear': true}");
    receiver_forget();
    event("hook", 3); /* it goes on */
    receiver_await("/hook", 1);
    daemon_stop(daemon);
}

static void retry_after(void **state) {
    (void)state;
    struct daemon *daemon = begin(hook("hook", ""));
    receiver_control("{'status': 429, 'retry_after': 600}");
    event("hook", 1);
    await_attempts("hook", 1);
    assert_sql(
        "SELECT next_attempt_at - clock_timestamp() BETWEEN interval '9 minutes' AND interval '10 minutes', holds"
        " FROM deliveries",
        "t|t");
    receiver_control(
        "{'status': 503, 'retry_after': 'Fri, 31 Dec 2049 23:59:59 GMT'}"); /* a week at most is waited for */
    hours_pass();
    await_attempts("hook", 2);
    assert_sql(
        "SELECT next_attempt_at - clock_timestamp() BETWEEN interval '6 days' AND interval '7 days' OR given_up_at"
        " IS NOT NULL FROM deliveries",
        "t");
    daemon_stop(daemon);
}

static void one_that_never_answers_delays_nobody(void **state) {
    (void)state;
    struct daemon *daemon = begin(world_text("%s%s", hook("slow", ""), hook("quick", "")));
    receiver_control("{'path': '/slow', 'delay': 600}");
    event("slow", 1);
    receiver_await("/slow", 1);
    for (int i = 1; i <= 20; i++)
        event("quick", i);
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
    struct daemon *daemon = begin(hook("hook", ""));
    receiver_control("{'body_size': 1000000000}");
    event("hook", 1);
    await_delivered("hook", 1);
    daemon_stop(daemon);
}

static void a_stop_lets_a_send_end(void **state) {
    (void)state;
    struct daemon *daemon = begin(hook("hook", ""));
    receiver_control("{'delay': 1}");
    event("hook", 1);
    receiver_await("/hook", 1);
    daemon_stop(daemon);
    assert_sql("SELECT count(*) FROM deliveries WHERE delivered_at IS NOT NULL", "1");
}

static void a_kill_between_sending_and_marking(void **state) {
    (void)state;
    struct daemon *daemon = begin(hook("hook", ""));
    receiver_control("{'delay': 2, 'count': 1}"); /* it has the event, and the daemon knows nothing of it */
    event("hook", 1);
    event("hook", 2);
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
    struct daemon *one = begin(world_text("%s%s", hook("left", ""), hook("right", ""))),
                  *other = daemon_start();
    world_await("SELECT count(*) = 2 FROM workers");
    for (int i = 1; i <= EVENTS; i++) {
        event("left", i);
        event("right", i);
    }
    await_delivered("left", EVENTS);
    await_delivered("right", EVENTS);
    receiver_await("/left", EVENTS); /* each once, in order */
    receiver_await("/right", EVENTS);
    for (size_t i = 0; i < EVENTS; i++)
        assert_string_equal(receiver_value("/left", i, "event.data.summary"), world_text("%zu", i + 1));
    daemon_stop(one);
    event("left", EVENTS + 1);
    await_delivered("left", EVENTS + 1);
    daemon_stop(other);
}

static void a_reload_brings_another_url(void **state) {
    (void)state;
    struct daemon *daemon = begin(hook("hook", ""));
    event("hook", 1);
    await_delivered("hook", 1);
    tell(
        world_text("  - {name: hook, webhook: {url: '%s/elsewhere'}}\n%s", receiver_url(), hook("more", "")));
    daemon_signal(daemon, SIGHUP);
    world_await("SELECT count(*) = 2 FROM alert");
    event("hook", 2);
    event("more", 1);
    receiver_await("/elsewhere", 1);
    receiver_await("/more", 1);
    receiver_await("/hook", 1);
    daemon_stop(daemon);
}

/* The database is away when it is to be marked: it is, as soon as it is back. */
static void a_database_that_is_away_for_a_moment(void **state) {
    (void)state;
    struct daemon *daemon = begin(hook("hook", ""));
    receiver_control("{'delay': 1, 'count': 1}");
    event("hook", 1);
    receiver_await("/hook", 1);
    world_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'schemasyncd%%'"
        " AND datname = current_database()");
    await_delivered("hook", 1);
    receiver_await("/hook", 1); /* once: it was not sent again */
    daemon_stop(daemon);
}

static void no_secret_in_log_and_tables(void **state) {
    (void)state;
    setenv("HOOK_SECRET", RECEIVER_SECRET, 1);
    setenv("HOOK_URL", world_text("%s/T0PSECRET-PATH?token=T0PSECRET-TOKEN", receiver_url()), 1);
    setenv("ROUTING_KEY", "R0UTINGKEYR0UTINGKEYR0UTINGKEY00", 1);
    tell(world_text("  - {name: hook, webhook: {url: {env: HOOK_URL}, secret: {env: HOOK_SECRET}}}\n"
                    "  - {name: chat, slack: {url: {env: HOOK_URL}}}\n"
                    "  - {name: pager, pagerduty: {routing_key: {env: ROUTING_KEY}, url: '%s/pager'}}\n",
                    receiver_url()));
    struct daemon *daemon = daemon_start(.level = "debug");
    daemon_await_quiet();
    receiver_control("{'status': 500, 'body': 'no such thing as /T0PSECRET-PATH?token=T0PSECRET-TOKEN for"
                     " R0UTINGKEYR0UTINGKEYR0UTINGKEY00 and " RECEIVER_SECRET "'}");
    event("hook", 1);
    event("chat", 1);
    event("pager", 1);
    world_await("SELECT count(*) = 3 FROM deliveries WHERE attempts > 0");
    receiver_stop();
    hours_pass();
    world_await("SELECT count(*) = 3 FROM deliveries WHERE attempts > 1");
    const char *texts[] = {
        daemon_stop(daemon), world_value("SELECT string_agg(d::text, ' ') FROM deliveries d"),
        world_value("SELECT string_agg(a::text, ' ') FROM alert a"), world_run(0, "status"),
        world_run(69, "--log-level", "debug", "alert-test", "chat")};
    static const char *const secrets[] = {"T0PSECRET", "R0UTINGKEY", "MDEyMzQ1Njc4"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        for (size_t j = 0; j < ARRAY_LENGTH(secrets); j++)
            assert_contains_not(texts[i], secrets[j]);
    receiver_fresh();
}

static void slack_and_pagerduty(void **state) {
    (void)state;
    setenv("ROUTING_KEY", "R0UTINGKEYR0UTINGKEYR0UTINGKEY00", 1);
    struct daemon *daemon =
        begin(world_text("  - {name: chat, slack: {url: '%s/chat'}}\n"
                         "  - {name: pager, pagerduty: {routing_key: {env: ROUTING_KEY}, url: '%s/pager'}}\n",
                         receiver_url(), receiver_url()));
    receiver_control("{'path': '/pager', 'status': 202}");
    event("chat", 1);
    event("pager", 1);
    await_delivered("chat", 1);
    await_delivered("pager", 1);
    assert_contains(receiver_value("/chat", 0, "body"), "blocks");
    assert_string_equal(receiver_value("/pager", 0, "event.event_action"), "trigger");
    assert_string_equal(receiver_value("/pager", 0, "event.dedup_key"),
                        "0b5e2b1c-7d1c-4b55-9f0e-0c2d3f1a9b71");
    assert_string_equal(receiver_value("/pager", 0, "event.routing_key"), "R0UTINGKEYR0UTINGKEYR0UTINGKEY00");
    world_run(0, "alert-test", "pager"); /* triggers and resolves: nothing stays open */
    receiver_await("/pager", 3);
    assert_string_equal(receiver_value("/pager", 1, "event.event_action"), "trigger");
    assert_string_equal(receiver_value("/pager", 2, "event.event_action"), "resolve");
    assert_string_equal(receiver_value("/pager", 1, "event.dedup_key"),
                        receiver_value("/pager", 2, "event.dedup_key"));
    world_run(0, "alert-test", "chat");
    receiver_await("/chat", 2);
    daemon_stop(daemon);
}

static void write_script(const char *name, const char *text) {
    const char *path = world_text("%s/%s", world_directory(), name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", text);
    assert_int_equal(fchmod(fileno(file), 0700), 0);
    assert_int_equal(fclose(file), 0);
}

static void a_program(void **state) {
    (void)state;
    const char *directory = world_directory();
    write_script(
        "page",
        world_text("cat >'%s/page.event'; echo \"$*\" >'%s/page.arguments'; env >'%s/page.environment';"
                   " echo to the log; echo and this >&2; exit $(cat '%s/page.status')",
                   directory, directory, directory, directory));
    write_script("page.status", "");
    FILE *file = fopen(world_text("%s/page.status", directory), "we");
    fputs("3", file);
    fclose(file);
    struct daemon *daemon =
        begin(world_text("  - {name: local, exec: ['%s/page', --source, 'a b']}\n", directory));
    event("local", 1);
    event("local", 2);
    await_attempts("local", 1);
    assert_sql("SELECT string_agg(attempts || ' ' || holds, ', ' ORDER BY number) FROM deliveries",
               "1 true, 0 false");
    assert_contains(world_value("SELECT last_error FROM deliveries WHERE attempts = 1"),
                    "ended with status 3");
    daemon_await_log(daemon, "the program says: to the log", 1);
    daemon_await_log(daemon, "the program says: and this", 1);
    file = fopen(world_text("%s/page.status", directory), "we");
    fputs("0", file);
    fclose(file);
    hours_pass();
    await_delivered("local", 2);
    assert_sql(world_text("SELECT pg_read_file('%s/page.arguments')", directory), "--source a b\n");
    assert_contains(world_value("SELECT pg_read_file('%s/page.event')::jsonb ->> 'type'", directory),
                    "mirror.failing");
    const char *environment = world_value("SELECT pg_read_file('%s/page.environment')", directory);
    assert_contains(environment, "PATH=");
    assert_contains_not(environment, "SIMULATOR_KEY"); /* it holds the API's key */
    assert_contains_not(environment, "PGHOST");
    daemon_stop(daemon);
}

static void a_stop_kills_a_program_and_its_group(void **state) {
    (void)state;
    const char *directory = world_directory();
    write_script("page", world_text("trap '' TERM; sleep 1000 & echo $! >'%s/page.pid'; wait", directory));
    struct daemon *daemon = begin(world_text("  - {name: local, exec: ['%s/page']}\n", directory));
    event("local", 1);
    const char *path = world_text("%s/page.pid", directory);
    int pid = 0;
    for (int i = 0; i < 1000 && pid == 0; i++) {
        FILE *file = fopen(path, "re");
        if (file && fscanf(file, "%d", &pid) != 1)
            pid = 0;
        if (file)
            fclose(file);
        usleep(10000);
    }
    assert_true(pid > 0);
    daemon_stop(daemon);
    for (int i = 0; i < 500 && kill(pid, 0) == 0; i++)
        usleep(10000);
    assert_int_equal(kill(pid, 0), -1);
    assert_sql("SELECT attempts, delivered_at FROM deliveries", "0|-");
}

static void the_heartbeat(void **state) {
    (void)state;
    configure(.more = world_text("alerts:\n%sheartbeat: {url: '%s/beat', every: 10s}\n", hook("hook", ""),
                                 receiver_url()));
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    receiver_await("/beat", 1); /* the first one, or, where the schedule was behind, ten seconds later */
    assert_string_equal(receiver_value("/beat", 0, "method"), "GET");
    receiver_control("{'path': '/beat', 'status': 500}");
    daemon_signal(daemon, SIGHUP); /* begins anew, at once */
    daemon_await_log(daemon, "the heartbeat does not arrive: the heartbeat's URL answered 500", 1);
    receiver_control("{'path': '/beat', 'status': 200}");
    daemon_signal(daemon, SIGHUP);
    daemon_await_log(daemon, "the heartbeat is sent again", 1);
    size_t before = receiver_count("/beat");
    world_sql("UPDATE alert_queue SET paused_at = now()");
    daemon_signal(daemon, SIGHUP);
    daemon_await_log(daemon, "no heartbeat is sent: the alert hook is paused", 1);
    assert_int_equal(receiver_count("/beat"), before);
    daemon_stop(daemon);
}

static int fresh(void **state) {
    int failed = daemon_fresh(state);
    receiver_fresh();
    return failed;
}

static int end(void **state) {
    receiver_stop();
    return daemon_end(state);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup(function, fresh)
    const struct CMUnitTest tests[] = {
        TEST(a_signed_webhook),
        TEST(two_secrets),
        TEST(a_missing_secret_holds),
        TEST(five_hundred_for_hours),
        TEST(a_dropped_connection),
        TEST(a_receiver_that_is_down_over_a_restart),
        TEST(a_refusal_holds_back_only_itself),
        TEST(gone_pauses_until_a_test_succeeds),
        TEST(given_up_after_three_days),
        TEST(retry_after),
        TEST(one_that_never_answers_delays_nobody),
        TEST(an_endless_answer),
        TEST(a_stop_lets_a_send_end),
        TEST(a_kill_between_sending_and_marking),
        TEST(two_daemons_share_the_queues),
        TEST(a_reload_brings_another_url),
        TEST(a_database_that_is_away_for_a_moment),
        TEST(no_secret_in_log_and_tables),
        TEST(slack_and_pagerduty),
        TEST(a_program),
        TEST(a_stop_kills_a_program_and_its_group),
        TEST(the_heartbeat),
    };
    return cmocka_run_group_tests_name("outbox", tests, world_begin, end);
}
