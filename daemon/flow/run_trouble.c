/* A run has failed as a whole: is it the connection's own failure, or that of all connections? The key's own
 * request, GET /api/me, tells. */
#include "base/alloc.h"
#include "flow/run_parts.h"

/* The run is over but for this: it is asked once, and not for long. */
static const usec_t longest_request = 10 * USEC_PER_SEC, longest_diagnosis = 15 * USEC_PER_SEC;

/* Nothing could be reached, or what answered in its place was a gateway. */
static bool is_away(enum error_cause cause) {
    switch (cause) {
    case CAUSE_RESOLVE:
    case CAUSE_CONNECT:
    case CAUSE_TLS:
    case CAUSE_TIMEOUT:
    case CAUSE_RESET:
    case CAUSE_CUT:
    case CAUSE_HTTP_5XX:
        return true;
    default:
        return false;
    }
}

static void on_me(struct api_answer *answer, const struct error *error, void *userdata) {
    struct run *run = userdata;
    (void)answer;
    run->call = NULL;
    if (error && error->cause == CAUSE_HTTP_401 && run->report.error.cause == CAUSE_HTTP_401)
        run->report.trouble = "key";
    else if (error && is_away(error->cause) && is_away(run->report.error.cause))
        run->report.trouble = "upstream";
    run_step(run, RUN_EVENT_OK);
}

void run_diagnose(struct run *run) {
    const struct run_options *options = &run->options;
    enum error_cause cause = run->report.error.cause;
    if (options->dry_run || !(cause == CAUSE_HTTP_401 || is_away(cause))) {
        run_step(run, RUN_EVENT_SKIP);
        return;
    }
    run->probe_config = options->connection->api;
    run->probe_config.retries = 0;
    run->probe_config.timeout = MIN(run->probe_config.timeout, longest_request);
    run->probe = api_new(options->pool, &run->probe_config, NULL);
    run_set_timer(run, longest_diagnosis);
    run->call = api_get_me(run->probe, on_me, run);
}
