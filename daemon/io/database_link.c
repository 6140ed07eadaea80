#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "core/backoff.h"
#include "io/database_internal.h"

static const struct backoff_policy reconnect = {
    .first = 100 * USEC_PER_MSEC,
    .maximum = 5 * USEC_PER_SEC,
    .retries = UINT_MAX,
};

/* What the program's SQL relies on, whatever the role, the database or the server set. */
static const char session_settings[] = "SET search_path = pg_catalog, pg_temp;"
                                       "SET TimeZone = 'UTC';"
                                       "SET DateStyle = 'ISO, YMD';"
                                       "SET IntervalStyle = 'postgres';"
                                       "SET bytea_output = 'hex';"
                                       "SET extra_float_digits = 1;"
                                       "SET standard_conforming_strings = on;"
                                       "SET default_transaction_isolation = 'read committed';"
                                       "SET client_min_messages = warning;";

static void on_timer(void *userdata);

static void unwatch(struct database *database) {
    database->io = sd_event_source_disable_unref(database->io);
}

void link_close(struct database *database) {
    resolver_cancel(database);
    unwatch(database); /* before the descriptor is closed */
    PQfinish(TAKE_PTR(database->conn));
    free(TAKE_PTR(database->trying));
    database->prepared_count = 0;
    database->backlog = false;
    database->link = LINK_DOWN;
    if (database->timer)
        timer_stop(database->timer);
}

static void schedule_next_attempt(struct database *database) {
    uint64_t random = 0;
    usec_t delay = reconnect.maximum;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
        random = (uint64_t)timer_now();
    database->failures++;
    backoff_delay(&reconnect, database->failures, random, 0, 0, &delay);
    timer_set(database->timer, delay);
}

/* An attempt failed: `database->link_error` says why. */
static void attempt_failed(struct database *database) {
    link_close(database);
    schedule_next_attempt(database);
    bool hopeless = error_class(database->link_error.cause)->kind != ERROR_KIND_TRANSIENT;
    database_end_patience(database, hopeless);
    database_wake(database);
}

/* libpq keeps no SQLSTATE for a refused connection, but writes it into the verbose message. */
static void take_link_error(struct database *database) {
    char text[ERROR_TEXT_MAX], sqlstate[6];
    connection_message(PQerrorMessage(database->conn), text, sizeof(text), sqlstate);
    enum error_cause cause = error_cause_of_sqlstate(sqlstate);
    if (!sqlstate[0] && PQconnectionNeedsPassword(database->conn))
        cause = CAUSE_DB_RIGHTS;
    error_set(&database->link_error, cause, "%s", text[0] ? text : "the connection to the database broke");
}

void link_lost(struct database *database) {
    take_link_error(database);
    database->link_error.cause = CAUSE_DB_UNREACHABLE;
    link_close(database);
    while (database->sent.first) {
        struct database_call *call = database->sent.first;
        if (!error_is_set(&call->error))
            error_set(&call->error, CAUSE_DB_UNREACHABLE, "%s", database->link_error.text);
        call_finish(call);
    }
    schedule_next_attempt(database);
    database_end_patience(database, false);
    database_wake(database);
}

static void link_up(struct database *database) {
    database->link = LINK_UP;
    database->failures = 0;
    database->first_endpoint = 0;
    database->session++;
    database->link_error = (struct error){0};
    timer_stop(database->timer);
    PQsetErrorVerbosity(database->conn, PQERRORS_DEFAULT);
    database_end_patience(database, false);
    link_watch(database);
    database_wake(database);
}

/* Reads what the server says to the session's settings: the end of it makes the connection usable. */
static void read_setup(struct database *database) {
    if (!PQconsumeInput(database->conn) || PQflush(database->conn) < 0) {
        take_link_error(database);
        attempt_failed(database);
        return;
    }
    while (!PQisBusy(database->conn)) {
        PGresult *result = PQgetResult(database->conn);
        if (!result) {
            link_up(database);
            return;
        }
        bool failed = PQresultStatus(result) != PGRES_COMMAND_OK;
        PQclear(result);
        if (failed) {
            take_link_error(database);
            attempt_failed(database);
            return;
        }
    }
}

