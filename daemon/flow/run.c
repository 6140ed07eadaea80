#include "flow/run_parts.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"

/* A lease lasts 60 s of the database's clock. */
static const usec_t renewal_interval = 15 * USEC_PER_SEC;
static const usec_t lease_retry = USEC_PER_SEC;
static const usec_t first_poll = 100 * USEC_PER_MSEC, longest_poll = 5 * USEC_PER_SEC;

static const char *const state_names[RUN_STATE_COUNT] = {
    "new",     "claiming", "awaiting lease", "loading", "asking",     "noting status", "refreshing", "pausing",
    "polling", "listing",  "registering",    "looking", "confirming", "staging",       "recording",  "ended"};
static const char *const event_names[RUN_EVENT_COUNT] = {"start", "ok",      "busy",   "tick",   "not yet",
                                                         "skip",  "confirm", "failed", "cancel", "lost"};

static void act_claim(struct run *run);
static void act_await_lease(struct run *run);
static void act_load(struct run *run);
static void act_ask(struct run *run);
static void act_note_status(struct run *run);
static void act_refresh(struct run *run);
static void act_pause(struct run *run);
static void act_poll(struct run *run);
static void act_list(struct run *run);
static void act_register(struct run *run);
static void act_end(struct run *run);

/* The whole of a run. Actions start one operation and return; its callback steps. */
/* clang-format off */
static const struct transition {
    enum run_state state;
    enum run_event event;
    enum run_state next;
    void (*action)(struct run *run);
    const char *meaning;
} transitions[] = {
    {RUN_NEW,            RUN_EVENT_START,   RUN_CLAIMING,       act_claim,          "take the connection's lease"},
    {RUN_CLAIMING,       RUN_EVENT_BUSY,    RUN_AWAITING_LEASE, act_await_lease,    "another process works on the connection"},
    {RUN_AWAITING_LEASE, RUN_EVENT_TICK,    RUN_CLAIMING,       act_claim,          "try again"},
    {RUN_CLAIMING,       RUN_EVENT_OK,      RUN_LOADING,        act_load,           "load what is stored of the targets"},
    {RUN_LOADING,        RUN_EVENT_OK,      RUN_ASKING,         act_ask,            "does the connection answer, and how is it?"},
    {RUN_ASKING,         RUN_EVENT_OK,      RUN_NOTING_STATUS,  act_note_status,    "note when its last refresh was"},
    {RUN_ASKING,         RUN_EVENT_SKIP,    RUN_LISTING,        act_list,           "the connection as a whole is not refreshed"},
    {RUN_NOTING_STATUS,  RUN_EVENT_OK,      RUN_REFRESHING,     act_refresh,        "ask for a refresh"},
    {RUN_REFRESHING,     RUN_EVENT_OK,      RUN_PAUSING,        act_pause,          "it is under way"},
    {RUN_PAUSING,        RUN_EVENT_TICK,    RUN_POLLING,        act_poll,           "is it over?"},
    {RUN_POLLING,        RUN_EVENT_NOT_YET, RUN_PAUSING,        act_pause,          "not yet"},
    {RUN_POLLING,        RUN_EVENT_OK,      RUN_LISTING,        act_list,           "it is over"},
    {RUN_LISTING,        RUN_EVENT_OK,      RUN_REGISTERING,    act_register,       "take in what an include item brings"},
    {RUN_LISTING,        RUN_EVENT_SKIP,    RUN_REGISTERING,    act_register,       "no include item asks for the list"},
    {RUN_REGISTERING,    RUN_EVENT_OK,      RUN_LOOKING,        run_start_looks,    "look at each target"},
    {RUN_REGISTERING,    RUN_EVENT_SKIP,    RUN_LOOKING,        run_start_looks,    "nothing to take in"},
    {RUN_LOOKING,        RUN_EVENT_CONFIRM, RUN_CONFIRMING,     act_ask,            "some are gone: does the connection itself still answer?"},
    {RUN_LOOKING,        RUN_EVENT_OK,      RUN_STAGING,        run_flush,          "all have been looked at"},
    {RUN_CONFIRMING,     RUN_EVENT_OK,      RUN_STAGING,        run_flush,          "what is gone has been judged"},
    {RUN_STAGING,        RUN_EVENT_OK,      RUN_RECORDING,      run_record,         "all that was found is staged: record it at once"},
    {RUN_STAGING,        RUN_EVENT_SKIP,    RUN_ENDED,          act_end,            "a dry run records nothing"},
    {RUN_RECORDING,      RUN_EVENT_OK,      RUN_ENDED,          act_end,            "recorded"},

    {RUN_LOADING,        RUN_EVENT_FAILED,  RUN_RECORDING,      run_record_failure, "the run fails as a whole"},
    {RUN_ASKING,         RUN_EVENT_FAILED,  RUN_RECORDING,      run_record_failure, "the connection does not answer"},
    {RUN_NOTING_STATUS,  RUN_EVENT_FAILED,  RUN_RECORDING,      run_record_failure, "the refresh status does not answer"},
    {RUN_REFRESHING,     RUN_EVENT_FAILED,  RUN_RECORDING,      run_record_failure, "the refresh is refused"},
    {RUN_POLLING,        RUN_EVENT_FAILED,  RUN_RECORDING,      run_record_failure, "the refresh fails, or is not over in time"},
    {RUN_LISTING,        RUN_EVENT_FAILED,  RUN_RECORDING,      run_record_failure, "the list does not come"},
    {RUN_REGISTERING,    RUN_EVENT_FAILED,  RUN_RECORDING,      run_record_failure, "the run fails as a whole"},
    {RUN_LOOKING,        RUN_EVENT_FAILED,  RUN_RECORDING,      run_record_failure, "the key is refused, or staging fails"},
    {RUN_CONFIRMING,     RUN_EVENT_FAILED,  RUN_RECORDING,      run_record_failure, "the key is refused"},
    {RUN_STAGING,        RUN_EVENT_FAILED,  RUN_RECORDING,      run_record_failure, "staging fails"},
    {RUN_CLAIMING,       RUN_EVENT_FAILED,  RUN_ENDED,          act_end,            "there is no lease to record under"},
    {RUN_RECORDING,      RUN_EVENT_FAILED,  RUN_ENDED,          act_end,            "the recording failed: nothing of the run counts"},
    {RUN_RECORDING,      RUN_EVENT_CANCEL,  RUN_RECORDING,      NULL,               "too late to cancel"},
};
/* clang-format on */

