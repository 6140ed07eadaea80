#include "core/event.h"

#include <ctype.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "core/api_json_read.h"
#include "core/json_scan.h"
#include "core/json_text.h"
#include "core/url.h"

const char *const event_type_names[EVENT_TYPE_COUNT] = {
    [EVENT_SCHEMA_DRIFT] = "schema.drift",         [EVENT_SCHEMA_RESOLVED] = "schema.resolved",
    [EVENT_MIRROR_SUSPECT] = "mirror.suspect",     [EVENT_MIRROR_FAILING] = "mirror.failing",
    [EVENT_MIRROR_RECOVERED] = "mirror.recovered", [EVENT_ALERT_TEST] = "alert.test",
};

const char *const incident_cause_names[INCIDENT_CAUSE_COUNT] = {
    [INCIDENT_DRIFT] = "drift",
    [INCIDENT_ACCESS_REDUCED] = "access_reduced",
    [INCIDENT_SUSPECT] = "suspect",
    [INCIDENT_FAILING] = "failing",
};

struct reader {
    struct arena *arena;
    struct error *error;
};

/* An object of the document, and its bytes, from which values are taken as they came. */
struct part {
    const cJSON *node;
    struct span raw;
    const char *path;
};

static bool refuse(struct reader *reader, const struct part *part, const char *name, const char *wanted) {
    return api_json_refuse(reader->error, part->path, name, wanted);
}

/* NULL where the member is absent or null. */
static bool read_text(struct reader *reader, const struct part *part, const char *name, const char **ret) {
    const char *text = NULL;
    if (!api_json_text(part->node, part->path, name, &text, reader->error))
        return false;
    *ret = api_json_keep(reader->arena, text);
    return true;
}

static bool need_text(struct reader *reader, const struct part *part, const char *name, const char **ret) {
    if (!read_text(reader, part, name, ret))
        return false;
    return *ret || refuse(reader, part, name, "a string");
}

static bool is_uuid(const char *text) {
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (strlen(text) != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < sizeof(form) - 1; i++)
        if (form[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != form[i])
            return false;
    return true;
}

static bool read_uuid(struct reader *reader, const struct part *part, const char *name, const char **ret) {
    if (!read_text(reader, part, name, ret))
        return false;
    return !*ret || is_uuid(*ret) || refuse(reader, part, name, "a UUID");
}

/* One of the words; its number. */
static bool need_word(struct reader *reader, const struct part *part, const char *name,
                      const char *const *words, size_t count, int *ret) {
    const char *text = NULL;
    if (!need_text(reader, part, name, &text))
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], text) == 0) {
            *ret = (int)i;
            return true;
        }
    return refuse(reader, part, name, "a word that is known there");
}

static bool need_time(struct reader *reader, const struct part *part, const char *name, usec_t *ret) {
    const char *text = NULL;
    if (!need_text(reader, part, name, &text))
        return false;
    return rfc3339_parse(text, strlen(text), ret) || refuse(reader, part, name, "a time as RFC 3339 has it");
}

/* A whole number from 0 to 2^53; `missing` where it is absent. */
static bool read_count(struct reader *reader, const struct part *part, const char *name, int64_t missing,
                       int64_t *ret) {
    const cJSON *item = api_json_member(part->node, name);
    double number = item ? item->valuedouble : 0;
    if (item &&
        (!cJSON_IsNumber(item) || !(number >= 0 && number <= 0x1p53) || (double)(int64_t)number != number))
        return refuse(reader, part, name, "a whole number from 0 on");
    *ret = item ? (int64_t)number : missing;
    return true;
}

static bool read_flag(struct reader *reader, const struct part *part, const char *name, bool *ret) {
    return api_json_flag(part->node, part->path, name, ret, reader->error);
}

/* A member with its bytes; its node is NULL where it is absent or null. Members stand in the tree as in the
 * text, so that a walk over the bytes goes in step with it. */
static struct part member_of(const struct part *part, const char *name, const char *path) {
    struct part found = {.node = NULL, .path = path};
    struct json_walk walk;
    struct span key, raw;
    const cJSON *wanted = api_json_member(part->node, name);
    if (!wanted || !json_walk_init(&walk, part->raw))
        return found;
    for (const cJSON *item = part->node->child; item && json_walk_next(&walk, &key, &raw); item = item->next)
        if (item == wanted) {
            found.node = item;
            found.raw = raw;
        }
    return found;
}

