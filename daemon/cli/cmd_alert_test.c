#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/deliver.h"
#include "service/queries.h"

static const struct option_row rows[] = {{0}};

static void take_id(const struct database_result *result, void *userdata) {
    *(char **)userdata = alloc_strdup(database_value(result, 0, "id"));
}

static int test(struct deliverer *deliverer, const char *name) {
    const struct config_alert *alert = deliverer_find_alert(deliverer, name);
    if (!alert)
        return EXIT_WRONG_USAGE;
    struct error error = {0};
    CLEANUP(cleanup_free) char *id = NULL;
    const char *params[] = {alert->name};
    if (!session_run(deliverer->session, &query_write_test, params, 1, take_id, &id, &error))
        return command_failed(deliverer->command, &error);
    (void)deliverer_send(deliverer, alert->name, id);
    return deliverer_exit_code(deliverer);
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    if (command_next_option(&cmd_alert_test, &options) != OPTION_END)
        return EXIT_WRONG_USAGE;
    if (argc - options.first_word != 1)
        return command_usage_error(&cmd_alert_test, argc == options.first_word ? "an alert's name is missing"
                                                                               : "too many arguments");
    struct deliverer deliverer;
    int code = deliverer_open(&cmd_alert_test, globals, &deliverer);
    if (code == EXIT_DONE)
        code = test(&deliverer, argv[options.first_word]);
    deliverer_close(&deliverer);
    return code;
}

const struct command cmd_alert_test = {
    .name = "alert-test",
    .arguments = "NAME",
    .summary = "Send a test event to an alert, and say what came back",
    .details =
        "It reads the alert's URL and secrets as the daemon would, sends an event of the type alert.test, and ends a pause\n"
        "that a receiver's 410 brought about, if it is taken. Status 1: it was refused; 69: out of reach.\n"
        "\n"
        "Example:\n"
        "  schemasyncd alert-test on-call\n",
    .run = run,
};
