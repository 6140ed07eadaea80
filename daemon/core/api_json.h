/* The API's other documents -> values: who am I, a connection, the refresh status, the list of targets, an
 * error's words. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/timespan.h"

struct api_connection {
    char *id, *name, *type, *status, *status_error; /* NULL: absent or null; `type` is type.name, or type.id,
                                                       or type itself where it is a string */
};

struct api_refresh_status {
    char *cache_status;       /* NULL: absent */
    usec_t started, finished; /* USEC_NONE: absent or null */
};

struct api_target_object {
    const char *id, *name;
};

/* An input that a target of this connection needs to be created. */
struct api_creation_property {
    const char *id, *title;
    bool is_enum;
    const char **values;
    size_t value_count;
};

struct api_target_list {
    struct arena *arena; /* owns the rest */
    struct api_target_object
        *targets; /* sorted by id, each id once; those without an id are left out and counted */
    size_t target_count, without_id;
    bool creation_supported;
    struct api_creation_property *creation;
    size_t creation_count;
};

struct api_connection_list {
    struct api_connection *connections;
    size_t count;
};

/* Each takes a body of `length` bytes, checks it by json_check(), and fails with CAUSE_SHAPE and the JSON
 * path on anything that is not the documented shape; unknown members are ignored. The caller ends a result
 * with the matching _done. */
bool api_parse_connection(const char *body, size_t length, struct api_connection *ret,
                          struct error *ret_error);
void api_connection_done(struct api_connection *connection);
bool api_parse_connections(const char *body, size_t length, struct api_connection_list *ret,
                           struct error *ret_error);
void api_connection_list_done(struct api_connection_list *list);
bool api_parse_refresh_status(const char *body, size_t length, struct api_refresh_status *ret,
                              struct error *ret_error);
void api_refresh_status_done(struct api_refresh_status *status);
bool api_parse_target_list(const char *body, size_t length, struct api_target_list *ret,
                           struct error *ret_error);
void api_target_list_done(struct api_target_list *list);

/* One input that a target needs to be created; its strings live as long as `arena`. */
bool api_parse_property(const char *body, size_t length, struct arena *arena,
                        struct api_creation_property *ret, struct error *ret_error);

/* GET /api/me: a name for the identity that the key has (email, name, id or organization, the first that is
 * there). The caller frees *ret_who. */
bool api_parse_me(const char *body, size_t length, char **ret_who, struct error *ret_error);

/* The words of an error body in the API's shape ({"key", "message", ...}), or of the first line of any other
 * text, made harmless and shortened; "" where there are none. `secrets` (ends with NULL) are replaced by
 * "***" wherever they stand in it. The caller frees it. */
char *api_error_words(const char *body, size_t length, const char *const *secrets) MUST_USE;

/* A copy of the text in which "***" stands for each of the secrets (ends with NULL; may be NULL), wherever
 * they overlap too. The caller frees it. */
char *api_redact(const char *text, const char *const *secrets) MUST_USE;
