#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "cli/lookup.h"
#include "cli/table.h"
#include "service/queries.h"

/* Rows are fetched and written in pages, so that a long log needs no more memory than a short one. */
#define PAGE_ROWS "5000"

enum { OPTION_SINCE = 1, OPTION_CONNECTION, OPTION_TARGET, OPTION_SEVERITY, OPTION_ALL, OPTION_FORMAT };

static const struct option_row rows[] = {
    {"since", true, OPTION_SINCE},
    {"connection", true, OPTION_CONNECTION},
    {"target", true, OPTION_TARGET},
    {"severity", true, OPTION_SEVERITY},
    {"all", false, OPTION_ALL},
    {"format", true, OPTION_FORMAT},
    {0},
};

/* For programs: as the view `drift`. */
static const struct table_column data_columns[] = {
    {.name = "id", .kind = COLUMN_NUMBER},
    {.name = "detected_at", .kind = COLUMN_TIME},
    {.name = "run_id"},
    {.name = "connection_id"},
    {.name = "connection"},
    {.name = "target_id"},
    {.name = "kind"},
    {.name = "field_id"},
    {.name = "attribute"},
    {.name = "old_value", .kind = COLUMN_JSON},
    {.name = "new_value", .kind = COLUMN_JSON},
    {.name = "rule"},
    {.name = "severity"},
    {.name = "severity_if_used"},
    {.name = "previous_seen_at", .kind = COLUMN_TIME},
    {.name = "related_change", .kind = COLUMN_NUMBER},
    {.name = "incident_id"},
    {.name = "acknowledged_at", .kind = COLUMN_TIME},
    {.name = "acknowledged_by"},
    {.name = "note"},
};

/* For people; the last one only with --all. */
static const struct table_column people_columns[] = {
    {.name = "id", .kind = COLUMN_NUMBER, .firm = true},
    {.name = "when", .kind = COLUMN_TIME, .firm = true},
    {.name = "severity", .firm = true, .accent = true},
    {.name = "connection"},
    {.name = "target"},
    {.name = "change", .firm = true},
    {.name = "what"},
    {.name = "value"},
    {.name = "acknowledged"},
};

struct filter {
    struct moment since;
    bool has_since, all;
    const char *connection, *target, *severity;
    enum table_format format;
};

struct printing {
    struct table_style style;
    struct table *table;
    bool all;
    size_t count;
    char last_id[24]; /* of the page */
    bool more;
};

/* "FIELD.ATTRIBUTE", or what there is of it. */
static void add_what(struct table *table, const char *field, const char *attribute) {
    CLEANUP(cleanup_free) char *both = field && attribute ? alloc_printf("%s.%s", field, attribute) : NULL;
    table_add(table, both ? both : field ? field : attribute);
}

static void add_value(struct table *table, const char *kind, const char *before, const char *after) {
    CLEANUP(cleanup_free) char *text = NULL;
    if (strstr(kind, "_changed"))
        text = alloc_printf("%s → %s", before ? before : "null", after ? after : "null");
    else
        text = alloc_strdup(after ? after : before);
    table_add(table, text);
}

static void add_for_people(const struct printing *printing, const struct database_result *result,
                           size_t row) {
    struct table *table = printing->table;
    char kind[32];
    snprintf(kind, sizeof(kind), "%s", database_value(result, row, "kind"));
    table_add(table, database_value(result, row, "id"));
    table_add(table, database_value(result, row, "detected_at"));
    table_add(table, database_value(result, row, "severity"));
    table_add(table, database_value(result, row, "connection"));
    table_add(table, database_value(result, row, "target_id"));
    char *space = strchr(kind, '_');
    if (space)
        *space = ' ';
    table_add(table, kind);
    add_what(table, database_value(result, row, "field_id"), database_value(result, row, "attribute"));
    add_value(table, database_value(result, row, "kind"), database_value(result, row, "old_short"),
              database_value(result, row, "new_short"));
    if (printing->all)
        table_add(table, database_value(result, row, "acknowledged_by"));
}

static void print_page(const struct database_result *result, void *userdata) {
    struct printing *printing = userdata;
    size_t count = database_rows(result);
    for (size_t i = 0; i < count; i++)
        if (printing->style.format == TABLE_TEXT)
            add_for_people(printing, result, i);
        else
            table_add_row(printing->table, result, i);
    if (count > 0) {
        printing->style.now = usec_of(database_value(result, 0, "now_usec"));
        snprintf(printing->last_id, sizeof(printing->last_id), "%s", database_value(result, count - 1, "id"));
    }
    printing->count += count;
    printing->more = count == strtoul(PAGE_ROWS, NULL, 10);
    table_flush(printing->table);
}

