#include "service/outbox_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/timer.h"
#include "service/courier.h"

/* Of the database's clock; how long one send may take lies well below. */
static const usec_t lease = 60 * USEC_PER_SEC, send_limit = 30 * USEC_PER_SEC;
static const usec_t mark_pause = 500 * USEC_PER_MSEC;

struct outbox_queue {
    struct outbox_queue_options options;
    char *due_before;
    struct store_delivery delivery;
    usec_t lease_end; /* CLOCK_MONOTONIC */
    struct courier *courier;
    struct delivery_result result;
    bool stored_badly; /* the database refused its text */
    struct database_call *call;
    struct timer *timer; /* until the next mark, or until the end is told */
    bool over;
    struct error error;
};

static void begin(struct outbox_queue *queue);
static void mark(struct outbox_queue *queue);

const struct config_alert *outbox_find_alert(const struct config *config, const char *name) {
    for (size_t i = 0; i < config->alert_count; i++)
        if (strcmp(config->alerts[i].name, name) == 0)
            return &config->alerts[i];
    return NULL;
}

static void on_timer(void *userdata) {
    struct outbox_queue *queue = userdata;
    if (queue->over)
        queue->options.done(queue, error_is_set(&queue->error) ? &queue->error : NULL,
                            queue->options.userdata);
    else
        mark(queue);
}

static void end(struct outbox_queue *queue, const struct error *error) {
    queue->over = true;
    if (error)
        queue->error = *error;
    timer_set(queue->timer, 0);
}

static void on_released(const struct database_result *result, const struct error *error, void *userdata) {
    struct outbox_queue *queue = userdata;
    (void)result;
    queue->call = NULL;
    end(queue, error);
}

static void release(struct outbox_queue *queue) {
    queue->call = store_release_alert(queue->options.context->store, &queue->delivery, on_released, queue);
}

/* Marking */

static void tell(const struct outbox_queue *queue, bool given_up) {
    const struct outbox_observer *observer = &queue->options.context->observer;
    struct outbox_try this = {.alert = queue->delivery.alert,
                              .delivery_id = queue->delivery.id,
                              .type = queue->delivery.type,
                              .attempts = queue->delivery.attempts + 1,
                              .result = &queue->result,
                              .given_up = given_up};
    if (observer->tried)
        observer->tried(&this, observer->userdata);
}

/* May the same be tried once more? A database that is away may be back before the lease ends; a text that it
 * cannot store is left out. */
static bool mark_again(struct outbox_queue *queue, const struct error *error) {
    if (error->cause == CAUSE_DB_VALUE && !queue->stored_badly) {
        queue->stored_badly = true;
        snprintf(queue->result.text, sizeof(queue->result.text), "what came back cannot be stored");
    } else if ((error->cause != CAUSE_DB_UNREACHABLE && error->cause != CAUSE_DB_BUSY) ||
               timer_now() + mark_pause >= queue->lease_end) {
        return false;
    }
    timer_set(queue->timer, mark_pause);
    return true;
}

static void on_marked(const struct database_result *result, const struct error *error, void *userdata) {
    struct outbox_queue *queue = userdata;
    queue->call = NULL;
    if (error) {
        if (!mark_again(queue, error))
            end(queue, error);
        return;
    }
    tell(queue, strcmp(database_value(result, 0, "given_up"), "t") == 0);
    if (store_read_next_delivery(result, &queue->delivery))
        begin(queue);
    else
        end(queue, NULL);
}

static void mark(struct outbox_queue *queue) {
    usec_t patience = MAX(queue->lease_end - timer_now(), 0);
    queue->call =
        store_mark_delivery(queue->options.context->store, &queue->delivery, &queue->result,
                            queue->due_before, queue->options.only_this, patience, on_marked, queue);
}

/* Sending */

static void on_sent(const struct delivery_result *result, void *userdata) {
    struct outbox_queue *queue = userdata;
    queue->result = *result;
    queue->stored_badly = false;
    courier_free(TAKE_PTR(queue->courier));
    mark(queue);
}

static void on_output(const char *line, void *userdata) {
    const struct outbox_queue *queue = userdata;
    const struct outbox_observer *observer = &queue->options.context->observer;
    if (observer->output)
        observer->output(queue->delivery.alert, queue->delivery.id, line, observer->userdata);
}

static void begin(struct outbox_queue *queue) {
    const struct outbox_context *context = queue->options.context;
    const struct config_alert *alert = outbox_find_alert(context->config, queue->delivery.alert);
    queue->lease_end = timer_now() + lease;
    if (!alert) { /* a configuration that has not been loaded into the database yet */
        release(queue);
        return;
    }
    struct courier_errand errand = {
        .alert = alert,
        .delivery_id = queue->delivery.id,
        .event = queue->delivery.event,
        .timeout = send_limit,
        .output = on_output,
        .done = on_sent,
        .userdata = queue,
    };
    queue->courier = courier_send(context->event, context->http, &errand);
}

struct outbox_queue *outbox_queue_start(const struct outbox_queue_options *options,
                                        struct store_delivery *delivery) {
    struct outbox_queue *queue = alloc_zero(1, sizeof(*queue));
    queue->options = *options;
    queue->due_before = alloc_strdup(options->due_before);
    queue->options.due_before = NULL;
    queue->delivery = *delivery;
    *delivery = (struct store_delivery){0};
    queue->timer = timer_new(options->context->event, on_timer, queue);
    begin(queue);
    return queue;
}

void outbox_queue_finish(struct outbox_queue *queue) {
    queue->options.only_this = true;
}

void outbox_queue_stop(struct outbox_queue *queue) {
    if (queue->over)
        return;
    if (queue->courier) {
        courier_free(TAKE_PTR(queue->courier));
        release(queue);
        return;
    }
    struct error error = {0};
    error_set(&error, CAUSE_CANCELLED, "stopped before it was marked");
    database_cancel(TAKE_PTR(queue->call));
    end(queue, &error);
}

void outbox_queue_free(struct outbox_queue *queue) {
    if (!queue)
        return;
    courier_free(queue->courier);
    database_cancel(queue->call);
    timer_free(queue->timer);
    store_delivery_done(&queue->delivery);
    free(queue->due_before);
    free(queue);
}
