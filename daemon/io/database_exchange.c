#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/database_internal.h"

/* More statements than this are not handed to libpq at once: their answers would only wait in its memory. */
enum { IN_FLIGHT_MAX = 256 };

static struct prepared *prepared_entry(struct database *database, const char *name) {
    for (size_t i = 0; i < database->prepared_count; i++)
        if (strcmp(database->prepared[i].name, name) == 0)
            return &database->prepared[i];
    database->prepared = alloc_grow(database->prepared, &database->prepared_capacity,
                                    database->prepared_count + 1, sizeof(*database->prepared));
    struct prepared *entry = &database->prepared[database->prepared_count++];
    *entry = (struct prepared){.name = name};
    return entry;
}

static bool send_prepare(struct database *database, const struct prepared *entry, const char *sql) {
    CLEANUP(cleanup_free) char *name = alloc_printf("%s:%u", entry->name, entry->generation);
    return PQsendPrepare(database->conn, name, sql, 0, NULL);
}

static bool send_execute(struct database *database, struct database_call *call) {
    CLEANUP(cleanup_free) char *name = alloc_printf("%s:%u", call->statement.name, call->generation);
    return PQsendQueryPrepared(database->conn, name, (int)call->param_count,
                               (const char *const *)call->params, NULL, NULL, 0);
}

/* Without a name: the simple protocol, which pipeline mode does not know. */
static bool send_script(struct database *database, const struct database_call *call) {
    if (PQpipelineStatus(database->conn) != PQ_PIPELINE_OFF && !PQexitPipelineMode(database->conn))
        return false;
    return PQsendQuery(database->conn, call->statement.sql);
}

/* PREPARE where this connection has not done it yet, and the statement; in pipeline mode both at once, with a
 * synchronisation of their own, so that an error is nobody else's. */
static bool send_named(struct database *database, struct database_call *call) {
    bool pipeline = database->pipeline;
    if (pipeline && PQpipelineStatus(database->conn) == PQ_PIPELINE_OFF &&
        !PQenterPipelineMode(database->conn))
        return false;
    struct prepared *entry = prepared_entry(database, call->statement.name);
    if (call->repeated && entry->sent && !entry->good) { /* the second time it relies on no other's PREPARE */
        entry->generation++;
        entry->sent = false;
    }
    call->generation = entry->generation;
    call->phase = entry->sent ? PHASE_RUN : PHASE_PREPARE;
    if (!entry->sent) {
        if (!send_prepare(database, entry, call->statement.sql))
            return false;
        entry->sent = true;
        if (!pipeline)
            return true;
    }
    return send_execute(database, call) && (!pipeline || PQpipelineSync(database->conn));
}

/* May this call go to the server now, with others before it not answered yet? */
static bool may_send(const struct database *database, const struct database_call *call) {
    if (!database->sent.first)
        return true;
    return call->statement.name && PQpipelineStatus(database->conn) != PQ_PIPELINE_OFF &&
           !database->backlog && database->sent.count < IN_FLIGHT_MAX;
}

bool exchange_flush(struct database *database) {
    int left = PQflush(database->conn);
    if (left < 0)
        return false;
    database->backlog = left > 0;
    return true;
}

static bool send_call(struct database *database, struct database_call *call) {
    call_list_remove(&database->waiting, call);
    call->state = CALL_SENT;
    call_list_add(&database->sent, call);
    return (call->statement.name ? send_named(database, call) : send_script(database, call)) &&
           exchange_flush(database);
}

static bool send_all(struct database *database) {
    if (!exchange_flush(database))
        return false;
    while (database->waiting.first && may_send(database, database->waiting.first))
        if (!send_call(database, database->waiting.first))
            return false;
    struct database_copy *copy = database->sent.first ? database->sent.first->copy : NULL;
    return !copy || copy_send(database, copy);
}

/* The prepared statement has gone: a changed result type (0A000), or somebody deallocated it or its PREPARE
 * failed (26000). The statement did nothing then, and is sent once more with a new one, unless that would be
 * in a transaction, which has failed. (In pipeline mode, with more under way, libpq does not know.) */
static bool wants_repetition(const struct database *database, const struct database_call *call) {
    bool gone = strcmp(call->sqlstate, "0A000") == 0 || strcmp(call->sqlstate, "26000") == 0;
    PGTransactionStatusType status = PQtransactionStatus(database->conn);
    return gone && call->statement.name && !call->repeated &&
           (status == PQTRANS_IDLE || status == PQTRANS_ACTIVE);
}

/* The next one that is sent prepares anew, under another name. */
static void forget_prepared(struct database *database, const struct database_call *call) {
    struct prepared *entry = prepared_entry(database, call->statement.name);
    if (entry->generation != call->generation) /* somebody was quicker */
        return;
    entry->generation++;
    entry->sent = entry->good = false;
}

