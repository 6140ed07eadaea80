/* Events for the tests of those who format them: composed by a function that fills in what a test does not
 * care for, checked as JSON, and made at random. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "core/event.h"
#include "core/json_text.h"

#define CONNECTION_ID "248df4b7-aa70-47b8-a036-33ac447e668d"
#define INCIDENT_ID   "0b5e2b1c-7d1c-4b55-9f0e-0c2d3f1a9b71"
#define RUN_ID        "0b5e2b1c-7d1c-4b55-9f0e-0c2d3f1a9b72"

#define CONNECTION \
    "\"connection\":{\"id\":\"" CONNECTION_ID "\",\"name\":\"salesforce-prod\",\"type\":\"Salesforce\"}"
#define INCIDENT(cause, state, more)                                                      \
    "\"incident\":{\"id\":\"" INCIDENT_ID "\",\"cause\":\"" cause "\",\"state\":\"" state \
    "\",\"opened_at\":\"2026-01-31T12:00:00.123456Z\",\"flapping\":false" more "}"
#define RUN    "\"run_id\":\"" RUN_ID "\""
#define SYNCS1 "\"affected_syncs\":[{\"id\":\"s1\",\"name\":\"Accounts to Salesforce\"}]"
#define REMOVED                                                                                            \
    "{\"id\":17,\"target\":\"Account\",\"kind\":\"field_removed\",\"field\":\"Phone\",\"attribute\":null," \
    "\"old\":{\"id\":\"Phone\"},\"new\":null,\"rule\":\"field-removed\",\"severity\":\"breaking\"," SYNCS1 \
    "}"

/* `data`: its members, without the braces; severity and summary are there already. */
static inline char *event_json(const char *type, const char *data) {
    return alloc_printf(
        "{\"type\":\"%s\",\"timestamp\":\"2026-01-31T12:00:01.5Z\",\"data\":{\"severity\":\"breaking\","
        "\"summary\":\"something happened\"%s%s}}",
        type, *data ? "," : "", data);
}

static inline struct event event_of(const char *type, const char *data) {
    CLEANUP(cleanup_free) char *json = event_json(type, data);
    struct event event = {0};
    struct error error = {0};
    if (!event_parse(json, strlen(json), &event, &error))
        fail_msg("%s: %s", json, error.text);
    return event;
}

static inline void cleanup_json(cJSON **json) {
    cJSON_Delete(*json);
}

/* The body as a tree; it must be JSON that stands every check. */
static inline cJSON *tree_of(const struct buffer *body) {
    struct error error = {0};
    if (!json_check(body->data, body->length, &error))
        fail_msg("%s: %s", error.text, body->data);
    return cJSON_ParseWithLength(body->data, body->length);
}

