/* What a try to deliver an event came to, and what follows from it. Pure. */
#pragma once

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/timespan.h"

enum delivery_outcome {
    DELIVERY_DELIVERED,
    DELIVERY_HELD,    /* not now: it is tried again, and holds the later ones back */
    DELIVERY_REFUSED, /* not this one: it is tried again, the others go on */
    DELIVERY_GONE,    /* never again: the alert is paused */
    DELIVERY_OUTCOME_COUNT,
};

/* "delivered", ... : as mark_delivery() in sql/functions takes them. */
extern const char *const delivery_outcome_names[DELIVERY_OUTCOME_COUNT];

struct delivery_result {
    enum delivery_outcome outcome;
    int status;                /* the receiver's, or of a program; -1: there was none */
    enum error_cause cause;    /* why it did not come to an answer; CAUSE_NONE: it did */
    usec_t retry_after;        /* what the receiver asked for; 0: nothing */
    char text[ERROR_TEXT_MAX]; /* what came back, for people: one line without secrets */
};

/* An answer of HTTP: 2xx is delivered, 410 gone, 429 and 5xx held, all else (redirects too) refused. `host`
 * is "host:port", all that is told of the URL; `body` what was read of the answer, `retry_after` its header
 * (NULL: none), `now` microseconds since 1970. `secrets` (ends with NULL) are replaced in what is repeated of
 * the answer. */
void delivery_judge_answer(int status, const char *host, const struct buffer *body, const char *retry_after,
                           usec_t now, const char *const *secrets, struct delivery_result *ret);

/* A program's end with a status: 0 is delivered, all else held. */
void delivery_judge_exit(int status, const char *program, struct delivery_result *ret);

/* It did not come to an answer: held; but an event that cannot be written as the receiver wants it
 * (CAUSE_SHAPE, CAUSE_TOO_LARGE) is refused. */
void delivery_judge_failure(const struct error *error, struct delivery_result *ret);

/* All that a URL has of a secret: itself, what follows the host, and the long parts of that. A list that ends
 * with NULL, whose texts the caller overwrites and frees with it by delivery_secrets_free(), which takes
 * NULL. `more` (ends with NULL, may be NULL) are copied into it. */
char **delivery_secrets(const char *url, const char *const *more) MUST_USE;
void delivery_secrets_free(char **secrets);
