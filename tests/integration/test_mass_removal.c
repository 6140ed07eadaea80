/* So much gone at once that it is held back: what that is, how long, and what ends it. */
#include "world.h"

#define ACCOUNT "'connection': 'salesforce-prod', 'target': 'Account'"
#define TMP     "'connection': 'salesforce-prod', 'target': 'TmpImport__c'"

static const char fetches[] = "GET */target/fields?*";
static const char states[] = "SELECT target_id, state, consecutive_failures FROM targets ORDER BY 1";

/* All of a target's fields. */
static void remove_all_fields(void) {
    world_edit("{'op': 'fields_set', " ACCOUNT ", 'value': []}");
}

static void all_fields_at_once_are_held_back(void **state) {
    (void)state;
    world_pull(0);
    const char *mirror = world_mirror(), *seen = world_value("SELECT last_seen_at FROM targets");
    remove_all_fields();
    world_edit("{'op': 'target_set', " ACCOUNT
               ", 'set': {'name': 'Company'}}"); /* the whole answer is put aside */
    world_forget_requests();
    const char *output = world_pull(0);
    assert_contains(output, "suspect");
    assert_contains(output, "schemasyncd accept salesforce-prod Account");
    assert_int_equal(world_requests(fetches), 2); /* after the second look */
    assert_changes("");
    assert_same(world_mirror(), mirror);
    assert_same(world_value("SELECT last_seen_at = '%s' FROM targets", seen), "t");
    assert_sql(
        "SELECT state, field_count, held_since IS NOT NULL, consecutive_failures, last_error FROM targets",
        "suspect|31|t|0|-");
    assert_sql("SELECT outcome, failed_target_count, change_count FROM runs ORDER BY started_at DESC LIMIT 1",
               "ok|0|0");
    assert_sql("SELECT count(*) FROM fields", "31");
    assert_contains(world_run(0, "status"), "31 fields would be removed");
    assert_sql("SELECT verdict FROM coverage WHERE target_id = 'Account'", "suspect");
}

/* All are too many, even where there are few: and one less is not. */
static void fewer_than_ten_fields_count_only_when_all_go(void **state) {
    (void)state;
    configure(.targets = "[TmpImport__c]");
    world_pull(0);
    world_edit(
        "{'op': 'field_remove', " TMP
        ", 'field': ['Name', 'Payload__c', 'Processed__c', 'CreatedDate', 'LastModifiedDate', 'SystemModstamp', 'IsDeleted']}");
    world_pull(0);
    assert_sql("SELECT count(*), min(kind::text) FROM changes", "7|field_removed");
    world_edit("{'op': 'fields_set', " TMP ", 'value': []}");
    world_pull(0);
    assert_sql("SELECT count(*) FROM changes", "7");
    assert_sql("SELECT state FROM targets", "suspect");
}

/* More than the share, where there are ten or more: 15 of 31 are not, 16 are. */
static void more_than_half_of_the_fields_are_held_back(void **state) {
    (void)state;
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'IsDeleted', 'cached': true}"); /* 30 */
    world_pull(0);
    world_edit(
        "{'op': 'field_remove', " ACCOUNT
        ", 'field': ['Billing*', 'Shipping*', 'Phone', 'AccountNumber', 'Website', 'Industry', 'AnnualRevenue']}");
    world_pull(0); /* exactly half */
    assert_sql("SELECT count(*) FROM changes WHERE kind = 'field_removed'", "15");
    assert_sql("SELECT state, field_count FROM targets", "present|15");
    world_edit(
        "{'op': 'field_remove', " ACCOUNT
        ", 'field': ['Name', 'Type', 'ParentId', 'NumberOfEmployees', 'Description', 'Rating', 'OwnerId', 'AccountSource']}");
    world_pull(0); /* 8 of 15 */
    assert_sql("SELECT count(*) FROM changes", "15");
    assert_sql("SELECT state, field_count FROM targets", "suspect|15");
}

