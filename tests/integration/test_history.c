/* Since when is it so? The views field_attributes and target_attributes on what runs have recorded. */
#include "world.h"

#define ACCOUNT "'connection': 'salesforce-prod', 'target': 'Account'"

/* "VALUE|WHEN|EXACT|CHANGE" of one attribute: WHEN is first (the first look) or the number of the run, CHANGE
 * the kind and attribute of the change that says so. */
#define WHEN                                                                                                \
    "coalesce((SELECT 'run ' || r.n FROM (SELECT row_number() OVER (ORDER BY started_at) AS n, finished_at" \
    " FROM runs) r WHERE r.finished_at = a.since), CASE WHEN a.since = (SELECT t.first_seen_at FROM"        \
    " targets t WHERE t.target_id = a.target_id) THEN 'first' END)"
#define ANSWER                                                                                       \
    "SELECT a.value, " WHEN ", a.since_is_exact, (SELECT x.kind || coalesce(' ' || x.attribute, '')" \
    " FROM changes x WHERE x.id = a.change_id) FROM "

static void assert_since(struct world_place place, const char *target, const char *field,
                         const char *attribute, const char *expected) {
    assert_sql_at(
        place,
        field ? world_text(ANSWER
                           "field_attributes a WHERE a.connection = 'salesforce-prod' AND a.target_id = '%s'"
                           " AND a.field_id = '%s' AND a.attribute = '%s'",
                           target, field, attribute)
              : world_text(ANSWER
                           "target_attributes a WHERE a.connection = 'salesforce-prod' AND a.target_id = '%s'"
                           " AND a.attribute = '%s'",
                           target, attribute),
        expected);
}
#define FIELD_SINCE(field, attribute, expected) \
    assert_since(WORLD_HERE, "Account", field, attribute, expected)
#define TARGET_SINCE(attribute, expected) assert_since(WORLD_HERE, "Account", NULL, attribute, expected)

#define SET(field, members) "{'op': 'field_set', " ACCOUNT ", 'field': '" field "', 'set': {" members "}}"

static void what_the_first_look_found_may_be_older(void **state) {
    (void)state;
    world_pull(0);
    assert_sql("SELECT string_agg(attribute, ' ' ORDER BY attribute) FROM field_attributes"
               " WHERE target_id = 'Account' AND field_id = 'Phone'",
               "association createable description encryptable filterable identity_functions name required"
               " source_type supports_identity type updateable");
    assert_sql(
        "SELECT count(DISTINCT field_id), bool_or(since_is_exact), count(change_id), count(*) FILTER (WHERE since <> "
        "(SELECT first_seen_at FROM targets)) FROM field_attributes",
        "31|f|0|0");
    FIELD_SINCE("Phone", "type", "\"string\"|first|f|-");
    TARGET_SINCE("name", "\"Account\"|first|f|-");
    assert_sql(
        "SELECT bool_or(since_is_exact), count(*) = 1 + (SELECT jsonb_array_length(modes) + (SELECT count(*)"
        " FROM jsonb_object_keys(properties)) FROM targets) FROM target_attributes",
        "f|t");
}

static void a_change_is_exact_and_its_neighbours_stay(void **state) {
    (void)state;
    world_pull(0);
    world_edit("[" SET("Phone", "'type': 'number'") "]");
    world_pull(0);
    FIELD_SINCE("Phone", "type", "\"number\"|run 2|t|field_changed type");
    FIELD_SINCE("Phone", "source_type",
                world_text("%s|first|f|-",
                           world_value("SELECT to_jsonb(source_type) FROM fields WHERE field_id = 'Phone'")));
    FIELD_SINCE("Website", "type", "\"string\"|first|f|-");
    world_edit("[" SET("Phone", "'required': true") "]");
    world_pull(0);
    FIELD_SINCE("Phone", "type", "\"number\"|run 2|t|field_changed type");
    FIELD_SINCE("Phone", "required", "true|run 3|t|field_changed required");
    /* there and back: it is so since it came back */
    world_edit("[" SET("Phone", "'type': 'string'") "]");
    world_pull(0);
    FIELD_SINCE("Phone", "type", "\"string\"|run 4|t|field_changed type");
    FIELD_SINCE("Phone", "required", "true|run 3|t|field_changed required");
}