static void repeat(struct database *database, struct database_call *call) {
    forget_prepared(database, call);
    call->repeated = true;
    call->error = (struct error){0};
    call->sqlstate[0] = '\0';
    call_list_remove(&database->sent, call);
    call->state = CALL_WAITING;
    call_list_add_first(&database->waiting, call);
}

static void end_call(struct database *database, struct database_call *call) {
    if (wants_repetition(database, call) && call->callback)
        repeat(database, call);
    else
        call_finish(call);
    database_wake(database);
}

static void take_failure(struct database *database, struct database_call *call, const PGresult *result) {
    call_take_error(call, result);
    if (call->phase == PHASE_PREPARE) /* what was sent relying on it will say 26000 */
        forget_prepared(database, call);
    call->phase = PHASE_RUN;
}

/* Of several results the last one counts. */
static void take_success(struct database *database, struct database_call *call, PGresult **result) {
    if (call->phase == PHASE_PREPARE) {
        struct prepared *entry = prepared_entry(database, call->statement.name);
        entry->good |= entry->generation == call->generation;
        call->phase = PHASE_PREPARED;
        return;
    }
    PQclear(call->result.pg);
    call->result.pg = TAKE_PTR(*result);
}

/* A COPY that was not asked for as one: ends it at once where the server waits, gives the connection up where
 * it sends. */
static bool refuse_copy(struct database *database, struct database_call *call, ExecStatusType status) {
    error_set(&call->error, CAUSE_BUG, "COPY by database_query()");
    return status == PGRES_COPY_IN && PQputCopyEnd(database->conn, "not expected") >= 0;
}

/* Takes one result. False where the connection must be given up. */
static bool take_result(struct database *database, struct database_call *call, PGresult **result) {
    ExecStatusType status = PQresultStatus(*result);
    switch (status) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        take_success(database, call, result);
        return true;
    case PGRES_PIPELINE_ABORTED: /* behind a PREPARE that failed */
        return true;
    case PGRES_PIPELINE_SYNC:
        end_call(database, call);
        return true;
    case PGRES_COPY_IN:
        if (call->copy)
            return copy_begin(database, call->copy);
        return refuse_copy(database, call, status);
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
        return refuse_copy(database, call, status);
    default:
        take_failure(database, call, *result);
        /* libpq's own errors come last: on a dead connection more would come for ever */
        return PQstatus(database->conn) == CONNECTION_OK || PQresultErrorField(*result, PG_DIAG_SQLSTATE);
    }
}

/* No more results of one command: the PREPARE's, behind which the statement goes where it is not on its way
 * already, or the statement's own, whose end is that of the call but for pipeline mode. */
static bool end_of_results(struct database *database, struct database_call *call) {
    bool pipeline = PQpipelineStatus(database->conn) != PQ_PIPELINE_OFF;
    if (call->phase == PHASE_PREPARED) {
        call->phase = PHASE_RUN;
        return pipeline || send_execute(database, call);
    }
    if (!pipeline)
        end_call(database, call);
    return true;
}

/* Takes what has arrived. False where the connection must be given up: also where it is dead and libpq has
 * nothing to say twice, as it would for ever in pipeline mode. */
static bool take_results(struct database *database) {
    unsigned nothings = 0;
    while (database->sent.first && !PQisBusy(database->conn)) {
        struct database_call *call = database->sent.first;
        if (call->copy && copy_streams(call->copy))
            return true;
        PGresult *result = PQgetResult(database->conn);
        bool good = result ? take_result(database, call, &result) : end_of_results(database, call);
        nothings = result ? 0 : nothings + 1;
        PQclear(result);
        if (!good || (nothings > 1 && PQstatus(database->conn) != CONNECTION_OK))
            return false;
    }
    return true;
}

/* Reads what the socket has. Rows under way are stopped by it. */
static bool read_input(struct database *database) {
    bool alive = PQconsumeInput(database->conn);
    struct database_call *first = database->sent.first;
    if (!first)
        (void)PQisBusy(database->conn); /* reads notices */
    else if (first->copy && !copy_interrupt(database, first->copy))
        return false;
    return alive;
}

/* libpq reads by itself, too, where it cannot write: so results are taken before and after sending. What came
 * before the connection's end is taken as well. */
void exchange_step(struct database *database, bool input) {
    bool alive = !input || read_input(database);
    if (take_results(database) && alive && send_all(database) && take_results(database) &&
        PQstatus(database->conn) == CONNECTION_OK)
        link_watch(database);
    else
        link_lost(database);
}
