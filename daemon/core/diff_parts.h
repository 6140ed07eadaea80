/* What the files of the comparison share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/diff.h"

struct diff_work {
    const struct target *mirror, *answer;
    const struct diff_options *options;
    struct diff *diff;
    size_t change_capacity, edit_capacity, taken_in_capacity;
};

/* A change row as it is. */
void diff_add_change(struct diff_work *work, const struct change *change);

/* A difference of an attribute that both sides have: a row, unless it is taken in or ignored. */
void diff_add_difference(struct diff_work *work, const struct change *change);

/* Edits of the mirror, and what is taken in without a change (told once in the log). The field is shared, not
 * copied. */
void diff_add_edit(struct diff_work *work, enum field_action action, const struct field *field);
void diff_add_taken_in(struct diff_work *work, const char *attribute);

/* "PREFIX.KEY" in the diff's arena. */
const char *diff_attribute(struct diff_work *work, const char *prefix, const char *key);

/* A text or flag as JSON in the diff's arena; NULL where it is absent. */
const char *diff_quote(struct diff_work *work, const char *text);
const char *diff_flag_text(enum flag flag);

/* The bytes of a value for a change row: NULL where it is absent or null. */
const char *diff_value_text(const struct json_value *value);

/* A list of names, sorted. */
struct names {
    const char **names;
    size_t count;
};

/* Two sorted lists of members that are compared and become one. */
struct members_pair {
    const struct member *old, *new;
    size_t old_count, new_count;
    const char *prefix;    /* of their attributes */
    enum change_kind kind; /* of their rows */
    const char *field_id;
    const struct names *gained,
        *lost; /* what is taken in; NULL: every member that is not known, and it is noted */
};

/* Makes the rows of all differences, and the list as it is to be stored: between equal values the old one
 * stays. True where it differs from the old one; else *ret is the old one. */
bool diff_merge_members(struct diff_work *work, const struct members_pair *pair, const struct member **ret,
                        size_t *ret_count);

/* The JSON object of the members, behind one that holds `id` under `id_key` where that is given; in the
 * diff's arena. */
const char *diff_join_members(struct diff_work *work, const char *id_key, const char *id,
                              const struct member *members, size_t count);

/* Is what the answer lacks gone? `in_first`: the first answer has it; `sound`: the first answer can be relied
 * on. */
bool diff_is_gone(const struct diff_work *work, bool sound, bool in_first);

/* The parts of the comparison, in the order of their rows. */
void diff_target(struct diff_work *work);
void diff_modes(struct diff_work *work);
void diff_fields(struct diff_work *work);
