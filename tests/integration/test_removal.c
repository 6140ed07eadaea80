/* A removal is believed only after a second look in the same run. */
#include "world.h"

#define ACCOUNT "'connection': 'salesforce-prod', 'target': 'Account'"

static const char fetches[] = "GET */target/fields?*",
                  refreshing_fetches[] = "GET */target/fields?*refresh=true*";

/* The first answer after the baseline lacks this text of the document, later ones are whole. */
static void change_one_answer(const char *replace) {
    world_pull(0);
    world_faults("{'path': '*/target/fields', 'times': 1, 'replace': [%s]}", replace);
    world_forget_requests();
}

static void a_removal_is_looked_at_twice(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}");
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests(fetches), 2);
    assert_int_equal(world_requests(refreshing_fetches), 1);
    assert_changes("Account|field_removed|Rating|-|{}|-");
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests(fetches), 1);
}

static void with_refresh_never_the_second_look_refreshes_nothing(void **state) {
    (void)state;
    configure(.refresh = "never");
    world_pull(0);
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating', 'cached': true}");
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests(fetches), 2);
    assert_int_equal(world_requests(refreshing_fetches), 0);
    assert_changes("Account|field_removed|Rating|-|{}|-");
}

static void what_only_the_first_answer_lacks_stays(void **state) {
    (void)state;
    change_one_answer(
        "['\\'id\\':\\'Rating\\'', '\\'id\\':\\'Rated\\''], ['\\'mode\\':\\'remove\\'', '\\'mode\\':\\'removed\\'']");
    world_pull(0);
    assert_int_equal(world_requests(fetches), 2);
    assert_changes("");
    assert_sql("SELECT count(*), count(*) FILTER (WHERE field_id = 'Rating') FROM field_versions", "31|1");
}

/* What only the second answer lacks stays, and the next run looks for itself. */
static void what_only_the_second_answer_lacks_stays(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}");
    world_faults(
        "{'path': '*/target/fields', 'query': '*refresh=true*', 'replace': [['\\'id\\':\\'Website\\'', '\\'id\\':\\'Web\\''],"
        " ['\\'mode\\':\\'remove\\'', '\\'mode\\':\\'removed\\'']]}");
    world_pull(0);
    assert_changes(
        "Account|mode_added|-|removed|-|{}\nAccount|field_removed|Rating|-|{}|-\nAccount|field_added|Web|-|-|{}");
    assert_sql("SELECT count(*) FROM fields WHERE field_id IN ('Website', 'Web')", "2");
    assert_sql("SELECT jsonb_path_query_array(modes, '$[*].mode') FROM targets",
               "[\"create\", \"update\", \"updateOrCreate\", \"removed\", \"remove\"]");
    world_clear_faults();
    world_pull(0);
    assert_changes("Account|mode_removed|-|removed|{}|-\nAccount|field_removed|Web|-|{}|-");
}

/* In all else the second answer counts. */
static void in_all_else_the_second_answer_counts(void **state) {
    (void)state;
    world_pull(0);
    world_edit("[{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}, {'op': 'field_set', " ACCOUNT
               ", 'field': 'Phone', 'set': {'type': 'number'}}]");
    world_faults(
        "{'path': '*/target/fields', 'query': '*refresh=true*', 'replace': [['\\'type\\':\\'number\\'', '\\'type\\':\\'decimal\\'']]}");
    world_pull(0);
    assert_sql("SELECT old_value, new_value FROM changes WHERE field_id = 'Phone'", "\"string\"|\"decimal\"");
    assert_sql("SELECT count(*) FROM changes WHERE kind = 'field_removed'", "1");
}

static void a_mode_needs_a_second_look_too(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'mode_remove', " ACCOUNT ", 'mode': 'remove'}");
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests(fetches), 2);
    assert_changes("Account|mode_removed|-|remove|{}|-");
}

static void a_second_look_that_fails_is_a_failure(void **state) {
    (void)state;
    world_pull(0);
    const char *mirror = world_mirror();
    world_edit("[{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}, {'op': 'field_set', " ACCOUNT
               ", 'field': 'Phone', 'set': {'type': 'number'}}]");
    world_faults("{'path': '*/target/fields', 'query': '*refresh=true*', 'status': 500}");
    world_pull(1);
    assert_changes("");
    assert_same(world_mirror(), mirror);
    assert_sql("SELECT consecutive_failures FROM targets", "1");
}

/* The second look asks for its own proof: a cached answer is no second look. */
static void a_second_look_must_be_fresh(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}");
    world_faults(
        "{'path': '*/target/fields', 'query': '*refresh=true*', 'replace': [['\\'refreshed_at\\':\\'20', '\\'refreshed_at\\':\\'19']]}");
    world_pull(1);
    assert_changes("");
    assert_sql("SELECT last_error LIKE 'stale%' FROM targets", "t");
}

/* Targets */

