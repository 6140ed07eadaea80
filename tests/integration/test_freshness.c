/* Cached fields are never taken for fresh ones: how a refresh must end, and what proves that it worked. */
#include "world.h"

#include <string.h>

#define ACCOUNT "'connection': 'salesforce-prod', 'target': 'Account'"

static const char fetches[] = "GET */target/fields?*",
                  refreshing_fetches[] = "GET */target/fields?*refresh=true*",
                  refreshes[] = "POST */schemas/refresh";

/* Something changes upstream: what shows it was fetched fresh. */
static void change_upstream(void) {
    world_edit(
        "{'op': 'field_set', 'connection': 'salesforce-prod', 'target': '*', 'field': 'Id', 'set': {'type': 'number'}}");
}

/* The mirror stands, something has changed upstream, and the log is empty. */
static void begin(void) {
    world_pull(0);
    assert_changes("");
    change_upstream();
    world_forget_requests();
}

/* The run failed as a whole: nothing was fetched, nothing of the mirror moved, the connection says why. */
static void assert_run_failed(const char *mirror, const char *words) {
    assert_int_equal(world_requests(fetches), 0);
    assert_same(world_mirror(), mirror);
    assert_changes("");
    assert_sql("SELECT outcome, target_count, change_count FROM runs ORDER BY started_at DESC LIMIT 1",
               "failed|0|0");
    assert_sql(
        "SELECT consecutive_failures, last_error IS NOT NULL, last_success_at < last_run_at FROM connections",
        "1|t|t");
    assert_sql("SELECT DISTINCT consecutive_failures, state FROM targets", "0|present");
    assert_contains(world_value("SELECT error FROM runs ORDER BY started_at DESC LIMIT 1"), words);
    assert_contains(world_value("SELECT last_error FROM connections"), words);
    world_settings("{'connection': '*', 'refresh_outcome': 'ok'}");
    world_clear_faults();
    configure(.targets = NULL);
    world_pull(0);
    assert_changes("Account|field_changed|Id|type|\"string\"|\"number\"");
    assert_sql("SELECT consecutive_failures, last_error, last_success_at > last_run_at FROM connections",
               "0|-|t");
}

static void a_refresh_that_is_refused_fails_the_run(void **state) {
    (void)state;
    begin();
    const char *mirror = world_mirror();
    world_edit(
        "{'op': 'connection_set', 'connection': 'salesforce-prod', 'set': {'status': 'unhealthy', 'status_error': 'token expired'}}");
    assert_contains(world_pull(1), "token expired");
    assert_int_equal(world_requests(refreshes), 1);
    assert_sql("SELECT status, status_error FROM connections", "unhealthy|token expired");
    world_edit(
        "{'op': 'connection_set', 'connection': 'salesforce-prod', 'set': {'status': 'healthy', 'status_error': ''}}");
    assert_run_failed(mirror, "refresh was refused");
}

static void a_refresh_that_cannot_be_asked_for_fails_the_run(void **state) {
    (void)state;
    begin();
    const char *mirror = world_mirror();
    configure(.retries = "1");
    world_settings("{'connection': '*', 'refresh_outcome': 'fail_post', 'refresh_post_status': 503}");
    world_pull(1);
    assert_int_equal(world_requests(refreshes), 2); /* after its retries */
    assert_run_failed(mirror, "503");
}

static void a_status_that_errs_after_its_retries_fails_the_run(void **state) {
    (void)state;
    begin();
    const char *mirror = world_mirror();
    configure(.retries = "1");
    world_faults("{'path': '*/schemas/status', 'skip': 1, 'status': 500}");
    world_pull(1);
    assert_int_equal(world_requests("GET */schemas/status"), 3);
    assert_run_failed(mirror, "status");
}

static void a_status_that_errs_once_is_asked_again(void **state) {
    (void)state;
    begin();
    configure(.retries = "1");
    world_faults("{'path': '*/schemas/status', 'skip': 1, 'times': 1, 'status': 500}");
    world_pull(0);
    assert_changes("Account|field_changed|Id|type|\"string\"|\"number\"");
}

static void a_refresh_that_is_not_over_in_time_fails_the_run(void **state) {
    (void)state;
    begin();
    const char *mirror = world_mirror();
    configure(.refresh_timeout = "1s");
    world_settings("{'connection': '*', 'refresh_outcome': 'stuck'}");
    world_pull(1);
    assert_run_failed(mirror, "not over within refresh_timeout (1s)");
}

