/* The API's documents about model syncs -> values. A sync has a secret, its encryption_passphrase: it is
 * overwritten in the body before anything is built from it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/error.h"
#include "core/sync.h"

/* A sync as a list names it. */
struct api_listed_sync {
    const char *id;
    const char *connection_id; /* NULL: not said */
    const char *updated_at;    /* NULL: not said; the sync must be read */
    const struct sync *whole;  /* NULL: only named, to be read by its id */
};

struct api_sync_list {
    struct api_listed_sync *syncs; /* in the answer's order */
    size_t count;
    const char *next_page; /* the token of the next page; NULL: this was the last */
};

/* Each takes a body of `length` bytes, overwrites in it what is secret (all of it where it is no JSON), and
 * fails with CAUSE_SHAPE and the JSON path on anything that is not the documented shape, a sync or a list
 * item without id included. What is returned lives in the arena, which may hold parts of it after a failure
 * too. */

/* GET /api/syncs, in either version's shape. */
bool api_parse_sync_list(char *body, size_t length, struct arena *arena, struct api_sync_list *ret,
                         struct error *ret_error);

/* GET /api/syncs/{id}; another id than `expected_id` is a failure. */
bool api_parse_sync(char *body, size_t length, const char *expected_id, struct arena *arena, struct sync *ret,
                    struct error *ret_error);
