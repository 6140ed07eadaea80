#include "service/api_pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static void key_free(struct api_key *key) {
    LIST_REMOVE(key, entry);
    limiter_free(key->limiter);
    timer_free(key->pump);
    free(key->name);
    free(key);
}

/* One request at a time may be the last of its key: keys that nobody uses are forgotten here, when that
 * allows nothing. */
static void forget_idle_keys(struct api_pool *pool, usec_t now) {
    for (struct api_key *key = LIST_FIRST(&pool->keys), *next; key; key = next) {
        next = LIST_NEXT(key, entry);
        if (limiter_is_idle(key->limiter, now))
            key_free(key);
    }
}

static char *key_name(const struct config_api *config) {
    if (config->auth == AUTH_BEARER)
        return alloc_printf("%s\nbearer\n%d\n%s", config->base_url, config->bearer.kind,
                            config->bearer.value);
    return alloc_printf("%s\nbasic\n%d\n%s\n%d\n%s", config->base_url, config->user.kind, config->user.value,
                        config->password.kind, config->password.value);
}

struct api_key *api_key_get(struct api_pool *pool, const struct config_api *config, timer_callback *pump) {
    usec_t now = timer_now();
    CLEANUP(cleanup_free) char *name = key_name(config);
    struct api_key *key;
    LIST_FOREACH(key, &pool->keys, entry) {
        if (strcmp(key->name, name) == 0)
            return key;
    }
    forget_idle_keys(pool, now);
    key = alloc_zero(1, sizeof(*key));
    key->pool = pool;
    key->name = TAKE_PTR(name);
    key->limiter = limiter_new(now);
    key->pump = timer_new(pool->event, pump, key);
    LIST_INSERT_HEAD(&pool->keys, key, entry);
    return key;
}

struct api_pool *api_pool_new(struct sd_event *event, struct http_client *client) {
    struct api_pool *pool = alloc_zero(1, sizeof(*pool));
    pool->event = event;
    pool->client = client;
    LIST_INIT(&pool->keys);
    return pool;
}

void api_pool_free(struct api_pool *pool) {
    if (!pool)
        return;
    struct api_key *key;
    while ((key = LIST_FIRST(&pool->keys)))
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it leaves the list */
        key_free(key);
    free(pool);
}

void api_pool_observe(struct api_pool *pool, api_observer *observer, void *userdata) {
    pool->observer = observer;
    pool->observer_userdata = userdata;
}

void api_pool_unblock(struct api_pool *pool) {
    if (!pool->blocked)
        return;
    pool->blocked = false;
    struct api_key *key;
    LIST_FOREACH(key, &pool->keys, entry) {
        timer_set(key->pump, 0);
    }
}
