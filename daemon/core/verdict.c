#include "core/verdict.h"

#include <stdint.h>
#include <string.h>

const char *const target_origin_names[ORIGIN_COUNT] = {"listed", "matched", "synced", "new"};
const char *const target_state_names[STATE_COUNT] = {"pending", "present", "suspect", "missing"};

bool verdict_is_fresh(const struct proof *proof, usec_t refreshed_at) {
    if (!proof->asked || proof->last_seen == USEC_NONE)
        return true;
    if (refreshed_at == USEC_NONE)
        return false;
    return refreshed_at > proof->last_seen ||
           (proof->refresh_started != USEC_NONE && refreshed_at >= proof->refresh_started);
}

static bool is_over(size_t part, size_t whole, unsigned over_ppm) {
    return (unsigned __int128)part * 1000000 > (unsigned __int128)whole * over_ppm;
}

bool verdict_is_mass(size_t lacking, size_t of, const struct verdict_limits *limits) {
    if (lacking == 0)
        return false;
    return lacking >= of || (of >= VERDICT_MANY && is_over(lacking, of, limits->over_ppm));
}

bool verdict_is_mass_gone(size_t managed, size_t looked, size_t gone, const struct verdict_limits *limits) {
    if (gone == 0)
        return false;
    return (looked >= 2 && gone >= looked) ||
           (managed >= VERDICT_MANY && is_over(gone, managed, limits->over_ppm));
}

/* Does the answer lack something that was not lacking when the hold began? */
static bool lacks_more(const struct stored_target *stored, const struct lacking *lacking) {
    if (stored->held_gone)
        return false;
    size_t held = 0;
    for (size_t i = 0; i < lacking->field_count; i++) {
        while (held < stored->held_count && strcmp(stored->held_fields[held], lacking->field_ids[i]) < 0)
            held++;
        if (held == stored->held_count || strcmp(stored->held_fields[held], lacking->field_ids[i]) != 0)
            return true;
    }
    return false;
}

static bool may_apply(const struct stored_target *stored, const struct verdict_limits *limits, usec_t now) {
    return stored->accepted || (stored->held_since != USEC_NONE && now - stored->held_since >= limits->hold);
}

enum verdict verdict_on_answer(const struct stored_target *stored, const struct lacking *lacking,
                               bool second_look, const struct verdict_limits *limits, usec_t now) {
    bool lacks = lacking->field_count > 0 || lacking->mode_count > 0;
    bool mass = verdict_is_mass(lacking->field_count, lacking->mirror_fields, limits);

    if (stored->state == STATE_SUSPECT && mass) {
        if (lacks_more(stored, lacking))
            return VERDICT_HOLD;
        return may_apply(stored, limits, now) ? VERDICT_APPLY : VERDICT_STAYS_HELD;
    }
    if (lacks && !second_look)
        return VERDICT_SECOND_LOOK;
    /* The limits count what is not missing: a target that comes back is compared, not held. */
    return mass && stored->state == STATE_PRESENT ? VERDICT_HOLD : VERDICT_RECORD;
}

enum verdict verdict_on_absence(const struct stored_target *stored, bool second_look,
                                const struct verdict_limits *limits, usec_t now) {
    switch (stored->state) {
    case STATE_PENDING:
        return VERDICT_UNKNOWN;
    case STATE_MISSING:
        return VERDICT_ABSENT;
    case STATE_SUSPECT:
        if (!stored->held_gone)
            return VERDICT_HOLD;
        return may_apply(stored, limits, now) ? VERDICT_APPLY : VERDICT_STAYS_HELD;
    case STATE_PRESENT:
    default:
        return second_look ? VERDICT_GONE : VERDICT_SECOND_LOOK;
    }
}

void verdict_both_lack(const struct lacking *first, const struct lacking *second, struct lacking *ret) {
    struct lacking both = {.mode_count = MIN(first->mode_count, second->mode_count),
                           .mirror_fields = second->mirror_fields,
                           .field_ids =
                               alloc_zero(MIN(first->field_count, second->field_count) + 1, sizeof(char *))};
    for (size_t i = 0, j = 0; i < first->field_count && j < second->field_count;) {
        int order = strcmp(first->field_ids[i], second->field_ids[j]);
        if (order == 0)
            both.field_ids[both.field_count++] = first->field_ids[i];
        i += order <= 0;
        j += order >= 0;
    }
    *ret = both;
}
