#include "service/meters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/self.h"
#include "service/meter_table.h"

struct meters {
    struct metrics *registry;
};

static void set(struct meters *meters, enum meter meter, const char *subject, const char *word,
                double value) {
    metrics_set(meters->registry, (struct metric_series){meter, subject, {word, NULL}}, value);
}

struct meters *meters_new(void) {
    /* what the API is documented to answer, and what stands between it and us */
    static const char *const codes[] = {"none", "200", "202", "400", "401", "403", "404",
                                        "409",  "422", "429", "500", "502", "503", "504"};
    struct meters *meters = alloc_zero(1, sizeof(*meters));
    meters->registry = metrics_new(meter_table, METER_COUNT);
    metrics_set_subjects(meters->registry, METER_REQUESTS, codes, ARRAY_LENGTH(codes));
    set(meters, METER_BUILD_INFO, NULL, SCHEMASYNCD_VERSION, 1);
    set(meters, METER_DATABASE_UP, NULL, NULL, 0);
    return meters;
}

void meters_free(struct meters *meters) {
    if (!meters)
        return;
    metrics_free(meters->registry);
    free(meters);
}

void meters_set_config(struct meters *meters, const struct config *config, usec_t now) {
    set(meters, METER_RELOAD_GOOD, NULL, NULL, config ? 1 : 0);
    if (!config)
        return;
    set(meters, METER_RELOAD_TIME, NULL, NULL, (double)now / (double)USEC_PER_SEC);
    size_t count = MAX(config->connection_count, config->alert_count);
    CLEANUP(cleanup_free) const char **names = alloc_zero(count + 1, sizeof(*names));
    for (size_t i = 0; i < config->connection_count; i++)
        names[i] = config->connections[i].name;
    metrics_set_subjects(meters->registry, METER_RUNS, names, config->connection_count);
    metrics_set_subjects(meters->registry, METER_CHANGES, names, config->connection_count);
    for (size_t i = 0; i < config->alert_count; i++)
        names[i] = config->alerts[i].name;
    metrics_set_subjects(meters->registry, METER_DELIVERIES, names, config->alert_count);
}

/* Counting */

void meters_count_run(struct meters *meters, const char *connection, const char *outcome, usec_t took) {
    metrics_add(meters->registry, (struct metric_series){METER_RUNS, connection, {outcome, NULL}}, 1);
    metrics_observe(meters->registry, (struct metric_series){METER_RUN_DURATION, NULL, {NULL, NULL}},
                    (double)took / (double)USEC_PER_SEC);
}

void meters_count_changes(struct meters *meters, const char *connection,
                          const struct database_result *result) {
    for (size_t i = 0; i < database_rows(result); i++)
        metrics_add(meters->registry,
                    (struct metric_series){
                        METER_CHANGES,
                        connection,
                        {database_value(result, i, "kind"), database_value(result, i, "severity")}},
                    strtod(database_value(result, i, "changes"), NULL));
}

void meters_count_request(const char *route, int status, usec_t duration, void *userdata) {
    struct meters *meters = userdata;
    char code[16] = "none";
    if (status >= 100 && status <= 599) /* so many series of a route at most */
        snprintf(code, sizeof(code), "%d", status);
    else if (status != 0)
        snprintf(code, sizeof(code), "other");
    struct metric_series requests = {METER_REQUESTS, code, {route, NULL}};
    if (!metrics_add(meters->registry, requests, 1)) {
        metrics_add_subject(meters->registry, METER_REQUESTS, code);
        metrics_add(meters->registry, requests, 1);
    }
    metrics_observe(meters->registry, (struct metric_series){METER_REQUEST_DURATION, NULL, {route, NULL}},
                    (double)duration / (double)USEC_PER_SEC);
}

void meters_count_delivery(struct meters *meters, const char *alert, const char *outcome, bool given_up) {
    bool last = given_up || strcmp(outcome, "gone") == 0;
    metrics_add(meters->registry,
                (struct metric_series){METER_DELIVERIES, alert, {last ? METER_GIVEN_UP : outcome, NULL}}, 1);
}

/* The mirror */

