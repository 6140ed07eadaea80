#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/load.h"
#include "cli/migrate.h"
#include "cli/pull_deliveries.h"
#include "cli/pull_view.h"
#include "cli/worker.h"
#include "flow/run.h"
#include "io/http.h"
#include "service/loader.h"

/* Runs at once: each waits most of its time; requests are limited by the API's own limits. */
enum { RUNS_AT_ONCE = 64 };
enum { NAMES_MAX = 1000 };
/* How long a database may be away before a pull gives up. */
static const usec_t patience = 60 * USEC_PER_SEC;

enum { OPTION_CONNECTION = 1, OPTION_TARGET, OPTION_DRY_RUN, OPTION_EXIT_CODE };

static const struct option_row rows[] = {
    {"connection", true, OPTION_CONNECTION},
    {"target", true, OPTION_TARGET},
    {"dry-run", false, OPTION_DRY_RUN},
    {"exit-code", false, OPTION_EXIT_CODE},
    {0},
};

/* One connection's run while it goes on. */
struct slot {
    struct pull *pull; /* NULL: free */
    struct run *run;
    struct run_view view;
};

struct pull {
    const struct globals *globals;
    bool dry_run, exit_code, stopped;
    const char *connections[NAMES_MAX + 1], *targets[NAMES_MAX + 1];
    size_t connection_count, target_count;

    struct config *config;
    struct session *session; /* its connection is the load connection */
    struct http_client *http;
    struct api_pool *pool;
    struct store store;
    char *worker;
    sd_event_source *signals[2];
    struct pull_view view;

    const struct config_connection **chosen;
    size_t chosen_count, next, running, finished;
    struct slot slots[RUNS_AT_ONCE];
    struct pull_deliveries *deliveries; /* when the runs are over */
    bool target_found[NAMES_MAX];

    size_t changes;
    size_t denied, unreachable; /* of the failures of runs and of targets, which the view counts */
    size_t runs_ok;
};

static void start_runs(struct pull *pull);

static void on_delivered(void *userdata) {
    const struct pull *pull = userdata;
    sd_event_exit(pull->session->event, 0);
}

/* All that runs have to do is done: what they wrote for others goes out. */
static void end_runs(struct pull *pull) {
    if (pull->dry_run || pull->stopped || !database_is_up(pull->store.control))
        sd_event_exit(pull->session->event, 0);
    else if (!pull->deliveries)
        pull->deliveries = pull_deliveries_start(pull->session->event, pull->http, &pull->store, pull->config,
                                                 on_delivered, pull);
}

static void add_up(struct pull *pull, const struct run_report *report) {
    pull->changes += report->changes;
    pull->denied += report->denied;
    pull->unreachable += report->unreachable;
    if (error_is_set(&report->error)) {
        const struct error_class *class = error_class(report->error.cause);
        pull->denied += class->kind == ERROR_KIND_DENIED;
        pull->unreachable += class->exit_code == EXIT_OUT_OF_REACH;
    } else {
        pull->runs_ok += report->outcome != RUN_FAILED;
    }
}

static void note_targets(struct pull *pull, const struct run *run) {
    const char *unknown[NAMES_MAX];
    size_t count = run_unknown_targets(run, unknown, NAMES_MAX);
    for (size_t i = 0; i < pull->target_count; i++) {
        bool found = true;
        for (size_t j = 0; j < count; j++)
            found &= unknown[j] != pull->targets[i];
        pull->target_found[i] |= found;
    }
}

static void on_done(struct run *run, const struct run_report *report, void *userdata) {
    struct slot *slot = ((struct run_view *)userdata)->owner;
    struct pull *pull = slot->pull;
    run_view_end(&slot->view, run, report);
    add_up(pull, report);
    note_targets(pull, run);
    run_free(run);
    *slot = (struct slot){0};
    pull->running--;
    pull->finished++;
    start_runs(pull);
}

static struct slot *free_slot(struct pull *pull) {
    struct slot *slot = pull->slots;
    while (slot->pull)
        slot++;
    return slot;
}

