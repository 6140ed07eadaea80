#include "service/loader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "service/queries.h"

enum { ATTEMPTS_MAX = 10 };
static const usec_t pause_between_attempts = 500 * USEC_PER_MSEC;

/* A batch goes through these steps; a query has one. */
enum step {
    STEP_BEGIN,
    STEP_NUMBER,
    STEP_FIELDS,
    STEP_CHANGES,
    STEP_TARGETS,
    STEP_FINISH,
    STEP_COMMIT,
    STEP_ROLLBACK
};

/* What is to be done when the transaction has been rolled back. */
enum afterwards { AFTER_AGAIN, AFTER_HALVE, AFTER_REFUSE, AFTER_TAKEN, AFTER_FAIL };

struct loader_job {
    struct loader *loader;
    struct loader_job *next;
    bool cancelled;
    void *userdata;
    size_t bytes;
    unsigned attempts;

    /* a batch: slices that are still to be sent, the last one first */
    loader_callback *batch_callback;
    struct batch **slices;
    size_t slice_count, slice_capacity;
    int64_t token;
    int *next_number, number;
    char run_id[RUN_ID_SIZE];
    enum step step;
    uint64_t session; /* the connection on which the transaction began */
    enum afterwards afterwards;
    struct error error;
    struct loader_refusal *refused;
    size_t refused_count, refused_capacity;
    struct loader_outcome outcome;

    /* a query */
    database_callback *query_callback;
    const struct statement *statement;
    char **params;
    size_t param_count;
};

struct loader {
    struct sd_event *event;
    struct store *store;
    struct loader_job *first, **last; /* the first is under way */
    struct database_call *call;
    struct database_copy *copy;
    sd_event_source *pause;
    size_t pending;
};

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

static void job_step(struct loader_job *job);
static void job_failed(struct loader_job *job, const struct error *error);
static void loader_start_first(struct loader *loader);

static void job_free(struct loader_job *job) {
    for (size_t i = 0; i < job->slice_count; i++)
        batch_free(job->slices[i]);
    free(job->slices);
    for (size_t i = 0; i < job->param_count; i++)
        free(job->params[i]);
    free(job->params);
    free(job->refused);
    free(job);
}

struct loader *loader_new(struct sd_event *event, struct store *store) {
    struct loader *loader = alloc_zero(1, sizeof(*loader));
    loader->event = sd_event_ref(event);
    loader->store = store;
    loader->last = &loader->first;
    return loader;
}

void loader_free(struct loader *loader) {
    if (!loader)
        return;
    database_cancel(loader->call);
    database_copy_cancel(loader->copy);
    sd_event_source_disable_unref(loader->pause);
    for (struct loader_job *job = loader->first, *next; job; job = next) {
        next = job->next;
        job_free(job);
    }
    sd_event_unref(loader->event);
    free(loader);
}

static struct loader_job *loader_append(struct loader *loader, struct loader_job *job) {
    bool idle = !loader->first;
    job->loader = loader;
    *loader->last = job;
    loader->last = &job->next;
    loader->pending += job->bytes;
    if (idle)
        loader_start_first(loader);
    return job;
}

/* Takes the first job, which is over, out of the queue and begins the next. */
static void loader_finish_first(struct loader *loader) {
    struct loader_job *job = loader->first;
    loader->first = job->next;
    if (!loader->first)
        loader->last = &loader->first;
    loader->pending -= job->bytes;
    job_free(job);
    loader_start_first(loader);
}

void loader_cancel(struct loader_job *job) {
    if (job)
        job->cancelled = true;
}

size_t loader_pending(const struct loader *loader) {
    return loader->pending;
}

static int on_pause(sd_event_source *source, uint64_t usec, void *userdata) {
    struct loader *loader = userdata;
    (void)source;
    (void)usec;
    loader->pause = sd_event_source_disable_unref(loader->pause);
    job_step(loader->first);
    return 0;
}

/* Once more, but not at once: a database that refuses everything for a while must not be asked without end.
 */
static void job_pause(struct loader_job *job) {
    struct loader *loader = job->loader;
    if (sd_event_add_time_relative(loader->event, &loader->pause, CLOCK_MONOTONIC,
                                   (uint64_t)pause_between_attempts, 0, on_pause, loader) < 0)
        job_step(job);
}

/* Queries */

static void on_query(const struct database_result *result, const struct error *error, void *userdata) {
    struct loader *loader = userdata;
    struct loader_job *job = loader->first;
    loader->call = NULL;
    /* an answer that was lost says nothing: the statement counts once when it is sent twice */
    if (error && error_class(error->cause)->retry == RETRY_SAFE && !job->cancelled &&
        (++job->attempts < ATTEMPTS_MAX || loader->store->patience < 0)) {
        job_pause(job);
        return;
    }
    if (!job->cancelled)
        job->query_callback(result, error, job->userdata);
    loader_finish_first(loader);
}

struct loader_job *loader_query(struct loader *loader, const struct statement *statement,
                                const char *const *params, size_t param_count, database_callback *callback,
                                void *userdata) {
    struct loader_job *job = alloc_zero(1, sizeof(*job));
    job->statement = statement;
    job->query_callback = callback;
    job->userdata = userdata;
    job->param_count = param_count;
    job->params = alloc_zero(param_count, sizeof(char *));
    for (size_t i = 0; i < param_count; i++) {
        job->params[i] = alloc_strdup(params[i]);
        job->bytes += params[i] ? strlen(params[i]) : 0;
    }
    return loader_append(loader, job);
}

/* Batches */

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
        job_step(job);
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
    job_step(job);
}

/* The transaction is rolled back, or was never there. */
static void job_afterwards(struct loader_job *job) {
    struct loader *loader = job->loader;
    job->step = STEP_BEGIN;
    switch (job->afterwards) {
    case AFTER_AGAIN:
        job_pause(job);
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
             (++job->attempts < ATTEMPTS_MAX || job->loader->store->patience < 0))
        job->afterwards = AFTER_AGAIN;
    else
        job->afterwards = AFTER_FAIL;
    job->step = STEP_ROLLBACK;
    job_step(job);
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
        job_step(job);
    } else if (job->step == STEP_COMMIT) {
        job_taken(job);
        job_next_slice(job);
    } else {
        if (job->step == STEP_BEGIN)
            job->session = database_session(loader->store->load);
        job->step++;
        job_step(job);
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
        job_step(job);
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
static void job_step(struct loader_job *job) {
    struct loader *loader = job->loader;
    if (job->statement) {
        loader->call = database_query(loader->store->load, job->statement, (const char *const *)job->params,
                                      job->param_count, loader->store->patience, on_query, loader);
        return;
    }
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

/* Begins the first job; what was cancelled while it waited is dropped. */
static void loader_start_first(struct loader *loader) {
    while (loader->first && loader->first->cancelled) {
        struct loader_job *job = loader->first;
        loader->first = job->next;
        loader->pending -= job->bytes;
        job_free(job);
    }
    if (!loader->first) {
        loader->last = &loader->first;
        return;
    }
    job_step(loader->first);
}
