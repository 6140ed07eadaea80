/* The command run: builds the graph of what lives as long as the process, and turns the loop. Signals, the
 * watchdog and what systemd is told are here; what is done when is the scheduler's. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/messages.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/load.h"
#include "cli/migrate.h"
#include "cli/worker.h"
#include "flow/monitor.h"
#include "flow/outbox_log.h"
#include "flow/retention.h"
#include "flow/scheduler.h"
#include "io/http.h"
#include "service/heartbeat.h"
#include "service/loader.h"
#include "service/outbox.h"

/* All is over by then, whatever is under way: systemd and people wait five seconds. */
static const usec_t longest_stop = 4 * USEC_PER_SEC;
static const usec_t status_interval = 5 * USEC_PER_SEC;

enum { IDLE_CONNECTIONS = 64 };

/* One of the two connections to the database. */
struct link {
    struct daemon *daemon;
    bool up;
};

struct daemon {
    const struct globals *globals;
    struct config *config; /* until the scheduler takes it over */
    struct session *session;
    struct http_client *http;
    struct api_pool *pool;
    struct store store;
    char *worker;
    struct scheduler *scheduler;
    struct retention *retention;
    struct outbox *outbox;
    struct heartbeat *heartbeat;
    struct monitor *monitor;
    unsigned stopping_parts; /* that have not ended yet: runs, deliveries */
    sd_event_source *signals[3], *status_timer, *stop_timer;
    struct database_call *farewell;
    struct link load, control;
    bool away_told, stopping;
    struct error fatal; /* found at the start: the daemon ends for it */
    struct error away;  /* why the database is away */
    char status[ERROR_TEXT_MAX + 64];
};

/* What systemd and people are told */

static usec_t now_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

/* What is known of the runs: "2 connections, 1 run under way; last hubspot at …: 40 targets, 3 changes, 1
 * failed; 12 runs, 1 failed". */
static void describe_runs(const struct scheduler_status *status, char *ret, size_t size) {
    char last[ERROR_TEXT_MAX] = "none done yet", time[TIMESPAN_TEXT_MAX];
    const struct run_report *report = &status->last;
    rfc3339_format(status->last_ended, time);
    if (status->runs > 0 && error_is_set(&report->error))
        snprintf(last, sizeof(last), "last %s at %s: %.256s", status->last_connection, time,
                 report->error.text);
    else if (status->runs > 0)
        snprintf(last, sizeof(last), "last %s at %s: %zu targets, %zu changes, %zu failed, %zu suspect",
                 status->last_connection, time, report->targets, report->changes, report->failed,
                 report->held);
    snprintf(ret, size, "%zu connections, %zu runs under way; %s; %zu runs done, %zu failed",
             status->connections, status->under_way, last, status->runs, status->failed_runs);
}

static void tell_status(struct daemon *daemon) {
    char text[sizeof(daemon->status)] = "";
    struct scheduler_status status = {0};
    if (daemon->scheduler)
        scheduler_status(daemon->scheduler, &status);
    if (daemon->stopping)
        snprintf(text, sizeof(text), "Stopping");
    else if (!daemon->load.up || !daemon->control.up)
        snprintf(text, sizeof(text), "Waiting for the database%s%s", daemon->away.text[0] ? ": " : "",
                 daemon->away.text);
    else if (!daemon->scheduler)
        snprintf(text, sizeof(text), "Waiting for the database's schema");
    else if (status.holds[0])
        snprintf(text, sizeof(text), "Claiming nothing: %s", status.holds);
    else
        describe_runs(&status, text, sizeof(text));
    if (strcmp(text, daemon->status) == 0)
        return;
    memcpy(daemon->status, text, sizeof(text));
    sd_notifyf(false, "STATUS=%s", text);
}

static int on_status_timer(sd_event_source *source, uint64_t usec, void *userdata) {
    (void)usec;
    tell_status(userdata);
    sd_event_source_set_time_relative(source, (uint64_t)status_interval);
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
    return 0;
}

/* Told once when the database goes, with the reason, and once when it is back: whichever of the two
 * connections it is. At the start a cause that waiting does not cure is the end. */
