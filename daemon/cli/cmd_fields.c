#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/lookup.h"
#include "cli/standing.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "service/queries.h"

enum { OPTION_AS_OF = 1, OPTION_FORMAT };

static const struct option_row rows[] = {{"as-of", true, OPTION_AS_OF}, {"format", true, OPTION_FORMAT}, {0}};

/* For programs: as the view `fields`. */
static const struct table_column data_columns[] = {
    {.name = "id", .kind = COLUMN_NUMBER},
    {.name = "connection"},
    {.name = "connection_id"},
    {.name = "target_id"},
    {.name = "field_id"},
    {.name = "ordinal_position", .kind = COLUMN_NUMBER},
    {.name = "name"},
    {.name = "description"},
    {.name = "type"},
    {.name = "source_type"},
    {.name = "required", .kind = COLUMN_BOOLEAN},
    {.name = "createable", .kind = COLUMN_BOOLEAN},
    {.name = "updateable", .kind = COLUMN_BOOLEAN},
    {.name = "filterable", .kind = COLUMN_BOOLEAN},
    {.name = "association", .kind = COLUMN_BOOLEAN},
    {.name = "encryptable", .kind = COLUMN_BOOLEAN},
    {.name = "supports_identity", .kind = COLUMN_BOOLEAN},
    {.name = "identity_functions", .kind = COLUMN_JSON},
    {.name = "extra", .kind = COLUMN_JSON},
    {.name = "valid_from", .kind = COLUMN_TIME},
    {.name = "last_seen_at", .kind = COLUMN_TIME},
};

/* For people. */
static const struct table_column people_columns[] = {
    {.name = "nr", .kind = COLUMN_NUMBER, .firm = true},
    {.name = "field"},
    {.name = "name"},
    {.name = "type"},
    {.name = "source_type"},
    {.name = "can"},
    {.name = "since", .kind = COLUMN_TIME, .firm = true},
};

struct printing {
    struct table_style style;
    size_t count;
};

/* "required create update filter ...": what holds for a field. */
static void add_abilities(struct table *table, const struct database_result *result, size_t row) {
    static const struct {
        const char *column, *word;
    } abilities[] = {
        {"required", "required"},          {"createable", "create"}, {"updateable", "update"},
        {"filterable", "filter"},          {"association", "refer"}, {"encryptable", "encrypt"},
        {"supports_identity", "identify"},
    };
    char text[128] = "", *end = text;
    for (size_t i = 0; i < ARRAY_LENGTH(abilities); i++) {
        const char *value = database_value(result, row, abilities[i].column);
        if (value && value[0] == 't') {
            if (end > text)
                *end++ = ' ';
            end = stpcpy(end, abilities[i].word);
        }
    }
    table_add(table, text);
}

static void add_for_people(struct table *table, const struct database_result *result, size_t row) {
    table_add(table, database_value(result, row, "ordinal_position"));
    table_add(table, database_value(result, row, "field_id"));
    table_add(table, database_value(result, row, "name"));
    table_add(table, database_value(result, row, "type"));
    table_add(table, database_value(result, row, "source_type"));
    add_abilities(table, result, row);
    table_add(table, database_value(result, row, "valid_from"));
}

static void print_fields(const struct database_result *result, void *userdata) {
    struct printing *printing = userdata;
    bool people = printing->style.format == TABLE_TEXT;
    printing->count = database_rows(result);
    if (printing->count > 0)
        printing->style.now = usec_of(database_value(result, 0, "now_usec"));
    struct table *table =
        people ? table_new(stdout, &printing->style, people_columns, ARRAY_LENGTH(people_columns))
               : table_new(stdout, &printing->style, data_columns, ARRAY_LENGTH(data_columns));
    for (size_t i = 0; i < printing->count; i++)
        if (people)
            add_for_people(table, result, i);
        else
            table_add_row(table, result, i);
    table_end(table);
    table_free(table);
}

static int show_fields(struct session *session, const char *connection, const char *target,
                       const struct moment *moment, enum table_format format) {
    char id[LOOKUP_ID_SIZE];
    int code = lookup_connection(&cmd_fields, session, connection, id);
    if (code == EXIT_DONE)
        code = lookup_target(&cmd_fields, session, id, target);
    if (code != EXIT_DONE)
        return code;
    struct error error = {0};
    struct printing printing = {.style = table_style_for(stdout, format)};
    const char *params[] = {id, target, moment_ago(moment), moment_at(moment)};
    const struct statement *statement = moment ? &query_fields_then : &query_fields_now;
    if (!session_run(session, statement, params, moment ? 4 : 2, print_fields, &printing, &error))
        return command_failed(&cmd_fields, &error);
    if (format != TABLE_TEXT)
        return EXIT_DONE;
    printf("%s%zu field%s", printing.count > 0 ? "\n" : "", printing.count, printing.count == 1 ? "" : "s");
    fputs(moment ? " then; " : "; ", stdout);
    return standing_tell(&cmd_fields, session, id, target, moment);
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    struct moment moment = {0};
    bool has_moment = false;
    enum table_format format = TABLE_TEXT;
    for (int key; (key = command_next_option(&cmd_fields, &options)) != OPTION_END;) {
        if (key == OPTION_WRONG)
            return EXIT_WRONG_USAGE;
        if (key == OPTION_AS_OF && !(has_moment = moment_parse(options.value, &moment)))
            return command_usage_error(
                &cmd_fields, "--as-of takes a time (2026-01-31T12:00:00Z), a date or so long ago (24h)");
        if (key == OPTION_FORMAT && !table_parse_format(options.value, &format))
            return command_usage_error(&cmd_fields, "--format is table, json or csv");
    }
    if (argc - options.first_word != 2)
        return command_usage_error(&cmd_fields, argc - options.first_word < 2
                                                    ? "a connection and a target are needed"
                                                    : "too many arguments");
    struct error error = {0};
    CLEANUP(cleanup_session) struct session *session = session_open_checked(globals, &error);
    if (!session)
        return command_failed(&cmd_fields, &error);
    char **names = argv + options.first_word;
    return show_fields(session, names[0], names[1], has_moment ? &moment : NULL, format);
}

const struct command cmd_fields = {
    .name = "fields",
    .arguments = "CONNECTION TARGET [--as-of TIME] [--format table|json|csv]",
    .summary = "A target's fields, now or then",
    .details =
        "  --as-of TIME      as they were: a time (2026-01-31T12:00:00Z), a date (its first moment, UTC) or so long ago (24h)\n"
        "  --format FORMAT   table (default), json (an array of objects) or csv (RFC 4180)\n"
        "\n"
        "Example:\n"
        "  schemasyncd fields salesforce-prod Account --as-of 7d\n",
    .options = rows,
    .run = run,
};
