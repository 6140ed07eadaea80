#include "flow/run_parts.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "base/log.h"

static const char *const state_names[RUN_STATE_COUNT] = {
    "new",           "claiming",      "awaiting lease", "loading",     "asking",
    "noting status", "refreshing",    "pausing",        "polling",     "listing",
    "loading syncs", "listing syncs", "reading syncs",  "registering", "looking",
    "confirming",    "staging",       "diagnosing",     "recording",   "ended"};
static const char *const event_names[RUN_EVENT_COUNT] = {"start", "ok",      "busy",   "tick",   "not yet",
                                                         "skip",  "confirm", "failed", "cancel", "lost"};

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
    {RUN_NEW,            RUN_EVENT_START,   RUN_CLAIMING,       run_claim,            "take the connection's lease"},
    {RUN_NEW,            RUN_EVENT_OK,      RUN_LOADING,        run_load_targets,     "the scheduler has taken it already"},
    {RUN_CLAIMING,       RUN_EVENT_BUSY,    RUN_AWAITING_LEASE, run_await_lease,      "another process works on the connection"},
    {RUN_AWAITING_LEASE, RUN_EVENT_TICK,    RUN_CLAIMING,       run_claim,            "try again"},
    {RUN_CLAIMING,       RUN_EVENT_OK,      RUN_LOADING,        run_load_targets,     "load what is stored of the targets"},
    {RUN_LOADING,        RUN_EVENT_OK,      RUN_ASKING,         run_ask_connection,   "does the connection answer, and how is it?"},
    {RUN_ASKING,         RUN_EVENT_OK,      RUN_NOTING_STATUS,  run_note_status,      "note when its last refresh was"},
    {RUN_ASKING,         RUN_EVENT_SKIP,    RUN_LISTING,        run_list_targets,     "the connection as a whole is not refreshed"},
    {RUN_NOTING_STATUS,  RUN_EVENT_OK,      RUN_REFRESHING,     run_refresh,          "ask for a refresh"},
    {RUN_REFRESHING,     RUN_EVENT_OK,      RUN_PAUSING,        run_pause,            "it is under way"},
    {RUN_PAUSING,        RUN_EVENT_TICK,    RUN_POLLING,        run_poll,             "is it over?"},
    {RUN_POLLING,        RUN_EVENT_NOT_YET, RUN_PAUSING,        run_pause,            "not yet"},
    {RUN_POLLING,        RUN_EVENT_OK,      RUN_LISTING,        run_list_targets,     "it is over"},
    {RUN_LISTING,        RUN_EVENT_OK,      RUN_LOADING_SYNCS,  run_load_syncs,       "load what is stored of the syncs"},
    {RUN_LISTING,        RUN_EVENT_SKIP,    RUN_LOADING_SYNCS,  run_load_syncs,       "no include item asks for the list"},
    {RUN_LOADING_SYNCS,  RUN_EVENT_OK,      RUN_LISTING_SYNCS,  run_list_syncs,       "which syncs write to the connection?"},
    {RUN_LOADING_SYNCS,  RUN_EVENT_SKIP,    RUN_REGISTERING,    run_register_targets, "a dry run asks for no syncs"},
    {RUN_LISTING_SYNCS,  RUN_EVENT_NOT_YET, RUN_LISTING_SYNCS,  run_list_syncs,       "there is another page"},
    {RUN_LISTING_SYNCS,  RUN_EVENT_OK,      RUN_READING_SYNCS,  run_read_syncs,       "read those that are new or changed"},
    {RUN_LISTING_SYNCS,  RUN_EVENT_SKIP,    RUN_REGISTERING,    run_register_targets, "they cannot be listed: their use is not known"},
    {RUN_READING_SYNCS,  RUN_EVENT_OK,      RUN_REGISTERING,    run_register_targets, "take in what include items and syncs bring"},
    {RUN_REGISTERING,    RUN_EVENT_OK,      RUN_LOOKING,        run_start_looks,      "look at each target"},
    {RUN_REGISTERING,    RUN_EVENT_SKIP,    RUN_LOOKING,        run_start_looks,      "nothing to take in"},
    {RUN_LOOKING,        RUN_EVENT_CONFIRM, RUN_CONFIRMING,     run_ask_connection,   "some are gone: does the connection itself still answer?"},
    {RUN_LOOKING,        RUN_EVENT_OK,      RUN_STAGING,        run_flush,            "all have been looked at"},
    {RUN_CONFIRMING,     RUN_EVENT_OK,      RUN_STAGING,        run_flush,            "what is gone has been judged"},
    {RUN_STAGING,        RUN_EVENT_OK,      RUN_RECORDING,      run_record,           "all that was found is staged: record it at once"},
    {RUN_STAGING,        RUN_EVENT_SKIP,    RUN_ENDED,          act_end,              "a dry run records nothing"},
    {RUN_RECORDING,      RUN_EVENT_OK,      RUN_ENDED,          act_end,              "recorded"},

    {RUN_LOADING,        RUN_EVENT_FAILED,  RUN_DIAGNOSING,     run_diagnose,         "the run fails as a whole"},
    {RUN_ASKING,         RUN_EVENT_FAILED,  RUN_DIAGNOSING,     run_diagnose,         "the connection does not answer"},
    {RUN_NOTING_STATUS,  RUN_EVENT_FAILED,  RUN_DIAGNOSING,     run_diagnose,         "the refresh status does not answer"},
    {RUN_REFRESHING,     RUN_EVENT_FAILED,  RUN_DIAGNOSING,     run_diagnose,         "the refresh is refused"},
    {RUN_POLLING,        RUN_EVENT_FAILED,  RUN_DIAGNOSING,     run_diagnose,         "the refresh fails, or is not over in time"},
    {RUN_LISTING,        RUN_EVENT_FAILED,  RUN_DIAGNOSING,     run_diagnose,         "the list does not come"},
    {RUN_LOADING_SYNCS,  RUN_EVENT_FAILED,  RUN_DIAGNOSING,     run_diagnose,         "the run fails as a whole"},
    {RUN_REGISTERING,    RUN_EVENT_FAILED,  RUN_DIAGNOSING,     run_diagnose,         "the run fails as a whole"},
    {RUN_LOOKING,        RUN_EVENT_FAILED,  RUN_DIAGNOSING,     run_diagnose,         "the key is refused, or staging fails"},
    {RUN_CONFIRMING,     RUN_EVENT_FAILED,  RUN_DIAGNOSING,     run_diagnose,         "the key is refused"},
    {RUN_STAGING,        RUN_EVENT_FAILED,  RUN_DIAGNOSING,     run_diagnose,         "staging fails"},
    {RUN_DIAGNOSING,     RUN_EVENT_OK,      RUN_RECORDING,      run_record_failure,   "the key is refused, the API is away, or it is this connection's own failure"},
    {RUN_DIAGNOSING,     RUN_EVENT_SKIP,    RUN_RECORDING,      run_record_failure,   "a dry run, or a failure that is none of the key's"},
    {RUN_DIAGNOSING,     RUN_EVENT_TICK,    RUN_RECORDING,      run_record_failure,   "there was no telling in time"},
    {RUN_CLAIMING,       RUN_EVENT_FAILED,  RUN_ENDED,          act_end,              "there is no lease to record under"},
    {RUN_RECORDING,      RUN_EVENT_FAILED,  RUN_ENDED,          act_end,              "the recording failed: nothing of the run counts"},
    {RUN_RECORDING,      RUN_EVENT_CANCEL,  RUN_RECORDING,      NULL,                 "too late to cancel"},
};
/* clang-format on */

