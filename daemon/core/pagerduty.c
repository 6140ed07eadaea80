#include "core/pagerduty.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/event_text.h"
#include "core/json_writer.h"

/* The API's words for ours. */
static const char *const severities[SEVERITY_COUNT] = {
    [SEVERITY_INFO] = "info",
    [SEVERITY_WARNING] = "warning",
    [SEVERITY_BREAKING] = "critical",
};

static bool is_end(const struct event *event, bool resolve_test) {
    return event->type == EVENT_SCHEMA_RESOLVED || event->type == EVENT_MIRROR_RECOVERED ||
           (event->type == EVENT_ALERT_TEST && resolve_test);
}

/* Of a test its time, so that the body that resolves it has the same. */
static const char *dedup_key(const struct event *event) {
    char key[64];
    if (event->type != EVENT_ALERT_TEST)
        return event->incident ? event->incident->id : NULL;
    snprintf(key, sizeof(key), "schemasyncd-test-%" PRId64, event->timestamp);
    return arena_strndup(event->arena, key, strlen(key));
}

static void write_name(struct json_writer *writer, const struct event_name *name) {
    json_write_text(writer, NULL, name->name ? name->name : name->id);
}

static void write_change(struct json_writer *writer, const struct event_change *change) {
    json_open(writer, NULL, '{');
    json_write_number(writer, "id", change->id);
    json_write_text(writer, "change", event_change_words(change->kind));
    json_write_text(writer, "target", change->target);
    if (change->field)
        json_write_text(writer, "field", change->field);
    if (change->attribute)
        json_write_text(writer, "attribute", change->attribute);
    json_write_raw(writer, "old", change->old_value);
    json_write_raw(writer, "new", change->new_value);
    json_write_text(writer, "rule", change->rule);
    json_write_text(writer, "severity", severity_names[change->severity]);
    json_open(writer, "affected_syncs", '[');
    for (size_t i = 0; i < change->sync_count; i++)
        write_name(writer, &change->syncs[i]);
    json_close(writer, ']');
    json_close(writer, '}');
}

static void write_changes(struct json_writer *writer, const struct event *event) {
    if (event->changes_total == 0)
        return;
    json_write_number(writer, "changes_total", event->changes_total);
    json_open(writer, "changes", '[');
    for (size_t i = 0; i < event->change_count; i++)
        write_change(writer, &event->changes[i]);
    json_close(writer, ']');
}

static void write_targets(struct json_writer *writer, const struct event *event) {
    if (event->targets_total == 0)
        return;
    json_write_number(writer, "targets_total", event->targets_total);
    json_open(writer, "targets", '[');
    for (size_t i = 0; i < event->target_count; i++) {
        json_open(writer, NULL, '{');
        json_write_text(writer, "id", event->targets[i].id);
        json_write_text(writer, "state", event->targets[i].state);
        json_write_text(writer, "error", event->targets[i].error);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

static void write_connections(struct json_writer *writer, const struct event *event) {
    if (event->connection_count == 0)
        return;
    json_open(writer, "connections", '[');
    for (size_t i = 0; i < event->connection_count; i++)
        write_name(writer, &event->connections[i]);
    json_close(writer, ']');
}

static void write_commands(struct json_writer *writer, const struct event *event) {
    struct event_command commands[EVENT_COMMANDS_MAX];
    size_t count = event_commands(event, commands);
    json_open(writer, "commands", '{');
    for (size_t i = 0; i < count; i++)
        json_write_text(writer, commands[i].label, commands[i].command);
    json_close(writer, '}');
}

static void write_details(struct json_writer *writer, const struct event *event) {
    json_open(writer, "custom_details", '{');
    json_write_text(writer, "event", event_type_names[event->type]);
    json_write_text(writer, "connection", event->connection.name);
    json_write_text(writer, "connection_id", event->connection.id);
    json_write_text(writer, "run_id", event->run_id);
    json_write_flag(writer, "reminder", event->reminder);
    json_write_flag(writer, "flapping", event->incident && event->incident->flapping);
    write_changes(writer, event);
    write_targets(writer, event);
    write_connections(writer, event);
    write_commands(writer, event);
    json_close(writer, '}');
}

static void write_payload(struct json_writer *writer, const struct event *event) {
    char summary[PAGERDUTY_SUMMARY_MAX + 1], timestamp[TIMESPAN_TEXT_MAX];
    const char *text = *event->summary ? event->summary : event_headline(event);
    text_sanitize(text, strlen(text), summary, sizeof(summary));
    rfc3339_format(event->timestamp, timestamp);
    json_open(writer, "payload", '{');
    json_write_text(writer, "summary", summary);
    json_write_text(writer, "source",
                    event->connection.name && *event->connection.name ? event_subject(event) : "schemasyncd");
    json_write_text(writer, "severity", severities[event->severity]);
    json_write_text(writer, "timestamp", timestamp);
    if (event_only_target(event))
        json_write_text(writer, "component", event_only_target(event));
    if (event->connection_type)
        json_write_text(writer, "group", event->connection_type);
    json_write_text(writer, "class", event->incident ? incident_cause_names[event->incident->cause] : "test");
    write_details(writer, event);
    json_close(writer, '}');
}

static void write_links(struct json_writer *writer, const struct event *event) {
    json_write_text(writer, "client", "schemasyncd");
    if (!event->url)
        return;
    json_write_text(writer, "client_url", event->url);
    json_open(writer, "links", '[');
    json_open(writer, NULL, '{');
    json_write_text(writer, "href", event->url);
    json_write_text(writer, "text", "Open the report");
    json_close(writer, '}');
    json_close(writer, ']');
}

bool pagerduty_body(const struct event *event, const char *routing_key, bool resolve_test,
                    struct buffer *buffer, struct error *ret_error) {
    const char *key = dedup_key(event);
    size_t start = buffer->length;
    struct json_writer writer = {.buffer = buffer};
    if (!key)
        return error_set(ret_error, CAUSE_SHAPE, "an event without an incident is nothing for PagerDuty");
    if (*routing_key == '\0')
        return error_set(ret_error, CAUSE_SECRET, "the routing key is empty");
    bool end = is_end(event, resolve_test);
    json_open(&writer, NULL, '{');
    json_write_text(&writer, "routing_key", routing_key);
    json_write_text(&writer, "event_action", end ? "resolve" : "trigger");
    json_write_text(&writer, "dedup_key", key);
    if (!end) {
        write_payload(&writer, event);
        write_links(&writer, event);
    }
    json_close(&writer, '}');
    if (!writer.full && buffer->length - start <= PAGERDUTY_BODY_MAX)
        return true;
    if (buffer->data)
        explicit_bzero(buffer->data + start, buffer->length - start);
    buffer->length = start;
    return error_set(ret_error, CAUSE_TOO_LARGE, "the body for PagerDuty would be too large");
}
