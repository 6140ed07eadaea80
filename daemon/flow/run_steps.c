#include "flow/run_parts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"

/* A lease lasts 60 s of the database's clock. */
static const usec_t renewal_interval = 15 * USEC_PER_SEC;
static const usec_t lease_retry = USEC_PER_SEC;
static const usec_t first_poll = 100 * USEC_PER_MSEC, longest_poll = 5 * USEC_PER_SEC;

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

void run_set_timer(struct run *run, usec_t delay) {
    if (sd_event_add_time_relative(run->options.event, &run->timer, CLOCK_MONOTONIC, (uint64_t)delay, 0,
                                   on_timer, run) < 0) {
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
        run->renewing =
            store_renew(run->options.store, run->options.connection->id, run->claim.token, on_renewed, run);
    sd_event_source_set_time_relative(source, (uint64_t)renewal_interval);
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    return 0;
}

void run_take_claim(struct run *run, const struct store_claim *claim) {
    run->claim = *claim;
    run->claimed = !run->options.dry_run;
    memcpy(run->id, claim->run_id, sizeof(run->id));
    run->looks.database_now = claim->now;
    run->looks.database_now_at = monotonic_now();
    enum refresh_policy policy = run->options.connection->refresh;
    run->looks.refresh_each =
        policy == REFRESH_TARGET || (policy == REFRESH_CONNECTION && claim->refreshes_targets);
    if (run->claimed)
        sd_event_add_time_relative(run->options.event, &run->renewal, CLOCK_MONOTONIC,
                                   (uint64_t)renewal_interval, 0, on_renewal, run);
}

static void on_claimed(const struct database_result *result, const struct error *error, void *userdata) {
    struct run *run = userdata;
    run->query = NULL;
    struct store_claim claim = {0};
    if (error) {
        run_fail(run, error);
        return;
    }
    if (database_rows(result) > 0)
        store_read_claim(result, 0, &claim);
    else if (!run->options.dry_run) {
        run_step(run, RUN_EVENT_BUSY);
        return;
    }
    run_take_claim(run, &claim); /* in a dry run of what the mirror does not know yet: an empty one */
    run_step(run, RUN_EVENT_OK);
}

void run_claim(struct run *run) {
    struct store *store = run->options.store;
    const char *connection = run->options.connection->id;
    run->query = run->options.dry_run ? store_peek(store, connection, on_claimed, run)
                                      : store_claim(store, connection, on_claimed, run);
}

void run_await_lease(struct run *run) {
    if (run->options.observer.waiting)
        run->options.observer.waiting(run, run->options.observer.userdata);
    run_set_timer(run, lease_retry);
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

void run_load_targets(struct run *run) {
    run->query = store_load_targets(run->options.store, run->options.connection->id, on_targets, run);
}

/* The connection */

static bool is_healthy(const struct run *run) {
    return !run->status || strcmp(run->status, "healthy") == 0;
}

/* Include items are looked after on the connection's own schedule. */
static bool asks_for_list(const struct run *run) {
    return plan_has_item(run->options.connection, ITEM_INCLUDE) &&
           (run->options.manual || run->options.dry_run || run->claim.own_due);
}

/* Is the connection as a whole to be refreshed? Not where each target is, and not for targets that are not
 * created yet alone. */
static bool refreshes_connection(const struct run *run) {
    const struct config_connection *connection = run->options.connection;
    if (run->options.dry_run || run->looks.refresh_each || connection->refresh != REFRESH_CONNECTION)
        return false;
    if (asks_for_list(run) ||
        (plan_has_item(connection, ITEM_SYNCED) && (run->options.manual || run->claim.own_due)))
        return true;
    for (size_t i = 0; i < run->stored_count; i++)
        if (run->stored[i].managed && run->stored[i].origin != ORIGIN_NEW &&
            (run->stored[i].due || run->options.manual))
            return true;
    return false;
}

static void on_connection(struct api_answer *answer, const struct error *error, void *userdata) {
    struct run *run = userdata;
    run->call = NULL;
    struct api_connection connection = {0};
    struct error parsing = {0};
    if (!error && !api_parse_connection(answer->body.data, answer->body.length, &connection, &parsing)) {
        error_prefix(&parsing, "the connection");
        error = &parsing;
    }
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
    run->type = api_harmless(run->api, connection.type);
    run->status = api_harmless(run->api, connection.status);
    run->status_error = api_harmless(run->api, connection.status_error);
    api_connection_done(&connection);
    run_step(run, refreshes_connection(run) ? RUN_EVENT_OK : RUN_EVENT_SKIP);
}

void run_ask_connection(struct run *run) {
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
    bool advanced =
        finished != USEC_NONE && (run->finished_before == USEC_NONE || finished > run->finished_before);
    if (!refreshing && advanced && (started == USEC_NONE || finished >= started)) {
        run->refresh_finished = finished;
        run->looks.refresh_started = started;
        run_step(run, RUN_EVENT_OK);
    } else if (monotonic_now() < run->refresh_deadline) {
        run_step(run, RUN_EVENT_NOT_YET);
    } else {
        char limit[TIMESPAN_TEXT_MAX];
        timespan_format(run->options.connection->refresh_timeout, limit);
        error_set(&failure, CAUSE_REFRESH_TIMEOUT,
                  "the schema refresh was not over within refresh_timeout (%s)", limit);
        run_fail(run, &failure);
    }
}

void run_note_status(struct run *run) {
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
        bool answered = refused.cause >= CAUSE_HTTP_400 && refused.cause <= CAUSE_HTTP_OTHER;
        if (is_healthy(run) || !answered)
            error_prefix(&refused, "the schema refresh %s",
                         answered ? "was refused" : "could not be asked for");
        else
            error_prefix(&refused, "the schema refresh was refused; the connection's status is %s%s%s",
                         run->status, run->status_error ? ": " : "",
                         run->status_error ? run->status_error : "");
        if (refused.cause == CAUSE_HTTP_400 || refused.cause == CAUSE_HTTP_5XX)
            refused.cause = CAUSE_REFRESH_FAILED;
    }
    run_fail(run, &refused);
}

void run_refresh(struct run *run) {
    run->looks.refresh_asked_at = monotonic_now();
    run->refresh_deadline = run->looks.refresh_asked_at + run->options.connection->refresh_timeout;
    run->call = api_post_refresh(run->api, on_refresh, run);
}

void run_pause(struct run *run) {
    usec_t delay = first_poll;
    for (unsigned i = 0; i < run->polls && delay < longest_poll; i++)
        delay += delay / 2;
    usec_t left = run->refresh_deadline - monotonic_now();
    run->polls++;
    run_set_timer(run, MAX(MIN(MIN(delay, longest_poll), left), 0));
}

void run_poll(struct run *run) {
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

void run_list_targets(struct run *run) {
    if (asks_for_list(run))
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
void run_register_targets(struct run *run) {
    struct plan plan;
    plan_make(run->options.connection, run->stored, run->stored_count, run->listed ? &run->listing : NULL,
              &run->synced, &plan);
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
