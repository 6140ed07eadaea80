#include "service/loader_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "service/queries.h"

static const struct statement statement_begin = {NULL, "BEGIN"};
/* A first snapshot can be fetched again: it needs no disk flush of its own. */
static const struct statement statement_begin_baseline = {NULL, "BEGIN; SET LOCAL synchronous_commit = off"};
static const struct statement statement_commit = {NULL, "COMMIT"};
static const struct statement statement_rollback = {NULL, "ROLLBACK"};

#define FIELD_COLUMNS                                                                                      \
    "ordinal_position, field_id, name, description, type, source_type, required, createable, updateable, " \
    "filterable, association, encryptable, supports_identity, identity_functions, extra"
static const char copy_baseline_fields[] =
    "COPY schemasync.field_version (target_key, " FIELD_COLUMNS ") FROM STDIN";
static const char copy_staged_fields[] =
    "COPY schemasync.staged_field (run_id, target_key, seq, action, " FIELD_COLUMNS ") FROM STDIN";
static const char copy_changes[] =
    "COPY schemasync.staged_change (run_id, target_key, seq, kind, field_id, attribute, old_value, new_value, rule, severity, severity_if_used, ignored) FROM STDIN";
static const char copy_targets[] =
    "COPY schemasync.staged_target (run_id, batch, target_key, outcome, seen_at, refreshed_at, api_version, fingerprint, "
    "field_count, target_differs, name, modes, properties, hold_anew, held_gone, held_fields, next_due_at, error) FROM STDIN";

struct loader_job *loader_send(struct loader *loader, struct batch *batch, int64_t token, int *next_number,
                               loader_callback *callback, void *userdata) {
    struct loader_job *job = alloc_zero(1, sizeof(*job));
    job->batch_callback = callback;
    job->userdata = userdata;
    job->token = token;
    job->next_number = next_number;
    job->number = (*next_number)++;
    snprintf(job->run_id, sizeof(job->run_id), "%s", batch->run_id);
    job->bytes = batch_size(batch);
    job->slices = alloc_grow(job->slices, &job->slice_capacity, 1, sizeof(*job->slices));
    job->slices[job->slice_count++] = batch;
    return loader_append(loader, job);
}

static struct batch *job_slice(struct loader_job *job) {
    return job->slices[job->slice_count - 1];
}

static void job_refuse(struct loader_job *job) {
    job->refused =
        alloc_grow(job->refused, &job->refused_capacity, job->refused_count + 1, sizeof(*job->refused));
    job->refused[job->refused_count++] =
        (struct loader_refusal){.key = job_slice(job)->entries[0].key, .error = job->error};
}

static void job_taken(struct loader_job *job) {
    const struct batch *slice = job_slice(job);
    job->outcome.targets += slice->entry_count;
    for (size_t i = 0; i < slice->entry_count; i++) {
        job->outcome.fields += slice->entries[i].field_count;
        job->outcome.changes += slice->entries[i].change_count;
    }
}

/* The slice is done with: the next one, under a number of its own, or the end. */
static void job_next_slice(struct loader_job *job) {
    batch_free(job->slices[--job->slice_count]);
    job->attempts = 0;
    if (job->slice_count > 0 && !job->cancelled) {
        job->number = (*job->next_number)++;
        job->step = STEP_BEGIN;
        loader_batch_step(job);
        return;
    }
    job->outcome.refused = job->refused;
    job->outcome.refused_count = job->refused_count;
    if (!job->cancelled)
        job->batch_callback(&job->outcome, NULL, job->userdata);
    loader_finish_first(job->loader);
}

static void job_halve(struct loader_job *job) {
    struct batch *whole = job->slices[--job->slice_count];
    size_t half = whole->entry_count / 2;
    job->slices = alloc_grow(job->slices, &job->slice_capacity, job->slice_count + 2, sizeof(*job->slices));
    job->slices[job->slice_count++] = batch_slice(whole, half, whole->entry_count - half);
    job->slices[job->slice_count++] = batch_slice(whole, 0, half);
    batch_free(whole);
    job->number = (*job->next_number)++;
    job->step = STEP_BEGIN;
    loader_batch_step(job);
}

/* The transaction is rolled back, or was never there. */
static void job_afterwards(struct loader_job *job) {
    struct loader *loader = job->loader;
    job->step = STEP_BEGIN;
    switch (job->afterwards) {
    case AFTER_AGAIN:
        loader_pause(job);
        return;
    case AFTER_HALVE:
        job_halve(job);
        return;
    case AFTER_REFUSE:
        job_refuse(job);
        job_next_slice(job);
        return;
    case AFTER_TAKEN:
        job_taken(job);
        job_next_slice(job);
        return;
    case AFTER_FAIL:
    default:
        if (!job->cancelled)
            job->batch_callback(NULL, &job->error, job->userdata);
        loader_finish_first(loader);
    }
}

