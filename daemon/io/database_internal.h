/* What the files of the database share: the connection, its queues and a statement in them. Nobody else
 * includes this.
 *
 *   database.c          handles, the queue, the delivery of everything to callbacks
 *   database_link.c     one connection: start, session, loss, and the next attempt
 *   database_resolve.c  host names to addresses, beside the loop
 *   database_exchange.c statements to the server, results from it
 *   database_copy.c     COPY FROM STDIN
 *   database_result.c   results, errors, array literals
 *
 * Callbacks are called by one function only, on_work() in database.c, from a deferred source of the loop, one
 * each time and as the last thing it does: so a callback may cancel and free whatever it likes. */
#pragma once

#include <libpq-fe.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "io/database.h"
#include "io/timer.h"

enum link_state {
    LINK_DOWN,       /* the timer runs to the next attempt */
    LINK_RESOLVING,  /* a thread looks the hosts' names up */
    LINK_CONNECTING, /* PQconnectPoll() has the word */
    LINK_SETTING_UP, /* the session's settings are sent */
    LINK_UP,
};

enum call_state {
    CALL_WAITING,    /* in the queue */
    CALL_SENT,       /* at the server */
    CALL_DONE,       /* its callback is due */
    CALL_DELIVERING, /* in its callback */
};

enum call_phase {
    PHASE_RUN,      /* the next result is the statement's own */
    PHASE_PREPARE,  /* the next result answers the PREPARE before it */
    PHASE_PREPARED, /* that one came and was good */
};

struct database_result {
    PGresult *pg;
};

struct database_call {
    struct database *database; /* NULL: was freed in this call's callback */
    struct database_call *previous, *next;
    enum call_state state;
    struct statement statement;
    char **params; /* in one piece of memory */
    size_t param_count;
    usec_t deadline;             /* of waiting for a connection, on timer_now()'s clock; INT64_MAX: none */
    database_callback *callback; /* NULL: cancelled */
    void *userdata;
    struct database_copy *copy; /* NULL: no COPY */

    unsigned generation; /* of the prepared statement that it was sent with */
    enum call_phase phase;
    bool repeated; /* was sent a second time, after its prepared statement had gone bad */

    struct database_result result;
    struct error error;
    char sqlstate[6];
};

/* What this connection has prepared. */
struct prepared {
    const char *name;
    unsigned generation; /* part of the server's name for it */
    bool sent;           /* its PREPARE is under way, or was good */
    bool good;
};

struct call_list {
    struct database_call *first, *last;
    size_t count;
};

/* An address to try. All three may be NULL: libpq's default. */
struct endpoint {
    char *host, *hostaddr, *port;
};

struct endpoints {
    struct endpoint *items;
    size_t count, capacity;
};

struct database {
    struct sd_event *event;
    char *conninfo, *password, *application_name;
    bool pipeline;
    usec_t connect_timeout, statement_timeout;
    database_state_callback *on_state;
    void *userdata;

    enum link_state link;
    PGconn *conn;
    struct sd_event_source *io;
    struct timer *timer; /* LINK_DOWN: the next attempt; else the attempt's end */
    unsigned failures;   /* attempts since the connection was up */
    unsigned session;    /* connections so far */
    struct error link_error;
    char *trying;               /* the address that the timer runs for */
    struct resolver *resolver;  /* LINK_RESOLVING */
    struct endpoints endpoints; /* what the attempt goes through; empty: libpq finds it by itself */
    size_t first_endpoint;      /* where it begins: behind one that did not answer */

    struct sd_event_source *work; /* on_work() is due */
    bool told, told_up;           /* what on_state knows */
    enum error_cause told_cause;

    struct call_list waiting, sent, done;
    struct database_call *delivering;
    struct timer *patience; /* the next deadline in `waiting` */
    usec_t patience_end;    /* when that is; INT64_MAX: not set */

    struct prepared *prepared;
    size_t prepared_count, prepared_capacity;
    bool backlog;     /* libpq holds bytes that the socket did not take */
    unsigned notices; /* how many came, for COPY */
    char sqlstate[6];
};

/* database.c: asks for on_work(). */
void database_wake(struct database *database);

/* Lists. call_finish() takes a call off its list: to `done`, or away where it was cancelled. */
void call_list_add(struct call_list *list, struct database_call *call);
void call_list_add_first(struct call_list *list, struct database_call *call);
void call_list_remove(struct call_list *list, struct database_call *call);
struct database_call *call_new(struct database *database, const struct statement *statement,
                               const char *const *params, size_t param_count, database_callback *callback,
                               void *userdata) MUST_USE;
void call_free(struct database_call *call);
void call_queue(struct database_call *call, usec_t patience);
void call_finish(struct database_call *call);

/* Fails what waits for a connection beyond its patience; `hopeless` says that waiting does not help, then
 * only those stay that have patience for ever. */
void database_end_patience(struct database *database, bool hopeless);

/* database_link.c */
void link_start(struct database *database);
void link_close(struct database *database);
/* The connection broke: what was sent fails, the next attempt is scheduled. */
void link_lost(struct database *database);
/* Waits on the socket for input, and for room while there is a backlog. */
void link_watch(struct database *database);

/* database_resolve.c: true where names must be looked up first; link_resolved() is called from the loop at
 * the end. */
bool resolver_start(struct database *database);
void resolver_cancel(struct database *database);
void link_resolved(struct database *database, const char *failure);
void endpoints_done(struct endpoints *endpoints);

/* database_exchange.c: reads where the socket has `input`, takes results, sends what may be sent; ends with
 * link_lost() where the connection turns out to be broken. */
void exchange_step(struct database *database, bool input);
/* Notes in `backlog` whether the socket took everything. False where the connection is broken. */
bool exchange_flush(struct database *database);

/* database_copy.c. The server is ready for rows; false where the connection broke. */
bool copy_begin(struct database *database, struct database_copy *copy);
/* Sends what can be sent; false where the connection broke. */
bool copy_send(struct database *database, struct database_copy *copy);
/* Input came while rows were under way; false where the connection broke. */
bool copy_interrupt(struct database *database, struct database_copy *copy);
bool copy_streams(const struct database_copy *copy);
/* The room callback, where it is due: true where it was called, nothing may be touched afterwards. */
bool copy_tell_room(struct database_copy *copy);
bool copy_room_due(const struct database_copy *copy);
void copy_free(struct database_copy *copy);

/* database_result.c: takes a failed result's error over. The text never holds parameters or rows but as far
 * as the server's primary message quotes them. */
void call_take_error(struct database_call *call, const PGresult *result);
/* One line of what libpq says about the connection, without what it adds for developers; finds the SQLSTATE
 * in it ("": none). */
void connection_message(const char *message, char *ret, size_t size, char ret_sqlstate[6]);
