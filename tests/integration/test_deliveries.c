/* Events of real runs on their way: pull tries each once; the commands alert-test, redeliver and status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "receiver.h"

#define DRIFT(field)                                                                                    \
    world_edit(                                                                                         \
        "{'op': 'field_remove', 'connection': 'salesforce-prod', 'target': 'Account', 'field': '" field \
        "'}")

#define SET(field, updateable)                                                                              \
    world_edit("{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': '" field \
               "', 'set':"                                                                                  \
               " {'updateable': " updateable "}}")

static const char *hook(const char *name) {
    return world_text("  - {name: %s, min_severity: info, webhook: {url: '%s/%s'}}\n", name, receiver_url(),
                      name);
}

static void tell(const char *alerts) {
    configure(.more = world_text("alerts:\n%s", alerts));
}

static void a_pull_delivers_what_it_found(void **state) {
    (void)state;
    tell(hook("hook"));
    assert_contains_not(world_pull(0), "event");
    SET("Industry", "false");
    assert_contains(world_pull(0), "1 event delivered");
    receiver_await("/hook", 1);
    assert_string_equal(receiver_value("/hook", 0, "event.type"), "schema.drift");
    assert_string_equal(receiver_value("/hook", 0, "event.data.connection.name"), "salesforce-prod");
    assert_string_equal(receiver_value("/hook", 0, "headers.webhook-signature"), ""); /* without a secret */
    assert_contains(world_run(0, "status"), "Incident: salesforce-prod: drift, ");
    SET("Industry", "true");
    assert_contains(world_pull(0), "1 event delivered");
    receiver_await("/hook", 2);
    assert_string_equal(receiver_value("/hook", 1, "event.type"), "schema.resolved");
    assert_contains_not(world_run(0, "status"), "Incident:");
}

/* What fails is told, tried once, and no failure of the pull. */
static void a_pull_tries_each_once(void **state) {
    (void)state;
    tell(world_text("%s%s", hook("down"), hook("picky")));
    world_pull(0);
    receiver_control("{'path': '/down', 'status': 503}");
    receiver_control("{'path': '/picky', 'status': 400, 'body': 'no thanks'}");
    DRIFT("Industry");
    const char *output = world_pull(0);
    assert_contains(output, "alert down: 1 event not delivered, tried again later: 127.0.0.1:");
    assert_contains(output, "answered 503");
    assert_contains(output, "answered 400: no thanks");
    assert_sql("SELECT string_agg(attempts::text, ' ') FROM deliveries", "1 1");
}

static void a_dry_run_sends_nothing(void **state) {
    (void)state;
    tell(hook("hook"));
    world_pull(0);
    receiver_control("{'status': 503, 'count': 1}");
    DRIFT("Industry");
    world_pull(0);
    world_sql("UPDATE deliveries SET next_attempt_at = now() - interval '1 hour'");
    world_pull(0, "--dry-run");
    receiver_await("/hook", 1);
    assert_contains(world_pull(0), "1 event delivered");
    receiver_await("/hook", 2);
}

/* What is acknowledged ends with the next pull, if no daemon is there. */
static void a_pull_settles(void **state) {
    (void)state;
    tell(hook("hook"));
    world_pull(0);
    DRIFT("Industry");
    world_pull(0);
    world_run(0, "ack", "--connection", "salesforce-prod");
    world_pull(0);
    receiver_await("/hook", 2);
    assert_string_equal(receiver_value("/hook", 1, "event.type"), "schema.resolved");
}

