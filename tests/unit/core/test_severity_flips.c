/* Each flip of each attribute, under each kind of use: a rule of its own for each row, as the documentation
 * says it in words. The expectations are written down here a second time, without the table. */
#include "core/severity.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "core/target_members.h"

enum { BY_SYNC, BY_NONE, NOT_KNOWN, USES };

static const struct sync_field mapped = {.field_id = "f", .role = SYNC_ROLE_MAPPING};
static const struct sync update = {
    .id = "s", .active = true, .mode = "update", .fields = &mapped, .field_count = 1};
static const struct sync *const syncs[] = {&update};
static const struct target_use uses[USES] = {
    [BY_SYNC] = {.known = true, .syncs = syncs, .count = 1},
    [BY_NONE] = {.known = true},
    [NOT_KNOWN] = {.known = false},
};

struct expected {
    const char *rule;
    enum severity severities[USES];
};

#define B SEVERITY_BREAKING
#define W SEVERITY_WARNING
#define I SEVERITY_INFO

static struct expected expect(const char *rule, enum severity used, enum severity unused,
                              enum severity unknown) {
    return (struct expected){rule, {used, unused, unknown}};
}

static bool has(const struct field *field, enum field_flag flag) {
    return field->flags[flag] == FLAG_TRUE;
}

static struct expected expect_required(const struct field *old, const struct field *new) {
    if (has(old, FIELD_REQUIRED))
        return expect("field-required-lifted", I, I, I);
    return has(new, FIELD_CREATEABLE) ? expect("field-became-must-supply", W, W, B)
                                      : expect("field-required-not-writable", I, I, I);
}

static struct expected expect_right(enum field_flag flag, const struct field *new) {
    if (has(new, flag)) {
        bool must = flag == FIELD_CREATEABLE && has(new, FIELD_REQUIRED);
        return must ? expect("field-became-must-supply", W, W, B) : expect("field-became-writable", I, I, I);
    }
    if (!has(new, FIELD_CREATEABLE) && !has(new, FIELD_UPDATEABLE))
        return expect("field-became-read-only", B, W, B);
    return expect(flag == FIELD_CREATEABLE ? "field-not-createable" : "field-not-updateable", B, W, B);
}

static bool matchable(const struct field *field) {
    return has(field, FIELD_SUPPORTS_IDENTITY) && *field->identity_functions.canonical;
}

static struct expected expect_flag(enum field_flag flag, const struct field *old, const struct field *new) {
    switch (flag) {
    case FIELD_REQUIRED:
        return expect_required(old, new);
    case FIELD_CREATEABLE:
    case FIELD_UPDATEABLE:
        return expect_right(flag, new);
    case FIELD_ASSOCIATION:
        return expect("field-association-flipped", B, W, B);
    case FIELD_SUPPORTS_IDENTITY:
        if (matchable(old) && !matchable(new))
            return expect("field-not-matchable", W, W, B);
        return has(new, flag) ? expect("field-option-gained", I, I, I)
                              : expect("field-other-changed", I, I, I);
    case FIELD_FILTERABLE:
        return has(new, flag) ? expect("field-option-gained", I, I, I)
                              : expect("field-not-filterable", W, I, W);
    default:
        return has(new, flag) ? expect("field-option-gained", I, I, I)
                              : expect("field-not-encryptable", W, I, W);
    }
}

/* Lists of identity functions: bit 1 is e, bit 2 is d, bit 4 is d with a label. */
static const char *const lists[] = {
    "",
    "[{\"id\":\"e\"}]",
    "[{\"id\":\"d\"}]",
    "[{\"id\":\"d\"},{\"id\":\"e\"}]",
    "[{\"id\":\"d\",\"label\":\"D\"}]",
    "[{\"id\":\"d\",\"label\":\"D\"},{\"id\":\"e\"}]",
};

static struct expected expect_functions(size_t before, size_t after, const struct field *old,
                                        const struct field *new) {
    bool e = before & 1, d = before > 1, e_now = after & 1, d_now = after > 1;
    if (matchable(old) && !matchable(new))
        return expect("field-not-matchable", W, W, B);
    if (((e && !e_now) || (d && !d_now)) && after > 0)
        return expect("field-identity-function-removed", W, I, W);
    if ((!e && e_now) || (!d && d_now) || (d && d_now && (before & 4) != (after & 4)))
        return expect("field-option-gained", I, I, I);
    return expect("field-other-changed", I, I, I);
}