static void start_setup(struct database *database) {
    database->link = LINK_SETTING_UP;
    CLEANUP(cleanup_free)
    char *sql = alloc_printf("%sSET statement_timeout = %lld;", session_settings,
                             (long long)(MIN(database->statement_timeout / USEC_PER_MSEC, (usec_t)INT_MAX)));
    if (PQsetnonblocking(database->conn, 1) < 0 || !PQsendQuery(database->conn, sql)) {
        take_link_error(database);
        attempt_failed(database);
        return;
    }
    link_watch(database);
}

/* The time runs for each address anew. */
static void time_the_address(struct database *database) {
    const char *host = PQhost(database->conn), *address = PQhostaddr(database->conn),
               *port = PQport(database->conn);
    CLEANUP(cleanup_free)
    char *trying = alloc_printf("%s|%s|%s", host ? host : "", address ? address : "", port ? port : "");
    if (database->trying && strcmp(database->trying, trying) == 0)
        return;
    free(database->trying);
    database->trying = TAKE_PTR(trying);
    if (database->connect_timeout > 0)
        timer_set(database->timer, database->connect_timeout);
}

static int on_io(struct sd_event_source *source, int fd, uint32_t events, void *userdata);

static void watch(struct database *database, uint32_t events) {
    if (database->io) {
        sd_event_source_set_io_events(database->io, events);
        return;
    }
    if (sd_event_add_io(database->event, &database->io, PQsocket(database->conn), events, on_io, database) <
        0)
        abort(); /* the loop has ended, or memory is out */
}

void link_watch(struct database *database) {
    watch(database, EPOLLIN | (database->backlog ? (uint32_t)EPOLLOUT : 0));
}

/* Steps the connecting. The socket may be another one afterwards, under the same number: so it is watched
 * anew each time. */
static void poll_connection(struct database *database) {
    unwatch(database);
    PostgresPollingStatusType status = PQconnectPoll(database->conn);
    if (status == PGRES_POLLING_OK) {
        start_setup(database);
    } else if (status == PGRES_POLLING_FAILED || PQsocket(database->conn) < 0) {
        take_link_error(database);
        attempt_failed(database);
    } else {
        time_the_address(database);
        watch(database, status == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT);
    }
}

static int on_io(struct sd_event_source *source UNUSED, int fd UNUSED, uint32_t events, void *userdata) {
    struct database *database = userdata;
    switch (database->link) {
    case LINK_CONNECTING:
        poll_connection(database);
        break;
    case LINK_SETTING_UP:
        read_setup(database);
        break;
    case LINK_UP:
        exchange_step(database, (events & ~(uint32_t)EPOLLOUT) != 0);
        break;
    default:
        break;
    }
    return 0;
}

/* Notices go to the log; so does what the server says when it ends an idle connection. */
static void on_notice(void *userdata, const PGresult *result) {
    struct database *database = userdata;
    database->notices++;
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    log_debug(LOG_FIELDS({"sqlstate", PQresultErrorField(result, PG_DIAG_SQLSTATE)}), "PostgreSQL: %s",
              text ? text : "");
}

enum { KEYWORDS_MAX = 20 };

struct keywords {
    const char *names[KEYWORDS_MAX], *values[KEYWORDS_MAX];
    size_t count;
};

static void keyword(struct keywords *keywords, const char *name, const char *value) {
    if (!value || keywords->count + 1 >= KEYWORDS_MAX)
        return;
    keywords->names[keywords->count] = name;
    keywords->values[keywords->count++] = value;
}

/* One part of each address, from the first one to try, separated by commas as libpq wants them. */
static char *join(const struct database *database, size_t part) {
    const struct endpoints *endpoints = &database->endpoints;
    struct buffer text;
    buffer_init(&text, SIZE_MAX - 1);
    for (size_t i = 0; i < endpoints->count; i++) {
        const struct endpoint *item = &endpoints->items[(database->first_endpoint + i) % endpoints->count];
        const char *parts[] = {item->host, item->hostaddr, item->port};
        if (!buffer_append_format(&text, "%s%s", i > 0 ? "," : "", parts[part] ? parts[part] : ""))
            break;
    }
    return buffer_take(&text);
}

