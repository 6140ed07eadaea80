#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/messages.h"
#include "core/api_json_syncs.h"
#include "flow/run_parts.h"
#include "io/database.h"

/* Pages of fifty syncs: more is an upstream that never ends. */
enum { SYNC_PAGES_MAX = 1000 };
#define SYNC_IDS_MAX ((size_t)1 << 30)

static void read_more(struct run *run);

/* What is stored counts where the API cannot be asked. */
static void use_stored(struct run *run) {
    run->syncs_known = false;
    run->sync_count = 0;
    for (size_t i = 0; i < run->stored_sync_count; i++) {
        run->syncs = alloc_grow(run->syncs, &run->sync_capacity, run->sync_count + 1, sizeof(*run->syncs));
        run->syncs[run->sync_count++] =
            (struct sync_entry){.sync = &run->stored_syncs[i], .id = run->stored_syncs[i].id};
    }
}

/* Their use is not known, which is no failure of the run. Said once, until it is known again. */
static void not_known(struct run *run, const struct error *error) {
    const struct log_field *about =
        LOG_FIELDS(LOG_ID(MESSAGE_SYNCS_UNKNOWN), {"connection", run->options.connection->name},
                   {"run_id", run->id}, {"cause", error_class(error->cause)->name});
    if (!run->claim.syncs_unknown)
        log_warning(about, "the syncs cannot all be listed and read, so their use of fields is not known: %s",
                    error->text);
    else
        log_debug(about, "the syncs: %s", error->text);
    use_stored(run);
}

static int compare_uses(const void *a, const void *b) {
    const struct sync *const *x = a, *const *y = b;
    int order = strcmp((*x)->target_id, (*y)->target_id);
    return order != 0 ? order : strcmp((*x)->id, (*y)->id);
}

/* All is known that will be: by target, and which targets there are. */
static void arrange(struct run *run) {
    const char **ids = arena_alloc(run->sync_arena, (run->sync_count + 1) * sizeof(*ids));
    run->uses = alloc_zero(run->sync_count + 1, sizeof(*run->uses));
    for (size_t i = 0; i < run->sync_count; i++)
        if (run->syncs[i].sync && run->syncs[i].sync->target_id)
            run->uses[run->use_count++] = run->syncs[i].sync;
    qsort(run->uses, run->use_count, sizeof(*run->uses), compare_uses);
    size_t count = 0;
    for (size_t i = 0; i < run->use_count; i++)
        if (count == 0 || strcmp(ids[count - 1], run->uses[i]->target_id) != 0)
            ids[count++] = run->uses[i]->target_id;
    run->synced = (struct synced_targets){.ids = ids, .count = count};
}

/* Loading what is stored */

static void on_stored(const struct database_result *result, const struct error *error, void *userdata) {
    struct run *run = userdata;
    run->query = NULL;
    if (error) {
        run_fail(run, error);
        return;
    }
    run->stored_syncs = store_read_syncs(result, run->sync_arena, &run->stored_sync_count);
    if (run->options.dry_run) {
        use_stored(run);
        arrange(run);
    }
    run_step(run, run->options.dry_run ? RUN_EVENT_SKIP : RUN_EVENT_OK);
}

void run_load_syncs(struct run *run) {
    run->sync_arena = arena_new();
    run->query = store_load_syncs(run->options.store, run->options.connection->id, on_stored, run);
}

/* Listing */

static int compare_stored(const void *id, const void *sync) {
    return strcmp(id, ((const struct sync *)sync)->id);
}

static const struct sync *find_stored(const struct run *run, const char *id) {
    return run->stored_sync_count == 0 ? NULL
                                       : bsearch(id, run->stored_syncs, run->stored_sync_count,
                                                 sizeof(*run->stored_syncs), compare_stored);
}

/* What is known of a listed sync without reading it: one that came whole, or one that has not changed. */
static void add_listed(struct run *run, const struct api_listed_sync *listed) {
    if (listed->connection_id && strcasecmp(listed->connection_id, run->options.connection->id) != 0)
        return;
    const struct sync *stored = find_stored(run, listed->id);
    bool same = stored && stored->updated_at && listed->updated_at &&
                strcmp(stored->updated_at, listed->updated_at) == 0;
    run->syncs = alloc_grow(run->syncs, &run->sync_capacity, run->sync_count + 1, sizeof(*run->syncs));
    run->syncs[run->sync_count++] = (struct sync_entry){
        .sync = same ? stored : listed->whole, .id = listed->id, .read = !same && listed->whole};
}

static int compare_entries(const void *a, const void *b) {
    return strcmp(((const struct sync_entry *)a)->id, ((const struct sync_entry *)b)->id);
}

