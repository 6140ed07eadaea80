#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/lookup.h"
#include "cli/standing.h"
#include "cli/table.h"
#include "service/queries.h"

enum { OPTION_ATTRIBUTE = 1, OPTION_FORMAT };

static const struct option_row rows[] = {
    {"attribute", true, OPTION_ATTRIBUTE}, {"format", true, OPTION_FORMAT}, {0}};

/* For programs: as the views `field_attributes` and `target_attributes`. */
static const struct table_column data_columns[] = {
    {.name = "connection"},
    {.name = "connection_id"},
    {.name = "target_id"},
    {.name = "field_id"},
    {.name = "attribute"},
    {.name = "value", .kind = COLUMN_JSON},
    {.name = "since", .kind = COLUMN_TIME},
    {.name = "since_is_exact", .kind = COLUMN_BOOLEAN},
    {.name = "change_id", .kind = COLUMN_NUMBER},
    {.name = "previous_seen_at", .kind = COLUMN_TIME},
};

/* For people; of one field without the first. */
static const struct table_column people_columns[] = {
    {.name = "field"},
    {.name = "attribute"},
    {.name = "value"},
    {.name = "since", .firm = true},
    {.name = "known_from", .firm = true},
};

struct asked {
    const char *connection, *target, *field, *attribute;
    enum table_format format;
};

struct printing {
    const struct asked *asked;
    struct table_style style;
    char **attributes; /* all that there are, to tell what was meant; ended by NULL */
    size_t attribute_count, attribute_capacity;
    size_t count;
    bool met[2]; /* which of the origins */
};

/* What a moment in the middle of a second is cut to would be too early: up to the next full one, as --as-of
 * takes it. */
static void add_moment(struct table *table, const char *usec) {
    char text[TIMESPAN_TEXT_MAX] = "";
    usec_t time = usec_of(usec);
    if (time > 0)
        rfc3339_format((time + USEC_PER_SEC - 1) / USEC_PER_SEC * USEC_PER_SEC, text);
    table_add(table, text);
}

/* How a time is known, where no change says it: the column's word, and what it means. */
static const struct origin {
    const char *origin, *word, *meaning;
} origins[] = {
    {"first-look", "first look", "already so at the first look: it may be older"},
    {"noted", "noted", "taken in then without a change, or the change is not kept any more: it may be older"},
};

static void add_origin(struct printing *printing, struct table *table, const struct database_result *result,
                       size_t row) {
    const char *origin = database_value(result, row, "origin"),
               *change = database_value(result, row, "change_id");
    CLEANUP(cleanup_free) char *exact = change ? alloc_printf("change %s", change) : NULL;
    const char *word = exact;
    for (size_t i = 0; i < ARRAY_LENGTH(origins); i++)
        if (strcmp(origins[i].origin, origin) == 0) {
            printing->met[i] = true;
            word = origins[i].word;
        }
    table_add(table, word);
}

static void print_meanings(const struct printing *printing) {
    for (size_t i = 0; i < ARRAY_LENGTH(origins); i++)
        if (printing->met[i])
            printf("%s: %s\n", origins[i].word, origins[i].meaning);
}

static void add_for_people(struct printing *printing, struct table *table,
                           const struct database_result *result, size_t row) {
    const char *value = database_value(result, row, "short");
    if (!printing->asked->field)
        table_add(table, database_value(result, row, "field_id"));
    table_add(table, database_value(result, row, "attribute"));
    table_add(table, value ? value : "null");
    add_moment(table, database_value(result, row, "since"));
    add_origin(printing, table, result, row);
}

static void remember(struct printing *printing, const char *attribute) {
    for (size_t i = 0; i < printing->attribute_count; i++)
        if (strcmp(printing->attributes[i], attribute) == 0)
            return;
    printing->attributes = alloc_grow(printing->attributes, &printing->attribute_capacity,
                                      printing->attribute_count + 2, sizeof(*printing->attributes));
    printing->attributes[printing->attribute_count++] = alloc_strdup(attribute);
    printing->attributes[printing->attribute_count] = NULL;
}

static bool is_wanted(struct printing *printing, const char *attribute) {
    const char *wanted = printing->asked->attribute;
    if (!wanted || strcmp(wanted, attribute) == 0 || fnmatch(wanted, attribute, 0) == 0)
        return true;
    remember(printing, attribute);
    return false;
}

static void print_attributes(const struct database_result *result, void *userdata) {
    struct printing *printing = userdata;
    const struct asked *asked = printing->asked;
    bool people = asked->format == TABLE_TEXT;
    size_t first = people && asked->field ? 1 : 0;
    struct table *table = people
                              ? table_new(stdout, &printing->style, people_columns + first,
                                          ARRAY_LENGTH(people_columns) - first)
                              : table_new(stdout, &printing->style, data_columns, ARRAY_LENGTH(data_columns));
    for (size_t i = 0; i < database_rows(result); i++) {
        if (!is_wanted(printing, database_value(result, i, "attribute")))
            continue;
        printing->style.now = usec_of(database_value(result, i, "now_usec"));
        printing->count++;
        if (people)
            add_for_people(printing, table, result, i);
        else
            table_add_row(table, result, i);
    }
    if (printing->count > 0 || !printing->attributes) /* else the attribute is a misspelt one */
        table_end(table);
    table_free(table);
}

