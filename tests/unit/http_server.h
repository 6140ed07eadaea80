/* A small HTTP server for tests, on a loopback port of its own: a thread a connection, and a handler that
 * writes whatever bytes it likes, broken ones too. Included by one test program at a time. */
#pragma once

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/macros.h"

struct server;

/* One request as it came. */
struct exchange {
    struct server *server;
    int fd;
    unsigned number; /* 0 for the server's first request */
    char head[16384];
    char method[16], path[8192];
    char *body; /* NUL-terminated; "" where there is none */
    bool answered;
};

/* Answers a request; false closes the connection. */
typedef bool server_handler(struct exchange *exchange, void *userdata);

enum { SERVER_CONNECTIONS_MAX = 256 };

struct server {
    int fd;
    unsigned port;
    server_handler *handler;
    void *userdata;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_t threads[SERVER_CONNECTIONS_MAX];
    int fds[SERVER_CONNECTIONS_MAX]; /* -1: closed */
    atomic_uint connections, requests, busy, busiest;
};

struct server_connection {
    struct server *server;
    unsigned index;
};

/* An exchange is no longer busy when its answer begins: the client may send the next request as soon as it
 * has it. */
static UNUSED void server_answers(struct exchange *exchange) {
    if (!exchange->answered)
        atomic_fetch_sub(&exchange->server->busy, 1);
    exchange->answered = true;
}

static UNUSED void server_write(struct exchange *exchange, const void *bytes, size_t length) {
    server_answers(exchange);
    const char *next = bytes;
    while (length > 0) {
        ssize_t written = send(exchange->fd, next, length, MSG_NOSIGNAL);
        if (written <= 0)
            return;
        next += written;
        length -= (size_t)written;
    }
}

static UNUSED void server_text(struct exchange *exchange, const char *text) {
    server_write(exchange, text, strlen(text));
}

/* A whole answer; `headers` are lines that end with CRLF each, or "". */
static UNUSED bool server_reply_bytes(struct exchange *exchange, int status, const char *headers,
                                      const void *body, size_t length) {
    char head[8192];
    int size = snprintf(head, sizeof(head), "HTTP/1.1 %d Whatever\r\n%sContent-Length: %zu\r\n\r\n", status,
                        headers, length);
    assert(size > 0 && (size_t)size < sizeof(head));
    server_write(exchange, head, (size_t)size);
    server_write(exchange, body, length);
    return true;
}

static UNUSED bool server_reply(struct exchange *exchange, int status, const char *headers,
                                const char *body) {
    return server_reply_bytes(exchange, status, headers, body, strlen(body));
}

/* Ends the connection with a reset instead of a close. */
static UNUSED bool server_reset(struct exchange *exchange) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(exchange->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    return false;
}

/* The value of a request's header, copied; false where there is none. */
static UNUSED bool server_header(const struct exchange *exchange, const char *name, char *ret, size_t size) {
    size_t length = strlen(name);
    for (const char *line = exchange->head; (line = strstr(line, "\r\n"));) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            line += length + 1;
            line += strspn(line, " ");
            snprintf(ret, size, "%.*s", (int)strcspn(line, "\r"), line);
            return true;
        }
    }
    return false;
}

/* What a server of plain HTTP does when somebody comes with TLS: answers in plain text, or hangs up. */
static bool server_hangs_up_on_tls;

