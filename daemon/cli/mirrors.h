/* What two mirrors differ in, target by target. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/lookup.h"
#include "core/diff.h"

struct mirror_target {
    char *id;
    int key;
    bool present, pending; /* neither: it is missing */
};

/* One of the two: a connection, or one target of it. */
struct mirror {
    char *name;         /* the connection's */
    const char *target; /* NULL: all that are managed */
    char connection_id[LOOKUP_ID_SIZE];
    struct mirror_target *targets; /* sorted by id */
    size_t count;
};

void mirror_done(struct mirror *mirror);

/* Reads "CONNECTION" or "CONNECTION:TARGET", the longest name of a managed connection counts, and whether
 * they are there. Returns EXIT_DONE or, the message written, another exit code; mirror_done() in any case. */
int mirror_find(const struct command *command, struct session *session, const char *word, struct mirror *ret);

/* Loads the list of its targets: all, or the one. */
bool mirror_load(struct session *session, struct mirror *mirror, struct error *ret_error);

/* Two targets as they are stored, and what makes the second of the first. */
struct mirrors_diff {
    struct target *first, *second;
    struct diff diff;
};

/* Compares two targets by their keys. The caller ends *ret with mirrors_diff_done(). */
bool mirrors_compare(struct session *session, int first_key, int second_key, const char *const *ignored,
                     size_t ignored_count, struct mirrors_diff *ret, struct error *ret_error);
void mirrors_diff_done(struct mirrors_diff *diff);
