/* One look at one target: fetched, proved fresh, compared with the mirror, and looked at again where
 * something is lacking. Writes nothing: what it came to is a value. */
#pragma once

#include <stdbool.h>

#include "core/config.h"
#include "core/diff.h"
#include "core/plan.h"
#include "core/verdict.h"
#include "service/api.h"
#include "service/store.h"

struct sd_event;
struct look;

/* What all looks of a run share; outlives them. */
struct look_context {
    struct sd_event *event;
    struct api *api;
    struct store *store;
    const struct config_connection *connection;
    const struct config_drift *drift;
    bool dry_run;      /* nothing is refreshed, no proof is asked */
    bool refresh_each; /* each fetch refreshes the target (refresh: target, or what a run before has learned)
                        */
    usec_t refresh_started;  /* the API's time of this run's refresh; USEC_NONE: none */
    usec_t refresh_asked_at; /* CLOCK_MONOTONIC just before it was asked for */
    usec_t database_now,
        database_now_at; /* the database's clock, and CLOCK_MONOTONIC when its answer had come */
};

enum look_kind {
    LOOK_KIND_UNCHANGED,
    LOOK_KIND_BASELINE,
    LOOK_KIND_RECORDED,
    LOOK_KIND_HELD,
    LOOK_KIND_GONE, /* both looks said so; the run as a whole judges further */
    LOOK_KIND_ABSENT,
    LOOK_KIND_FAILED,
};

struct look_result {
    enum look_kind kind;
    struct error error;                   /* failed */
    usec_t seen_at, refreshed_at;         /* the database's time, the API's time (USEC_NONE: none) */
    const char *api_version;              /* NULL: as before */
    struct fingerprint fingerprint;       /* none: none may stand for it */
    struct diff diff;                     /* baseline and recorded */
    const struct target *mirror, *answer; /* of these: what was compared; no mirror with a baseline */
    bool returned;                        /* a missing target is back */
    bool applied;              /* a mass removal that had been held back is believed: also with gone */
    bool hold_anew, held_gone; /* held */
    const char *const *held_fields;
    size_t held_count;
    size_t fields_without_id, modes_without_id; /* skipped */
    bool proof_asked, proved, proved_by_second_fetch;
};

/* Called once; the look and its result live until look_free(). */
typedef void look_callback(struct look *look, const struct look_result *result, void *userdata);

/* Starts a look. `stored` NULL: the target has no row yet. look_free() cancels what is under way; takes NULL.
 */
struct look *look_start(const struct look_context *context, const struct plan_target *target,
                        const struct stored_target *stored, look_callback *callback, void *userdata) MUST_USE;
void look_free(struct look *look);

/* What is looked at: its row of the plan, and what is stored of it (NULL: nothing). Shared, alive as long as
 * the look's context. */
const struct plan_target *look_target(const struct look *look);
const struct stored_target *look_stored(const struct look *look);

/* A time of CLOCK_MONOTONIC as the database's clock had it at the latest: never later than it was. */
usec_t look_database_time(const struct look_context *context, usec_t monotonic);
