#include "flow/monitor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"
#include "io/metrics_server.h"
#include "io/timer.h"
#include "service/queries.h"
#include "service/store.h"

/* Who asks waits so long for the database at most. */
static const usec_t patience = 2 * USEC_PER_SEC;
/* An answer serves whoever asks within this time; or, where it takes long, within so many times as long: so
 * those who watch take up a twentieth at most of the connection by which leases are renewed. Likewise of the
 * loop, for the text. */
static const usec_t shortest_validity = 2 * USEC_PER_SEC, longest_validity = 30 * USEC_PER_SEC;
enum { SHARE = 20 };
/* The address may come up later than the daemon, or another process may still have it. */
static const usec_t listen_again = 5 * USEC_PER_SEC;
/* Ten thousand connections make some 40 MiB. */
enum { TEXT_MAXIMUM = 256 << 20 };

/* What the database is asked for a page. */
struct question {
    struct monitor *monitor;
    const struct statement *statement;
    enum server_page page;
    struct database_call *call;
    struct timer *patience;
    usec_t asked, valid_until;
    bool waiting;       /* somebody waits for the page */
    bool answered;      /* and the last time that was tried, the answer came in time */
    struct error error; /* where the database refused */
};

/* The changes of a run, on their way to be counted. */
struct counted_run {
    LIST_ENTRY(counted_run) entry;
    struct monitor *monitor;
    struct database_call *call;
    char *connection;
};

struct monitor {
    struct sd_event *event;
    struct meters *meters;
    struct store *store; /* NULL: the database is not prepared yet */
    bool up;
    char *listen; /* NULL: nowhere */
    struct metrics_server *server;
    struct timer *listen_timer, *write_timer;
    char listen_failure[ERROR_TEXT_MAX]; /* that has been told */
    struct question questions[SERVER_PAGES];
    usec_t write_next; /* the text may be made again */
    LIST_HEAD(, counted_run) counting;
};

static usec_t wall_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

/* Pages */

static void answer_ready(struct monitor *monitor) {
    const struct question *question = &monitor->questions[PAGE_READY];
    const char *words = !monitor->up                     ? "the database is away"
                        : !monitor->store                ? "the database's schema is waited for"
                        : error_is_set(&question->error) ? error_class(question->error.cause)->meaning
                        : !question->answered            ? "the database does not answer"
                                                         : "ready";
    char *text = alloc_printf("%s\n", words);
    bool good = monitor->up && monitor->store && question->answered;
    metrics_server_answer(monitor->server, PAGE_READY, good, text, strlen(text));
}

static void answer_metrics(struct monitor *monitor) {
    struct question *question = &monitor->questions[PAGE_METRICS];
    usec_t begun = timer_now();
    /* a refusal, say of a schema that is newer, is an answer too */
    bool up = monitor->up && (!monitor->store || question->answered || error_is_set(&question->error));
    meters_set_database(monitor->meters, up);
    if (!up || !question->answered) { /* what is old must not look fresh */
        meters_set_mirror(monitor->meters, NULL);
        question->answered = false;
    }
    struct buffer text;
    buffer_init(&text, TEXT_MAXIMUM);
    bool fits = meters_write(monitor->meters, &text);
    if (!fits) {
        buffer_clear(&text);
        if (!buffer_append_text(&text, "there is too much of it\n"))
            abort();
    }
    size_t length = text.length;
    metrics_server_answer(monitor->server, PAGE_METRICS, fits, buffer_take(&text), length);
    monitor->write_next = timer_now() + MIN(SHARE * (timer_now() - begun), USEC_PER_SEC);
}

static void answer(struct question *question) {
    struct monitor *monitor = question->monitor;
    question->waiting = false;
    timer_stop(question->patience);
    if (!monitor->server)
        return;
    if (question->page == PAGE_READY)
        answer_ready(monitor);
    else
        timer_set(monitor->write_timer, MAX(monitor->write_next - timer_now(), 0));
}

static void on_write(void *userdata) {
    struct monitor *monitor = userdata;
    if (monitor->server)
        answer_metrics(monitor);
}

/* Questions */

static void on_answer(const struct database_result *result, const struct error *error, void *userdata) {
    struct question *question = userdata;
    usec_t now = timer_now();
    question->call = NULL;
    question->answered = !error;
    question->error = error && error->cause != CAUSE_DB_UNREACHABLE ? *error : (struct error){0};
    question->valid_until =
        now + MIN(MAX(shortest_validity, SHARE * (now - question->asked)), longest_validity);
    if (!error && question->page == PAGE_METRICS)
        meters_set_mirror(question->monitor->meters, result);
    if (question->waiting)
        answer(question);
}

static void on_patience(void *userdata) {
    struct question *question = userdata;
    question->answered = false;
    question->error = (struct error){0};
    answer(question);
}

static void on_wanted(enum server_page page, void *userdata) {
    struct monitor *monitor = userdata;
    struct question *question = &monitor->questions[page];
    if (question->waiting)
        return;
    question->waiting = true;
    if (!monitor->up || !monitor->store) {
        question->answered = false;
        question->error = (struct error){0};
        answer(question);
    } else if (question->answered && !question->call && timer_now() < question->valid_until) {
        answer(question);
    } else {
        timer_set(question->patience, patience);
        if (question->call) /* still the one before */
            return;
        question->asked = timer_now();
        question->call =
            database_query(monitor->store->control, question->statement, NULL, 0, 0, on_answer, question);
    }
}

