#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/mirrors.h"
#include "cli/table.h"
#include "cli/terminal.h"

enum { OPTION_IGNORE = 1, OPTION_EXIT_CODE, OPTION_FORMAT };

static const struct option_row rows[] = {{"ignore", true, OPTION_IGNORE},
                                         {"exit-code", false, OPTION_EXIT_CODE},
                                         {"format", true, OPTION_FORMAT},
                                         {0}};

static const struct table_column data_columns[] = {
    {.name = "first_connection"},
    {.name = "first_target_id"},
    {.name = "second_connection"},
    {.name = "second_target_id"},
    {.name = "difference"},
    {.name = "about"},
    {.name = "field_id"},
    {.name = "attribute"},
    {.name = "first_value", .kind = COLUMN_JSON},
    {.name = "second_value", .kind = COLUMN_JSON},
};

enum { PEOPLE_COLUMNS = 4, HEADING_BYTES = 60 };

/* What a difference is; not-compared is none. */
enum difference { ONLY_FIRST, ONLY_SECOND, DIFFERENT, NOT_COMPARED, DIFFERENCES };

static const char *const difference_names[DIFFERENCES] = {"only_first", "only_second", "different",
                                                          "not_compared"};

struct comparison {
    struct session *session;
    struct mirror first, second;
    const char **ignored;
    size_t ignored_count;
    enum table_format format;
    bool exit_code;
    struct table_style style;
    struct table *table;
    char headings[2][HEADING_BYTES];
    struct table_column people_columns[PEOPLE_COLUMNS];
    size_t count[DIFFERENCES], compared, differing;
};

/* One difference: of a target as a whole (attribute and field NULL), of a mode, of a field, or of an
 * attribute. */
struct row {
    enum difference difference;
    const char *first_target, *second_target; /* NULL: there is none */
    const char *about;                        /* "target", "mode", "field" */
    const char *field, *attribute, *first_value, *second_value;
};

static void add_for_programs(struct comparison *comparison, const struct row *row) {
    struct table *table = comparison->table;
    const char *const cells[] = {comparison->first.name,
                                 row->first_target,
                                 comparison->second.name,
                                 row->second_target,
                                 difference_names[row->difference],
                                 row->about,
                                 row->field,
                                 row->attribute,
                                 row->first_value,
                                 row->second_value};
    for (size_t i = 0; i < ARRAY_LENGTH(cells); i++)
        table_add(table, cells[i]);
}

static void add_for_people(struct comparison *comparison, const struct row *row) {
    struct table *table = comparison->table;
    CLEANUP(cleanup_free)
    char *what = row->field && row->attribute ? alloc_printf("%s.%s", row->field, row->attribute)
                 : row->field                 ? alloc_strdup(row->field)
                 : row->attribute && strcmp(row->about, "mode") == 0 ? alloc_printf("mode %s", row->attribute)
                                                                     : alloc_strdup(row->attribute);
    table_add(table, row->first_target ? row->first_target : row->second_target);
    table_add(table, what ? what : "the target");
    bool whole = row->difference != DIFFERENT;
    table_add(table, row->difference == NOT_COMPARED  ? "?"
                     : row->difference == ONLY_SECOND ? "lacking"
                     : whole                          ? "there"
                     : row->first_value               ? row->first_value
                                                      : "null");
    table_add(table, row->difference == NOT_COMPARED ? "?"
                     : row->difference == ONLY_FIRST ? "lacking"
                     : whole                         ? "there"
                     : row->second_value             ? row->second_value
                                                     : "null");
}

static void add(struct comparison *comparison, const struct row *row) {
    comparison->count[row->difference]++;
    if (comparison->format == TABLE_TEXT)
        add_for_people(comparison, row);
    else
        add_for_programs(comparison, row);
}

