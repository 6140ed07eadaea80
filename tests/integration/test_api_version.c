/* The first answer of a target under another API version: differences are taken in, but for what is added or
 * removed. */
#include "world.h"

#define ACCOUNT "'connection': 'salesforce-prod', 'target': 'Account'"

static void another_versions_words_are_no_changes(void **state) {
    (void)state;
    world_pull(0);
    assert_sql("SELECT api_version FROM target_state", "2025-09-18");
    world_settings("{'api_version': '2026-01-01'}");
    world_edit("[{'op': 'field_set', " ACCOUNT
               ", 'field': 'Phone', 'set': {'type': 'phone', 'required': true, 'precision': 3}},"
               " {'op': 'mode_set', " ACCOUNT ", 'mode': 'create', 'set': {'label': 'Insert'}},"
               " {'op': 'target_set', " ACCOUNT ", 'set': {'name': 'Company'}},"
               " {'op': 'property_set', " ACCOUNT ", 'set': {'target_creator': true}}]");
    world_pull(0);
    assert_changes("");
    assert_sql(
        "SELECT f.type, f.required, f.extra, t.name, t.modes -> 0 ->> 'label', t.properties ->> 'target_creator'"
        " FROM fields f JOIN targets t USING (target_id) WHERE field_id = 'Phone'",
        "phone|t|{\"precision\": 3}|Company|Insert|true");
    assert_sql("SELECT count(*) FROM field_versions WHERE field_id = 'Phone'", "2");
    /* the next answer under the same version counts as usual */
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'string'}}");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|type|\"phone\"|\"string\"");
}

static void what_is_added_or_removed_counts_all_the_same(void **state) {
    (void)state;
    configure(.targets = "[{include: \"[AU]*\", exclude: [\"*__c\"]}]");
    world_pull(0);
    world_settings("{'api_version': '2026-01-01'}");
    world_edit(
        "[{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}, {'op': 'field_add', " ACCOUNT
        ", 'value': {'id': 'News__c'}},"
        " {'op': 'mode_remove', " ACCOUNT ", 'mode': 'remove'}, {'op': 'mode_add', " ACCOUNT
        ", 'value': {'mode': 'append'}},"
        " {'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'phone'}},"
        " {'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'User', 'id': 'Asset', 'name': 'Asset'}]");
    world_pull(0);
    assert_changes("Account|mode_added|-|append|-|{}\n"
                   "Account|mode_removed|-|remove|{}|-\n"
                   "Account|field_added|News__c|-|-|{}\n"
                   "Account|field_removed|Rating|-|{}|-\n"
                   "Asset|target_added|-|-|-|-");
    world_edit("{'op': 'target_remove', 'connection': 'salesforce-prod', 'target': 'User'}");
    world_settings("{'api_version': '2026-02-02'}");
    world_pull(0);
    assert_changes("User|target_removed|-|-|-|-");
}

/* An equal answer under another version is not the answer that was seen: what follows under it counts. */
static void an_equal_answer_under_another_version_moves_on(void **state) {
    (void)state;
    world_pull(0);
    world_settings("{'api_version': '2026-01-01'}");
    world_pull(0);
    assert_changes("");
    assert_sql("SELECT api_version FROM target_state", "2026-01-01");
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'phone'}}");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|type|\"string\"|\"phone\"");
}

static void the_version_of_the_configuration_is_asked_for(void **state) {
    (void)state;
    configure(.api = "version: \"2024-02-08\"");
    world_pull(0);
    assert_contains(world_log(), "2024-02-08");
    assert_contains_not(world_log(), "2025-09-18");
    assert_sql("SELECT api_version FROM target_state", "2024-02-08");
}

/* An answer that names no version is no answer of another one. */
static void an_answer_without_a_version_counts_as_usual(void **state) {
    (void)state;
    world_pull(0);
    world_faults("{'path': '*/target/fields', 'headers': {'X-Polytomic-Version': null}}");
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'phone'}}");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|type|\"string\"|\"phone\"");
    world_clear_faults();
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'string'}}");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|type|\"phone\"|\"string\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(another_versions_words_are_no_changes),
        world_test(what_is_added_or_removed_counts_all_the_same),
        world_test(an_equal_answer_under_another_version_moves_on),
        world_test(the_version_of_the_configuration_is_asked_for),
        world_test(an_answer_without_a_version_counts_as_usual),
    };
    return world_run_tests("api version", tests);
}