static void the_share_can_be_configured(void **state) {
    (void)state;
    configure(.drift = "mass_removal: {over: 5%}");
    world_pull(0);
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}");
    world_pull(0);
    assert_changes("Account|field_removed|Rating|-|{}|-");
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': ['Phone', 'Website']}");
    world_pull(0); /* 2 of 30 */
    assert_changes("");
    assert_sql("SELECT state FROM targets", "suspect");
}

/* What only one of both answers lacks does not count. */
static void only_what_both_answers_lack_counts(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}");
    world_faults(
        "{'path': '*/target/fields', 'times': 1, 'replace': [['\\'fields\\':[', '\\'fields\\':[],\\'gone\\':[']]}");
    world_pull(0);
    assert_changes("Account|field_removed|Rating|-|{}|-");
    assert_sql("SELECT state FROM targets", "present");
}

/* All targets that a run looked at, when two or more; one alone is believed. */
static void all_targets_of_a_run_are_held_back(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    const char *mirror = world_mirror();
    world_edit("{'op': 'target_remove', 'connection': 'salesforce-prod', 'target': '[AL]*'}");
    assert_contains(world_pull(0), "suspect");
    assert_changes("");
    assert_same(world_mirror(), mirror);
    assert_sql(states, "Account|suspect|0\nLead|suspect|0");
    world_pull(0);
    assert_changes("");
    assert_sql(states, "Account|suspect|0\nLead|suspect|0");
}

static void one_target_alone_is_believed(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    world_edit("{'op': 'target_remove', 'connection': 'salesforce-prod', 'target': '[AL]*'}");
    world_pull(0, "--target", "Account");
    assert_changes("Account|target_removed|-|-|-|-");
    /* the one that is left is all that counts now */
    world_pull(0);
    assert_sql(states, "Account|missing|0\nLead|missing|0");
}

/* More than the share of a connection's targets, where it has ten or more: 5 of 10 are not, 6 are. */
static void more_than_half_of_the_targets_are_held_back(void **state) {
    (void)state;
    configure(.targets = "[{include: \"*\"}]");
    world_pull(0);
    assert_sql("SELECT count(*) FROM targets", "10");
    world_edit(
        "{'op': 'target_remove', 'connection': 'salesforce-prod', 'target': '[CLOU]*'}"); /* Campaign Contact
                                                                                             Lead Opportunity
                                                                                             Usage__c User */
    world_pull(0);
    assert_sql("SELECT count(*) FROM changes", "0");
    assert_sql(
        "SELECT count(*) FILTER (WHERE state = 'suspect'), count(*) FILTER (WHERE state = 'present') FROM targets",
        "6|4");
}

static void half_of_the_targets_are_believed(void **state) {
    (void)state;
    configure(.targets = "[{include: \"*\"}]");
    world_pull(0);
    world_edit(
        "{'op': 'target_remove', 'connection': 'salesforce-prod', 'target': '[CLU]*'}"); /* Campaign Contact
                                                                                            Lead Usage__c User
                                                                                          */
    world_pull(0);
    assert_sql("SELECT count(*), count(DISTINCT target_id), min(kind::text) FROM changes",
               "5|5|target_removed");
    /* of the five that are left, four are not all: what is missing does not count, and five are not ten */
    world_edit("{'op': 'target_remove', 'connection': 'salesforce-prod', 'target': '[AIOS]*'}");
    world_pull(0);
    assert_sql("SELECT count(*) FROM changes", "9");
    assert_sql("SELECT target_id FROM targets WHERE state = 'present'", "TmpImport__c");
}

