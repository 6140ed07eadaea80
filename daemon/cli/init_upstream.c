#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "cli/init.h"
#include "core/api_json_syncs.h"
#include "io/http.h"
#include "service/api.h"

enum { IDLE_CONNECTIONS = 16, PAGES_MAX = 1000 };

struct asking;

/* A question about a connection, an input of its new targets, or a sync. */
struct question {
    struct asking *asking;
    struct init_connection *connection;
    struct api_creation_property *property;
    const char *sync_id;
    struct api *api; /* its own, of a connection; NULL: the key's */
    struct api_call *call;
    struct question *next;
};

struct asking {
    struct sd_event *event;
    struct http_client *http;
    struct api_pool *pool;
    const struct config_api *config;
    struct api *api; /* for what is about the key alone */
    struct api_call *call;
    struct question *questions;
    struct init_found *found;
    char *page;
    size_t pages, pending;
    struct error error; /* ends it all */
};

/* The first of what could not be read is told at the end; what is left is enough for a beginning. */
static void note(struct asking *asking, const struct error *error, const char *what) {
    if (error_is_set(&asking->found->problem))
        return;
    asking->found->problem = *error;
    api_harmless_error(asking->api, &asking->found->problem);
    error_prefix(&asking->found->problem, "%s", what);
}

/* Runs the loop until nothing is pending. */
static bool wait_for_answers(struct asking *asking, struct error *ret_error) {
    while (asking->pending > 0) {
        int turned = sd_event_run(asking->event, UINT64_MAX);
        if (turned < 0)
            return error_set(ret_error, CAUSE_IO, "the event loop failed: %s", strerror(-turned));
    }
    if (error_is_set(&asking->error))
        *ret_error = asking->error;
    return !error_is_set(&asking->error);
}

static struct question *ask(struct asking *asking, const struct question *what) {
    struct question *question = alloc_zero(1, sizeof(*question));
    *question = *what;
    question->asking = asking;
    question->next = asking->questions;
    asking->questions = question;
    asking->pending++;
    return question;
}

/* Connections */

static void on_connections(struct api_answer *answer, const struct error *error, void *userdata) {
    struct asking *asking = userdata;
    struct init_found *found = asking->found;
    asking->call = NULL;
    asking->pending--;
    if (error)
        asking->error = *error;
    else if (api_parse_connections(answer->body.data, answer->body.length, &found->list, &asking->error))
        found->connections = alloc_zero(found->list.count + 1, sizeof(*found->connections));
    else
        api_harmless_error(asking->api, &asking->error);
    for (size_t i = 0; found->connections && i < found->list.count; i++)
        found->connections[i].it = &found->list.connections[i];
}

/* Syncs */

static void add_sync(struct asking *asking, const struct sync *sync) {
    struct init_found *found = asking->found;
    found->syncs =
        alloc_grow(found->syncs, &found->sync_capacity, found->sync_count + 1, sizeof(*found->syncs));
    found->syncs[found->sync_count++] = sync;
}

static void on_sync(struct api_answer *answer, const struct error *error, void *userdata) {
    struct question *question = userdata;
    struct asking *asking = question->asking;
    struct sync *sync = arena_alloc(asking->found->arena, sizeof(*sync));
    struct error wrong = {0};
    question->call = NULL;
    asking->pending--;
    if (!error && !api_parse_sync(answer->body.data, answer->body.length, question->sync_id,
                                  asking->found->arena, sync, &wrong))
        error = &wrong;
    if (error)
        note(asking, error, "a sync cannot be read");
    else
        add_sync(asking, sync);
}

static void on_syncs(struct api_answer *answer, const struct error *error, void *userdata) {
    struct asking *asking = userdata;
    struct api_sync_list list = {0};
    struct error wrong = {0};
    asking->call = NULL;
    asking->pending--;
    free(asking->page);
    asking->page = NULL;
    if (!error &&
        !api_parse_sync_list(answer->body.data, answer->body.length, asking->found->arena, &list, &wrong))
        error = &wrong;
    if (error) {
        asking->found->syncs_known = false;
        note(asking, error, "the syncs cannot be listed");
        return;
    }
    asking->page = alloc_strdup(list.next_page);
    for (size_t i = 0; i < list.count; i++) {
        if (list.syncs[i].whole) {
            add_sync(asking, list.syncs[i].whole);
            continue;
        }
        struct question *question = ask(asking, &(struct question){.sync_id = list.syncs[i].id});
        question->call = api_get_sync(asking->api, question->sync_id, on_sync, question);
    }
}

static bool ask_for_syncs(struct asking *asking, struct error *ret_error) {
    asking->found->syncs_known = true;
    do {
        asking->pending++;
        asking->call = api_list_syncs(asking->api, asking->page, on_syncs, asking);
        if (!wait_for_answers(asking, ret_error))
            return false;
    } while (asking->page && ++asking->pages < PAGES_MAX);
    return true;
}

/* Targets */