/* Cancelling and a lost lease mean the same everywhere else. */
static const struct transition
    cancelled = {RUN_NEW, RUN_EVENT_CANCEL, RUN_RECORDING, run_record_failure, "stopped on the way"},
    cancelled_unclaimed = {RUN_NEW, RUN_EVENT_CANCEL, RUN_ENDED, act_end, "stopped before it began"},
    lost = {RUN_NEW, RUN_EVENT_LOST, RUN_ENDED, act_end, "the lease was taken over: nothing may be recorded"};

static const struct transition *find_transition(const struct run *run, enum run_event event) {
    for (size_t i = 0; i < ARRAY_LENGTH(transitions); i++)
        if (transitions[i].state == run->state && transitions[i].event == event)
            return &transitions[i];
    if (event == RUN_EVENT_CANCEL)
        return run->claimed ? &cancelled : &cancelled_unclaimed;
    return event == RUN_EVENT_LOST ? &lost : NULL;
}

/* Lets go of what is under way: a state is left with nothing of it running. */
static void stop_operations(struct run *run) {
    database_cancel(TAKE_PTR(run->query));
    api_cancel(TAKE_PTR(run->call));
    loader_cancel(TAKE_PTR(run->job));
    run->timer = sd_event_source_disable_unref(run->timer);
}