static void start_runs(struct pull *pull) {
    while (!pull->stopped && pull->next < pull->chosen_count && pull->running < RUNS_AT_ONCE) {
        struct slot *slot = free_slot(pull);
        slot->pull = pull;
        run_view_begin(&slot->view, &pull->view, slot);
        pull->running++;
        struct run_options options = {
            .event = pull->session->event,
            .store = &pull->store,
            .pool = pull->pool,
            .config = pull->config,
            .connection = pull->chosen[pull->next++],
            .dry_run = pull->dry_run,
            .manual = true,
            .only = pull->target_count > 0 ? pull->targets : NULL,
            .observer = pull_view_observer,
        };
        options.observer.done = on_done;
        options.observer.userdata = &slot->view;
        slot->run = run_start(&options);
    }
    if (pull->running == 0)
        end_runs(pull);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
    struct pull *pull = userdata;
    (void)source;
    (void)info;
    pull->stopped = true;
    for (size_t i = 0; i < RUNS_AT_ONCE; i++)
        if (pull->slots[i].run)
            run_cancel(pull->slots[i].run);
    if (pull->deliveries)
        pull_deliveries_stop(pull->deliveries);
    else if (pull->running == 0)
        sd_event_exit(pull->session->event, 0);
    return 0;
}

/* Set-up */

static int parse_options(struct pull *pull, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    for (int key; (key = command_next_option(&cmd_pull, &options)) != OPTION_END;) {
        switch (key) {
        case OPTION_CONNECTION:
            if (pull->connection_count < NAMES_MAX)
                pull->connections[pull->connection_count++] = options.value;
            break;
        case OPTION_TARGET:
            if (pull->target_count < NAMES_MAX)
                pull->targets[pull->target_count++] = options.value;
            break;
        case OPTION_DRY_RUN:
            pull->dry_run = true;
            break;
        case OPTION_EXIT_CODE:
            pull->exit_code = true;
            break;
        default:
            return EXIT_WRONG_USAGE;
        }
    }
    if (options.first_word < argc)
        return command_usage_error(&cmd_pull, "it takes no argument: '%s' (did you mean --connection?)",
                                   argv[options.first_word]);
    return EXIT_DONE;
}

static int choose_connections(struct pull *pull) {
    const struct config *config = pull->config;
    pull->chosen = alloc_zero(config->connection_count + pull->connection_count + 1, sizeof(*pull->chosen));
    if (pull->connection_count == 0)
        for (size_t i = 0; i < config->connection_count; i++)
            pull->chosen[pull->chosen_count++] = &config->connections[i];
    for (size_t i = 0; i < pull->connection_count; i++) {
        const struct config_connection *connection = config_find_connection(config, pull->connections[i]);
        if (!connection) {
            const char **names = alloc_zero(config->connection_count + 1, sizeof(*names));
            for (size_t j = 0; j < config->connection_count; j++)
                names[j] = config->connections[j].name;
            int code = command_unknown(&cmd_pull, "connection", pull->connections[i], names);
            free(names);
            return code;
        }
        bool twice = false;
        for (size_t j = 0; j < pull->chosen_count; j++)
            twice |= pull->chosen[j] == connection;
        if (!twice)
            pull->chosen[pull->chosen_count++] = connection;
    }
    return EXIT_DONE;
}

static bool open_database(struct pull *pull, struct error *ret_error) {
    pull->session = session_open(pull->globals, pull->config, ret_error);
    if (!pull->session)
        return false;
    int from = 0;
    if (pull->dry_run || !pull->config->migrate_auto)
        return migrate_check(pull->session->event, pull->session->database, ret_error);
    return migrate_run(pull->session->event, pull->session->database, &from, ret_error);
}

struct waiting {
    bool over;
    struct error error;
};

static void on_loaded(const struct database_result *result, const struct error *error, void *userdata) {
    struct waiting *waiting = userdata;
    (void)result;
    waiting->over = true;
    if (error)
        waiting->error = *error;
}

static bool load_configuration(struct pull *pull, struct error *ret_error) {
    struct waiting waiting = {0};
    struct database_call *call =
        store_load_configuration(&pull->store, pull->config, false, on_loaded, &waiting);
    while (!waiting.over)
        if (sd_event_run(pull->session->event, UINT64_MAX) < 0) {
            database_cancel(call);
            return error_set(ret_error, CAUSE_IO, "the event loop failed");
        }
    *ret_error = waiting.error;
    return !error_is_set(&waiting.error);
}

