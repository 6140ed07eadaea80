#include "service/outbox_errand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/timer.h"

static const usec_t pause_between = 300 * USEC_PER_MSEC;

struct outbox_errand {
    struct outbox_context context; /* whose observer is this errand's */
    struct outbox_observer observer;
    char *id;
    usec_t deadline; /* CLOCK_MONOTONIC */
    struct database_call *call;
    struct timer *timer; /* until the queue is asked for again */
    struct outbox_queue *queue;
    bool tried;
    struct delivery_result result;
    outbox_errand_callback *callback;
    void *userdata;
};

static void fail(struct outbox_errand *errand, const struct error *error) {
    errand->callback(NULL, error, errand->userdata);
}

static void on_tried(const struct outbox_try *this, void *userdata) {
    struct outbox_errand *errand = userdata;
    errand->tried = true;
    errand->result = *this->result;
    if (errand->observer.tried)
        errand->observer.tried(this, errand->observer.userdata);
}

static void on_output(const char *alert, const char *delivery_id, const char *line, void *userdata) {
    struct outbox_errand *errand = userdata;
    if (errand->observer.output)
        errand->observer.output(alert, delivery_id, line, errand->observer.userdata);
}

static void on_queue_done(struct outbox_queue *queue, const struct error *error, void *userdata) {
    struct outbox_errand *errand = userdata;
    struct error unknown = {0};
    (void)queue;
    if (errand->tried) {
        errand->callback(&errand->result, NULL, errand->userdata);
        return;
    }
    if (!error)
        error_set(&unknown, CAUSE_CONFIG, "the configuration has no such alert");
    fail(errand, error ? error : &unknown);
}

/* Another process has its queue, or has done with it. */
static void on_state(const struct database_result *result, const struct error *error, void *userdata) {
    struct outbox_errand *errand = userdata;
    struct error failure = {0};
    errand->call = NULL;
    if (error) {
        fail(errand, error);
        return;
    }
    if (database_rows(result) == 0) {
        error_set(&failure, CAUSE_USAGE, "there is no delivery %s", errand->id);
        fail(errand, &failure);
        return;
    }
    const char *last_error = database_value(result, 0, "last_error");
    if (strcmp(database_value(result, 0, "delivered"), "t") == 0) {
        errand->result = (struct delivery_result){.outcome = DELIVERY_DELIVERED, .status = -1};
        snprintf(errand->result.text, sizeof(errand->result.text), "delivered by another process");
    } else if (strcmp(database_value(result, 0, "given_up"), "t") == 0) {
        errand->result = (struct delivery_result){.outcome = DELIVERY_REFUSED, .status = -1};
        snprintf(errand->result.text, sizeof(errand->result.text), "given up: %.400s",
                 last_error ? last_error : "");
    } else if (timer_now() < errand->deadline) {
        timer_set(errand->timer, pause_between);
        return;
    } else {
        error_set(&failure, CAUSE_DB_BUSY,
                  "another process works on the alert's events; this one is among them");
        fail(errand, &failure);
        return;
    }
    errand->callback(&errand->result, NULL, errand->userdata);
}

static void on_claimed(const struct database_result *result, const struct error *error, void *userdata) {
    struct outbox_errand *errand = userdata;
    errand->call = NULL;
    if (error) {
        fail(errand, error);
        return;
    }
    if (database_rows(result) == 0) {
        errand->call = store_delivery_state(errand->context.store, errand->id, on_state, errand);
        return;
    }
    struct store_delivery delivery;
    store_read_delivery(result, 0, &delivery);
    struct outbox_queue_options options = {
        .context = &errand->context, .only_this = true, .done = on_queue_done, .userdata = errand};
    errand->queue = outbox_queue_start(&options, &delivery);
}

static void on_timer(void *userdata) {
    struct outbox_errand *errand = userdata;
    errand->call = store_claim_delivery(errand->context.store, errand->id, on_claimed, errand);
}

struct outbox_errand *outbox_errand_start(const struct outbox_context *context, const char *delivery_id,
                                          usec_t patience, outbox_errand_callback *callback, void *userdata) {
    struct outbox_errand *errand = alloc_zero(1, sizeof(*errand));
    errand->context = *context;
    errand->observer = context->observer;
    errand->context.observer =
        (struct outbox_observer){.tried = on_tried, .output = on_output, .userdata = errand};
    errand->id = alloc_strdup(delivery_id);
    errand->deadline = timer_now() + patience;
    errand->callback = callback;
    errand->userdata = userdata;
    errand->timer = timer_new(context->event, on_timer, errand);
    on_timer(errand);
    return errand;
}

void outbox_errand_free(struct outbox_errand *errand) {
    if (!errand)
        return;
    outbox_queue_free(errand->queue);
    database_cancel(errand->call);
    timer_free(errand->timer);
    free(errand->id);
    free(errand);
}
