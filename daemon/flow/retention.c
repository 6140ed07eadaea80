#include "flow/retention.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "io/timer.h"
#include "service/store.h"

/* A batch takes some milliseconds of the connection by which leases are renewed. */
enum { BATCH_ROWS = 1000 };

static const usec_t first_look = 3 * USEC_PER_SEC; /* the configuration is loaded by then */
static const usec_t after_full_batch = USEC_PER_SEC / 2;
static const usec_t after_all = 600 * USEC_PER_SEC;

struct retention {
    struct store *store;
    struct config_retention kept;
    unsigned char digest[32];
    struct timer *timer;
    struct database_call *call;
    unsigned long long deleted; /* since it had nothing to do last */
};

static void take_over(struct retention *retention, const struct config *config) {
    retention->kept = config->retention;
    memcpy(retention->digest, config->digest, sizeof(retention->digest));
}

static unsigned long long rows_deleted(const struct database_result *result) {
    unsigned long long sum = 0;
    for (size_t i = 0; database_rows(result) > 0 && i < database_columns(result); i++)
        sum += strtoull(database_cell(result, 0, i), NULL, 10);
    return sum;
}

/* That another configuration counts, or the database is away or takes no writes, is told by others. */
static bool is_told_elsewhere(const struct error *error) {
    return error->cause == CAUSE_CONFIG_DIFFERS || error->cause == CAUSE_SCHEMA_NEW ||
           error_class(error->cause)->kind == ERROR_KIND_TRANSIENT;
}

static void on_pruned(const struct database_result *result, const struct error *error, void *userdata) {
    struct retention *retention = userdata;
    retention->call = NULL;
    unsigned long long rows = error ? 0 : rows_deleted(result);
    retention->deleted += rows;
    if (error && !is_told_elsewhere(error))
        log_error(NULL, "what is older than it is to be kept cannot be deleted: %s", error->text);
    if (rows >= BATCH_ROWS) {
        timer_set(retention->timer, after_full_batch);
        return;
    }
    if (retention->deleted > 0)
        log_info(NULL, "%llu rows deleted that were older than they are to be kept", retention->deleted);
    retention->deleted = 0;
    timer_set(retention->timer, after_all);
}

static void on_timer(void *userdata) {
    struct retention *retention = userdata;
    retention->call =
        store_prune(retention->store, &retention->kept, BATCH_ROWS, retention->digest, on_pruned, retention);
}

struct retention *retention_new(struct sd_event *event, struct store *store, const struct config *config) {
    struct retention *retention = alloc_zero(1, sizeof(*retention));
    retention->store = store;
    take_over(retention, config);
    retention->timer = timer_new(event, on_timer, retention);
    timer_set(retention->timer, first_look);
    return retention;
}

void retention_reload(struct retention *retention, const struct config *config) {
    take_over(retention, config);
    if (!retention->call)
        timer_set(retention->timer, first_look);
}

void retention_free(struct retention *retention) {
    if (!retention)
        return;
    database_cancel(retention->call);
    timer_free(retention->timer);
    free(retention);
}
