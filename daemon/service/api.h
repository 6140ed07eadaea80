/* The upstream API: paths, authorization, limits, retries, and what a failure means. Knows nothing of
 * targets' content. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/timespan.h"
#include "core/config.h"
#include "io/http.h"

struct sd_event;
struct api_pool;
struct api;
struct api_call;

/* One pool a process. It holds one limiter for each API key (same base_url, kind and place of the secret):
 * `concurrency` requests under way and `rate` requests begun in a second, shared in turn by the connections
 * that use the key, refresh polls first; all bodies held at once stay under 64 MiB (counted as max_response
 * until an answer's size is known would be too strict: as they arrive, and no new request begins above it).
 * api_pool_free() must come after the last api_free(). */
struct api_pool *api_pool_new(struct sd_event *event, struct http_client *client) MUST_USE;
void api_pool_free(struct api_pool *pool);

/* What the pool has done, for progress and metrics: called for each answer, with the route ("fields",
 * "refresh", ...), the status (0: no answer) and how long it took. May be NULL. */
typedef void api_observer(const char *route, int status, usec_t duration, void *userdata);
void api_pool_observe(struct api_pool *pool, api_observer *observer, void *userdata);

/* Access for one connection, under its configuration (which must outlive it). `connection_id` NULL: for
 * requests about the key alone. Secrets are read with the first request and again once after a 401.
 * api_free() cancels what is under way. */
struct api *api_new(struct api_pool *pool, const struct config_api *config,
                    const char *connection_id) MUST_USE;
void api_free(struct api *api);

/* A successful answer, valid during the callback; the body may be taken with buffer_take(). */
struct api_answer {
    int status;
    struct buffer body;
    const char *version; /* the API version that answered; "" where it did not say */
    usec_t asked_at; /* CLOCK_MONOTONIC just before the request that was answered began (of several tries the
                        last) */
};

/* Exactly one is given. Errors carry in their text what was asked, the status, and the API's words without
 * secrets. The call's handle is freed after the callback. */
typedef void api_callback(struct api_answer *answer, const struct error *error, void *userdata);

/* Each starts one operation and returns its handle; api_cancel() ends it without a callback and takes NULL.
 * Requests that may arrive twice are retried up to `retries` times with backoff and Retry-After, others are
 * not. */
struct api_call *api_get_me(struct api *api, api_callback *callback, void *userdata) MUST_USE;
struct api_call *api_get_connections(struct api *api, api_callback *callback, void *userdata) MUST_USE;
struct api_call *api_get_connection(struct api *api, api_callback *callback, void *userdata) MUST_USE;
struct api_call *api_get_refresh_status(struct api *api, api_callback *callback, void *userdata) MUST_USE;
struct api_call *api_list_targets(struct api *api, api_callback *callback, void *userdata) MUST_USE;

/* POST schemas/refresh, under an Idempotency-Key of its own: kept while no answer was had (lost connection,
 * timeout, 409), renewed after a recorded answer (429, 5xx). */
struct api_call *api_post_refresh(struct api *api, api_callback *callback, void *userdata) MUST_USE;

/* The fields of an existing target; with `refresh` its cache is refreshed first, and the time limit is
 * `refresh_timeout`. */
struct api_call *api_get_fields(struct api *api, const char *target_id, bool refresh, usec_t refresh_timeout,
                                api_callback *callback, void *userdata) MUST_USE;

/* The fields of a target that is not created yet. */
struct api_call *api_get_new_fields(struct api *api, const struct new_input *inputs, size_t input_count,
                                    api_callback *callback, void *userdata) MUST_USE;

/* An input that a target needs to be created, with the values that it may have: not every list of targets
 * holds them. */
struct api_call *api_get_property(struct api *api, const char *property_id, api_callback *callback,
                                  void *userdata) MUST_USE;

/* A page of the model syncs that write to the connection (of an api without one: of all that the key sees),
 * and one sync whole. `page_token` NULL: the first page. The bodies hold secrets: only core/api_json_syncs.h
 * reads them, and overwrites those. */
struct api_call *api_list_syncs(struct api *api, const char *page_token, api_callback *callback,
                                void *userdata) MUST_USE;
struct api_call *api_get_sync(struct api *api, const char *sync_id, api_callback *callback,
                              void *userdata) MUST_USE;

/* Ends a request: its callback is not called any more. Takes NULL. */
void api_cancel(struct api_call *call);

/* The secrets of this api out of a text that came from the answers: errors of their shape repeat what stands
 * there. The first returns a copy that the caller frees (NULL stays NULL). */
char *api_harmless(const struct api *api, const char *text) MUST_USE;
void api_harmless_error(const struct api *api, struct error *error);
