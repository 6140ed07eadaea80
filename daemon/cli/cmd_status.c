#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/lookup.h"
#include "cli/status_alerts.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "service/queries.h"

enum { OPTION_JSON = 1 };

static const struct option_row rows[] = {{"json", false, OPTION_JSON}, {0}};

static const struct table_column connection_data[] = {
    {.name = "id"},
    {.name = "name"},
    {.name = "type"},
    {.name = "managed", .kind = COLUMN_BOOLEAN},
    {.name = "state"},
    {.name = "status"},
    {.name = "status_error"},
    {.name = "targets", .kind = COLUMN_NUMBER},
    {.name = "fields", .kind = COLUMN_NUMBER},
    {.name = "open_changes", .kind = COLUMN_NUMBER},
    {.name = "last_run_at", .kind = COLUMN_TIME},
    {.name = "last_success_at", .kind = COLUMN_TIME},
    {.name = "last_refresh_finished", .kind = COLUMN_TIME},
    {.name = "next_due_at", .kind = COLUMN_TIME},
    {.name = "consecutive_failures", .kind = COLUMN_NUMBER},
    {.name = "last_error"},
};

static const struct table_column target_data[] = {
    {.name = "connection"},
    {.name = "connection_id"},
    {.name = "target_id"},
    {.name = "name"},
    {.name = "origin"},
    {.name = "state"},
    {.name = "managed", .kind = COLUMN_BOOLEAN},
    {.name = "verdict"},
    {.name = "field_count", .kind = COLUMN_NUMBER},
    {.name = "refreshed_at", .kind = COLUMN_TIME},
    {.name = "first_seen_at", .kind = COLUMN_TIME},
    {.name = "last_seen_at", .kind = COLUMN_TIME},
    {.name = "last_changed_at", .kind = COLUMN_TIME},
    {.name = "next_due_at", .kind = COLUMN_TIME},
    {.name = "consecutive_failures", .kind = COLUMN_NUMBER},
    {.name = "last_error"},
    {.name = "held_since", .kind = COLUMN_TIME},
    {.name = "held_gone", .kind = COLUMN_BOOLEAN},
    {.name = "held_field_count", .kind = COLUMN_NUMBER},
    {.name = "accepted_at", .kind = COLUMN_TIME},
};

static const struct table_column connection_people[] = {
    {.name = "connection"},
    {.name = "state", .firm = true, .accent = true},
    {.name = "targets", .kind = COLUMN_NUMBER, .firm = true},
    {.name = "fields", .kind = COLUMN_NUMBER, .firm = true},
    {.name = "changes", .kind = COLUMN_NUMBER, .firm = true},
    {.name = "success", .kind = COLUMN_TIME, .firm = true},
    {.name = "due", .kind = COLUMN_TIME, .firm = true},
    {.name = "fails", .kind = COLUMN_NUMBER, .firm = true},
    {.name = "last_error"},
};

static const struct table_column target_people[] = {
    {.name = "connection"},
    {.name = "target"},
    {.name = "state", .firm = true, .accent = true},
    {.name = "fields", .kind = COLUMN_NUMBER, .firm = true},
    {.name = "seen", .kind = COLUMN_TIME, .firm = true},
    {.name = "changed", .kind = COLUMN_TIME, .firm = true},
    {.name = "due", .kind = COLUMN_TIME, .firm = true},
    {.name = "fails", .kind = COLUMN_NUMBER, .firm = true},
    {.name = "last_error"},
};

enum { STATE_PENDING, STATE_PRESENT, STATE_SUSPECT, STATE_MISSING, STATES };

static const char *const state_names[STATES] = {"pending", "present", "suspect", "missing"};

struct summary {
    struct table_style style;
    size_t connections, unmanaged_connections, targets, unmanaged_targets, by_state[STATES], failing;
    unsigned long long open_changes;
};

static bool is_true(const char *cell) {
    return cell && cell[0] == 't';
}

static bool is_zero(const char *cell) {
    return strcmp(cell, "0") == 0;
}

/* ---- for programs */

