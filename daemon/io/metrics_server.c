#include "io/metrics_server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>
#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "io/listen.h"
#include "io/timer.h"

/* More wait until one of these is over. */
enum { CONNECTIONS = 64, REQUEST_BYTES = 16384 };

/* Each connection serves one request and is closed, so these limits hold whatever a client does: from its
 * start to the whole request, and to the last byte of the answer. */
static const usec_t longest_request = 5 * USEC_PER_SEC;
static const usec_t longest_connection = 30 * USEC_PER_SEC;
static const usec_t watch_interval = USEC_PER_SEC;

struct client {
    LIST_ENTRY(client) entry;   /* of all */
    LIST_ENTRY(client) waiting; /* for a page */
    struct MHD_Connection *connection;
    usec_t since;
    enum server_page page;
    bool asked, is_waiting;
};

LIST_HEAD(clients, client);

struct metrics_server {
    struct MHD_Daemon *daemon;
    sd_event_source *source;
    struct timer *run, *watch, *tell;
    struct clients clients, waiting[SERVER_PAGES];
    bool wanted_told[SERVER_PAGES];
    bool closed; /* a connection, in this turn */
    unsigned port;
    metrics_server_wanted *wanted;
    void *userdata;
};

static const struct {
    const char *path;
    const char *text;      /* NULL: somebody else makes it */
    enum server_page page; /* that */
    const char *type;
} paths[] = {
    /* clang-format off */
    {"/livez",   "alive\n", SERVER_PAGES, "text/plain; charset=utf-8"},
    {"/readyz",  NULL,      PAGE_READY,   "text/plain; charset=utf-8"},
    {"/metrics", NULL,      PAGE_METRICS, "text/plain; version=0.0.4; charset=utf-8"},
    /* clang-format on */
};

/* The server's own turns of the loop */

/* What the library has to do: network events, what was resumed, timeouts. At its limit of connections it
 * accepts none, and does so again only in a turn that begins below it. */
static void turn(struct metrics_server *server) {
    MHD_UNSIGNED_LONG_LONG wait;
    server->closed = false;
    MHD_run(server->daemon);
    if (server->closed)
        timer_set(server->run, 0);
    else if (MHD_get_timeout(server->daemon, &wait) == MHD_YES)
        timer_set(server->run, (usec_t)MIN(wait, 60000) * USEC_PER_MSEC);
    else
        timer_stop(server->run);
}

static int on_network(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *userdata) {
    turn(userdata);
    return 0;
}

static void on_run(void *userdata) {
    turn(userdata);
}

/* Ends connections that take too long. Closing is the library's: it sees that nothing can be read or written
 * any more. One that waits for a page does not see it before that is answered, which takes a second. */
static void on_watch(void *userdata) {
    struct metrics_server *server = userdata;
    usec_t now = timer_now();
    struct client *client;
    LIST_FOREACH(client, &server->clients, entry) {
        if (now - client->since < (client->asked ? longest_connection : longest_request))
            continue;
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(client->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info)
            shutdown(info->connect_fd, SHUT_RDWR);
    }
    if (!LIST_EMPTY(&server->clients))
        timer_set(server->watch, watch_interval);
}

/* Never from within the library's callbacks: the answer may come inside the call. */
static void on_tell(void *userdata) {
    struct metrics_server *server = userdata;
    for (enum server_page page = 0; page < SERVER_PAGES; page++)
        if (!LIST_EMPTY(&server->waiting[page]) && !server->wanted_told[page]) {
            server->wanted_told[page] = true;
            server->wanted(page, server->userdata);
        }
}

/* Connections and requests */

static void on_connection(void *userdata, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what) {
    struct metrics_server *server = userdata;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        struct client *client = alloc_zero(1, sizeof(*client));
        client->connection = connection;
        client->since = timer_now();
        if (LIST_EMPTY(&server->clients))
            timer_set(server->watch, watch_interval);
        LIST_INSERT_HEAD(&server->clients, client, entry);
        *context = client;
    } else {
        struct client *client = *context;
        LIST_REMOVE(client, entry);
        if (client->is_waiting)
            LIST_REMOVE(client, waiting);
        free(client);
        *context = NULL;
        server->closed = true;
    }
}

/* A response with the headers of all; `text` is freed with it where `ours`. */
static struct MHD_Response *response_new(char *text, size_t length, bool ours, const char *type) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length, text, ours ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_MUST_COPY);
    if (!response)
        abort();
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    return response;
}

