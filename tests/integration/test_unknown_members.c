/* Members that this version does not know: kept, compared, and taken in without changes where all gain or
 * lose them. */
#include "world.h"

#include <string.h>

#define ACCOUNT "'connection': 'salesforce-prod', 'target': 'Account'"

static const char member_count[] = "SELECT count(*) FROM fields WHERE extra ? 'precision'";

/* How often a part stands in a text. */
static int times(const char *text, const char *part) {
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}

static void an_unknown_member_is_compared(void **state) {
    (void)state;
    world_edit("{'op': 'fields_set_all', " ACCOUNT ", 'set': {'precision': 10}}");
    world_pull(0);
    assert_sql(member_count, "31");
    world_edit("[{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'precision': 12}},"
               " {'op': 'field_set', " ACCOUNT ", 'field': 'Rating', 'unset': ['precision']},"
               " {'op': 'field_set', " ACCOUNT ", 'field': 'Website', 'set': {'scale': 2}}]");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|extra.precision|10|12\n"
                   "Account|field_changed|Rating|extra.precision|10|-\n"
                   "Account|field_changed|Website|extra.scale|-|2");
}

static void what_all_fields_gain_is_taken_in(void **state) {
    (void)state;
    world_pull(0);
    world_edit("[{'op': 'fields_set_all', " ACCOUNT ", 'set': {'precision': 10}},"
               " {'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'precision': 12}},"
               " {'op': 'field_set', " ACCOUNT ", 'field': 'Rating', 'set': {'type': 'number'}}]");
    const char *output = world_pull(0);
    assert_changes("Account|field_changed|Rating|type|\"string\"|\"number\"");
    assert_int_equal(times(output, "extra.precision"), 1); /* logged once */
    /* a new version, without a change */
    assert_sql(member_count, "31");
    assert_sql("SELECT count(*), count(valid_to) FROM field_versions", "62|31");
    assert_contains_not(world_pull(0), "extra.precision");
    assert_changes("");
}

static void what_all_fields_lose_is_taken_in(void **state) {
    (void)state;
    world_edit("{'op': 'fields_set_all', " ACCOUNT ", 'set': {'precision': 10}}");
    world_pull(0);
    world_edit("{'op': 'fields_set_all', " ACCOUNT ", 'unset': ['precision']}");
    assert_int_equal(times(world_pull(0), "extra.precision"), 1);
    assert_changes("");
    assert_sql(member_count, "0");
}

/* "All" are those that both answers have: what a new field brings, or one that went had, does not count. */
static void only_fields_of_both_answers_count(void **state) {
    (void)state;
    world_pull(0);
    world_edit("[{'op': 'fields_set_all', " ACCOUNT
               ", 'set': {'precision': 10}}, {'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'},"
               " {'op': 'field_add', " ACCOUNT ", 'value': {'id': 'News__c', 'type': 'string'}}]");
    world_pull(0);
    assert_changes("Account|field_added|News__c|-|-|{}\nAccount|field_removed|Rating|-|{}|-");
    assert_sql(member_count, "30");
}

static void what_all_but_one_gain_is_a_change_of_each(void **state) {
    (void)state;
    world_pull(0);
    world_edit("[{'op': 'fields_set_all', " ACCOUNT ", 'set': {'precision': 10}},"
               " {'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'unset': ['precision']}]");
    world_pull(0);
    assert_sql("SELECT kind, attribute, count(*) FROM changes GROUP BY 1, 2",
               "field_changed|extra.precision|30");
}

/* The value does not count, only that the member is there: gained as null is gained too. */
static void an_empty_member_gained_and_filled_later(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'fields_set_all', " ACCOUNT ", 'set': {'precision': null}}");
    world_pull(0);
    assert_changes("");
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'precision': 3}}");
    world_pull(0);
    assert_sql("SELECT attribute, new_value FROM changes", "extra.precision|3");
}

static void what_properties_gain_or_lose_is_taken_in(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'property_set', " ACCOUNT ", 'set': {'supports_everything': true}}");
    assert_int_equal(times(world_pull(0), "properties.supports_everything"), 1);
    assert_changes("");
    assert_sql("SELECT properties -> 'supports_everything' FROM targets", "true");
    world_edit("{'op': 'property_set', " ACCOUNT ", 'set': {'supports_everything': false}}");
    world_pull(0);
    assert_changes("Account|target_changed|-|properties.supports_everything|true|false");
    world_edit("{'op': 'property_set', " ACCOUNT ", 'unset': ['supports_everything']}");
    assert_int_equal(times(world_pull(0), "properties.supports_everything"), 1);
    assert_changes("");
    assert_sql("SELECT properties ? 'supports_everything' FROM targets", "f");
}

static void what_a_mode_gains_or_loses_is_taken_in(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'mode_set', " ACCOUNT ", 'mode': 'create', 'set': {'batch_size': 100}}");
    assert_int_equal(times(world_pull(0), "create.batch_size"), 1);
    assert_changes("");
    world_edit("{'op': 'mode_set', " ACCOUNT ", 'mode': 'create', 'set': {'batch_size': 200}}");
    world_pull(0);
    assert_changes("Account|mode_changed|-|create.batch_size|100|200");
    world_edit("{'op': 'mode_set', " ACCOUNT ", 'mode': 'create', 'unset': ['batch_size']}");
    assert_int_equal(times(world_pull(0), "create.batch_size"), 1);
    assert_changes("");
    assert_sql("SELECT modes -> 0 ? 'batch_size' FROM targets", "f");
}

/* A known member is never taken in, whoever gains it. */
static void a_known_member_that_all_gain_is_a_change_of_each(void **state) {
    (void)state;
    world_edit("[{'op': 'fields_set_all', " ACCOUNT
               ", 'unset': ['encryptable']}, {'op': 'property_set', " ACCOUNT
               ", 'unset': ['target_creator']}]");
    world_pull(0);
    world_edit("[{'op': 'fields_set_all', " ACCOUNT
               ", 'set': {'encryptable': true}}, {'op': 'property_set', " ACCOUNT
               ", 'set': {'target_creator': true}}]");
    world_pull(0);
    assert_sql("SELECT kind, attribute, count(*) FROM changes GROUP BY 1, 2 ORDER BY 1",
               "target_changed|properties.target_creator|1\nfield_changed|encryptable|31");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(an_unknown_member_is_compared),
        world_test(what_all_fields_gain_is_taken_in),
        world_test(what_all_fields_lose_is_taken_in),
        world_test(only_fields_of_both_answers_count),
        world_test(what_all_but_one_gain_is_a_change_of_each),
        world_test(an_empty_member_gained_and_filled_later),
        world_test(what_properties_gain_or_lose_is_taken_in),
        world_test(what_a_mode_gains_or_loses_is_taken_in),
        world_test(a_known_member_that_all_gain_is_a_change_of_each),
    };
    return world_run_tests("unknown members", tests);
}