static void check_row(const struct target *mirror, const struct target *answer, const struct change *changes,
                      size_t count, size_t row, const struct expected *expected) {
    for (size_t use = 0; use < USES; use++) {
        struct judgement judgements[FIELD_FLAG_COUNT + FIELD_TEXT_COUNT + 1];
        const struct judge judge = {.use = uses[use], .mirror = mirror, .answer = answer};
        severity_judge(&judge, changes, count, judgements);
        if (strcmp(judgements[row].rule, expected->rule) != 0 ||
            judgements[row].severity != expected->severities[use] ||
            judgements[row].severity_if_used < judgements[row].severity || judgements[row].ignored)
            fail_msg("%s, use %zu: %s %d, expected %s %d", changes[row].attribute, use, judgements[row].rule,
                     (int)judgements[row].severity, expected->rule, (int)expected->severities[use]);
    }
}

/* All that differs between two fields, as the comparison gives it. */
static size_t flag_rows(const struct field *old, const struct field *new, struct change *ret,
                        enum field_flag *ret_flags) {
    size_t count = 0;
    for (size_t i = 0; i < FIELD_FLAG_COUNT; i++) {
        if (flag_equal(old->flags[i], new->flags[i]))
            continue;
        ret_flags[count] = (enum field_flag)i;
        ret[count++] = (struct change){.kind = CHANGE_FIELD_CHANGED,
                                       .field_id = "f",
                                       .attribute = field_flag_names[i],
                                       .old_value = old->flags[i] == FLAG_TRUE ? "true" : NULL,
                                       .new_value = new->flags[i] == FLAG_TRUE ? "true" : "false"};
    }
    return count;
}

static void set_flags(struct field *field, unsigned bits) {
    for (size_t i = 0; i < FIELD_FLAG_COUNT; i++)
        field->flags[i] = bits >> i & 1 ? FLAG_TRUE : i % 2 ? FLAG_FALSE : FLAG_ABSENT;
}

/* Every state of all flags against every other. */
static void all_flags(void **state) {
    (void)state;
    struct field old = {.id = "f", .identity_functions.canonical = lists[1]}, new = old;
    struct target mirror = {.fields = &old, .field_count = 1}, answer = {.fields = &new, .field_count = 1};
    for (unsigned before = 0; before < 1U << FIELD_FLAG_COUNT; before++)
        for (unsigned after = 0; after < 1U << FIELD_FLAG_COUNT; after++) {
            struct change changes[FIELD_FLAG_COUNT];
            enum field_flag flags[FIELD_FLAG_COUNT];
            set_flags(&old, before);
            set_flags(&new, after);
            size_t count = flag_rows(&old, &new, changes, flags);
            for (size_t i = 0; i < count; i++) {
                struct expected expected = expect_flag(flags[i], &old, &new);
                check_row(&mirror, &answer, changes, count, i, &expected);
            }
        }
}

/* Every list of functions against every other, with the flag before and after. */
static void all_functions(void **state) {
    (void)state;
    struct field old = {.id = "f"}, new = old;
    struct target mirror = {.fields = &old, .field_count = 1}, answer = {.fields = &new, .field_count = 1};
    for (size_t i = 0; i < ARRAY_LENGTH(lists) * ARRAY_LENGTH(lists) * 4; i++) {
        size_t before = i / 4 / ARRAY_LENGTH(lists), after = i / 4 % ARRAY_LENGTH(lists);
        if (before == after)
            continue;
        old.identity_functions.canonical = lists[before];
        new.identity_functions.canonical = lists[after];
        old.flags[FIELD_SUPPORTS_IDENTITY] = i & 1 ? FLAG_TRUE : FLAG_ABSENT;
        new.flags[FIELD_SUPPORTS_IDENTITY] = i & 2 ? FLAG_TRUE : FLAG_FALSE;
        struct change changes[FIELD_FLAG_COUNT + 1];
        enum field_flag flags[FIELD_FLAG_COUNT];
        size_t count = flag_rows(&old, &new, changes, flags);
        changes[count] =
            (struct change){.kind = CHANGE_FIELD_CHANGED, .field_id = "f", .attribute = "identity_functions"};
        struct expected expected = expect_functions(before, after, &old, &new);
        check_row(&mirror, &answer, changes, count + 1, count, &expected);
        for (size_t k = 0; k < count; k++) {
            expected = expect_flag(flags[k], &old, &new);
            check_row(&mirror, &answer, changes, count + 1, k, &expected);
        }
    }
}

static struct expected expect_text(enum field_text text, const char *old, const char *new) {
    if (text == FIELD_NAME)
        return expect("field-name-changed", I, I, I);
    if (text == FIELD_DESCRIPTION)
        return expect("field-description-changed", I, I, I);
    bool to_string = new &&strncmp(new, "string", 6) == 0;
    if (text == FIELD_TYPE)
        return to_string && strlen(new) == 6 && old && *old && strcmp(old, "json") != 0
                   ? expect("field-type-widened", W, I, W)
                   : expect("field-type-changed", B, W, B);
    bool both = to_string && old && strncmp(old, "string", 6) == 0;
    if (!both)
        return expect("field-source-type-changed", W, I, W);
    return strlen(new) == 6 ? expect("field-source-type-grew", I, I, I)
                            : expect("field-source-type-shrank", B, W, B);
}