/* Decides what an error of a batch's transaction means, and rolls it back. */
/* NOLINTNEXTLINE(misc-no-recursion): each turn is a later step, and ROLLBACK is the last */
static void job_failed(struct loader_job *job, const struct error *error) {
    job->error = *error;
    if (error->cause == CAUSE_DB_VALUE)
        job->afterwards = job_slice(job)->entry_count > 1 ? AFTER_HALVE : AFTER_REFUSE;
    else if (error_class(error->cause)->retry == RETRY_SAFE &&
             (++job->attempts < LOADER_ATTEMPTS_MAX || job->loader->store->patience < 0))
        job->afterwards = AFTER_AGAIN;
    else
        job->afterwards = AFTER_FAIL;
    job->step = STEP_ROLLBACK;
    loader_batch_step(job);
}

static void on_step(const struct database_result *result, const struct error *error, void *userdata) {
    struct loader *loader = userdata;
    struct loader_job *job = loader->first;
    loader->call = NULL;
    loader->copy = NULL;

    if (job->step == STEP_ROLLBACK) { /* a connection that is gone has rolled back by itself */
        job_afterwards(job);
    } else if (error) {
        job_failed(job, error);
    } else if (job->step == STEP_NUMBER && strcmp(database_value(result, 0, "new"), "t") != 0) {
        job->afterwards = AFTER_TAKEN; /* it had arrived, only the answer was lost */
        job->step = STEP_ROLLBACK;
        loader_batch_step(job);
    } else if (job->step == STEP_COMMIT) {
        job_taken(job);
        job_next_slice(job);
    } else {
        if (job->step == STEP_BEGIN)
            job->session = database_session(loader->store->load);
        job->step++;
        loader_batch_step(job);
    }
}

/* Only the first statement may wait for a connection: a later one would run on a new one, outside the
 * transaction. */
static void job_statement(struct loader_job *job, const struct statement *statement,
                          const char *const *params, size_t count) {
    struct loader *loader = job->loader;
    loader->call = database_query(loader->store->load, statement, params, count,
                                  job->step == STEP_BEGIN ? loader->store->patience : 0, on_step, loader);
}

/* COPYs a buffer; an empty one is passed over. */
/* NOLINTNEXTLINE(misc-no-recursion): each turn is a later step, and ROLLBACK is the last */
static void job_copy(struct loader_job *job, const char *sql, const struct buffer *rows) {
    struct loader *loader = job->loader;
    if (rows->length == 0) {
        job->step++;
        loader_batch_step(job);
        return;
    }
    loader->copy = database_copy_start(loader->store->load, sql, on_step, loader);
    database_copy_put(loader->copy, rows->data, rows->length);
    database_copy_end(loader->copy);
}

/* The targets' rows with run and batch before each. */
static void job_copy_targets(struct loader_job *job) {
    struct loader *loader = job->loader;
    const struct batch *slice = job_slice(job);
    char prefix[RUN_ID_SIZE + 16];
    int length = snprintf(prefix, sizeof(prefix), "%s\t%d\t", job->run_id, job->number);
    loader->copy = database_copy_start(loader->store->load, copy_targets, on_step, loader);
    for (size_t i = 0, start = 0; i < slice->entry_count; start = slice->entries[i++].targets_end) {
        database_copy_put(loader->copy, prefix, (size_t)length);
        database_copy_put(loader->copy, slice->targets.data + start, slice->entries[i].targets_end - start);
    }
    database_copy_end(loader->copy);
}

/* NOLINTNEXTLINE(misc-no-recursion): each turn is a later step, and ROLLBACK is the last */
void loader_batch_step(struct loader_job *job) {
    struct loader *loader = job->loader;
    if (job->step != STEP_BEGIN && job->step != STEP_ROLLBACK &&
        job->session != database_session(loader->store->load)) {
        struct error error = {0};
        error_set(&error, CAUSE_DB_UNREACHABLE, "the connection broke within a transaction");
        job_failed(job, &error);
        return;
    }
    const struct batch *slice = job_slice(job);
    char number[16], token[24];
    snprintf(number, sizeof(number), "%d", job->number);
    snprintf(token, sizeof(token), "%" PRId64, job->token);
    switch (job->step) {
    case STEP_BEGIN:
        job_statement(job, slice->baseline ? &statement_begin_baseline : &statement_begin, NULL, 0);
        return;
    case STEP_NUMBER:
        job_statement(job, &query_begin_batch, (const char *[]){job->run_id, number}, 2);
        return;
    case STEP_FIELDS:
        job_copy(job, slice->baseline ? copy_baseline_fields : copy_staged_fields, &slice->fields);
        return;
    case STEP_CHANGES:
        job_copy(job, copy_changes, &slice->changes);
        return;
    case STEP_TARGETS:
        job_copy_targets(job);
        return;
    case STEP_FINISH:
        job_statement(job, &query_finish_batch,
                      (const char *[]){job->run_id, number, token, slice->baseline ? "t" : "f"}, 4);
        return;
    case STEP_COMMIT:
        job_statement(job, &statement_commit, NULL, 0);
        return;
    case STEP_ROLLBACK:
    default:
        job_statement(job, &statement_rollback, NULL, 0);
    }
}
