#include "io/database.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/database_internal.h"

void call_list_add(struct call_list *list, struct database_call *call) {
    call->previous = list->last;
    call->next = NULL;
    *(list->last ? &list->last->next : &list->first) = call;
    list->last = call;
    list->count++;
}

void call_list_add_first(struct call_list *list, struct database_call *call) {
    call->previous = NULL;
    call->next = list->first;
    *(list->first ? &list->first->previous : &list->last) = call;
    list->first = call;
    list->count++;
}

void call_list_remove(struct call_list *list, struct database_call *call) {
    *(call->previous ? &call->previous->next : &list->first) = call->next;
    *(call->next ? &call->next->previous : &list->last) = call->previous;
    call->previous = call->next = NULL;
    list->count--;
}

/* The list that a call is on, NULL in its callback. */
static struct call_list *list_of(struct database_call *call) {
    switch (call->state) {
    case CALL_WAITING:
        return &call->database->waiting;
    case CALL_SENT:
        return &call->database->sent;
    case CALL_DONE:
        return &call->database->done;
    default:
        return NULL;
    }
}

/* Copies the parameters: the pointers and what they point at in one piece. */
static char **params_copy(const char *const *params, size_t count) {
    size_t size = count * sizeof(char *);
    for (size_t i = 0; i < count; i++)
        size += params[i] ? strlen(params[i]) + 1 : 0;
    char **copy = alloc_zero(1, size);
    char *end = (char *)(copy + count);
    for (size_t i = 0; i < count; i++)
        if (params[i]) {
            copy[i] = end;
            end = stpcpy(end, params[i]) + 1;
        }
    return copy;
}

struct database_call *call_new(struct database *database, const struct statement *statement,
                               const char *const *params, size_t param_count, database_callback *callback,
                               void *userdata) {
    struct database_call *call = alloc_zero(1, sizeof(*call));
    call->database = database;
    call->statement = *statement;
    call->params = params_copy(params, param_count);
    call->param_count = param_count;
    call->callback = callback;
    call->userdata = userdata;
    return call;
}

void call_free(struct database_call *call) {
    PQclear(call->result.pg);
    copy_free(call->copy);
    free(call->params);
    free(call);
}

static void list_free(struct call_list *list) {
    while (list->first) {
        struct database_call *call = list->first;
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the call before has left the list */
        call_list_remove(list, call);
        call_free(call);
    }
}

void call_finish(struct database_call *call) {
    struct database *database = call->database;
    call_list_remove(list_of(call), call);
    if (!call->callback) {
        call_free(call);
        return;
    }
    call->state = CALL_DONE;
    call_list_add(&database->done, call);
    database_wake(database);
}

void call_queue(struct database_call *call, usec_t patience) {
    struct database *database = call->database;
    usec_t now = timer_now();
    call->deadline = patience < 0 || patience > INT64_MAX - now ? INT64_MAX : now + patience;
    call->state = CALL_WAITING;
    call_list_add(&database->waiting, call);
    database_wake(database);
    if (database->link != LINK_UP && call->deadline < database->patience_end) {
        database->patience_end = call->deadline;
        timer_set(database->patience, call->deadline - now);
    }
}

struct database_call *database_query(struct database *database, const struct statement *statement,
                                     const char *const *params, size_t param_count, usec_t patience,
                                     database_callback *callback, void *userdata) {
    struct database_call *call = call_new(database, statement, params, param_count, callback, userdata);
    call_queue(call, patience);
    return call;
}

void database_cancel(struct database_call *call) {
    if (!call || call->state == CALL_DELIVERING)
        return;
    call->callback = NULL;
    if (call->state == CALL_SENT) /* its result is still to come, and must be taken for its own */
        return;
    call_list_remove(list_of(call), call);
    call_free(call);
}

void database_end_patience(struct database *database, bool hopeless) {
    usec_t now = timer_now();
    database->patience_end = INT64_MAX;
    timer_stop(database->patience);
    if (database->link == LINK_UP)
        return;
    for (struct database_call *call = database->waiting.first, *next; call; call = next) {
        next = call->next;
        if (call->deadline <= now || (hopeless && call->deadline < INT64_MAX)) {
            call->error = database->link_error;
            if (!error_is_set(&call->error))
                error_set(&call->error, CAUSE_DB_UNREACHABLE, "no connection to the database yet");
            call_finish(call);
        } else {
            database->patience_end = MIN(database->patience_end, call->deadline);
        }
    }
    if (database->patience_end < INT64_MAX)
        timer_set(database->patience, database->patience_end - now);
}