static bool read_object(struct reader *reader, const struct part *part, const char *name, const char *path,
                        struct part *ret) {
    *ret = member_of(part, name, path);
    return !ret->node || cJSON_IsObject(ret->node) || refuse(reader, part, name, "an object");
}

/* Reads each item of an array, which must be an object, into a new array of `size` bytes an item. */
typedef bool item_reader(struct reader *reader, const struct part *part, void *ret);

static bool read_items(struct reader *reader, const struct part *list, size_t size, item_reader *read_item,
                       char *items) {
    struct json_walk walk;
    struct span key, raw;
    size_t index = 0;
    if (!json_walk_init(&walk, list->raw))
        return false;
    for (const cJSON *item = list->node->child; item && json_walk_next(&walk, &key, &raw);
         item = item->next, index++) {
        CLEANUP(cleanup_free) char *path = alloc_printf("%s[%zu]", list->path, index);
        struct part part = {.node = item, .raw = raw, .path = path};
        if (!cJSON_IsObject(item))
            return refuse(reader, &part, "", "an object");
        if (!read_item(reader, &part, items + index * size))
            return false;
    }
    return true;
}

static bool read_list(struct reader *reader, const struct part *part, const char *name, size_t size,
                      item_reader *read_item, void *ret_items, size_t *ret_count) {
    CLEANUP(cleanup_free) char *path = alloc_printf("%s.%s", part->path, name);
    struct part list = member_of(part, name, path);
    if (!list.node)
        return true;
    if (!cJSON_IsArray(list.node))
        return refuse(reader, part, name, "a list");
    size_t count = (size_t)cJSON_GetArraySize(list.node);
    char *items = arena_alloc(reader->arena, count * size);
    if (!read_items(reader, &list, size, read_item, items))
        return false;
    memcpy(ret_items, &items, sizeof(items));
    *ret_count = count;
    return true;
}

static bool read_name(struct reader *reader, const struct part *part, void *ret) {
    struct event_name *name = ret;
    return read_text(reader, part, "id", &name->id) && read_text(reader, part, "name", &name->name);
}

static bool read_target(struct reader *reader, const struct part *part, void *ret) {
    struct event_target *target = ret;
    return need_text(reader, part, "id", &target->id) && read_text(reader, part, "state", &target->state) &&
           read_text(reader, part, "error", &target->error);
}

static const char *keep_value(struct reader *reader, const struct part *part, const char *name) {
    struct part value = member_of(part, name, part->path);
    return value.node ? arena_strndup(reader->arena, value.raw.data, value.raw.length) : NULL;
}

static bool read_change(struct reader *reader, const struct part *part, void *ret) {
    struct event_change *change = ret;
    int kind = 0, severity = 0;
    if (!read_count(reader, part, "id", 0, &change->id) ||
        !need_text(reader, part, "target", &change->target) ||
        !need_word(reader, part, "kind", change_kind_names, CHANGE_KIND_COUNT, &kind) ||
        !read_text(reader, part, "field", &change->field) ||
        !read_text(reader, part, "attribute", &change->attribute) ||
        !read_text(reader, part, "rule", &change->rule) ||
        !need_word(reader, part, "severity", severity_names, SEVERITY_COUNT, &severity) ||
        !read_flag(reader, part, "truncated", &change->truncated) ||
        !read_list(reader, part, "affected_syncs", sizeof(*change->syncs), read_name, &change->syncs,
                   &change->sync_count))
        return false;
    change->kind = (enum change_kind)kind;
    change->severity = (enum severity)severity;
    change->old_value = keep_value(reader, part, "old");
    change->new_value = keep_value(reader, part, "new");
    return true;
}

static bool read_connection(struct reader *reader, const struct part *data, struct event *event) {
    struct part part;
    if (!read_object(reader, data, "connection", "data.connection", &part))
        return false;
    if (!part.node)
        return true;
    if (!read_uuid(reader, &part, "id", &event->connection.id) ||
        !need_text(reader, &part, "name", &event->connection.name) ||
        !read_text(reader, &part, "type", &event->connection_type))
        return false;
    return event->connection.id || refuse(reader, &part, "id", "a UUID");
}