void run_step(struct run *run, enum run_event event) {
    if (run->state == RUN_ENDED)
        return; /* late events of a run that is over */
    const struct transition *transition = find_transition(run, event);
    if (!transition) {
        log_error(LOG_FIELDS({"connection", run->options.connection->name}, {"run", run->id}),
                  "bug: a run got the event \"%s\" in the state \"%s\"", event_names[event], state_names[run->state]);
        transition = &lost;
        error_set(&run->report.error, CAUSE_BUG, "unexpected event");
    }
    log_debug(LOG_FIELDS({"connection", run->options.connection->name}, {"run", run->id}), "%s, %s -> %s: %s",
              state_names[run->state], event_names[event], state_names[transition->next], transition->meaning);
    if (transition->action)
        stop_operations(run);
    if (run->state == RUN_LOOKING && transition->next != RUN_LOOKING)
        run_end_looks(run);
    run->state = transition->next;
    if (transition->action)
        transition->action(run);
}

void run_fail(struct run *run, const struct error *error) {
    run->report.error = *error;
    run_step(run, error->cause == CAUSE_LEASE_LOST ? RUN_EVENT_LOST : RUN_EVENT_FAILED);
}

static usec_t monotonic_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
    struct run *run = userdata;
    (void)source;
    (void)usec;
    run_step(run, RUN_EVENT_TICK);
    return 0;
}

static void set_timer(struct run *run, usec_t delay) {
    if (sd_event_add_time_relative(run->options.event, &run->timer, CLOCK_MONOTONIC, (uint64_t)delay, 0, on_timer, run) < 0) {
        struct error error = {0};
        error_set(&error, CAUSE_BUG, "no timer to be had");
        run_fail(run, &error);
    }
}

/* The lease */

static void on_renewed(const struct database_result *result, const struct error *error, void *userdata) {
    struct run *run = userdata;
    run->renewing = NULL;
    /* a database that is away is no reason to stop: the token decides when it is back */
    if (!error && run->state != RUN_RECORDING && strcmp(database_value(result, 0, "renewed"), "t") != 0) {
        error_set(&run->report.error, CAUSE_LEASE_LOST, "another process took the connection over");
        run_step(run, RUN_EVENT_LOST);
    }
}

static int on_renewal(sd_event_source *source, uint64_t usec, void *userdata) {
    struct run *run = userdata;
    (void)usec;
    if (!run->renewing)
        run->renewing = store_renew(run->options.store, run->options.connection->id, run->claim.token, on_renewed, run);
    sd_event_source_set_time_relative(source, (uint64_t)renewal_interval);
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    return 0;
}

static void on_claimed(const struct database_result *result, const struct error *error, void *userdata) {
    struct run *run = userdata;
    run->query = NULL;
    if (error) {
        run_fail(run, error);
        return;
    }
    run->claimed = store_read_claim(result, &run->claim);
    run->looks.database_now = run->claim.now;
    run->looks.database_now_at = monotonic_now();
    if (!run->claimed && !run->options.dry_run) {
        run_step(run, RUN_EVENT_BUSY);
        return;
    }
    enum refresh_policy policy = run->options.connection->refresh;
    run->looks.refresh_each = policy == REFRESH_TARGET || (policy == REFRESH_CONNECTION && run->claim.refreshes_targets);
    if (!run->options.dry_run)
        sd_event_add_time_relative(run->options.event, &run->renewal, CLOCK_MONOTONIC, (uint64_t)renewal_interval, 0,
                                   on_renewal, run);
    run_step(run, RUN_EVENT_OK);
}

static void act_claim(struct run *run) {
    struct store *store = run->options.store;
    const char *connection = run->options.connection->id;
    if (run->options.dry_run)
        run->query = store_peek(store, connection, on_claimed, run);
    else
        run->query =
            store_claim(store, connection, run->id, run->options.manual ? "manual" : "schedule", on_claimed, run);
}

