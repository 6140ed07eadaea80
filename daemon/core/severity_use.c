/* How the syncs use what has changed. */
#include <string.h>

#include "base/macros.h"
#include "core/severity_rules.h"

const char *const use_conditions[TEST_COUNT] = {
    [TEST_MODE] = "it was the last",
    [TEST_LABELS] = "the target uses its fields' names as labels",
    [TEST_CREATES] = "an active sync creates records in the target",
    [TEST_UNMAPPED] = "an active sync that creates records in the target does not supply the field",
    [TEST_ENCRYPTS] = "an active sync encrypts the field",
    [TEST_IDENTITY] = "an active sync matches by the field",
    [TEST_FUNCTION] = "an active sync matches with the function that is gone",
    [TEST_WITHOUT_IDENTITY] = "an active sync in that mode has no identity",
};

/* The parts of the question: of a sync, and of a field that it uses. */
typedef bool sync_question(const struct row *row, const struct sync *sync);
typedef bool field_question(const struct row *row, const struct sync_field *field);

static bool any_sync(const struct row *row, sync_question *question) {
    const struct target_use *use = &row->judge->use;
    for (size_t i = 0; i < use->count; i++)
        if (use->syncs[i]->active && question(row, use->syncs[i]))
            return true;
    return false;
}

static bool any_field(const struct row *row, field_question *question) {
    const struct target_use *use = &row->judge->use;
    for (size_t i = 0; i < use->count; i++) {
        const struct sync *sync = use->syncs[i];
        for (size_t k = 0; sync->active && k < sync->field_count; k++)
            if (strcmp(sync->fields[k].field_id, row->change->field_id) == 0 &&
                question(row, &sync->fields[k]))
                return true;
    }
    return false;
}

static bool uses_it(const struct row *row, const struct sync_field *field) {
    (void)row;
    (void)field;
    return true;
}

static bool encrypts_it(const struct row *row, const struct sync_field *field) {
    (void)row;
    return field->encrypted;
}

static bool matches_by_it(const struct row *row, const struct sync_field *field) {
    (void)row;
    return field->role == SYNC_ROLE_IDENTITY;
}

static bool matches_with_gone_function(const struct row *row, const struct sync_field *field) {
    return field->role == SYNC_ROLE_IDENTITY && field->function &&
           function_is_gone(row->old, row->new, field->function);
}

static bool writes_to_target(const struct row *row, const struct sync *sync) {
    (void)row;
    (void)sync;
    return true;
}

static bool creates(const struct row *row, const struct sync *sync) {
    (void)row;
    return sync_mode_creates(sync->mode);
}

static bool creates_without_it(const struct row *row, const struct sync *sync) {
    return sync_mode_creates(sync->mode) && !sync_supplies(sync, row->change->field_id);
}

static bool is_in_mode(const struct row *row, const struct sync *sync) {
    return sync->mode && strcmp(sync->mode, row->mode) == 0;
}

static bool is_in_unknown_mode(const struct row *row, const struct sync *sync) {
    (void)row;
    return !sync->mode;
}

static bool is_in_mode_without_identity(const struct row *row, const struct sync *sync) {
    if (!is_in_mode(row, sync))
        return false;
    for (size_t i = 0; i < sync->field_count; i++)
        if (sync->fields[i].role == SYNC_ROLE_IDENTITY)
            return false;
    return true;
}

static bool are_names_labels(const struct row *row) {
    const struct target *mirror = row->judge->mirror, *answer = row->judge->answer;
    const struct target *target = answer && answer->has_properties ? answer : mirror;
    const struct member *member =
        target ? member_find(target->properties, target->property_count, "use_field_names_as_labels") : NULL;
    return member && strcmp(member->value.canonical, "true") == 0;
}

static enum use known_or_not(const struct row *row, bool used) {
    if (used)
        return USE_USED;
    return row->judge->use.known ? USE_UNUSED : USE_UNKNOWN;
}

static enum use use_of_field(const struct row *row) {
    return known_or_not(row, any_field(row, uses_it));
}

static enum use use_of_target(const struct row *row) {
    return known_or_not(row, any_sync(row, writes_to_target));
}

/* A sync whose mode is not known may be in any. */
static enum use use_of_mode(const struct row *row) {
    enum use use = known_or_not(row, any_sync(row, is_in_mode));
    return use == USE_UNUSED && any_sync(row, is_in_unknown_mode) ? USE_UNKNOWN : use;
}

/* Where a sync that nobody could read may meet the condition. */
static enum use unless_unknown(const struct row *row, enum use (*use_of)(const struct row *row)) {
    return row->judge->use.known ? use_of(row) : USE_UNKNOWN;
}

enum use use_judge(enum use_test test, const struct row *row) {
    switch (test) {
    case TEST_FIELD:
        return use_of_field(row);
    case TEST_TARGET:
        return use_of_target(row);
    case TEST_MODE:
        return row->last_mode ? USE_MET : use_of_mode(row);
    case TEST_LABELS:
        return are_names_labels(row) ? USE_MET : USE_USED;
    case TEST_CREATES:
        return any_sync(row, creates) ? USE_MET : unless_unknown(row, use_of_target);
    case TEST_UNMAPPED:
        return any_sync(row, creates_without_it) ? USE_MET : unless_unknown(row, use_of_field);
    case TEST_ENCRYPTS:
        return any_field(row, encrypts_it) ? USE_MET : use_of_field(row);
    case TEST_IDENTITY:
        return any_field(row, matches_by_it) ? USE_MET : unless_unknown(row, use_of_field);
    case TEST_FUNCTION:
        return any_field(row, matches_with_gone_function) ? USE_MET : use_of_field(row);
    case TEST_WITHOUT_IDENTITY:
        return any_sync(row, is_in_mode_without_identity) ? USE_MET : use_of_mode(row);
    case TEST_NONE:
    case TEST_COUNT:
        break;
    }
    return USE_USED;
}
