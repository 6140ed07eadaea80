#include "flow/scheduler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/messages.h"
#include "flow/change_log.h"
#include "io/timer.h"

/* Runs at once, in one daemon. Most of a run is waiting; requests are limited by the API's own limits. */
enum { RUNS_AT_ONCE = 256 };
/* Of targets, in one run; more are counted in its last line. */
enum { LINES_A_RUN = 20 };
/* Due times are rows, and rows may be moved by anybody: the daemon looks at least so often. */
static const usec_t look_interval = USEC_PER_SEC;

/* A configuration that runs go on with; freed with the last of them. */
struct generation {
    struct generation *next;
    struct config *config;
    const struct config_connection **by_id;
    size_t runs;
};

struct active {
    struct run *run;
    struct generation *generation;
    usec_t since;
    size_t lines; /* logged of its targets */
};

struct scheduler {
    struct scheduler_options options;
    struct generation *current, *old; /* what counts; what runs still hold */
    bool loaded;                      /* the database knows the current configuration */
    bool ever_loaded, stopping;
    struct database_call *call; /* loading or claiming */
    struct generation *asking;  /* the configuration under which it claims; held like by a run */
    sd_event_source *timer;
    struct active active[RUNS_AT_ONCE];
    size_t under_way;
    struct change_log *change_log;
    bool more; /* the last claim took all that it was allowed to: there may be more */
    void (*stopped)(void *userdata);
    void *stopped_userdata;
    struct scheduler_status status;
};

static void look(struct scheduler *scheduler);

static int compare_ids(const void *a, const void *b) {
    const struct config_connection *const *left = a, *const *right = b;
    return strcmp((*left)->id, (*right)->id);
}

static struct generation *generation_new(struct config *config) {
    struct generation *generation = alloc_zero(1, sizeof(*generation));
    generation->config = config;
    generation->by_id = alloc_zero(config->connection_count + 1, sizeof(*generation->by_id));
    for (size_t i = 0; i < config->connection_count; i++)
        generation->by_id[i] = &config->connections[i];
    qsort(generation->by_id, config->connection_count, sizeof(*generation->by_id), compare_ids);
    return generation;
}

static void generation_free(struct generation *generation) {
    config_free(generation->config);
    free(generation->by_id);
    free(generation);
}

/* Frees old generations that no run holds any more. */
static void sweep_generations(struct scheduler *scheduler) {
    for (struct generation **link = &scheduler->old; *link;) {
        struct generation *generation = *link;
        if (generation->runs > 0) {
            link = &generation->next;
        } else {
            *link = generation->next;
            generation_free(generation);
        }
    }
}

/* Says why nothing is claimed, once for each reason; NULL: it is again. */
static void hold(struct scheduler *scheduler, const struct error *error) {
    const char *reason = error ? error->text : "";
    if (strcmp(scheduler->status.holds, reason) == 0)
        return;
    if (error)
        log_error(LOG_FIELDS({LOG_MESSAGE_ID, message_of_cause(error->cause, NULL)},
                             {"cause", error_class(error->cause)->name}),
                  "nothing is claimed: %s", reason);
    else
        log_notice(NULL, "claiming what is due again");
    snprintf(scheduler->status.holds, sizeof(scheduler->status.holds), "%s", reason);
}

/* Tells when a stop is complete: a claim under way may still bring runs, which are cancelled at once. */
static void finish_stop(struct scheduler *scheduler) {
    if (scheduler->stopping && scheduler->stopped && scheduler->under_way == 0 && !scheduler->call) {
        void (*stopped)(void *) = TAKE_PTR(scheduler->stopped);
        stopped(scheduler->stopped_userdata);
    }
}

/* Runs */

static struct active *active_of(struct scheduler *scheduler, const struct run *run) {
    for (size_t i = 0; i < RUNS_AT_ONCE; i++)
        if (scheduler->active[i].run == run)
            return &scheduler->active[i];
    return NULL;
}

/* The level of one more line on a target: of thousands that fail alike nobody reads each. */
static enum log_level level_of_target(struct scheduler *scheduler, const struct run *run) {
    struct active *active = active_of(scheduler, run);
    return active && active->lines++ >= LINES_A_RUN ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
}

static void on_failed(struct run *run, const char *target_id, const struct error *error, void *userdata) {
    log_write(level_of_target(userdata, run),
              LOG_FIELDS({LOG_MESSAGE_ID, message_of_cause(error->cause, MESSAGE_TARGET_FAILED)},
                         {"connection", run_connection(run)->name}, {"target", target_id},
                         {"run_id", run_id(run)}, {"cause", error_class(error->cause)->name}),
              "%s", error->text);
}

static void on_held(struct run *run, const char *target_id, bool gone, size_t fields, void *userdata) {
    enum log_level level = level_of_target(userdata, run);
    const struct log_field *about =
        LOG_FIELDS(LOG_ID(MESSAGE_HELD_BACK), {"connection", run_connection(run)->name},
                   {"target", target_id}, {"run_id", run_id(run)});
    if (gone)
        log_write(level, about,
                  "the target is gone with many others: held back; 'schemasyncd accept' if it is true");
    else
        log_write(level, about, "%zu fields are gone at once: held back; 'schemasyncd accept' if it is true",
                  fields);
}

