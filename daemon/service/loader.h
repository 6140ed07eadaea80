/* The load connection: batches and recordings, one at a time and in order, each a transaction. A batch whose
 * connection breaks is sent again under its number, which counts once. One that the database refuses for a
 * value is halved until the culprit is alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "service/batch.h"
#include "service/store.h"

struct sd_event;
struct loader;
struct loader_job;

/* What became of a batch: `failed` are the keys of the targets that the database refused, with the error of
 * each. With `error` the whole batch was not taken. */
struct loader_refusal {
    int key;
    struct error error;
};
struct loader_outcome {
    const struct loader_refusal *refused;
    size_t refused_count;
    size_t targets, fields, changes; /* rows that were taken */
};
typedef void loader_callback(const struct loader_outcome *outcome, const struct error *error, void *userdata);

/* The loader of a store, on its load connection; loader_free() drops what waits, takes NULL. */
struct loader *loader_new(struct sd_event *event, struct store *store) MUST_USE;
void loader_free(struct loader *loader);

/* Queues a batch, which the loader owns from now on. `next_number` gives each transaction of the run its
 * number. The callback is not called from within. */
struct loader_job *loader_send(struct loader *loader, struct batch *batch, int64_t token, int *next_number,
                               loader_callback *callback, void *userdata) MUST_USE;

/* Queues one statement behind what waits; parameters are copied. A connection that breaks is answered by
 * sending it again, so the statement must count once when it is sent twice. */
struct loader_job *loader_query(struct loader *loader, const struct statement *statement,
                                const char *const *params, size_t param_count, database_callback *callback,
                                void *userdata) MUST_USE;

/* Forgets a job: it may still be carried out where it has begun. Takes NULL. */
void loader_cancel(struct loader_job *job);

/* The bytes that wait or are under way. */
size_t loader_pending(const struct loader *loader);
