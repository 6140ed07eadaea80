#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/check_parts.h"
#include "cli/load.h"
#include "cli/table.h"
#include "core/cost.h"
#include "io/secret.h"

enum { OPTION_ONLINE = 1 };

static const struct option_row rows[] = {{"online", false, OPTION_ONLINE}, {0}};

static const struct table_column cost_columns[] = {
    {.name = "connection"},
    {.name = "runs_a_day", .kind = COLUMN_NUMBER, .firm = true},
    {.name = "refreshes", .kind = COLUMN_NUMBER, .firm = true},
    {.name = "requests", .kind = COLUMN_NUMBER, .firm = true},
    {.name = "each_target_more", .firm = true},
};

static const struct table_column secret_columns[] = {{.name = "secret"}, {.name = "where", .firm = true}};

/* Numbers of a day: small ones with a digit more, so that a weekly schedule does not look like none. */
static char *number(double value) {
    return alloc_printf(value > 0 && value < 10 ? "%.1f" : "%.0f", value);
}

static void add_number(struct table *table, double value) {
    CLEANUP(cleanup_free) char *text = number(value);
    table_add(table, text);
}

static void add_cost(struct table *table, const char *name, const struct connection_cost *cost) {
    table_add(table, name);
    add_number(table, cost->runs);
    add_number(table, cost->refreshes);
    add_number(table, cost->requests);
    if (!cost->open_ended) {
        table_add(table, "");
        return;
    }
    CLEANUP(cleanup_free) char *requests = number(cost->requests_for_each_match);
    CLEANUP(cleanup_free) char *refreshes = number(cost->refreshes_for_each_match);
    CLEANUP(cleanup_free)
    char *text = cost->refreshes_for_each_match > 0
                     ? alloc_printf("+%s requests, +%s refreshes", requests, refreshes)
                     : alloc_printf("+%s requests", requests);
    table_add(table, text);
}

static void print_cost(const struct config *config) {
    struct connection_cost sum = {0};
    struct table_style style = table_style_for(stdout, TABLE_TEXT);
    struct table *table = table_new(stdout, &style, cost_columns, ARRAY_LENGTH(cost_columns));
    for (size_t i = 0; i < config->connection_count; i++) {
        struct connection_cost cost;
        cost_of_connection(&config->connections[i], &cost);
        add_cost(table, config->connections[i].name, &cost);
        sum.runs += cost.runs;
        sum.refreshes += cost.refreshes;
        sum.requests += cost.requests;
        sum.open_ended = sum.open_ended || cost.open_ended;
    }
    bool open_ended = sum.open_ended;
    sum.open_ended = false;
    if (config->connection_count > 1)
        add_cost(table, "in sum", &sum);
    puts("what it costs upstream, a day:");
    table_end(table);
    table_free(table);
    puts(cost_assumptions);
    if (open_ended)
        puts(
            "Targets that an include or synced item brings are not in these numbers: each costs what stands in the last column.");
}

/* Only where they are: a reload checks the configuration without having any of them. */
static void print_secrets(const struct config *config) {
    struct secret_uses uses;
    secret_uses_find(config, &uses);
    struct table_style style = table_style_for(stdout, TABLE_TEXT);
    struct table *table = table_new(stdout, &style, secret_columns, ARRAY_LENGTH(secret_columns));
    for (size_t i = 0; i < uses.count; i++) {
        CLEANUP(cleanup_free) char *where = secret_describe(uses.uses[i].secret);
        table_add(table, uses.uses[i].what);
        table_add(table, where);
    }
    if (uses.count > 0) {
        puts("\nthe secrets that it names (--online reads them):");
        table_end(table);
    }
    table_free(table);
    secret_uses_done(&uses);
}

static void print_summary(const struct config *config) {
    size_t items = 0;
    for (size_t i = 0; i < config->connection_count; i++)
        items += config->connections[i].target_count;
    CLEANUP(cleanup_free) char *path = alloc_zero(ERROR_TEXT_MAX, 1);
    text_sanitize(config->path, strlen(config->path), path, ERROR_TEXT_MAX);
    printf("%s is in order: %zu connection%s with %zu target item%s, %zu alert%s\n", path,
           config->connection_count, config->connection_count == 1 ? "" : "s", items, items == 1 ? "" : "s",
           config->alert_count, config->alert_count == 1 ? "" : "s");
    for (size_t i = 0; i < config->mute_count; i++)
        if (config->mutes[i].over)
            printf("note: mute[%zu] is over: it can go\n", i);
    putchar('\n');
}

static int check_online(const struct globals *globals, const struct config *config) {
    struct findings findings;
    findings_init(&findings);
    check_secrets(config, &findings);
    check_database(globals, config, &findings);
    check_upstream(config, &findings);
    int code = findings.code;
    printf("\n%s", buffer_text(&findings.lines));
    if (findings.failed > 0)
        printf("\n%zu finding%s to be put right\n", findings.failed, findings.failed == 1 ? "" : "s");
    else
        puts("\nall is in order");
    findings_done(&findings);
    return code;
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    bool online = false;
    for (int key; (key = command_next_option(&cmd_check, &options)) != OPTION_END;) {
        if (key == OPTION_WRONG)
            return EXIT_WRONG_USAGE;
        online = true;
    }
    if (options.first_word < argc)
        return command_usage_error(&cmd_check, "it takes no argument: '%s'", argv[options.first_word]);
    CLEANUP(cleanup_config) struct config *config = load_config_or_report(globals);
    if (!config)
        return EXIT_FAULTY_CONFIG;
    print_summary(config);
    print_cost(config);
    if (online)
        return check_online(globals, config);
    print_secrets(config);
    return EXIT_DONE;
}

const struct command cmd_check = {
    .name = "check",
    .arguments = "[--online]",
    .summary = "Is the configuration in order, what does it cost upstream, does all it names answer",
    .details =
        "  --online   asks as well: reads every secret, and asks the database for its schema and the role's rights, the\n"
        "             API for the key, the connections and the targets named; refreshes nothing, writes nothing\n"
        "\n"
        "Without --online neither secrets nor network are touched. Each finding that begins with FAILED says what to do.\n"
        "Exit codes: 0 all is in order, 1 some of it is not, 69 database or API out of reach, 77 not permitted, 78 the\n"
        "configuration is faulty, a secret cannot be read, or the database's schema does not fit.\n"
        "\n"
        "Example:\n"
        "  schemasyncd --config /etc/schemasyncd/schemasyncd.yaml check --online\n",
    .options = rows,
    .run = run,
};
