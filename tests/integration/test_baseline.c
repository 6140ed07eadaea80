/* The first look at a target, and what comes back, goes away for a while, or is looked at in another way. */
#include "world.h"

static void a_baseline_makes_no_changes(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    const char *output = world_pull(0);
    assert_contains(output, "2 mirrored for the first time");
    assert_changes("");
    assert_sql(
        "SELECT target_id, state, origin, field_count, managed, consecutive_failures, last_error FROM targets ORDER BY 1",
        "Account|present|listed|31|t|0|-\nLead|present|listed|25|t|0|-");
    assert_sql(
        "SELECT trigger, outcome, target_count, changed_target_count, failed_target_count, change_count, error FROM runs",
        "manual|ok|2|0|0|0|-");
}

/* Numbers keep every digit, which goes past what the simulator itself can hold: so the answer is changed on
 * its way. */
static void the_mirror_holds_what_the_api_said(void **state) {
    (void)state;
    world_edit(
        "{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Phone',"
        " 'set': {'description': 'caf\u00e9', 'big': 'BIG', 'deep': {'b': [1, null], 'a': ''}, 'required': null},"
        " 'unset': ['type']}");
    world_faults("{'path': '*/target/fields', 'replace': [['\\'BIG\\'', '12345678901234567890123.1000']]}");
    world_pull(0);
    assert_sql(
        "SELECT ordinal_position, name, description, type, source_type, required, createable, updateable, filterable,"
        " association, encryptable, supports_identity, identity_functions, extra FROM fields WHERE field_id = 'Phone'",
        "15|Account Phone|café|-|phone|-|t|t|t|f|t|f|[]|"
        "{\"big\": 12345678901234567890123.1000, \"deep\": {\"a\": \"\", \"b\": [1, null]}}");
    assert_sql("SELECT name, jsonb_path_query_array(modes, '$[*].mode'),"
               " jsonb_typeof(properties -> 'supports_field_creation') FROM targets",
               "Account|[\"create\", \"update\", \"updateOrCreate\", \"remove\"]|boolean");
    assert_sql("SELECT count(*), min(valid_from) = max(valid_from), count(valid_to) FROM field_versions",
               "31|t|0");
}

static void a_second_pull_writes_nothing(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    const char *before = world_mirror();
    const char *output = world_pull(0);
    assert_contains(output, "2 unchanged");
    assert_same(world_mirror(), before);
    assert_changes("");
}

static void an_include_item_brings_all_that_its_glob_matches(void **state) {
    (void)state;
    configure(.targets = "[{include: \"*__c\", exclude: [\"Tmp*\", \"Usage*\"]}, Lead]");
    world_pull(0);
    assert_sql("SELECT target_id, origin FROM targets ORDER BY 1",
               "Invoice__c|matched\nLead|listed\nSubscription__c|matched");
    assert_changes("");
}

static void what_a_later_listing_adds_is_a_target_added_with_its_baseline(void **state) {
    (void)state;
    configure(.targets = "[{include: \"*__c\"}]");
    world_pull(0);
    world_edit(
        "{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Usage__c', 'id': 'Extra__c', 'name': 'Extra'}");
    assert_contains(world_pull(0), "target_added");
    assert_changes("Extra__c|target_added|-|-|-|-");
    assert_sql("SELECT count(*) FROM fields WHERE target_id = 'Extra__c'", "13");
    assert_sql("SELECT r.change_count, r.changed_target_count FROM runs r ORDER BY started_at DESC LIMIT 1",
               "1|1");
    assert_sql(
        "SELECT c.detected_at = t.first_seen_at, c.previous_seen_at < c.detected_at, c.acknowledged_at IS NULL"
        " FROM changes c JOIN targets t USING (target_id)",
        "t|t|t");
    world_pull(0);
    assert_changes("");
}

/* Only what an earlier listing under the same items did not have is new: another item brings more without a
 * word. */
