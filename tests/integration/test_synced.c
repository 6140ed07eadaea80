/* The targets that are mirrored because a sync writes to them, and those that nobody looks at. */
#include "world.h"

static void what_a_sync_writes_to_is_mirrored(void **state) {
    (void)state;
    configure(.targets = "[Account, {synced: true}]");
    world_pull(0);
    assert_sql("SELECT target_id, origin, state, managed FROM targets ORDER BY 1",
               "Account|listed|present|t\n"
               "Contact|synced|present|t\n"
               "Invoice__c|synced|present|t\n"
               "Lead|synced|present|t\n"
               "Subscription__c|synced|present|t");
    assert_changes("");
    world_edit("{'op': 'sync_set', 'sync': 'Invoices', 'set': {'target': {'connection_id': '" SALESFORCE
               "', 'object': 'Usage__c'}}}");
    world_pull(0);
    assert_sql("SELECT origin, state, managed FROM targets WHERE target_id = 'Usage__c'", "synced|present|t");
    assert_sql("SELECT count(*) FROM coverage WHERE verdict = 'unwatched'", "0");
}

#define INVOICE "SELECT managed, state FROM targets WHERE target_id = 'Invoice__c'"

static void move_last_sync(const char *ago) {
    world_sql("UPDATE target_state SET synced_at = clock_timestamp() - interval '%s' WHERE origin = 'synced'",
              ago);
}

static void a_synced_target_is_let_go_after_seven_days(void **state) {
    (void)state;
    configure(.targets = "[{synced: true}]");
    world_pull(0);
    assert_sql(INVOICE, "t|present");
    world_edit("{'op': 'sync_remove', 'sync': 'Invoices'}");
    world_pull(0);
    assert_sql(INVOICE, "t|present");
    move_last_sync("6 days 23 hours");
    world_pull(0);
    assert_sql(INVOICE, "t|present");
    move_last_sync("7 days 1 hour");
    world_pull(0);
    world_pull(0);
    assert_sql(INVOICE, "f|present");
    assert_sql("SELECT count(*) FROM targets WHERE managed", "4");
    assert_sql("SELECT count(*) > 0 FROM fields WHERE target_id = 'Invoice__c'", "t");
    assert_changes("");
    /* a sync writes to it again: it is compared with what was kept */
    world_edit(
        "[{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Invoice__c', 'field': 'Tax__c',"
        " 'set': {'type': 'string'}},"
        " {'op': 'sync_set', 'sync': 'Leads from signups', 'set': {'target': {'connection_id': '" SALESFORCE
        "', 'object': 'Invoice__c'}}}]");
    world_pull(0);
    assert_sql(INVOICE, "t|present");
    assert_changes("Invoice__c|field_changed|Tax__c|type|\"number\"|\"string\"");
}

/* While the syncs are not known, nothing says that none writes to it any more. */
static void a_synced_target_stays_while_the_syncs_are_not_known(void **state) {
    (void)state;
    configure(.targets = "[{synced: true}]");
    world_pull(0);
    world_settings("{'syncs_forbidden': true}");
    move_last_sync("30 days");
    world_pull(0);
    world_pull(0);
    assert_sql("SELECT count(*), count(*) FILTER (WHERE managed) FROM targets", "5|5");
}

static void what_is_written_to_and_not_named_is_unwatched(void **state) {
    (void)state;
    configure(.connections = CONNECTION("salesforce-prod", SALESFORCE, "[Account, Lead]")
                  CONNECTION("facebook-ads", FACEBOOK, "[act_1234567.23851234567890222]"));
    world_pull(0);
    assert_sql("SELECT connection, target_id, verdict FROM coverage ORDER BY 1, 2",
               "facebook-ads|act_1234567.23851234567890222|fresh\n"
               "salesforce-prod|Account|fresh\n"
               "salesforce-prod|Contact|unwatched\n"
               "salesforce-prod|Invoice__c|unwatched\n"
               "salesforce-prod|Lead|fresh\n"
               "salesforce-prod|Subscription__c|unwatched");
    world_edit("{'op': 'sync_remove', 'sync': 'Invoices'}");
    world_pull(0);
    assert_sql("SELECT target_id FROM coverage WHERE verdict = 'unwatched' ORDER BY 1",
               "Contact\nSubscription__c");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(what_a_sync_writes_to_is_mirrored),
        world_test(a_synced_target_is_let_go_after_seven_days),
        world_test(a_synced_target_stays_while_the_syncs_are_not_known),
        world_test(what_is_written_to_and_not_named_is_unwatched),
    };
    return world_run_tests("synced", tests);
}
