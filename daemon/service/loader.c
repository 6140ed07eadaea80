#include "service/loader_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const usec_t pause_between_attempts = 500 * USEC_PER_MSEC;

static void job_begin(struct loader_job *job);
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

struct loader_job *loader_append(struct loader *loader, struct loader_job *job) {
    bool idle = !loader->first;
    job->loader = loader;
    *loader->last = job;
    loader->last = &job->next;
    loader->pending += job->bytes;
    if (idle)
        loader_start_first(loader);
    return job;
}

void loader_finish_first(struct loader *loader) {
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
    job_begin(loader->first);
    return 0;
}

void loader_pause(struct loader_job *job) {
    struct loader *loader = job->loader;
    if (sd_event_add_time_relative(loader->event, &loader->pause, CLOCK_MONOTONIC,
                                   (uint64_t)pause_between_attempts, 0, on_pause, loader) < 0)
        job_begin(job);
}

/* Queries */

static void on_query(const struct database_result *result, const struct error *error, void *userdata) {
    struct loader *loader = userdata;
    struct loader_job *job = loader->first;
    loader->call = NULL;
    /* an answer that was lost says nothing: the statement counts once when it is sent twice */
    if (error && error_class(error->cause)->retry == RETRY_SAFE && !job->cancelled &&
        (++job->attempts < LOADER_ATTEMPTS_MAX || loader->store->patience < 0)) {
        loader_pause(job);
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

static void job_begin(struct loader_job *job) {
    struct loader *loader = job->loader;
    if (job->statement)
        loader->call = database_query(loader->store->load, job->statement, (const char *const *)job->params,
                                      job->param_count, loader->store->patience, on_query, loader);
    else
        loader_batch_step(job);
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
    job_begin(loader->first);
}
