/* One pass over one connection: claim, refresh, list, look at each target, judge, record. A table of states
 * and transitions says what follows what (see run.c); everything that a run holds ends with it. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "core/config.h"
#include "core/diff.h"
#include "service/api.h"
#include "service/store.h"

struct sd_event;
struct run;

enum run_outcome { RUN_OK, RUN_PARTIAL, RUN_FAILED, RUN_CANCELLED };

/* How a run ended. */
struct run_report {
    enum run_outcome outcome;
    struct error error; /* why it failed as a whole */
    const char *
        trouble; /* "key": the API key is refused; "upstream": the API is away; NULL: neither, or not known */
    size_t targets, unchanged, baselines, changed, taken_in, returned, gone, held, absent, failed, changes;
    size_t incidents_opened, incidents_resolved;
    size_t denied, unreachable; /* of the failed targets: refused for a missing right; not reached */
};

/* What a run tells while it goes on; each may be NULL. Targets and changes are valid during the call. */
struct run_observer {
    void (*progress)(struct run *run, size_t done, size_t total, void *userdata);
    void (*changes)(struct run *run, const char *target_id, const struct change *changes, size_t count,
                    void *userdata);
    void (*failed)(struct run *run, const char *target_id, const struct error *error, void *userdata);
    void (*held)(struct run *run, const char *target_id, bool gone, size_t fields, void *userdata);
    void (*waiting)(struct run *run, void *userdata); /* another process works on the connection */
    void (*done)(struct run *run, const struct run_report *report, void *userdata);
    void *userdata;
};

struct run_options {
    struct sd_event *event;
    struct store *store;
    struct api_pool *pool;
    const struct config *config;
    const struct config_connection *connection;
    const struct store_claim *claim; /* taken already, see store_claim_due(); NULL: to be taken */
    bool dry_run, manual;
    const char *const *only; /* ids of the targets to look at; ends with NULL; NULL: all */
    struct run_observer observer;
};

/* Starts a run; the configuration must outlive it. run_free() ends what is under way without recording, takes
 * NULL, and must not be called from within an observer but `done`. */
struct run *run_start(const struct run_options *options) MUST_USE;
void run_free(struct run *run);

/* Ends a run early: what it has found is dropped, its targets stay due. `done` follows. */
void run_cancel(struct run *run);

/* Whether a run that ended for this cause was interrupted and did not fail: it was stopped, the database was
 * away, the lease was lost. It counts nowhere, and the connection is due again at once. */
bool run_is_interrupted(enum error_cause cause);

/* The connection of the configuration that the run began with, and the run's id; both live as long as the
 * run. */
const struct config_connection *run_connection(const struct run *run);
const char *run_id(const struct run *run);

/* Those of `only` that the connection has not; for messages at the end. */
size_t run_unknown_targets(const struct run *run, const char **ret, size_t size);

/* Prints the table of states as a Graphviz graph. */
void run_print_graph(FILE *file);
