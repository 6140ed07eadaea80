/* What `ack` and `unack` share: the ids of changes and problems on their command lines, who acts, and what
 * came of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "cli/command.h"
#include "io/database.h"

/* The ids as arrays of PostgreSQL; zero, then acts_parse_ids() and acts_ids_done(). */
struct acts_ids {
    struct buffer changes, problems;
    size_t change_count, problem_count;
};

/* Takes "12" for a change and "p3" for a problem. False at a word that is neither, *ret_wrong.
 * acts_ids_done() in any case. */
bool acts_parse_ids(char *const *words, size_t count, struct acts_ids *ret, const char **ret_wrong);
void acts_ids_done(struct acts_ids *ids);

/* The array as a parameter; NULL where there are none of that kind. Owned by the ids. */
const char *acts_changes(const struct acts_ids *ids);
const char *acts_problems(const struct acts_ids *ids);

/* Who acts: `by` as given, else the name of who logged in; NULL where neither is known (the database's user
 * then), to be freed. False where it is a word that only the program may use, or empty. */
bool acts_who(const char *by, char **ret_who);

/* How many rows came to what, and how many were told one by one. */
struct acts_told {
    const struct command *command;
    size_t done, refused, lines;
};

/* A database_result of acknowledge_where() or unacknowledge(), told row by row: what was done on stdout, what
 * could not be on stderr. `userdata` is a struct acts_told. */
void acts_tell(const struct database_result *result, void *userdata);

/* The last line, where there were more rows than lines, and the exit code. */
int acts_end(const struct acts_told *told);