/* Cancelling and a lost lease mean the same everywhere else. */
static const struct transition cancelled = {RUN_NEW, RUN_EVENT_CANCEL, RUN_RECORDING, run_record_failure,
                                            "stopped on the way"},
                               cancelled_unclaimed = {RUN_NEW, RUN_EVENT_CANCEL, RUN_ENDED, act_end,
                                                      "stopped before it began"},
                               lost = {RUN_NEW, RUN_EVENT_LOST, RUN_ENDED, act_end,
                                       "the lease was taken over: nothing may be recorded"};

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
    for (size_t i = 0; i < SYNCS_AT_ONCE; i++)
        api_cancel(TAKE_PTR(run->sync_calls[i]));
    run->timer = sd_event_source_disable_unref(run->timer);
}

void run_step(struct run *run, enum run_event event) {
    if (run->state == RUN_ENDED)
        return; /* late events of a run that is over */
    const struct transition *transition = find_transition(run, event);
    if (!transition) {
        log_error(LOG_FIELDS({"connection", run->options.connection->name}, {"run_id", run->id}),
                  "bug: a run got the event \"%s\" in the state \"%s\"", event_names[event],
                  state_names[run->state]);
        transition = &lost;
        error_set(&run->report.error, CAUSE_BUG, "unexpected event");
    }
    log_debug(LOG_FIELDS({"connection", run->options.connection->name}, {"run_id", run->id}),
              "%s, %s -> %s: %s", state_names[run->state], event_names[event], state_names[transition->next],
              transition->meaning);
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
    run->api = api_new(options->pool, &options->connection->api, options->connection->id);
    run->looks = (struct look_context){.event = options->event,
                                       .api = run->api,
                                       .store = options->store,
                                       .connection = options->connection,
                                       .drift = &options->config->drift,
                                       .dry_run = options->dry_run,
                                       .refresh_started = USEC_NONE};
    if (options->claim)
        run_take_claim(run, options->claim);
    run_step(run, options->claim ? RUN_EVENT_OK : RUN_EVENT_START);
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
    run_syncs_done(run);
    api_free(run->api);
    api_free(run->probe);
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

bool run_is_interrupted(enum error_cause cause) {
    const struct error_class *class = error_class(cause);
    return cause != CAUSE_NONE && class->kind == ERROR_KIND_TRANSIENT && class->counted == COUNTED_NOWHERE;
}

const struct config_connection *run_connection(const struct run *run) {
    return run->options.connection;
}

const char *run_id(const struct run *run) {
    return run->id;
}

void run_print_graph(FILE *file) {
    fputs(
        "digraph run {\n"
        "    rankdir=TB; node [shape=box, fontname=\"sans-serif\"]; edge [fontname=\"sans-serif\", fontsize=10];\n",
        file);
    for (size_t i = 0; i < ARRAY_LENGTH(transitions); i++)
        fprintf(file, "    \"%s\" -> \"%s\" [label=\"%s: %s\"];\n", state_names[transitions[i].state],
                state_names[transitions[i].next], event_names[transitions[i].event], transitions[i].meaning);
    fputs("}\n", file);
}