/* Fields: the one that was asked for, or what there is. */
struct finding {
    const char *field;
    bool found, removed;
    usec_t removed_at;
    char **ids; /* of those that are there; ended by NULL */
    size_t count;
};

static void find_field(const struct database_result *result, void *userdata) {
    struct finding *finding = userdata;
    size_t rows_found = database_rows(result);
    finding->ids = alloc_zero(rows_found + 1, sizeof(*finding->ids));
    for (size_t i = 0; i < rows_found; i++) {
        const char *id = database_value(result, i, "field_id");
        bool removed = strcmp(database_value(result, i, "removed"), "t") == 0;
        if (strcmp(id, finding->field) == 0) {
            finding->found = true;
            finding->removed = removed;
            finding->removed_at = usec_of(database_value(result, i, "removed_at"));
        }
        if (!removed)
            finding->ids[finding->count++] = alloc_strdup(id);
    }
}

static int lookup_field(struct session *session, const char *connection_id, const struct asked *asked,
                        struct finding *finding) {
    struct error error = {0};
    const char *params[] = {connection_id, asked->target};
    if (!session_run(session, &query_field_ids, params, ARRAY_LENGTH(params), find_field, finding, &error))
        return command_failed(&cmd_history, &error);
    return finding->found
               ? EXIT_DONE
               : command_unknown(&cmd_history, "field", asked->field, (const char *const *)finding->ids);
}

static void finding_done(struct finding *finding) {
    for (size_t i = 0; i < finding->count; i++)
        free(finding->ids[i]);
    free(finding->ids);
}

static void printing_done(struct printing *printing) {
    for (size_t i = 0; i < printing->attribute_count; i++)
        free(printing->attributes[i]);
    free(printing->attributes);
}

static int show_attributes(struct session *session, const char *connection_id, const struct asked *asked,
                           const struct finding *finding) {
    CLEANUP(printing_done)
    struct printing printing = {.asked = asked, .style = table_style_for(stdout, asked->format)};
    struct error error = {0};
    const char *params[] = {connection_id, asked->target, asked->field};
    if (!session_run(session, &query_attributes, params, ARRAY_LENGTH(params), print_attributes, &printing,
                     &error))
        return command_failed(&cmd_history, &error);
    if (printing.count == 0 && printing.attributes)
        return command_unknown(&cmd_history, "attribute", asked->attribute,
                               (const char *const *)printing.attributes);
    if (asked->format != TABLE_TEXT)
        return EXIT_DONE;
    if (finding->removed) {
        char removed[TIMESPAN_TEXT_MAX];
        rfc3339_format(finding->removed_at, removed);
        printf(
            "that field is not there any more: it was removed %s; 'fields --as-of' an earlier time shows it\n",
            removed);
        return EXIT_DONE;
    }
    if (printing.count > 0)
        putchar('\n');
    print_meanings(&printing);
    printf("%zu attribute%s; ", printing.count, printing.count == 1 ? "" : "s");
    return standing_tell(&cmd_history, session, connection_id, asked->target, NULL);
}

static int show_history(struct session *session, const struct asked *asked) {
    char id[LOOKUP_ID_SIZE];
    CLEANUP(finding_done) struct finding finding = {.field = asked->field};
    int code = lookup_connection(&cmd_history, session, asked->connection, id);
    if (code == EXIT_DONE)
        code = lookup_target(&cmd_history, session, id, asked->target);
    if (code == EXIT_DONE && asked->field)
        code = lookup_field(session, id, asked, &finding);
    return code == EXIT_DONE ? show_attributes(session, id, asked, &finding) : code;
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    struct asked asked = {0};
    for (int key; (key = command_next_option(&cmd_history, &options)) != OPTION_END;) {
        if (key == OPTION_WRONG)
            return EXIT_WRONG_USAGE;
        if (key == OPTION_ATTRIBUTE)
            asked.attribute = options.value;
        else if (!table_parse_format(options.value, &asked.format))
            return command_usage_error(&cmd_history, "--format is table, json or csv");
    }
    int words = argc - options.first_word;
    if (words < 2 || words > 3)
        return command_usage_error(&cmd_history,
                                   words < 2 ? "a connection and a target are needed" : "too many arguments");
    char **names = argv + options.first_word;
    asked.connection = names[0];
    asked.target = names[1];
    asked.field = words > 2 ? names[2] : NULL;
    struct error error = {0};
    CLEANUP(cleanup_session) struct session *session = session_open_checked(globals, &error);
    return session ? show_history(session, &asked) : command_failed(&cmd_history, &error);
}

const struct command cmd_history = {
    .name = "history",
    .arguments = "CONNECTION TARGET [FIELD] [--attribute A] [--format table|json|csv]",
    .summary = "Since when is it so? Each attribute's value, since when, and how that is known",
    .details =
        "Without FIELD, the target's own name, modes and properties, then all its fields. A time is known from a change (it came\n"
        "between the look before and that time), or it was already so at the first look, and may be older than the mirror.\n"
        "  --attribute A     only this one, or those that a glob matches: type, properties.*, modes.update, extra.*\n"
        "  --format FORMAT   table (default), json (an array of objects) or csv (RFC 4180)\n"
        "\n"
        "Example:\n"
        "  schemasyncd history salesforce-prod Account Tier__c --attribute type\n",
    .options = rows,
    .run = run,
};