static void act_await_lease(struct run *run) {
    if (run->options.observer.waiting)
        run->options.observer.waiting(run, run->options.observer.userdata);
    set_timer(run, lease_retry);
}

static void on_targets(const struct database_result *result, const struct error *error, void *userdata) {
    struct run *run = userdata;
    run->query = NULL;
    if (error) {
        run_fail(run, error);
        return;
    }
    run->stored = store_read_targets(result, run->stored_arena, &run->stored_count);
    run->was_looked_at = alloc_zero(run->stored_count + 1, sizeof(bool));
    run_step(run, RUN_EVENT_OK);
}

static void act_load(struct run *run) {
    run->query = store_load_targets(run->options.store, run->options.connection->id, on_targets, run);
}

/* The connection */

static bool is_healthy(const struct run *run) {
    return !run->status || strcmp(run->status, "healthy") == 0;
}

/* Is the connection as a whole to be refreshed? Not where each target is, and not for targets that are not created yet alone. */
static bool refreshes_connection(const struct run *run) {
    const struct config_connection *connection = run->options.connection;
    if (run->options.dry_run || run->looks.refresh_each || connection->refresh != REFRESH_CONNECTION)
        return false;
    if (plan_has_item(connection, ITEM_INCLUDE))
        return true;
    for (size_t i = 0; i < run->stored_count; i++)
        if (run->stored[i].managed && run->stored[i].origin != ORIGIN_NEW && (run->stored[i].due || run->options.manual))
            return true;
    return false;
}

static void on_connection(struct api_answer *answer, const struct error *error, void *userdata) {
    struct run *run = userdata;
    run->call = NULL;
    struct api_connection connection = {0};
    struct error parsing = {0};
    if (!error && !api_parse_connection(answer->body.data, answer->body.length, &connection, &parsing))
        error = &parsing;
    if (run->state == RUN_CONFIRMING) {
        api_connection_done(&connection);
        if (error && error_class(error->cause)->counted == COUNTED_CONNECTION) {
            run_fail(run, error);
            return;
        }
        run_confirm(run, !error, error);
        run_step(run, RUN_EVENT_OK);
        return;
    }
    if (error) {
        run_fail(run, error);
        return;
    }
    run->type = TAKE_PTR(connection.type);
    run->status = TAKE_PTR(connection.status);
    run->status_error = TAKE_PTR(connection.status_error);
    api_connection_done(&connection);
    run_step(run, refreshes_connection(run) ? RUN_EVENT_OK : RUN_EVENT_SKIP);
}

static void act_ask(struct run *run) {
    run->call = api_get_connection(run->api, on_connection, run);
}

/* The refresh */

static void on_status(struct api_answer *answer, const struct error *error, void *userdata) {
    struct run *run = userdata;
    run->call = NULL;
    struct api_refresh_status status = {0};
    struct error failure = {0};
    if (!error && !api_parse_refresh_status(answer->body.data, answer->body.length, &status, &failure))
        error = &failure;
    if (error) {
        failure = *error;
        error_prefix(&failure, "the refresh's status");
        run_fail(run, &failure);
        return;
    }
    bool refreshing = status.cache_status && strcmp(status.cache_status, "refreshing") == 0;
    usec_t started = status.started, finished = status.finished;
    api_refresh_status_done(&status);
    if (run->state == RUN_NOTING_STATUS) {
        run->finished_before = finished;
        run_step(run, RUN_EVENT_OK);
        return;
    }
    bool advanced = finished != USEC_NONE && (run->finished_before == USEC_NONE || finished > run->finished_before);
    if (!refreshing && advanced && (started == USEC_NONE || finished >= started)) {
        run->refresh_finished = finished;
        run->looks.refresh_started = started;
        run_step(run, RUN_EVENT_OK);
    } else if (monotonic_now() < run->refresh_deadline) {
        run_step(run, RUN_EVENT_NOT_YET);
    } else {
        char limit[TIMESPAN_TEXT_MAX];
        timespan_format(run->options.connection->refresh_timeout, limit);
        error_set(&failure, CAUSE_REFRESH_TIMEOUT, "the schema refresh was not over within refresh_timeout (%s)", limit);
        run_fail(run, &failure);
    }
}

