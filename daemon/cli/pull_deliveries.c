#include "cli/pull_deliveries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/terminal.h"
#include "service/outbox.h"

/* An alert that events did not reach. */
struct failing {
    char *alert, *text; /* what the first of them came to */
    size_t count;
};

struct pull_deliveries {
    struct outbox *outbox;
    void (*done)(void *userdata);
    void *userdata;
    size_t delivered;
    struct failing *failing;
    size_t failing_count, failing_capacity;
    char refusal[ERROR_TEXT_MAX]; /* what the database failed with */
};

static struct failing *failing_of(struct pull_deliveries *deliveries, const char *alert, const char *text) {
    for (size_t i = 0; i < deliveries->failing_count; i++)
        if (strcmp(deliveries->failing[i].alert, alert) == 0)
            return &deliveries->failing[i];
    deliveries->failing = alloc_grow(deliveries->failing, &deliveries->failing_capacity,
                                     deliveries->failing_count + 1, sizeof(*deliveries->failing));
    struct failing *failing = &deliveries->failing[deliveries->failing_count++];
    *failing = (struct failing){.alert = alloc_strdup(alert), .text = alloc_strdup(text)};
    return failing;
}

static void on_tried(const struct outbox_try *this, void *userdata) {
    struct pull_deliveries *deliveries = userdata;
    if (this->result->outcome == DELIVERY_DELIVERED)
        deliveries->delivered++;
    else
        failing_of(deliveries, this->alert, this->result->text)->count++;
}

static void on_failed(const struct error *error, void *userdata) {
    struct pull_deliveries *deliveries = userdata;
    snprintf(deliveries->refusal, sizeof(deliveries->refusal), "%s", error->text);
}

struct pull_deliveries *pull_deliveries_start(struct sd_event *event, struct http_client *http,
                                              struct store *store, const struct config *config,
                                              void (*done)(void *userdata), void *userdata) {
    struct pull_deliveries *deliveries = alloc_zero(1, sizeof(*deliveries));
    deliveries->done = done;
    deliveries->userdata = userdata;
    struct outbox_context context = {
        .event = event,
        .http = http,
        .store = store,
        .config = config,
        .observer = {.tried = on_tried, .failed = on_failed, .userdata = deliveries},
    };
    deliveries->outbox = outbox_new(&context);
    outbox_flush(deliveries->outbox, done, userdata);
    return deliveries;
}

void pull_deliveries_stop(struct pull_deliveries *deliveries) {
    if (deliveries)
        outbox_stop(deliveries->outbox, deliveries->done, deliveries->userdata);
}

void pull_deliveries_print(const struct pull_deliveries *deliveries) {
    if (!deliveries)
        return;
    if (deliveries->delivered > 0)
        printf("%zu event%s delivered\n", deliveries->delivered, deliveries->delivered == 1 ? "" : "s");
    for (size_t i = 0; i < deliveries->failing_count; i++) {
        const struct failing *failing = &deliveries->failing[i];
        CLEANUP(cleanup_free) char *alert = text_harmless(failing->alert);
        printf("alert %s: %zu event%s not delivered, tried again later: %s\n", alert, failing->count,
               failing->count == 1 ? "" : "s", failing->text);
    }
    if (deliveries->refusal[0])
        printf("events could not be sent: %s\n", deliveries->refusal);
}

void pull_deliveries_free(struct pull_deliveries *deliveries) {
    if (!deliveries)
        return;
    outbox_free(deliveries->outbox);
    for (size_t i = 0; i < deliveries->failing_count; i++) {
        free(deliveries->failing[i].alert);
        free(deliveries->failing[i].text);
    }
    free(deliveries->failing);
    free(deliveries);
}
