/* An event as it stands in the database, which a hostile user of it may have written: what is read fits
 * Slack's and PagerDuty's limits and is JSON. */
#include "core/event.h"
#include "core/json_text.h"
#include "core/pagerduty.h"
#include "core/slack.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    struct event event;
    struct error error = {0};
    if (event_parse(text, size, &event, &error)) {
        struct buffer body;
        buffer_init(&body, SLACK_BODY_MAX);
        REQUIRE(slack_body(&event, &body));
        REQUIRE(json_check(body.data, body.length, &error));
        buffer_done(&body);
        buffer_init(&body, PAGERDUTY_BODY_MAX);
        if (pagerduty_body(&event, "key", false, &body, &error))
            REQUIRE(json_check(body.data, body.length, &error));
        buffer_done(&body);
        event_done(&event);
    } else {
        REQUIRE(error_is_set(&error));
    }
    free(text);
    return 0;
}
