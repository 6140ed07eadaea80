/* "Did you mean ...?": the candidate that a misspelt word is nearest to. */
#pragma once

#include <stddef.h>

/* The candidate (the list ends with NULL) that is at most a third of the word's letters away from it (one at
 * least): a letter too much, missing, wrong, or two that changed places count one each; case does not count.
 * Else the first that begins with the word, if that has three letters or more. NULL where there is none, or
 * the word is longer than SUGGEST_MAX bytes. The first of equals counts. */
const char *suggest(const char *word, const char *const *candidates);

enum { SUGGEST_MAX = 100 };