/* A refresh is over when its times have advanced, and not before. */
static void a_refresh_without_times_is_never_over(void **state) {
    (void)state;
    begin();
    const char *mirror = world_mirror();
    configure(.refresh_timeout = "1s");
    world_settings("{'connection': '*', 'refresh_times': 'null'}");
    world_pull(1);
    world_settings("{'connection': '*', 'refresh_times': 'normal'}");
    assert_run_failed(mirror, "refresh_timeout");
}

static void a_refresh_is_waited_for(void **state) {
    (void)state;
    begin();
    world_settings("{'connection': '*', 'refresh_duration_ms': 700}");
    world_pull(0);
    assert_changes("Account|field_changed|Id|type|\"string\"|\"number\"");
    assert_int_equal(world_requests(refreshes), 1);
    assert_int_equal(world_requests(refreshing_fetches), 0);
}

static void the_words_of_cache_status_decide_nothing(void **state) {
    (void)state;
    static const char *const words[] = {"cached", "completed", "failed", ""};
    world_pull(0);
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        world_settings("{'connection': '*', 'cache_status_done': '%s', 'cache_status_running': '%s'}",
                       words[i], "working");
        world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Id', 'set': {'type': 'type %zu'}}", i);
        world_pull(0);
        assert_int_equal(world_requests(refreshing_fetches), 0);
    }
    assert_sql("SELECT count(*) FROM changes", "4");
}

/* The proof */

static void an_answer_that_is_not_newer_is_fetched_once_more(void **state) {
    (void)state;
    begin();
    world_settings("{'connection': '*', 'refresh_outcome': 'ineffective'}");
    world_pull(0);
    assert_int_equal(world_requests(fetches), 2);
    assert_int_equal(world_requests(refreshing_fetches), 1);
    assert_changes("Account|field_changed|Id|type|\"string\"|\"number\"");
}

/* A refresh that failed advances its times like any other: the proof is the target's. */
static void a_failed_refresh_proves_nothing(void **state) {
    (void)state;
    begin();
    world_settings("{'connection': '*', 'refresh_outcome': 'fails', 'target_refresh': 'ineffective'}");
    world_pull(1);
    assert_changes("");
    assert_sql("SELECT consecutive_failures, last_error LIKE 'stale%' FROM targets", "1|t");
}

static void an_unproved_answer_fails_as_stale(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    begin();
    const char *mirror = world_mirror(),
               *seen = world_value("SELECT target_id, last_seen_at FROM targets ORDER BY 1");
    world_settings("{'connection': '*', 'refresh_outcome': 'ineffective', 'target_refresh': 'ineffective'}");
    /* even where the cache shows something else meanwhile */
    world_edit("{'op': 'field_set', " ACCOUNT
               ", 'field': 'Phone', 'set': {'type': 'number'}, 'cached': 'only'}");
    assert_contains(world_pull(1), "stale");
    assert_int_equal(world_requests(fetches), 4);
    assert_changes("");
    assert_same(world_mirror(), mirror);
    assert_same(world_value("SELECT target_id, last_seen_at FROM targets ORDER BY 1"), seen);
    assert_sql("SELECT DISTINCT consecutive_failures, last_error LIKE 'stale%', state FROM targets",
               "1|t|present");
    assert_sql("SELECT outcome, failed_target_count FROM runs ORDER BY started_at DESC LIMIT 1", "failed|2");
    world_pull(1);
    assert_sql("SELECT DISTINCT consecutive_failures FROM targets", "2");
    world_settings("{'connection': '*', 'refresh_outcome': 'ok'}");
    world_pull(0);
    assert_sql("SELECT DISTINCT consecutive_failures, last_error FROM targets", "0|-");
}

static void what_is_refreshed_without_a_stamp_is_fetched_once_more(void **state) {
    (void)state;
    begin();
    world_settings("{'connection': '*', 'refresh_outcome': 'unstamped'}");
    world_pull(0);
    assert_int_equal(world_requests(refreshing_fetches), 1);
    assert_changes("Account|field_changed|Id|type|\"string\"|\"number\"");
}

/* The other proof: refreshed_at is not older than this refresh's own beginning, though it was the same
 * before. */