static void on_patience(void *userdata) {
    database_end_patience(userdata, false);
}

void database_wake(struct database *database) {
    sd_event_source_set_enabled(database->work, SD_EVENT_ONESHOT);
}

/* True where on_state was called: nothing may be touched afterwards. */
static bool tell_state(struct database *database) {
    bool up = database->link == LINK_UP;
    struct error error = up ? (struct error){0} : database->link_error;
    if (!up && !error_is_set(&error)) /* the first attempt has not ended yet */
        return false;
    if (database->told && database->told_up == up && database->told_cause == error.cause)
        return false;
    database->told = true;
    database->told_up = up;
    database->told_cause = error.cause;
    if (!database->on_state)
        return false;
    database->on_state(up, up ? NULL : &error, database->userdata);
    return true;
}

/* The COPY that is at the server, if there is one. */
static struct database_copy *copy_under_way(const struct database *database) {
    struct database_call *call = database->sent.first;
    return call && call->callback ? call->copy : NULL;
}

static void deliver(struct database *database, struct database_call *call) {
    call_list_remove(&database->done, call);
    call->state = CALL_DELIVERING;
    database->delivering = call;
    bool failed = error_is_set(&call->error);
    if (failed)
        memcpy(database->sqlstate, call->sqlstate, sizeof(database->sqlstate));
    call->callback(failed ? NULL : &call->result, failed ? &call->error : NULL, call->userdata);
    if (call->database)
        call->database->delivering = NULL;
    call_free(call);
}

/* Sends, then calls one callback: after it the database may be gone. While there may be more to call, the
 * next turn comes. */
static int on_work(struct sd_event_source *source UNUSED, void *userdata) {
    struct database *database = userdata;
    if (database->link == LINK_UP)
        exchange_step(database, false);
    struct database_copy *copy = copy_under_way(database);
    if (database->done.first || (copy && copy_room_due(copy)))
        database_wake(database);
    if (tell_state(database))
        return 0;
    if (copy && copy_tell_room(copy))
        return 0;
    if (database->done.first)
        deliver(database, database->done.first);
    return 0;
}

/* Sources can only be refused when memory is out or the loop has ended. */
static void require(int result) {
    if (result < 0)
        abort();
}

struct database *database_new(struct sd_event *event, const struct database_options *options) {
    struct database *database = alloc_zero(1, sizeof(*database));
    database->event = sd_event_ref(event);
    database->conninfo = alloc_strdup(options->conninfo ? options->conninfo : "");
    database->password = alloc_strdup(options->password);
    database->application_name = alloc_strdup(options->application_name);
    database->pipeline = options->pipeline;
    database->connect_timeout = options->connect_timeout;
    database->statement_timeout = options->statement_timeout;
    database->on_state = options->on_state;
    database->userdata = options->userdata;
    database->patience_end = INT64_MAX;
    require(sd_event_add_defer(event, &database->work, on_work, database));
    require(sd_event_source_set_enabled(database->work, SD_EVENT_OFF));
    database->patience = timer_new(event, on_patience, database);
    link_start(database);
    return database;
}

static void free_secret(char *text) {
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void database_free(struct database *database) {
    if (!database)
        return;
    if (database->delivering)
        database->delivering->database = NULL;
    link_close(database);
    list_free(&database->waiting);
    list_free(&database->sent);
    list_free(&database->done);
    sd_event_source_disable_unref(database->work);
    timer_free(database->patience);
    timer_free(database->timer);
    endpoints_done(&database->endpoints);
    free(database->prepared);
    free_secret(database->conninfo);
    free_secret(database->password);
    free(database->application_name);
    sd_event_unref(database->event);
    free(database);
}

const char *database_sqlstate(const struct database *database) {
    return database->sqlstate;
}

bool database_is_up(const struct database *database) {
    return database->link == LINK_UP;
}

unsigned database_session(const struct database *database) {
    return database->link == LINK_UP ? database->session : 0;
}
