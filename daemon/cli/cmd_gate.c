#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/connect.h"
#include "cli/terminal.h"
#include "service/queries.h"

enum { OPTION_GATE_ALL = 1, OPTION_MAX_AGE };

static const struct option_row rows[] = {
    {"all", false, OPTION_GATE_ALL}, {"max-age", true, OPTION_MAX_AGE}, {0}};

/* What is asked for, and the worst answer: shut goes before not known, that before open. */
struct asking {
    struct session *session;
    const char *max_age; /* microseconds; NULL: as the schedule has it */
    int worst;
    size_t found;
    struct shut {
        char *id, *name;
        int gate;
    } * syncs;
    size_t sync_count, sync_capacity;
};

static void worsen(struct asking *asking, int gate) {
    if (gate == EXIT_DRIFT || asking->worst == EXIT_DONE)
        asking->worst = gate;
}

static void take_gates(const struct database_result *result, void *userdata) {
    struct asking *asking = userdata;
    for (size_t i = 0; i < database_rows(result); i++) {
        const char *id = database_value(result, i, "sync_id"), *name = database_value(result, i, "name");
        asking->syncs =
            alloc_grow(asking->syncs, &asking->sync_capacity, asking->sync_count + 1, sizeof(*asking->syncs));
        asking->syncs[asking->sync_count++] =
            (struct shut){.id = alloc_strdup(id),
                          .name = alloc_strdup(name ? name : id),
                          .gate = (int)strtol(database_value(result, i, "gate"), NULL, 10)};
        asking->found++;
    }
}

static void print_reasons(const struct database_result *result, void *userdata) {
    (void)userdata;
    for (size_t i = 0; i < database_rows(result); i++) {
        CLEANUP(cleanup_free) char *reason = text_harmless(database_value(result, i, "reason"));
        printf("  %s\n", reason);
    }
}

static bool ask(struct asking *asking, const char *sync, struct error *ret_error) {
    const char *params[] = {sync, asking->max_age};
    size_t before = asking->sync_count;
    if (!session_run(asking->session, &query_sync_gate, params, ARRAY_LENGTH(params), take_gates, asking,
                     ret_error))
        return false;
    if (asking->sync_count == before && sync) {
        CLEANUP(cleanup_free) char *shown = text_harmless(sync);
        printf("%s: not known: no such sync writes to a mirrored connection\n", shown);
        worsen(asking, EXIT_NOT_KNOWN);
    }
    for (size_t i = before; i < asking->sync_count; i++) {
        const struct shut *shut = &asking->syncs[i];
        CLEANUP(cleanup_free) char *name = text_harmless(shut->name);
        CLEANUP(cleanup_free) char *shown_id = text_harmless(shut->id);
        printf("%s (%s): %s\n", name, shown_id,
               shut->gate == 0            ? "may run"
               : shut->gate == EXIT_DRIFT ? "must not run"
                                          : "not known");
        worsen(asking, shut->gate);
        const char *id[] = {shut->id};
        if (shut->gate != 0 &&
            !session_run(asking->session, &query_gate_reasons, id, 1, print_reasons, NULL, ret_error))
            return false;
    }
    return true;
}

static int ask_all(struct asking *asking, char **syncs, int count, bool all) {
    struct error error = {0};
    bool done = true;
    for (int i = 0; i < count && done; i++)
        done = ask(asking, syncs[i], &error);
    if (all && done)
        done = ask(asking, NULL, &error);
    for (size_t i = 0; i < asking->sync_count; i++) {
        free(asking->syncs[i].id);
        free(asking->syncs[i].name);
    }
    free(asking->syncs);
    return done ? asking->worst : command_failed(&cmd_gate, &error);
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    struct asking asking = {0};
    char max_age[24];
    bool all = false;
    for (int key; (key = command_next_option(&cmd_gate, &options)) != OPTION_END;) {
        usec_t span;
        if (key == OPTION_GATE_ALL) {
            all = true;
        } else if (key == OPTION_MAX_AGE && timespan_parse(options.value, &span)) {
            snprintf(max_age, sizeof(max_age), "%" PRId64, span);
            asking.max_age = max_age;
        } else {
            return key == OPTION_WRONG ? EXIT_WRONG_USAGE
                                       : command_usage_error(&cmd_gate, "--max-age takes a duration, as 90m");
        }
    }
    int count = argc - options.first_word;
    if (count == 0 && !all)
        return command_usage_error(&cmd_gate, "a sync (its id, or its name), or --all, is missing");
    struct error error = {0};
    CLEANUP(cleanup_session) struct session *session = session_open_checked(globals, &error);
    if (!session)
        return command_failed(&cmd_gate, &error);
    asking.session = session;
    return ask_all(&asking, argv + options.first_word, count, all);
}

const struct command cmd_gate = {
    .name = "gate",
    .arguments = "SYNC... | --all [--max-age D]",
    .summary = "May this sync run? For a scheduler to ask before it starts one",
    .details =
        "SYNC is a sync's id, or a name: then all of that name count. Exit codes: 0 yes; 3 no, and why; 75 not\n"
        "known: no such sync, its target suspect or not mirrored, or not seen for --max-age (by default twice\n"
        "its interval, at least an hour). 3 goes before 75. In SQL: schemasync.sync_gate(sync_id, max_age).\n"
        "\n"
        "Example:\n"
        "  schemasyncd gate e7a1b2c3-d4e5-4f60-8a7b-0c9d8e7f6a01 && run-the-sync\n",
    .options = rows,
    .run = run,
};
