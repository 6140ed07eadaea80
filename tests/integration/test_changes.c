/* What a change is: the kinds, one row for each attribute, the values before and after, and the versions that
 * go with them. */
#include "world.h"

#define ACCOUNT "'connection': 'salesforce-prod', 'target': 'Account'"

static void each_attribute_of_a_field_is_a_row(void **state) {
    (void)state;
    world_pull(0);
    world_edit(
        "{'op': 'field_set', " ACCOUNT
        ", 'field': 'Phone', 'set': {'name': 'Call', 'description': 'A number', 'type': 'number',"
        " 'source_type': 'integer', 'required': true, 'createable': false, 'updateable': false, 'filterable': false,"
        " 'association': true, 'encryptable': false, 'supports_identity': true,"
        " 'identity_functions': [{'id': 'Equality', 'label': 'Equals'}], 'length': 40}}");
    assert_contains(world_pull(0), "field_changed Phone type: \"string\" → \"number\"");
    assert_changes(
        "Account|field_changed|Phone|association|false|true\n"
        "Account|field_changed|Phone|createable|true|false\n"
        "Account|field_changed|Phone|description|\"\"|\"A number\"\n"
        "Account|field_changed|Phone|encryptable|true|false\n"
        "Account|field_changed|Phone|extra.length|-|40\n"
        "Account|field_changed|Phone|filterable|true|false\n"
        "Account|field_changed|Phone|identity_functions|[]|[{\"id\": \"Equality\", \"label\": \"Equals\"}]\n"
        "Account|field_changed|Phone|name|\"Account Phone\"|\"Call\"\n"
        "Account|field_changed|Phone|required|false|true\n"
        "Account|field_changed|Phone|source_type|\"phone\"|\"integer\"\n"
        "Account|field_changed|Phone|supports_identity|false|true\n"
        "Account|field_changed|Phone|type|\"string\"|\"number\"\n"
        "Account|field_changed|Phone|updateable|true|false");
    assert_sql("SELECT name, type, required, updateable, extra FROM fields WHERE field_id = 'Phone'",
               "Call|number|t|f|{\"length\": 40}");
}

static void fields_added_and_removed_are_told_whole(void **state) {
    (void)state;
    world_pull(0);
    world_edit("[{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'},"
               " {'op': 'field_add', " ACCOUNT
               ", 'value': {'id': 'News__c', 'type': 'string', 'required': true, 'precision': 1.50}}]");
    const char *output = world_pull(0);
    assert_contains(output, "field_added News__c");
    assert_contains(output, "field_removed Rating");
    assert_changes("Account|field_added|News__c|-|-|{}\nAccount|field_removed|Rating|-|{}|-");
    assert_sql(
        "SELECT new_value @> '{\"id\": \"News__c\", \"type\": \"string\", \"required\": true, \"precision\": 1.5}' FROM changes"
        " WHERE kind = 'field_added'",
        "t");
    assert_sql(
        "SELECT old_value ->> 'id', old_value ->> 'name', old_value ->> 'source_type' FROM changes WHERE kind = 'field_removed'",
        "Rating|Account Rating|picklist");
    assert_sql(
        "SELECT count(*), count(*) FILTER (WHERE field_id = 'Rating'), count(*) FILTER (WHERE field_id = 'News__c') FROM fields",
        "31|0|1");
    assert_sql("SELECT field_count FROM targets", "31");
}

static void modes_are_added_removed_and_changed(void **state) {
    (void)state;
    world_pull(0);
    world_edit("[{'op': 'mode_remove', " ACCOUNT ", 'mode': 'remove'},"
               " {'op': 'mode_add', " ACCOUNT ", 'value': {'mode': 'append', 'label': 'Append'}},"
               " {'op': 'mode_set', " ACCOUNT
               ", 'mode': 'create', 'set': {'requires_identity': true, 'label': 'Insert'}}]");
    assert_contains(world_pull(0), "mode_removed");
    assert_changes("Account|mode_added|-|append|-|{}\n"
                   "Account|mode_changed|-|create.label|\"Create\"|\"Insert\"\n"
                   "Account|mode_changed|-|create.requires_identity|false|true\n"
                   "Account|mode_removed|-|remove|{}|-");
    assert_sql("SELECT new_value FROM changes WHERE kind = 'mode_added'",
               "{\"mode\": \"append\", \"label\": \"Append\"}");
    assert_sql("SELECT old_value ->> 'mode', old_value ->> 'label' FROM changes WHERE kind = 'mode_removed'",
               "remove|Remove");
    assert_sql("SELECT jsonb_path_query_array(modes, '$[*].mode') FROM targets",
               "[\"create\", \"update\", \"updateOrCreate\", \"append\"]");
    assert_sql("SELECT count(*), count(valid_to) FROM target_versions", "2|1");
}

static void a_targets_name_and_properties_are_compared(void **state) {
    (void)state;
    world_pull(0);
    world_edit("[{'op': 'target_set', " ACCOUNT ", 'set': {'name': 'Company'}},"
               " {'op': 'property_set', " ACCOUNT
               ", 'set': {'supports_field_creation': true, 'primary_metadata_object': 'Company'}}]");
    world_pull(0);
    assert_changes("Account|target_changed|-|name|\"Account\"|\"Company\"\n"
                   "Account|target_changed|-|properties.primary_metadata_object|\"Account\"|\"Company\"\n"
                   "Account|target_changed|-|properties.supports_field_creation|false|true");
    assert_sql("SELECT name, properties ->> 'supports_field_creation' FROM targets", "Company|true");
}

