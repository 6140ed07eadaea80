/* What the files of a run share. run.c moves the state; run_steps.c claims, refreshes and lists; run_looks.c
 * looks at the targets and collects what they came to; run_record.c hands it over. */
#pragma once

#include <systemd/sd-event.h>

#include "flow/look.h"
#include "flow/run.h"
#include "service/batch.h"
#include "service/loader.h"

enum run_state {
    RUN_NEW,
    RUN_CLAIMING,
    RUN_AWAITING_LEASE,
    RUN_LOADING,
    RUN_ASKING,
    RUN_NOTING_STATUS,
    RUN_REFRESHING,
    RUN_PAUSING,
    RUN_POLLING,
    RUN_LISTING,
    RUN_LOADING_SYNCS,
    RUN_LISTING_SYNCS,
    RUN_READING_SYNCS,
    RUN_REGISTERING,
    RUN_LOOKING,
    RUN_CONFIRMING,
    RUN_STAGING,
    RUN_DIAGNOSING, /* it has failed as a whole */
    RUN_RECORDING,
    RUN_ENDED,
    RUN_STATE_COUNT,
};

enum run_event {
    RUN_EVENT_START,
    RUN_EVENT_OK,      /* what was asked for came */
    RUN_EVENT_BUSY,    /* another process has the lease */
    RUN_EVENT_TICK,    /* a pause is over */
    RUN_EVENT_NOT_YET, /* the refresh is not over */
    RUN_EVENT_SKIP,    /* what follows is not needed */
    RUN_EVENT_CONFIRM, /* targets are gone: does the connection itself answer? */
    RUN_EVENT_FAILED,  /* the run fails as a whole: run->report.error says why */
    RUN_EVENT_CANCEL,
    RUN_EVENT_LOST, /* nothing may be recorded: the lease is lost, or the database refuses */
    RUN_EVENT_COUNT,
};

/* A target that both looks called gone: judged when all have been looked at. */
struct gone_target {
    size_t index; /* in the plan */
    usec_t seen_at;
    bool applied;
};

enum { SYNCS_AT_ONCE = 8 };

/* A sync that writes to the connection. */
struct sync_entry {
    const struct sync *sync; /* whole; NULL: still to be read */
    const char *id;
    bool read; /* in this run: to be recorded */
};

/* Arrays for record_run() that grow together. */
struct seen_list {
    int *keys;
    usec_t *seen_at, *refreshed_at, *due_at;
    size_t count, capacity;
};

struct run {
    struct run_options options;
    enum run_state state;
    char id[RUN_ID_SIZE]; /* "" until it is claimed */
    bool claimed;
    struct store_claim claim;
    struct run_report report;
    sd_event_source *timer, *renewal;

    /* the operation under way */
    struct database_call *query, *renewing;
    struct api_call *call;
    struct loader_job *job;

    /* what is known of the connection */
    struct api *api, *probe; /* `probe`: for a question about the key alone */
    struct config_api probe_config;
    struct look_context looks;
    char *type, *status, *status_error;
    usec_t finished_before, refresh_finished; /* the API's times */
    usec_t refresh_deadline;                  /* CLOCK_MONOTONIC */
    unsigned polls;
    struct arena *stored_arena;
    struct stored_target *stored;
    size_t stored_count;
    bool listed;
    struct api_target_list listing;
    struct synced_targets synced;

    /* the syncs that write to the connection */
    struct arena *sync_arena;
    struct sync *stored_syncs; /* sorted by id */
    size_t stored_sync_count;
    struct sync_entry *syncs; /* what was listed, or, where that failed, what is stored */
    size_t sync_count, sync_capacity, next_sync, syncs_under_way;
    bool syncs_known;
    char *sync_page; /* the next one's token */
    size_t sync_pages;
    struct api_call *sync_calls[SYNCS_AT_ONCE];
    const struct sync **uses; /* sorted by target */
    size_t use_count;

    struct plan plan;

    /* the looks: plan targets in random order, some under way */
    size_t *order;
    size_t order_count, next, under_way, looked;
    struct look **active; /* by slot; NULL: free */
    size_t window, first_free;
    size_t proofs_asked, proofs_given, proofs_by_second_fetch,
        stale; /* targets: proof was asked, given, ... */
    size_t looked_present, gone_or_held;
    struct gone_target *gone;
    size_t gone_count, gone_capacity;

    /* what was found */
    struct seen_list seen;
    bool *was_looked_at; /* by index in the stored targets */
    struct batch *baselines, *staged;
    int next_batch;
    struct sent **sending; /* batches under way */
    size_t sending_count, sending_capacity;
    size_t staged_targets, staged_fields, staged_changes;
};

/* Moves the state as the table says, and does what belongs to it. */
void run_step(struct run *run, enum run_event event);

/* Notes why the run fails as a whole, and steps. */
void run_fail(struct run *run, const struct error *error);

/* run_steps.c: each starts one operation, whose callback steps */
void run_take_claim(struct run *run, const struct store_claim *claim); /* the connection is this run's */
void run_claim(struct run *run);
void run_await_lease(struct run *run);
void run_load_targets(struct run *run);
void run_ask_connection(struct run *run);
void run_note_status(struct run *run);
void run_refresh(struct run *run);
void run_pause(struct run *run);
void run_poll(struct run *run);
void run_list_targets(struct run *run);
void run_register_targets(struct run *run);

/* Steps with RUN_EVENT_TICK. */
void run_set_timer(struct run *run, usec_t delay);

/* run_trouble.c */
void run_diagnose(struct run *run); /* whose failure is it? Sets run->report.trouble */

/* run_looks.c */
void run_start_looks(struct run *run); /* the first ones, in random order */
void run_confirm(
    struct run *run, bool alive,
    const struct error *error);         /* judges what is gone, when the connection has answered or not */
void run_resume_looks(struct run *run); /* there is room again */
void run_end_looks(struct run *run);    /* frees what is under way */

/* run_syncs.c */
void run_load_syncs(struct run *run);
void run_list_syncs(struct run *run); /* one page */
void run_read_syncs(struct run *run); /* those that are new or changed */
struct target_use run_use_of(const struct run *run, const char *target_id);
char *run_listed_syncs(const struct run *run); /* their ids as an array literal; NULL: not all are known */
char *run_read_syncs_json(const struct run *run);
void run_syncs_done(struct run *run);

/* run_record.c */
usec_t run_due(const struct run *run,
               const struct target_item *item); /* the next due time; item NULL: the connection's */
void run_stage(
    struct run *run, const struct staged_target *target, const struct diff *diff, const struct change *before,
    const struct judge *judge); /* diff, before (a change of the target itself) and judge may be NULL */
void run_stage_failure(struct run *run, size_t plan_index, const struct error *error);
void run_flush(struct run *run);        /* sends what is collected; steps when all has arrived */
void run_drop_sending(struct run *run); /* forgets what is under way */
void run_record(struct run *run);
void run_record_failure(
    struct run *run); /* the run failed as a whole, or was cancelled: records that alone */