/* As the log of changes would say it of the first becoming the second. */
static void add_change(struct comparison *comparison, const struct mirror_target *first,
                       const struct mirror_target *second, const struct change *change) {
    bool added = change->kind == CHANGE_FIELD_ADDED || change->kind == CHANGE_MODE_ADDED;
    bool removed = change->kind == CHANGE_FIELD_REMOVED || change->kind == CHANGE_MODE_REMOVED;
    bool mode = change->kind == CHANGE_MODE_ADDED || change->kind == CHANGE_MODE_REMOVED ||
                change->kind == CHANGE_MODE_CHANGED;
    const struct row row = {
        .difference = added     ? ONLY_SECOND
                      : removed ? ONLY_FIRST
                                : DIFFERENT,
        .first_target = first->id,
        .second_target = second->id,
        .about = mode               ? "mode"
                 : change->field_id ? "field"
                                    : "target",
        .field = change->field_id,
        .attribute = change->attribute,
        .first_value = change->old_value,
        .second_value = change->new_value,
    };
    add(comparison, &row);
}

static bool compare_both(struct comparison *comparison, const struct mirror_target *first,
                         const struct mirror_target *second, struct error *ret_error) {
    struct mirrors_diff diff;
    if (!mirrors_compare(comparison->session, first->key, second->key, comparison->ignored,
                         comparison->ignored_count, &diff, ret_error))
        return error_prefix(ret_error, "target %s", first->id);
    for (size_t i = 0; i < diff.diff.change_count; i++)
        add_change(comparison, first, second, &diff.diff.changes[i]);
    comparison->compared++;
    comparison->differing += diff.diff.change_count > 0;
    mirrors_diff_done(&diff);
    table_flush(comparison->table);
    return true;
}

/* One that is missing is as good as not there; one that was never seen may be anything. */
static bool compare_targets(struct comparison *comparison, const struct mirror_target *first,
                            const struct mirror_target *second, struct error *ret_error) {
    bool in_first = first && first->present, in_second = second && second->present;
    if (in_first && in_second)
        return compare_both(comparison, first, second, ret_error);
    bool pending = (first && first->pending) || (second && second->pending);
    if (!in_first && !in_second && !pending)
        return true;
    const struct row row = {
        .difference = pending    ? NOT_COMPARED
                      : in_first ? ONLY_FIRST
                                 : ONLY_SECOND,
        .first_target = first ? first->id : NULL,
        .second_target = second ? second->id : NULL,
        .about = "target",
    };
    add(comparison, &row);
    return true;
}

static bool compare_all(struct comparison *comparison, struct error *ret_error) {
    const struct mirror *first = &comparison->first, *second = &comparison->second;
    bool named = first->target && second->target;
    for (size_t i = 0, k = 0; i < first->count || k < second->count;) {
        int order = i == first->count    ? 1
                    : k == second->count ? -1
                    : named              ? 0 /* these two, whatever they are called */
                                         : strcmp(first->targets[i].id, second->targets[k].id);
        const struct mirror_target *a = order <= 0 ? &first->targets[i++] : NULL,
                                   *b = order >= 0 ? &second->targets[k++] : NULL;
        if (!compare_targets(comparison, a, b, ret_error))
            return false;
    }
    return true;
}

static void print_summary(const struct comparison *comparison) {
    const size_t *count = comparison->count;
    size_t differences = count[ONLY_FIRST] + count[ONLY_SECOND] + count[DIFFERENT];
    if (differences + count[NOT_COMPARED] > 0)
        putchar('\n');
    if (differences == 0)
        printf("no differences in %zu target%s", comparison->compared, comparison->compared == 1 ? "" : "s");
    else
        printf("%zu difference%s; of %zu target%s that both have %zu differ%s", differences,
               differences == 1 ? "" : "s", comparison->compared, comparison->compared == 1 ? "" : "s",
               comparison->differing, comparison->differing == 1 ? "s" : "");
    if (count[NOT_COMPARED] > 0)
        printf("; %zu could not be compared: never seen", count[NOT_COMPARED]);
    putchar('\n');
}

/* The headings are the names; where both are the same, the targets stand behind them. */
static void name_columns(struct comparison *comparison) {
    const struct mirror *const mirrors[] = {&comparison->first, &comparison->second};
    bool same = strcmp(mirrors[0]->name, mirrors[1]->name) == 0;
    for (size_t i = 0; i < ARRAY_LENGTH(mirrors); i++) {
        CLEANUP(cleanup_free)
        char *name = same && mirrors[i]->target ? alloc_printf("%s:%s", mirrors[i]->name, mirrors[i]->target)
                                                : alloc_strdup(mirrors[i]->name);
        text_sanitize(name, strlen(name), comparison->headings[i], HEADING_BYTES);
    }
    const struct table_column columns[PEOPLE_COLUMNS] = {{.name = "target"},
                                                         {.name = "what"},
                                                         {.name = comparison->headings[0]},
                                                         {.name = comparison->headings[1]}};
    memcpy(comparison->people_columns, columns, sizeof(columns));
}

