#include "core/diff.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "core/diff_parts.h"

const char *const change_kind_names[CHANGE_KIND_COUNT] = {
    [CHANGE_TARGET_ADDED] = "target_added",     [CHANGE_TARGET_REMOVED] = "target_removed",
    [CHANGE_TARGET_CHANGED] = "target_changed", [CHANGE_MODE_ADDED] = "mode_added",
    [CHANGE_MODE_REMOVED] = "mode_removed",     [CHANGE_MODE_CHANGED] = "mode_changed",
    [CHANGE_FIELD_ADDED] = "field_added",       [CHANGE_FIELD_REMOVED] = "field_removed",
    [CHANGE_FIELD_CHANGED] = "field_changed",
};

void diff_add_change(struct diff_work *work, const struct change *change) {
    struct diff *diff = work->diff;
    diff->changes =
        alloc_grow(diff->changes, &work->change_capacity, diff->change_count + 1, sizeof(*diff->changes));
    diff->changes[diff->change_count++] = *change;
}

void diff_add_difference(struct diff_work *work, const struct change *change) {
    const struct diff_options *options = work->options;
    if (options->take_in)
        return;
    for (size_t i = 0; i < options->ignored_count; i++)
        if (fnmatch(options->ignored[i], change->attribute, 0) == 0)
            return;
    diff_add_change(work, change);
}

void diff_add_edit(struct diff_work *work, enum field_action action, const struct field *field) {
    struct diff *diff = work->diff;
    diff->edits = alloc_grow(diff->edits, &work->edit_capacity, diff->edit_count + 1, sizeof(*diff->edits));
    diff->edits[diff->edit_count++] = (struct field_edit){.action = action, .field = field};
}

void diff_add_taken_in(struct diff_work *work, const char *attribute) {
    struct diff *diff = work->diff;
    const char **taken_in = diff->taken_in;
    taken_in = alloc_grow(taken_in, &work->taken_in_capacity, diff->taken_in_count + 1, sizeof(*taken_in));
    taken_in[diff->taken_in_count++] = attribute;
    diff->taken_in = taken_in;
}

const char *diff_attribute(struct diff_work *work, const char *prefix, const char *key) {
    size_t prefix_length = strlen(prefix), key_length = strlen(key);
    char *attribute = arena_alloc(work->diff->arena, prefix_length + key_length + 2);
    memcpy(attribute, prefix, prefix_length);
    attribute[prefix_length] = '.';
    memcpy(attribute + prefix_length + 1, key, key_length);
    return attribute;
}

const char *diff_quote(struct diff_work *work, const char *text) {
    if (!text)
        return NULL;
    struct buffer quoted;
    buffer_init(&quoted, strlen(text) * 6 + 2); /* each byte may become \u001f */
    bool fits = json_quote(text, &quoted);
    const char *kept = fits ? arena_strndup(work->diff->arena, quoted.data, quoted.length) : NULL;
    buffer_done(&quoted);
    return kept;
}

const char *diff_flag_text(enum flag flag) {
    return flag == FLAG_TRUE ? "true" : flag == FLAG_FALSE ? "false" : NULL;
}

const char *diff_value_text(const struct json_value *value) {
    return value->raw && strcmp(value->raw, "null") != 0 ? value->raw : NULL;
}

bool diff_is_gone(const struct diff_work *work, bool sound, bool in_first) {
    switch (work->options->removals) {
    case REMOVAL_STAYS:
        return false;
    case REMOVAL_BOTH:
        return sound && !in_first;
    case REMOVAL_BELIEF:
        return true;
    }
    return false;
}

void diff_target(struct diff_work *work) {
    const struct target *mirror = work->mirror, *answer = work->answer;
    struct diff *diff = work->diff;
    diff->name = mirror->name;
    diff->properties = mirror->properties_raw;
    if (!text_equal(mirror->name, answer->name)) {
        diff->name = answer->name;
        diff->target_differs = true;
        const struct change change = {
            .kind = CHANGE_TARGET_CHANGED,
            .attribute = "name",
            .old_value = diff_quote(work, mirror->name),
            .new_value = diff_quote(work, answer->name),
        };
        diff_add_difference(work, &change);
    }
    const struct members_pair properties = {
        .old = mirror->properties,
        .old_count = mirror->property_count,
        .new = answer->properties,
        .new_count = answer->property_count,
        .prefix = "properties",
        .kind = CHANGE_TARGET_CHANGED,
    };
    const struct member *merged;
    size_t count;
    if (answer->has_properties && diff_merge_members(work, &properties, &merged, &count)) {
        diff->properties = diff_join_members(work, NULL, NULL, merged, count);
        diff->target_differs = true;
    }
}

/* A mode of the new list. */
struct listed_mode {
    const char *raw;
    unsigned position;
    bool kept; /* the answer lacks it: behind all others */
};

struct mode_list {
    struct listed_mode *modes;
    size_t count;
    bool differs;
};

static void list_mode(struct mode_list *list, const char *raw, unsigned position, bool kept) {
    list->modes[list->count++] = (struct listed_mode){.raw = raw, .position = position, .kept = kept};
}

static void lack_mode(struct diff_work *work, const struct mode *mode, struct mode_list *list) {
    const struct target *first = work->options->first;
    bool sound = first && first->has_modes && first->modes_without_id + first->fields_without_id == 0;
    if (work->answer->modes_without_id + work->answer->fields_without_id > 0 ||
        !diff_is_gone(work, sound, sound && target_find_mode(first, mode->id))) {
        list_mode(list, mode->raw, mode->position, true);
        work->diff->kept = true;
        return;
    }
    list->differs = true;
    const struct change change = {.kind = CHANGE_MODE_REMOVED, .attribute = mode->id, .old_value = mode->raw};
    diff_add_change(work, &change);
}

