#include "flow/outbox_log.h"

#include <string.h>

#include "base/log.h"
#include "base/messages.h"

/* The first failure of a receiver is a warning, its repetitions are not; that an event does not arrive at all
 * is an error. */
static void log_try(const struct outbox_try *this, void *userdata) {
    const struct delivery_result *result = this->result;
    (void)userdata;
    const char *message = result->outcome == DELIVERY_GONE ? MESSAGE_ALERT_PAUSED
                          : this->given_up                 ? MESSAGE_DELIVERY_GIVEN_UP
                                                           : MESSAGE_DELIVERY_FAILING;
    const struct log_field *about = LOG_FIELDS(LOG_ID(message), {"alert", this->alert},
                                               {"delivery", this->delivery_id}, {"event", this->type});
    if (result->outcome == DELIVERY_DELIVERED)
        log_info(about + 1, "delivered%s: %s", this->attempts > 1 ? " at last" : "", result->text);
    else if (result->outcome == DELIVERY_GONE)
        log_error(
            about,
            "the alert is paused, what is pending for it is given up; 'schemasyncd alert-test' ends that: %s",
            result->text);
    else if (this->given_up)
        log_error(about, "given up: %s", result->text);
    else if (this->attempts == 1)
        log_warning(about, "not delivered, it will be tried again: %s", result->text);
    else
        log_info(about, "not delivered at try %d: %s", this->attempts, result->text);
}

static void log_output(const char *alert, const char *delivery_id, const char *line, void *userdata) {
    (void)userdata;
    log_info(LOG_FIELDS({"alert", alert}, {"delivery", delivery_id}), "the program says: %s", line);
}

static void log_settled(const char *what, const char *subject, const char *detail, void *userdata) {
    (void)userdata;
    if (strcmp(what, "given up") == 0)
        log_error(LOG_FIELDS(LOG_ID(MESSAGE_DELIVERY_GIVEN_UP), {"alert", subject}), "given up: %s", detail);
    else
        log_info(LOG_FIELDS({"connection", subject}), "%s: %s", what, detail);
}

static void log_failed(const struct error *error, void *userdata) {
    (void)userdata;
    log_error(LOG_FIELDS({LOG_MESSAGE_ID, message_of_cause(error->cause, NULL)},
                         {"cause", error_class(error->cause)->name}),
              "events cannot be sent: %s", error->text);
}

const struct outbox_observer outbox_log_observer = {
    .tried = log_try, .output = log_output, .settled = log_settled, .failed = log_failed};

void heartbeat_log(enum heartbeat_state state, const char *why, void *userdata) {
    (void)userdata;
    if (state == HEARTBEAT_SENT)
        log_notice(NULL, "the heartbeat is sent again");
    else if (state == HEARTBEAT_WITHHELD)
        log_warning(NULL, "no heartbeat is sent: %s", why);
    else
        log_warning(NULL, "the heartbeat does not arrive: %s", why);
}
