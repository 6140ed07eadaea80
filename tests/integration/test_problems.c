/* What is wrong with syncs as things are, and the gate. The sync "Accounts from billing" writes to Account.
 */
#include "world.h"

#include <string.h>

#define SYNC "e7a1b2c3-d4e5-4f60-8a7b-0c9d8e7f6a01"
#define TIER "'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Tier__c'"
/* the mapping of what must be supplied */
#define NAME  "{'source': {'model_id': 'm', 'field': 'n'}, 'target': 'Name'}"
#define NO_DB "--database", world_text("dbname=%s", world_database())

static void set(const char *field, const char *members) {
    world_edit(
        "{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': '%s', 'set': {%s}}",
        field, members);
}

#define assert_problems(expected)                                                             \
    assert_sql("SELECT problem, field_id, severity FROM sync_problems WHERE sync_id = '" SYNC \
               "' ORDER BY 1, 2",                                                             \
               expected)

static void what_was_broken_before_the_first_look(void **state) {
    (void)state;
    world_edit("{'op': 'field_remove', " TIER "}");
    set("Website", "'createable': false, 'updateable': false");
    world_pull(0);
    assert_changes("");
    assert_problems("field-missing|Tier__c|breaking\nfield-read-only|Website|breaking");
    const char *output = world_run(0, "problems", "Accounts from billing");
    assert_contains(output, "field-missing");
    assert_contains(output, "remove it from the mapping");
    assert_contains(world_run(3, "gate", SYNC), "must not run");
}