/* Each change of one pull is one row of its own, the targets in order. */
static void a_pull_records_all_targets_at_once(void **state) {
    (void)state;
    configure(.targets = "[Account, Contact, Lead]");
    world_pull(0);
    world_edit(
        "[{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Lead', 'field': 'Email', 'set': {'type': 'number'}},"
        " {'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Contact', 'field': ['Phone', 'Email'], 'set': {'required': true}}]");
    const char *output = world_pull(0);
    assert_contains(output, "3 targets: 1 unchanged, 2 changed; 3 changes");
    assert_changes("Contact|field_changed|Email|required|false|true\n"
                   "Contact|field_changed|Phone|required|false|true\n"
                   "Lead|field_changed|Email|type|\"string\"|\"number\"");
    assert_sql("SELECT count(DISTINCT detected_at), count(DISTINCT run_id) FROM changes", "1|1");
    assert_sql(
        "SELECT outcome, target_count, changed_target_count, change_count FROM runs ORDER BY started_at DESC LIMIT 1",
        "ok|3|2|3");
    assert_sql("SELECT target_id FROM targets WHERE last_changed_at > first_seen_at ORDER BY 1",
               "Contact\nLead");
}

/* A version ends when the next begins: at the change's detected_at. Before and after are one query away. */
static void versions_meet_at_the_change(void **state) {
    (void)state;
    world_pull(0);
    const char *before = world_value("SELECT clock_timestamp()");
    world_edit("[{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'number'}},"
               " {'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}]");
    world_pull(0);
    assert_sql(
        "SELECT v.field_id, v.type, v.valid_to = c.detected_at, v.valid_from = c.detected_at"
        " FROM field_versions v JOIN changes c USING (target_id, field_id) ORDER BY v.field_id, v.valid_from",
        "Phone|string|t|f\nPhone|number|-|t\nRating|string|t|f");
    assert_same(
        world_value(
            "SELECT field_id, type FROM fields_as_of('%s') WHERE field_id IN ('Phone', 'Rating') ORDER BY 1",
            before),
        "Phone|string\nRating|string");
    assert_sql(
        "SELECT field_id, type FROM fields_as_of(clock_timestamp()) WHERE field_id IN ('Phone', 'Rating') ORDER BY 1",
        "Phone|number");
    assert_sql("SELECT count(*) FROM fields_as_of('2000-01-01')", "0");
    world_sql("UPDATE horizon SET versions_since = clock_timestamp()");
    assert_sql("DO $$BEGIN PERFORM * FROM schemasync.fields_as_of('2000-01-01'); RAISE 'no error';"
               " EXCEPTION WHEN sqlstate 'SS004' THEN NULL; END$$",
               "");
}

static void a_change_happened_between_two_times(void **state) {
    (void)state;
    world_pull(0);
    const char *seen = world_value("SELECT last_seen_at FROM targets");
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'number'}}");
    world_pull(0);
    assert_same(
        world_value("SELECT previous_seen_at = '%s', detected_at > previous_seen_at FROM changes", seen),
        "t|t");
    assert_same(world_value("SELECT last_seen_at > '%s', last_seen_at < last_changed_at FROM targets", seen),
                "t|t");
}

static void the_first_value_and_back_are_two_changes(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'number'}}");
    world_pull(0);
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'string'}}");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|type|\"string\"|\"number\"\n"
                   "Account|field_changed|Phone|type|\"number\"|\"string\"");
    world_pull(0);
    assert_changes("");
    assert_sql("SELECT count(*) FROM field_versions WHERE field_id = 'Phone'", "3");
}

/* Another process has recorded in between: what counts is what the database holds, not what was seen before.
 */
static void a_value_that_came_back_unseen_is_no_change(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'number'}}");
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'string'}}");
    world_pull(0);
    assert_changes("");
}

static void a_removed_field_that_comes_back_is_added(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}");
    world_pull(0);
    world_edit("{'op': 'field_add', " ACCOUNT ", 'value': {'id': 'Rating', 'type': 'string'}}");
    world_pull(0);
    assert_changes("Account|field_removed|Rating|-|{}|-\nAccount|field_added|Rating|-|-|{}");
    assert_sql("SELECT count(*), count(valid_to) FROM field_versions WHERE field_id = 'Rating'", "2|1");
}

static void ignored_attributes_are_stored_without_a_change(void **state) {
    (void)state;
    configure(.drift = "ignore_attributes: [\"extra.last_used_*\", description]");
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'last_used_at': 1}}");
    world_pull(0);
    world_edit("{'op': 'field_set', " ACCOUNT
               ", 'field': 'Phone', 'set': {'last_used_at': 2, 'description': 'x', 'type': 'number'}}");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|type|\"string\"|\"number\"");
    assert_sql("SELECT description, extra FROM fields WHERE field_id = 'Phone'", "x|{\"last_used_at\": 2}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(each_attribute_of_a_field_is_a_row),
        world_test(fields_added_and_removed_are_told_whole),
        world_test(modes_are_added_removed_and_changed),
        world_test(a_targets_name_and_properties_are_compared),
        world_test(a_pull_records_all_targets_at_once),
        world_test(versions_meet_at_the_change),
        world_test(a_change_happened_between_two_times),
        world_test(the_first_value_and_back_are_two_changes),
        world_test(a_value_that_came_back_unseen_is_no_change),
        world_test(a_removed_field_that_comes_back_is_added),
        world_test(ignored_attributes_are_stored_without_a_change),
    };
    return world_run_tests("changes", tests);
}
