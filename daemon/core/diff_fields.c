#include "core/diff_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* The fields of one id: the mirror's, and the answer's with its duplicates. */
struct pair {
    const struct field *old; /* NULL: none */
    const struct field *new; /* NULL: none */
    size_t new_count;
};

/* Both sides' fields, id by id. */
struct pairs {
    const struct target *mirror, *answer;
    size_t old, new;
};

static size_t count_same(const struct target *target, size_t first) {
    size_t count = 1;
    while (first + count < target->field_count &&
           strcmp(target->fields[first].id, target->fields[first + count].id) == 0)
        count++;
    return count;
}

static bool pairs_next(struct pairs *pairs, struct pair *ret) {
    const struct target *mirror = pairs->mirror, *answer = pairs->answer;
    bool old_left = pairs->old < mirror->field_count, new_left = pairs->new < answer->field_count;
    if (!old_left && !new_left)
        return false;
    int order = !old_left   ? 1
                : !new_left ? -1
                            : strcmp(mirror->fields[pairs->old].id, answer->fields[pairs->new].id);
    *ret = (struct pair){0};
    if (order <= 0) {
        ret->old = &mirror->fields[pairs->old];
        pairs->old += count_same(mirror, pairs->old);
    }
    if (order >= 0) {
        ret->new = &answer->fields[pairs->new];
        ret->new_count = count_same(answer, pairs->new);
        pairs->new += ret->new_count;
    }
    return true;
}

/* Of sorted names keeps those that are in the field's extra members, or those that are not. */
static void filter_names(struct names *names, const struct field *field, bool present) {
    size_t kept = 0, at = 0;
    for (size_t i = 0; i < names->count; i++) {
        while (at < field->extra_count && strcmp(field->extra[at].key, names->names[i]) < 0)
            at++;
        bool found = at < field->extra_count && strcmp(field->extra[at].key, names->names[i]) == 0;
        if (found == present)
            names->names[kept++] = names->names[i];
    }
    names->count = kept;
}

static void all_names(struct diff_work *work, const struct field *field, struct names *ret) {
    ret->names = arena_alloc(work->diff->arena, (field->extra_count + 1) * sizeof(*ret->names));
    ret->count = field->extra_count;
    for (size_t i = 0; i < field->extra_count; i++)
        ret->names[i] = field->extra[i].key;
}

/* The unknown members that all fields that both have gain, or lose. The lists only shrink from field to
 * field. */
static void find_taken_in(struct diff_work *work, struct names *ret_gained, struct names *ret_lost) {
    struct pairs pairs = {.mirror = work->mirror, .answer = work->answer};
    struct pair pair;
    bool first = true;
    *ret_gained = *ret_lost = (struct names){0};
    while (pairs_next(&pairs, &pair)) {
        if (!pair.old || !pair.new)
            continue;
        if (first) {
            all_names(work, pair.new, ret_gained);
            all_names(work, pair.old, ret_lost);
        }
        first = false;
        filter_names(ret_gained, pair.old, false);
        filter_names(ret_lost, pair.old, true);
        for (size_t i = 0; i < pair.new_count; i++) {
            filter_names(ret_gained, &pair.new[i], true);
            filter_names(ret_lost, &pair.new[i], false);
        }
        if (ret_gained->count == 0 && ret_lost->count == 0)
            return;
    }
}

static void merge_texts(struct diff_work *work, const struct field *old, const struct field *new,
                        struct field *merged, bool *differs) {
    for (size_t i = 0; i < FIELD_TEXT_COUNT; i++) {
        if (text_equal(old->texts[i], new->texts[i]))
            continue;
        merged->texts[i] = new->texts[i];
        *differs = true;
        const struct change change = {
            .kind = CHANGE_FIELD_CHANGED,
            .field_id = old->id,
            .attribute = field_text_names[i],
            .old_value = diff_quote(work, old->texts[i]),
            .new_value = diff_quote(work, new->texts[i]),
        };
        diff_add_difference(work, &change);
    }
}

static void merge_flags(struct diff_work *work, const struct field *old, const struct field *new,
                        struct field *merged, bool *differs) {
    for (size_t i = 0; i < FIELD_FLAG_COUNT; i++) {
        if (flag_equal(old->flags[i], new->flags[i]))
            continue;
        merged->flags[i] = new->flags[i];
        *differs = true;
        const struct change change = {
            .kind = CHANGE_FIELD_CHANGED,
            .field_id = old->id,
            .attribute = field_flag_names[i],
            .old_value = diff_flag_text(old->flags[i]),
            .new_value = diff_flag_text(new->flags[i]),
        };
        diff_add_difference(work, &change);
    }
}

static void merge_functions(struct diff_work *work, const struct field *old, const struct field *new,
                            struct field *merged, bool *differs) {
    if (json_value_equal(&old->identity_functions, &new->identity_functions))
        return;
    merged->identity_functions = new->identity_functions;
    *differs = true;
    const struct change change = {
        .kind = CHANGE_FIELD_CHANGED,
        .field_id = old->id,
        .attribute = "identity_functions",
        .old_value = diff_value_text(&old->identity_functions),
        .new_value = diff_value_text(&new->identity_functions),
    };
    diff_add_difference(work, &change);
}