/* Reads a request up to its end. False where the peer has gone. */
static bool server_read(struct exchange *exchange) {
    size_t length = 0;
    char *end = NULL;
    exchange->head[0] = '\0';
    exchange->answered = true; /* not busy yet */
    if (recv(exchange->fd, exchange->head, 1, MSG_PEEK) == 1 && exchange->head[0] == 0x16) { /* a TLS hello */
        if (!server_hangs_up_on_tls)
            server_text(exchange, "HTTP/1.1 400 Plain HTTP here\r\n\r\n");
        return false;
    }
    exchange->head[0] = '\0';
    while (!(end = strstr(exchange->head, "\r\n\r\n"))) {
        ssize_t got = length + 1 < sizeof(exchange->head) ? recv(exchange->fd, exchange->head + length,
                                                                 sizeof(exchange->head) - 1 - length, 0)
                                                          : 0;
        if (got <= 0)
            return false;
        length += (size_t)got;
        exchange->head[length] = '\0';
    }
    char text[32] = "0";
    size_t have = length - (size_t)(end + 4 - exchange->head);
    server_header(exchange, "Content-Length", text, sizeof(text));
    size_t wanted = strtoul(text, NULL, 10);
    exchange->body = calloc(1, MAX(wanted, have) + 1);
    assert(exchange->body);
    memcpy(exchange->body, end + 4, have);
    end[4] = '\0';
    while (have < wanted) {
        ssize_t got = recv(exchange->fd, exchange->body + have, wanted - have, 0);
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    return sscanf(exchange->head, "%15s %8191s", exchange->method, exchange->path) == 2;
}

static bool server_exchange(struct server *server, int fd) {
    struct exchange *exchange = calloc(1, sizeof(*exchange));
    assert(exchange);
    exchange->server = server;
    exchange->fd = fd;
    bool going_on = server_read(exchange);
    if (going_on) {
        exchange->number = atomic_fetch_add(&server->requests, 1);
        exchange->answered = false;
        unsigned busy = atomic_fetch_add(&server->busy, 1) + 1;
        for (unsigned most = atomic_load(&server->busiest); busy > most;)
            if (atomic_compare_exchange_weak(&server->busiest, &most, busy))
                break;
        going_on = server->handler(exchange, server->userdata);
        server_answers(exchange);
    }
    free(exchange->body);
    free(exchange);
    return going_on;
}

static void *server_connection_thread(void *userdata) {
    struct server_connection connection = *(struct server_connection *)userdata;
    struct server *server = connection.server;
    int fd = server->fds[connection.index];
    free(userdata);
    while (server_exchange(server, fd)) {
    }
    pthread_mutex_lock(&server->mutex);
    server->fds[connection.index] = -1;
    close(fd);
    pthread_mutex_unlock(&server->mutex);
    return NULL;
}

static void *server_thread(void *userdata) {
    struct server *server = userdata;
    for (int fd; (fd = accept(server->fd, NULL, NULL)) >= 0;) {
        struct server_connection *connection = calloc(1, sizeof(*connection));
        unsigned index = atomic_load(&server->connections);
        assert(connection && index < SERVER_CONNECTIONS_MAX);
        *connection = (struct server_connection){server, index};
        server->fds[index] = fd;
        atomic_fetch_add(&server->connections, 1);
        pthread_create(&server->threads[index], NULL, server_connection_thread, connection);
    }
    return NULL;
}

static UNUSED struct server *server_start(server_handler *handler, void *userdata) {
    struct server *server = calloc(1, sizeof(*server));
    assert(server);
    server->handler = handler;
    server->userdata = userdata;
    pthread_mutex_init(&server->mutex, NULL);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int failed = bind(server->fd, (struct sockaddr *)&address, size);
    failed |= listen(server->fd, 128);
    failed |= getsockname(server->fd, (struct sockaddr *)&address, &size);
    assert(!failed);
    (void)failed;
    server->port = ntohs(address.sin_port);
    pthread_create(&server->thread, NULL, server_thread, server);
    return server;
}

static UNUSED void server_stop(struct server *server) {
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    pthread_mutex_lock(&server->mutex);
    for (unsigned i = 0; i < server->connections; i++)
        if (server->fds[i] >= 0)
            shutdown(server->fds[i], SHUT_RDWR);
    pthread_mutex_unlock(&server->mutex);
    for (unsigned i = 0; i < server->connections; i++)
        pthread_join(server->threads[i], NULL);
    close(server->fd);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}
