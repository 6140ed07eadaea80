#include "service/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <time.h>

#include "base/alloc.h"
#include "core/api_json.h"
#include "io/timer.h"
#include "service/api_outcome.h"
#include "service/api_pool.h"
#include "service/api_route.h"
#include "service/credentials.h"
#include "service/limiter.h"

enum {
    BODIES_MAX = 64 * 1024 * 1024, /* no request begins while this much is held */
    KEY_SIZE = 16,                 /* the random bytes of an Idempotency-Key */
};

struct api {
    struct api_pool *pool;
    struct api_key *key;
    const struct config_api *config;
    char *connection_id, *version_header;
    struct credentials *credentials;
    struct limiter_queue queue;
    LIST_HEAD(, api_call) calls;
};

enum call_state {
    CALL_WAITING, /* for its turn */
    CALL_ASKING,  /* a request is under way */
    CALL_RESTING, /* until the next try */
    CALL_FAILED,  /* before a request began: told in the loop's next turn */
    CALL_TELLING, /* in its callback, no longer its api's */
};

struct api_call {
    struct api *api;
    LIST_ENTRY(api_call) entry;
    enum call_state state;
    struct limiter_ticket ticket;
    enum api_route route;
    char *path, *query;
    usec_t timeout;
    unsigned tries, failures;
    bool renewed;        /* a try with other secrets has been made */
    unsigned generation; /* of the secrets that were sent */
    char idempotency_key[2 * KEY_SIZE + 1];
    usec_t asked_at;
    struct http_call *http;
    struct timer *timer; /* until the next try, or until a failure is told */
    struct error *error; /* CALL_FAILED */
    api_callback *callback;
    void *userdata;
};

static void call_free(struct api_call *call) {
    timer_free(call->timer);
    free(call->error);
    free(call->path);
    free(call->query);
    free(call);
}

/* The callback may free the api and the pool: nothing of them is touched afterwards. */
static void call_tell(struct api_call *call, struct api_answer *answer, const struct error *error) {
    LIST_REMOVE(call, entry);
    call->api = NULL;
    call->state = CALL_TELLING;
    call->callback(answer, error, call->userdata);
    call_free(call);
}

static void call_enqueue(struct api_call *call, bool first) {
    struct api *api = call->api;
    enum limiter_level level = route_info(call->route)->urgent ? LIMITER_URGENT : LIMITER_USUAL;
    call->state = CALL_WAITING;
    limiter_enqueue(&api->queue, &call->ticket, level, first);
    timer_set(api->key->pump, 0);
}

static void on_timer(void *userdata) {
    struct api_call *call = userdata;
    if (call->state == CALL_FAILED)
        call_tell(call, NULL, call->error);
    else
        call_enqueue(call, true);
}

static void call_wait(struct api_call *call, enum call_state state, usec_t delay) {
    if (!call->timer)
        call->timer = timer_new(call->api->pool->event, on_timer, call);
    call->state = state;
    timer_set(call->timer, delay);
}

static void call_fail(struct api_call *call, const struct error *error) {
    call->error = alloc_zero(1, sizeof(*call->error));
    *call->error = *error;
    call_wait(call, CALL_FAILED, 0);
}

static void fill_random(void *bytes, size_t length) {
    if (getrandom(bytes, length, 0) != (ssize_t)length)
        abort();
}

