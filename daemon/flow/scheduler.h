/* Claims what is due, caps what is under way, starts and cancels runs, applies a new configuration. State
 * lives in PostgreSQL: what is here is what is in flight. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"
#include "flow/run.h"

struct sd_event;
struct scheduler;

/* What a status line says. */
struct scheduler_status {
    size_t under_way, connections;
    size_t runs, failed_runs;   /* since the start */
    char holds[ERROR_TEXT_MAX]; /* why nothing is claimed; "" where it is */
    struct run_report last;     /* the run that ended last and was not interrupted; its `trouble` is static */
    usec_t last_ended;          /* microseconds since 1970 */
    char last_connection[128];  /* its connection, shortened; "" before the first */
};

struct scheduler_options {
    struct sd_event *event;
    struct store *store;
    struct api_pool *pool;
    /* A right is missing in the database, found at the start: the daemon ends. Later that is told and waited
     * for. */
    void (*refused)(const struct error *error, void *userdata);
    /* A run has ended, after so long: there may be something to count, or to send. May be NULL; the run and
     * its report are valid during the call. */
    void (*ended)(const struct run *run, const struct run_report *report, usec_t took, void *userdata);
    void *userdata;
};

/* A scheduler that takes the configuration over, and begins: it makes it known to the database as soon as
 * that answers, then claims what is due. */
struct scheduler *scheduler_new(const struct scheduler_options *options, struct config *config) MUST_USE;

/* Takes a new configuration over: runs of connections that went or changed are cancelled (they are due again
 * at once), the others go on with what they began with. */
void scheduler_reload(struct scheduler *scheduler, struct config *config);

/* Claims nothing more, cancels all, and calls back once when nothing is under way, perhaps from within. */
void scheduler_stop(struct scheduler *scheduler, void (*stopped)(void *userdata), void *userdata);

/* Ends what is under way without recording; takes NULL. */
void scheduler_free(struct scheduler *scheduler);

/* What is under way now, for systemd and the log. */
void scheduler_status(const struct scheduler *scheduler, struct scheduler_status *ret);