static void print_data(const struct database_result *result, const struct table_style *style,
                       const struct table_column *columns, size_t count) {
    struct table *table = table_new(stdout, style, columns, count);
    for (size_t i = 0; i < database_rows(result); i++)
        table_add_row(table, result, i);
    table_end(table);
    table_free(table);
}

static void print_connection_data(const struct database_result *result, void *userdata) {
    struct summary *summary = userdata;
    fputs("{\"connections\": ", stdout);
    print_data(result, &summary->style, connection_data, ARRAY_LENGTH(connection_data));
}

static void print_target_data(const struct database_result *result, void *userdata) {
    struct summary *summary = userdata;
    fputs(",\"targets\": ", stdout);
    print_data(result, &summary->style, target_data, ARRAY_LENGTH(target_data));
}

/* ---- for people */

static void add_connection(struct table *table, const struct database_result *result, size_t row) {
    static const char *const cells[] = {
        "name",         "state",           "targets",     "fields",
        "open_changes", "last_success_at", "next_due_at", "consecutive_failures",
        "last_error"};
    for (size_t i = 0; i < ARRAY_LENGTH(cells); i++)
        table_add(table, database_value(result, row, cells[i]));
}

static void print_connections(const struct database_result *result, void *userdata) {
    struct summary *summary = userdata;
    size_t count = database_rows(result);
    if (count > 0)
        summary->style.now = usec_of(database_value(result, 0, "now_usec"));
    struct table *table =
        table_new(stdout, &summary->style, connection_people, ARRAY_LENGTH(connection_people));
    for (size_t i = 0; i < count; i++) {
        summary->open_changes += strtoull(database_value(result, i, "open_changes"), NULL, 10);
        if (!is_true(database_value(result, i, "managed"))) {
            summary->unmanaged_connections++;
            continue;
        }
        summary->connections++;
        add_connection(table, result, i);
    }
    table_end(table);
    table_free(table);
}

/* "present (stale)": the state, and what the verdict adds to it. */
static void add_state(struct table *table, const struct database_result *result, size_t row) {
    const char *state = database_value(result, row, "state"),
               *verdict = database_value(result, row, "verdict");
    bool adds = verdict && (strcmp(verdict, "stale") == 0 || strcmp(verdict, "failing") == 0);
    CLEANUP(cleanup_free) char *text = adds ? alloc_printf("%s (%s)", state, verdict) : alloc_strdup(state);
    table_add(table, text);
}

static void add_target(struct table *table, const struct database_result *result, size_t row) {
    static const char *const cells[] = {"field_count", "last_seen_at",         "last_changed_at",
                                        "next_due_at", "consecutive_failures", "last_error"};
    table_add(table, database_value(result, row, "connection"));
    table_add(table, database_value(result, row, "target_id"));
    add_state(table, result, row);
    for (size_t i = 0; i < ARRAY_LENGTH(cells); i++)
        table_add(table, database_value(result, row, cells[i]));
}

static void count_target(struct summary *summary, const struct database_result *result, size_t row) {
    const char *state = database_value(result, row, "state");
    summary->targets++;
    for (size_t i = 0; i < STATES; i++)
        if (strcmp(state, state_names[i]) == 0)
            summary->by_state[i]++;
    if (!is_zero(database_value(result, row, "consecutive_failures")))
        summary->failing++;
}

/* What is held back of a target, and what to do about it. */
static void print_held(const struct summary *summary, const struct database_result *result, size_t row) {
    const char *fields = database_value(result, row, "held_field_count"),
               *since = database_value(result, row, "held_since");
    const char *accepted = database_value(result, row, "accepted_at");
    CLEANUP(cleanup_free) char *connection = text_harmless(database_value(result, row, "connection"));
    CLEANUP(cleanup_free) char *target = text_harmless(database_value(result, row, "target_id"));
    char when[TIMESPAN_TEXT_MAX] = "an unknown time ago";
    if (since)
        time_relative(usec_of(since), summary->style.now, when);
    printf("\nHeld back: %s %s: ", connection, target);
    if (is_true(database_value(result, row, "held_gone")))
        fputs("the target itself would be gone", stdout);
    else
        printf("%s field%s would be removed", fields ? fields : "?",
               fields && strcmp(fields, "1") == 0 ? "" : "s");
    printf(", first seen so %s.\n", when);
    if (accepted) {
        time_relative(usec_of(accepted), summary->style.now, when);
        printf("  Accepted %s: the next good answer is applied.\n", when);
        return;
    }
    CLEANUP(cleanup_free) char *connection_word = shell_quoted(connection);
    CLEANUP(cleanup_free) char *target_word = shell_quoted(target);
    printf("  If that is true: schemasyncd accept %s %s\n", connection_word, target_word);
}