static void add_mode(struct diff_work *work, const struct mode *mode, struct mode_list *list) {
    list_mode(list, mode->raw, mode->position, false);
    list->differs = true;
    const struct change change = {.kind = CHANGE_MODE_ADDED, .attribute = mode->id, .new_value = mode->raw};
    diff_add_change(work, &change);
}

static void compare_mode(struct diff_work *work, const struct mode *old, const struct mode *new,
                         struct mode_list *list) {
    const struct members_pair members = {
        .old = old->members,
        .old_count = old->member_count,
        .new = new->members,
        .new_count = new->member_count,
        .prefix = old->id,
        .kind = CHANGE_MODE_CHANGED,
    };
    const struct member *merged;
    size_t count;
    const char *raw = old->raw;
    if (diff_merge_members(work, &members, &merged, &count)) {
        raw = diff_join_members(work, "mode", old->id, merged, count);
        list->differs = true;
    }
    list_mode(list, raw, new->position, false);
}

static int compare_listed(const void *a, const void *b) {
    const struct listed_mode *left = a, *right = b;
    if (left->kept != right->kept)
        return left->kept ? 1 : -1;
    return (left->position > right->position) - (left->position < right->position);
}

static const char *join_modes(struct diff_work *work, const struct mode_list *list) {
    size_t length = 2;
    for (size_t i = 0; i < list->count; i++)
        length += strlen(list->modes[i].raw) + 1;
    char *joined = arena_alloc(work->diff->arena, length + 1), *at = joined;
    *at++ = '[';
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            *at++ = ',';
        at = stpcpy(at, list->modes[i].raw);
    }
    *at = ']';
    return joined;
}

void diff_modes(struct diff_work *work) {
    const struct target *mirror = work->mirror, *answer = work->answer;
    work->diff->modes = mirror->modes_raw;
    if (!answer->has_modes) { /* says nothing of them */
        work->diff->kept = work->diff->kept || mirror->mode_count > 0;
        return;
    }
    CLEANUP(cleanup_free)
    struct listed_mode *modes = alloc_zero(mirror->mode_count + answer->mode_count, sizeof(*modes));
    struct mode_list list = {.modes = modes};
    for (size_t i = 0, j = 0; i < mirror->mode_count || j < answer->mode_count;) {
        int order = i == mirror->mode_count   ? 1
                    : j == answer->mode_count ? -1
                                              : strcmp(mirror->modes[i].id, answer->modes[j].id);
        if (order < 0)
            lack_mode(work, &mirror->modes[i++], &list);
        else if (order > 0)
            add_mode(work, &answer->modes[j++], &list);
        else
            compare_mode(work, &mirror->modes[i++], &answer->modes[j++], &list);
    }
    if (!list.differs)
        return;
    work->diff->target_differs = true;
    if (list.count > 1)
        qsort(list.modes, list.count, sizeof(*list.modes), compare_listed);
    work->diff->modes = join_modes(work, &list);
}

void diff_compute(const struct target *mirror, const struct target *answer,
                  const struct diff_options *options, struct diff *ret) {
    struct diff_work work = {.mirror = mirror, .answer = answer, .options = options, .diff = ret};
    *ret = (struct diff){.arena = arena_new()};
    diff_target(&work);
    diff_modes(&work);
    diff_fields(&work);
}

void diff_baseline(const struct target *answer, struct diff *ret) {
    struct diff_work work = {.diff = ret};
    *ret = (struct diff){
        .arena = arena_new(),
        .target_differs = true,
        .name = answer->name,
        .modes = answer->modes_raw,
        .properties = answer->properties_raw,
    };
    for (size_t i = 0; i < answer->field_count; i++) {
        if (i > 0 && strcmp(answer->fields[i - 1].id, answer->fields[i].id) == 0)
            ret->duplicate_ids++;
        else
            diff_add_edit(&work, FIELD_ACTION_ADD, &answer->fields[i]);
    }
    ret->field_count = ret->edit_count;
}

void diff_done(struct diff *diff) {
    free(diff->changes);
    free(diff->edits);
    free(diff->taken_in);
    arena_free(diff->arena);
    *diff = (struct diff){0};
}

void diff_lacking(const struct target *mirror, const struct target *answer, struct lacking *ret) {
    *ret = (struct lacking){.field_ids = alloc_zero(mirror->field_count, sizeof(*ret->field_ids))};
    for (size_t i = 0; i < mirror->field_count; i++) {
        const char *id = mirror->fields[i].id;
        size_t found;
        if (i > 0 && strcmp(mirror->fields[i - 1].id, id) == 0)
            continue;
        ret->mirror_fields++;
        if (answer->has_fields && answer->fields_without_id == 0 && !target_find_field(answer, id, &found))
            ret->field_ids[ret->field_count++] = id;
    }
    if (answer->has_modes && answer->modes_without_id + answer->fields_without_id == 0)
        for (size_t i = 0; i < mirror->mode_count; i++)
            ret->mode_count += target_find_mode(answer, mirror->modes[i].id) == NULL;
}

const char *diff_missing_member(const struct target *mirror, const struct target *answer) {
    if (mirror->has_fields && !answer->has_fields)
        return "fields";
    if (mirror->has_modes && !answer->has_modes)
        return "modes";
    return mirror->has_properties && !answer->has_properties ? "properties" : NULL;
}
