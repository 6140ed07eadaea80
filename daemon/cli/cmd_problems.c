#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/connect.h"
#include "cli/lookup.h"
#include "cli/table.h"
#include "service/queries.h"

enum { OPTION_FORMAT = 1 };

static const struct option_row rows[] = {{"format", true, OPTION_FORMAT}, {0}};

static const struct table_column people_columns[] = {
    {.name = "id", .firm = true},
    {.name = "severity", .firm = true, .accent = true},
    {.name = "sync"},
    {.name = "target"},
    {.name = "field"},
    {.name = "problem", .firm = true},
    {.name = "what_to_do"},
    {.name = "since", .kind = COLUMN_TIME, .firm = true},
};

static const struct table_column data_columns[] = {
    {.name = "problem_id"},
    {.name = "sync_id"},
    {.name = "sync"},
    {.name = "active", .kind = COLUMN_BOOLEAN},
    {.name = "connection"},
    {.name = "target_id"},
    {.name = "field_id"},
    {.name = "problem"},
    {.name = "severity"},
    {.name = "since", .kind = COLUMN_TIME},
    {.name = "acknowledged", .kind = COLUMN_BOOLEAN},
};

/* What a person does about each. */
static const struct {
    const char *problem, *advice;
} advices[] = {
    {"target-missing", "bring the object back, or point the sync elsewhere"},
    {"field-missing", "bring the field back, or remove it from the mapping"},
    {"field-read-only", "make the field writable, or remove it from the mapping"},
    {"field-not-createable", "let the key set the field on new records, or change the sync's mode"},
    {"field-not-updateable", "let the key set the field on existing records, or change the sync's mode"},
    {"must-supply-unmapped", "map the field, or give it a default in the destination"},
    {"identity-missing", "choose a field to match records by"},
    {"identity-not-matchable", "match records by another field"},
    {"identity-function-missing", "choose another way to match records"},
    {"mode-not-offered", "choose a mode that the target offers"},
    {"encryption-not-supported", "turn encryption off for the field, or map another"},
    {"filter-not-supported", "remove the filter, or filter by another field"},
};

static const char *advice_for(const char *problem) {
    for (size_t i = 0; i < ARRAY_LENGTH(advices); i++)
        if (strcmp(advices[i].problem, problem) == 0)
            return advices[i].advice;
    return NULL;
}

struct printing {
    struct table_style style;
    struct table *table;
    size_t count;
};

static void add_for_people(struct table *table, const struct database_result *result, size_t row) {
    bool acknowledged = strcmp(database_value(result, row, "acknowledged"), "t") == 0;
    const char *sync = database_value(result, row, "sync");
    table_add(table, database_value(result, row, "problem_id"));
    table_add(table, acknowledged ? "acknowledged" : database_value(result, row, "severity"));
    table_add(table, sync ? sync : database_value(result, row, "sync_id"));
    table_add(table, database_value(result, row, "target_id"));
    table_add(table, database_value(result, row, "field_id"));
    table_add(table, database_value(result, row, "problem"));
    table_add(table, advice_for(database_value(result, row, "problem")));
    table_add(table, database_value(result, row, "since"));
}

static void print_problems(const struct database_result *result, void *userdata) {
    struct printing *printing = userdata;
    size_t count = database_rows(result);
    for (size_t i = 0; i < count; i++)
        if (printing->style.format == TABLE_TEXT)
            add_for_people(printing->table, result, i);
        else
            table_add_row(printing->table, result, i);
    if (count > 0)
        printing->style.now = usec_of(database_value(result, 0, "now_usec"));
    printing->count += count;
}

static int show(struct session *session, char **syncs, int sync_count, enum table_format format) {
    struct printing printing = {.style = table_style_for(stdout, format)};
    bool people = format == TABLE_TEXT;
    printing.table = table_new(stdout, &printing.style, people ? people_columns : data_columns,
                               people ? ARRAY_LENGTH(people_columns) : ARRAY_LENGTH(data_columns));
    int code = EXIT_DONE;
    for (int i = 0; i < MAX(sync_count, 1) && code == EXIT_DONE; i++) {
        struct error error = {0};
        const char *params[] = {sync_count > 0 ? syncs[i] : NULL};
        if (!session_run(session, &query_sync_problems, params, 1, print_problems, &printing, &error))
            code = command_failed(&cmd_problems, &error);
    }
    if (code == EXIT_DONE)
        table_end(printing.table);
    table_free(printing.table);
    if (code == EXIT_DONE && people && printing.count == 0)
        puts("no problems known");
    return code;
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    enum table_format format = TABLE_TEXT;
    for (int key; (key = command_next_option(&cmd_problems, &options)) != OPTION_END;) {
        if (key == OPTION_WRONG)
            return EXIT_WRONG_USAGE;
        if (!table_parse_format(options.value, &format))
            return command_usage_error(&cmd_problems, "--format is table, json or csv");
    }
    struct error error = {0};
    CLEANUP(cleanup_session) struct session *session = session_open_checked(globals, &error);
    if (!session)
        return command_failed(&cmd_problems, &error);
    return show(session, argv + options.first_word, argc - options.first_word, format);
}

const struct command cmd_problems = {
    .name = "problems",
    .arguments = "[SYNC...] [--format table|json|csv]",
    .summary = "Which syncs cannot work as things are, and what to do about it",
    .details =
        "SYNC is a sync's id or name; without one, all. Judged from the present state of the mirror, not from\n"
        "changes: it also shows what was broken before the first look. A problem goes when its cause does;\n"
        "'schemasyncd ack ID' lets a sync run all the same.\n"
        "\n"
        "Example:\n"
        "  schemasyncd problems \"Accounts to Salesforce\"\n",
    .options = rows,
    .run = run,
};