/* What the run's failure as a whole is for people: the key's, the API's, or another one. */
static const char *message_of_failure(const struct run_report *report) {
    if (report->trouble)
        return strcmp(report->trouble, "key") == 0 ? MESSAGE_KEY_REFUSED : MESSAGE_UPSTREAM_AWAY;
    return error_is_set(&report->error) ? message_of_cause(report->error.cause, MESSAGE_RUN_FAILED) : NULL;
}

static void log_report(const struct run *run, const struct run_report *report) {
    const struct log_field *about =
        LOG_FIELDS({LOG_MESSAGE_ID, message_of_failure(report)}, {"connection", run_connection(run)->name},
                   {"run_id", run_id(run)},
                   {"cause", error_is_set(&report->error) ? error_class(report->error.cause)->name : NULL},
                   {"trouble", report->trouble});
    if (run_is_interrupted(report->error.cause))
        log_notice(about + 1, "%s", report->error.text); /* it is no failure */
    else if (error_is_set(&report->error))
        log_error(about, "%s", report->error.text);
    else
        log_write(
            report->changes > 0 || report->failed > 0 || report->baselines > 0 ? LOG_LEVEL_INFO
                                                                               : LOG_LEVEL_DEBUG,
            about,
            "%zu targets: %zu mirrored for the first time, %zu unchanged, %zu changed, %zu suspect, %zu failed; %zu changes",
            report->targets, report->baselines, report->unchanged, report->changed, report->held,
            report->failed, report->changes);
}

/* For the status line. */
static void note_last(struct scheduler_status *status, const struct run *run,
                      const struct run_report *report) {
    if (run_is_interrupted(report->error.cause))
        return;
    status->runs++;
    status->failed_runs += report->outcome == RUN_FAILED;
    status->last = *report;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    status->last_ended = now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
    const char *name = run_connection(run)->name;
    text_sanitize(name, strlen(name), status->last_connection, sizeof(status->last_connection));
}

static void on_done(struct run *run, const struct run_report *report, void *userdata) {
    struct scheduler *scheduler = userdata;
    struct active *active = active_of(scheduler, run);
    log_report(run, report);
    if (report->changes > 0)
        change_log_tell(scheduler->change_log, run_connection(run)->name, run_id(run));
    note_last(&scheduler->status, run, report);
    if (scheduler->options.ended)
        scheduler->options.ended(run, report, timer_now() - active->since, scheduler->options.userdata);
    run_free(run);
    active->generation->runs--;
    *active = (struct active){0};
    scheduler->under_way--;
    sweep_generations(scheduler);
    finish_stop(scheduler);
    if (scheduler->more)
        look(scheduler);
}

static const struct config_connection *find_by_id(const struct generation *generation, const char *id) {
    const struct config_connection key = {.id = id}, *wanted = &key;
    const struct config_connection **found =
        bsearch(&wanted, generation->by_id, generation->config->connection_count, sizeof(*generation->by_id),
                compare_ids);
    return found ? *found : NULL;
}

/* Does the configuration that counts now still want what a run of that connection does? */
static bool is_wanted(const struct scheduler *scheduler, const struct config_connection *connection) {
    const struct config_connection *now = find_by_id(scheduler->current, connection->id);
    return !scheduler->stopping && now && config_same_connection(connection, now);
}

static void start_run(struct scheduler *scheduler, struct generation *generation,
                      const struct store_claim *claim) {
    const struct config_connection *connection = find_by_id(generation, claim->connection_id);
    if (!connection) /* cannot be: the digest was compared with the claim. The lease ends by itself. */
        return;
    struct active *active = active_of(scheduler, NULL);
    active->generation = generation;
    active->generation->runs++;
    active->since = timer_now();
    scheduler->under_way++;
    struct run_options options = {
        .event = scheduler->options.event,
        .store = scheduler->options.store,
        .pool = scheduler->options.pool,
        .config = generation->config,
        .connection = connection,
        .claim = claim,
        .observer = {.failed = on_failed, .held = on_held, .done = on_done, .userdata = scheduler},
    };
    active->run = run_start(&options);
    if (!is_wanted(scheduler, connection)) /* reloaded or stopped while the claim was under way */
        run_cancel(active->run);
}

/* What is due */

