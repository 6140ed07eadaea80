/* How far a command has come, on stderr: a bar on a terminal, a line now and then elsewhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct progress;

/* Never NULL. `quiet`: shows nothing at all. */
struct progress *progress_new(bool quiet) MUST_USE;

/* What is done of how many (0: not known yet), how many of those failed or changed, and what is under way
 * (foreign text; NULL: nothing). May be called as often as one likes: on a terminal it shows ten a second at
 * most, elsewhere one line in ten seconds. */
void progress_update(struct progress *progress, size_t done, size_t total, size_t failed, size_t changed,
                     const char *text);

/* Takes the bar off the line, before something else is written to the terminal; the next update draws it
 * anew. */
void progress_clear(struct progress *progress);

/* Takes the bar away (elsewhere: writes the last state, where lines were written before) and frees; takes
 * NULL. */
void progress_done(struct progress *progress);
