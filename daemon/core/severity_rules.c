/* The rules. Docs and configuration know each by its id. */
#include "core/severity_rules.h"

#include <string.h>

#include "base/macros.h"
#include "core/severity_types.h"

static bool is_true(const char *json) {
    return json && strcmp(json, "true") == 0;
}

/* As good as absent. */
static bool is_empty(const char *json) {
    static const char *const empty[] = {"null", "false", "\"\"", "[]"};
    if (!json)
        return true;
    for (size_t i = 0; i < ARRAY_LENGTH(empty); i++)
        if (strcmp(json, empty[i]) == 0)
            return true;
    return json[0] == '[' && json[1 + strspn(json + 1, " \t\r\n")] == ']';
}

static bool lost(const struct row *row) {
    return is_true(row->change->old_value) && is_empty(row->change->new_value);
}

static bool gained(const struct row *row) {
    return is_empty(row->change->old_value) && is_true(row->change->new_value);
}

static bool now_required(const struct row *row) {
    return strcmp(row->key, "requires_configuration") == 0 ? gained(row) : lost(row);
}

static bool from_one_to_another(const struct row *row) {
    return !is_empty(row->change->old_value) && !is_empty(row->change->new_value);
}

static bool capability_gained(const struct row *row) {
    return strcmp(row->key, "requires_identity") == 0 ? lost(row) : gained(row);
}

static bool is_mass_removal(const struct row *row) {
    return row->judge->mass_removal;
}

static bool must_be_supplied(const struct row *row) {
    return row->after.must_supply;
}

static bool need_not_be_supplied(const struct row *row) {
    return !row->after.must_supply;
}

static bool became_must_supply(const struct row *row) {
    return !row->before.must_supply && row->after.must_supply;
}

static bool became_read_only(const struct row *row) {
    return !row->before.read_only && row->after.read_only;
}

static bool matchable_lost(const struct row *row) {
    return row->before.matchable && !row->after.matchable;
}

static const char *text_of(const struct field *field, enum field_text text) {
    return field ? field->texts[text] : NULL;
}

static bool type_widened(const struct row *row) {
    return type_is_wider(text_of(row->old, FIELD_TYPE), text_of(row->new, FIELD_TYPE));
}

static bool type_not_widened(const struct row *row) {
    return !type_widened(row);
}

static enum type_growth source_growth(const struct row *row) {
    if (!text_equal(text_of(row->old, FIELD_TYPE), text_of(row->new, FIELD_TYPE)))
        return TYPE_OTHER;
    return type_growth(text_of(row->old, FIELD_SOURCE_TYPE), text_of(row->new, FIELD_SOURCE_TYPE));
}

static bool source_grew(const struct row *row) {
    return source_growth(row) == TYPE_GREW;
}

static bool source_shrank(const struct row *row) {
    return source_growth(row) == TYPE_SHRANK;
}

static bool source_otherwise(const struct row *row) {
    return source_growth(row) == TYPE_OTHER;
}

static bool function_removed(const struct row *row) {
    struct functions_change change = functions_compare(row->old, row->new);
    return change.gone && change.remain;
}

static bool option_gained(const struct row *row) {
    if (strcmp(row->key, "identity_functions") == 0)
        return functions_compare(row->old, row->new).gained;
    return gained(row);
}

/* What stands in brackets behind each word: the severity where the condition of the test holds, where a sync
 * uses it, where that is not known, and where none does. */
#define ALWAYS(severity) \
    { severity, severity, severity, severity }
#define IF_USED(severity, unused) \
    { severity, severity, severity, unused }

#define INFO     SEVERITY_INFO
#define WARNING  SEVERITY_WARNING
#define BREAKING SEVERITY_BREAKING

#define IN(scope) (1U << SCOPE_##scope)