/* The limits count what is managed: a tenth target that is not makes no ten. */
static void what_is_not_managed_does_not_count(void **state) {
    (void)state;
    configure(.targets = "[{include: \"*\"}]");
    world_pull(0);
    configure(.targets = "[{include: \"*\", exclude: [\"TmpImport__c\"]}]");
    world_pull(0);
    assert_sql("SELECT count(*), count(*) FILTER (WHERE managed) FROM targets", "10|9");
    world_edit("{'op': 'target_remove', 'connection': 'salesforce-prod', 'target': '[CLOU]*'}");
    world_pull(0);
    assert_sql("SELECT count(*), min(kind::text) FROM changes", "6|target_removed");
    assert_sql("SELECT count(*) FROM targets WHERE state = 'suspect'", "0");
}

/* The first answer at `hold` or later is applied without a second look. */
static void after_the_hold_it_is_applied(void **state) {
    (void)state;
    world_pull(0);
    remove_all_fields();
    world_pull(0);
    world_sql("UPDATE target_state SET held_since = held_since - interval '23 h 59 min'");
    world_pull(0);
    assert_changes("");
    assert_sql("SELECT state FROM targets", "suspect");
    world_sql("UPDATE target_state SET held_since = held_since - interval '1 min'");
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests(fetches), 1);
    assert_sql("SELECT count(*), min(kind::text) FROM changes", "31|field_removed");
    assert_sql("SELECT state, field_count, held_since FROM targets", "present|0|-");
    world_pull(0);
    assert_sql("SELECT count(*) FROM changes", "31");
}

static void after_the_hold_gone_targets_are_applied(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]", .drift = "mass_removal: {hold: 10m}");
    world_pull(0);
    world_edit("{'op': 'target_remove', 'connection': 'salesforce-prod', 'target': '[AL]*'}");
    world_pull(0);
    world_sql("UPDATE target_state SET held_since = held_since - interval '10 min'");
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests(fetches), 2);
    assert_changes("Account|target_removed|-|-|-|-\nLead|target_removed|-|-|-|-");
    assert_sql(states, "Account|missing|0\nLead|missing|0");
}

static void with_no_hold_the_next_answer_is_applied(void **state) {
    (void)state;
    configure(.drift = "mass_removal: {hold: 0s}");
    world_pull(0);
    remove_all_fields();
    world_pull(0);
    assert_changes("");
    world_pull(0);
    assert_sql("SELECT count(*) FROM changes", "31");
}

/* An answer that lacks something more starts the hold anew; one that lacks less, but too much still, does
 * not. */
static void lacking_more_starts_the_hold_anew(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': ['[A-H]*', 'S*']}");
    world_pull(0);
    assert_sql("SELECT state FROM targets", "suspect");
    world_sql("UPDATE target_state SET held_since = held_since - interval '20 h'");
    world_edit("{'op': 'field_add', " ACCOUNT ", 'value': {'id': 'AccountNumber', 'type': 'string'}}");
    world_pull(0); /* less: the time goes on */
    assert_sql("SELECT state, held_since < clock_timestamp() - interval '19 h' FROM targets", "suspect|t");
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'Name'}");
    world_pull(0);
    assert_sql("SELECT state, held_since > clock_timestamp() - interval '1 h' FROM targets", "suspect|t");
    assert_changes("");
}

/* That the target itself is gone is more than that its fields are; that it is back without them is less. */
static void gone_is_more_than_without_fields(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    world_edit(
        "[{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Account', 'id': 'Kept', 'name': 'Account'}]");
    remove_all_fields();
    world_pull(0);
    world_sql(
        "UPDATE target_state SET held_since = held_since - interval '20 h' WHERE held_since IS NOT NULL");
    world_edit("{'op': 'target_remove', " ACCOUNT "}");
    world_pull(0);
    assert_sql(
        "SELECT state, held_since > clock_timestamp() - interval '1 h' FROM targets WHERE target_id = 'Account'",
        "suspect|t");
    world_sql(
        "UPDATE target_state SET held_since = held_since - interval '20 h' WHERE held_since IS NOT NULL");
    world_edit(
        "{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Kept', 'id': 'Account', 'name': 'Account'}");
    remove_all_fields();
    world_pull(0);
    assert_sql(
        "SELECT state, held_since < clock_timestamp() - interval '19 h' FROM targets WHERE target_id = 'Account'",
        "suspect|t");
    assert_changes("");
}

