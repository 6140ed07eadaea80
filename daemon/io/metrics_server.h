/* A small HTTP server for those who watch: GET /metrics, /livez and /readyz, nothing else. It runs on the
 * event loop and never blocks it; what a client can take up of it is limited: connections, the size of a
 * request, the time that it may take. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/macros.h"

struct sd_event;
struct metrics_server;

/* Pages that somebody else makes; /livez is answered at once: who reads the answer knows that the loop turns.
 */
enum server_page { PAGE_METRICS, PAGE_READY, SERVER_PAGES };

/* Somebody asks for a page: metrics_server_answer() must follow, at once or a little later. Called once for
 * all who ask meanwhile. */
typedef void metrics_server_wanted(enum server_page page, void *userdata);

/* Listens, see io/listen.h. NULL on failure. metrics_server_free() closes all connections at once; takes
 * NULL, and must not be called from within `wanted`. */
struct metrics_server *metrics_server_new(struct sd_event *event, const char *listen,
                                          metrics_server_wanted *wanted, void *userdata,
                                          struct error *ret_error) MUST_USE;
void metrics_server_free(struct metrics_server *server);

/* The port that it listens on. */
unsigned metrics_server_port(const struct metrics_server *server);

/* Answers all that wait for a page, with 200 or 503. `text` comes from malloc() and belongs to the server
 * then. */
void metrics_server_answer(struct metrics_server *server, enum server_page page, bool good, char *text,
                           size_t length);
