/* Reads a secret from where the configuration says it is, each time it is needed. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "core/config.h"

enum { SECRET_MAX = 64 * 1024 };

/* The secret's text, one trailing newline removed: a credential from the file of that name in
 * $CREDENTIALS_DIRECTORY, a file, or an environment variable. NULL and CAUSE_SECRET where it cannot be had,
 * is empty, longer than SECRET_MAX or contains a NUL; the error names the place and never the content. The
 * caller ends it with secret_free(). */
char *secret_read(const struct secret *secret, struct error *ret_error) MUST_USE;

/* Overwrites and frees; takes NULL. */
void secret_free(char *text);

/* "credential NAME", "file PATH" or "environment variable NAME", for messages. The caller frees it. */
char *secret_describe(const struct secret *secret) MUST_USE;
