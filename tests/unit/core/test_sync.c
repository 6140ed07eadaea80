#include "core/sync.h"

#include "../unit.h"

#include "base/macros.h"

static void modes(void **state) {
    (void)state;
    static const struct {
        const char *mode;
        bool creates, updates;
    } cases[] = {
        {"create", true, false},  {"update", false, true}, {"updateOrCreate", true, true},
        {"replace", true, false}, {"append", true, false}, {"snapshot", true, false},
        {"remove", false, false}, {"novel", true, true},   {"Create", true, true},
        {"", true, true},         {NULL, true, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (sync_mode_creates(cases[i].mode) != cases[i].creates ||
            sync_mode_updates(cases[i].mode) != cases[i].updates)
            fail_msg("%s", cases[i].mode ? cases[i].mode : "no mode");
}

static void what_a_sync_supplies(void **state) {
    (void)state;
    static const struct sync_field fields[] = {
        {.field_id = "filtered", .role = SYNC_ROLE_FILTER},
        {.field_id = "mapped", .role = SYNC_ROLE_MAPPING},
        {.field_id = "matched", .role = SYNC_ROLE_IDENTITY},
        {.field_id = "set", .role = SYNC_ROLE_OVERRIDE},
        {.field_id = "twice", .role = SYNC_ROLE_MAPPING},
        {.field_id = "twice", .role = SYNC_ROLE_FILTER},
    };
    const struct sync sync = {.fields = fields, .field_count = ARRAY_LENGTH(fields)}, empty = {0};
    assert_true(sync_supplies(&sync, "mapped"));
    assert_true(sync_supplies(&sync, "matched"));
    assert_true(sync_supplies(&sync, "set"));
    assert_true(sync_supplies(&sync, "twice"));
    assert_false(sync_supplies(&sync, "filtered"));
    assert_false(sync_supplies(&sync, "map"));
    assert_false(sync_supplies(&empty, "mapped"));
}

static void names_of_roles(void **state) {
    (void)state;
    assert_string_equal(sync_role_names[SYNC_ROLE_MAPPING], "mapping");
    assert_string_equal(sync_role_names[SYNC_ROLE_OVERRIDE], "override");
    assert_string_equal(sync_role_names[SYNC_ROLE_IDENTITY], "identity");
    assert_string_equal(sync_role_names[SYNC_ROLE_FILTER], "filter");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes),
        cmocka_unit_test(what_a_sync_supplies),
        cmocka_unit_test(names_of_roles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
