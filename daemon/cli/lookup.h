/* What a person names on the command line: connections, targets, moments. */
#pragma once

#include "cli/command.h"
#include "cli/connect.h"

enum { LOOKUP_ID_SIZE = 37, MOMENT_SIZE = 24 };

/* The id of the managed connection of that name. Returns EXIT_DONE, or, the message written, another exit
 * code: EXIT_WRONG_USAGE with "did you mean" where there is none. */
int lookup_connection(const struct command *command, struct session *session, const char *name,
                      char ret_id[static LOOKUP_ID_SIZE]);

/* Whether the connection (its id; NULL: any) has that target; returns as above. */
int lookup_target(const struct command *command, struct session *session, const char *connection_id,
                  const char *target_id);

/* A moment as people give it: so long ago ("24h"), a time (RFC 3339) or a date. One of the two is set, as a
 * statement's parameter: microseconds; the other is "". */
struct moment {
    char ago[MOMENT_SIZE]; /* against the database's clock */
    char at[MOMENT_SIZE];  /* since 1970 */
};

/* False for all else. */
bool moment_parse(const char *text, struct moment *ret_moment);

/* The parameters: NULL where it is the other one, or the moment NULL. */
const char *moment_ago(const struct moment *moment);
const char *moment_at(const struct moment *moment);

/* A number of microseconds as a time, USEC_NONE for NULL. */
usec_t usec_of(const char *text);

/* The word as a shell takes it: in quotes where it must be. To be freed. */
char *shell_quoted(const char *word) MUST_USE;
