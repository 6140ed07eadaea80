#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/deliver.h"
#include "cli/terminal.h"
#include "service/queries.h"

enum { OPTION_ALERT = 1, OPTION_SINCE };
enum { IDS_MAX = 1024 * 1024 };

static const struct option_row rows[] = {{"alert", true, OPTION_ALERT}, {"since", true, OPTION_SINCE}, {0}};

/* What is asked for: deliveries, or all of an alert that were written since. */
struct asked {
    const char *alert, *since;
    char **ids;
    size_t id_count;
    usec_t span;
};

/* What is pending again. */
struct again {
    char *id, *alert;
    bool sent;
};

struct list {
    struct again *rows;
    size_t count;
};

static void take_rows(const struct database_result *result, void *userdata) {
    struct list *list = userdata;
    list->count = database_rows(result);
    list->rows = alloc_zero(list->count + 1, sizeof(*list->rows));
    for (size_t i = 0; i < list->count; i++) {
        list->rows[i].id = alloc_strdup(database_value(result, i, "id"));
        list->rows[i].alert = alloc_strdup(database_value(result, i, "alert"));
    }
}

static void list_done(struct list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->rows[i].id);
        free(list->rows[i].alert);
    }
    free(list->rows);
}

static bool make_pending(struct deliverer *deliverer, const struct asked *asked, struct list *ret,
                         struct error *ret_error) {
    struct buffer ids;
    buffer_init(&ids, IDS_MAX);
    text_array_begin(&ids);
    for (size_t i = 0; i < asked->id_count; i++)
        text_array_add(&ids, asked->ids[i]);
    text_array_end(&ids);
    CLEANUP(cleanup_free) char *since = alloc_printf("%" PRId64 " microseconds", asked->span);
    const char *params[] = {asked->alert ? NULL : buffer_text(&ids), asked->alert, since};
    bool done = session_run(deliverer->session, &query_redeliver, params, ARRAY_LENGTH(params), take_rows,
                            ret, ret_error);
    buffer_done(&ids);
    return done;
}

static bool is_among(const struct list *list, const char *id) {
    for (size_t i = 0; i < list->count; i++)
        if (strcasecmp(list->rows[i].id, id) == 0)
            return true;
    return false;
}

static size_t report_unknown(const struct asked *asked, const struct list *list) {
    size_t unknown = 0;
    for (size_t i = 0; i < asked->id_count; i++) {
        if (is_among(list, asked->ids[i]))
            continue;
        fprintf(stderr, "schemasyncd redeliver: there is no delivery %s\n", asked->ids[i]);
        unknown++;
    }
    return unknown;
}

/* Those of an alert in their order; what stands behind one that did not arrive waits for the daemon, as it
 * would by itself. */
static void send_alert(struct deliverer *deliverer, struct list *list, const char *alert) {
    size_t waiting = 0;
    bool goes_on = true;
    for (size_t i = 0; i < list->count; i++) {
        struct again *this = &list->rows[i];
        if (this->sent || strcmp(this->alert, alert) != 0)
            continue;
        this->sent = true;
        if (goes_on)
            goes_on = deliverer_send(deliverer, alert, this->id);
        else
            waiting++;
    }
    CLEANUP(cleanup_free) char *name = text_harmless(alert);
    if (waiting > 0)
        printf("%s: %zu more wait behind it; the daemon, or the next pull, tries again\n", name, waiting);
}

static int redeliver(struct deliverer *deliverer, const struct asked *asked) {
    if (asked->alert && !deliverer_find_alert(deliverer, asked->alert))
        return EXIT_WRONG_USAGE;
    struct error error = {0};
    struct list list = {0};
    if (!make_pending(deliverer, asked, &list, &error))
        return command_failed(deliverer->command, &error);
    size_t unknown = report_unknown(asked, &list);
    for (size_t i = 0; i < list.count; i++)
        if (!list.rows[i].sent)
            send_alert(deliverer, &list, list.rows[i].alert);
    int code = deliverer_exit_code(deliverer);
    if (list.count == 0 && asked->alert)
        puts("No event was written for it in that time.");
    if (unknown > 0)
        code = list.count == 0 ? EXIT_WRONG_USAGE : EXIT_SOME_FAILED;
    list_done(&list);
    return code;
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool is_uuid(const char *text) {
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return false;
    }
    return text[36] == '\0';
}

static int check(struct asked *asked) {
    if (asked->alert && asked->id_count > 0)
        return command_usage_error(&cmd_redeliver, "deliveries, or --alert; not both");
    if (!asked->alert && asked->id_count == 0)
        return command_usage_error(&cmd_redeliver, "a delivery's id is missing, or --alert NAME --since 24h");
    if (!asked->alert != !asked->since)
        return command_usage_error(&cmd_redeliver, "--alert and --since stand together");
    if (asked->since && !timespan_parse(asked->since, &asked->span))
        return command_usage_error(&cmd_redeliver, "--since takes a duration such as 24h: '%s'",
                                   asked->since);
    for (size_t i = 0; i < asked->id_count; i++)
        if (!is_uuid(asked->ids[i]))
            return command_usage_error(&cmd_redeliver, "no delivery's id: '%s'", asked->ids[i]);
    return EXIT_DONE;
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    struct asked asked = {0};
    for (int key; (key = command_next_option(&cmd_redeliver, &options)) != OPTION_END;) {
        if (key == OPTION_WRONG)
            return EXIT_WRONG_USAGE;
        *(key == OPTION_ALERT ? &asked.alert : &asked.since) = options.value;
    }
    asked.ids = argv + options.first_word;
    asked.id_count = (size_t)(argc - options.first_word);
    int code = check(&asked);
    if (code != EXIT_DONE)
        return code;
    struct deliverer deliverer;
    code = deliverer_open(&cmd_redeliver, globals, &deliverer);
    if (code == EXIT_DONE)
        code = redeliver(&deliverer, &asked);
    deliverer_close(&deliverer);
    return code;
}

const struct command cmd_redeliver = {
    .name = "redeliver",
    .arguments = "DELIVERY... | --alert NAME --since 24h",
    .summary = "Send events again, under their old ids, and say what came back",
    .details =
        "  --alert NAME  all events of this alert\n"
        "  --since D     that were written in the last D, as 24h\n"
        "\n"
        "What had been given up is pending again for three days. A receiver knows by its id what it has already.\n"
        "The table deliveries has the ids, and what became of each.\n"
        "\n"
        "Example:\n"
        "  schemasyncd redeliver --alert on-call --since 24h\n",
    .options = rows,
    .run = run,
};