static inline const char *text_at(const cJSON *object, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* Numbers that are the same at each run. */
static inline unsigned next_random(unsigned *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* A text of up to `most` pieces, each of which has hurt somebody. JSON, with its quotes. */
static inline char *hostile_text(unsigned *seed, unsigned most) {
    static const char *const pieces[] = {
        "a",
        "Account",
        "<!channel>",
        "<@U012AB3CD>",
        "<https://evil.example|click>",
        "&",
        "&amp;",
        "&lt;",
        "*bold*",
        "_x_",
        "~x~",
        "`",
        "```",
        "\n",
        "\r\n",
        "\t",
        "\x01",
        "\x1b[31m",
        "\x7f",
        "\"",
        "\\",
        "'",
        "'; rm -rf ~; '",
        "$(id)",
        "-rf",
        "--all",
        "@here",
        "#general",
        ":smile:",
        "\xc3\xa4",
        "\xe2\x82\xac",
        "\xf0\x9f\x94\xa5",
        "\xe2\x80\xae",
        "\xc2\x85",
        " ",
        "]",
        "}",
        "|",
        ">",
        "<",
        "%s%n",
        "https://evil.example/",
    };
    CLEANUP(buffer_done) struct buffer text, json;
    buffer_init(&text, 1 << 20);
    buffer_init(&json, 1 << 20);
    for (unsigned count = next_random(seed) % (most + 1); count > 0; count--)
        assert_true(
            buffer_append_text(&text, pieces[next_random(seed) % (sizeof(pieces) / sizeof(pieces[0]))]));
    assert_true(json_quote(buffer_text(&text), &json));
    return buffer_take(&json);
}

static inline void add_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
static inline void add_format(struct buffer *buffer, const char *format, ...) {
    va_list args;
    va_start(args, format);
    CLEANUP(cleanup_free) char *text = alloc_vprintf(format, args);
    va_end(args);
    assert_true(buffer_append_text(buffer, text));
}

static inline void add_hostile(struct buffer *buffer, const char *name, unsigned *seed, unsigned most) {
    CLEANUP(cleanup_free) char *text = hostile_text(seed, most);
    add_format(buffer, "\"%s\":%s", name,
               next_random(seed) % 8 == 0 && strcmp(name, "name") == 0 ? "\"\"" : text);
}

static inline void add_names(struct buffer *buffer, const char *list, unsigned *seed, unsigned most,
                             unsigned count) {
    add_format(buffer, "\"%s\":[", list);
    for (unsigned i = 0; i < count; i++) {
        add_format(buffer, "%s{\"id\":\"x\",", i > 0 ? "," : "");
        add_hostile(buffer, "name", seed, most);
        add_format(buffer, "}");
    }
    add_format(buffer, "]");
}

static inline void add_change(struct buffer *buffer, unsigned *seed, unsigned most) {
    static const char *const severities[] = {"info", "warning", "breaking"};
    add_format(buffer, "{\"id\":%u,\"kind\":\"%s\",\"severity\":\"%s\",", next_random(seed) + 1,
               change_kind_names[next_random(seed) % CHANGE_KIND_COUNT], severities[next_random(seed) % 3]);
    static const char *const members[] = {"target", "field", "attribute", "old", "new", "rule"};
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        add_hostile(buffer, members[i], seed, most);
        add_format(buffer, ",");
    }
    add_names(buffer, "affected_syncs", seed, most, next_random(seed) % 12);
    add_format(buffer, "}");
}

/* A well-formed event of any type with hostile content, 60,000 bytes at most. */
static inline char *random_event(unsigned *seed) {
    static const char *const severities[] = {"info", "warning", "breaking"};
    unsigned most = next_random(seed) % 3 == 0 ? 100 : 6;
    CLEANUP(buffer_done) struct buffer json;
    buffer_init(&json, 1 << 20);
    add_format(&json,
               "{\"type\":\"%s\",\"timestamp\":\"2026-01-31T12:00:01Z\",\"data\":{\"severity\":\"%s\",",
               event_type_names[next_random(seed) % EVENT_TYPE_COUNT], severities[next_random(seed) % 3]);
    add_hostile(&json, "summary", seed, most);
    if (next_random(seed) % 4 != 0) {
        add_format(&json, ",\"connection\":{\"id\":\"" CONNECTION_ID "\",");
        add_hostile(&json, "name", seed, most);
        add_format(&json, ",");
        add_hostile(&json, "type", seed, most);
        add_format(&json, "}");
    }
    if (next_random(seed) % 4 != 0)
        add_format(&json,
                   ",\"incident\":{\"id\":\"" INCIDENT_ID
                   "\",\"cause\":\"%s\",\"state\":\"%s\",\"opened_at\":"
                   "\"2026-01-31T12:00:01+01:00\",\"flapping\":%s,\"resolved_by\":\"revert\"}",
                   incident_cause_names[next_random(seed) % INCIDENT_CAUSE_COUNT],
                   next_random(seed) % 2 ? "open" : "resolved", next_random(seed) % 2 ? "true" : "false");
    add_format(&json, "%s,\"reminder\":%s,\"url\":%s,\"changes_total\":%u,\"targets_total\":%u",
               next_random(seed) % 2 ? "," RUN : "", next_random(seed) % 2 ? "true" : "false",
               next_random(seed) % 2 ? "null" : "\"https://schema.example.com/a|b?x=1&y=2\"",
               next_random(seed) % 100, next_random(seed) % 100);
    add_format(&json, ",");
    add_names(&json, "connections", seed, most, next_random(seed) % 8);
    add_format(&json, ",\"targets\":[");
    for (unsigned i = 0, count = next_random(seed) % 12; i < count; i++) {
        add_format(&json, "%s{", i > 0 ? "," : "");
        add_hostile(&json, "id", seed, most);
        add_format(&json, ",");
        add_hostile(&json, "error", seed, most);
        add_format(&json, ",\"state\":\"suspect\"}");
    }
    add_format(&json, "],\"changes\":[");
    for (unsigned i = 0, count = next_random(seed) % 30; i < count && json.length < 40000; i++) {
        add_format(&json, "%s", i > 0 ? "," : "");
        add_change(&json, seed, most);
    }
    add_format(&json, "]}}");
    return buffer_take(&json);
}