/* One that moved between two pages while they were asked for is listed twice. */
static void drop_duplicates(struct run *run) {
    if (run->sync_count == 0)
        return;
    qsort(run->syncs, run->sync_count, sizeof(*run->syncs), compare_entries);
    size_t kept = 1;
    for (size_t i = 1; i < run->sync_count; i++)
        if (strcmp(run->syncs[kept - 1].id, run->syncs[i].id) != 0)
            run->syncs[kept++] = run->syncs[i];
    run->sync_count = kept;
}

static void on_page(struct api_answer *answer, const struct error *error, void *userdata) {
    struct run *run = userdata;
    run->call = NULL;
    struct api_sync_list list = {0};
    struct error failure = {0};
    if (!error &&
        !api_parse_sync_list(answer->body.data, answer->body.length, run->sync_arena, &list, &failure))
        error = &failure;
    if (!error && list.next_page && ++run->sync_pages >= SYNC_PAGES_MAX) {
        error_set(&failure, CAUSE_SHAPE, "more than %d pages of syncs", SYNC_PAGES_MAX);
        error = &failure;
    }
    if (error) {
        not_known(run, error);
        arrange(run);
        run_step(run, RUN_EVENT_SKIP);
        return;
    }
    for (size_t i = 0; i < list.count; i++)
        add_listed(run, &list.syncs[i]);
    free(run->sync_page);
    run->sync_page = alloc_strdup(list.next_page);
    if (!list.next_page)
        drop_duplicates(run);
    run_step(run, list.next_page ? RUN_EVENT_NOT_YET : RUN_EVENT_OK);
}

void run_list_syncs(struct run *run) {
    run->syncs_known = true;
    run->call = api_list_syncs(run->api, run->sync_page, on_page, run);
}

/* Reading */

struct sync_reading {
    struct run *run;
    size_t entry, slot;
};

static void on_sync(struct api_answer *answer, const struct error *error, void *userdata) {
    struct sync_reading *reading = userdata;
    struct run *run = reading->run;
    struct sync_entry *entry = &run->syncs[reading->entry];
    run->sync_calls[reading->slot] = NULL;
    run->syncs_under_way--;
    struct sync *sync = arena_alloc(run->sync_arena, sizeof(*sync));
    struct error failure = {0};
    if (!error &&
        !api_parse_sync(answer->body.data, answer->body.length, entry->id, run->sync_arena, sync, &failure))
        error = &failure;
    if (error) {
        for (size_t i = 0; i < SYNCS_AT_ONCE; i++)
            api_cancel(TAKE_PTR(run->sync_calls[i]));
        not_known(run, error);
        arrange(run);
        run_step(run, RUN_EVENT_OK);
        return;
    }
    entry->sync = sync;
    entry->read = true;
    read_more(run);
}

/* As many at once as there are slots; steps when all have been read. */
static void read_more(struct run *run) {
    for (; run->next_sync < run->sync_count && run->syncs_under_way < SYNCS_AT_ONCE; run->next_sync++) {
        const struct sync_entry *entry = &run->syncs[run->next_sync];
        if (entry->sync)
            continue;
        struct sync_reading *reading = arena_alloc(run->sync_arena, sizeof(*reading));
        *reading = (struct sync_reading){.run = run, .entry = run->next_sync};
        while (run->sync_calls[reading->slot])
            reading->slot++;
        run->syncs_under_way++;
        run->sync_calls[reading->slot] = api_get_sync(run->api, entry->id, on_sync, reading);
    }
    if (run->syncs_under_way > 0)
        return;
    arrange(run);
    run_step(run, RUN_EVENT_OK);
}

void run_read_syncs(struct run *run) {
    read_more(run);
}

/* What others ask */

struct target_use run_use_of(const struct run *run, const char *target_id) {
    size_t low = 0, high = run->use_count, count = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(run->uses[middle]->target_id, target_id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    while (low + count < run->use_count && strcmp(run->uses[low + count]->target_id, target_id) == 0)
        count++;
    return (struct target_use){.syncs = run->uses + low, .count = count, .known = run->syncs_known};
}

char *run_listed_syncs(const struct run *run) {
    if (!run->syncs_known)
        return NULL;
    struct buffer array;
    buffer_init(&array, SYNC_IDS_MAX);
    bool fits = text_array_begin(&array);
    for (size_t i = 0; i < run->sync_count; i++)
        fits = fits && text_array_add(&array, run->syncs[i].id);
    fits = fits && text_array_end(&array);
    if (!fits)
        abort();
    return buffer_take(&array);
}

char *run_read_syncs_json(const struct run *run) {
    const struct sync **read = alloc_zero(run->sync_count + 1, sizeof(*read));
    size_t count = 0;
    for (size_t i = 0; i < run->sync_count; i++)
        if (run->syncs[i].read)
            read[count++] = run->syncs[i].sync;
    char *json = store_syncs_json(read, count);
    free(read);
    return json;
}

void run_syncs_done(struct run *run) {
    free(run->syncs);
    free(run->sync_page);
    free(run->uses);
    arena_free(run->sync_arena);
}
