/* What the configuration takes in, lets go, and takes in again. */
#include "world.h"

#define ACCOUNT "'connection': 'salesforce-prod', 'target': 'Account'"

static const char managed[] = "SELECT target_id, managed, state FROM targets ORDER BY 1";

static void what_is_taken_out_keeps_its_rows(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    const char *mirror = world_mirror();
    configure(.targets = "[Lead]");
    world_edit(
        "{'op': 'field_set', 'connection': 'salesforce-prod', 'target': '[AL]*', 'field': 'Phone', 'set': {'type': 'number'}}");
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests("GET */target/fields?*target=Account*"), 0);
    assert_sql(managed, "Account|f|present\nLead|t|present");
    assert_sql("SELECT next_due_at FROM targets WHERE target_id = 'Account'", "-");
    assert_changes("Lead|field_changed|Phone|type|\"string\"|\"number\"");
    assert_sql("SELECT count(*) FROM fields WHERE target_id = 'Account'", "31");
    assert_sql("SELECT target_id FROM coverage WHERE verdict <> 'unwatched'", "Lead");
    (void)mirror;
    /* when it is managed again, it is compared with what was kept */
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|type|\"string\"|\"number\"");
    assert_sql(managed, "Account|t|present\nLead|t|present");
}

static void a_target_that_ends_while_it_is_out_is_told_of_when_it_is_in(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    configure(.targets = "[Lead]");
    world_pull(0);
    world_edit("{'op': 'target_remove', " ACCOUNT "}");
    world_pull(0);
    assert_changes("");
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    assert_changes("Account|target_removed|-|-|-|-");
}

static void a_connection_taken_out_keeps_its_rows(void **state) {
    (void)state;
    configure(.connections = CONNECTION("salesforce-prod", SALESFORCE, "[Account]")
                  CONNECTION("hubspot", HUBSPOT, "[contacts]"));
    world_pull(0);
    configure(.targets = "[Account]");
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests("*" HUBSPOT "*"), 0);
    assert_sql("SELECT name, managed FROM connections ORDER BY 1", "hubspot|f\nsalesforce-prod|t");
    assert_sql(managed, "Account|t|present\ncontacts|f|present");
    assert_sql("SELECT count(*) FROM fields WHERE connection = 'hubspot'", "25");
    world_edit(
        "{'op': 'field_remove', 'connection': 'hubspot-marketing', 'target': 'contacts', 'field': 'zip'}");
    configure(.connections = CONNECTION("salesforce-prod", SALESFORCE, "[Account]")
                  CONNECTION("hubspot", HUBSPOT, "[contacts]"));
    world_pull(0);
    assert_changes("contacts|field_removed|zip|-|{}|-");
}

static void a_renamed_connection_keeps_its_rows(void **state) {
    (void)state;
    world_pull(0);
    const char *mirror = world_mirror();
    configure(.connections = CONNECTION("crm", SALESFORCE, "[Account]"));
    assert_contains(world_pull(0), "crm: 1 target: 1 unchanged");
    assert_same(world_mirror(), mirror);
    assert_changes("");
    assert_sql("SELECT id, name, managed FROM connections", SALESFORCE "|crm|t");
    assert_sql("SELECT DISTINCT connection FROM fields", "crm");
    world_pull(64, "--connection", "salesforce-prod");
}

/* A name means the connection that is managed under it, whoever bore it before. */
static void a_name_can_go_over_to_another_connection(void **state) {
    (void)state;
    world_pull(0);
    configure(.connections = CONNECTION("salesforce-prod", HUBSPOT, "[contacts]"));
    world_pull(0);
    assert_sql("SELECT id, name, managed FROM connections ORDER BY managed",
               SALESFORCE "|salesforce-prod|f\n" HUBSPOT "|salesforce-prod|t");
    assert_contains(world_run(0, "fields", "salesforce-prod", "contacts"), "firstname");
}

static void other_inputs_make_a_new_baseline(void **state) {
    (void)state;
    configure(.connections = CONNECTION("facebook-ads", FACEBOOK,
                                        "[{new: {account: act_1234567, name: One}, label: a}]"));
    world_pull(0);
    const char *then = world_value("SELECT clock_timestamp()");
    world_edit(
        "[{'op': 'field_remove', 'connection': 'facebook-ads', 'target': '$new', 'field': 'GEN'},"
        " {'op': 'field_set', 'connection': 'facebook-ads', 'target': '$new', 'field': 'EMAIL', 'set': {'type': 'number'}}]");
    configure(.connections = CONNECTION("facebook-ads", FACEBOOK,
                                        "[{new: {account: act_7654321, name: One}, label: a}]"));
    assert_contains(world_pull(0), "1 mirrored for the first time");
    assert_changes("");
    assert_sql("SELECT target_id, state, field_count, creation_properties ->> 'account' FROM targets",
               "new:a|present|15|act_7654321");
    assert_sql("SELECT count(*), count(*) FILTER (WHERE field_id = 'EMAIL' AND type = 'number') FROM fields",
               "15|1");
    assert_same(
        world_value("SELECT count(*), min(type) FILTER (WHERE field_id = 'EMAIL') FROM fields_as_of('%s')",
                    then),
        "16|string");
    assert_sql("SELECT count(*) FROM field_versions v JOIN field_versions w USING (target_id, field_id)"
               " WHERE v.id < w.id AND (v.valid_to IS NULL OR v.valid_to > w.valid_from)",
               "0");
    /* and the same inputs again are compared with it */
    world_edit("{'op': 'field_remove', 'connection': 'facebook-ads', 'target': '$new', 'field': 'PHONE'}");
    world_pull(0);
    assert_changes("new:a|field_removed|PHONE|-|{}|-");
}

