/* The HTTP server: takes requests from libmicrohttpd through their life. */
#ifndef SIMULATOR_SERVER_H
#define SIMULATOR_SERVER_H

#include "simulator.h"

#include <netinet/in.h>

struct server;

/* Starts to listen; with certificate and key (texts in PEM) as HTTPS. Ends the process if that fails. */
struct server *server_start(struct simulator *simulator, const struct sockaddr_in *address,
                            const char *certificate, const char *key);

/* The port it listens on. */
unsigned server_port(const struct server *server);

/* Ends all requests and frees the server. */
void server_stop(struct server *server);

#endif