static void on_database(bool up, const struct error *error, void *userdata) {
    struct link *link = userdata;
    struct daemon *daemon = link->daemon;
    link->up = up;
    monitor_database(daemon->monitor, daemon->load.up && daemon->control.up);
    if (error)
        daemon->away = *error;
    if (error && !daemon->scheduler && error_class(error->cause)->kind != ERROR_KIND_TRANSIENT) {
        daemon->fatal = *error;
    } else if (error && !daemon->away_told) {
        daemon->away_told = true;
        log_error(LOG_FIELDS({LOG_MESSAGE_ID, message_of_cause(error->cause, MESSAGE_DATABASE_AWAY)},
                             {"cause", error_class(error->cause)->name}),
                  "the database is away, waiting for it: %s", error->text);
    } else if (daemon->away_told && daemon->load.up && daemon->control.up) {
        daemon->away_told = false;
        log_notice(LOG_FIELDS(LOG_ID(MESSAGE_DATABASE_BACK)), "the database is back");
    }
    tell_status(daemon);
}

/* The database refuses the configuration at the start, for a right that is missing. */
static void on_refused(const struct error *error, void *userdata) {
    struct daemon *daemon = userdata;
    daemon->fatal = *error;
    sd_event_exit(daemon->session->event, EXIT_DONE);
}

/* Ending */

static int on_stop_timer(sd_event_source *source, uint64_t usec, void *userdata) {
    struct daemon *daemon = userdata;
    (void)source;
    (void)usec;
    log_warning(LOG_FIELDS(LOG_ID(MESSAGE_STOP_FORCED)),
                "not all that was under way could be ended in order; nothing of it is half recorded");
    sd_event_exit(daemon->session->event, EXIT_DONE);
    return 0;
}

static void on_farewell(const struct database_result *result, const struct error *error, void *userdata) {
    struct daemon *daemon = userdata;
    (void)result;
    (void)error;
    daemon->farewell = NULL;
    sd_event_exit(daemon->session->event, EXIT_DONE);
}

static void on_stopped(void *userdata) {
    struct daemon *daemon = userdata;
    if (--daemon->stopping_parts > 0)
        return;
    daemon->farewell = store_forget_worker(&daemon->store, on_farewell, daemon);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
    struct daemon *daemon = userdata;
    (void)source;
    if (daemon->stopping)
        return 0;
    daemon->stopping = true;
    log_notice(NULL, "stopping (signal %u)", info->ssi_signo);
    sd_notify(false, "STOPPING=1");
    tell_status(daemon);
    struct sd_event *event = daemon->session->event;
    if (!daemon->scheduler) { /* still waiting for the database */
        sd_event_exit(event, EXIT_DONE);
        return 0;
    }
    sd_event_add_time_relative(event, &daemon->stop_timer, CLOCK_MONOTONIC, (uint64_t)longest_stop, 0,
                               on_stop_timer, daemon);
    daemon->stopping_parts = 2;
    heartbeat_free(TAKE_PTR(daemon->heartbeat));
    scheduler_stop(daemon->scheduler, on_stopped, daemon);
    outbox_stop(daemon->outbox, on_stopped, daemon);
    return 0;
}

/* Reloading */

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
    struct daemon *daemon = userdata;
    (void)source;
    (void)info;
    if (daemon->stopping)
        return 0;
    sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)now_of(CLOCK_MONOTONIC));
    struct config_errors errors = {0};
    struct config *config = config_load(daemon->globals->config_path, now_of(CLOCK_REALTIME), &errors);
    for (size_t i = 0; i < errors.count; i++)
        log_error(NULL, "%s", errors.lines[i]);
    config_errors_done(&errors);
    monitor_reload(daemon->monitor, config);
    if (!config) {
        log_error(LOG_FIELDS(LOG_ID(MESSAGE_CONFIG_FAULTY)),
                  "the configuration is faulty: the one before stays");
    } else {
        log_notice(LOG_FIELDS(LOG_ID(MESSAGE_CONFIG_RELOADED)), "the configuration has been read again");
        if (daemon->scheduler) {
            retention_reload(daemon->retention, config);
            outbox_reload(daemon->outbox, config);
            heartbeat_reload(daemon->heartbeat, config);
            scheduler_reload(daemon->scheduler, config);
        } else {
            config_free(daemon->config);
            daemon->config = config;
        }
    }
    sd_notify(false, "READY=1");
    return 0;
}

/* Starting */