/* Every text from and to each of these, alone. */
static void all_texts(void **state) {
    (void)state;
    static const char *const texts[] = {NULL, "integer", "json", "string", "string(3)"};
    struct field old = {.id = "f"}, new = old;
    struct target mirror = {.fields = &old, .field_count = 1}, answer = {.fields = &new, .field_count = 1};
    for (size_t text = 0; text < FIELD_TEXT_COUNT; text++)
        for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
            for (size_t k = 0; k < ARRAY_LENGTH(texts); k++) {
                if (i == k)
                    continue;
                old.texts[text] = texts[i];
                new.texts[text] = texts[k];
                const struct change change = {
                    .kind = CHANGE_FIELD_CHANGED, .field_id = "f", .attribute = field_text_names[text]};
                struct expected expected = expect_text((enum field_text)text, texts[i], texts[k]);
                check_row(&mirror, &answer, &change, 1, 0, &expected);
                old.texts[text] = new.texts[text] = NULL;
            }
}

/* What the documentation says of a property or of a mode's member that flips. */
struct member_rule {
    const char *name;
    struct expected lost, gained;
};

#define NOTHING(rule) \
    {                 \
        rule, {       \
            I, I, I   \
        }             \
    }
#define LESS(rule)  \
    {               \
        rule, {     \
            W, W, W \
        }           \
    }
#define DUTY                       \
    {                              \
        "property-now-required", { \
            B, W, B                \
        }                          \
    }

/* clang-format off */
static const struct member_rule property_rules[] = {
    {"does_not_report_operation_counts", NOTHING("property-changed"), LESS("property-counts-lost")},
    {"mappings_not_required", DUTY, NOTHING("property-changed")},
    {"optional_target_mappings", DUTY, NOTHING("property-changed")},
    {"requires_configuration", NOTHING("property-changed"), DUTY},
    {"supports_field_creation", LESS("property-capability-lost"), NOTHING("property-changed")},
    {"supports_field_encryption", LESS("property-capability-lost"), NOTHING("property-changed")},
    {"supports_field_type_selection", LESS("property-capability-lost"), NOTHING("property-changed")},
    {"supports_identity_field_creation", LESS("property-capability-lost"), NOTHING("property-changed")},
    {"supports_target_filters", LESS("property-capability-lost"), NOTHING("property-changed")},
    {"target_creator", LESS("property-capability-lost"), NOTHING("property-changed")},
    {"use_field_names_as_labels", NOTHING("property-changed"), NOTHING("property-changed")},
};

static const struct member_rule mode_rules[] = {
    {"requires_identity", NOTHING("mode-capability-gained"), {"mode-requires-identity", {B, W, W}}},
    {"supports_field_sync_mode", LESS("mode-capability-lost"), NOTHING("mode-capability-gained")},
    {"supports_target_filters", LESS("mode-capability-lost"), NOTHING("mode-capability-gained")},
};
/* clang-format on */

static void check_members(const struct known_table *table, enum member_type type,
                          const struct member_rule *rules, size_t count, enum change_kind kind,
                          const char *prefix) {
    static const char *const empty[] = {NULL, "false"};
    struct mode mode = {.id = "update"};
    struct target mirror = {.modes = &mode, .mode_count = 1}, answer = mirror;
    size_t seen = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (table->members[i].type != type)
            continue;
        if (seen == count || strcmp(rules[seen].name, table->members[i].name) != 0)
            fail_msg("%s has no expectation", table->members[i].name);
        char attribute[100];
        snprintf(attribute, sizeof(attribute), "%s.%s", prefix, rules[seen].name);
        for (size_t k = 0; k < ARRAY_LENGTH(empty); k++) {
            struct change change = {
                .kind = kind, .attribute = attribute, .old_value = "true", .new_value = empty[k]};
            check_row(&mirror, &answer, &change, 1, 0, &rules[seen].lost);
            change.new_value = "true";
            change.old_value = empty[k];
            check_row(&mirror, &answer, &change, 1, 0, &rules[seen].gained);
        }
        seen++;
    }
    assert_int_equal(seen, count);
}

/* Every flag that the documentation of the API names, either way, absent and false. */
static void all_properties_and_modes(void **state) {
    (void)state;
    check_members(&known_properties, TYPE_FLAG, property_rules, ARRAY_LENGTH(property_rules),
                  CHANGE_TARGET_CHANGED, "properties");
    check_members(&known_mode, TYPE_FLAG, mode_rules, ARRAY_LENGTH(mode_rules), CHANGE_MODE_CHANGED,
                  "update");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_flags),
        cmocka_unit_test(all_functions),
        cmocka_unit_test(all_texts),
        cmocka_unit_test(all_properties_and_modes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
