#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/log.h"
#include "flow/run_parts.h"

/* Looks under way beyond the requests that the API takes at once: those that wait for the database, or for
 * their turn. */
enum { LOOKS_BESIDE = 16 };
/* Above this what was found waits to be written, and no new look begins. */
enum { LOADER_FULL = 4 * 1024 * 1024 };
/* When so many have failed as stale and none has proved fresh, the rest is not asked. */
enum { STALE_ENOUGH = 10 };

static void on_look(struct look *look, const struct look_result *result, void *userdata);

static bool is_wanted(const struct run *run, const struct plan_target *target) {
    if (!run->options.only)
        return true;
    for (const char *const *id = run->options.only; *id; id++)
        if (strcmp(*id, target->id) == 0)
            return true;
    return false;
}

size_t run_unknown_targets(const struct run *run, const char **ret, size_t size) {
    size_t count = 0;
    for (const char *const *id = run->options.only; id && *id; id++) {
        bool known = false;
        for (size_t i = 0; i < run->plan.count && !known; i++)
            known = strcmp(run->plan.targets[i].id, *id) == 0;
        if (!known && count < size)
            ret[count++] = *id;
    }
    return count;
}

static const struct stored_target *stored_of(const struct run *run, size_t plan_index) {
    size_t stored = run->plan.targets[plan_index].stored;
    return stored == PLAN_NOT_STORED ? NULL : &run->stored[stored];
}

/* Targets are looked at in random order, so that what is left out for lack of proof is not always the same.
 */
