#include "service/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/alloc.h"
#include "io/timer.h"

/* Queues at once: each waits for its receiver most of the time. */
enum { QUEUES_AT_ONCE = 512 };
/* Due times are rows, and rows may be moved by anybody: it looks at least so often. */
static const usec_t look_interval = USEC_PER_SEC;
enum { LOOKS_PER_SETTLE = 5 };
/* What is being sent when the process stops may end within this. */
static const usec_t stop_grace = 2 * USEC_PER_SEC;

/* A queue at work. */
struct worked {
    struct outbox *outbox;
    struct outbox_queue *queue;
    LIST_ENTRY(worked) entry;
};

struct outbox {
    struct outbox_context context;
    LIST_HEAD(, worked) working;
    size_t under_way;
    struct timer *timer, *grace, *later; /* `later`: tells the end of a flush */
    struct database_call *claiming, *settling;
    bool again; /* poked while it was claiming */
    unsigned looks;
    bool flushing, stopping;
    char due_before[DUE_BEFORE_SIZE]; /* of a flush; "" : not known yet */
    char failure[ERROR_TEXT_MAX];     /* that has been told */
    void (*done)(void *userdata);
    void *done_userdata;
};

static void look(struct outbox *outbox);
static void settle(struct outbox *outbox);

/* A database that is away and another configuration are told by others. */
static void note_failure(struct outbox *outbox, const struct error *error) {
    const struct outbox_observer *observer = &outbox->context.observer;
    if (!error) {
        outbox->failure[0] = '\0';
        return;
    }
    bool elsewhere = error->cause == CAUSE_DB_UNREACHABLE || error->cause == CAUSE_CONFIG_DIFFERS ||
                     error->cause == CAUSE_SCHEMA_NEW || error->cause == CAUSE_CANCELLED;
    if (elsewhere || strcmp(outbox->failure, error->text) == 0)
        return;
    snprintf(outbox->failure, sizeof(outbox->failure), "%s", error->text);
    if (observer->failed)
        observer->failed(error, observer->userdata);
}

/* Is all over that a stop or a flush waits for? */
static void finish(struct outbox *outbox) {
    bool busy = outbox->under_way > 0 || outbox->claiming || outbox->settling;
    if (busy || !outbox->done || !(outbox->stopping || outbox->flushing))
        return;
    void (*done)(void *) = TAKE_PTR(outbox->done);
    outbox->flushing = false;
    done(outbox->done_userdata);
}

static void on_later(void *userdata) {
    finish(userdata);
}

/* Queues */

static void on_queue_done(struct outbox_queue *queue, const struct error *error, void *userdata) {
    struct worked *worked = userdata;
    struct outbox *outbox = worked->outbox;
    if (error && error->cause != CAUSE_LEASE_LOST)
        note_failure(outbox, error);
    outbox_queue_free(queue);
    LIST_REMOVE(worked, entry);
    free(worked);
    outbox->under_way--;
    if (outbox->stopping)
        finish(outbox);
    else if (outbox->again || (outbox->flushing && outbox->under_way == 0))
        look(outbox);
}

static void start_queue(struct outbox *outbox, struct store_delivery *delivery) {
    struct worked *worked = alloc_zero(1, sizeof(*worked));
    worked->outbox = outbox;
    struct outbox_queue_options options = {.context = &outbox->context,
                                           .due_before = outbox->flushing ? outbox->due_before : NULL,
                                           .done = on_queue_done,
                                           .userdata = worked};
    worked->queue = outbox_queue_start(&options, delivery);
    LIST_INSERT_HEAD(&outbox->working, worked, entry);
    outbox->under_way++;
    if (outbox->stopping)
        outbox_queue_stop(worked->queue);
}

static void on_claimed(const struct database_result *result, const struct error *error, void *userdata) {
    struct outbox *outbox = userdata;
    outbox->claiming = NULL;
    note_failure(outbox, error);
    size_t count = error ? 0 : database_rows(result);
    if (count > 0 && outbox->flushing)
        snprintf(outbox->due_before, sizeof(outbox->due_before), "%s",
                 database_value(result, 0, "due_before"));
    bool more = outbox->again || (count > 0 && outbox->under_way + count >= QUEUES_AT_ONCE);
    for (size_t i = 0; i < count; i++) {
        struct store_delivery delivery;
        store_read_delivery(result, i, &delivery);
        start_queue(outbox, &delivery);
    }
    outbox->again = more && !error;
    if (outbox->again && outbox->under_way < QUEUES_AT_ONCE)
        look(outbox);
    finish(outbox);
}