static enum MHD_Result answer_words(struct MHD_Connection *connection, unsigned status, const char *words) {
    char text[128];
    size_t length = MIN(strlen(words), sizeof(text));
    memcpy(text, words, length);
    struct MHD_Response *response = response_new(text, length, false, paths[0].type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

static bool has_body(struct MHD_Connection *connection) {
    const char *length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return (length && strcmp(length, "0") != 0) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* What a request asks for: a row of `paths`; or none, and it is answered. */
static size_t find_path(struct MHD_Connection *connection, const char *path, const char *method,
                        enum MHD_Result *ret_answered) {
    size_t row = 0;
    while (row < ARRAY_LENGTH(paths) && strcmp(paths[row].path, path) != 0)
        row++;
    if (row == ARRAY_LENGTH(paths))
        *ret_answered = answer_words(connection, MHD_HTTP_NOT_FOUND,
                                     "there is nothing here but /metrics, /livez and /readyz\n");
    else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        *ret_answered = answer_words(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET is all that is served\n");
    else if (has_body(connection))
        *ret_answered = answer_words(connection, MHD_HTTP_BAD_REQUEST, "a GET has no body here\n");
    else
        return row;
    return ARRAY_LENGTH(paths);
}

/* The library calls this twice for a request: when its head is there, and when it is over. */
static enum MHD_Result on_request(void *userdata, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version UNUSED, const char *upload UNUSED,
                                  size_t *upload_size UNUSED, void **request) {
    struct metrics_server *server = userdata;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct client *client = info ? info->socket_context : NULL;
    enum MHD_Result answered = MHD_NO;
    size_t row = client ? find_path(connection, path, method, &answered) : ARRAY_LENGTH(paths);
    if (row == ARRAY_LENGTH(paths))
        return answered;
    client->asked = true;
    if (!*request) {
        *request = server; /* something that is not NULL */
        return MHD_YES;
    }
    if (paths[row].text)
        return answer_words(connection, MHD_HTTP_OK, paths[row].text);
    client->page = paths[row].page;
    client->is_waiting = true;
    LIST_INSERT_HEAD(&server->waiting[client->page], client, waiting);
    MHD_suspend_connection(connection);
    timer_set(server->tell, 0);
    return MHD_YES;
}

void metrics_server_answer(struct metrics_server *server, enum server_page page, bool good, char *text,
                           size_t length) {
    size_t row = 0;
    while (paths[row].page != page)
        row++;
    struct MHD_Response *response = response_new(text, length, true, paths[row].type);
    struct client *client;
    while ((client = LIST_FIRST(&server->waiting[page]))) {
        LIST_REMOVE(client, waiting);
        client->is_waiting = false;
        MHD_queue_response(client->connection, good ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, response);
        MHD_resume_connection(client->connection);
    }
    MHD_destroy_response(response); /* goes with the last that sends it */
    server->wanted_told[page] = false;
    timer_set(server->run, 0);
}

/* The server */

static void on_panic(void *userdata UNUSED, const char *file UNUSED, unsigned line UNUSED,
                     const char *reason UNUSED) {
    abort();
}

static bool start(struct metrics_server *server, struct sd_event *event, int fd) {
    MHD_set_panic_func(on_panic, NULL);
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET,
        fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)REQUEST_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
    if (!server->daemon)
        return false;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info && sd_event_add_io(event, &server->source, info->epoll_fd, EPOLLIN, on_network, server) >= 0;
}

struct metrics_server *metrics_server_new(struct sd_event *event, const char *listen,
                                          metrics_server_wanted *wanted, void *userdata,
                                          struct error *ret_error) {
    int fd = listen_open(listen, ret_error);
    if (fd < 0)
        return NULL;
    struct metrics_server *server = alloc_zero(1, sizeof(*server));
    server->wanted = wanted;
    server->userdata = userdata;
    server->port = listen_port(fd);
    server->run = timer_new(event, on_run, server);
    server->watch = timer_new(event, on_watch, server);
    server->tell = timer_new(event, on_tell, server);
    if (start(server, event, fd))
        return server;
    error_set(ret_error, CAUSE_IO, "cannot serve on %s", listen);
    if (!server->daemon)
        close(fd);
    metrics_server_free(server);
    return NULL;
}

void metrics_server_free(struct metrics_server *server) {
    if (!server)
        return;
    struct client *client;
    for (enum server_page page = 0; page < SERVER_PAGES; page++)
        LIST_FOREACH(client, &server->waiting[page], waiting) {
            MHD_resume_connection(client->connection); /* nothing may be suspended at the end */
        }
    sd_event_source_disable_unref(server->source);
    if (server->daemon)
        MHD_stop_daemon(server->daemon); /* closes the listening socket too */
    timer_free(server->run);
    timer_free(server->watch);
    timer_free(server->tell);
    free(server);
}

unsigned metrics_server_port(const struct metrics_server *server) {
    return server->port;
}