/* What is taken in from all fields. */
struct taken {
    struct names gained, lost;
};

/* Makes the rows of one field and what is to be stored of it. True where that differs from what is. */
static bool merge_field(struct diff_work *work, const struct taken *taken, const struct field *old,
                        const struct field *new, struct field *ret) {
    const struct members_pair extra = {
        .old = old->extra,
        .old_count = old->extra_count,
        .new = new->extra,
        .new_count = new->extra_count,
        .prefix = "extra",
        .kind = CHANGE_FIELD_CHANGED,
        .field_id = old->id,
        .gained = &taken->gained,
        .lost = &taken->lost,
    };
    *ret = *old;
    ret->position = new->position;
    ret->raw = new->raw;
    bool differs = diff_merge_members(work, &extra, &ret->extra, &ret->extra_count);
    merge_texts(work, old, new, ret, &differs);
    merge_flags(work, old, new, ret, &differs);
    merge_functions(work, old, new, ret, &differs);
    return differs;
}

/* Of fields with the same id the one that equals the mirror's, or differs from it without a change; else the
 * first. */
static const struct field *choose(struct diff_work *work, const struct taken *taken,
                                  const struct pair *pair) {
    size_t rows = work->diff->change_count;
    struct field merged;
    if (pair->new_count == 1)
        return pair->new;
    for (size_t i = 0; i < pair->new_count; i++)
        if (field_equal(pair->old, &pair->new[i]))
            return &pair->new[i];
    for (size_t i = 0; i < pair->new_count; i++) {
        (void)merge_field(work, taken, pair->old, &pair->new[i], &merged);
        bool changes = work->diff->change_count > rows;
        work->diff->change_count = rows; /* this was only a look */
        if (!changes)
            return &pair->new[i];
    }
    return pair->new;
}

static int compare_attributes(const void *a, const void *b) {
    return strcmp(((const struct change *)a)->attribute, ((const struct change *)b)->attribute);
}

static void compare_pair(struct diff_work *work, const struct taken *taken, const struct pair *pair) {
    struct diff *diff = work->diff;
    const struct field *new = choose(work, taken, pair);
    struct field *merged = arena_alloc(diff->arena, sizeof(*merged));
    size_t rows = diff->change_count;
    bool differs = merge_field(work, taken, pair->old, new, merged);
    if (diff->change_count - rows > 1)
        qsort(diff->changes + rows, diff->change_count - rows, sizeof(*diff->changes), compare_attributes);
    if (differs)
        diff_add_edit(work, FIELD_ACTION_REPLACE, merged);
    else if (pair->old->position != new->position)
        diff_add_edit(work, FIELD_ACTION_MOVE, merged);
}

static void add_field(struct diff_work *work, const struct field *field) {
    const struct change change = {.kind = CHANGE_FIELD_ADDED, .field_id = field->id, .new_value = field->raw};
    diff_add_change(work, &change);
    diff_add_edit(work, FIELD_ACTION_ADD, field);
}

static void lack_field(struct diff_work *work, const struct field *field) {
    const struct target *first = work->options->first;
    size_t in_first = 0;
    bool sound = first && first->has_fields && first->fields_without_id == 0;
    if (sound)
        (void)target_find_field(first, field->id, &in_first);
    if (work->answer->fields_without_id > 0 || !diff_is_gone(work, sound, in_first > 0)) {
        work->diff->kept = true;
        work->diff->field_count++;
        return;
    }
    const struct change change = {
        .kind = CHANGE_FIELD_REMOVED, .field_id = field->id, .old_value = field->raw};
    diff_add_change(work, &change);
    diff_add_edit(work, FIELD_ACTION_REMOVE, field);
}

void diff_fields(struct diff_work *work) {
    struct diff *diff = work->diff;
    static const struct target nothing;
    struct pairs pairs = {.mirror = work->mirror, .answer = work->answer};
    struct pair pair;
    struct taken taken = {0};
    if (!work->answer->has_fields) { /* says nothing of them */
        pairs.answer = &nothing;
        while (pairs_next(&pairs, &pair))
            diff->field_count++;
        diff->kept = diff->kept || diff->field_count > 0;
        return;
    }
    if (!work->options->exact)
        find_taken_in(work, &taken.gained, &taken.lost);
    for (size_t i = 0; i < taken.gained.count; i++)
        diff_add_taken_in(work, diff_attribute(work, "extra", taken.gained.names[i]));
    for (size_t i = 0; i < taken.lost.count; i++)
        diff_add_taken_in(work, diff_attribute(work, "extra", taken.lost.names[i]));
    while (pairs_next(&pairs, &pair)) {
        if (pair.new) {
            diff->field_count++;
            diff->duplicate_ids += pair.new_count - 1;
        }
        if (pair.old && pair.new)
            compare_pair(work, &taken, &pair);
        else if (pair.old)
            lack_field(work, pair.old);
        else if (pair.new)
            add_field(work, pair.new);
    }
}