/* One statement at a time. Without alerts nothing can be due. */
static void look(struct outbox *outbox) {
    if (outbox->stopping)
        return;
    if (outbox->claiming || outbox->under_way >= QUEUES_AT_ONCE) {
        outbox->again = true;
        return;
    }
    outbox->again = false;
    const struct config *config = outbox->context.config;
    if (config->alert_count == 0) {
        timer_set(outbox->later, 0);
        return;
    }
    outbox->claiming =
        store_claim_deliveries(outbox->context.store, config->digest, QUEUES_AT_ONCE - outbox->under_way,
                               outbox->due_before[0] ? outbox->due_before : NULL, on_claimed, outbox);
}

/* What time brings about */

static void on_settled(const struct database_result *result, const struct error *error, void *userdata) {
    struct outbox *outbox = userdata;
    const struct outbox_observer *observer = &outbox->context.observer;
    outbox->settling = NULL;
    note_failure(outbox, error);
    size_t count = error ? 0 : database_rows(result);
    for (size_t i = 0; i < count && observer->settled; i++)
        observer->settled(database_value(result, i, "what"), database_value(result, i, "subject"),
                          database_value(result, i, "detail"), observer->userdata);
    if (count > 0 || outbox->flushing)
        look(outbox);
    finish(outbox);
}

static void settle(struct outbox *outbox) {
    if (!outbox->settling)
        outbox->settling =
            store_settle(outbox->context.store, outbox->context.config->digest, on_settled, outbox);
}

static void on_timer(void *userdata) {
    struct outbox *outbox = userdata;
    if (outbox->looks++ % LOOKS_PER_SETTLE == 0)
        settle(outbox);
    look(outbox);
    timer_set(outbox->timer, look_interval);
}

/* The whole */

static void on_grace(void *userdata) {
    struct outbox *outbox = userdata;
    struct worked *worked;
    LIST_FOREACH(worked, &outbox->working, entry) {
        outbox_queue_stop(worked->queue);
    }
}

struct outbox *outbox_new(const struct outbox_context *context) {
    struct outbox *outbox = alloc_zero(1, sizeof(*outbox));
    outbox->context = *context;
    LIST_INIT(&outbox->working);
    outbox->timer = timer_new(context->event, on_timer, outbox);
    outbox->grace = timer_new(context->event, on_grace, outbox);
    outbox->later = timer_new(context->event, on_later, outbox);
    return outbox;
}

void outbox_start(struct outbox *outbox) {
    timer_set(outbox->timer, 0);
}

void outbox_poke(struct outbox *outbox) {
    look(outbox);
}

void outbox_reload(struct outbox *outbox, const struct config *config) {
    struct worked *worked;
    outbox->context.config = config;
    LIST_FOREACH(worked, &outbox->working, entry) {
        outbox_queue_finish(worked->queue);
    }
}

void outbox_flush(struct outbox *outbox, void (*done)(void *userdata), void *userdata) {
    outbox->flushing = true;
    outbox->done = done;
    outbox->done_userdata = userdata;
    settle(outbox);
}

void outbox_stop(struct outbox *outbox, void (*stopped)(void *userdata), void *userdata) {
    struct worked *worked;
    outbox->stopping = true;
    outbox->done = stopped;
    outbox->done_userdata = userdata;
    timer_stop(outbox->timer);
    database_cancel(TAKE_PTR(outbox->settling));
    if (!database_is_up(outbox->context.store->control)) /* else its leases would have to run out */
        database_cancel(TAKE_PTR(outbox->claiming));
    LIST_FOREACH(worked, &outbox->working, entry) {
        outbox_queue_finish(worked->queue);
    }
    timer_set(outbox->grace, stop_grace);
    finish(outbox);
}

void outbox_free(struct outbox *outbox) {
    if (!outbox)
        return;
    struct worked *worked;
    while ((worked = LIST_FIRST(&outbox->working))) {
        LIST_REMOVE(worked, entry);
        outbox_queue_free(worked->queue);
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it leaves the list */
        free(worked);
    }
    database_cancel(outbox->claiming);
    database_cancel(outbox->settling);
    timer_free(outbox->timer);
    timer_free(outbox->grace);
    timer_free(outbox->later);
    free(outbox);
}

size_t outbox_under_way(const struct outbox *outbox) {
    return outbox->under_way;
}
