#include "flow/change_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/messages.h"
#include "service/queries.h"
#include "service/store.h"

/* A run may record a hundred thousand changes; nobody reads so many lines. */
static const char most_lines[] = "10";

struct telling {
    struct telling *next;
    struct change_log *log;
    struct database_call *call;
    char *connection, *run_id;
};

struct change_log {
    struct store *store;
    struct telling *under_way;
};

static void telling_free(struct telling *telling) {
    database_cancel(telling->call);
    free(telling->connection);
    free(telling->run_id);
    free(telling);
}

/* A row's severity as a level. Where it is breaking somebody must act. */
static void tell_change(const struct telling *telling, const struct database_result *result, size_t row) {
    const char *severity = database_value(result, row, "severity");
    const char *target = database_value(result, row, "target_id"),
               *kind = database_value(result, row, "kind");
    const char *field = database_value(result, row, "field_id"),
               *attribute = database_value(result, row, "attribute");
    bool breaking = strcmp(severity, "breaking") == 0;
    const struct log_field *about =
        LOG_FIELDS(LOG_ID(breaking ? MESSAGE_CHANGE_BREAKING : MESSAGE_CHANGE_WARNING),
                   {"connection", telling->connection}, {"target", target}, {"run_id", telling->run_id},
                   {"change_id", database_value(result, row, "id")}, {"severity", severity}, {"kind", kind},
                   {"field", field}, {"attribute", attribute}, {"rule", database_value(result, row, "rule")});
    log_write(breaking ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, about, "%s change of %s%s%s%s%s: %s", severity,
              target, field ? ", field " : "", field ? field : "", attribute ? ", " : "",
              attribute ? attribute : "", kind);
}

static void tell_sum(const struct telling *telling, const struct database_result *result, size_t told) {
    const char *total = database_value(result, 0, "total"), *breaking = database_value(result, 0, "breaking"),
               *warnings = database_value(result, 0, "warnings");
    const char *first = database_value(result, 0, "first_id"), *last = database_value(result, 0, "last_id");
    if (strcmp(total, "0") == 0)
        return;
    log_notice(LOG_FIELDS(LOG_ID(MESSAGE_CHANGES_RECORDED), {"connection", telling->connection},
                          {"run_id", telling->run_id}, {"changes", total}, {"breaking", breaking},
                          {"warnings", warnings}, {"first_change_id", first}, {"last_change_id", last}),
               "%s change%s recorded, id %s to %s: %s breaking, %s warning%s", total,
               strcmp(total, "1") == 0 ? "" : "s", first, last, breaking, warnings,
               told > 0 ? "; the most severe of those that are open stand above" : "");
}

static void on_answer(const struct database_result *result, const struct error *error, void *userdata) {
    struct telling *telling = userdata;
    telling->call = NULL;
    if (!error) {
        size_t told = 0;
        for (size_t i = 0; i < database_rows(result); i++)
            if (database_value(result, i, "id")) {
                tell_change(telling, result, i);
                told++;
            }
        tell_sum(telling, result, told);
    }
    for (struct telling **link = &telling->log->under_way; *link; link = &(*link)->next)
        if (*link == telling) {
            *link = telling->next;
            break;
        }
    telling_free(telling);
}

struct change_log *change_log_new(struct store *store) {
    struct change_log *log = alloc_zero(1, sizeof(*log));
    log->store = store;
    return log;
}

void change_log_tell(struct change_log *log, const char *connection, const char *run_id) {
    struct telling *telling = alloc_zero(1, sizeof(*telling));
    telling->log = log;
    telling->connection = alloc_strdup(connection);
    telling->run_id = alloc_strdup(run_id);
    const char *params[] = {telling->run_id, most_lines};
    telling->call = database_query(log->store->control, &query_changes_to_log, params, ARRAY_LENGTH(params),
                                   0, on_answer, telling);
    telling->next = log->under_way;
    log->under_way = telling;
}

void change_log_free(struct change_log *log) {
    if (!log)
        return;
    while (log->under_way) {
        struct telling *telling = log->under_way;
        log->under_way = telling->next;
        telling_free(telling);
    }
    free(log);
}