static void a_target_that_is_gone_is_one_change(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    world_edit("{'op': 'target_remove', " ACCOUNT "}");
    world_forget_requests();
    const char *output = world_pull(0);
    assert_contains(output, "target_removed");
    assert_int_equal(world_requests("GET */target/fields?*target=Account*"), 2);
    assert_int_equal(world_requests("GET */target/fields?*target=Account*refresh=true*") +
                         world_requests("GET */target/fields?*refresh=true*target=Account*"),
                     1);
    assert_int_equal(world_requests("GET /api/connections/" SALESFORCE), 2); /* it still answers */
    assert_changes("Account|target_removed|-|-|-|-");
    assert_sql("SELECT target_id, state, field_count, consecutive_failures FROM targets ORDER BY 1",
               "Account|missing|0|0\nLead|present|25|0");
    assert_sql(
        "SELECT count(*), count(v.valid_to), count(*) FILTER (WHERE v.valid_to = c.detected_at) FROM field_versions v"
        " JOIN changes c USING (target_id)",
        "31|31|31");
    assert_sql("SELECT count(*) FROM fields WHERE target_id = 'Account'", "0");
    assert_sql("SELECT count(*) FROM target_versions WHERE target_id = 'Account' AND valid_to IS NULL", "0");
}

static void a_404_once_is_nothing(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    const char *mirror = world_mirror();
    world_faults("{'path': '*/target/fields', 'query': '*target=Account*', 'times': 1, 'status': 404}");
    world_pull(0);
    assert_changes("");
    assert_same(world_mirror(), mirror);
    assert_sql("SELECT DISTINCT state, consecutive_failures FROM targets", "present|0");
}

/* A 404 says nothing of the fields: what the other answer lacks stays, in all else the other answer counts.
 */
static void a_404_first_and_fields_lacking_then(void **state) {
    (void)state;
    world_pull(0);
    world_edit("[{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}, {'op': 'field_set', " ACCOUNT
               ", 'field': 'Phone', 'set': {'type': 'number'}}]");
    world_faults("{'path': '*/target/fields', 'times': 1, 'status': 404}");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|type|\"string\"|\"number\"");
    assert_sql("SELECT count(*) FROM fields", "31");
    world_pull(0);
    assert_changes("Account|field_removed|Rating|-|{}|-");
}

static void fields_lacking_first_and_a_404_then(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}");
    world_faults("{'path': '*/target/fields', 'query': '*refresh=true*', 'status': 404}");
    world_pull(0);
    assert_changes("");
    assert_sql("SELECT count(*) FROM fields", "31");
    assert_sql("SELECT state FROM targets", "present");
    world_clear_faults();
    world_pull(0);
    assert_changes("Account|field_removed|Rating|-|{}|-");
}

/* Where the connection itself does not answer any more, a 404 says nothing of the target. */
static void a_target_is_not_gone_with_its_connection(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    const char *mirror = world_mirror();
    world_edit("{'op': 'target_remove', " ACCOUNT "}");
    world_faults("{'path': '/api/connections/" SALESFORCE "', 'skip': 1, 'status': 404}");
    world_pull(1);
    assert_changes("");
    assert_same(world_mirror(), mirror);
    assert_sql("SELECT target_id, state, consecutive_failures FROM targets ORDER BY 1",
               "Account|present|1\nLead|present|0");
}

static void what_the_list_no_longer_names_but_still_answers_stays(void **state) {
    (void)state;
    configure(.targets = "[{include: \"*__c\"}]");
    world_pull(0);
    world_edit("{'op': 'list_set', 'connection': 'salesforce-prod', 'target': 'Usage__c', 'listed': false}");
    world_edit(
        "{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Usage__c', 'field': 'Day__c', 'set': {'type': 'string'}}");
    world_pull(0);
    assert_sql("SELECT state, managed FROM targets WHERE target_id = 'Usage__c'", "present|t");
    assert_sql("SELECT target_id, kind, field_id FROM changes", "Usage__c|field_changed|Day__c");
}

static void an_id_that_was_never_there_is_a_failure(void **state) {
    (void)state;
    configure(.targets = "[Acount, Lead]");
    const char *output = world_pull(1);
    assert_contains(output, "misspelt");
    assert_changes("");
    assert_sql(
        "SELECT target_id, state, consecutive_failures, last_error LIKE '%misspelt%' FROM targets ORDER BY 1",
        "Acount|pending|1|t\nLead|present|0|-");
    assert_sql("SELECT outcome, failed_target_count FROM runs", "partial|1");
    world_pull(1);
    assert_changes("");
}

static void a_missing_target_is_looked_for_in_each_run(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'target_remove', " ACCOUNT "}");
    world_pull(0);
    assert_changes("Account|target_removed|-|-|-|-");
    const char *seen = world_value("SELECT last_seen_at FROM targets");
    world_forget_requests();
    assert_contains(world_pull(0), "still missing");
    assert_int_equal(world_requests(fetches), 1);
    assert_changes("");
    assert_sql("SELECT state, consecutive_failures, last_error FROM targets", "missing|0|-");
    assert_same(world_value("SELECT last_seen_at > '%s' FROM targets", seen), "t");
    assert_sql("SELECT outcome, failed_target_count FROM runs ORDER BY started_at DESC LIMIT 1", "ok|0");
}