static void on_property(struct api_answer *answer, const struct error *error, void *userdata) {
    struct question *question = userdata;
    struct api_creation_property property = {0};
    struct error wrong = {0};
    question->call = NULL;
    question->asking->pending--;
    if (!error && api_parse_property(answer->body.data, answer->body.length, question->connection->list.arena,
                                     &property, &wrong)) {
        question->property->values = property.values;
        question->property->value_count = property.value_count;
    } /* else its values are not said: it is an input all the same */
}

static void on_list(struct api_answer *answer, const struct error *error, void *userdata) {
    struct question *question = userdata;
    struct init_connection *connection = question->connection;
    question->call = NULL;
    question->asking->pending--;
    if (error)
        connection->failure = *error;
    else
        connection->listed = api_parse_target_list(answer->body.data, answer->body.length, &connection->list,
                                                   &connection->failure);
    if (!connection->listed) {
        api_harmless_error(question->api, &connection->failure);
        note(question->asking, &connection->failure, "the targets of a connection cannot be listed");
        return;
    }
    for (size_t i = 0; i < connection->list.creation_count; i++) {
        struct api_creation_property *property = &connection->list.creation[i];
        if (!property->is_enum || property->value_count > 0 || !property->id)
            continue;
        struct question *more =
            ask(question->asking, &(struct question){.connection = connection, .property = property});
        more->call = api_get_property(question->api, property->id, on_property, more);
    }
}

static void ask_for_targets(struct asking *asking, struct init_connection *connection) {
    struct question *question = ask(asking, &(struct question){.connection = connection});
    question->api = api_new(asking->pool, asking->config, connection->it->id);
    question->call = api_list_targets(question->api, on_list, question);
}

static int compare_syncs(const void *a, const void *b) {
    const struct sync *const *x = a, *const *y = b;
    const char *left = (*x)->target_id, *right = (*y)->target_id;
    int order = !left || !right ? (left != NULL) - (right != NULL) : strcmp(left, right);
    if (order == 0)
        order = strcmp((*x)->name, (*y)->name);
    return order != 0 ? order : strcmp((*x)->id, (*y)->id);
}

/* The syncs of one connection; a sync that moved between two pages while they were asked for is there twice.
 */
static void take_syncs(const struct init_found *found, struct init_connection *connection) {
    connection->syncs = alloc_zero(found->sync_count + 1, sizeof(*connection->syncs));
    size_t count = 0;
    for (size_t i = 0; i < found->sync_count; i++) {
        const char *to = found->syncs[i]->connection_id;
        if (to && connection->it->id && strcasecmp(to, connection->it->id) == 0)
            connection->syncs[count++] = found->syncs[i];
    }
    if (count > 1)
        qsort(connection->syncs, count, sizeof(*connection->syncs), compare_syncs);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(connection->syncs[i - 1]->id, connection->syncs[i]->id) != 0)
            connection->syncs[connection->sync_count++] = connection->syncs[i];
}

static bool ask_all(struct asking *asking, struct error *ret_error) {
    if (sd_event_new(&asking->event) < 0)
        return error_set(ret_error, CAUSE_IO, "cannot make an event loop");
    signal(SIGPIPE, SIG_IGN); /* TLS writes to sockets that the other side has closed */
    asking->http =
        http_client_new(asking->event, "schemasyncd/" SCHEMASYNCD_VERSION, IDLE_CONNECTIONS, ret_error);
    if (!asking->http)
        return false;
    asking->pool = api_pool_new(asking->event, asking->http);
    asking->api = api_new(asking->pool, asking->config, NULL);
    asking->pending = 1;
    asking->call = api_get_connections(asking->api, on_connections, asking);
    if (!wait_for_answers(asking, ret_error) || !ask_for_syncs(asking, ret_error))
        return false;
    struct init_found *found = asking->found;
    for (size_t i = 0; i < found->list.count; i++) {
        take_syncs(found, &found->connections[i]);
        if (found->connections[i].sync_count > 0)
            ask_for_targets(asking, &found->connections[i]);
    }
    return wait_for_answers(asking, ret_error);
}

bool init_ask(const struct config_api *api, struct init_found *ret, struct error *ret_error) {
    *ret = (struct init_found){.arena = arena_new()};
    struct asking asking = {.config = api, .found = ret};
    bool done = ask_all(&asking, ret_error);
    while (asking.questions) {
        struct question *question = asking.questions;
        asking.questions = question->next;
        api_cancel(question->call);
        api_free(question->api);
        free(question);
    }
    api_cancel(asking.call);
    api_free(asking.api);
    api_pool_free(asking.pool);
    http_client_free(asking.http);
    sd_event_unref(asking.event);
    free(asking.page);
    return done;
}

void init_found_done(struct init_found *found) {
    for (size_t i = 0; found->connections && i < found->list.count; i++) {
        free(found->connections[i].syncs);
        api_target_list_done(&found->connections[i].list);
    }
    free(found->connections);
    free(found->syncs);
    api_connection_list_done(&found->list);
    arena_free(found->arena);
}
