#include "core/diff_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"

static const struct json_value absent = {NULL, ""};

static int compare_names(const void *a, const void *b) {
    return strcmp(a, *(const char *const *)b);
}

static bool has_name(const struct names *names, const char *name) {
    return names->count > 0 &&
           bsearch(name, names->names, names->count, sizeof(*names->names), compare_names);
}

/* Is this member, which one side lacks, taken in without a change? */
static bool is_taken_in(struct diff_work *work, const struct members_pair *pair, const struct member *old,
                        const struct member *new) {
    const struct member *present = old ? old : new;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): one side has it */
    if (present->known || work->options->exact)
        return false;
    const struct names *names = old ? pair->lost : pair->gained;
    if (names)
        return has_name(names, present->key);
    diff_add_taken_in(work, diff_attribute(work, pair->prefix, present->key));
    return true;
}

/* What is to be stored of one key: the old or new member, or NULL. *ret_differs: not what was stored. */
static const struct member *merge_member(struct diff_work *work, const struct members_pair *pair,
                                         const struct member *old, const struct member *new,
                                         bool *ret_differs) {
    const struct json_value *old_value = old ? &old->value : &absent,
                            *new_value = new ? &new->value : &absent;
    *ret_differs = true;
    if ((!old || !new) && is_taken_in(work, pair, old, new))
        return new;
    if (json_value_equal(old_value, new_value)) {
        *ret_differs = false;
        return old;
    }
    const struct change change = {
        .kind = pair->kind,
        .field_id = pair->field_id,
        .attribute = diff_attribute(work, pair->prefix, old ? old->key : new->key),
        .old_value = diff_value_text(old_value),
        .new_value = diff_value_text(new_value),
    };
    diff_add_difference(work, &change);
    return new;
}

bool diff_merge_members(struct diff_work *work, const struct members_pair *pair, const struct member **ret,
                        size_t *ret_count) {
    *ret = pair->old;
    *ret_count = pair->old_count;
    if (pair->old_count + pair->new_count == 0)
        return false;
    struct member *merged =
        arena_alloc(work->diff->arena, (pair->old_count + pair->new_count) * sizeof(*merged));
    size_t count = 0;
    bool differ = false;
    for (size_t i = 0, j = 0; i < pair->old_count || j < pair->new_count;) {
        int order = i == pair->old_count   ? 1
                    : j == pair->new_count ? -1
                                           : strcmp(pair->old[i].key, pair->new[j].key);
        const struct member *old = order <= 0 ? &pair->old[i++] : NULL,
                            *new = order >= 0 ? &pair->new[j++] : NULL;
        bool differs;
        const struct member *stored = merge_member(work, pair, old, new, &differs);
        if (stored)
            merged[count++] = *stored;
        differ = differ || differs;
    }
    if (differ) {
        *ret = merged;
        *ret_count = count;
    }
    return differ;
}

const char *diff_join_members(struct diff_work *work, const char *id_key, const char *id,
                              const struct member *members, size_t count) {
    struct buffer text;
    buffer_init(&text, SIZE_MAX / 2); /* its parts have been in memory already, each within its own maximum */
    bool done = buffer_append_text(&text, "{");
    if (id_key)
        done = done && json_quote(id_key, &text) && buffer_append_text(&text, ":") && json_quote(id, &text);
    for (size_t i = 0; i < count; i++)
        done = done && (text.length == 1 || buffer_append_text(&text, ",")) &&
               json_quote(members[i].key, &text) && buffer_append_text(&text, ":") &&
               buffer_append_text(&text, members[i].value.raw);
    done = done && buffer_append_text(&text, "}");
    const char *joined = done ? arena_strndup(work->diff->arena, text.data, text.length) : "{}";
    buffer_done(&text);
    return joined;
}
