/* A request as it came, and the pieces of its URL. */
#ifndef SIMULATOR_REQUEST_H
#define SIMULATOR_REQUEST_H

#include "util.h"

struct argument {
    char *name, *value; /* decoded */
};

struct request {
    char *method;
    char *path;  /* as sent */
    char *query; /* as sent, without the question mark; "" if there is none */
    struct argument *arguments;
    size_t argument_count;
    const char *authorization, *idempotency_key, *version, *accept_encoding, *user_agent; /* NULL if absent */
    struct buf body;
    uint64_t seq; /* its number in the journal */
};

/* Takes the URI apart; the rest is set by the caller. */
void request_init(struct request *request, const char *uri);

/* Frees what request_init and the caller put there, but for the header's texts. */
void request_free(struct request *request);

/* The first argument of that name, or NULL; and how many there are. */
const char *request_argument(const struct request *request, const char *name);
size_t request_argument_count(const struct request *request, const char *name);

/*
 * Whether the path has the pattern's form, where {} stands for one segment. The decoded segments go to
 * `params`, of which there must be enough; they are the caller's.
 */
bool path_matches(const char *path, const char *pattern, char **params);

#endif