static void print_totals(const struct summary *summary) {
    printf("\n%zu connection%s, %zu target%s", summary->connections, summary->connections == 1 ? "" : "s",
           summary->targets, summary->targets == 1 ? "" : "s");
    const char *separator = ": ";
    for (size_t i = 0; i < STATES; i++)
        if (summary->by_state[i] > 0) {
            printf("%s%zu %s", separator, summary->by_state[i], state_names[i]);
            separator = ", ";
        }
    if (summary->failing > 0)
        printf("; %zu failing", summary->failing);
    printf("; %llu open change%s%s\n", summary->open_changes, summary->open_changes == 1 ? "" : "s",
           summary->open_changes > 0 ? " ('schemasyncd drift' lists them)" : "");
    if (summary->unmanaged_connections + summary->unmanaged_targets > 0)
        printf("not managed any more, kept: %zu connection%s, %zu target%s ('status --json' lists them)\n",
               summary->unmanaged_connections, summary->unmanaged_connections == 1 ? "" : "s",
               summary->unmanaged_targets, summary->unmanaged_targets == 1 ? "" : "s");
}

static void print_targets(const struct database_result *result, void *userdata) {
    struct summary *summary = userdata;
    struct table *table = table_new(stdout, &summary->style, target_people, ARRAY_LENGTH(target_people));
    size_t count = database_rows(result);
    for (size_t i = 0; i < count; i++) {
        if (!is_true(database_value(result, i, "managed"))) {
            summary->unmanaged_targets++;
            continue;
        }
        count_target(summary, result, i);
        add_target(table, result, i);
    }
    if (summary->connections > 0 && summary->targets > 0)
        putchar('\n');
    table_end(table);
    table_free(table);
    if (summary->connections + summary->unmanaged_connections == 0)
        puts(
            "Nothing is mirrored yet: 'schemasyncd run', or 'schemasyncd pull', begins with what the configuration names.");
    else
        print_totals(summary);
    for (size_t i = 0; i < count; i++)
        if (is_true(database_value(result, i, "managed")) &&
            strcmp(database_value(result, i, "state"), "suspect") == 0)
            print_held(summary, result, i);
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    bool json = false;
    for (int key; (key = command_next_option(&cmd_status, &options)) != OPTION_END;) {
        if (key == OPTION_WRONG)
            return EXIT_WRONG_USAGE;
        json = true;
    }
    if (options.first_word < argc)
        return command_usage_error(&cmd_status, "too many arguments");
    struct error error = {0};
    CLEANUP(cleanup_session) struct session *session = session_open_checked(globals, &error);
    struct summary summary = {.style = table_style_for(stdout, json ? TABLE_JSON : TABLE_TEXT)};
    if (!session ||
        !session_run(session, &query_status_connections, NULL, 0,
                     json ? print_connection_data : print_connections, &summary, &error) ||
        !session_run(session, &query_status_targets, NULL, 0, json ? print_target_data : print_targets,
                     &summary, &error) ||
        !status_print_alerts(session, &summary.style, &error))
        return command_failed(&cmd_status, &error);
    if (json)
        puts("}");
    return EXIT_DONE;
}

const struct command cmd_status = {
    .name = "status",
    .arguments = "[--json]",
    .summary = "How each connection and target stands",
    .details =
        "  --json   one object: connections, targets, open incidents and deliveries (each alert's),\n"
        "           an array each, with exact times\n"
        "\n"
        "Example:\n"
        "  schemasyncd status --json | jq -r '.targets[] | select(.state == \"suspect\") | .target_id'\n",
    .options = rows,
    .run = run,
};