static bool read_incident(struct reader *reader, const struct part *data, struct event *event) {
    static const char *const states[] = {"open", "resolved"};
    struct part part;
    if (!read_object(reader, data, "incident", "data.incident", &part))
        return false;
    if (!part.node)
        return true;
    struct event_incident *incident = arena_alloc(reader->arena, sizeof(*incident));
    int cause = 0, state = 0;
    if (!read_uuid(reader, &part, "id", &incident->id) ||
        !need_word(reader, &part, "cause", incident_cause_names, INCIDENT_CAUSE_COUNT, &cause) ||
        !need_word(reader, &part, "state", states, ARRAY_LENGTH(states), &state) ||
        !need_time(reader, &part, "opened_at", &incident->opened_at) ||
        !read_flag(reader, &part, "flapping", &incident->flapping) ||
        !read_text(reader, &part, "resolved_by", &incident->resolved_by))
        return false;
    if (!incident->id)
        return refuse(reader, &part, "id", "a UUID");
    incident->cause = (enum incident_cause)cause;
    incident->open = state == 0;
    event->incident = incident;
    return true;
}

static bool read_url(struct reader *reader, const struct part *data, struct event *event) {
    if (!read_text(reader, data, "url", &event->url))
        return false;
    return !event->url || url_check(event->url, URL_SHOWN, true, NULL) ||
           refuse(reader, data, "url", "an http or https URL");
}

static bool read_lists(struct reader *reader, const struct part *data, struct event *event) {
    if (!read_list(reader, data, "changes", sizeof(*event->changes), read_change, &event->changes,
                   &event->change_count) ||
        !read_list(reader, data, "targets", sizeof(*event->targets), read_target, &event->targets,
                   &event->target_count) ||
        !read_list(reader, data, "connections", sizeof(*event->connections), read_name, &event->connections,
                   &event->connection_count) ||
        !read_count(reader, data, "changes_total", 0, &event->changes_total) ||
        !read_count(reader, data, "targets_total", 0, &event->targets_total))
        return false;
    event->changes_total = MAX(event->changes_total, (int64_t)event->change_count);
    event->targets_total = MAX(event->targets_total, (int64_t)event->target_count);
    return true;
}

static bool read_data(struct reader *reader, const struct part *data, struct event *event) {
    int severity = 0;
    if (!read_connection(reader, data, event) || !read_uuid(reader, data, "run_id", &event->run_id) ||
        !read_incident(reader, data, event) ||
        !need_word(reader, data, "severity", severity_names, SEVERITY_COUNT, &severity) ||
        !need_text(reader, data, "summary", &event->summary) || !read_url(reader, data, event) ||
        !read_flag(reader, data, "reminder", &event->reminder) || !read_lists(reader, data, event))
        return false;
    event->severity = (enum severity)severity;
    return true;
}

static bool read_event(struct reader *reader, const struct part *whole, struct event *event) {
    struct part data;
    int type = 0;
    if (!need_word(reader, whole, "type", event_type_names, EVENT_TYPE_COUNT, &type) ||
        !need_time(reader, whole, "timestamp", &event->timestamp) ||
        !read_object(reader, whole, "data", "data", &data))
        return false;
    event->type = (enum event_type)type;
    if (!data.node)
        return refuse(reader, whole, "data", "an object");
    return read_data(reader, &data, event);
}

static struct span trimmed(const char *json, size_t length) {
    const char *end = json + length, *start = scan_space(json, end);
    while (end > start && end[-1] != '}')
        end--;
    return (struct span){start, (size_t)(end - start)};
}

bool event_parse(const char *json, size_t length, struct event *ret, struct error *ret_error) {
    if (length > EVENT_BYTES_MAX)
        return error_set(ret_error, CAUSE_SHAPE, "an event of %zu bytes", length);
    CLEANUP(api_json_free) cJSON *tree = api_json_parse(json, length, ret_error);
    if (!tree)
        return false;
    CLEANUP(event_done) struct event event = {.arena = arena_new()};
    struct reader reader = {.arena = event.arena, .error = ret_error};
    struct part whole = {.node = tree, .raw = trimmed(json, length), .path = ""};
    if (!read_event(&reader, &whole, &event))
        return false;
    *ret = event;
    event = (struct event){0};
    return true;
}

void event_done(struct event *event) {
    arena_free(event->arena);
    *event = (struct event){0};
}
