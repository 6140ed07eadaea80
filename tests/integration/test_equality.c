/* What is equal, and what is stored of it. */
#include "world.h"

#define ACCOUNT "'connection': 'salesforce-prod', 'target': 'Account'"

static void order_is_no_change(void **state) {
    (void)state;
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'identity_functions':"
               " [{'id': 'Equality', 'label': 'Equals'}, {'id': 'ISubstring', 'label': 'Contains'}]}}");
    world_pull(0);
    const char *versions = world_value("SELECT count(*) FROM field_versions");
    world_edit("[{'op': 'field_move', " ACCOUNT ", 'field': 'Phone', 'position': 0},"
               " {'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'identity_functions':"
               " [{'label': 'Contains', 'id': 'ISubstring'}, {'id': 'Equality', 'label': 'Equals'}]}},"
               " {'op': 'mode_remove', " ACCOUNT ", 'mode': 'create'},"
               " {'op': 'mode_add', " ACCOUNT
               ", 'value': {'supports_target_filters': false, 'mode': 'create', 'label': 'Create',"
               " 'description': 'Adds new records and leaves existing ones alone'}}]");
    const char *output = world_pull(0);
    assert_contains(output, "; 0 changes;");
    assert_changes("");
    /* the place of a field is updated where it stands */
    assert_sql("SELECT field_id, ordinal_position FROM fields WHERE ordinal_position <= 3 ORDER BY 2",
               "Phone|1\nId|2\nName|3");
    assert_same(world_value("SELECT count(*) FROM field_versions"), versions);
    assert_sql("SELECT identity_functions -> 0 ->> 'id' FROM fields WHERE field_id = 'Phone'", "Equality");
    assert_sql("SELECT count(*) FROM target_versions", "1");
}

/* Absent, null, false, "" and [] are one value, and the one that came first stays. */
static void the_empty_values_are_one(void **state) {
    (void)state;
    world_edit(
        "[{'op': 'field_set', " ACCOUNT
        ", 'field': 'Phone', 'set': {'required': null, 'association': false, 'description': '',"
        " 'identity_functions': [], 'note': [], 'flag': false, 'text': ''}, 'unset': ['supports_identity']},"
        " {'op': 'mode_set', " ACCOUNT
        ", 'mode': 'create', 'set': {'label': '', 'requires_identity': false}},"
        " {'op': 'property_set', " ACCOUNT ", 'set': {'new_target_label': null, 'target_creator': false}}]");
    world_pull(0);
    static const char stored[] =
        "SELECT f.required, f.association, f.description, f.identity_functions, f.supports_identity, f.extra,"
        " t.modes -> 0, t.properties FROM fields f JOIN targets t USING (target_id) WHERE field_id = 'Phone'";
    const char *before = world_value("%s", stored);
    assert_contains(before, "-|f||[]|-|{\"flag\": false, \"note\": [], \"text\": \"\"}|");
    world_edit(
        "[{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'required': false, 'description': null,"
        " 'identity_functions': null, 'note': '', 'flag': null, 'text': [], 'supports_identity': false}, 'unset': ['association']},"
        " {'op': 'mode_set', " ACCOUNT
        ", 'mode': 'create', 'set': {'label': null}, 'unset': ['requires_identity']},"
        " {'op': 'property_set', " ACCOUNT
        ", 'set': {'new_target_label': ''}, 'unset': ['target_creator']}]");
    world_pull(0);
    assert_changes("");
    assert_same(world_value("%s", stored), before);
    assert_sql("SELECT count(*) FROM field_versions", "31");
    /* and an empty value differs from all others, the number 0 and the text "false" among them */
    world_edit("{'op': 'field_set', " ACCOUNT
               ", 'field': 'Phone', 'set': {'required': true, 'note': 0, 'flag': 'false', 'text': {}}}");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|extra.flag|false|\"false\"\n"
                   "Account|field_changed|Phone|extra.note|[]|0\n"
                   "Account|field_changed|Phone|extra.text|\"\"|{}\n"
                   "Account|field_changed|Phone|required|-|true");
}