static bool build(struct pull *pull, struct error *ret_error) {
    struct sd_event *event = pull->session->event;
    pull->http = http_client_new(event, "schemasyncd/" SCHEMASYNCD_VERSION, 64, ret_error);
    if (!pull->http)
        return false;
    pull->pool = api_pool_new(event, pull->http);
    pull->worker = worker_name();
    pull->store = (struct store){.control = session_another(pull->session, true, NULL, NULL),
                                 .load = pull->session->database,
                                 .worker = pull->worker,
                                 .schema = migrate_program_version(),
                                 .patience = patience};
    pull->store.loader = loader_new(event, &pull->store);

    signal(SIGPIPE, SIG_IGN); /* TLS writes to sockets that the other side has closed */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (sd_event_add_signal(event, &pull->signals[0], SIGINT, on_signal, pull) < 0 ||
        sd_event_add_signal(event, &pull->signals[1], SIGTERM, on_signal, pull) < 0)
        return error_set(ret_error, CAUSE_IO, "cannot wait for signals");
    return true;
}

static void pull_done(struct pull *pull) {
    pull_deliveries_free(pull->deliveries);
    for (size_t i = 0; i < RUNS_AT_ONCE; i++)
        run_free(pull->slots[i].run);
    pull_view_done(&pull->view);
    for (size_t i = 0; i < ARRAY_LENGTH(pull->signals); i++)
        sd_event_source_disable_unref(pull->signals[i]);
    loader_free(pull->store.loader);
    database_free(pull->store.control);
    api_pool_free(pull->pool);
    http_client_free(pull->http);
    session_close(pull->session);
    config_free(pull->config);
    free(pull->chosen);
    free(pull->worker);
}

static int exit_code(const struct pull *pull) {
    if (pull->view.failures > 0 && pull->denied == pull->view.failures)
        return EXIT_NOT_PERMITTED;
    if (pull->view.failures > 0 && pull->unreachable == pull->view.failures && pull->runs_ok == 0)
        return EXIT_OUT_OF_REACH;
    if (pull->view.failures > 0 || pull->stopped)
        return EXIT_SOME_FAILED;
    return pull->exit_code && pull->changes > 0 ? EXIT_DRIFT : EXIT_DONE;
}

static int report_unknown_targets(const struct pull *pull) {
    for (size_t i = 0; i < pull->target_count && pull->finished > 0 && pull->view.failures == 0; i++)
        if (!pull->target_found[i])
            return command_usage_error(&cmd_pull, "no connection that was pulled has a target '%s'",
                                       pull->targets[i]);
    return EXIT_DONE;
}

static int pull_all(struct pull *pull) {
    struct error error = {0};
    pull->config = load_config_or_report(pull->globals);
    if (!pull->config)
        return EXIT_FAULTY_CONFIG;
    int code = choose_connections(pull);
    if (code != EXIT_DONE)
        return code;
    if (!open_database(pull, &error) || !build(pull, &error) ||
        (!pull->dry_run && !load_configuration(pull, &error)))
        return command_failed(&cmd_pull, &error);
    pull_view_init(&pull->view, pull->dry_run);
    start_runs(pull);
    if (sd_event_loop(pull->session->event) < 0) {
        error_set(&error, CAUSE_IO, "the event loop failed");
        return command_failed(&cmd_pull, &error);
    }
    pull_view_clear(&pull->view);
    if (pull->chosen_count > 1)
        printf("%zu connections, %zu targets, %zu change%s%s, %zu failure%s\n", pull->finished,
               pull->view.targets, pull->changes, pull->changes == 1 ? "" : "s",
               pull->dry_run ? " (nothing recorded)" : "", pull->view.failures,
               pull->view.failures == 1 ? "" : "s");
    pull_deliveries_print(pull->deliveries);
    code = report_unknown_targets(pull);
    return code != EXIT_DONE ? code : exit_code(pull);
}

static int pull_run(const struct globals *globals, int argc, char **argv) {
    struct pull *pull = alloc_zero(1, sizeof(*pull));
    pull->globals = globals;
    int code = parse_options(pull, argc, argv);
    if (code == EXIT_DONE)
        code = pull_all(pull);
    pull_done(pull);
    free(pull);
    return code;
}

const struct command cmd_pull = {
    .name = "pull",
    .arguments = "[--connection NAME]... [--target ID]... [--dry-run] [--exit-code]",
    .summary = "Looks at everything (or what is named) once, now",
    .details = "  --connection NAME  this connection only; may be given several times\n"
               "  --target ID        this target only; may be given several times\n"
               "  --dry-run          fetch and compare, print the changes, write nothing, refresh nothing\n"
               "  --exit-code        end with 3 if there was drift\n"
               "\n"
               "Example:\n"
               "  schemasyncd pull --connection salesforce-prod --dry-run\n",
    .options = rows,
    .run = pull_run,
};
