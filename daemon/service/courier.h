/* Takes one event to one alert, once: as a webhook, to Slack, to PagerDuty, or into a program. Secrets are
 * read when it is sent. */
#pragma once

#include <stddef.h>

#include "core/config.h"
#include "core/delivery.h"
#include "io/http.h"

struct sd_event;
struct courier;

/* Where PagerDuty takes events, unless the configuration says otherwise. */
#define COURIER_PAGERDUTY_URL "https://events.pagerduty.com/v2/enqueue"

struct courier_errand {
    const struct config_alert *alert; /* used by courier_send() alone */
    const char *delivery_id, *event;  /* the event's JSON; both are copied */
    usec_t timeout;                   /* of one request, or of the program */
    /* A line that a program wrote; may be NULL. */
    void (*output)(const char *line, void *userdata);
    /* What it came to; the handle is to be freed then, perhaps in here. Never called by courier_send()
     * itself. */
    void (*done)(const struct delivery_result *result, void *userdata);
    void *userdata;
};

/* Never NULL. courier_free() breaks off what is under way, without a callback; takes NULL. */
struct courier *courier_send(struct sd_event *event, struct http_client *http,
                             const struct courier_errand *errand) MUST_USE;
void courier_free(struct courier *courier);
