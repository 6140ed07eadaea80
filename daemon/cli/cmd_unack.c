#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/acts.h"
#include "cli/connect.h"
#include "service/queries.h"

enum { OPTION_BY = 1, OPTION_NOTE };

static const struct option_row rows[] = {{"by", true, OPTION_BY}, {"note", true, OPTION_NOTE}, {0}};

static int take_back(struct session *session, const struct acts_ids *ids, const char *who, const char *note) {
    struct error error = {0};
    struct acts_told told = {.command = &cmd_unack};
    const char *params[] = {acts_changes(ids), acts_problems(ids), who, note};
    if (!session_run(session, &query_unacknowledge, params, ARRAY_LENGTH(params), acts_tell, &told, &error))
        return command_failed(&cmd_unack, &error);
    return acts_end(&told);
}

static int run_with(const struct globals *globals, const struct acts_ids *ids, const char *by,
                    const char *note) {
    CLEANUP(cleanup_free) char *who = NULL;
    if (ids->change_count + ids->problem_count == 0)
        return command_usage_error(&cmd_unack, "an id is missing");
    if (!acts_who(by, &who))
        return command_usage_error(&cmd_unack,
                                   "--by takes a name; 'revert' and 'ignore' are the program's own words");
    struct error error = {0};
    CLEANUP(cleanup_session) struct session *session = session_open_checked(globals, &error);
    return session ? take_back(session, ids, who, note) : command_failed(&cmd_unack, &error);
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    const char *by = NULL, *note = NULL, *wrong = NULL;
    for (int key; (key = command_next_option(&cmd_unack, &options)) != OPTION_END;) {
        if (key == OPTION_WRONG)
            return EXIT_WRONG_USAGE;
        *(key == OPTION_BY ? &by : &note) = options.value;
    }
    struct acts_ids ids;
    int code;
    if (acts_parse_ids(argv + options.first_word, (size_t)(argc - options.first_word), &ids, &wrong)) {
        code = run_with(globals, &ids, by, note);
    } else {
        char shown[100];
        text_sanitize(wrong, strlen(wrong), shown, sizeof(shown));
        code = command_usage_error(&cmd_unack,
                                   "'%s' is no id: a change has a number, a problem p and a number", shown);
    }
    acts_ids_done(&ids);
    return code;
}

const struct command cmd_unack = {
    .name = "unack",
    .arguments = "ID... [--by WHO] [--note TEXT]",
    .summary = "Takes acknowledgements back: the changes and problems are open again",
    .details =
        "ID is a change's number or a problem's id, as p3. It opens no incident and tells nobody. What was closed because it\n"
        "was changed back, or because the configuration ignores its rule, stays closed.\n"
        "  --by WHO      who takes it back (default: your login name)\n"
        "  --note TEXT   why; it replaces the changes' note\n"
        "\n"
        "Exit codes: 0 done, also where it was so already; 1 some ids are unknown or stay closed, the rest is done.\n"
        "\n"
        "Example:\n"
        "  schemasyncd unack 41 --note \"not agreed after all\"\n",
    .options = rows,
    .run = run,
};
