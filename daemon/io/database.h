/* PostgreSQL on the event loop: one statement, one callback. libpq's non-blocking interface on sd-event;
 * reconnects with backoff by itself. Statements are prepared once a connection, parameters are bound as text.
 * Callbacks never run inside the call that started the statement. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/timespan.h"

struct sd_event;
struct database;
struct database_call;
struct database_result;

/* Called when the connection has come up or has gone (`error` given): once for each change, and once more
 * where an attempt to connect fails for another cause than told before. Attempts go on; CAUSE_DB_RIGHTS and
 * CAUSE_CONFIG need somebody. */
typedef void database_state_callback(bool up, const struct error *error, void *userdata);

struct database_options {
    const char *conninfo;         /* libpq's; NULL or "": the PG* variables alone */
    const char *password;         /* NULL: as libpq finds it */
    const char *application_name; /* what pg_stat_activity shows */
    bool pipeline; /* pipeline mode: statements need not wait for each other; COPY is not possible then */
    usec_t connect_timeout;   /* of one attempt, for each address; 0: none */
    usec_t statement_timeout; /* set in the session; 0: none */
    database_state_callback *on_state;
    void *userdata;
};

/* Starts to connect and goes on trying. Strings are copied (the password is overwritten at the end). Never
 * NULL. database_free() drops everything without callbacks; takes NULL. */
struct database *database_new(struct sd_event *event, const struct database_options *options) MUST_USE;
void database_free(struct database *database);

/* A statement: a unique name for the prepared statement and its SQL. Static storage. Where `name` is NULL it
 * is not prepared, may hold several commands, and takes no parameters. */
struct statement {
    const char *name, *sql;
};

/* Exactly one is given. The result is freed after the callback. A statement whose connection breaks before
 * its result came fails with CAUSE_DB_UNREACHABLE: whether it was done is not known. */
typedef void database_callback(const struct database_result *result, const struct error *error,
                               void *userdata);

/* Queues a statement with text parameters (NULL: null), which are copied. Where the connection is down it
 * waits for it, up to `patience` microseconds (0: fails at once; < 0: for ever), and then fails with what the
 * last attempt to connect failed with. An attempt that fails with what waiting does not cure (rights, a
 * faulty conninfo) ends all patience but that for ever. In pipeline mode a statement with a name may overtake
 * another one that is prepared anew; one without a name overtakes nothing. */
struct database_call *database_query(struct database *database, const struct statement *statement,
                                     const char *const *params, size_t param_count, usec_t patience,
                                     database_callback *callback, void *userdata) MUST_USE;

/* The callback will not be called; the statement itself may still run. Takes NULL, and in the callback the
 * call itself. */
void database_cancel(struct database_call *call);

/* COPY ... FROM STDIN, on a connection that is not in pipeline mode. Rows are queued in a buffer that is sent
 * as the server takes it. */
struct database_copy;

/* Starts `sql` (a COPY statement; static storage). Where the connection is down it fails at once: what was
 * begun on the last connection is gone. `callback` is called once: with the result when database_copy_end()
 * was called and the server took all rows, or with an error at any time. Statements queued later wait for its
 * end. */
struct database_copy *database_copy_start(struct database *database, const char *sql,
                                          database_callback *callback, void *userdata) MUST_USE;

/* Queues bytes. The queue has no limit of its own: a caller stops producing while database_copy_pending() is
 * above what it wants to hold (4 MiB). */
void database_copy_put(struct database_copy *copy, const void *bytes, size_t length);
size_t database_copy_pending(const struct database_copy *copy);

/* Calls back each time the queue falls below `bytes` after having been at or above it. */
void database_copy_on_room(struct database_copy *copy, size_t bytes, void (*callback)(void *userdata),
                           void *userdata);

/* No more rows. */
void database_copy_end(struct database_copy *copy);

/* Breaks the COPY off: the server gets an error, the callback is not called. After database_copy_end() the
 * rows may be in already. Takes NULL. */
void database_copy_cancel(struct database_copy *copy);

/* Rows and columns of a result, as text; NULL: null. Columns are found by name: an unknown one is a bug and
 * ends the program. */
size_t database_rows(const struct database_result *result);
const char *database_value(const struct database_result *result, size_t row, const char *column);
size_t database_value_length(const struct database_result *result, size_t row, const char *column);
/* By number, for results that are printed whole. */
size_t database_columns(const struct database_result *result);
const char *database_column_name(const struct database_result *result, size_t column);
const char *database_cell(const struct database_result *result, size_t row, size_t column);

/* The server's SQLSTATE of the last failure of a statement, "" where there was none: valid in a callback. */
const char *database_sqlstate(const struct database *database);

/* Is there a session now? A statement that is started without one waits for it. */
bool database_is_up(const struct database *database);

/* The number of the connection, from 1; 0 while it is down. Who uses transactions of several statements
 * compares it: a new connection knows nothing of the transaction. */
unsigned database_session(const struct database *database);

/* Appends a text[] literal's item, with braces by begin and end: '{"a","b",NULL}'. False where the buffer's
 * maximum is passed: it is empty then, the calls that follow fail too, and PostgreSQL refuses it as no array
 * (CAUSE_DB_VALUE). */
bool text_array_begin(struct buffer *array);
bool text_array_add(struct buffer *array, const char *item);
bool text_array_end(struct buffer *array);

/* The items of a one-dimensional text[] literal as PostgreSQL prints it; NULL items are left out. *ret_count
 * of them; the caller frees each and the list. NULL with 0 where the literal is malformed. */
char **text_array_parse(const char *literal, size_t *ret_count) MUST_USE;
