#include "service/limiter.h"

#include <limits.h>
#include <stdlib.h>

#include "base/alloc.h"

struct limiter {
    LIST_HEAD(, limiter_queue) members;
    TAILQ_HEAD(ring, limiter_queue)
    rings[LIMITER_LEVELS]; /* the queues that have tickets; the first has its turn */
    unsigned concurrency, under_way;
    double rate;   /* 0: no limit */
    double tokens; /* requests that may begin now */
    usec_t filled_at, paused_until;
};

static double bucket_size(double rate) {
    return rate > 1 ? rate : 1;
}

static void refill(struct limiter *limiter, usec_t now) {
    double elapsed = (double)(now - limiter->filled_at) / (double)USEC_PER_SEC;
    if (elapsed > 0)
        limiter->tokens += elapsed * limiter->rate;
    if (limiter->tokens > bucket_size(limiter->rate))
        limiter->tokens = bucket_size(limiter->rate);
    limiter->filled_at = MAX(limiter->filled_at, now);
}

struct limiter *limiter_new(usec_t now) {
    struct limiter *limiter = alloc_zero(1, sizeof(*limiter));
    LIST_INIT(&limiter->members);
    for (size_t i = 0; i < LIMITER_LEVELS; i++)
        TAILQ_INIT(&limiter->rings[i]);
    limiter->concurrency = UINT_MAX;
    limiter->filled_at = limiter->paused_until = now;
    return limiter;
}

void limiter_free(struct limiter *limiter) {
    free(limiter);
}

static void tighten(struct limiter *limiter, const struct limiter_queue *queue) {
    limiter->concurrency = MIN(limiter->concurrency, queue->concurrency);
    if (queue->rate > 0 && (limiter->rate <= 0 || queue->rate < limiter->rate))
        limiter->rate = queue->rate;
}

void limiter_attach(struct limiter *limiter, struct limiter_queue *queue, unsigned concurrency, double rate) {
    *queue = (struct limiter_queue){.limiter = limiter, .concurrency = MAX(concurrency, 1U), .rate = rate};
    for (size_t i = 0; i < LIMITER_LEVELS; i++)
        TAILQ_INIT(&queue->levels[i].tickets);
    bool unlimited = limiter->rate <= 0;
    LIST_INSERT_HEAD(&limiter->members, queue, member);
    tighten(limiter, queue);
    if (unlimited)
        limiter->tokens = bucket_size(limiter->rate);
}

/* The limits stay where no one is left, so that the bucket goes on filling as it did. */
static void loosen(struct limiter *limiter) {
    if (LIST_EMPTY(&limiter->members))
        return;
    limiter->concurrency = UINT_MAX;
    limiter->rate = 0;
    struct limiter_queue *queue;
    LIST_FOREACH(queue, &limiter->members, member) {
        tighten(limiter, queue);
    }
}

/* Is there somebody else with the same limits? Then nothing changes; with one configuration the first one is.
 */
static bool has_twin(const struct limiter *limiter, const struct limiter_queue *queue) {
    const struct limiter_queue *other = LIST_FIRST(&limiter->members);
    return other && other->concurrency == queue->concurrency && !(other->rate < queue->rate) &&
           !(other->rate > queue->rate);
}

void limiter_detach(struct limiter_queue *queue) {
    struct limiter *limiter = queue->limiter;
    if (!limiter)
        return;
    LIST_REMOVE(queue, member);
    queue->limiter = NULL;
    if (!has_twin(limiter, queue))
        loosen(limiter);
}

void limiter_enqueue(struct limiter_queue *queue, struct limiter_ticket *ticket, enum limiter_level level,
                     bool first) {
    ticket->queue = queue;
    ticket->level = level;
    if (TAILQ_EMPTY(&queue->levels[level].tickets))
        TAILQ_INSERT_TAIL(&queue->limiter->rings[level], queue, levels[level].turn);
    if (first)
        TAILQ_INSERT_HEAD(&queue->levels[level].tickets, ticket, entry);
    else
        TAILQ_INSERT_TAIL(&queue->levels[level].tickets, ticket, entry);
}

void limiter_remove(struct limiter_ticket *ticket) {
    struct limiter_queue *queue = ticket->queue;
    if (!queue)
        return;
    TAILQ_REMOVE(&queue->levels[ticket->level].tickets, ticket, entry);
    if (TAILQ_EMPTY(&queue->levels[ticket->level].tickets))
        TAILQ_REMOVE(&queue->limiter->rings[ticket->level], queue, levels[ticket->level].turn);
    ticket->queue = NULL;
}

/* How many of the places one queue may take. */
static unsigned share(const struct limiter *limiter) {
    enum { KEPT_FREE = 8 };
    return limiter->concurrency - limiter->concurrency / KEPT_FREE;
}

/* The queue whose turn it is. One that has its share already is passed over: there is one such at most. */
static struct limiter_queue *whose_turn(const struct limiter *limiter, enum limiter_level level) {
    struct limiter_queue *queue;
    TAILQ_FOREACH(queue, &limiter->rings[level], levels[level].turn) {
        if (queue->under_way < share(limiter))
            return queue;
    }
    return NULL;
}

/* The first ticket of the queue whose turn it is; the queue goes to the ring's end. */
static struct limiter_ticket *take(struct limiter *limiter, struct limiter_queue *queue,
                                   enum limiter_level level) {
    TAILQ_REMOVE(&limiter->rings[level], queue, levels[level].turn);
    TAILQ_INSERT_TAIL(&limiter->rings[level], queue, levels[level].turn);
    struct limiter_ticket *ticket = TAILQ_FIRST(&queue->levels[level].tickets);
    limiter_remove(ticket);
    queue->under_way++;
    limiter->under_way++;
    return ticket;
}

static usec_t time_to_token(struct limiter *limiter, usec_t now) {
    if (limiter->rate <= 0)
        return 0;
    refill(limiter, now);
    if (limiter->tokens >= 1)
        return 0;
    double wait = (1 - limiter->tokens) / limiter->rate * (double)USEC_PER_SEC + 1;
    return wait < (double)USEC_PER_DAY ? (usec_t)wait : USEC_PER_DAY;
}

struct limiter_ticket *limiter_next(struct limiter *limiter, usec_t now, usec_t *ret_wait) {
    *ret_wait = USEC_NONE;
    if (limiter->under_way >= limiter->concurrency)
        return NULL;
    enum limiter_level level = LIMITER_URGENT;
    struct limiter_queue *queue = whose_turn(limiter, level);
    if (!queue)
        queue = whose_turn(limiter, level = LIMITER_USUAL);
    if (!queue)
        return NULL;
    usec_t wait = MAX(limiter->paused_until - now, time_to_token(limiter, now));
    if (wait > 0) {
        *ret_wait = wait;
        return NULL;
    }
    if (limiter->rate > 0)
        limiter->tokens -= 1;
    return take(limiter, queue, level);
}

void limiter_finished(struct limiter *limiter, struct limiter_queue *queue) {
    limiter->under_way--;
    if (queue)
        queue->under_way--;
}

void limiter_pause(struct limiter *limiter, usec_t until) {
    limiter->paused_until = MAX(limiter->paused_until, until);
}

bool limiter_is_idle(struct limiter *limiter, usec_t now) {
    if (!LIST_EMPTY(&limiter->members) || limiter->under_way > 0 || limiter->paused_until > now)
        return false;
    refill(limiter, now);
    return limiter->rate <= 0 || limiter->tokens >= bucket_size(limiter->rate);
}