static void act_note_status(struct run *run) {
    run->call = api_get_refresh_status(run->api, on_status, run);
}

static void on_refresh(struct api_answer *answer, const struct error *error, void *userdata) {
    struct run *run = userdata;
    (void)answer;
    run->call = NULL;
    if (!error) {
        run_step(run, RUN_EVENT_OK);
        return;
    }
    struct error refused = *error;
    if (error_class(error->cause)->counted != COUNTED_CONNECTION) {
        if (is_healthy(run))
            error_prefix(&refused, "the schema refresh was refused");
        else
            error_prefix(&refused, "the schema refresh was refused; the connection's status is %s%s%s", run->status,
                         run->status_error ? ": " : "", run->status_error ? run->status_error : "");
        if (refused.cause == CAUSE_HTTP_400 || refused.cause == CAUSE_HTTP_5XX)
            refused.cause = CAUSE_REFRESH_FAILED;
    }
    run_fail(run, &refused);
}

static void act_refresh(struct run *run) {
    run->looks.refresh_asked_at = monotonic_now();
    run->refresh_deadline = run->looks.refresh_asked_at + run->options.connection->refresh_timeout;
    run->call = api_post_refresh(run->api, on_refresh, run);
}

static void act_pause(struct run *run) {
    usec_t delay = first_poll;
    for (unsigned i = 0; i < run->polls && delay < longest_poll; i++)
        delay += delay / 2;
    usec_t left = run->refresh_deadline - monotonic_now();
    run->polls++;
    set_timer(run, MAX(MIN(MIN(delay, longest_poll), left), 0));
}

static void act_poll(struct run *run) {
    run->call = api_get_refresh_status(run->api, on_status, run);
}

/* The targets */

static void on_list(struct api_answer *answer, const struct error *error, void *userdata) {
    struct run *run = userdata;
    run->call = NULL;
    struct error failure = {0};
    if (!error && !api_parse_target_list(answer->body.data, answer->body.length, &run->listing, &failure))
        error = &failure;
    if (error) {
        failure = *error;
        error_prefix(&failure, "the list of targets");
        run_fail(run, &failure);
        return;
    }
    run->listed = true;
    run_step(run, RUN_EVENT_OK);
}

static void act_list(struct run *run) {
    if (plan_has_item(run->options.connection, ITEM_INCLUDE))
        run->call = api_list_targets(run->api, on_list, run);
    else
        run_step(run, RUN_EVENT_SKIP);
}

static void on_registered(const struct database_result *result, const struct error *error, void *userdata) {
    struct run *run = userdata;
    run->query = NULL;
    if (error) {
        run_fail(run, error);
        return;
    }
    /* what had no row has one now: to be read like the others */
    (void)result;
    run->query = store_load_targets(run->options.store, run->options.connection->id, on_targets, run);
    arena_free(run->stored_arena);
    run->stored_arena = arena_new();
    free(TAKE_PTR(run->was_looked_at));
    run->stored = NULL;
    run->stored_count = 0;
}

/* Targets that need a row get it before they are looked at: the rows of their fields carry its key. */
static void act_register(struct run *run) {
    struct plan plan;
    plan_make(run->options.connection, run->stored, run->stored_count, run->listed ? &run->listing : NULL, &plan);
    const char **ids = alloc_zero(plan.count + 1, sizeof(*ids));
    enum target_origin *origins = alloc_zero(plan.count + 1, sizeof(*origins));
    size_t count = 0;
    for (size_t i = 0; i < plan.count; i++) {
        if (!plan.targets[i].must_register && plan.targets[i].stored != PLAN_NOT_STORED)
            continue;
        ids[count] = plan.targets[i].id;
        origins[count++] = plan.targets[i].origin;
    }
    unsigned char digest[32];
    plan_include_digest(run->options.connection, digest);
    if (run->options.dry_run || (count == 0 && !run->listed))
        run_step(run, RUN_EVENT_SKIP);
    else
        run->query = store_register(run->options.store, run->options.connection->id, run->claim.token,
                                    run->listed ? digest : NULL, ids, origins, count, on_registered, run);
    free(ids);
    free(origins);
    plan_done(&plan);
}