/* clang-format off */
const struct rule rules[] = {
    {"mass-removal", RANK_USUAL, IN(TARGET_REMOVED) | IN(FIELD_REMOVED), NULL, is_mass_removal, TEST_NONE, ALWAYS(BREAKING),
     "the removal of so many fields or targets at once that it was held back first, and then applied"},

    {"target-removed", RANK_USUAL, IN(TARGET_REMOVED), NULL, NULL, TEST_TARGET, IF_USED(BREAKING, WARNING),
     "the target is gone; a second look confirmed it"},
    {"target-added", RANK_USUAL, IN(TARGET_ADDED), NULL, NULL, TEST_NONE, ALWAYS(INFO),
     "a target that was not there before"},
    {"target-name-changed", RANK_USUAL, IN(TARGET_NAME), NULL, NULL, TEST_NONE, ALWAYS(INFO),
     "the target's name"},
    {"field-removed", RANK_USUAL, IN(FIELD_REMOVED), NULL, NULL, TEST_FIELD, IF_USED(BREAKING, WARNING),
     "the field is gone; a second look confirmed it"},
    {"field-added", RANK_USUAL, IN(FIELD_ADDED), NULL, need_not_be_supplied, TEST_NONE, ALWAYS(INFO),
     "a new field that may be left empty"},
    {"field-added-must-supply", RANK_USUAL, IN(FIELD_ADDED), NULL, must_be_supplied, TEST_CREATES, {BREAKING, WARNING, BREAKING, WARNING},
     "a new field that each new record must fill (`required` and `createable`)"},

    {"field-name-changed", RANK_USUAL, IN(FIELD), "name", NULL, TEST_LABELS, {WARNING, INFO, INFO, INFO},
     "the field's name"},
    {"field-description-changed", RANK_USUAL, IN(FIELD), "description", NULL, TEST_NONE, ALWAYS(INFO),
     "the field's description"},
    {"field-type-widened", RANK_USUAL, IN(FIELD), "type", type_widened, TEST_FIELD, IF_USED(WARNING, INFO),
     "another `type` that has room for every old value: integer → number, any scalar → string"},
    {"field-type-changed", RANK_USUAL, IN(FIELD), "type", type_not_widened, TEST_FIELD, IF_USED(BREAKING, WARNING),
     "any other change of `type`"},
    {"field-source-type-grew", RANK_USUAL, IN(FIELD), "source_type", source_grew, TEST_NONE, ALWAYS(INFO),
     "`type` is as before, and of `source_type` only the length or precision grew: `varchar(100)` → `varchar(255)`"},
    {"field-source-type-shrank", RANK_USUAL, IN(FIELD), "source_type", source_shrank, TEST_FIELD, IF_USED(BREAKING, WARNING),
     "`type` is as before, and the length or precision of `source_type` shrank, in all, before the point or behind it"},
    {"field-source-type-changed", RANK_USUAL, IN(FIELD), "source_type", source_otherwise, TEST_FIELD, IF_USED(WARNING, INFO),
     "any other change of `source_type`"},
    {"field-became-must-supply", RANK_DERIVED, IN(FIELD), "required createable", became_must_supply, TEST_UNMAPPED, {BREAKING, WARNING, BREAKING, WARNING},
     "each new record must fill the field from now on (`required` and `createable`)"},
    {"field-required-lifted", RANK_USUAL, IN(FIELD), "required", lost, TEST_NONE, ALWAYS(INFO),
     "`required` true → false"},
    {"field-required-not-writable", RANK_USUAL, IN(FIELD), "required", gained, TEST_NONE, ALWAYS(INFO),
     "`required` false → true of a field that is not `createable`"},
    {"field-became-read-only", RANK_DERIVED, IN(FIELD), "createable updateable", became_read_only, TEST_FIELD, IF_USED(BREAKING, WARNING),
     "neither `createable` nor `updateable` any more"},
    {"field-not-createable", RANK_USUAL, IN(FIELD), "createable", lost, TEST_FIELD, IF_USED(BREAKING, WARNING),
     "`createable` true → false, while `updateable` is true"},
    {"field-not-updateable", RANK_USUAL, IN(FIELD), "updateable", lost, TEST_FIELD, IF_USED(BREAKING, WARNING),
     "`updateable` true → false, while `createable` is true"},
    {"field-became-writable", RANK_USUAL, IN(FIELD), "createable updateable", gained, TEST_NONE, ALWAYS(INFO),
     "`createable` or `updateable` false → true"},
    {"field-not-filterable", RANK_USUAL, IN(FIELD), "filterable", lost, TEST_FIELD, IF_USED(WARNING, INFO),
     "`filterable` true → false"},
    {"field-association-flipped", RANK_USUAL, IN(FIELD), "association", NULL, TEST_FIELD, IF_USED(BREAKING, WARNING),
     "`association`, either way"},
    {"field-not-encryptable", RANK_USUAL, IN(FIELD), "encryptable", lost, TEST_ENCRYPTS, {BREAKING, WARNING, WARNING, INFO},
     "`encryptable` true → false"},
    {"field-not-matchable", RANK_DERIVED, IN(FIELD), "supports_identity identity_functions", matchable_lost, TEST_IDENTITY, {BREAKING, WARNING, BREAKING, WARNING},
     "records can be matched by the field no more (`supports_identity`, and at least one of `identity_functions`)"},
    {"field-identity-function-removed", RANK_USUAL, IN(FIELD), "identity_functions", function_removed, TEST_FUNCTION, {BREAKING, WARNING, WARNING, INFO},
     "one of `identity_functions` is gone, others remain"},
    {"field-option-gained", RANK_USUAL, IN(FIELD), "filterable encryptable supports_identity identity_functions", option_gained, TEST_NONE, ALWAYS(INFO),
     "`filterable`, `encryptable` or `supports_identity` false → true; an identity function that is new or has another label"},
    {"field-extra-changed", RANK_USUAL, IN(EXTRA), NULL, NULL, TEST_NONE, ALWAYS(INFO),
     "a member of the field that this version does not know"},
    {"field-other-changed", RANK_OTHER, IN(FIELD), NULL, NULL, TEST_NONE, ALWAYS(INFO),
     "anything else of a field"},

    {"mode-removed", RANK_USUAL, IN(MODE_REMOVED), NULL, NULL, TEST_MODE, IF_USED(BREAKING, WARNING),
     "the mode is gone; a second look confirmed it"},
    {"mode-added", RANK_USUAL, IN(MODE_ADDED), NULL, NULL, TEST_NONE, ALWAYS(INFO),
     "a new mode"},
    {"mode-label-changed", RANK_USUAL, IN(MODE), "label description", NULL, TEST_NONE, ALWAYS(INFO),
     "the mode's label or description"},
    {"mode-requires-identity", RANK_USUAL, IN(MODE), "requires_identity", gained, TEST_WITHOUT_IDENTITY, {BREAKING, WARNING, WARNING, WARNING},
     "`requires_identity` false → true"},
    {"mode-capability-lost", RANK_USUAL, IN(MODE), "supports_field_sync_mode supports_target_filters", lost, TEST_NONE, ALWAYS(WARNING),
     "`supports_field_sync_mode` or `supports_target_filters` true → false"},
    {"mode-capability-gained", RANK_USUAL, IN(MODE), "supports_field_sync_mode supports_target_filters requires_identity", capability_gained, TEST_NONE, ALWAYS(INFO),
     "one of these false → true, or `requires_identity` true → false"},
    {"mode-other-changed", RANK_OTHER, IN(MODE), NULL, NULL, TEST_NONE, ALWAYS(INFO),
     "anything else of a mode"},

    {"property-now-required", RANK_USUAL, IN(PROPERTY), "mappings_not_required optional_target_mappings requires_configuration", now_required, TEST_TARGET, IF_USED(BREAKING, WARNING),
     "`mappings_not_required` or `optional_target_mappings` true → false, `requires_configuration` false → true"},
    {"property-capability-lost", RANK_USUAL, IN(PROPERTY), "supports_* target_creator", lost, TEST_NONE, ALWAYS(WARNING),
     "one of `supports_…`, or `target_creator`, true → false"},
    {"property-counts-lost", RANK_USUAL, IN(PROPERTY), "does_not_report_operation_counts", gained, TEST_NONE, ALWAYS(WARNING),
     "`does_not_report_operation_counts` false → true"},
    {"property-metadata-object-changed", RANK_USUAL, IN(PROPERTY), "primary_metadata_object", from_one_to_another, TEST_NONE, ALWAYS(WARNING),
     "`primary_metadata_object` from one value to another"},
    {"property-changed", RANK_OTHER, IN(PROPERTY), NULL, NULL, TEST_NONE, ALWAYS(INFO),
     "any other property of the target, either way"},
};
/* clang-format on */

const size_t rules_count = ARRAY_LENGTH(rules);

/* Is the word one of those that stand between spaces? "supports_*" stands for all that begin so. */
static bool is_listed(const char *list, const char *word) {
    while (*list != '\0') {
        size_t length = strcspn(list, " ");
        bool open = list[length - 1] == '*';
        if (open ? strncmp(list, word, length - 1) == 0
                 : strlen(word) == length && memcmp(list, word, length) == 0)
            return true;
        list += length;
        list += strspn(list, " ");
    }
    return false;
}

bool rule_fits(const struct rule *rule, const struct row *row) {
    return (rule->scopes & 1U << row->scope) &&
           (!rule->attributes || is_listed(rule->attributes, row->key)) && (!rule->fits || rule->fits(row));
}