/* Absent, null, false, "" and [] are one value: it goes through versions that other attributes made. */
static void equal_values_make_one_row(void **state) {
    (void)state;
    world_edit("[" SET("Phone", "'description': null, 'filterable': null, 'identity_functions': []") "]");
    world_pull(0);
    world_edit("[" SET(
        "Phone", "'description': '', 'filterable': false, 'identity_functions': null, 'type': 'number'") "]");
    world_pull(0);
    world_sql("UPDATE field_version SET description = '', filterable = false, identity_functions = NULL"
              " WHERE field_id = 'Phone' AND valid_to = 'infinity'");
    FIELD_SINCE("Phone", "type", "\"number\"|run 2|t|field_changed type");
    FIELD_SINCE("Phone", "description", "\"\"|first|f|-");
    FIELD_SINCE("Phone", "filterable", "false|first|f|-");
    FIELD_SINCE("Phone", "identity_functions", "-|first|f|-");
}

static void a_field_that_is_added_says_when(void **state) {
    (void)state;
    world_pull(0);
    const char *const add =
        "{'op': 'field_add', " ACCOUNT ", 'value': {'id': 'New__c', 'type': 'string', 'scale': 2}}";
    world_edit("%s", add);
    world_pull(0);
    FIELD_SINCE("New__c", "type", "\"string\"|run 2|t|field_added");
    FIELD_SINCE("New__c", "name", "-|run 2|t|field_added");
    FIELD_SINCE("New__c", "extra.scale", "2|run 2|t|field_added");
    world_edit("[" SET("New__c", "'scale': 3") "]");
    world_pull(0);
    FIELD_SINCE("New__c", "extra.scale", "3|run 3|t|field_changed extra.scale");
    FIELD_SINCE("New__c", "type", "\"string\"|run 2|t|field_added");
    /* gone and back: what it was before does not count */
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'New__c'}");
    world_pull(0);
    assert_sql("SELECT count(*) FROM field_attributes WHERE field_id = 'New__c'", "0");
    world_edit("%s", add);
    world_pull(0);
    FIELD_SINCE("New__c", "type", "\"string\"|run 5|t|field_added");
    FIELD_SINCE("New__c", "extra.scale", "2|run 5|t|field_added");
}

static void what_is_taken_in_is_not_exact(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'fields_set_all', " ACCOUNT ", 'set': {'precision': 10}}");
    world_pull(0);
    assert_changes("");
    FIELD_SINCE("Phone", "extra.precision", "10|run 2|f|-");
    FIELD_SINCE("Phone", "type", "\"string\"|first|f|-");
    world_edit("[" SET("Phone", "'precision': 12") "]");
    world_pull(0);
    FIELD_SINCE("Phone", "extra.precision", "12|run 3|t|field_changed extra.precision");
    FIELD_SINCE("Website", "extra.precision", "10|run 2|f|-");
}