static bool build(struct daemon *daemon, struct error *ret_error) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL); /* first of all: one that comes now waits */
    signal(SIGPIPE, SIG_IGN);           /* TLS writes to sockets that the other side has closed */
    daemon->session = session_begin(daemon->globals, daemon->config, on_database, &daemon->load, ret_error);
    if (!daemon->session)
        return false;
    struct sd_event *event = daemon->session->event;
    if (sd_event_add_signal(event, &daemon->signals[0], SIGINT, on_stop, daemon) < 0 ||
        sd_event_add_signal(event, &daemon->signals[1], SIGTERM, on_stop, daemon) < 0 ||
        sd_event_add_signal(event, &daemon->signals[2], SIGHUP, on_reload, daemon) < 0 ||
        sd_event_add_time_relative(event, &daemon->status_timer, CLOCK_MONOTONIC, 0, 0, on_status_timer,
                                   daemon) < 0 ||
        sd_event_set_watchdog(event, true) < 0)
        return error_set(ret_error, CAUSE_IO, "cannot set up the event loop");
    daemon->http = http_client_new(event, "schemasyncd/" SCHEMASYNCD_VERSION, IDLE_CONNECTIONS, ret_error);
    if (!daemon->http)
        return false;
    daemon->pool = api_pool_new(event, daemon->http);
    daemon->monitor = monitor_new(event, daemon->config);
    api_pool_observe(daemon->pool, meters_count_request, monitor_meters(daemon->monitor));
    daemon->worker = worker_name();
    daemon->store =
        (struct store){.control = session_another(daemon->session, true, on_database, &daemon->control),
                       .load = daemon->session->database,
                       .worker = daemon->worker,
                       .schema = migrate_program_version(),
                       .patience = -1};
    daemon->store.loader = loader_new(event, &daemon->store);
    return true;
}

/* Turns the loop for a second. False: the daemon ends. */
static bool pause_a_second(struct sd_event *event) {
    usec_t until = now_of(CLOCK_MONOTONIC) + USEC_PER_SEC;
    for (usec_t now; (now = now_of(CLOCK_MONOTONIC)) < until;)
        if (sd_event_get_state(event) == SD_EVENT_FINISHED ||
            sd_event_run(event, (uint64_t)(until - now)) < 0)
            return false;
    return true;
}

/* Waits until the database is there, and brings its schema up to date. Only here does a schema that does not
 * fit, or a right that is missing, end the daemon. False: it ends, *ret_error set where that is a failure. */
static bool prepare_database(struct daemon *daemon, struct error *ret_error) {
    struct sd_event *event = daemon->session->event;
    struct error told = {0};
    for (;;) {
        while (!database_is_up(daemon->session->database)) {
            if (error_is_set(&daemon->fatal)) {
                *ret_error = daemon->fatal;
                return false;
            }
            if (sd_event_get_state(event) == SD_EVENT_FINISHED || sd_event_run(event, UINT64_MAX) < 0)
                return false;
        }
        struct error error = {0};
        int from = 0;
        bool ready = daemon->config->migrate_auto
                         ? migrate_run(event, daemon->session->database, &from, &error)
                         : migrate_check(event, daemon->session->database, &error);
        if (ready) {
            if (daemon->config->migrate_auto && from != migrate_program_version())
                log_notice(LOG_FIELDS(LOG_ID(MESSAGE_SCHEMA_MIGRATED)),
                           "the database's schema has been brought from version %d to %d", from,
                           migrate_program_version());
            return true;
        }
        if (error.cause == CAUSE_CANCELLED || sd_event_get_state(event) == SD_EVENT_FINISHED)
            return false;
        if (error_class(error.cause)->kind != ERROR_KIND_TRANSIENT) {
            *ret_error = error;
            return false;
        }
        if (strcmp(error.text, told.text) != 0)
            log_warning(LOG_FIELDS({LOG_MESSAGE_ID, message_of_cause(error.cause, NULL)}),
                        "the database cannot be prepared yet: %s", error.text);
        told = error;
        if (!pause_a_second(event))
            return false;
    }
}

static void on_run_ended(const struct run *run, const struct run_report *report, usec_t took,
                         void *userdata) {
    const struct daemon *daemon = userdata;
    monitor_run_ended(daemon->monitor, run, report, took);
    outbox_poke(daemon->outbox);
}

/* Events on their way are counted, and logged. */
static void on_tried(const struct outbox_try *this, void *userdata) {
    const struct daemon *daemon = userdata;
    meters_count_delivery(monitor_meters(daemon->monitor), this->alert,
                          delivery_outcome_names[this->result->outcome], this->given_up);
    outbox_log_observer.tried(this, NULL);
}

static void on_settled(const char *what, const char *subject, const char *detail, void *userdata) {
    const struct daemon *daemon = userdata;
    if (strcmp(what, "given up") == 0)
        meters_count_delivery(monitor_meters(daemon->monitor), subject, "", true);
    outbox_log_observer.settled(what, subject, detail, NULL);
}

