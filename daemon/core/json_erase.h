/* Secrets that a document brings along are erased where they stand. */
#pragma once

#include <stddef.h>

/* Overwrites, in a document that json_check() has passed, the value of each member whose name has `word` in
 * it, in any letter case and however the name is escaped, at any depth. The document stays JSON: the value
 * becomes the number 0. */
void json_erase(char *text, size_t length, const char *word);
