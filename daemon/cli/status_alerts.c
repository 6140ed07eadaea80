#include "cli/status_alerts.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/terminal.h"
#include "service/queries.h"

static const struct table_column incident_data[] = {
    {.name = "id"},
    {.name = "connection"},
    {.name = "connection_id"},
    {.name = "cause"},
    {.name = "severity"},
    {.name = "flapping", .kind = COLUMN_BOOLEAN},
    {.name = "opened_at", .kind = COLUMN_TIME},
    {.name = "open_changes", .kind = COLUMN_NUMBER},
};

static const struct table_column delivery_data[] = {
    {.name = "alert"},
    {.name = "paused_at", .kind = COLUMN_TIME},
    {.name = "pending", .kind = COLUMN_NUMBER},
    {.name = "oldest", .kind = COLUMN_TIME},
    {.name = "next_attempt_at", .kind = COLUMN_TIME},
    {.name = "given_up", .kind = COLUMN_NUMBER},
    {.name = "last_error"},
};

/* The member's name, and its rows. */
static void print_data(const struct database_result *result, const struct table_style *style,
                       const char *member, const struct table_column *columns, size_t count) {
    printf(",\"%s\": ", member);
    struct table *table = table_new(stdout, style, columns, count);
    for (size_t i = 0; i < database_rows(result); i++)
        table_add_row(table, result, i);
    table_end(table);
    table_free(table);
}

static void print_incident(const struct table_style *style, const struct database_result *result,
                           size_t row) {
    const char *name = database_value(result, row, "connection"),
               *changes = database_value(result, row, "open_changes");
    CLEANUP(cleanup_free) char *connection = text_harmless(name ? name : "all connections");
    char when[TIMESPAN_TEXT_MAX];
    time_relative(strtoll(database_value(result, row, "opened_at"), NULL, 10), style->now, when);
    printf("Incident: %s: %s, %s%s, since %s", connection, database_value(result, row, "cause"),
           database_value(result, row, "severity"),
           strcmp(database_value(result, row, "flapping"), "t") == 0 ? ", flapping" : "", when);
    if (strcmp(changes, "0") != 0)
        printf(", %s open change%s", changes, strcmp(changes, "1") == 0 ? "" : "s");
    putchar('\n');
}

static void print_incidents(const struct database_result *result, void *userdata) {
    const struct table_style *style = userdata;
    size_t count = database_rows(result);
    if (style->format == TABLE_JSON) {
        print_data(result, style, "incidents", incident_data, ARRAY_LENGTH(incident_data));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (i == 0)
            putchar('\n');
        print_incident(style, result, i);
    }
}

/* "Alert on-call: paused since 3m ago; 2 events pending, next try in 4m, 1 given up in the last week: what
 * went wrong" */
static void print_alert(const struct table_style *style, const struct database_result *result, size_t row) {
    const char *paused = database_value(result, row, "paused_at"),
               *pending = database_value(result, row, "pending");
    const char *given_up = database_value(result, row, "given_up"),
               *error = database_value(result, row, "last_error");
    const char *next = database_value(result, row, "next_attempt_at"), *separator = "";
    CLEANUP(cleanup_free) char *name = text_harmless(database_value(result, row, "alert"));
    char when[TIMESPAN_TEXT_MAX];
    printf("Alert %s: ", name);
    if (paused) {
        time_relative(strtoll(paused, NULL, 10), style->now, when);
        printf("paused (%s; 'schemasyncd alert-test' ends that)", when);
        separator = "; ";
    }
    if (strcmp(pending, "0") != 0) {
        printf("%s%s event%s pending", separator, pending, strcmp(pending, "1") == 0 ? "" : "s");
        separator = "; ";
        if (next) {
            time_relative(strtoll(next, NULL, 10), style->now, when);
            printf(", next try %s", when);
        }
    }
    if (strcmp(given_up, "0") != 0)
        printf("%s%s given up in the last week ('schemasyncd redeliver' brings them back)", separator,
               given_up);
    CLEANUP(cleanup_free) char *words = text_harmless(error ? error : "");
    printf("%s%s\n", *words ? ": " : "", words);
}

static void print_deliveries(const struct database_result *result, void *userdata) {
    const struct table_style *style = userdata;
    size_t count = database_rows(result), shown = 0;
    if (style->format == TABLE_JSON) {
        print_data(result, style, "deliveries", delivery_data, ARRAY_LENGTH(delivery_data));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!database_value(result, i, "paused_at") &&
            strcmp(database_value(result, i, "pending"), "0") == 0 &&
            strcmp(database_value(result, i, "given_up"), "0") == 0)
            continue;
        if (shown++ == 0)
            putchar('\n');
        print_alert(style, result, i);
    }
}

bool status_print_alerts(struct session *session, const struct table_style *style, struct error *ret_error) {
    struct table_style copy = *style;
    return session_run(session, &query_status_incidents, NULL, 0, print_incidents, &copy, ret_error) &&
           session_run(session, &query_pending_deliveries, NULL, 0, print_deliveries, &copy, ret_error);
}