static void a_target_that_comes_back_says_when(void **state) {
    (void)state;
    configure(.targets = "[Account, Contact, Lead, Campaign]");
    world_pull(0);
    world_edit("[" SET("Phone", "'type': 'number'") "]");
    world_pull(0);
    world_edit("{'op': 'target_remove', " ACCOUNT "}");
    world_pull(0);
    assert_sql("SELECT state FROM targets WHERE target_id = 'Account'", "missing");
    assert_sql("SELECT count(*) FROM field_attributes WHERE target_id = 'Account'", "0");
    assert_sql("SELECT count(*) FROM target_attributes WHERE target_id = 'Account'", "0");
    world_control_at(WORLD_HERE, "POST", "/_control/reset", "%s", "");
    world_edit("[" SET("Website", "'required': true") "]");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|type|\"string\"|\"number\"\n"
                   "Account|target_removed|-|-|-|-\n"
                   "Account|target_added|-|-|-|-\n"
                   "Account|field_changed|Phone|type|\"number\"|\"string\"\n"
                   "Account|field_changed|Website|required|false|true");
    FIELD_SINCE("Phone", "type", "\"string\"|run 4|t|field_changed type");
    FIELD_SINCE("Website", "required", "true|run 4|t|field_changed required");
    FIELD_SINCE("Website", "type", "\"string\"|run 4|t|target_added");
    TARGET_SINCE("name", "\"Account\"|run 4|t|target_added");
}

/* Its fields were so when it was first seen, whenever it came. */
static void a_target_that_is_new_has_a_first_look(void **state) {
    (void)state;
    configure(.targets = "[{include: '*__c'}]");
    world_pull(0);
    world_edit(
        "{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Usage__c', 'id': 'Extra__c', 'name': 'Extra'}");
    world_pull(0);
    assert_changes("Extra__c|target_added|-|-|-|-");
    assert_sql(
        "SELECT count(*) > 0, bool_or(since_is_exact) FROM field_attributes WHERE target_id = 'Extra__c'",
        "t|f");
    assert_sql(
        "SELECT count(*) > 0, bool_or(since_is_exact) FROM target_attributes WHERE target_id = 'Extra__c'",
        "t|f");
}

static void targets_have_names_properties_and_modes(void **state) {
    (void)state;
    world_pull(0);
    world_edit("[{'op': 'target_set', " ACCOUNT ", 'set': {'name': 'Company'}},"
               " {'op': 'mode_set', " ACCOUNT ", 'mode': 'create', 'set': {'label': 'Insert'}}]");
    world_pull(0);
    world_edit("[{'op': 'property_set', " ACCOUNT ", 'set': {'target_creator': true}},"
               " {'op': 'mode_remove', " ACCOUNT ", 'mode': 'update'}]");
    world_pull(0);
    world_edit("{'op': 'mode_add', " ACCOUNT ", 'value': {'mode': 'append', 'label': 'Append'}}");
    world_pull(0);
    TARGET_SINCE("name", "\"Company\"|run 2|t|target_changed name");
    TARGET_SINCE("properties.target_creator", "true|run 3|t|target_changed properties.target_creator");
    TARGET_SINCE("modes.update", "");
    assert_sql(
        world_text(ANSWER "(SELECT *, NULL AS x FROM target_attributes) a WHERE attribute = 'modes.append'"),
        "{\"mode\": \"append\", \"label\": \"Append\"}|run 4|t|mode_added append");
    assert_sql(
        "SELECT since_is_exact, value ->> 'label', change_id = (SELECT id FROM changes WHERE attribute = 'create.label')"
        " FROM target_attributes WHERE attribute = 'modes.create'",
        "t|Insert|t");
    assert_sql("SELECT since_is_exact FROM target_attributes WHERE attribute = 'modes.updateOrCreate'", "f");
    /* what its properties gain is taken in */
    world_edit("{'op': 'property_set', " ACCOUNT ", 'set': {'unheard_of': 1}}");
    world_pull(0);
    TARGET_SINCE("properties.unheard_of", "1|run 5|f|-");
    TARGET_SINCE("name", "\"Company\"|run 2|t|target_changed name");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(what_the_first_look_found_may_be_older),
        world_test(a_change_is_exact_and_its_neighbours_stay),
        world_test(equal_values_make_one_row),
        world_test(a_field_that_is_added_says_when),
        world_test(what_is_taken_in_is_not_exact),
        world_test(a_target_that_comes_back_says_when),
        world_test(a_target_that_is_new_has_a_first_look),
        world_test(targets_have_names_properties_and_modes),
    };
    return world_run_tests("history", tests);
}
