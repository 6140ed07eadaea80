#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/database_internal.h"

/* What one call to libpq is given. Larger pieces make client and server take turns. */
enum { PIECE_SIZE = 64 * 1024 };

struct piece {
    struct piece *next;
    size_t length;
    char bytes[PIECE_SIZE];
};

enum copy_state {
    COPY_STARTING,  /* the server has not asked for rows yet */
    COPY_STREAMING, /* rows go to it */
    COPY_CLOSED,    /* no more go to it: its answer is awaited, or was given */
};

struct database_copy {
    struct database_call *call; /* owns this */
    enum copy_state state;
    bool ended; /* the caller has no more rows */
    struct piece *first, *last;
    size_t pending;
    size_t room;      /* calls back below this; 0: never */
    bool room_wanted; /* `pending` has been there */
    void (*on_room)(void *userdata);
    void *room_userdata;
};

struct database_copy *database_copy_start(struct database *database, const char *sql,
                                          database_callback *callback, void *userdata) {
    struct statement statement = {NULL, sql};
    struct database_copy *copy = alloc_zero(1, sizeof(*copy));
    copy->call = call_new(database, &statement, NULL, 0, callback, userdata);
    copy->call->copy = copy;
    call_queue(copy->call, 0);
    return copy;
}

static void drop_first_piece(struct database_copy *copy) {
    struct piece *piece = copy->first;
    copy->first = piece->next;
    if (!copy->first)
        copy->last = NULL;
    copy->pending -= piece->length;
    free(piece);
}

static void drop_rows(struct database_copy *copy) {
    while (copy->first)
        drop_first_piece(copy);
}

void copy_free(struct database_copy *copy) {
    if (!copy)
        return;
    drop_rows(copy);
    free(copy);
}

bool copy_streams(const struct database_copy *copy) {
    return copy->state == COPY_STREAMING;
}

/* True where rows still have a way to the server. */
static bool takes_rows(const struct database_copy *copy) {
    bool alive = copy->call->state == CALL_WAITING || copy->call->state == CALL_SENT;
    return alive && copy->state != COPY_CLOSED && !copy->ended;
}

void database_copy_put(struct database_copy *copy, const void *bytes, size_t length) {
    if (length == 0 || !takes_rows(copy))
        return;
    for (const char *from = bytes; length > 0;) {
        if (!copy->last || copy->last->length == PIECE_SIZE) {
            struct piece *piece = alloc_resize(NULL, 1, sizeof(*piece));
            piece->next = NULL;
            piece->length = 0;
            *(copy->last ? &copy->last->next : &copy->first) = piece;
            copy->last = piece;
        }
        size_t taken = MIN(length, PIECE_SIZE - copy->last->length);
        memcpy(copy->last->bytes + copy->last->length, from, taken);
        copy->last->length += taken;
        copy->pending += taken;
        from += taken;
        length -= taken;
    }
    copy->room_wanted |= copy->room > 0 && copy->pending >= copy->room;
    database_wake(copy->call->database);
}

size_t database_copy_pending(const struct database_copy *copy) {
    return copy->pending;
}

void database_copy_on_room(struct database_copy *copy, size_t bytes, void (*callback)(void *userdata),
                           void *userdata) {
    copy->room = bytes;
    copy->on_room = callback;
    copy->room_userdata = userdata;
    copy->room_wanted = bytes > 0 && copy->pending >= bytes;
}

bool copy_room_due(const struct database_copy *copy) {
    return copy->room_wanted && copy->on_room && copy->pending < copy->room && takes_rows(copy);
}

bool copy_tell_room(struct database_copy *copy) {
    if (!copy_room_due(copy))
        return false;
    copy->room_wanted = false;
    copy->on_room(copy->room_userdata);
    return true;
}

void database_copy_end(struct database_copy *copy) {
    if (!takes_rows(copy))
        return;
    copy->ended = true;
    database_wake(copy->call->database);
}

/* Ends the stream of rows: with NULL they are kept, with a text they are not. */
static bool close_stream(struct database *database, struct database_copy *copy, const char *failure) {
    copy->state = COPY_CLOSED;
    drop_rows(copy);
    return PQputCopyEnd(database->conn, failure) > 0 && exchange_flush(database);
}

bool copy_begin(struct database *database, struct database_copy *copy) {
    copy->state = COPY_STREAMING;
    return copy->call->callback ? copy_send(database, copy) : close_stream(database, copy, "cancelled");
}

static bool input_waits(const struct database *database) {
    struct pollfd socket = {.fd = PQsocket(database->conn), .events = POLLIN};
    return poll(&socket, 1, 0) > 0;
}

/* Input is looked at before more is sent: libpq would read it where it cannot write, and the loop would not
 * hear of it. libpq never refuses bytes but grows without limit: so it gets more only when the socket took
 * what it had. */
bool copy_send(struct database *database, struct database_copy *copy) {
    if (copy->state != COPY_STREAMING)
        return true;
    while (copy->first && !database->backlog && !input_waits(database)) {
        if (PQputCopyData(database->conn, copy->first->bytes, (int)copy->first->length) <= 0)
            return false;
        drop_first_piece(copy);
        if (!exchange_flush(database))
            return false;
    }
    if (copy_room_due(copy))
        database_wake(database);
    return copy->first || database->backlog || !copy->ended || close_stream(database, copy, NULL);
}

/* libpq does not look at input while rows go out. The server has nothing to say then but notices, and an
 * error, after which it throws all rows away until it hears the end. So that end is sent as a failure: it
 * cannot do harm where it was no error. */
bool copy_interrupt(struct database *database, struct database_copy *copy) {
    if (copy->state != COPY_STREAMING)
        return true;
    unsigned notices = database->notices;
    (void)PQisBusy(database->conn); /* reads notices */
    return database->notices != notices || close_stream(database, copy, "the server interrupted the rows");
}

void database_copy_cancel(struct database_copy *copy) {
    if (!copy)
        return;
    struct database_call *call = copy->call;
    bool at_server = call->state == CALL_SENT;
    database_cancel(call); /* frees both where it is not at the server */
    if (!at_server || copy->state != COPY_STREAMING)
        return;
    /* a connection that breaks here is noticed by the loop */
    (void)close_stream(call->database, copy, "cancelled");
    database_wake(call->database);
}