static void other_include_items_announce_nothing(void **state) {
    (void)state;
    configure(.targets = "[{include: \"Inv*__c\"}]");
    world_pull(0);
    configure(.targets = "[{include: \"*__c\"}]");
    world_pull(0);
    assert_changes("");
    assert_sql("SELECT count(*) FROM targets WHERE state = 'present'", "4");
    world_edit(
        "{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Usage__c', 'id': 'Extra__c', 'name': 'Extra'}");
    world_pull(0);
    assert_changes("Extra__c|target_added|-|-|-|-");
}

/* An announced target whose first answer fails is told of with its baseline, not before. */
static void a_target_added_waits_for_its_baseline(void **state) {
    (void)state;
    configure(.targets = "[{include: \"*__c\"}]");
    world_pull(0);
    world_edit(
        "{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Usage__c', 'id': 'Extra__c', 'name': 'Extra'}");
    world_faults("{'path': '*/target/fields', 'query': '*Extra__c*', 'status': 500}");
    world_pull(1);
    assert_changes("");
    assert_sql("SELECT state, consecutive_failures FROM targets WHERE target_id = 'Extra__c'", "pending|1");
    world_clear_faults();
    world_pull(0);
    assert_changes("Extra__c|target_added|-|-|-|-");
}

static void a_listed_target_is_never_announced(void **state) {
    (void)state;
    configure(.targets = "[Account]");
    world_pull(0);
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    assert_changes("");
    assert_sql("SELECT count(*) FROM fields WHERE target_id = 'Lead'", "25");
}

static void a_new_target_is_mirrored_before_it_exists(void **state) {
    (void)state;
    configure(.connections =
                  CONNECTION("facebook-ads", FACEBOOK,
                             "[{new: {account: act_1234567, name: My new audience}, label: fb-audience}]"));
    world_pull(0);
    assert_sql(
        "SELECT target_id, origin, state, field_count, creation_properties FROM targets",
        "new:fb-audience|new|present|16|{\"name\": \"My new audience\", \"account\": \"act_1234567\"}");
    world_edit("{'op': 'field_remove', 'connection': 'facebook-ads', 'target': '$new', 'field': 'GEN'}");
    world_pull(0);
    assert_changes("new:fb-audience|field_removed|GEN|-|{}|-");
}

static void no_fields_of_a_new_table_is_no_drift(void **state) {
    (void)state;
    configure(.connections =
                  CONNECTION("warehouse", WAREHOUSE, "[{new: {schema: public, name: t}, label: table}]"));
    world_pull(0);
    world_pull(0);
    assert_changes("");
    assert_sql("SELECT state, field_count, consecutive_failures FROM targets", "present|0|0");
}

/* An id is asked for as it is, whatever stands in it; a glob has no flags: its star takes dots and slashes
 * too. */
static void any_id_is_asked_for_as_it_is(void **state) {
    (void)state;
    world_edit(
        "[{'op': 'target_add', 'connection': 'warehouse', 'like': 'public.customer_scores', 'id': 'a b/c&target=x?%%#+.\\u00e4', 'name': 'T', 'cached': true},"
        " {'op': 'target_add', 'connection': 'warehouse', 'like': 'public.customer_scores', 'id': '.d/e.f', 'name': 'T', 'cached': true}]");
    configure(.connections = CONNECTION(
                  "warehouse", WAREHOUSE,
                  "[\"a b/c&target=x?%#+.ä\", {include: \"*e*\", exclude: [\"*.customer*\", \"an*\"]}]"));
    world_pull(0);
    assert_sql("SELECT target_id, state, field_count FROM targets ORDER BY 1",
               ".d/e.f|present|6\na b/c&target=x?%#+.ä|present|6");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_baseline_makes_no_changes),
        world_test(the_mirror_holds_what_the_api_said),
        world_test(a_second_pull_writes_nothing),
        world_test(an_include_item_brings_all_that_its_glob_matches),
        world_test(what_a_later_listing_adds_is_a_target_added_with_its_baseline),
        world_test(other_include_items_announce_nothing),
        world_test(a_target_added_waits_for_its_baseline),
        world_test(a_listed_target_is_never_announced),
        world_test(a_new_target_is_mirrored_before_it_exists),
        world_test(no_fields_of_a_new_table_is_no_drift),
        world_test(any_id_is_asked_for_as_it_is),
    };
    return world_run_tests("baseline", tests);
}
