/* What the files of the loader share: loader.c is the queue, and its queries; loader_batch.c sends batches.
 */
#pragma once

#include <systemd/sd-event.h>

#include "service/loader.h"

/* How often something is tried that may be tried again, unless it may be for ever. */
enum { LOADER_ATTEMPTS_MAX = 10 };

/* A batch goes through these steps; a query has one. */
enum step {
    STEP_BEGIN,
    STEP_NUMBER,
    STEP_FIELDS,
    STEP_CHANGES,
    STEP_TARGETS,
    STEP_FINISH,
    STEP_COMMIT,
    STEP_ROLLBACK
};

/* What is to be done when the transaction has been rolled back. */
enum afterwards { AFTER_AGAIN, AFTER_HALVE, AFTER_REFUSE, AFTER_TAKEN, AFTER_FAIL };

struct loader_job {
    struct loader *loader;
    struct loader_job *next;
    bool cancelled;
    void *userdata;
    size_t bytes;
    unsigned attempts;

    /* a batch: slices that are still to be sent, the last one first */
    loader_callback *batch_callback;
    struct batch **slices;
    size_t slice_count, slice_capacity;
    int64_t token;
    int *next_number, number;
    char run_id[RUN_ID_SIZE];
    enum step step;
    uint64_t session; /* the connection on which the transaction began */
    enum afterwards afterwards;
    struct error error;
    struct loader_refusal *refused;
    size_t refused_count, refused_capacity;
    struct loader_outcome outcome;

    /* a query */
    database_callback *query_callback;
    const struct statement *statement;
    char **params;
    size_t param_count;
};

struct loader {
    struct sd_event *event;
    struct store *store;
    struct loader_job *first, **last; /* the first is under way */
    struct database_call *call;
    struct database_copy *copy;
    sd_event_source *pause;
    size_t pending;
};

/* Puts a job behind the others, and begins it where there are none. */
struct loader_job *loader_append(struct loader *loader, struct loader_job *job);
/* Takes the first job, which is over, out of the queue and begins the next. */
void loader_finish_first(struct loader *loader);
/* Once more, but not at once: a database that refuses everything for a while must not be asked without end.
 */
void loader_pause(struct loader_job *job);
/* A batch's next step. */
void loader_batch_step(struct loader_job *job);