static void question_init(struct monitor *monitor, enum server_page page, const struct statement *statement) {
    struct question *question = &monitor->questions[page];
    question->monitor = monitor;
    question->statement = statement;
    question->page = page;
    question->patience = timer_new(monitor->event, on_patience, question);
}

/* Listening */

static void on_listen(void *userdata) {
    struct monitor *monitor = userdata;
    struct error error = {0};
    monitor->server = metrics_server_new(monitor->event, monitor->listen, on_wanted, monitor, &error);
    if (monitor->server) {
        monitor->listen_failure[0] = '\0';
        log_info(NULL, "metrics are to be had on %s, port %u", monitor->listen,
                 metrics_server_port(monitor->server));
        return;
    }
    if (strcmp(monitor->listen_failure, error.text) != 0)
        log_error(LOG_FIELDS({"cause", error_class(error.cause)->name}), "nobody can ask for metrics yet: %s",
                  error.text);
    memcpy(monitor->listen_failure, error.text, sizeof(error.text));
    timer_set(monitor->listen_timer, listen_again);
}

static void listen_on(struct monitor *monitor, const char *listen) {
    if (listen && monitor->listen && strcmp(listen, monitor->listen) == 0)
        return;
    for (size_t i = 0; i < SERVER_PAGES; i++) {
        monitor->questions[i].waiting = false;
        timer_stop(monitor->questions[i].patience);
    }
    timer_stop(monitor->write_timer);
    timer_stop(monitor->listen_timer);
    metrics_server_free(TAKE_PTR(monitor->server));
    free(monitor->listen);
    monitor->listen = alloc_strdup(listen);
    if (listen)
        on_listen(monitor);
}

/* Counting */

static void counted_run_free(struct counted_run *counted) {
    LIST_REMOVE(counted, entry);
    database_cancel(counted->call);
    free(counted->connection);
    free(counted);
}

static void on_changes(const struct database_result *result, const struct error *error, void *userdata) {
    struct counted_run *counted = userdata;
    counted->call = NULL;
    if (!error)
        meters_count_changes(counted->monitor->meters, counted->connection, result);
    counted_run_free(counted);
}

void monitor_run_ended(struct monitor *monitor, const struct run *run, const struct run_report *report,
                       usec_t took) {
    static const char *const outcomes[] = {
        [RUN_OK] = "ok", [RUN_PARTIAL] = "partial", [RUN_FAILED] = "failed", [RUN_CANCELLED] = "cancelled"};
    const char *connection = run_connection(run)->name;
    meters_count_run(monitor->meters, connection,
                     outcomes[run_is_interrupted(report->error.cause) ? RUN_CANCELLED : report->outcome],
                     took);
    if (report->changes == 0 || !monitor->store)
        return;
    struct counted_run *counted = alloc_zero(1, sizeof(*counted));
    const char *params[] = {run_id(run)};
    counted->monitor = monitor;
    counted->connection = alloc_strdup(connection);
    counted->call = database_query(monitor->store->control, &query_metrics_changes, params,
                                   ARRAY_LENGTH(params), -1, on_changes, counted);
    LIST_INSERT_HEAD(&monitor->counting, counted, entry);
}

/* The whole */

struct monitor *monitor_new(struct sd_event *event, const struct config *config) {
    struct monitor *monitor = alloc_zero(1, sizeof(*monitor));
    monitor->event = event;
    monitor->meters = meters_new();
    monitor->listen_timer = timer_new(event, on_listen, monitor);
    monitor->write_timer = timer_new(event, on_write, monitor);
    LIST_INIT(&monitor->counting);
    question_init(monitor, PAGE_METRICS, &query_metrics_mirror);
    question_init(monitor, PAGE_READY, &query_ping);
    monitor_reload(monitor, config);
    return monitor;
}

void monitor_free(struct monitor *monitor) {
    if (!monitor)
        return;
    listen_on(monitor, NULL);
    struct counted_run *counted;
    while ((counted = LIST_FIRST(&monitor->counting)))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it leaves the list */
        counted_run_free(counted);
    for (size_t i = 0; i < SERVER_PAGES; i++) {
        database_cancel(monitor->questions[i].call);
        timer_free(monitor->questions[i].patience);
    }
    timer_free(monitor->listen_timer);
    timer_free(monitor->write_timer);
    meters_free(monitor->meters);
    free(monitor);
}

void monitor_reload(struct monitor *monitor, const struct config *config) {
    meters_set_config(monitor->meters, config, wall_clock());
    if (config)
        listen_on(monitor, config->metrics_listen);
}

void monitor_database(struct monitor *monitor, bool up) {
    monitor->up = up;
}

void monitor_begin(struct monitor *monitor, struct store *store) {
    monitor->store = store;
}

struct meters *monitor_meters(struct monitor *monitor) {
    return monitor->meters;
}
