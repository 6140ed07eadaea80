/* Whose turn it is: requests that wait for one API key, within its concurrency and its rate. Bookkeeping
 * alone, each step in constant time; the clock is an argument. */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>

#include "base/macros.h"
#include "base/timespan.h"

struct limiter;

enum limiter_level { LIMITER_URGENT, LIMITER_USUAL, LIMITER_LEVELS };

/* A request that waits; part of the caller's own struct, zeroed before its first use. */
struct limiter_ticket {
    TAILQ_ENTRY(limiter_ticket) entry;
    struct limiter_queue *queue; /* NULL: does not wait */
    enum limiter_level level;
};

/* One of those who share the key: in each level its own line, first come first served. */
struct limiter_queue {
    struct limiter *limiter;
    LIST_ENTRY(limiter_queue) member;
    unsigned concurrency;
    double rate;
    unsigned under_way;
    struct {
        TAILQ_HEAD(, limiter_ticket) tickets;
        TAILQ_ENTRY(limiter_queue) turn; /* in the limiter's ring while it has tickets */
    } levels[LIMITER_LEVELS];
};

/* A limiter without queues; never NULL. limiter_free() comes after the last limiter_detach(); it takes NULL.
 */
struct limiter *limiter_new(usec_t now) MUST_USE;
void limiter_free(struct limiter *limiter);

/* Takes a queue in with its own idea of the limits: `concurrency` at once (0 counts as 1), `rate` begun in a
 * second (0: no limit). Of all queues the strictest counts. */
void limiter_attach(struct limiter *limiter, struct limiter_queue *queue, unsigned concurrency, double rate);

/* Its tickets must have been removed. Does nothing for a queue that is not attached. */
void limiter_detach(struct limiter_queue *queue);

/* Puts a ticket at the end of its queue's line, or (`first`) at its head, for what has waited before. */
void limiter_enqueue(struct limiter_queue *queue, struct limiter_ticket *ticket, enum limiter_level level,
                     bool first);

/* Does nothing for a ticket that does not wait. */
void limiter_remove(struct limiter_ticket *ticket);

/* Takes the ticket whose turn it is: urgent ones first, the queues in turn. It counts as under way until
 * limiter_finished(). An eighth of the places (none below eight) is kept free from any one queue, so that a
 * queue whose requests hang does not hold up the others. NULL: none may begin; *ret_wait is then how long to
 * wait (USEC_NONE: until something else happens). */
struct limiter_ticket *limiter_next(struct limiter *limiter, usec_t now, usec_t *ret_wait) MUST_USE;
/* One of the queue's is over; NULL: of a queue that is detached. */
void limiter_finished(struct limiter *limiter, struct limiter_queue *queue);

/* Nothing begins before `until`: the server asked for it. */
void limiter_pause(struct limiter *limiter, usec_t until);

/* True when nobody uses it and forgetting it would allow nothing more than keeping it. */
bool limiter_is_idle(struct limiter *limiter, usec_t now);
