#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "service/queries.h"
#include "service/store.h"

enum { NUMBER_SIZE = 24 };

/* Microseconds, or null for ever. */
static const char *kept_text(usec_t kept, char buffer[static NUMBER_SIZE]) {
    if (kept == USEC_NONE)
        return NULL;
    snprintf(buffer, NUMBER_SIZE, "%" PRId64, (int64_t)kept);
    return buffer;
}

struct database_call *store_prune(struct store *store, const struct config_retention *kept, size_t limit,
                                  const unsigned char digest[static 32], database_callback *callback,
                                  void *userdata) {
    char runs[NUMBER_SIZE], deliveries[NUMBER_SIZE], changes[NUMBER_SIZE], versions[NUMBER_SIZE];
    char limit_text[NUMBER_SIZE], schema[NUMBER_SIZE];
    snprintf(limit_text, sizeof(limit_text), "%zu", limit);
    snprintf(schema, sizeof(schema), "%d", store->schema);
    CLEANUP(cleanup_free) char *digest_text = store_bytea(digest, 32);
    const char *params[] = {kept_text(kept->runs, runs),
                            kept_text(kept->deliveries, deliveries),
                            kept_text(kept->changes, changes),
                            kept_text(kept->versions, versions),
                            limit_text,
                            digest_text,
                            schema};
    return database_query(store->control, &query_prune, params, ARRAY_LENGTH(params), store->patience,
                          callback, userdata);
}