/* Any other answer is recorded as usual and ends it. */
static void a_good_answer_clears_it(void **state) {
    (void)state;
    world_pull(0);
    const char *truth = world_truth("salesforce-prod&target=Account");
    remove_all_fields();
    world_pull(0);
    assert_sql("SELECT state FROM targets", "suspect");
    world_edit(
        "[{'op': 'target_add', 'connection': 'salesforce-prod', 'value': %s}, {'op': 'field_set', " ACCOUNT
        ", 'field': 'Phone', 'set': {'type': 'number'}}]",
        truth);
    world_pull(0);
    assert_changes("Account|field_changed|Phone|type|\"string\"|\"number\"");
    assert_sql("SELECT state, held_since, field_count FROM targets", "present|-|31");
}

/* One that lacks less than the limits allow is no longer held, and believed like any other: after a second
 * look. */
static void lacking_little_is_recorded_as_usual(void **state) {
    (void)state;
    world_pull(0);
    const char *truth = world_truth("salesforce-prod&target=Account");
    remove_all_fields();
    world_pull(0);
    assert_sql("SELECT state FROM targets", "suspect");
    world_edit(
        "[{'op': 'target_add', 'connection': 'salesforce-prod', 'value': %s}, {'op': 'field_remove', " ACCOUNT
        ", 'field': 'Rating'}]",
        truth);
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests(fetches), 2);
    assert_changes("Account|field_removed|Rating|-|{}|-");
    assert_sql("SELECT state, held_since, field_count FROM targets", "present|-|30");
}

static void a_gone_target_that_is_back_clears_it(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    world_edit("{'op': 'list_set', 'connection': 'salesforce-prod', 'target': '[AL]*', 'gone_fields': true}");
    world_pull(0);
    assert_sql(states, "Account|suspect|0\nLead|suspect|0");
    world_edit(
        "{'op': 'list_set', 'connection': 'salesforce-prod', 'target': 'Account', 'gone_fields': false}");
    world_pull(0);
    assert_sql(states, "Account|present|0\nLead|suspect|0");
    assert_changes("");
    /* a removal that comes after it is a new one */
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}");
    world_pull(0);
    assert_changes("Account|field_removed|Rating|-|{}|-");
}

static void accept_applies_it_with_the_next_run(void **state) {
    (void)state;
    configure(.targets = "[Account, Contact, Lead]");
    world_pull(0);
    world_edit("{'op': 'fields_set', 'connection': 'salesforce-prod', 'target': '[AC]*t', 'value': []}");
    world_pull(0);
    assert_sql(states, "Account|suspect|0\nContact|suspect|0\nLead|present|0");
    assert_contains(world_run(0, "accept", "salesforce-prod", "Account"), "Account");
    assert_sql("SELECT target_id FROM targets WHERE accepted_at IS NOT NULL", "Account");
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests("GET */target/fields?*target=Account*"), 1);
    assert_sql("SELECT target_id, count(*) FROM changes GROUP BY 1", "Account|31");
    assert_sql("SELECT target_id, state, accepted_at FROM targets ORDER BY 1",
               "Account|present|-\nContact|suspect|-\nLead|present|-");
    world_run(0, "accept", "salesforce-prod");
    world_pull(0);
    assert_sql("SELECT target_id, count(*) FROM changes GROUP BY 1 ORDER BY 1", "Account|31\nContact|29");
    assert_contains(world_run(0, "accept", "salesforce-prod"), "othing");
}

