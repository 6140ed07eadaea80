/* Globs as PostgreSQL reads them: the configuration's filters act in the database, where an event is written.
 */
#pragma once

#include <stddef.h>

#include "base/macros.h"

/* One regular expression of PostgreSQL's (an ARE) that matches a text exactly where fnmatch(glob, text, 0)
 * does for one of the globs: `^(?:GLOB1|GLOB2)$`. Texts are characters of UTF-8; [:alpha:] and its like are
 * those of ASCII. NULL where there are no globs: all is let through. The caller frees it. */
char *glob_regex(const char *const *globs, size_t count) MUST_USE;