/* Which column of the answer is which series. */
static const struct {
    const char *column;
    enum meter meter;
    const char *word;
} columns[] = {
    /* clang-format off */
    {"changes_info",             METER_OPEN_CHANGES,   "info"},
    {"changes_warning",          METER_OPEN_CHANGES,   "warning"},
    {"changes_breaking",         METER_OPEN_CHANGES,   "breaking"},
    {"incidents_drift",          METER_OPEN_INCIDENTS, "drift"},
    {"incidents_access_reduced", METER_OPEN_INCIDENTS, "access_reduced"},
    {"incidents_suspect",        METER_OPEN_INCIDENTS, "suspect"},
    {"incidents_failing",        METER_OPEN_INCIDENTS, "failing"},
    {"pending",                  METER_TARGETS,        "pending"},
    {"present",                  METER_TARGETS,        "present"},
    {"suspect",                  METER_TARGETS,        "suspect"},
    {"missing",                  METER_TARGETS,        "missing"},
    {"stale",                    METER_STALE,          NULL},
    {"unwatched",                METER_UNWATCHED,      NULL},
    {"fields",                   METER_FIELDS,         NULL},
    {"last_success",             METER_LAST_SUCCESS,   NULL},
    {"schedule_interval",        METER_INTERVAL,       NULL},
    {"deliveries_pending",       METER_PENDING,        NULL},
    {"oldest_pending",           METER_OLDEST_PENDING, NULL},
    {"paused",                   METER_PAUSED,         NULL},
    /* clang-format on */
};

static bool is_of_alerts(enum meter meter) {
    return strcmp(meter_table[meter].subject, "alert") == 0;
}

static bool is_alert(const struct database_result *result, size_t row) {
    return strcmp(database_value(result, row, "subject"), "alert") == 0;
}

/* The names in the answer's rows of a kind. */
static size_t names_of(const struct database_result *result, bool alerts, const char **ret) {
    size_t count = 0;
    for (size_t i = 0; i < database_rows(result); i++)
        if (is_alert(result, i) == alerts)
            ret[count++] = database_value(result, i, "name");
    return count;
}

/* A connection and an alert may have the same name. */
static void set_row(struct meters *meters, const struct database_result *result, size_t row) {
    bool alert = is_alert(result, row);
    const char *name = database_value(result, row, "name");
    for (size_t i = 0; i < ARRAY_LENGTH(columns); i++) {
        const char *value = database_value(result, row, columns[i].column);
        if (is_of_alerts(columns[i].meter) == alert)
            set(meters, columns[i].meter, name, columns[i].word, value ? strtod(value, NULL) : (double)NAN);
    }
}

void meters_set_mirror(struct meters *meters, const struct database_result *result) {
    size_t rows = result ? database_rows(result) : 0;
    CLEANUP(cleanup_free) const char **connections = alloc_zero(rows + 1, sizeof(*connections));
    CLEANUP(cleanup_free) const char **alerts = alloc_zero(rows + 1, sizeof(*alerts));
    size_t connection_count = result ? names_of(result, false, connections) : 0;
    size_t alert_count = result ? names_of(result, true, alerts) : 0;
    for (enum meter meter = METER_OPEN_CHANGES; meter < METER_COUNT; meter++)
        if (is_of_alerts(meter))
            metrics_set_subjects(meters->registry, meter, alerts, alert_count);
        else
            metrics_set_subjects(meters->registry, meter, connections, connection_count);
    for (size_t i = 0; i < rows; i++)
        set_row(meters, result, i);
}

void meters_set_database(struct meters *meters, bool up) {
    set(meters, METER_DATABASE_UP, NULL, NULL, up ? 1 : 0);
}

bool meters_write(struct meters *meters, struct buffer *text) {
    struct self_usage usage;
    if (self_read(&usage)) {
        set(meters, METER_CPU, NULL, NULL, usage.cpu_seconds);
        set(meters, METER_RESIDENT, NULL, NULL, usage.resident_bytes);
        set(meters, METER_VIRTUAL, NULL, NULL, usage.virtual_bytes);
        set(meters, METER_OPEN_FDS, NULL, NULL, usage.open_fds);
        set(meters, METER_MAX_FDS, NULL, NULL, usage.max_fds);
        set(meters, METER_START_TIME, NULL, NULL, usage.start_time);
    }
    return metrics_write(meters->registry, text);
}