static void refreshed_at_is_no_change(void **state) {
    (void)state;
    world_pull(0);
    const char *before = world_value("SELECT refreshed_at FROM targets");
    world_pull(0);
    assert_changes("");
    assert_same(world_value("SELECT refreshed_at > '%s' FROM targets", before), "t");
    assert_sql("SELECT count(*) FROM target_versions", "1");
}

/* A refreshed_at of something deeper is content like any other. */
static void a_deeper_refreshed_at_is_compared(void **state) {
    (void)state;
    world_edit(
        "[{'op': 'field_set', " ACCOUNT
        ", 'field': ['Phone', 'SystemModstamp', 'IsDeleted'], 'set': {'refreshed_at': '2026-01-01T00:00:00Z'}}]");
    world_pull(0);
    world_edit("[{'op': 'field_set', " ACCOUNT
               ", 'field': 'IsDeleted', 'set': {'refreshed_at': '2026-01-02T00:00:00Z'}}]");
    world_pull(0);
    assert_changes(
        "Account|field_changed|IsDeleted|extra.refreshed_at|\"2026-01-01T00:00:00Z\"|\"2026-01-02T00:00:00Z\"");
}

/* The order of an object's members is no content; the number of digits of a number is none either. */
static void values_are_compared_and_not_bytes(void **state) {
    (void)state;
    world_faults(
        "{'path': '*/target/fields', 'times': 1, 'replace': [['\\'name\\':\\'Account Phone\\'',"
        " '\\'deep\\':{\\'a\\':[1,{\\'b\\':2,\\'c\\':3}],\\'d\\':4},\\'name\\':\\'Account Phone\\'']]}");
    world_pull(0);
    assert_sql("SELECT extra FROM fields WHERE field_id = 'Phone'",
               "{\"deep\": {\"a\": [1, {\"b\": 2, \"c\": 3}], \"d\": 4}}");
    world_faults(
        "{'path': '*/target/fields', 'times': 1, 'replace': [['\\'name\\':\\'Account Phone\\'',"
        " '\\'name\\' : \\'Account \\\\u0050hone\\', \\'deep\\':{\\'d\\':4, \\'a\\':[1, {\\'c\\':3,\\'b\\':2}]}']]}");
    world_pull(0);
    assert_changes("");
    /* but the order of a list of unknown meaning is */
    world_faults(
        "{'path': '*/target/fields', 'replace': [['\\'name\\':\\'Account Phone\\'',"
        " '\\'name\\':\\'Account Phone\\', \\'deep\\':{\\'d\\':4, \\'a\\':[{\\'c\\':3,\\'b\\':2}, 1]}']]}");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|extra.deep|{}|{}");
}

/* Fields, modes and functions are matched by id: another id is another one. */
static void another_id_is_another_field(void **state) {
    (void)state;
    world_pull(0);
    world_edit("[{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'id': 'phone'}},"
               " {'op': 'mode_set', " ACCOUNT ", 'mode': 'create', 'set': {'mode': 'Create'}}]");
    world_pull(0);
    assert_changes("Account|mode_added|-|Create|-|{}\n"
                   "Account|mode_removed|-|create|{}|-\n"
                   "Account|field_removed|Phone|-|{}|-\n"
                   "Account|field_added|phone|-|-|{}");
}

static void members_beside_those_of_the_document_are_not_kept(void **state) {
    (void)state;
    world_pull(0);
    const char *before = world_mirror();
    world_edit("{'op': 'target_set', " ACCOUNT ", 'set': {'etag': 'W/1', 'permissions': {'a': [1, 2]}}}");
    world_pull(0);
    assert_changes("");
    assert_same(world_mirror(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(order_is_no_change),
        world_test(the_empty_values_are_one),
        world_test(refreshed_at_is_no_change),
        world_test(a_deeper_refreshed_at_is_compared),
        world_test(values_are_compared_and_not_bytes),
        world_test(another_id_is_another_field),
        world_test(members_beside_those_of_the_document_are_not_kept),
    };
    return world_run_tests("equality", tests);
}
