#include "server.h"
#include "control.h"
#include "routes.h"
#include "send.h"
#include "settings.h"
#include "timer.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_CONNECTIONS = 4096, MOST_BODY = 64 << 20 };

struct server {
    struct MHD_Daemon *daemon;
};

enum phase { PHASE_NEW, PHASE_BODY, PHASE_WAITING, PHASE_DONE };

/* One request and its answer. */
struct exchange {
    struct request request;
    struct reply reply;
    enum phase phase;
    bool noted;    /* the journal counts it as under way */
    bool answered; /* the reply was made before the request was run */
    bool has_key;  /* it is the first with its Idempotency-Key, whose outcome is awaited */
    bool replayed;
    struct fault *fault;
    struct wait wait;
};

static void *begin_exchange(void *data, const char *uri, struct MHD_Connection *connection) {
    struct exchange *exchange = xcalloc(1, sizeof *exchange);

    (void)data;
    (void)connection;
    request_init(&exchange->request, uri);
    return exchange;
}

static void end_exchange(void *data, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code) {
    struct simulator *s = data;
    struct exchange *exchange = *context;

    (void)connection;
    (void)code;
    if (!exchange)
        return;
    if (exchange->has_key)
        key_forget(s->keys, exchange->request.idempotency_key);
    if (exchange->noted)
        journal_end(s->journal);
    fault_unref(exchange->fault);
    reply_free(&exchange->reply);
    request_free(&exchange->request);
    free(exchange);
    *context = NULL;
}

static void read_headers(struct MHD_Connection *connection, const char *method, struct request *request) {
    const struct {
        const char *name, **place;
    } headers[] = {
        {"Authorization", &request->authorization}, {"Idempotency-Key", &request->idempotency_key},
        {"X-Polytomic-Version", &request->version}, {"Accept-Encoding", &request->accept_encoding},
        {"User-Agent", &request->user_agent},
    };

    request->method = xstrdup(method);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        *headers[i].place = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, headers[i].name);
}

/* Whether this is the first API request on its TCP connection. */
static bool first_on_connection(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    bool *seen = info ? info->socket_context : NULL;
    bool first = seen && !*seen;

    if (seen)
        *seen = true;
    return first;
}

static void watch_connection(void *data, struct MHD_Connection *connection, void **context,
                             enum MHD_ConnectionNotificationCode code) {
    (void)data;
    (void)connection;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = xcalloc(1, sizeof(bool));
    } else {
        free(*context);
        *context = NULL;
    }
}

/* Makes a 429 and returns true if there are too many requests in this second. */
static bool over_rate(struct simulator *s, struct reply *reply) {
    int limit = setting_int(s->world->settings, "rate_limit");
    int64_t second = now_us() / 1000000;

    if (second != s->second) {
        s->second = second;
        s->in_second = 0;
    }
    if (++s->in_second <= limit || !limit)
        return false;
    reply_error(reply, 429, "too many requests");
    reply_header(reply, "Retry-After", "1");
    return true;
}

/* Decides what can be decided before any delay: faults, authorization, idempotency. */
static void admit(struct simulator *s, struct exchange *x) {
    const struct fault *fault = x->fault = faults_match(s->faults, &x->request);
    enum idempotency key;

    if (fault && fault->answers && !(fault->recorded && x->request.idempotency_key)) {
        fault_reply(fault, &x->reply);
        x->answered = true;
        return;
    }
    if (over_rate(s, &x->reply) || !api_admits(s->world, &x->request, &x->reply)) {
        x->answered = true;
        return;
    }
    key = key_begin(s->keys, &x->request, &x->reply);
    x->has_key = key == KEY_NEW;
    x->replayed = key == KEY_REPLAYED;
    x->answered = key == KEY_REPLAYED || key == KEY_REFUSED;
}

/* Runs the request, if it was not answered before, and sends the answer. */
static enum MHD_Result perform(struct simulator *s, struct exchange *x, struct MHD_Connection *connection) {
    const struct fault *fault = x->fault;

    x->phase = PHASE_DONE;
    if (!x->answered && fault && fault->answers)
        fault_reply(fault, &x->reply);
    else if (!x->answered && !(fault && fault->reset && !fault->executed))
        api_answer(s->world, &x->request, &x->reply);
    if (x->has_key && x->reply.status) {
        key_finish(s->keys, x->request.idempotency_key, &x->reply);
        x->has_key = false;
    }
    journal_answer(s->journal, &x->request, fault && fault->reset ? 0 : x->reply.status, x->replayed);
    if (fault && fault->reset)
        return send_nothing(connection);
    reply_header(&x->reply, "X-Polytomic-Version", api_version(s->world, &x->request));
    return send_reply(connection, &x->reply, fault, x->request.accept_encoding);
}

static enum MHD_Result control(struct simulator *s, struct exchange *x, struct MHD_Connection *connection) {
    x->phase = PHASE_DONE;
    control_answer(s, &x->request, &x->reply);
    return send_reply(connection, &x->reply, NULL, x->request.accept_encoding);
}

/* The request is here as a whole. */
static enum MHD_Result arrived(struct simulator *s, struct exchange *x, struct MHD_Connection *connection) {
    int delay;

    if (is_control(&x->request))
        return control(s, x, connection);
    journal_begin(s->journal, &x->request, api_route(&x->request), first_on_connection(connection));
    x->noted = true;
    admit(s, x);
    delay = api_delay_ms(s->world, &x->request) + (x->fault ? x->fault->delay_ms : 0);
    if (x->fault && x->fault->hang)
        timer_wait(connection, WAIT_FOREVER, &x->wait);
    else if (delay > 0)
        timer_wait(connection, monotonic_ms() + delay, &x->wait);
    else
        return perform(s, x, connection);
    x->phase = PHASE_WAITING;
    return MHD_YES;
}

/* MHD calls this when the headers are read, for each part of the body, at its end, and after each wait. */
static enum MHD_Result handle(void *data, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **context) {
    struct simulator *s = data;
    struct exchange *x = *context;

    (void)url;
    (void)version;
    switch (x->phase) {
    case PHASE_NEW:
        read_headers(connection, method, &x->request);
        x->phase = PHASE_BODY;
        return MHD_YES;
    case PHASE_BODY:
        if (!*upload_size)
            return arrived(s, x, connection);
        if (x->request.body.len + *upload_size > MOST_BODY)
            return MHD_NO;
        buf_add(&x->request.body, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    case PHASE_WAITING:
        return x->wait.over ? send_nothing(connection) : perform(s, x, connection);
    case PHASE_DONE:
        break;
    }
    return MHD_NO;
}

struct server *server_start(struct simulator *simulator, const struct sockaddr_in *address,
                            const char *certificate, const char *key) {
    struct server *server = xcalloc(1, sizeof *server);
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem options[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)certificate},
                                       {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key},
                                       {MHD_OPTION_END, 0, NULL}};

    if (certificate)
        flags |= MHD_USE_TLS;
    else
        options[0] = options[2];
    timer_start();
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, handle, simulator, MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_URI_LOG_CALLBACK,
        begin_exchange, NULL, MHD_OPTION_NOTIFY_COMPLETED, end_exchange, simulator,
        MHD_OPTION_NOTIFY_CONNECTION, watch_connection, NULL, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)MOST_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)65536,
        MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (!server->daemon)
        die("cannot listen there");
    return server;
}

unsigned server_port(const struct server *server) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);

    return info ? info->port : 0;
}

void server_stop(struct server *server) {
    timer_stop();
    MHD_stop_daemon(server->daemon);
    free(server);
}