/* What stands before the connection string is a default, what stands behind it goes over it. */
static PGconn *start_connection(struct database *database) {
    CLEANUP(cleanup_free) char *host = NULL;
    CLEANUP(cleanup_free) char *hostaddr = NULL;
    CLEANUP(cleanup_free) char *port = NULL;
    if (database->endpoints.count > 0) {
        host = join(database, 0);
        hostaddr = join(database, 1);
        port = join(database, 2);
    }
    struct keywords keywords = {0};
    keyword(&keywords, "application_name", database->application_name);
    keyword(&keywords, "keepalives", "1");
    keyword(&keywords, "keepalives_idle", "30");
    keyword(&keywords, "keepalives_interval", "10");
    keyword(&keywords, "keepalives_count", "3");
    keyword(&keywords, "tcp_user_timeout", "30000");
    keyword(&keywords, "dbname", database->conninfo[0] ? database->conninfo : NULL);
    keyword(&keywords, "client_encoding", "UTF8");
    keyword(&keywords, "password", database->password);
    keyword(&keywords, "host", host);
    keyword(&keywords, "hostaddr", hostaddr);
    keyword(&keywords, "port", port);
    PGconn *conn = PQconnectStartParams(keywords.names, keywords.values, 1);
    if (!conn)
        abort(); /* out of memory */
    return conn;
}

static void connect_now(struct database *database) {
    database->link = LINK_CONNECTING;
    database->conn = start_connection(database);
    PQsetNoticeReceiver(database->conn, on_notice, database);
    PQsetErrorVerbosity(database->conn, PQERRORS_VERBOSE);
    if (PQstatus(database->conn) == CONNECTION_BAD || PQsocket(database->conn) < 0) {
        take_link_error(database);
        attempt_failed(database);
        return;
    }
    time_the_address(database);
    watch(database, EPOLLOUT);
}

/* How much of libpq's complaint about a connection string can be shown: it quotes parts of that, perhaps of a
 * password. */
static size_t harmless_length(const char *message) {
    static const char equals_sign[] = "\"=\"";
    size_t length = strcspn(message, "\"\n");
    if (strncmp(message + length, equals_sign, strlen(equals_sign)) == 0)
        length += strlen(equals_sign) + strcspn(message + length + strlen(equals_sign), "\"\n");
    return length;
}

static bool check_conninfo(struct database *database) {
    const char *text = database->conninfo;
    if (!strchr(text, '=') && !strstr(text, "://")) /* a database's name */
        return true;
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(text, &message);
    PQconninfoFree(options);
    if (!options)
        error_set(&database->link_error, CAUSE_CONFIG, "the connection string is faulty: %.*s...",
                  message ? (int)harmless_length(message) : 0, message ? message : "");
    PQfreemem(message);
    return options != NULL;
}

void link_start(struct database *database) {
    if (!database->timer)
        database->timer = timer_new(database->event, on_timer, database);
    if (!check_conninfo(database)) {
        attempt_failed(database);
        return;
    }
    if (!resolver_start(database)) {
        connect_now(database);
        return;
    }
    database->link = LINK_RESOLVING;
    if (database->connect_timeout > 0)
        timer_set(database->timer, database->connect_timeout);
}

void link_resolved(struct database *database, const char *failure) {
    if (!failure) {
        connect_now(database);
        return;
    }
    error_set(&database->link_error, CAUSE_DB_UNREACHABLE, "%s", failure);
    attempt_failed(database);
}

/* The next attempt is due, or one did not come to its end: the next begins behind the address that did not
 * answer. */
static void on_timer(void *userdata) {
    struct database *database = userdata;
    if (database->link == LINK_DOWN) {
        link_start(database);
        return;
    }
    char span[TIMESPAN_TEXT_MAX];
    timespan_format(database->connect_timeout, span);
    error_set(&database->link_error, CAUSE_DB_UNREACHABLE, "no answer from the database within %s", span);
    if (database->link != LINK_RESOLVING)
        database->first_endpoint++;
    attempt_failed(database);
}