/* The end */

static int on_end(sd_event_source *source, void *userdata) {
    struct run *run = userdata;
    (void)source;
    run->timer = sd_event_source_disable_unref(run->timer);
    if (run->options.observer.done)
        run->options.observer.done(run, &run->report, run->options.observer.userdata);
    return 0;
}

/* `done` is told from the loop, not from within a callback of what the run holds: so it may free the run. */
static void act_end(struct run *run) {
    if (error_is_set(&run->report.error))
        run->report.outcome = run->report.error.cause == CAUSE_CANCELLED ? RUN_CANCELLED : RUN_FAILED;
    run->renewal = sd_event_source_disable_unref(run->renewal);
    database_cancel(TAKE_PTR(run->renewing));
    run->timer = sd_event_source_disable_unref(run->timer);
    sd_event_add_defer(run->options.event, &run->timer, on_end, run);
}

struct run *run_start(const struct run_options *options) {
    struct run *run = alloc_zero(1, sizeof(*run));
    run->options = *options;
    run->stored_arena = arena_new();
    run->finished_before = run->refresh_finished = USEC_NONE;
    sd_id128_t id = SD_ID128_NULL;
    sd_id128_randomize(&id);
    sd_id128_to_uuid_string(id, run->id);
    run->api = api_new(options->pool, &options->connection->api, options->connection->id);
    run->looks = (struct look_context){.event = options->event,
                                       .api = run->api,
                                       .store = options->store,
                                       .connection = options->connection,
                                       .drift = &options->config->drift,
                                       .dry_run = options->dry_run,
                                       .refresh_started = USEC_NONE};
    run_step(run, RUN_EVENT_START);
    return run;
}

void run_cancel(struct run *run) {
    if (run->state == RUN_ENDED || run->state == RUN_RECORDING)
        return;
    error_set(&run->report.error, CAUSE_CANCELLED, "stopped on the way");
    run_step(run, RUN_EVENT_CANCEL);
}

void run_free(struct run *run) {
    if (!run)
        return;
    run_end_looks(run);
    stop_operations(run);
    sd_event_source_disable_unref(run->renewal);
    database_cancel(run->renewing);
    run_drop_sending(run);
    free(run->sending);
    batch_free(run->baselines);
    batch_free(run->staged);
    plan_done(&run->plan);
    if (run->listed)
        api_target_list_done(&run->listing);
    arena_free(run->stored_arena);
    api_free(run->api);
    free(run->type);
    free(run->status);
    free(run->status_error);
    free(run->order);
    free(run->active);
    free(run->gone);
    free(run->seen.keys);
    free(run->seen.seen_at);
    free(run->seen.refreshed_at);
    free(run->seen.due_at);
    free(run->was_looked_at);
    free(run);
}

const struct config_connection *run_connection(const struct run *run) {
    return run->options.connection;
}

const char *run_id(const struct run *run) {
    return run->id;
}

void run_print_graph(FILE *file) {
    fputs("digraph run {\n  node [shape=box, style=rounded];\n", file);
    for (size_t i = 0; i < ARRAY_LENGTH(transitions); i++)
        fprintf(file, "  \"%s\" -> \"%s\" [label=\"%s\"];\n", state_names[transitions[i].state],
                state_names[transitions[i].next], event_names[transitions[i].event]);
    fputs("}\n", file);
}