static void shuffle(size_t *order, size_t count) {
    uint64_t state = 0;
    if (getrandom(&state, sizeof(state), 0) < 0)
        state = count;
    for (size_t i = count; i > 1; i--) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t other = (size_t)((state >> 33) % i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

static void progress(struct run *run) {
    const struct run_observer *observer = &run->options.observer;
    if (observer->progress)
        observer->progress(run, run->looked, run->order_count, observer->userdata);
}

/* The rest is not asked: nothing would prove it fresh. */
static void fail_rest_as_stale(struct run *run) {
    struct error error = {0};
    error_set(&error, CAUSE_STALE, "stale: not asked, since %zu targets before it could not be proved fresh",
              run->stale);
    while (run->next < run->order_count)
        run_stage_failure(run, run->order[run->next++], &error);
}

/* Looks under way that are not over begin here, as many as there is room for; steps when all are over. */
static void advance(struct run *run) {
    if (run->stale >= STALE_ENOUGH && run->proofs_given == 0)
        fail_rest_as_stale(run);
    while (run->next < run->order_count && run->under_way < run->window &&
           loader_pending(run->options.store->loader) < LOADER_FULL) {
        size_t index = run->order[run->next++], slot = run->first_free;
        while (run->active[slot])
            slot = (slot + 1) % run->window;
        run->first_free = (slot + 1) % run->window;
        run->under_way++;
        run->active[slot] =
            look_start(&run->looks, &run->plan.targets[index], stored_of(run, index), on_look, run);
    }
    if (run->next < run->order_count || run->under_way > 0)
        return;
    run_step(run, run->gone_count > 0 ? RUN_EVENT_CONFIRM : RUN_EVENT_OK);
}

void run_start_looks(struct run *run) {
    plan_make(run->options.connection, run->stored, run->stored_count, run->listed ? &run->listing : NULL,
              &run->synced, &run->plan);
    run->order = alloc_zero(run->plan.count + 1, sizeof(*run->order));
    for (size_t i = 0; i < run->plan.count; i++) {
        const struct stored_target *stored = stored_of(run, i);
        bool due = run->options.manual || !stored || stored->due;
        if (run->plan.targets[i].look && due && is_wanted(run, &run->plan.targets[i]))
            run->order[run->order_count++] = i;
    }
    shuffle(run->order, run->order_count);
    run->report.targets = run->order_count;
    run->window = run->options.connection->api.concurrency + LOOKS_BESIDE;
    run->active = alloc_zero(run->window, sizeof(*run->active));
    run->baselines = batch_new(run->id, true);
    run->staged = batch_new(run->id, false);
    progress(run);
    advance(run);
}

void run_end_looks(struct run *run) {
    for (size_t i = 0; run->active && i < run->window; i++)
        look_free(TAKE_PTR(run->active[i]));
    run->under_way = 0;
}

/* What the looks came to */

static void note_seen(struct run *run, const struct stored_target *stored, const struct plan_target *target,
                      const struct look_result *result) {
    struct seen_list *seen = &run->seen;
    if (seen->count == seen->capacity) {
        seen->capacity = MAX(seen->capacity * 2, (size_t)64);
        seen->keys = alloc_resize(seen->keys, seen->capacity, sizeof(*seen->keys));
        seen->seen_at = alloc_resize(seen->seen_at, seen->capacity, sizeof(*seen->seen_at));
        seen->refreshed_at = alloc_resize(seen->refreshed_at, seen->capacity, sizeof(*seen->refreshed_at));
        seen->due_at = alloc_resize(seen->due_at, seen->capacity, sizeof(*seen->due_at));
    }
    seen->keys[seen->count] = stored->key;
    seen->seen_at[seen->count] = result->seen_at;
    seen->refreshed_at[seen->count] = result->refreshed_at;
    seen->due_at[seen->count++] = run_due(run, target->item);
}

static void warn_of_oddities(struct run *run, const char *target_id, const struct look_result *result) {
    const struct log_field *fields =
        LOG_FIELDS({"connection", run->options.connection->name}, {"target", target_id}, {"run_id", run->id});
    if (result->fields_without_id > 0)
        log_warning(fields, "%zu fields without an id are passed over; nothing counts as removed",
                    result->fields_without_id);
    if (result->modes_without_id > 0)
        log_warning(fields, "%zu modes without an id are passed over; none counts as removed",
                    result->modes_without_id);
    if (result->diff.duplicate_ids > 0)
        log_warning(fields, "%zu fields have an id that another has too; one of each counts",
                    result->diff.duplicate_ids);
    for (size_t i = 0; i < result->diff.taken_in_count; i++)
        log_notice(fields, "the API's answers have gained or lost a member: %s is taken in without a change",
                   result->diff.taken_in[i]);
}

/* Changes go to the observer, and with `row` to staging; what says that the target itself came, before them.
 */
static void found(struct run *run, const struct plan_target *target, struct staged_target *row,
                  const struct look_result *result, bool added) {
    const struct diff *diff = &result->diff;
    const struct judge judge = {.drift = &run->options.config->drift,
                                .use = run_use_of(run, target->id),
                                .mirror = result->mirror,
                                .answer = result->answer,
                                .mass_removal = result->applied};
    static const struct change target_added = {.kind = CHANGE_TARGET_ADDED};
    const struct run_observer *observer = &run->options.observer;
    if (observer->changes && added)
        observer->changes(run, target->id, &target_added, 1, observer->userdata);
    if (observer->changes && diff->change_count > 0)
        observer->changes(run, target->id, diff->changes, diff->change_count, observer->userdata);
    run->report.changes += diff->change_count + added;
    run->report.changed += added || diff->change_count > 0;
    run->report.taken_in +=
        !added && diff->change_count == 0 && (diff->edit_count > 0 || diff->target_differs);
    row->field_count = diff->field_count;
    row->target_differs = diff->target_differs;
    row->name = diff->name;
    row->modes = diff->modes;
    row->properties = diff->properties;
    run_stage(run, row, diff, added ? &target_added : NULL, &judge);
}

static void note_gone(struct run *run, size_t index, const struct look_result *result) {
    run->gone = alloc_grow(run->gone, &run->gone_capacity, run->gone_count + 1, sizeof(*run->gone));
    run->gone[run->gone_count++] =
        (struct gone_target){.index = index, .seen_at = result->seen_at, .applied = result->applied};
}

static void note_held(struct run *run, const struct plan_target *target, bool gone, size_t fields) {
    const struct run_observer *observer = &run->options.observer;
    run->report.held++;
    if (observer->held)
        observer->held(run, target->id, gone, fields, observer->userdata);
}

static void note_proof(struct run *run, const struct look_result *result) {
    run->proofs_asked += result->proof_asked;
    run->proofs_given += result->proved;
    run->proofs_by_second_fetch += result->proved_by_second_fetch;
    run->stale += result->kind == LOOK_KIND_FAILED && result->error.cause == CAUSE_STALE;
}

static void take_result(struct run *run, size_t index, const struct stored_target *stored,
                        const struct look_result *result) {
    const struct plan_target *target = &run->plan.targets[index];
    struct staged_target row = {
        .key = stored->key,
        .has_history = stored->has_history,
        .seen_at = result->seen_at,
        .refreshed_at = result->refreshed_at,
        .next_due_at = run_due(run, target->item),
        .api_version = result->api_version,
        .fingerprint = &result->fingerprint,
    };
    warn_of_oddities(run, target->id, result);
    switch (result->kind) {
    case LOOK_KIND_UNCHANGED:
        run->report.unchanged++;
        note_seen(run, stored, target, result);
        break;
    case LOOK_KIND_BASELINE:
        row.outcome = LOOK_BASELINE;
        run->report.baselines++;
        found(run, target, &row, result, stored->announced);
        break;
    case LOOK_KIND_RECORDED:
        row.outcome = LOOK_RECORDED;
        if (!result->returned && result->diff.change_count == 0)
            run->report.unchanged++;
        run->report.returned += result->returned;
        found(run, target, &row, result, result->returned);
        break;
    case LOOK_KIND_HELD:
        row.outcome = LOOK_HELD;
        row.hold_anew = result->hold_anew;
        row.held_gone = result->held_gone;
        row.held_fields = result->held_fields;
        row.held_count = result->held_count;
        run->gone_or_held += result->held_gone;
        run_stage(run, &row, NULL, NULL, NULL);
        note_held(run, target, result->held_gone, result->held_count);
        break;
    case LOOK_KIND_GONE:
        note_gone(run, index, result);
        break;
    case LOOK_KIND_ABSENT:
        row.outcome = LOOK_ABSENT;
        run->report.absent++;
        run_stage(run, &row, NULL, NULL, NULL);
        break;
    case LOOK_KIND_FAILED:
    default:
        run_stage_failure(run, index, &result->error);
    }
}

static void on_look(struct look *look, const struct look_result *result, void *userdata) {
    struct run *run = userdata;
    size_t index = (size_t)(look_target(look) - run->plan.targets);
    const struct stored_target *stored = look_stored(look);

    if (result->kind == LOOK_KIND_FAILED && error_class(result->error.cause)->counted != COUNTED_TARGET) {
        struct error error = result->error;
        run_fail(run, &error);
        return;
    }
    note_proof(run, result);
    run->looked++;
    run->looked_present += stored->state != STATE_MISSING;
    if (run->plan.targets[index].stored != PLAN_NOT_STORED)
        run->was_looked_at[run->plan.targets[index].stored] = true;
    take_result(run, index, stored, result);

    for (size_t i = 0; i < run->window; i++)
        if (run->active[i] == look)
            run->active[i] = NULL;
    look_free(look);
    run->under_way--;
    progress(run);
    advance(run);
}

void run_resume_looks(struct run *run) {
    advance(run);
}

/* All have been looked at: is what is gone believed, or held back? */
void run_confirm(struct run *run, bool alive, const struct error *error) {
    static const struct change target_removed = {.kind = CHANGE_TARGET_REMOVED};
    const struct config_drift *drift = &run->options.config->drift;
    struct verdict_limits limits = {.over_ppm = drift->mass_removal_over_ppm,
                                    .hold = drift->mass_removal_hold};
    size_t managed = 0;
    for (size_t i = 0; i < run->plan.count; i++) {
        const struct stored_target *stored = stored_of(run, i);
        managed += !stored || stored->state != STATE_MISSING;
    }
    bool mass =
        verdict_is_mass_gone(managed, run->looked_present, run->gone_count + run->gone_or_held, &limits);

    for (size_t i = 0; i < run->gone_count; i++) {
        const struct gone_target *gone = &run->gone[i];
        const struct plan_target *target = &run->plan.targets[gone->index];
        struct staged_target row = {.key = stored_of(run, gone->index)->key,
                                    .seen_at = gone->seen_at,
                                    .refreshed_at = USEC_NONE,
                                    .next_due_at = run_due(run, target->item)};
        if (!alive) {
            struct error failure = *error;
            error_prefix(&failure, "404, and the connection itself does not answer");
            run_stage_failure(run, gone->index, &failure);
        } else if (mass && !gone->applied) {
            row.outcome = LOOK_HELD;
            row.hold_anew = row.held_gone = true;
            run_stage(run, &row, NULL, NULL, NULL);
            note_held(run, target, true, 0);
        } else {
            row.outcome = LOOK_GONE;
            run->report.gone++;
            run->report.changed++;
            run->report.changes++;
            if (run->options.observer.changes)
                run->options.observer.changes(run, target->id, &target_removed, 1,
                                              run->options.observer.userdata);
            struct judge judge = {
                .drift = drift, .use = run_use_of(run, target->id), .mass_removal = gone->applied};
            run_stage(run, &row, NULL, &target_removed, &judge);
        }
    }
}
