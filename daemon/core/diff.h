/* Two snapshots -> an ordered list of changes, and what must be written so that the mirror equals the answer.
 * Knows nothing of severity, of time or of who asked. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/target.h"

enum change_kind {
    CHANGE_TARGET_ADDED,
    CHANGE_TARGET_REMOVED,
    CHANGE_TARGET_CHANGED,
    CHANGE_MODE_ADDED,
    CHANGE_MODE_REMOVED,
    CHANGE_MODE_CHANGED,
    CHANGE_FIELD_ADDED,
    CHANGE_FIELD_REMOVED,
    CHANGE_FIELD_CHANGED,
    CHANGE_KIND_COUNT,
};

/* "target_added", … : the words of the table. */
extern const char *const change_kind_names[CHANGE_KIND_COUNT];

/* One row of `changes`. Values are JSON texts; NULL: none. */
struct change {
    enum change_kind kind;
    const char *field_id, *attribute;
    const char *old_value, *new_value;
};

enum field_action {
    FIELD_ACTION_ADD,     /* a new version, none before */
    FIELD_ACTION_REPLACE, /* the current version ends, a new one begins */
    FIELD_ACTION_REMOVE,  /* the current version ends */
    FIELD_ACTION_MOVE,    /* only its position differs: updated in place */
};

/* What must be written for one field. `field` is what the mirror is to hold (of a removal: what it held). */
struct field_edit {
    enum field_action action;
    const struct field *field;
};

/* How removals are judged. A field or mode that the mirror has and the answer lacks... */
enum removal_rule {
    REMOVAL_STAYS,  /* ...stays: there was no second look */
    REMOVAL_BOTH,   /* ...is gone where the first answer lacks it too, else stays */
    REMOVAL_BELIEF, /* ...is gone: the answer is believed without a second look */
};

struct diff_options {
    enum removal_rule removals;
    const struct target
        *first;   /* the first answer, for REMOVAL_BOTH; NULL: it said nothing of the fields (404) */
    bool take_in; /* another API version answers: differences are taken in without changes, but for
                   * fields and modes added or removed */
    bool exact; /* nothing is taken in, unknown members that only one side has differ too: for two mirrors */
    const char *const *ignored; /* globs over attributes that are stored but not compared */
    size_t ignored_count;
};

/* The result; all strings live in `arena` or in the snapshots that were compared, which must outlive it. */
struct diff {
    struct arena *arena;
    struct change *changes; /* target, then modes, then fields, each sorted by id, then attribute */
    size_t change_count;
    struct field_edit *edits;
    size_t edit_count;
    bool target_differs; /* name, modes or properties: a new target version with what follows */
    const char *name, *modes, *properties; /* as they are to be stored; NULL: null */
    bool kept; /* the mirror keeps something that the answer lacks: no fingerprint may stand for it */
    size_t field_count;    /* fields that the mirror has afterwards */
    const char **taken_in; /* unknown members that were gained or lost by all, "extra.KEY", "properties.KEY",
                              "MODE.KEY": to be logged once */
    size_t taken_in_count;
    size_t duplicate_ids; /* fields of the answer that were passed over for another of the same id */
};

/* What the answer lacks of what the mirror has: ids of fields (sorted) and the number of modes. An answer
 * that has fields without an id lacks no field, one that has modes without an id lacks no mode. */
struct lacking {
    const char **field_ids; /* freed with free(); the strings are the mirror's */
    size_t field_count;
    size_t mode_count;
    size_t mirror_fields; /* of how many */
};

/* The caller frees ret->field_ids. */
void diff_lacking(const struct target *mirror, const struct target *answer, struct lacking *ret);

/* Is a member absent that the mirror has? The name of the first of "fields", "modes" and "properties" that
 * is, else NULL. */
const char *diff_missing_member(const struct target *mirror, const struct target *answer);

/* Compares. `mirror` is what is stored (never NULL; compare with a baseline by diff_baseline). The caller
 * frees with diff_done(). */
void diff_compute(const struct target *mirror, const struct target *answer,
                  const struct diff_options *options, struct diff *ret);

/* The edits of a first snapshot: every field added, no changes. */
void diff_baseline(const struct target *answer, struct diff *ret);

void diff_done(struct diff *diff);