static void the_same_inputs_in_another_order_are_the_same(void **state) {
    (void)state;
    configure(.connections = CONNECTION("facebook-ads", FACEBOOK,
                                        "[{new: {account: act_1234567, name: One}, label: a}]"));
    world_pull(0);
    const char *mirror = world_mirror();
    configure(.connections = CONNECTION("facebook-ads", FACEBOOK,
                                        "[{new: {name: One, account: act_1234567}, label: a}]"));
    assert_contains(world_pull(0), "1 unchanged");
    assert_same(world_mirror(), mirror);
}

static void a_list_of_values_is_sent_once_for_each(void **state) {
    (void)state;
    configure(.connections = CONNECTION("facebook-ads", FACEBOOK,
                                        "[{new: {account: act_1234567, name: [One & two, Two]}, label: a}]"));
    world_pull(0);
    assert_int_equal(world_requests("GET */target/fields?*name*=One*%26*two*name*=Two*"), 1);
    assert_sql("SELECT creation_properties FROM targets",
               "{\"name\": [\"One & two\", \"Two\"], \"account\": \"act_1234567\"}");
}

/* What no include item takes in any more is let go by the next run; what another one takes in stays. */
static void include_items_can_change(void **state) {
    (void)state;
    configure(.targets = "[{include: \"*__c\"}]");
    world_pull(0);
    configure(.targets = "[{include: \"*__c\", exclude: [\"Tmp*\", \"Usage*\"]}]");
    world_pull(0);
    assert_changes("");
    assert_sql("SELECT target_id, managed, origin FROM targets ORDER BY 1",
               "Invoice__c|t|matched\nSubscription__c|t|matched\nTmpImport__c|f|matched\nUsage__c|f|matched");
    configure(.targets = "[Invoice__c, {include: \"T*\"}]");
    world_pull(0);
    assert_changes("");
    assert_sql("SELECT target_id, managed, origin FROM targets ORDER BY 1",
               "Invoice__c|t|listed\nSubscription__c|f|matched\nTmpImport__c|t|matched\nUsage__c|f|matched");
    configure(.targets = "[Invoice__c]");
    world_pull(0);
    assert_sql("SELECT target_id FROM targets WHERE managed", "Invoice__c");
}

/* An include item may take over what was named, without a word and without a new baseline. */
static void what_was_named_can_be_matched(void **state) {
    (void)state;
    configure(.targets = "[Account]");
    world_pull(0);
    const char *mirror = world_mirror();
    configure(.targets = "[{include: \"A*\"}]");
    world_pull(0);
    assert_changes("");
    assert_same(world_mirror(), mirror);
    assert_sql("SELECT target_id, origin, managed FROM targets", "Account|matched|t");
    configure(.targets = "[{include: \"L*\"}]");
    world_pull(0);
    assert_sql(managed, "Account|f|present\nLead|t|present");
}

/* Its schedule is that of the first item that names it, and it is looked at once. */
static void the_first_item_that_names_a_target_counts(void **state) {
    (void)state;
    configure(
            .targets =
                "[{id: Lead, every: 6h}, {include: \"[AL]*\"}, {id: Account, every: 3h}, {id: Lead, every: 2h}]");
    world_pull(0);
    assert_sql("SELECT target_id, schedule_interval FROM target_state ORDER BY 1",
               "Account|01:00:00\nLead|06:00:00");
    assert_int_equal(world_requests("GET */target/fields?*"), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(what_is_taken_out_keeps_its_rows),
        world_test(a_target_that_ends_while_it_is_out_is_told_of_when_it_is_in),
        world_test(a_connection_taken_out_keeps_its_rows),
        world_test(a_renamed_connection_keeps_its_rows),
        world_test(a_name_can_go_over_to_another_connection),
        world_test(other_inputs_make_a_new_baseline),
        world_test(the_same_inputs_in_another_order_are_the_same),
        world_test(a_list_of_values_is_sent_once_for_each),
        world_test(include_items_can_change),
        world_test(what_was_named_can_be_matched),
        world_test(the_first_item_that_names_a_target_counts),
    };
    return world_run_tests("managed", tests);
}