static void each_problem_of_a_field(void **state) {
    (void)state;
    static const struct {
        const char *field, *members, *problem;
    } cases[] = {
        {"Website", "'createable': false", "field-not-createable|Website|breaking"},
        {"Website", "'updateable': false", "field-not-updateable|Website|breaking"},
        {"NumberOfEmployees", "'createable': false", ""}, /* mapped for updates alone */
        {"Customer_Id__c", "'supports_identity': false", "identity-not-matchable|Customer_Id__c|breaking"},
        {"Customer_Id__c", "'identity_functions': [{'id': 'Other', 'label': 'Other'}]",
         "identity-function-missing|Customer_Id__c|breaking"},
        {"BillingCity", "'required': true, 'createable': true", "must-supply-unmapped|BillingCity|breaking"},
        {"BillingCity", "'required': true, 'createable': false", ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        world_fresh(state);
        set(cases[i].field, cases[i].members);
        world_pull(0);
        assert_problems(cases[i].problem);
    }
}

/* What only some syncs ask of a field: that it may be encrypted, or filtered by. */
static void encryption_and_filters(void **state) {
    (void)state;
    static const struct {
        const char *uses, *members, *problem;
    } cases[] = {
        {"'fields': [" NAME ", {'target': 'Website', 'encryption_enabled': true}]", "'encryptable': false",
         "encryption-not-supported|Website|breaking"},
        {"'fields': [" NAME ", {'target': 'Website', 'encryption_enabled': true}]", "'encryptable': true",
         ""},
        {"'fields': [" NAME ", {'target': 'Website'}]", "'encryptable': false", ""},
        {"'fields': [" NAME "], 'filters': [{'field_type': 'Target', 'field_id': 'Website'}]",
         "'filterable': false", "filter-not-supported|Website|warning"},
        {"'fields': [" NAME "], 'filters': [{'field_type': 'Model', 'field_id': 'Website'}]",
         "'filterable': false", ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        world_fresh(state);
        world_edit("{'op': 'sync_set', 'sync': '" SYNC "', 'set': {%s}}", cases[i].uses);
        set("Website", cases[i].members);
        world_pull(0);
        assert_problems(cases[i].problem);
        world_run(strstr(cases[i].problem, "breaking") ? 3 : 0, "gate", SYNC); /* a warning shuts no gate */
    }
}

static void the_mode_and_the_identity(void **state) {
    (void)state;
    world_edit(
        "[{'op': 'mode_remove', 'connection': 'salesforce-prod', 'target': 'Account', 'mode': 'updateOrCreate'}]");
    world_pull(0);
    assert_problems("mode-not-offered|-|breaking");
    world_fresh(state);
    world_edit(
        "[{'op': 'sync_set', 'sync': '" SYNC "', 'set': {'identity': null}},"
        " {'op': 'mode_set', 'connection': 'salesforce-prod', 'target': 'Account', 'mode': 'updateOrCreate',"
        " 'set': {'requires_identity': true}}]");
    world_pull(0);
    assert_problems("identity-missing|-|breaking");
}

static void a_target_that_is_gone(void **state) {
    (void)state;
    configure(.targets = "[Account, Contact, Lead]");
    world_pull(0);
    world_edit("{'op': 'target_remove', 'connection': 'salesforce-prod', 'target': 'Account'}");
    world_pull(0);
    assert_problems("target-missing|-|breaking");
    assert_contains(world_run(3, "gate", SYNC), "target-missing");
}

static void removing_the_mapping_clears_the_problem(void **state) {
    (void)state;
    world_edit("{'op': 'field_remove', " TIER "}");
    world_pull(0);
    const char *first = world_value("SELECT problem_id FROM sync_problems WHERE sync_id = '" SYNC "'");
    world_pull(0);
    assert_same(world_value("SELECT problem_id FROM sync_problems WHERE sync_id = '" SYNC "'"), first);
    world_run(3, "gate", SYNC);

    world_edit("{'op': 'sync_set', 'sync': '" SYNC "', 'set': {'fields': [" NAME "]}}");
    world_pull(0);
    assert_problems("");
    assert_contains(world_run(0, "gate", SYNC), "may run");

    world_edit("{'op': 'sync_set', 'sync': '" SYNC "', 'set': {'fields': [" NAME
               ", {'source': {'model_id': 'm', 'field': 'f'},"
               " 'target': 'Tier__c'}]}}");
    world_pull(0);
    assert_problems("field-missing|Tier__c|breaking");
    world_run(3, "gate", SYNC);
    assert_sql("SELECT count(DISTINCT problem_id) FROM schemasync.sync_problem WHERE sync_id = '" SYNC "'",
               "2");
}

static void a_field_that_the_sync_creates_itself(void **state) {
    (void)state;
    world_edit("{'op': 'sync_set', 'sync': '" SYNC "', 'set': {'fields': [" NAME
               ", {'source': {'model_id': 'm', 'field': 'f'},"
               " 'target': 'Brand_New__c', 'new': true}]}}");
    world_pull(0);
    assert_problems("");
}

static void an_open_breaking_change_shuts_the_gate(void **state) {
    (void)state;
    world_pull(0);
    world_run(0, "gate", SYNC);
    set("Tier__c", "'type': 'number'");
    world_pull(0);
    assert_problems("");
    assert_contains(world_run(3, "gate", SYNC), "field changed Tier__c type");
    world_sql("UPDATE schemasync.changes SET acknowledged_at = now(), acknowledged_by = 'somebody'");
    world_run(0, "gate", SYNC);
}

static void the_gate_in_all_its_states(void **state) {
    (void)state;
    world_run(0, "migrate");
    assert_contains(world_run(75, "gate", "nobody"), "no such sync");
    world_pull(0);
    assert_contains(world_run(0, NO_DB, "gate", SYNC), "may run"); /* without a configuration */
    world_run(0, "gate", "Accounts from billing");
    world_run(64, "gate");
    assert_contains(world_run(75, "gate", "--all"), "is not mirrored"); /* Contact and others are not */
    assert_sql("SELECT sync_gate('" SYNC "'), sync_gate('" SYNC "', '1 day'), sync_gate('nobody')", "0|0|75");
    world_sql("UPDATE schemasync.target_state SET last_seen_at = now() - interval '3 hours'");
    assert_contains(world_run(75, "gate", SYNC), "was seen last at");
    world_run(0, "gate", SYNC, "--max-age", "4h");
    world_sql("UPDATE schemasync.target_state SET last_seen_at = now(), state = 'suspect'");
    assert_contains(world_run(75, "gate", SYNC), "suspect");
    world_sql(
        "INSERT INTO schemasync.sync_problem (sync_id, connection_id, target_id, problem, severity, since)"
        " SELECT sync_id, connection_id, target_id, 'mode-not-offered', 'breaking', now() FROM schemasync.syncs"
        " WHERE sync_id = '" SYNC "'");
    world_run(3, "gate", SYNC, "nobody"); /* shut goes before not known */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(what_was_broken_before_the_first_look),
        world_test(each_problem_of_a_field),
        world_test(encryption_and_filters),
        world_test(the_mode_and_the_identity),
        world_test(a_target_that_is_gone),
        world_test(removing_the_mapping_clears_the_problem),
        world_test(a_field_that_the_sync_creates_itself),
        world_test(an_open_breaking_change_shuts_the_gate),
        world_test(the_gate_in_all_its_states),
    };
    return world_run_tests("problems", tests);
}