static int show(struct comparison *comparison) {
    struct error error = {0};
    bool people = comparison->format == TABLE_TEXT;
    if (!mirror_load(comparison->session, &comparison->first, &error) ||
        !mirror_load(comparison->session, &comparison->second, &error))
        return command_failed(&cmd_compare, &error);
    comparison->style = table_style_for(stdout, comparison->format);
    name_columns(comparison);
    comparison->table =
        table_new(stdout, &comparison->style, people ? comparison->people_columns : data_columns,
                  people ? ARRAY_LENGTH(comparison->people_columns) : ARRAY_LENGTH(data_columns));
    bool done = compare_all(comparison, &error);
    if (done)
        table_end(comparison->table);
    table_free(comparison->table);
    if (!done)
        return command_failed(&cmd_compare, &error);
    if (people)
        print_summary(comparison);
    const size_t *count = comparison->count;
    if (!comparison->exit_code)
        return EXIT_DONE;
    return count[ONLY_FIRST] + count[ONLY_SECOND] + count[DIFFERENT] > 0 ? EXIT_DRIFT
           : count[NOT_COMPARED] > 0                                     ? EXIT_NOT_KNOWN
                                                                         : EXIT_DONE;
}

static int find_and_show(struct comparison *comparison, char **words) {
    struct mirror *first = &comparison->first, *second = &comparison->second;
    int code = mirror_find(&cmd_compare, comparison->session, words[0], first);
    if (code == EXIT_DONE)
        code = mirror_find(&cmd_compare, comparison->session, words[1], second);
    if (code != EXIT_DONE)
        return code;
    if ((first->target == NULL) != (second->target == NULL)) /* the same one of both */
        *(first->target ? &second->target : &first->target) = first->target ? first->target : second->target;
    return show(comparison);
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    CLEANUP(cleanup_free) const char **ignored = alloc_zero((size_t)argc, sizeof(*ignored));
    struct comparison comparison = {.ignored = ignored};
    for (int key; (key = command_next_option(&cmd_compare, &options)) != OPTION_END;) {
        if (key == OPTION_WRONG)
            return EXIT_WRONG_USAGE;
        if (key == OPTION_IGNORE)
            ignored[comparison.ignored_count++] = options.value;
        else if (key == OPTION_EXIT_CODE)
            comparison.exit_code = true;
        else if (!table_parse_format(options.value, &comparison.format))
            return command_usage_error(&cmd_compare, "--format is table, json or csv");
    }
    if (argc - options.first_word != 2)
        return command_usage_error(&cmd_compare, "two connections are compared, or a target of each");
    struct error error = {0};
    CLEANUP(cleanup_session) struct session *session = session_open_checked(globals, &error);
    if (!session)
        return command_failed(&cmd_compare, &error);
    comparison.session = session;
    int code = find_and_show(&comparison, argv + options.first_word);
    mirror_done(&comparison.first);
    mirror_done(&comparison.second);
    return code;
}

const struct command cmd_compare = {
    .name = "compare",
    .arguments =
        "CONNECTION[:TARGET] CONNECTION[:TARGET] [--ignore ATTRIBUTE]... [--exit-code] [--format table|json|csv]",
    .summary = "What differs between two mirrors, say a sandbox and production",
    .details =
        "Targets by id; of each its name, modes, properties and fields. Where one TARGET is given, the same of the other.\n"
        "What counts as equal is what counts as no change: order, and whether something is absent, null, false or empty.\n"
        "  --ignore ATTRIBUTE   leave this attribute out; a glob, may be given several times: description, properties.*\n"
        "  --exit-code          3 where they differ; 75 where they do not as far as is known: a target was never seen\n"
        "  --format FORMAT      table (default), json (an array of objects) or csv (RFC 4180)\n"
        "\n"
        "Example:\n"
        "  schemasyncd compare salesforce-sandbox salesforce-prod --ignore 'extra.*' --exit-code\n",
    .options = rows,
    .run = run,
};