static void a_test(void **state) {
    (void)state;
    tell(hook("on-call"));
    world_run(0, "migrate"); /* and no daemon, nor a pull, was ever there */
    assert_contains(world_run(0, "alert-test", "on-call"), "on-call: delivered: 127.0.0.1:");
    receiver_await("/on-call", 1);
    assert_string_equal(receiver_value("/on-call", 0, "event.type"), "alert.test");
    receiver_control("{'status': 500, 'body': 'busy\\u001b[31m'}");
    const char *output = world_run(1, "alert-test", "on-call");
    assert_contains(output, "not delivered: 127.0.0.1:");
    assert_contains(output, "answered 500: busy?[31m");
    assert_sql("SELECT count(*) FROM deliveries WHERE given_up_at IS NOT NULL",
               "1"); /* a test is not tried again */
    receiver_stop();
    assert_contains(world_run(69, "alert-test", "on-call"), "cannot connect");
    receiver_fresh();
    assert_contains(world_run(64, "alert-test", "oncall"), "did you mean 'on-call'");
    world_run(64, "alert-test");
    world_run(64, "alert-test", "on-call", "more");
}

static void deliveries_again(void **state) {
    (void)state;
    tell(world_text("%s%s", hook("hook"), hook("other")));
    world_pull(0);
    DRIFT("Industry");
    world_pull(0);
    DRIFT("Phone");
    world_pull(0);
    receiver_await("/hook", 2);
    const char *first = world_value("SELECT id FROM deliveries WHERE alert = 'hook' ORDER BY number LIMIT 1");
    assert_contains(world_run(0, "redeliver", first), "hook: delivered");
    receiver_await("/hook", 3);
    assert_string_equal(receiver_value("/hook", 2, "headers.webhook-id"), first);
    world_run(0, "redeliver", "--alert", "hook", "--since", "24h");
    receiver_await("/hook", 5);
    assert_string_equal(receiver_value("/hook", 3, "headers.webhook-id"), first); /* in their order */
    receiver_await("/other", 2);
    world_sql("UPDATE deliveries SET created_at = created_at - interval '2 days'");
    assert_contains(world_run(0, "redeliver", "--alert", "hook", "--since", "24h"),
                    "No event was written for it in that time");

    receiver_control("{'path': '/hook', 'status': 503}");
    const char *output = world_run(1, "redeliver", "--alert", "hook", "--since", "7d");
    assert_contains(output, "hook: not delivered");
    assert_contains(output, "1 more wait behind it");
    receiver_await("/hook", 6);
    output = world_run(0, "status");
    assert_contains(output, "Alert hook: 2 events pending, next try");
    assert_contains(output, "answered 503");
    output = world_run(0, "status", "--json");
    assert_contains(output, "\"deliveries\": [");
    assert_contains(output, "\"incidents\": [");

    world_run(64, "redeliver", "00000000-0000-4000-8000-000000000000");
    assert_contains(world_run(64, "redeliver", "no-id"), "no delivery's id");
    world_run(64, "redeliver");
    world_run(64, "redeliver", "--alert", "hook");
    world_run(64, "redeliver", "--alert", "hook", "--since", "soon");
    world_run(64, "redeliver", first, "--alert", "hook", "--since", "24h");
    assert_contains(world_run(64, "redeliver", "--alert", "hok", "--since", "24h"), "did you mean 'hook'");
}

static void check_looks_at_signing_secrets(void **state) {
    (void)state;
    setenv("HOOK_SECRET", "whsec_c2hvcnQ=", 1);
    tell(world_text("  - {name: hook, webhook: {url: '%s/hook', secret: {env: HOOK_SECRET}}}\n",
                    receiver_url()));
    const char *output = world_run(78, "check", "--online");
    assert_contains(output, "alert hook, signing secret");
    assert_contains(output, "24");
    assert_contains_not(output, "c2hvcnQ");
    setenv("HOOK_SECRET", RECEIVER_SECRET, 1);
    world_run(0, "check", "--online");
}

static int fresh(void **state) {
    int failed = world_fresh(state);
    receiver_fresh();
    return failed;
}

static int end(void **state) {
    receiver_stop();
    return world_end(state);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup(function, fresh)
    const struct CMUnitTest tests[] = {
        TEST(a_pull_delivers_what_it_found),
        TEST(a_pull_tries_each_once),
        TEST(a_dry_run_sends_nothing),
        TEST(a_pull_settles),
        TEST(a_test),
        TEST(deliveries_again),
        TEST(check_looks_at_signing_secrets),
    };
    return cmocka_run_group_tests_name("deliveries", tests, world_begin, end);
}