static void what_is_not_older_than_the_refresh_is_fresh(void **state) {
    (void)state;
    world_edit("{'op': 'target_set', " ACCOUNT ", 'set': {'refreshed_at': '2999-01-01T00:00:00Z'}}");
    begin();
    world_pull(0);
    assert_int_equal(world_requests(refreshing_fetches), 0);
    assert_changes("Account|field_changed|Id|type|\"string\"|\"number\"");
}

/* The API's clock may be wrong by years: its times are compared with each other alone. */
static void only_the_apis_times_are_compared(void **state) {
    (void)state;
    world_edit("{'op': 'target_set', " ACCOUNT ", 'set': {'refreshed_at': '2001-01-01T00:00:00.000001Z'}}");
    begin();
    world_edit("{'op': 'target_set', " ACCOUNT ", 'set': {'refreshed_at': '2001-01-01T00:00:00.000002Z'}}");
    world_pull(0);
    assert_int_equal(world_requests(refreshing_fetches), 0);
    assert_changes("Account|field_changed|Id|type|\"string\"|\"number\"");
    assert_sql("SELECT last_seen_at > clock_timestamp() - interval '1 minute' FROM targets", "t");
}

/* The last answer seen, even one that was held back: its refreshed_at proves nothing a second time. */
static void an_answer_held_back_is_the_last_one_seen(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'fields_set', " ACCOUNT ", 'value': []}");
    world_pull(0);
    assert_sql("SELECT state FROM targets", "suspect");
    world_settings("{'connection': '*', 'refresh_outcome': 'ineffective', 'target_refresh': 'ineffective'}");
    world_pull(1);
    assert_sql("SELECT state, consecutive_failures, last_error LIKE 'stale%' FROM targets", "suspect|1|t");
}

static void where_none_was_seen_none_is_asked(void **state) {
    (void)state;
    world_settings("{'connection': '*', 'refreshed_at': 'absent'}");
    begin();
    world_pull(0);
    assert_int_equal(world_requests(refreshing_fetches), 0);
    assert_changes("Account|field_changed|Id|type|\"string\"|\"number\"");
    assert_sql("SELECT refreshed_at FROM targets", "-");
}

/* An answer that stops giving a time cannot be proved. */
static void a_time_that_is_no_longer_given_proves_nothing(void **state) {
    (void)state;
    begin();
    world_settings("{'connection': '*', 'refreshed_at': 'null'}");
    world_pull(1);
    assert_int_equal(world_requests(refreshing_fetches), 1);
    assert_changes("");
    assert_sql("SELECT last_error LIKE 'stale%' FROM targets", "t");
}

static void with_refresh_never_the_cache_is_taken_as_it_is(void **state) {
    (void)state;
    configure(.refresh = "never");
    begin();
    world_pull(0);
    assert_changes("");
    assert_int_equal(world_requests("POST *"), 0);
    assert_int_equal(world_requests(fetches), 1);
    assert_int_equal(world_requests(refreshing_fetches), 0);
    assert_sql("SELECT last_seen_at = refreshed_at, consecutive_failures FROM targets", "t|0");
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating', 'cached': true}");
    world_pull(0);
    assert_changes("Account|field_removed|Rating|-|{}|-");
}

static void with_refresh_target_each_fetch_refreshes(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]", .refresh = "target");
    begin();
    world_pull(0);
    assert_int_equal(world_requests("POST *"), 0);
    assert_int_equal(world_requests(fetches), 2);
    assert_int_equal(world_requests(refreshing_fetches), 2);
    assert_changes(
        "Account|field_changed|Id|type|\"string\"|\"number\"\nLead|field_changed|Id|type|\"string\"|\"number\"");
    world_settings("{'connection': '*', 'target_refresh': 'ineffective'}");
    world_pull(1);
    assert_sql("SELECT DISTINCT consecutive_failures, last_error LIKE 'stale%' FROM targets", "1|t");
}

static void a_dry_run_refreshes_nothing(void **state) {
    (void)state;
    begin();
    world_pull(0, "--dry-run");
    assert_int_equal(world_requests("POST *"), 0);
    assert_int_equal(world_requests(refreshing_fetches), 0);
    assert_int_equal(world_requests(fetches), 1);
    configure(.refresh = "target");
    world_pull(0, "--dry-run");
    assert_int_equal(world_requests(refreshing_fetches), 0);
}

