#include "service/batch.h"

#include <string.h>

#include "../unit.h"

static const char run_id[] = "00000000-0000-4000-8000-000000000001";

static struct field field_of(const char *id, unsigned position) {
    return (struct field){.id = id, .position = position, .identity_functions = {NULL, ""}};
}

static void a_baseline_goes_straight_into_the_table(void **state) {
    (void)state;
    static const struct member extra[] = {
        {"a\"b", {"12345678901234567890", "x"}, false},
        {"z", {"null", ""}, false},
    };
    struct field field = field_of("Em\tail", 3);
    field.texts[FIELD_NAME] = "E\\mail\n";
    field.texts[FIELD_DESCRIPTION] = "";
    field.flags[FIELD_REQUIRED] = FLAG_TRUE;
    field.flags[FIELD_CREATEABLE] = FLAG_FALSE;
    field.identity_functions.raw = "[{\"id\": \"a\\\\b\"}]";
    field.extra = extra;
    field.extra_count = 2;
    const struct field_edit edit = {FIELD_ACTION_ADD, &field};
    const struct staged_target target = {.key = 7,
                                         .outcome = LOOK_BASELINE,
                                         .seen_at = 1000000,
                                         .refreshed_at = USEC_NONE,
                                         .next_due_at = USEC_NONE,
                                         .field_count = 1,
                                         .target_differs = true,
                                         .name = "A\rB"};
    struct batch *batch = batch_new(run_id, true);
    batch_add(batch, &target, &edit, 1, NULL, NULL, 0);
    assert_string_equal(
        buffer_text(&batch->fields),
        "7\t3\tEm\\tail\tE\\\\mail\\n\t\t\\N\t\\N\tt\tf\t\\N\t\\N\t\\N\t\\N\t\\N\t[{\"id\": \"a\\\\\\\\b\"}]\t"
        "{\"a\\\\\"b\":12345678901234567890,\"z\":null}\n");
    assert_string_equal(buffer_text(&batch->targets),
                        "7\tbaseline\t1970-01-01T00:00:01Z\t\\N\t\\N\t\\N\t1\tt\tA\\rB\t\\N\t\\N\tf\tf\t"
                        "\\N\t\\N\t\\N\n");
    assert_int_equal(batch->changes.length, 0);
    batch_free(batch);
}

static void what_is_staged_carries_its_run(void **state) {
    (void)state;
    struct field field = field_of("Fax", 1);
    const struct field_edit edits[] = {{FIELD_ACTION_REMOVE, &field}, {FIELD_ACTION_MOVE, &field}};
    const struct change changes[] = {
        {CHANGE_FIELD_REMOVED, "Fax", NULL, "{\"id\":\"Fax\"}", NULL},
        {.kind = CHANGE_TARGET_CHANGED, .attribute = "name", .new_value = "\"x\""}};
    static const char *const held[] = {"a\"b", "c,d"};
    struct fingerprint fingerprint = fingerprint_make(FINGERPRINT_WHOLE, "{}", 2, "", NULL);
    const struct staged_target target = {.key = 9,
                                         .outcome = LOOK_HELD,
                                         .seen_at = USEC_NONE,
                                         .refreshed_at = USEC_NONE,
                                         .next_due_at = USEC_NONE,
                                         .fingerprint = &fingerprint,
                                         .hold_anew = true,
                                         .held_fields = held,
                                         .held_count = 2,
                                         .error = "why"};
    struct batch *batch = batch_new(run_id, false);
    const struct judgement judgements[] = {{"field-removed", SEVERITY_WARNING, SEVERITY_BREAKING, false},
                                           {"target-name-changed", SEVERITY_INFO, SEVERITY_INFO, true}};
    batch_add(batch, &target, edits, 2, changes, judgements, 2);
    assert_non_null(
        strstr(batch->fields.data, "00000000-0000-4000-8000-000000000001\t9\t0\tremove\t1\tFax\t"));
    assert_non_null(
        strstr(batch->fields.data, "\n00000000-0000-4000-8000-000000000001\t9\t1\tmove\t1\tFax\t"));
    assert_string_equal(
        batch->changes.data,
        "00000000-0000-4000-8000-000000000001\t9\t0\tfield_removed\tFax\t\\N\t{\"id\":\"Fax\"}\t\\N\tfield-removed\twarning\tbreaking\tf\n"
        "00000000-0000-4000-8000-000000000001\t9\t1\ttarget_changed\t\\N\tname\t\\N\t\"x\"\ttarget-name-changed\tinfo\tinfo\tt\n");
    assert_non_null(
        strstr(batch->targets.data, "\t\\\\x11")); /* the fingerprint: rule 1, kind 1, escaped for COPY */
    assert_non_null(strstr(batch->targets.data, "\tt\tf\t{\"a\\\\\"b\",\"c,d\"}\t\\N\twhy\n"));
    batch_free(batch);
}

static void a_slice_has_its_targets_rows_alone(void **state) {
    (void)state;
    struct batch *batch = batch_new(run_id, true);
    for (int key = 1; key <= 5; key++) {
        struct field field = field_of("f", (unsigned)key);
        struct field_edit edits[] = {{FIELD_ACTION_ADD, &field}, {FIELD_ACTION_ADD, &field}};
        const struct staged_target target = {.key = key,
                                             .outcome = LOOK_BASELINE,
                                             .seen_at = USEC_NONE,
                                             .refreshed_at = USEC_NONE,
                                             .next_due_at = USEC_NONE};
        batch_add(batch, &target, edits, (size_t)(key % 3), NULL, NULL, 0); /* one has no fields at all */
    }
    size_t fields = 0, targets = 0;
    for (size_t first = 0; first < 5; first += 2) {
        struct batch *slice = batch_slice(batch, first, first == 4 ? 1 : 2);
        assert_int_equal(slice->entries[0].key, (int)first + 1);
        assert_int_equal(slice->entries[slice->entry_count - 1].targets_end, slice->targets.length);
        assert_int_equal(slice->entries[slice->entry_count - 1].fields_end, slice->fields.length);
        assert_int_equal(memcmp(slice->targets.data, batch->targets.data + targets, slice->targets.length),
                         0);
        if (slice->fields.length > 0)
            assert_int_equal(memcmp(slice->fields.data, batch->fields.data + fields, slice->fields.length),
                             0);
        fields += slice->fields.length;
        targets += slice->targets.length;
        batch_free(slice);
    }
    assert_int_equal(fields, batch->fields.length);
    assert_int_equal(targets, batch->targets.length);
    batch_free(batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_baseline_goes_straight_into_the_table),
        cmocka_unit_test(what_is_staged_carries_its_run),
        cmocka_unit_test(a_slice_has_its_targets_rows_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
