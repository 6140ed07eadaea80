/* A value that the database refuses is the failure of its own target: the batch is halved until it is alone.
 * Nothing of what the API may send is refused as the tables are, so the test adds a constraint. */
#include "world.h"

static void poison(const char *table) {
    world_sql("ALTER TABLE schemasync.%s ADD CONSTRAINT poison CHECK (description <> 'poison') NOT VALID",
              table);
}

static void edit_description(const char *target, const char *description) {
    world_edit("{'op': 'field_set', 'connection': 'salesforce-prod', 'target': '%s', 'field': 'CreatedDate',"
               " 'set': {'description': '%s'}}",
               target, description);
}

static void one_of_many_first_snapshots(void **state) {
    (void)state;
    world_run(0, "migrate");
    poison("field_version");
    configure(.targets = "[Account, Campaign, Contact, Lead, Opportunity]");
    edit_description("Contact", "poison");
    const char *output = world_pull(1);
    assert_contains(output, "4 mirrored for the first time");
    assert_contains(output, "Contact: failed: the database refuses a value of this target");
    assert_sql(
        "SELECT target_id, state, consecutive_failures FROM targets ORDER BY 1",
        "Account|present|0\nCampaign|present|0\nContact|pending|1\nLead|present|0\nOpportunity|present|0");
    assert_sql("SELECT count(*) FROM field_versions WHERE target_id = 'Contact'", "0");
    assert_sql("SELECT outcome, failed_target_count FROM runs", "partial|1");

    edit_description("Contact", "harmless");
    assert_contains(world_pull(0), "1 mirrored for the first time, 4 unchanged");
    assert_changes("");
}

static void one_of_many_changes(void **state) {
    (void)state;
    configure(.targets = "[Account, Campaign, Contact, Lead, Opportunity]");
    world_pull(0);
    poison("staged_field");
    edit_description("Account", "new");
    edit_description("Contact", "poison");
    edit_description("Lead", "newer");
    edit_description("Opportunity", "poison");
    const char *output = world_pull(1);
    assert_contains(output, "Contact: failed: the database refuses a value of this target");
    assert_contains(output, "Opportunity: failed: the database refuses a value of this target");
    assert_sql("SELECT target_id, new_value FROM changes ORDER BY 1", "Account|\"new\"\nLead|\"newer\"");
    assert_sql(
        "SELECT target_id, state, consecutive_failures FROM targets ORDER BY 1",
        "Account|present|0\nCampaign|present|0\nContact|present|1\nLead|present|0\nOpportunity|present|1");

    edit_description("Contact", "harmless");
    world_sql("ALTER TABLE schemasync.staged_field DROP CONSTRAINT poison");
    world_pull(0);
    assert_sql("SELECT target_id, new_value FROM changes ORDER BY 1",
               "Account|\"new\"\nContact|\"harmless\"\nLead|\"newer\"\nOpportunity|\"poison\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(one_of_many_first_snapshots),
        world_test(one_of_many_changes),
    };
    return world_run_tests("refused_value", tests);
}
