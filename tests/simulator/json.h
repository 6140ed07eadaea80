/* What cJSON lacks: lookups that mind the case of names, and merging. */
#ifndef SIMULATOR_JSON_H
#define SIMULATOR_JSON_H

#include "util.h"

#include <cjson/cJSON.h>

/* The member of that name, or NULL. */
cJSON *json_get(const cJSON *object, const char *name);

/* The member's string, or `otherwise` when there is no such string. */
const char *json_string(const cJSON *object, const char *name, const char *otherwise);

/* Whether the member is `true`; `otherwise` when it is absent. */
bool json_bool(const cJSON *object, const char *name, bool otherwise);

/* The member's whole number, or `otherwise`. */
int64_t json_int(const cJSON *object, const char *name, int64_t otherwise);

/* Puts `value` in the place of the member of that name, or at the end; takes the value over. */
void json_put(cJSON *object, const char *name, cJSON *value);

/* Merges copies of all members of `set` (may be NULL) and removes the members named in the array `unset` (may
 * be NULL). */
void json_merge(cJSON *object, const cJSON *set, const cJSON *unset);

/* Puts copies of the members named in the NULL-terminated list into a new object, in that order. */
cJSON *json_pick(const cJSON *object, const char *const names[]);

/* Appends the value as compact JSON. */
void json_write(struct buf *buf, const cJSON *value);

/* Parses a whole text; NULL, and *at the byte that was wrong, if it is no JSON or something follows it. */
cJSON *json_parse(const char *text, size_t len, size_t *at);

/* Reads a JSON file; ends the process with a message when that fails. */
cJSON *json_load(const char *path);

#endif