static void accept_serves_gone_targets_too(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_pull(0);
    world_edit("{'op': 'target_remove', 'connection': 'salesforce-prod', 'target': '[AL]*'}");
    world_pull(0);
    assert_sql(states, "Account|suspect|0\nLead|suspect|0");
    world_run(0, "accept", "salesforce-prod", "Lead");
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests("GET */target/fields?*target=Lead*"), 1);
    assert_changes("Lead|target_removed|-|-|-|-");
    assert_sql(states, "Account|suspect|0\nLead|missing|0");
}

/* The hold is over, and some fields are back: what is lacking still is applied, and no more. */
static void what_is_lacking_still_is_applied(void **state) {
    (void)state;
    world_pull(0);
    remove_all_fields();
    world_pull(0);
    world_sql("UPDATE target_state SET held_since = held_since - interval '24 h'");
    world_edit("{'op': 'field_add', " ACCOUNT ", 'value': {'id': 'Phone', 'type': 'number'}}");
    world_pull(0);
    assert_sql(
        "SELECT count(*) FILTER (WHERE kind = 'field_removed'), count(*) FILTER (WHERE field_id = 'Phone' AND attribute = 'type') FROM changes",
        "30|1");
    assert_sql("SELECT state, field_count FROM targets", "present|1");
}

/* A failed look is no good answer: the acceptance waits. A good one that needs no acceptance uses it up. */
static void accept_serves_one_good_answer(void **state) {
    (void)state;
    world_pull(0);
    const char *truth = world_truth("salesforce-prod&target=Account");
    remove_all_fields();
    world_pull(0);
    world_run(0, "accept", "salesforce-prod", "Account");
    world_faults("{'path': '*/target/fields', 'times': 1, 'status': 500}");
    world_pull(1);
    assert_sql("SELECT state, accepted_at IS NOT NULL FROM targets", "suspect|t");
    world_edit("{'op': 'target_add', 'connection': 'salesforce-prod', 'value': %s}", truth);
    world_pull(0);
    assert_sql("SELECT state, accepted_at FROM targets", "present|-");
    remove_all_fields();
    world_pull(0);
    assert_sql("SELECT state, accepted_at FROM targets", "suspect|-");
    assert_changes("");
}

/* A target that is held back is one more that fails, not one less: failures leave it as it is. */
static void a_failure_leaves_it_held(void **state) {
    (void)state;
    world_pull(0);
    remove_all_fields();
    world_pull(0);
    const char *since = world_value("SELECT held_since FROM targets");
    world_faults("{'path': '*/target/fields', 'status': 500}");
    world_pull(1);
    assert_sql("SELECT state, consecutive_failures FROM targets", "suspect|1");
    assert_same(world_value("SELECT held_since FROM targets"), since);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(all_fields_at_once_are_held_back),
        world_test(fewer_than_ten_fields_count_only_when_all_go),
        world_test(more_than_half_of_the_fields_are_held_back),
        world_test(the_share_can_be_configured),
        world_test(only_what_both_answers_lack_counts),
        world_test(all_targets_of_a_run_are_held_back),
        world_test(one_target_alone_is_believed),
        world_test(more_than_half_of_the_targets_are_held_back),
        world_test(half_of_the_targets_are_believed),
        world_test(what_is_not_managed_does_not_count),
        world_test(after_the_hold_it_is_applied),
        world_test(after_the_hold_gone_targets_are_applied),
        world_test(with_no_hold_the_next_answer_is_applied),
        world_test(lacking_more_starts_the_hold_anew),
        world_test(gone_is_more_than_without_fields),
        world_test(a_good_answer_clears_it),
        world_test(lacking_little_is_recorded_as_usual),
        world_test(a_gone_target_that_is_back_clears_it),
        world_test(accept_applies_it_with_the_next_run),
        world_test(accept_serves_gone_targets_too),
        world_test(what_is_lacking_still_is_applied),
        world_test(accept_serves_one_good_answer),
        world_test(a_failure_leaves_it_held),
    };
    return world_run_tests("mass removal", tests);
}