static void on_claimed(const struct database_result *result, const struct error *error, void *userdata) {
    struct scheduler *scheduler = userdata;
    struct generation *generation = TAKE_PTR(scheduler->asking);
    scheduler->call = NULL;
    generation->runs--;
    if (error) {
        scheduler->more = false;
        /* a database that is away is told by its connection */
        if (error->cause != CAUSE_DB_UNREACHABLE && scheduler->loaded)
            hold(scheduler, error);
        sweep_generations(scheduler);
        finish_stop(scheduler);
        return;
    }
    hold(scheduler, NULL);
    size_t count = database_rows(result);
    scheduler->more = count > 0 && count == RUNS_AT_ONCE - scheduler->under_way;
    for (size_t i = 0; i < count; i++) {
        struct store_claim claim;
        store_read_claim(result, i, &claim);
        snprintf(claim.connection_id, sizeof(claim.connection_id), "%s",
                 database_value(result, i, "connection_id"));
        start_run(scheduler, generation, &claim);
    }
    sweep_generations(scheduler);
    finish_stop(scheduler);
    if (!scheduler->loaded)
        look(scheduler);
}

static void on_loaded(const struct database_result *result, const struct error *error, void *userdata) {
    struct scheduler *scheduler = userdata;
    scheduler->call = NULL;
    if (!error) {
        scheduler->loaded = scheduler->ever_loaded = true;
        if (strcmp(database_value(result, 0, "loaded"), "t") == 0)
            log_info(NULL, "the database has taken the configuration over: %zu connections",
                     scheduler->current->config->connection_count);
        look(scheduler);
    } else if (error->cause == CAUSE_DB_RIGHTS && !scheduler->ever_loaded && scheduler->options.refused) {
        scheduler->options.refused(error, scheduler->options.userdata);
    } else if (error->cause != CAUSE_DB_UNREACHABLE) {
        hold(scheduler, error);
    }
}

/* One statement at a time: the configuration first, then what is due. */
static void look(struct scheduler *scheduler) {
    if (scheduler->call || scheduler->stopping)
        return;
    struct store *store = scheduler->options.store;
    const struct config *config = scheduler->current->config;
    if (!scheduler->loaded)
        scheduler->call = store_load_configuration(store, config, true, on_loaded, scheduler);
    else { /* also where there is no room: it is a sign of life */
        scheduler->asking = scheduler->current;
        scheduler->asking->runs++;
        scheduler->call = store_claim_due(store, config->digest, RUNS_AT_ONCE - scheduler->under_way,
                                          on_claimed, scheduler);
    }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
    (void)usec;
    look(userdata);
    sd_event_source_set_time_relative(source, (uint64_t)look_interval);
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    return 0;
}

struct scheduler *scheduler_new(const struct scheduler_options *options, struct config *config) {
    struct scheduler *scheduler = alloc_zero(1, sizeof(*scheduler));
    scheduler->options = *options;
    scheduler->current = generation_new(config);
    scheduler->change_log = change_log_new(options->store);
    if (sd_event_add_time_relative(options->event, &scheduler->timer, CLOCK_MONOTONIC, 0, 0, on_timer,
                                   scheduler) < 0)
        log_error(NULL, "no timer to be had: nothing will be claimed");
    return scheduler;
}

void scheduler_reload(struct scheduler *scheduler, struct config *config) {
    if (scheduler->stopping) {
        config_free(config);
        return;
    }
    struct generation *before = scheduler->current;
    before->next = scheduler->old;
    scheduler->old = before;
    scheduler->current = generation_new(config);
    scheduler->loaded = false;
    if (!scheduler
             ->asking) /* it was loading; a claim is left to come, else its leases would have to run out */
        database_cancel(TAKE_PTR(scheduler->call));
    for (size_t i = 0; i < RUNS_AT_ONCE; i++)
        if (scheduler->active[i].run && !is_wanted(scheduler, run_connection(scheduler->active[i].run)))
            run_cancel(scheduler->active[i].run);
    sweep_generations(scheduler);
    look(scheduler);
}

void scheduler_stop(struct scheduler *scheduler, void (*stopped)(void *userdata), void *userdata) {
    scheduler->stopping = true;
    scheduler->stopped = stopped;
    scheduler->stopped_userdata = userdata;
    if (!scheduler->asking)
        database_cancel(TAKE_PTR(scheduler->call));
    scheduler->timer = sd_event_source_disable_unref(scheduler->timer);
    for (size_t i = 0; i < RUNS_AT_ONCE; i++)
        if (scheduler->active[i].run)
            run_cancel(scheduler->active[i].run);
    finish_stop(scheduler);
}

void scheduler_free(struct scheduler *scheduler) {
    if (!scheduler)
        return;
    database_cancel(scheduler->call);
    change_log_free(scheduler->change_log);
    sd_event_source_disable_unref(scheduler->timer);
    for (size_t i = 0; i < RUNS_AT_ONCE; i++)
        run_free(scheduler->active[i].run);
    for (struct generation *generation = scheduler->old, *next; generation; generation = next) {
        next = generation->next;
        generation_free(generation);
    }
    generation_free(scheduler->current);
    free(scheduler);
}

void scheduler_status(const struct scheduler *scheduler, struct scheduler_status *ret) {
    *ret = scheduler->status;
    ret->under_way = scheduler->under_way;
    ret->connections = scheduler->current->config->connection_count;
}
