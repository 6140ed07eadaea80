/* One alert's queue while this process has its lease: one event after another is sent and marked, until
 * nothing of it is due. A mark that fails since the database is away is tried until the lease ends; then
 * whoever takes the queue over sends the event again. */
#pragma once

#include "core/config.h"
#include "core/delivery.h"
#include "io/http.h"
#include "service/store_outbox.h"

struct sd_event;
struct outbox_queue;

/* A try that has been made and marked. Valid during the call. */
struct outbox_try {
    const char *alert, *delivery_id, *type;
    int attempts; /* with this one */
    const struct delivery_result *result;
    bool given_up;
};

/* What is told while events are sent; each may be NULL. */
struct outbox_observer {
    void (*tried)(const struct outbox_try *this, void *userdata);
    void (*output)(const char *alert, const char *delivery_id, const char *line,
                   void *userdata); /* of a program */
    /* What time alone brought about (see settle() in sql/functions). */
    void (*settled)(const char *what, const char *subject, const char *detail, void *userdata);
    /* The database refuses: told once, until it does not. One that is away, or another configuration, is told
     * elsewhere. */
    void (*failed)(const struct error *error, void *userdata);
    void *userdata;
};

/* What all queues of a process share. */
struct outbox_context {
    struct sd_event *event;
    struct http_client *http;
    struct store *store;
    const struct config
        *config; /* URLs and secrets of the alerts are taken from here when an event is sent */
    struct outbox_observer observer;
};

/* The alert of that name, NULL where there is none. */
const struct config_alert *outbox_find_alert(const struct config *config, const char *name);

struct outbox_queue_options {
    const struct outbox_context *context;
    const char *due_before; /* copied; NULL: now, whenever that is */
    bool only_this;         /* this one event and no other */
    /* The lease has been given back; `error` given: it has not, and what the last try came to is not marked.
     * The queue is to be freed then, perhaps in here. Never called by outbox_queue_start() or
     * outbox_queue_stop(). */
    void (*done)(struct outbox_queue *queue, const struct error *error, void *userdata);
    void *userdata;
};

/* Takes the delivery over. Never NULL. outbox_queue_free() drops everything, and the lease runs out by
 * itself; takes NULL. */
struct outbox_queue *outbox_queue_start(const struct outbox_queue_options *options,
                                        struct store_delivery *delivery) MUST_USE;
void outbox_queue_free(struct outbox_queue *queue);

/* Does not go on after the event that is under way. */
void outbox_queue_finish(struct outbox_queue *queue);

/* Breaks off what is under way and gives the lease back; `done` follows. */
void outbox_queue_stop(struct outbox_queue *queue);
