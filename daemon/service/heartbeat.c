#include "service/heartbeat.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "core/url.h"
#include "io/secret.h"
#include "io/timer.h"

enum { ANSWER_MAX = 4096 };
static const usec_t longest_request = 30 * USEC_PER_SEC;

struct heartbeat {
    struct heartbeat_options options;
    const struct config *config;
    struct timer *timer;
    struct database_call *asking;
    struct http_call *call;
    enum heartbeat_state state;
};

DEFINE_CLEANUP(char *, secret, secret_free)

static void become(struct heartbeat *heartbeat, enum heartbeat_state state, const char *why) {
    bool news = state != heartbeat->state;
    heartbeat->state = state;
    if (news && heartbeat->options.told)
        heartbeat->options.told(state, why, heartbeat->options.userdata);
}

static void on_answer(struct http_response *response, const struct error *error, void *userdata) {
    struct heartbeat *heartbeat = userdata;
    struct error refused = {0};
    heartbeat->call = NULL;
    if (response && (response->status < 200 || response->status > 299)) {
        error_set(&refused, CAUSE_HTTP_OTHER, "the heartbeat's URL answered %d", response->status);
        error = &refused;
    }
    become(heartbeat, error ? HEARTBEAT_FAILED : HEARTBEAT_SENT, error ? error->text : "");
}

static void send_beat(struct heartbeat *heartbeat) {
    const struct config *config = heartbeat->config;
    struct error error = {0};
    CLEANUP(cleanup_secret) char *url = secret_read(&config->heartbeat_url, &error);
    if (!url || !url_check(url, URL_SEND, config->heartbeat_allow_http, &error)) {
        error_prefix(&error, "the heartbeat's URL");
        become(heartbeat, HEARTBEAT_FAILED, error.text);
        return;
    }
    struct http_request request = {
        .method = HTTP_GET,
        .url = url,
        .timeout = MIN(longest_request, config->heartbeat_every / 2),
        .max_response = ANSWER_MAX,
        .truncate_body = true,
        .proxy = url_is_loopback(url) ? "" : NULL,
    };
    heartbeat->call = http_start(heartbeat->options.http, &request, on_answer, heartbeat);
}

static void on_order(const struct database_result *result, const struct error *error, void *userdata) {
    struct heartbeat *heartbeat = userdata;
    heartbeat->asking = NULL;
    if (error)
        return;
    const char *why = database_value(result, 0, "why");
    if (why)
        become(heartbeat, HEARTBEAT_WITHHELD, why);
    else
        send_beat(heartbeat);
}

/* One that has not been answered until the next is due is given up. */
static void on_timer(void *userdata) {
    struct heartbeat *heartbeat = userdata;
    http_cancel(TAKE_PTR(heartbeat->call));
    database_cancel(TAKE_PTR(heartbeat->asking));
    heartbeat->asking = store_in_order(heartbeat->options.store, on_order, heartbeat);
    timer_set(heartbeat->timer, heartbeat->config->heartbeat_every);
}

void heartbeat_reload(struct heartbeat *heartbeat, const struct config *config) {
    heartbeat->config = config;
    if (config->heartbeat_url.kind != SECRET_NONE)
        timer_set(heartbeat->timer, 0);
    else
        timer_stop(heartbeat->timer);
}

struct heartbeat *heartbeat_new(const struct heartbeat_options *options, const struct config *config) {
    struct heartbeat *heartbeat = alloc_zero(1, sizeof(*heartbeat));
    heartbeat->options = *options;
    heartbeat->timer = timer_new(options->event, on_timer, heartbeat);
    heartbeat_reload(heartbeat, config);
    return heartbeat;
}

void heartbeat_free(struct heartbeat *heartbeat) {
    if (!heartbeat)
        return;
    http_cancel(heartbeat->call);
    database_cancel(heartbeat->asking);
    timer_free(heartbeat->timer);
    free(heartbeat);
}
