/* What can be set while the simulator runs: a table of names, kinds and defaults, for the whole and for each
 * connection. */
#ifndef SIMULATOR_SETTINGS_H
#define SIMULATOR_SETTINGS_H

#include "json.h"

enum scope { SCOPE_GLOBAL, SCOPE_CONNECTION };

/* All settings of a scope at their defaults. */
cJSON *settings_new(enum scope scope);

/* Sets the members of `changes`, but for "connection"; false, with *error (the caller's), at the first that
 * is wrong. */
bool settings_change(cJSON *settings, enum scope scope, const cJSON *changes, char **error);

/* Values by name; a name that is not in the table ends the process. */
int setting_int(const cJSON *settings, const char *name);
bool setting_bool(const cJSON *settings, const char *name);
const char *setting_text(const cJSON *settings, const char *name);

/* Whether a word has this value. */
bool setting_is(const cJSON *settings, const char *name, const char *word);

/* Prints the table for --help. */
void settings_help(void);

#endif