static void new_targets_alone_refresh_nothing(void **state) {
    (void)state;
    configure(.connections =
                  CONNECTION("facebook-ads", FACEBOOK, "[{new: {account: act_1234567, name: x}, label: a}]"));
    world_pull(0);
    world_pull(0);
    assert_int_equal(world_requests("POST *"), 0);
    assert_int_equal(world_requests(fetches), 2);
    assert_int_equal(world_requests(refreshing_fetches), 0);
    assert_sql("SELECT consecutive_failures FROM targets", "0");
    configure(.connections = CONNECTION(
                  "facebook-ads", FACEBOOK,
                  "[{new: {account: act_1234567, name: x}, label: a}, act_1234567.23851234567890111]"));
    world_pull(0);
    assert_int_equal(world_requests(refreshes), 1);
}

static void a_404_needs_no_proof(void **state) {
    (void)state;
    world_pull(0);
    world_settings("{'connection': '*', 'refresh_outcome': 'ineffective', 'target_refresh': 'ineffective'}");
    world_edit("{'op': 'target_remove', " ACCOUNT ", 'cached': true}");
    world_pull(0);
    assert_changes("Account|target_removed|-|-|-|-");
}

/* Many at once */

static void add_targets(unsigned count) {
    for (unsigned i = 0; i < count; i++)
        world_edit(
            "{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'TmpImport__c', 'id': 'T%02u', 'name': 'T', 'cached': true}",
            i);
}

static void after_ten_stale_ones_the_rest_is_not_asked(void **state) {
    (void)state;
    add_targets(60);
    configure(.targets = "[{include: \"T??\"}]", .api = "concurrency: 1");
    world_pull(0);
    world_settings("{'connection': '*', 'refresh_outcome': 'ineffective', 'target_refresh': 'ineffective'}");
    world_forget_requests();
    world_pull(1);
    size_t asked = world_requests(fetches) - world_requests(refreshing_fetches);
    assert_in_range(asked, 10, 30);
    assert_sql("SELECT DISTINCT consecutive_failures FROM targets", "1");
    assert_same(world_value("SELECT count(*) FROM targets WHERE last_error LIKE 'stale: not asked%%'"),
                world_text("%zu", 60 - asked));
    assert_sql("SELECT outcome, failed_target_count FROM runs ORDER BY started_at DESC LIMIT 1", "failed|60");
}

/* One that is proved shows that the API works: then all are asked. */
static void one_proved_target_keeps_the_rest_asked(void **state) {
    (void)state;
    add_targets(60);
    configure(.targets = "[{include: \"T??\"}]", .api = "concurrency: 1");
    for (unsigned i = 0; i < 40;
         i++) /* so many that ten stale ones without a fresh one before them do not come about */
        world_edit(
            "{'op': 'target_set', 'connection': 'salesforce-prod', 'target': 'T%02u', 'set': {'refreshed_at': '2999-01-01T00:00:00Z'}, 'cached': true}",
            i);
    world_pull(0);
    world_settings("{'connection': '*', 'refresh_outcome': 'ineffective', 'target_refresh': 'ineffective'}");
    world_forget_requests();
    world_pull(1);
    assert_int_equal(world_requests(fetches) - world_requests(refreshing_fetches), 60);
    assert_sql("SELECT outcome, failed_target_count FROM runs ORDER BY started_at DESC LIMIT 1",
               "partial|20");
}

/* The order in which the targets were asked for, from the log. */
static const char *order_of_fetches(void) {
    const char *order = "";
    for (const char *at = world_log(); (at = strstr(at, "target=")); at++)
        order = world_text("%s %.3s", order, at + strlen("target="));
    return order;
}

static void the_order_of_targets_is_random(void **state) {
    (void)state;
    add_targets(12);
    configure(.targets = "[{include: \"T??\"}]", .api = "concurrency: 1");
    world_pull(0);
    const char *first = order_of_fetches();
    world_forget_requests();
    world_pull(0);
    const char *second = order_of_fetches();
    assert_int_equal(strlen(second), 12 * 4);
    if (strcmp(first, second) == 0)
        world_fail(WORLD_HERE, "the same order twice: %s", first);
}

static void a_refresh_without_effect_is_learned(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    begin();
    world_settings("{'connection': '*', 'refresh_outcome': 'ineffective'}");
    assert_contains(world_pull(0), "from now on each target is refreshed by itself");
    assert_int_equal(world_requests(refreshes), 1);
    assert_int_equal(world_requests(refreshing_fetches), 2);
    assert_changes(
        "Account|field_changed|Id|type|\"string\"|\"number\"\nLead|field_changed|Id|type|\"string\"|\"number\"");
    world_forget_requests();
    assert_contains_not(world_pull(0), "from now on");
    assert_int_equal(world_requests(refreshes), 0);
    assert_int_equal(world_requests(fetches), 2);
    assert_int_equal(world_requests(refreshing_fetches), 2);
}

