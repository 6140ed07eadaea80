/* Slack, PagerDuty, programs, the heartbeat; and no secret anywhere. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outbox.h"

static void no_secret_in_log_and_tables(void **state) {
    (void)state;
    setenv("HOOK_SECRET", RECEIVER_SECRET, 1);
    setenv("HOOK_URL", world_text("%s/T0PSECRET-PATH?token=T0PSECRET-TOKEN", receiver_url()), 1);
    setenv("ROUTING_KEY", "R0UTINGKEYR0UTINGKEYR0UTINGKEY00", 1);
    outbox_tell(
        world_text("  - {name: hook, webhook: {url: '%s/signed', secret: {env: HOOK_SECRET}}}\n"
                   "  - {name: chat, slack: {url: {env: HOOK_URL}}}\n"
                   "  - {name: pager, pagerduty: {routing_key: {env: ROUTING_KEY}, url: '%s/pager'}}\n",
                   receiver_url(), receiver_url()));
    struct daemon *daemon = daemon_start(.level = "debug");
    daemon_await_quiet();
    receiver_control(
        "{'path': '/T0PSECRET-PATH', 'status': 500, 'body': 'nothing at /T0PSECRET-PATH?token=T0PSECRET-TOKEN,"
        " nor at T0PSECRET-TOKEN'}");
    receiver_control("{'path': '/signed', 'status': 500, 'body': '" RECEIVER_SECRET
                     " or MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='}");
    receiver_control(
        "{'path': '/pager', 'status': 400, 'body': 'no such key as R0UTINGKEYR0UTINGKEYR0UTINGKEY00'}");
    outbox_event("hook", 1);
    outbox_event("chat", 1);
    outbox_event("pager", 1);
    world_await("SELECT count(*) = 3 FROM deliveries WHERE attempts > 0");
    receiver_stop();
    outbox_hours_pass();
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
    struct daemon *daemon = outbox_begin(
        world_text("  - {name: chat, slack: {url: '%s/chat'}}\n"
                   "  - {name: pager, pagerduty: {routing_key: {env: ROUTING_KEY}, url: '%s/pager'}}\n",
                   receiver_url(), receiver_url()));
    receiver_control("{'path': '/pager', 'status': 202}");
    outbox_event("chat", 1);
    outbox_event("pager", 1);
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

static void write_file(const char *name, mode_t mode, const char *text) {
    const char *path = world_text("%s/%s", world_directory(), name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fchmod(fileno(file), mode), 0);
    assert_int_equal(fclose(file), 0);
}

static const char *read_file(const char *name) {
    enum { FILE_MAX = 64 * 1024 };
    FILE *file = fopen(world_text("%s/%s", world_directory(), name), "re");
    char *text = alloc_zero(FILE_MAX, 1);
    if (file) {
        assert_true(fread(text, 1, FILE_MAX - 1, file) < FILE_MAX - 1);
        fclose(file);
    }
    const char *kept = world_text("%s", text);
    free(text);
    return kept;
}

static void a_program(void **state) {
    (void)state;
    const char *directory = world_directory();
    write_file(
        "page", 0700,
        world_text("#!/bin/sh\ncd '%s'; cat >page.event; echo \"$*\" >page.arguments; env >page.environment;"
                   " echo to the log; echo and this >&2; exit $(cat page.status)\n",
                   directory));
    write_file("page.status", 0600, "3");
    struct daemon *daemon =
        outbox_begin(world_text("  - {name: local, exec: ['%s/page', --source, 'a b']}\n", directory));
    outbox_event("local", 1);
    await_attempts("local", 1);
    outbox_event("local", 2);
    assert_sql("SELECT string_agg(attempts || ' ' || holds, ', ' ORDER BY number) FROM deliveries",
               "1 true, 0 false");
    assert_contains(world_value("SELECT last_error FROM deliveries WHERE attempts = 1"),
                    "ended with status 3");
    daemon_await_log(daemon, "the program says: to the log", 1);
    daemon_await_log(daemon, "the program says: and this", 1);
    write_file("page.status", 0600, "0");
    outbox_hours_pass();
    await_delivered("local", 2);
    assert_same(read_file("page.arguments"), "--source a b\n");
    assert_contains(read_file("page.event"), "mirror.failing");
    assert_contains(read_file("page.environment"), "PATH=");
    assert_contains_not(read_file("page.environment"), "SIMULATOR_KEY"); /* it holds the API's key */
    assert_contains_not(read_file("page.environment"), "PGHOST");
    assert_contains(world_run(0, "alert-test", "local"), "local: the program says: to the log");
    assert_contains(read_file("page.event"), "alert.test");
    daemon_stop(daemon);
}

static void a_stop_kills_a_program_and_its_group(void **state) {
    (void)state;
    const char *directory = world_directory();
    write_file("page", 0700,
               world_text("#!/bin/sh\ntrap '' TERM; sleep 1000 & echo $! >'%s/page.pid'; wait\n", directory));
    struct daemon *daemon = outbox_begin(world_text("  - {name: local, exec: ['%s/page']}\n", directory));
    outbox_event("local", 1);
    int pid = 0;
    for (int i = 0; i < 1000 && pid == 0; i++, usleep(10000))
        pid = (int)strtol(read_file("page.pid"), NULL, 10);
    assert_true(pid > 0);
    daemon_stop(daemon);
    for (int i = 0; i < 500 && kill(pid, 0) == 0; i++)
        usleep(10000);
    assert_int_equal(kill(pid, 0), -1);
    assert_sql("SELECT attempts, delivered_at FROM deliveries", "0|-");
}

static void the_heartbeat(void **state) {
    (void)state;
    configure(.more = world_text("alerts:\n%sheartbeat: {url: '%s/beat', every: 10s}\n",
                                 outbox_hook("hook", ""), receiver_url()));
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

int main(void) {
    const struct CMUnitTest tests[] = {
        outbox_test(no_secret_in_log_and_tables),
        outbox_test(slack_and_pagerduty),
        outbox_test(a_program),
        outbox_test(a_stop_kills_a_program_and_its_group),
        outbox_test(the_heartbeat),
    };
    return outbox_run_tests("alert kinds", tests);
}