/* It is compared with what it was, and told of once; what said that it was gone is acknowledged. */
static void a_target_that_comes_back_is_compared_with_what_it_was(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    world_edit(
        "[{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Account', 'id': 'Kept', 'name': 'Account'}, {'op': 'target_remove', " ACCOUNT
        "}]");
    world_pull(0);
    assert_changes("Account|target_removed|-|-|-|-");
    const char *gone = world_value("SELECT clock_timestamp()");
    world_edit(
        "[{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Kept', 'id': 'Account', 'name': 'Account'},"
        " {'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'number'}},"
        " {'op': 'field_add', " ACCOUNT ", 'value': {'id': 'News__c', 'type': 'string'}}]");
    world_pull(0);
    assert_changes("Account|target_added|-|-|-|-\n"
                   "Account|field_added|News__c|-|-|{}\n"
                   "Account|field_changed|Phone|type|\"string\"|\"number\"");
    assert_sql("SELECT kind, acknowledged_by, acknowledged_at IS NOT NULL FROM changes ORDER BY id",
               "target_removed|revert|t\ntarget_added|revert|t\nfield_added|-|f\nfield_changed|-|f");
    assert_sql("SELECT state, field_count FROM targets WHERE target_id = 'Account'", "present|32");
    assert_sql(
        "SELECT count(*), min(v.valid_from) = max(v.valid_from), min(v.valid_from) = max(c.detected_at) FROM fields v"
        " JOIN changes c USING (target_id) WHERE target_id = 'Account' AND c.kind = 'target_added'",
        "32|t|t");
    assert_same(world_value("SELECT count(*) FROM fields_as_of('%s') WHERE target_id = 'Account'", gone),
                "0");
    world_pull(0);
    assert_changes("");
}

/* A field that a returning target lacks needs its second look as well. */
static void a_field_that_a_returning_target_lacks_is_removed(void **state) {
    (void)state;
    world_pull(0);
    world_edit(
        "[{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Account', 'id': 'Kept', 'name': 'Account'}, {'op': 'target_remove', " ACCOUNT
        "}]");
    world_pull(0);
    assert_changes("Account|target_removed|-|-|-|-");
    world_edit(
        "[{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Kept', 'id': 'Account', 'name': 'Account'},"
        " {'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}]");
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests(fetches), 2);
    assert_changes("Account|target_added|-|-|-|-\nAccount|field_removed|Rating|-|{}|-");
    assert_sql("SELECT count(*), count(*) FILTER (WHERE field_id = 'Rating') FROM fields", "30|0");
}

static void a_missing_target_of_an_include_item_is_looked_for_when_listed(void **state) {
    (void)state;
    configure(.targets = "[{include: \"*__c\"}]");
    world_pull(0);
    world_edit(
        "[{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Usage__c', 'id': 'Kept', 'name': 'Usage'},"
        " {'op': 'target_remove', 'connection': 'salesforce-prod', 'target': 'Usage__c'}]");
    world_pull(0);
    assert_changes("Usage__c|target_removed|-|-|-|-");
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests("GET */target/fields?*target=Usage__c*"), 0);
    assert_changes("");
    assert_sql("SELECT state, managed, consecutive_failures FROM targets WHERE target_id = 'Usage__c'",
               "missing|t|0");
    world_edit(
        "{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Kept', 'id': 'Usage__c', 'name': 'Usage'}");
    world_pull(0);
    assert_sql("SELECT kind FROM changes WHERE target_id = 'Usage__c' AND field_id IS NULL ORDER BY id",
               "target_removed\ntarget_added");
    assert_sql("SELECT state FROM targets WHERE target_id = 'Usage__c'", "present");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_removal_is_looked_at_twice),
        world_test(with_refresh_never_the_second_look_refreshes_nothing),
        world_test(what_only_the_first_answer_lacks_stays),
        world_test(what_only_the_second_answer_lacks_stays),
        world_test(in_all_else_the_second_answer_counts),
        world_test(a_mode_needs_a_second_look_too),
        world_test(a_second_look_that_fails_is_a_failure),
        world_test(a_second_look_must_be_fresh),
        world_test(a_target_that_is_gone_is_one_change),
        world_test(a_404_once_is_nothing),
        world_test(a_404_first_and_fields_lacking_then),
        world_test(fields_lacking_first_and_a_404_then),
        world_test(a_target_is_not_gone_with_its_connection),
        world_test(what_the_list_no_longer_names_but_still_answers_stays),
        world_test(an_id_that_was_never_there_is_a_failure),
        world_test(a_missing_target_is_looked_for_in_each_run),
        world_test(a_target_that_comes_back_is_compared_with_what_it_was),
        world_test(a_field_that_a_returning_target_lacks_is_removed),
        world_test(a_missing_target_of_an_include_item_is_looked_for_when_listed),
    };
    return world_run_tests("removal", tests);
}