static void one_target_that_needs_no_second_fetch_teaches_nothing(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_edit(
        "{'op': 'target_set', 'connection': 'salesforce-prod', 'target': 'Lead', 'set': {'refreshed_at': '2999-01-01T00:00:00Z'}, 'cached': true}");
    begin();
    world_settings("{'connection': '*', 'refresh_outcome': 'ineffective'}");
    assert_contains_not(world_pull(0), "from now on");
    assert_int_equal(world_requests(refreshing_fetches), 1);
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests(refreshes), 1);
}

/* Up to when the mirror is true */

static void it_is_true_up_to_the_beginning_of_the_refresh(void **state) {
    (void)state;
    world_settings("{'connection': '*', 'refresh_duration_ms': 400}");
    world_faults("{'path': '*/target/fields', 'delay_ms': 400}");
    const char *before = world_value("SELECT clock_timestamp()");
    world_pull(0);
    assert_same(
        world_value(
            "SELECT last_seen_at >= '%s', last_seen_at < clock_timestamp() - interval '0.75 s' FROM targets",
            before),
        "t|t");
    configure(.refresh = "target");
    world_clear_faults();
    world_settings("{'connection': '*', 'target_refresh_ms': 400}");
    before = world_value("SELECT clock_timestamp()");
    world_pull(0);
    assert_same(
        world_value(
            "SELECT last_seen_at >= '%s', last_seen_at < clock_timestamp() - interval '0.35 s' FROM targets",
            before),
        "t|t");
}

static void a_new_target_is_true_up_to_when_it_was_asked_for(void **state) {
    (void)state;
    configure(.connections =
                  CONNECTION("facebook-ads", FACEBOOK, "[{new: {account: act_1234567, name: x}, label: a}]"));
    world_faults("{'path': '*/target/fields', 'delay_ms': 400}");
    const char *before = world_value("SELECT clock_timestamp()");
    world_pull(0);
    assert_same(
        world_value(
            "SELECT last_seen_at >= '%s', last_seen_at < clock_timestamp() - interval '0.35 s' FROM targets",
            before),
        "t|t");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_refresh_that_is_refused_fails_the_run),
        world_test(a_refresh_that_cannot_be_asked_for_fails_the_run),
        world_test(a_status_that_errs_after_its_retries_fails_the_run),
        world_test(a_status_that_errs_once_is_asked_again),
        world_test(a_refresh_that_is_not_over_in_time_fails_the_run),
        world_test(a_refresh_without_times_is_never_over),
        world_test(a_refresh_is_waited_for),
        world_test(the_words_of_cache_status_decide_nothing),
        world_test(an_answer_that_is_not_newer_is_fetched_once_more),
        world_test(a_failed_refresh_proves_nothing),
        world_test(an_unproved_answer_fails_as_stale),
        world_test(what_is_refreshed_without_a_stamp_is_fetched_once_more),
        world_test(what_is_not_older_than_the_refresh_is_fresh),
        world_test(only_the_apis_times_are_compared),
        world_test(an_answer_held_back_is_the_last_one_seen),
        world_test(where_none_was_seen_none_is_asked),
        world_test(a_time_that_is_no_longer_given_proves_nothing),
        world_test(with_refresh_never_the_cache_is_taken_as_it_is),
        world_test(with_refresh_target_each_fetch_refreshes),
        world_test(a_dry_run_refreshes_nothing),
        world_test(new_targets_alone_refresh_nothing),
        world_test(a_404_needs_no_proof),
        world_test(after_ten_stale_ones_the_rest_is_not_asked),
        world_test(one_proved_target_keeps_the_rest_asked),
        world_test(the_order_of_targets_is_random),
        world_test(a_refresh_without_effect_is_learned),
        world_test(one_target_that_needs_no_second_fetch_teaches_nothing),
        world_test(it_is_true_up_to_the_beginning_of_the_refresh),
        world_test(a_new_target_is_true_up_to_when_it_was_asked_for),
    };
    return world_run_tests("freshness", tests);
}
