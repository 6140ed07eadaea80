#include "world_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/event.h"
#include "core/json_text.h"
#include "core/pagerduty.h"
#include "core/slack.h"

enum { EVENT_MAX = 20 * 1024, KEY_SIZE = 32 };

static bool is_json(const struct buffer *body, struct error *ret_error) {
    return json_check(body->data, body->length, ret_error);
}

static bool can_be_formatted(const struct event *event, struct error *ret_error) {
    CLEANUP(buffer_done) struct buffer slack, pagerduty;
    char key[KEY_SIZE + 1] = {0};
    memset(key, 'k', KEY_SIZE);
    buffer_init(&slack, SLACK_BODY_MAX);
    buffer_init(&pagerduty, PAGERDUTY_BODY_MAX);
    if (!slack_body(event, &slack))
        return error_set(ret_error, CAUSE_TOO_LARGE, "it cannot be said to Slack");
    if (!is_json(&slack, ret_error))
        return false;
    if (!event->incident && event->type != EVENT_ALERT_TEST)
        return true;
    return pagerduty_body(event, key, false, &pagerduty, ret_error) && is_json(&pagerduty, ret_error);
}

static const char *mistake_in(const char *json, size_t length) {
    struct event event;
    struct error error = {0};
    if (length > EVENT_MAX)
        return world_text("an event of %zu bytes: %.200s", length, json);
    if (!event_parse(json, length, &event, &error))
        return world_text("%s: %.*s", error.text, (int)length, json);
    bool good = can_be_formatted(&event, &error);
    event_done(&event);
    return good ? NULL : world_text("%s: %.*s", error.text, (int)length, json);
}

/* All at once, as the validator takes a while to start. */
static const char *mistake_by_schema(const char *events) {
    const char *path = world_text("%s/events", world_directory());
    FILE *file = fopen(path, "we");
    if (!file || fputs(events, file) < 0 || fputc('\n', file) < 0 || fclose(file) != 0)
        return "no file for events";
    FILE *pipe = popen(world_text("tests/support/validate_event config/events <'%s' 2>&1", path), "re");
    if (!pipe)
        return "no validator";
    char words[2000];
    size_t length = fread(words, 1, sizeof(words) - 1, pipe);
    words[length] = '\0';
    return pclose(pipe) == 0 ? NULL : world_text("%s", words);
}

static const char *all_events(void) {
    return world_value("SELECT event::text FROM schemasync.deliveries ORDER BY number");
}

const char *world_event_mistake(void) {
    const char *events = all_events(), *mistake = *events ? mistake_by_schema(events) : NULL;
    for (const char *line = events; !mistake && *line;) {
        size_t length = strcspn(line, "\n");
        mistake = mistake_in(line, length);
        line += length + (line[length] == '\n');
    }
    return mistake;
}

size_t world_check_events_at(struct world_place place) {
    const char *mistake = world_event_mistake();
    if (mistake)
        world_fail(place, "an event is not as documented: %s", mistake);
    return (size_t)strtoul(world_value("SELECT count(*) FROM schemasync.deliveries"), NULL, 10);
}
