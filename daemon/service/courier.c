#include "service/courier.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "core/event.h"
#include "core/pagerduty.h"
#include "core/slack.h"
#include "core/url.h"
#include "core/webhook.h"
#include "io/process.h"
#include "io/secret.h"
#include "io/timer.h"

enum {
    ANSWER_MAX = 4096,         /* of an answer no more is read */
    SIGNATURES_MAX = 64 * 1024 /* one for each signing secret */
};

struct courier {
    struct sd_event *event;
    struct http_client *http;
    struct courier_errand errand; /* without alert */
    char *id, *document;
    struct http_call *call;
    struct process *process;
    struct timer *timer;  /* until a failure before any request is told */
    char *host;           /* of the request under way, or the program */
    char **secrets;       /* that may come back */
    struct buffer second; /* of a PagerDuty test: what resolves it again */
    char *url;
    struct delivery_result result;
};

DEFINE_CLEANUP(char *, secret, secret_free)

static usec_t real_time(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

/* Overwrites: a body may hold PagerDuty's key. */
static void wipe_buffer(struct buffer *buffer) {
    if (buffer->data)
        explicit_bzero(buffer->data, buffer->length);
    buffer_done(buffer);
}

static void on_timer(void *userdata) {
    struct courier *courier = userdata;
    courier->errand.done(&courier->result, courier->errand.userdata);
}

static void tell_later(struct courier *courier) {
    if (!courier->timer)
        courier->timer = timer_new(courier->event, on_timer, courier);
    timer_set(courier->timer, 0);
}

/* HTTP */

static void on_answer(struct http_response *response, const struct error *error, void *userdata);

/* Takes the environment's proxy as curl reads it, but to this machine itself there is none. */
static void post(struct courier *courier, const char *const *headers, const struct buffer *body) {
    struct http_request request = {
        .method = HTTP_POST,
        .url = courier->url,
        .headers = headers,
        .body = buffer_text(body),
        .body_length = body->length,
        .timeout = courier->errand.timeout,
        .max_response = ANSWER_MAX,
        .truncate_body = true,
        .proxy = url_is_loopback(courier->url) ? "" : NULL,
    };
    courier->call = http_start(courier->http, &request, on_answer, courier);
}

static const char *const json_headers[] = {"Content-Type: application/json", NULL};

static void on_answer(struct http_response *response, const struct error *error, void *userdata) {
    struct courier *courier = userdata;
    courier->call = NULL;
    if (response)
        delivery_judge_answer(response->status, courier->host, &response->body, response->retry_after,
                              real_time(), (const char *const *)courier->secrets, &courier->result);
    else
        delivery_judge_failure(error, &courier->result);
    if (courier->result.outcome == DELIVERY_DELIVERED && courier->second.length > 0) {
        post(courier, json_headers, &courier->second);
        wipe_buffer(&courier->second);
        return;
    }
    courier->errand.done(&courier->result, courier->errand.userdata);
}

/* Takes over a URL that has been read; it may be anything. */
static bool take_url(struct courier *courier, char *url, bool allow_http, const char *const *more,
                     struct error *ret_error) {
    courier->url = url;
    courier->secrets = delivery_secrets(url, more);
    if (!url_check(url, URL_SEND, allow_http, ret_error))
        return error_prefix(ret_error, "the URL");
    courier->host = http_host(url);
    return courier->host || error_set(ret_error, CAUSE_CONFIG, "the URL is none");
}

static bool read_url(struct courier *courier, const struct config_alert *alert, const char *const *more,
                     struct error *ret_error) {
    char *url = secret_read(&alert->url, ret_error);
    if (!url)
        return error_prefix(ret_error, "the URL");
    return take_url(courier, url, alert->allow_http, more, ret_error);
}

/* Webhooks */

static bool sign_with(const struct courier *courier, const char *secret, int64_t now,
                      struct buffer *signatures, struct error *ret_error) {
    unsigned char key[WEBHOOK_SECRET_MAX];
    size_t length;
    if (!webhook_secret_parse(secret, key, &length, ret_error))
        return false;
    bool made =
        webhook_sign(key, length, courier->id, now, courier->document, strlen(courier->document), signatures);
    explicit_bzero(key, sizeof(key));
    return made || error_set(ret_error, CAUSE_BUG, "the event cannot be signed");
}

/* A signature under each of the secrets; the secrets themselves are added to `secrets`, which has room. */
static bool sign(const struct courier *courier, const struct config_alert *alert, int64_t now,
                 const char **secrets, struct buffer *signatures, struct error *ret_error) {
    for (size_t i = 0; i < alert->signing_count; i++) {
        secrets[i] = secret_read(&alert->signing[i], ret_error);
        if (!secrets[i])
            return error_prefix(ret_error, "the signing secret");
        if (!sign_with(courier, secrets[i], now, signatures, ret_error))
            return error_prefix(ret_error, "the signing secret");
    }
    return true;
}

static void post_webhook(struct courier *courier, const struct config_alert *alert, int64_t now,
                         const struct buffer *signatures) {
    enum { OWN = 4 };
    char **headers = alloc_zero(OWN + alert->header_count + 1, sizeof(*headers));
    size_t count = 0;
    headers[count++] = alloc_strdup(json_headers[0]);
    headers[count++] = alloc_printf("webhook-id: %s", courier->id);
    headers[count++] = alloc_printf("webhook-timestamp: %" PRId64, now);
    if (signatures->length > 0)
        headers[count++] = alloc_printf("webhook-signature: %s", buffer_text(signatures));
    for (size_t i = 0; i < alert->header_count; i++)
        headers[count++] = alloc_printf("%s: %s", alert->headers[i].name, alert->headers[i].value);
    struct buffer body = {.data = courier->document, .length = strlen(courier->document)};
    post(courier, (const char *const *)headers, &body);
    for (size_t i = 0; i < count; i++)
        free(headers[i]);
    free(headers);
}

static bool send_webhook(struct courier *courier, const struct config_alert *alert, struct error *ret_error) {
    int64_t now = real_time() / USEC_PER_SEC;
    const char **secrets = alloc_zero(alert->signing_count + 1, sizeof(*secrets));
    struct buffer signatures;
    buffer_init(&signatures, SIGNATURES_MAX);
    bool ready = sign(courier, alert, now, secrets, &signatures, ret_error) &&
                 read_url(courier, alert, secrets, ret_error);
    if (ready)
        post_webhook(courier, alert, now, &signatures);
    for (size_t i = 0; i < alert->signing_count; i++)
        secret_free((char *)(uintptr_t)secrets[i]);
    free(secrets);
    buffer_done(&signatures);
    return ready;
}

/* Slack and PagerDuty */

static bool send_slack(struct courier *courier, const struct config_alert *alert, const struct event *event,
                       struct error *ret_error) {
    struct buffer body;
    buffer_init(&body, SLACK_BODY_MAX);
    bool ready =
        slack_body(event, &body) || error_set(ret_error, CAUSE_TOO_LARGE, "the event is too large for Slack");
    ready = ready && read_url(courier, alert, NULL, ret_error);
    if (ready)
        post(courier, json_headers, &body);
    buffer_done(&body);
    return ready;
}

static bool send_pagerduty(struct courier *courier, const struct config_alert *alert,
                           const struct event *event, struct error *ret_error) {
    CLEANUP(cleanup_secret) char *key = secret_read(&alert->routing_key, ret_error);
    if (!key)
        return error_prefix(ret_error, "the routing key");
    struct buffer body;
    buffer_init(&body, PAGERDUTY_BODY_MAX);
    const char *more[] = {key, NULL};
    const char *url = alert->url.kind == SECRET_NONE ? COURIER_PAGERDUTY_URL : NULL;
    bool ready =
        pagerduty_body(event, key, false, &body, ret_error) &&
        (event->type != EVENT_ALERT_TEST || pagerduty_body(event, key, true, &courier->second, ret_error)) &&
        (url ? take_url(courier, alloc_strdup(url), false, more, ret_error)
             : read_url(courier, alert, more, ret_error));
    if (ready)
        post(courier, json_headers, &body);
    wipe_buffer(&body);
    return ready;
}

static bool send_formatted(struct courier *courier, const struct config_alert *alert,
                           struct error *ret_error) {
    struct event event;
    if (!event_parse(courier->document, strlen(courier->document), &event, ret_error))
        return error_prefix(ret_error, "the event");
    bool ready = alert->kind == ALERT_SLACK ? send_slack(courier, alert, &event, ret_error)
                                            : send_pagerduty(courier, alert, &event, ret_error);
    event_done(&event);
    return ready;
}

/* Programs */

static void on_output(const char *line, void *userdata) {
    struct courier *courier = userdata;
    if (courier->errand.output)
        courier->errand.output(line, courier->errand.userdata);
}

static void on_exit_status(int status, const struct error *error, void *userdata) {
    struct courier *courier = userdata;
    if (error) {
        struct error failure = *error;
        error_prefix(&failure, "%s", courier->host);
        delivery_judge_failure(&failure, &courier->result);
    } else {
        delivery_judge_exit(status, courier->host, &courier->result);
    }
    courier->errand.done(&courier->result, courier->errand.userdata);
}

static bool run_program(struct courier *courier, const struct config_alert *alert) {
    const char **arguments = alloc_zero(alert->exec.count + 1, sizeof(*arguments));
    for (size_t i = 0; i < alert->exec.count; i++)
        arguments[i] = alert->exec.items[i];
    courier->host = alloc_strdup(arguments[0]);
    struct process_request request = {
        .arguments = arguments,
        .input = courier->document,
        .input_length = strlen(courier->document),
        .timeout = courier->errand.timeout,
        .output = on_output,
        .done = on_exit_status,
        .userdata = courier,
    };
    courier->process = process_start(courier->event, &request);
    free(arguments);
    return true;
}

static bool start(struct courier *courier, const struct config_alert *alert, struct error *ret_error) {
    switch (alert->kind) {
    case ALERT_WEBHOOK:
        return send_webhook(courier, alert, ret_error);
    case ALERT_SLACK:
    case ALERT_PAGERDUTY:
        return send_formatted(courier, alert, ret_error);
    case ALERT_EXEC:
        return run_program(courier, alert);
    }
    return error_set(ret_error, CAUSE_BUG, "an alert of an unknown kind");
}

struct courier *courier_send(struct sd_event *event, struct http_client *http,
                             const struct courier_errand *errand) {
    struct courier *courier = alloc_zero(1, sizeof(*courier));
    courier->event = event;
    courier->http = http;
    courier->errand = *errand;
    courier->errand.alert = NULL;
    courier->errand.delivery_id = courier->errand.event = NULL;
    courier->id = alloc_strdup(errand->delivery_id);
    courier->document = alloc_strdup(errand->event);
    buffer_init(&courier->second, PAGERDUTY_BODY_MAX);
    struct error error = {0};
    if (!start(courier, errand->alert, &error)) {
        delivery_judge_failure(&error, &courier->result);
        tell_later(courier);
    }
    return courier;
}

void courier_free(struct courier *courier) {
    if (!courier)
        return;
    http_cancel(courier->call);
    process_free(courier->process);
    timer_free(courier->timer);
    delivery_secrets_free(courier->secrets);
    secret_free(courier->url);
    wipe_buffer(&courier->second);
    free(courier->host);
    free(courier->id);
    free(courier->document);
    free(courier);
}