/* What works from now on. The configuration goes to the scheduler; the others use it as long as that does. */
static void start_work(struct daemon *daemon) {
    const struct config *config = daemon->config;
    struct sd_event *event = daemon->session->event;
    struct outbox_context outbox = {.event = event,
                                    .http = daemon->http,
                                    .store = &daemon->store,
                                    .config = config,
                                    .observer = outbox_log_observer};
    outbox.observer.tried = on_tried;
    outbox.observer.settled = on_settled;
    outbox.observer.userdata = daemon;
    struct heartbeat_options heartbeat = {
        .event = event, .http = daemon->http, .store = &daemon->store, .told = heartbeat_log};
    struct scheduler_options scheduler = {.event = event,
                                          .store = &daemon->store,
                                          .pool = daemon->pool,
                                          .refused = on_refused,
                                          .ended = on_run_ended,
                                          .userdata = daemon};
    monitor_begin(daemon->monitor, &daemon->store);
    daemon->retention = retention_new(event, &daemon->store, config);
    daemon->outbox = outbox_new(&outbox);
    daemon->heartbeat = heartbeat_new(&heartbeat, config);
    daemon->scheduler = scheduler_new(&scheduler, TAKE_PTR(daemon->config));
    outbox_start(daemon->outbox);
}

static void daemon_done(struct daemon *daemon) {
    heartbeat_free(daemon->heartbeat);
    outbox_free(daemon->outbox);
    retention_free(daemon->retention);
    scheduler_free(daemon->scheduler);
    database_cancel(daemon->farewell);
    for (size_t i = 0; i < ARRAY_LENGTH(daemon->signals); i++)
        sd_event_source_disable_unref(daemon->signals[i]);
    sd_event_source_disable_unref(daemon->status_timer);
    sd_event_source_disable_unref(daemon->stop_timer);
    loader_free(daemon->store.loader);
    monitor_free(daemon->monitor);
    database_free(daemon->store.control);
    api_pool_free(daemon->pool);
    http_client_free(daemon->http);
    session_close(daemon->session);
    config_free(daemon->config);
    free(daemon->worker);
}

static int daemon_main(struct daemon *daemon) {
    struct error error = {0};
    daemon->config = load_config_or_report(daemon->globals);
    if (!daemon->config) {
        log_error(LOG_FIELDS(LOG_ID(MESSAGE_CONFIG_FAULTY)), "the configuration is faulty: nothing starts");
        return EXIT_FAULTY_CONFIG;
    }
    if (!build(daemon, &error))
        return command_failed(&cmd_run, &error);
    log_notice(LOG_FIELDS(LOG_ID(MESSAGE_STARTED), {"worker", daemon->worker}),
               "schemasyncd " SCHEMASYNCD_VERSION " started as %s", daemon->worker);
    uint64_t watchdog = 0;
    if (sd_watchdog_enabled(false, &watchdog) > 0)
        log_info(LOG_FIELDS(LOG_ID(MESSAGE_WATCHDOG_ON)),
                 "systemd restarts this process when it hangs for %.1f s",
                 (double)watchdog / (double)USEC_PER_SEC);
    sd_notify(false, "READY=1");
    if (prepare_database(daemon, &error)) {
        start_work(daemon);
        if (sd_event_loop(daemon->session->event) < 0)
            error_set(&error, CAUSE_IO, "the event loop failed");
        if (error_is_set(&daemon->fatal))
            error = daemon->fatal;
    }
    if (error_is_set(&error)) {
        log_error(LOG_FIELDS({LOG_MESSAGE_ID, message_of_cause(error.cause, NULL)},
                             {"cause", error_class(error.cause)->name}),
                  "%s", error.text);
        return error_class(error.cause)->exit_code;
    }
    log_notice(NULL, "stopped");
    return EXIT_DONE;
}

static int daemon_run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = (const struct option_row[]){{0}}};
    if (command_next_option(&cmd_run, &options) != OPTION_END)
        return EXIT_WRONG_USAGE;
    if (options.first_word < argc)
        return command_usage_error(&cmd_run, "it takes no argument: '%s'", argv[options.first_word]);
    struct daemon daemon = {.globals = globals};
    daemon.load.daemon = daemon.control.daemon = &daemon;
    int code = daemon_main(&daemon);
    daemon_done(&daemon);
    return code;
}

const struct command cmd_run = {
    .name = "run",
    .arguments = "",
    .summary = "The daemon: keeps the mirror on schedule until SIGTERM",
    .details = "SIGHUP reads the configuration again; a faulty one is reported and the one before stays.\n"
               "\n"
               "Example:\n"
               "  schemasyncd --config /etc/schemasyncd/schemasyncd.yaml run\n",
    .run = daemon_run,
};
