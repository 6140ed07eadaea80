/* How a target stands, in a few words behind a table: one of a missing or unseen target is empty, and must
 * say why. */
#pragma once

#include "cli/lookup.h"

/* Writes "present, seen 3m ago" and a line end to stdout; of a moment in the past ("then", NULL: now) what a
 * reader must know of it. Returns EXIT_DONE or, the message written, another exit code. */
int standing_tell(const struct command *command, struct session *session, const char *connection_id,
                  const char *target_id, const struct moment *moment);
