#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/acts.h"
#include "cli/lookup.h"
#include "core/rules.h"
#include "service/queries.h"

enum { OPTION_RUN = 1, OPTION_CONNECTION, OPTION_TARGET, OPTION_RULE, OPTION_BY, OPTION_NOTE };

static const struct option_row rows[] = {
    {"run", true, OPTION_RUN},
    {"connection", true, OPTION_CONNECTION},
    {"target", true, OPTION_TARGET},
    {"rule", true, OPTION_RULE},
    {"by", true, OPTION_BY},
    {"note", true, OPTION_NOTE},
    {0},
};

struct wanted {
    struct acts_ids ids;
    const char *run, *connection, *target, *rule, *by, *note;
    char *who;
};

static bool is_filtered(const struct wanted *wanted) {
    return wanted->run || wanted->connection || wanted->target || wanted->rule;
}

static void take_option(struct wanted *wanted, int key, const char *value) {
    const char **const members[] = {
        [OPTION_RUN] = &wanted->run,       [OPTION_CONNECTION] = &wanted->connection,
        [OPTION_TARGET] = &wanted->target, [OPTION_RULE] = &wanted->rule,
        [OPTION_BY] = &wanted->by,         [OPTION_NOTE] = &wanted->note,
    };
    *members[key] = value;
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool is_uuid(const char *text) {
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    for (size_t i = 0; i < sizeof(form); i++)
        if (form[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != form[i])
            return false;
    return true;
}

/* What is named must be there: a misspelt filter would quietly acknowledge nothing. */
static int check_names(struct session *session, const struct wanted *wanted) {
    char id[LOOKUP_ID_SIZE];
    int code = EXIT_DONE;
    if (wanted->connection)
        code = lookup_connection(&cmd_ack, session, wanted->connection, id);
    if (code == EXIT_DONE && wanted->target)
        code = lookup_target(&cmd_ack, session, wanted->connection ? id : NULL, wanted->target);
    return code;
}

static int acknowledge(struct session *session, const struct wanted *wanted) {
    int code = check_names(session, wanted);
    if (code != EXIT_DONE)
        return code;
    struct error error = {0};
    struct acts_told told = {.command = &cmd_ack};
    const char *params[] = {acts_changes(&wanted->ids),
                            acts_problems(&wanted->ids),
                            wanted->run,
                            wanted->connection,
                            wanted->target,
                            wanted->rule,
                            wanted->who,
                            wanted->note};
    if (!session_run(session, &query_acknowledge, params, ARRAY_LENGTH(params), acts_tell, &told, &error))
        return command_failed(&cmd_ack, &error);
    if (told.done + told.refused == 0 && wanted->ids.change_count == 0 && wanted->ids.problem_count == 0)
        puts("nothing to do: no open change is like that");
    return acts_end(&told);
}

/* What of the command line makes no sense, as an exit code. */
static int check_usage(const struct wanted *wanted) {
    if (wanted->ids.change_count + wanted->ids.problem_count == 0 && !is_filtered(wanted))
        return command_usage_error(
            &cmd_ack, "what? An id (of 'drift' or 'problems'), or --run, --connection, --target, --rule");
    if (wanted->ids.problem_count > 0 && is_filtered(wanted))
        return command_usage_error(&cmd_ack, "problems are acknowledged by their ids alone");
    if (wanted->run && !is_uuid(wanted->run))
        return command_usage_error(&cmd_ack, "--run takes a run's id, as 'drift --format json' has it");
    if (wanted->rule && rule_find(wanted->rule) < 0)
        return command_unknown(&cmd_ack, "rule", wanted->rule, rule_ids);
    return EXIT_DONE;
}

static int run_with(const struct globals *globals, struct wanted *wanted, char **words, size_t count) {
    const char *wrong = NULL;
    if (!acts_parse_ids(words, count, &wanted->ids, &wrong)) {
        char shown[100];
        text_sanitize(wrong, strlen(wrong), shown, sizeof(shown));
        return command_usage_error(&cmd_ack, "'%s' is no id: a change has a number, a problem p and a number",
                                   shown);
    }
    int code = check_usage(wanted);
    if (code != EXIT_DONE)
        return code;
    if (!acts_who(wanted->by, &wanted->who))
        return command_usage_error(&cmd_ack,
                                   "--by takes a name; 'revert' and 'ignore' are the program's own words");
    struct error error = {0};
    CLEANUP(cleanup_session) struct session *session = session_open_checked(globals, &error);
    return session ? acknowledge(session, wanted) : command_failed(&cmd_ack, &error);
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    struct wanted wanted = {0};
    for (int key; (key = command_next_option(&cmd_ack, &options)) != OPTION_END;) {
        if (key == OPTION_WRONG)
            return EXIT_WRONG_USAGE;
        take_option(&wanted, key, options.value);
    }
    int code = run_with(globals, &wanted, argv + options.first_word, (size_t)(argc - options.first_word));
    acts_ids_done(&wanted.ids);
    free(wanted.who);
    return code;
}

const struct command cmd_ack = {
    .name = "ack",
    .arguments = "[ID...] [--run ID] [--connection NAME] [--target ID] [--rule R] [--by WHO] [--note TEXT]",
    .summary = "Acknowledges changes, and problems by their id: they are known, and hold nothing up any more",
    .details =
        "ID is a change's number ('schemasyncd drift') or a problem's id, as p3 ('schemasyncd problems'). Without one, all\n"
        "open changes that the options let through; with both, those of the ids that they let through.\n"
        "  --run ID            changes that this run found\n"
        "  --connection NAME   changes of this connection\n"
        "  --target ID         changes of this target\n"
        "  --rule R            changes that this rule judged\n"
        "  --by WHO            who acknowledges (default: your login name)\n"
        "  --note TEXT         why\n"
        "\n"
        "Exit codes: 0 done, also where it was so already; 1 some ids are unknown, the rest is done.\n"
        "In SQL: schemasync.acknowledge(ids, note), schemasync.acknowledge_problems(ids, note).\n"
        "\n"
        "Example:\n"
        "  schemasyncd ack 41 42 p3 --note \"agreed with the Salesforce team\"\n",
    .options = rows,
    .run = run,
};