static void new_idempotency_key(struct api_call *call) {
    unsigned char bytes[KEY_SIZE];
    fill_random(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(call->idempotency_key + 2 * i, 3, "%02x", bytes[i]);
}

static usec_t real_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

/* "GET /api/...: what went wrong (3 tries)" */
static void call_describe(const struct api_call *call, struct error *error) {
    const char *method = route_info(call->route)->method == HTTP_POST ? "POST" : "GET";
    char tries[32] = "";
    if (call->tries > 1)
        snprintf(tries, sizeof(tries), " (%u tries)", call->tries);
    char text[ERROR_TEXT_MAX];
    memcpy(text, error->text, sizeof(text));
    error_set(error, error->cause, "%s %s: %s%s", method, call->path, text, tries);
}

/* A second try where the failure allows one: false where it is the end. */
static bool call_again(struct api_call *call, enum error_cause cause, const struct http_response *response) {
    struct api *api = call->api;
    if (cause == CAUSE_HTTP_401 && !call->renewed && credentials_renew(api->credentials, call->generation)) {
        call->renewed = true;
        new_idempotency_key(call);
        call_enqueue(call, true);
        return true;
    }
    uint64_t number;
    usec_t delay, retry_after = outcome_retry_after(response, real_time());
    fill_random(&number, sizeof(number));
    if (!outcome_retry(cause, api->config->retries, ++call->failures, number, retry_after, &delay))
        return false;
    if (error_class(cause)->retry == RETRY_NEWKEY)
        new_idempotency_key(call);
    if (retry_after > 0)
        limiter_pause(api->key->limiter, timer_now() + retry_after); /* it is the key that is asked to wait */
    call_wait(call, CALL_RESTING, delay);
    return true;
}

/* The place is free, and what waits for it has its turn: in the loop's next one, when the body has gone too.
 */
static void call_leave(struct api_call *call) {
    struct api_pool *pool = call->api->pool;
    limiter_finished(call->api->key->limiter, &call->api->queue);
    timer_set(call->api->key->pump, 0);
    api_pool_unblock(pool);
}

static void on_http(struct http_response *response, const struct error *failure, void *userdata) {
    struct api_call *call = userdata;
    struct api *api = call->api;
    call->http = NULL;
    call_leave(call);
    if (api->pool->observer)
        api->pool->observer(route_info(call->route)->name, response ? response->status : 0,
                            timer_now() - call->asked_at, api->pool->observer_userdata);
    struct error error;
    if (response)
        outcome_judge(call->route, api->config->base_url, response, credentials_secrets(api->credentials),
                      &error);
    else
        error = *failure;
    if (error_is_set(&error)) {
        if (call_again(call, error.cause, response))
            return;
        call_describe(call, &error);
        call_tell(call, NULL, &error);
        return;
    }
    struct api_answer answer = {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): without a response there is an error */
        .status = response->status,
        .body = response->body,
        .version = response->api_version ? response->api_version : "",
        .asked_at = call->asked_at,
    };
    buffer_init(&response->body, 0);
    call_tell(call, &answer, NULL);
    buffer_done(&answer.body);
}

static void call_ask(struct api_call *call) {
    struct api *api = call->api;
    const struct route_info *route = route_info(call->route);
    CLEANUP(cleanup_free) char *url = alloc_printf("%s%s%s", api->config->base_url, call->path, call->query);
    char key[sizeof("Idempotency-Key: ") + (size_t)2 * KEY_SIZE];
    snprintf(key, sizeof(key), "Idempotency-Key: %s", call->idempotency_key);
    const char *headers[] = {api->version_header, "Accept: application/json",
                             route->method == HTTP_POST ? key : NULL, NULL};
    struct http_request request = {
        .method = route->method,
        .url = url,
        .headers = headers,
        .timeout = call->timeout,
        .max_response = api->config->max_response,
        .ca_file = api->config->ca_file,
        .proxy = api->config->proxy,
    };
    credentials_apply(api->credentials, &request);
    call->generation = credentials_generation(api->credentials);
    call->tries++;
    call->state = CALL_ASKING;
    call->asked_at = timer_now();
    call->http = http_start(api->pool->client, &request, on_http, call);
}

/* Its turn has come. */
static void call_begin(struct api_call *call) {
    struct error error = {0};
    if (credentials_load(call->api->credentials, &error)) {
        call_ask(call);
        return;
    }
    call_leave(call);
    call_fail(call, &error);
}

static struct api_call *call_of_ticket(struct limiter_ticket *ticket) {
    return (struct api_call *)((char *)ticket - offsetof(struct api_call, ticket));
}

/* Starts what may begin now. No callback runs here. */
static void on_pump(void *userdata) {
    struct api_key *key = userdata;
    struct api_pool *pool = key->pool;
    usec_t wait = USEC_NONE, now = timer_now();
    for (;;) {
        if (http_client_held(pool->client) >= BODIES_MAX) {
            pool->blocked = true;
            return;
        }
        struct limiter_ticket *ticket = limiter_next(key->limiter, now, &wait);
        if (!ticket)
            break;
        call_begin(call_of_ticket(ticket));
    }
    if (wait != USEC_NONE)
        timer_set(key->pump, wait);
}

static struct api_call *call_new(struct api *api, enum api_route route, char *query, usec_t timeout,
                                 api_callback *callback, void *userdata) {
    struct api_call *call = alloc_zero(1, sizeof(*call));
    call->api = api;
    call->route = route;
    call->query = query;
    call->timeout = timeout;
    call->callback = callback;
    call->userdata = userdata;
    LIST_INSERT_HEAD(&api->calls, call, entry);
    new_idempotency_key(call);
    if (route_info(route)->after && !api->connection_id) {
        struct error error;
        error_set(&error, CAUSE_BUG, "the request %s needs a connection", route_info(route)->name);
        call_fail(call, &error);
        return call;
    }
    call->path = route_path(route, api->connection_id);
    call_enqueue(call, false);
    return call;
}

