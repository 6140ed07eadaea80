/* The inside of a pool: the API keys that are in use, each with its limiter. Only for service/api. */
#pragma once

#include <sys/queue.h>

#include "io/timer.h"
#include "service/api.h"
#include "service/limiter.h"

/* What those share who use one API key. */
struct api_key {
    LIST_ENTRY(api_key) entry;
    struct api_pool *pool;
    char *name; /* base URL, kind and place of the secret */
    struct limiter *limiter;
    struct timer *pump; /* starts what may begin */
};

struct api_pool {
    struct sd_event *event;
    struct http_client *client;
    LIST_HEAD(, api_key) keys;
    bool blocked; /* somebody waits for bodies to go */
    api_observer *observer;
    void *observer_userdata;
};

/* The key of this configuration, made where it is new; its timer calls `pump` with the key. Owned by the
 * pool. */
struct api_key *api_key_get(struct api_pool *pool, const struct config_api *config,
                            timer_callback *pump) MUST_USE;

/* Bodies have gone: all keys have their turn again where one had to wait for that. */
void api_pool_unblock(struct api_pool *pool);
