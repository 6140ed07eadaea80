/* Reading the API's documents through cJSON: what the files of api_json share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "base/alloc.h"
#include "base/error.h"

/* For CLEANUP(). */
void api_json_free(cJSON **json);

/* The document, which must pass json_check() and be an object; else NULL and CAUSE_SHAPE. */
cJSON *api_json_parse(const char *body, size_t length, struct error *ret_error) MUST_USE;

/* Case counts, and of members with the same name the last one. null is as good as absent: NULL. */
const cJSON *api_json_member(const cJSON *object, const char *name);

/* "PATH.NAME is not WANTED", CAUSE_SHAPE. Returns false. */
bool api_json_refuse(struct error *ret_error, const char *path, const char *name, const char *wanted);

/* A member that must be of that type where it is there; NULL or false where it is not. The text is the
 * document's. */
bool api_json_text(const cJSON *object, const char *path, const char *name, const char **ret_text,
                   struct error *ret_error);
bool api_json_flag(const cJSON *object, const char *path, const char *name, bool *ret_value,
                   struct error *ret_error);

/* The member `data`, which must be an object or a list; else NULL and an error. */
const cJSON *api_json_data_object(const cJSON *json, struct error *ret_error);
const cJSON *api_json_data_array(const cJSON *json, struct error *ret_error);

/* A copy in the arena; NULL stays NULL. */
const char *api_json_keep(struct arena *arena, const char *text);