static struct api_call *call_plain(struct api *api, enum api_route route, api_callback *callback,
                                   void *userdata) {
    return call_new(api, route, alloc_strdup(""), api->config->timeout, callback, userdata);
}

struct api_call *api_get_me(struct api *api, api_callback *callback, void *userdata) {
    return call_plain(api, ROUTE_ME, callback, userdata);
}

struct api_call *api_get_connections(struct api *api, api_callback *callback, void *userdata) {
    return call_plain(api, ROUTE_CONNECTIONS, callback, userdata);
}

struct api_call *api_get_connection(struct api *api, api_callback *callback, void *userdata) {
    return call_plain(api, ROUTE_CONNECTION, callback, userdata);
}

struct api_call *api_get_refresh_status(struct api *api, api_callback *callback, void *userdata) {
    return call_plain(api, ROUTE_STATUS, callback, userdata);
}

struct api_call *api_list_targets(struct api *api, api_callback *callback, void *userdata) {
    return call_plain(api, ROUTE_TARGETS, callback, userdata);
}

struct api_call *api_post_refresh(struct api *api, api_callback *callback, void *userdata) {
    return call_plain(api, ROUTE_REFRESH, callback, userdata);
}

struct api_call *api_get_fields(struct api *api, const char *target_id, bool refresh, usec_t refresh_timeout,
                                api_callback *callback, void *userdata) {
    usec_t timeout = refresh ? MAX(refresh_timeout, api->config->timeout) : api->config->timeout;
    return call_new(api, ROUTE_FIELDS, route_target_query(target_id, refresh), timeout, callback, userdata);
}

struct api_call *api_get_new_fields(struct api *api, const struct new_input *inputs, size_t input_count,
                                    api_callback *callback, void *userdata) {
    return call_new(api, ROUTE_FIELDS, route_inputs_query(inputs, input_count), api->config->timeout,
                    callback, userdata);
}

struct api_call *api_get_property(struct api *api, const char *property_id, api_callback *callback,
                                  void *userdata) {
    return call_new(api, ROUTE_PROPERTY, route_id(property_id), api->config->timeout, callback, userdata);
}

struct api_call *api_list_syncs(struct api *api, const char *page_token, api_callback *callback,
                                void *userdata) {
    return call_new(api, ROUTE_SYNCS, route_syncs_query(api->connection_id, page_token), api->config->timeout,
                    callback, userdata);
}

struct api_call *api_get_sync(struct api *api, const char *sync_id, api_callback *callback, void *userdata) {
    return call_new(api, ROUTE_SYNC, route_id(sync_id), api->config->timeout, callback, userdata);
}

char *api_harmless(const struct api *api, const char *text) {
    return text ? api_redact(text, credentials_secrets(api->credentials)) : NULL;
}

void api_harmless_error(const struct api *api, struct error *error) {
    CLEANUP(cleanup_free) char *harmless = api_harmless(api, error->text);
    error_set(error, error->cause, "%s", harmless);
}

void api_cancel(struct api_call *call) {
    if (!call || call->state == CALL_TELLING)
        return;
    if (call->state == CALL_ASKING) {
        http_cancel(call->http);
        call_leave(call);
    }
    limiter_remove(&call->ticket);
    LIST_REMOVE(call, entry);
    call_free(call);
}

struct api *api_new(struct api_pool *pool, const struct config_api *config, const char *connection_id) {
    struct api *api = alloc_zero(1, sizeof(*api));
    api->pool = pool;
    api->config = config;
    api->connection_id = alloc_strdup(connection_id);
    api->version_header = alloc_printf("X-Polytomic-Version: %s", config->version);
    api->credentials = credentials_new(config);
    api->key = api_key_get(pool, config, on_pump);
    limiter_attach(api->key->limiter, &api->queue, config->concurrency, config->rate);
    LIST_INIT(&api->calls);
    return api;
}

void api_free(struct api *api) {
    if (!api)
        return;
    struct api_call *call;
    while ((call = LIST_FIRST(&api->calls)))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it leaves the list */
        api_cancel(call);
    limiter_detach(&api->queue);
    credentials_free(api->credentials);
    free(api->connection_id);
    free(api->version_header);
    free(api);
}
