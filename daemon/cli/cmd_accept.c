#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/lookup.h"
#include "cli/terminal.h"
#include "service/queries.h"

static const struct option_row rows[] = {{0}};

static void print_accepted(const struct database_result *result, void *userdata) {
    size_t count = database_rows(result);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(cleanup_free) char *target = text_harmless(database_value(result, i, "target_id"));
        const char *fields = database_value(result, i, "held_fields");
        if (strcmp(database_value(result, i, "held_gone"), "t") == 0)
            printf("accepted: %s is gone\n", target);
        else
            printf("accepted: %s loses %s field%s\n", target, fields ? fields : "0",
                   fields && strcmp(fields, "1") == 0 ? "" : "s");
    }
    *(size_t *)userdata = count;
}

static int accept_held(struct session *session, const char *connection, const char *target) {
    char id[LOOKUP_ID_SIZE];
    int code = lookup_connection(&cmd_accept, session, connection, id);
    if (code == EXIT_DONE && target)
        code = lookup_target(&cmd_accept, session, id, target);
    if (code != EXIT_DONE)
        return code;
    struct error error = {0};
    const char *params[] = {connection, target};
    size_t accepted = 0;
    if (!session_run(session, &query_accept_held, params, ARRAY_LENGTH(params), print_accepted, &accepted,
                     &error))
        return command_failed(&cmd_accept, &error);
    puts(accepted > 0 ? "The next run applies what it then finds lacking." : "Nothing is held back there.");
    return EXIT_DONE;
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    if (command_next_option(&cmd_accept, &options) != OPTION_END)
        return EXIT_WRONG_USAGE;
    int words = argc - options.first_word;
    if (words < 1 || words > 2)
        return command_usage_error(&cmd_accept, words < 1 ? "a connection is missing" : "too many arguments");
    struct error error = {0};
    CLEANUP(cleanup_session) struct session *session = session_open_checked(globals, &error);
    if (!session)
        return command_failed(&cmd_accept, &error);
    char **names = argv + options.first_word;
    return accept_held(session, names[0], words > 1 ? names[1] : NULL);
}

const struct command cmd_accept = {
    .name = "accept",
    .arguments = "CONNECTION [TARGET]",
    .summary = "What is held back as a mass removal is true: the next run applies it",
    .details =
        "Without TARGET everything that is held back of the connection is accepted. It becomes due at once; the next\n"
        "good answer is applied as it then is. 'schemasyncd status' shows what is held back.\n"
        "\n"
        "Example:\n"
        "  schemasyncd accept salesforce-prod Account\n",
    .run = run,
};