static int show_pages(struct session *session, const struct filter *filter, const char *connection_id,
                      struct printing *printing) {
    const struct moment *since = filter->has_since ? &filter->since : NULL;
    do {
        struct error error = {0};
        const char *params[] = {moment_ago(since),
                                moment_at(since),
                                connection_id,
                                filter->target,
                                filter->severity,
                                filter->all ? "t" : "f",
                                printing->last_id[0] ? printing->last_id : NULL,
                                PAGE_ROWS};
        if (!session_run(session, &query_drift_page, params, ARRAY_LENGTH(params), print_page, printing,
                         &error))
            return command_failed(&cmd_drift, &error);
    } while (printing->more && !ferror(stdout));
    table_end(printing->table);
    if (filter->format == TABLE_TEXT && printing->count == 0)
        puts(filter->all ? "no changes" : "no open changes");
    return EXIT_DONE;
}

static int show_drift(struct session *session, const struct filter *filter) {
    char id[LOOKUP_ID_SIZE];
    int code = EXIT_DONE;
    if (filter->connection)
        code = lookup_connection(&cmd_drift, session, filter->connection, id);
    const char *connection_id = filter->connection ? id : NULL;
    if (code == EXIT_DONE && filter->target)
        code = lookup_target(&cmd_drift, session, connection_id, filter->target);
    if (code != EXIT_DONE)
        return code;
    struct printing printing = {.style = table_style_for(stdout, filter->format), .all = filter->all};
    if (filter->format == TABLE_TEXT)
        printing.table = table_new(stdout, &printing.style, people_columns,
                                   ARRAY_LENGTH(people_columns) - (filter->all ? 0 : 1));
    else
        printing.table = table_new(stdout, &printing.style, data_columns, ARRAY_LENGTH(data_columns));
    code = show_pages(session, filter, connection_id, &printing);
    table_free(printing.table);
    return code;
}

static bool is_severity(const char *text) {
    return strcmp(text, "info") == 0 || strcmp(text, "warning") == 0 || strcmp(text, "breaking") == 0;
}

/* Takes one option over; what is wrong with its value, or NULL. */
static const char *take_option(struct filter *filter, int key, const char *value) {
    switch (key) {
    case OPTION_SINCE:
        filter->has_since = moment_parse(value, &filter->since);
        return filter->has_since ? NULL
                                 : "--since takes so long ago (24h), a time (2026-01-31T12:00:00Z) or a date";
    case OPTION_CONNECTION:
        filter->connection = value;
        return NULL;
    case OPTION_TARGET:
        filter->target = value;
        return NULL;
    case OPTION_SEVERITY:
        filter->severity = value;
        return is_severity(value) ? NULL : "--severity is info, warning or breaking";
    case OPTION_ALL:
        filter->all = true;
        return NULL;
    default:
        return table_parse_format(value, &filter->format) ? NULL : "--format is table, json or csv";
    }
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    struct filter filter = {0};
    for (int key; (key = command_next_option(&cmd_drift, &options)) != OPTION_END;) {
        if (key == OPTION_WRONG)
            return EXIT_WRONG_USAGE;
        const char *wrong = take_option(&filter, key, options.value);
        if (wrong)
            return command_usage_error(&cmd_drift, "%s", wrong);
    }
    if (options.first_word < argc)
        return command_usage_error(&cmd_drift, "too many arguments");
    struct error error = {0};
    CLEANUP(cleanup_session) struct session *session = session_open_checked(globals, &error);
    return session ? show_drift(session, &filter) : command_failed(&cmd_drift, &error);
}

const struct command cmd_drift = {
    .name = "drift",
    .arguments =
        "[--since 24h] [--connection NAME] [--target ID] [--severity S] [--all] [--format table|json|csv]",
    .summary = "The log of changes, newest first",
    .details =
        "  --since TIME        not older than so long ago (24h), a time (2026-01-31T12:00:00Z) or a date\n"
        "  --connection NAME   of one connection\n"
        "  --target ID         of one target\n"
        "  --severity S        info, warning or breaking: of this severity and above\n"
        "  --all               acknowledged ones too\n"
        "  --format FORMAT     table (default), json (an array of objects) or csv (RFC 4180)\n"
        "\n"
        "Example:\n"
        "  schemasyncd drift --since 24h --severity breaking\n",
    .options = rows,
    .run = run,
};
