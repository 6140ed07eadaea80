#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"
#include "flow/run_parts.h"
#include "service/queries.h"

/* A batch is sent when it holds so much. */
enum { BATCH_BYTES = 512 * 1024, BATCH_TARGETS = 256 };

/* The parameters of record_run(): numbers and ids of this program's own making. */
enum { ARRAY_MAX = 1024 * 1024 * 1024 };

static const char *const outcome_names[] = {"ok", "partial", "failed", "cancelled"};

static uint64_t hash_text(const char *text) {
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

/* Due times lie on a grid whose phase comes from the connection's id: nothing need be remembered to keep the
 * rhythm, equal intervals of one connection fall together, and many connections do not. */
usec_t run_due(const struct run *run, const struct target_item *item) {
    const struct config_connection *connection = run->options.connection;
    const struct schedule *schedule = item && item->has_schedule ? &item->schedule : &connection->schedule;
    uint64_t hash = hash_text(connection->id);
    usec_t phase = schedule->is_cron ? 0 : (usec_t)(hash % (uint64_t)schedule->every), base;
    struct timespec monotonic;
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    usec_t now = look_database_time(&run->looks, monotonic.tv_sec * USEC_PER_SEC + monotonic.tv_nsec / 1000);
    return schedule_next(schedule, phase, now, hash, &base);
}

/* Sending */

static void on_sent(const struct loader_outcome *outcome, const struct error *error, void *userdata);

struct sent {
    struct run *run;
    bool baseline;
    struct loader_job *job;
};

static void send_batch(struct run *run, struct batch **batch) {
    if ((*batch)->entry_count == 0)
        return;
    bool baseline = (*batch)->baseline;
    struct sent *sent = alloc_zero(1, sizeof(*sent));
    sent->run = run;
    sent->baseline = baseline;
    run->sending =
        alloc_grow(run->sending, &run->sending_capacity, run->sending_count + 1, sizeof(*run->sending));
    sent->job = loader_send(run->options.store->loader, TAKE_PTR(*batch), run->claim.token, &run->next_batch,
                            on_sent, sent);
    run->sending[run->sending_count++] = sent;
    *batch = batch_new(run->id, baseline);
}

void run_drop_sending(struct run *run) {
    for (size_t i = 0; i < run->sending_count; i++) {
        loader_cancel(run->sending[i]->job);
        free(run->sending[i]);
    }
    run->sending_count = 0;
}

static void refuse(struct run *run, const struct loader_refusal *refusal, bool baseline) {
    for (size_t i = 0; i < run->plan.count; i++) {
        size_t stored = run->plan.targets[i].stored;
        if (stored == PLAN_NOT_STORED || run->stored[stored].key != refusal->key)
            continue;
        run->report.baselines -= baseline;
        struct error error = refusal->error;
        error_prefix(&error, "the database refuses a value of this target");
        run_stage_failure(run, i, &error);
        return;
    }
}

static void on_sent(const struct loader_outcome *outcome, const struct error *error, void *userdata) {
    struct sent *sent = userdata;
    struct run *run = sent->run;
    bool baseline = sent->baseline;
    for (size_t i = 0; i < run->sending_count; i++)
        if (run->sending[i] == sent)
            run->sending[i--] = run->sending[--run->sending_count];
    free(sent);
    if (error) {
        run_fail(run, error);
        return;
    }
    if (!baseline) {
        run->staged_targets += outcome->targets;
        run->staged_fields += outcome->fields;
        run->staged_changes += outcome->changes;
    }
    for (size_t i = 0; i < outcome->refused_count; i++)
        refuse(run, &outcome->refused[i], baseline);
    if (run->state == RUN_LOOKING)
        run_resume_looks(run);
    else if (run->state == RUN_STAGING)
        run_flush(run);
}

static void send_when_full(struct run *run, struct batch **batch) {
    if (batch_size(*batch) >= BATCH_BYTES || (*batch)->entry_count >= BATCH_TARGETS)
        send_batch(run, batch);
}

void run_stage(struct run *run, const struct staged_target *target, const struct diff *diff,
               const struct change *before, const struct judge *judge) {
    if (run->options.dry_run)
        return;
    static const struct diff nothing = {0};
    diff = diff ? diff : &nothing;
    /* A first snapshot that nothing tells of goes straight into the table; one with versions from before
     * waits for the recording, whose time never goes back behind theirs. */
    bool direct = target->outcome == LOOK_BASELINE && !before && !target->has_history;
    struct batch **batch = direct ? &run->baselines : &run->staged;
    size_t count = (before ? 1 : 0) + diff->change_count;
    struct change *changes = alloc_zero(count, sizeof(*changes));
    struct judgement *judgements = alloc_zero(count, sizeof(*judgements));
    if (before)
        changes[0] = *before;
    if (diff->change_count > 0)
        memcpy(changes + (before ? 1 : 0), diff->changes, diff->change_count * sizeof(*changes));
    if (count > 0)
        severity_judge(judge, changes, count, judgements);
    batch_add(*batch, target, diff->edits, diff->edit_count, changes, judgements, count);
    free(changes);
    free(judgements);
    send_when_full(run, batch);
}

void run_stage_failure(struct run *run, size_t plan_index, const struct error *error) {
    const struct plan_target *target = &run->plan.targets[plan_index];
    const struct run_observer *observer = &run->options.observer;
    const struct error_class *class = error_class(error->cause);
    run->report.failed++;
    run->report.denied += class->kind == ERROR_KIND_DENIED;
    run->report.unreachable += class->exit_code == EXIT_OUT_OF_REACH;
    if (observer->failed)
        observer->failed(run, target->id, error, observer->userdata);
    if (target->stored == PLAN_NOT_STORED)
        return;
    struct staged_target row = {.key = run->stored[target->stored].key,
                                .outcome = LOOK_FAILED,
                                .seen_at = USEC_NONE,
                                .refreshed_at = USEC_NONE,
                                .next_due_at = run_due(run, target->item),
                                .error = error->text};
    run_stage(run, &row, NULL, NULL, NULL);
}

void run_flush(struct run *run) {
    if (run->options.dry_run) {
        run_step(run, RUN_EVENT_SKIP);
        return;
    }
    send_batch(run, &run->baselines);
    send_batch(run, &run->staged);
    if (run->sending_count == 0)
        run_step(run, RUN_EVENT_OK);
}

/* Recording */

/* An array literal of numbers; USEC_NONE becomes null. */
static char *array_of_times(const usec_t *times, size_t count) {
    struct buffer text;
    buffer_init(&text, ARRAY_MAX);
    bool fits = buffer_append_text(&text, "{");
    for (size_t i = 0; i < count; i++) {
        fits &= buffer_append_text(&text, i > 0 ? "," : "");
        fits &= times[i] == USEC_NONE ? buffer_append_text(&text, "NULL")
                                      : buffer_append_format(&text, "%" PRId64, times[i]);
    }
    fits &= buffer_append_text(&text, "}");
    if (!fits)
        abort();
    return buffer_take(&text);
}

static char *array_of_keys(const int *keys, size_t count) {
    usec_t *wide = alloc_zero(count, sizeof(*wide));
    for (size_t i = 0; i < count; i++)
        wide[i] = keys[i];
    char *text = array_of_times(wide, count);
    free(wide);
    return text;
}

static char *number_or_null(usec_t number) {
    return number == USEC_NONE ? NULL : alloc_printf("%" PRId64, number);
}

static void on_recorded(const struct database_result *result, const struct error *error, void *userdata) {
    struct run *run = userdata;
    run->job = NULL;
    if (error) {
        bool lost = error->cause == CAUSE_LEASE_LOST; /* whatever else had happened: nothing of it counts */
        if (lost || !error_is_set(&run->report.error) || run->report.error.cause == CAUSE_CANCELLED)
            run->report.error = *error;
        run_step(run, error->cause == CAUSE_LEASE_LOST ? RUN_EVENT_LOST : RUN_EVENT_FAILED);
        return;
    }
    run->report.changes = strtoull(database_value(result, 0, "change_count"), NULL, 10);
    run->report.changed = strtoull(database_value(result, 0, "changed_target_count"), NULL, 10);
    run->report.incidents_opened = strtoull(database_value(result, 0, "incidents_opened"), NULL, 10);
    run->report.incidents_resolved = strtoull(database_value(result, 0, "incidents_resolved"), NULL, 10);
    run_step(run, RUN_EVENT_OK);
}

/* Targets that were due and of which nothing is recorded are due again at the next time: else a run that
 * fails would follow itself at once. */
static void collect_passed(const struct run *run, bool whole, char **ret_keys, char **ret_due) {
    int *keys = alloc_zero(run->stored_count + 1, sizeof(*keys));
    usec_t *due = alloc_zero(run->stored_count + 1, sizeof(*due));
    size_t count = 0;
    for (size_t i = 0; i < run->stored_count && run->report.outcome != RUN_CANCELLED; i++) {
        const struct stored_target *stored = &run->stored[i];
        if (!stored->managed || !stored->due || (whole && run->was_looked_at[i]) || run->options.only)
            continue;
        keys[count] = stored->key;
        due[count++] = run_due(
            run, config_match_target(run->options.connection, stored->id, stored->origin == ORIGIN_SYNCED));
    }
    *ret_keys = array_of_keys(keys, count);
    *ret_due = array_of_times(due, count);
    free(keys);
    free(due);
}

static char *collect_unmanaged(const struct run *run) {
    int *keys = alloc_zero(run->plan.unmanaged_count + 1, sizeof(*keys));
    for (size_t i = 0; i < run->plan.unmanaged_count; i++)
        keys[i] = run->stored[run->plan.unmanaged[i]].key;
    char *text = array_of_keys(keys, run->plan.unmanaged_count);
    free(keys);
    return text;
}

/* `whole`: all that was found; else that the run failed as a whole, or was stopped, and what it found does
 * not count. */
static void send_recording(struct run *run, bool whole) {
    enum { PARAMS = 27 };
    const struct seen_list *seen = &run->seen;
    size_t seen_count = whole ? seen->count : 0;
    char *passed_keys, *passed_due;
    collect_passed(run, whole, &passed_keys, &passed_due);
    bool refreshes_targets =
        run->claim.refreshes_targets || (whole && !run->looks.refresh_each && run->proofs_asked > 0 &&
                                         run->options.connection->refresh == REFRESH_CONNECTION &&
                                         run->proofs_by_second_fetch == run->proofs_asked);
    if (refreshes_targets && !run->claim.refreshes_targets)
        log_notice(
            LOG_FIELDS({"connection", run->options.connection->name}, {"run_id", run->id}),
            "the connection's refresh refreshed no target: from now on each target is refreshed by itself");
    char *params[PARAMS] = {
        alloc_strdup(run->id),
        alloc_printf("%" PRId64, run->claim.token),
        alloc_strdup(outcome_names[run->report.outcome]),
        run->report.outcome == RUN_FAILED && error_is_set(&run->report.error)
            ? alloc_strdup(run->report.error.text)
            : NULL,
        array_of_keys(seen->keys, seen_count),
        array_of_times(seen->seen_at, seen_count),
        array_of_times(seen->refreshed_at, seen_count),
        array_of_times(seen->due_at, seen_count),
        alloc_printf("%zu", whole ? run->staged_targets : 0),
        alloc_printf("%zu", whole ? run->staged_fields : 0),
        alloc_printf("%zu", whole ? run->staged_changes : 0),
        passed_keys,
        passed_due,
        whole ? collect_unmanaged(run) : alloc_strdup("{}"),
        alloc_printf("%zu", run->report.targets),
        alloc_printf("%zu", run->report.failed),
        alloc_printf("%" PRId64, run_due(run, NULL)),
        number_or_null(run->refresh_finished),
        alloc_strdup(refreshes_targets ? "t" : "f"),
        alloc_strdup(run->type),
        alloc_strdup(run->status),
        alloc_strdup(run->status_error),
        alloc_printf("%d", run->options.store->schema),
        whole ? run_read_syncs_json(run) : alloc_strdup("[]"),
        whole ? run_listed_syncs(run) : NULL,
        alloc_printf("%zu", run->report.baselines),
        alloc_strdup(run->report.trouble),
    };
    run->job = loader_query(run->options.store->loader, &query_record_run, (const char *const *)params,
                            PARAMS, on_recorded, run);
    for (size_t i = 0; i < PARAMS; i++)
        free(params[i]);
}

void run_record(struct run *run) {
    const struct run_report *report = &run->report;
    run->report.outcome = report->failed == 0                ? RUN_OK
                          : report->failed < report->targets ? RUN_PARTIAL
                                                             : RUN_FAILED;
    send_recording(run, true);
}

void run_record_failure(struct run *run) {
    run->report.outcome = run_is_interrupted(run->report.error.cause) ? RUN_CANCELLED : RUN_FAILED;
    run_drop_sending(run);
    if (run->options.dry_run) {
        run_step(run, RUN_EVENT_OK);
        return;
    }
    send_recording(run, false);
}
