#include "core/api_json.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "core/api_json_read.h"

/* Absent and "" are no time. */
static bool get_time(const cJSON *object, const char *path, const char *name, usec_t *ret_time,
                     struct error *ret_error) {
    const char *text = NULL;
    if (!api_json_text(object, path, name, &text, ret_error))
        return false;
    usec_t time = USEC_NONE;
    if (text && *text && !rfc3339_parse(text, strlen(text), &time))
        return api_json_refuse(ret_error, path, name, "a time as RFC 3339 has it");
    *ret_time = time;
    return true;
}

/* `type` is {id, name}, or a string. */
static bool get_type(const cJSON *object, const char *path, const char **ret_type, struct error *ret_error) {
    const cJSON *type = api_json_member(object, "type");
    if (!cJSON_IsObject(type))
        return api_json_text(object, path, "type", ret_type, ret_error);
    CLEANUP(cleanup_free) char *inside = alloc_printf("%s.type", path);
    const char *id = NULL, *name = NULL;
    if (!api_json_text(type, inside, "name", &name, ret_error) ||
        !api_json_text(type, inside, "id", &id, ret_error))
        return false;
    *ret_type = name ? name : id;
    return true;
}

static bool read_connection(const cJSON *object, const char *path, struct api_connection *ret,
                            struct error *ret_error) {
    if (!cJSON_IsObject(object))
        return api_json_refuse(ret_error, path, "", "an object");
    const char *id = NULL, *name = NULL, *type = NULL, *status = NULL, *status_error = NULL;
    if (!api_json_text(object, path, "id", &id, ret_error) ||
        !api_json_text(object, path, "name", &name, ret_error) ||
        !api_json_text(object, path, "status", &status, ret_error) ||
        !api_json_text(object, path, "status_error", &status_error, ret_error) ||
        !get_type(object, path, &type, ret_error))
        return false;
    *ret = (struct api_connection){
        .id = alloc_strdup(id),
        .name = alloc_strdup(name),
        .type = alloc_strdup(type),
        .status = alloc_strdup(status),
        .status_error = alloc_strdup(status_error),
    };
    return true;
}

bool api_parse_connection(const char *body, size_t length, struct api_connection *ret,
                          struct error *ret_error) {
    CLEANUP(api_json_free) cJSON *json = api_json_parse(body, length, ret_error);
    const cJSON *data = json ? api_json_data_object(json, ret_error) : NULL;
    return data && read_connection(data, "data", ret, ret_error);
}

void api_connection_done(struct api_connection *connection) {
    free(connection->id);
    free(connection->name);
    free(connection->type);
    free(connection->status);
    free(connection->status_error);
    *connection = (struct api_connection){0};
}

bool api_parse_connections(const char *body, size_t length, struct api_connection_list *ret,
                           struct error *ret_error) {
    CLEANUP(api_json_free) cJSON *json = api_json_parse(body, length, ret_error);
    const cJSON *data = json ? api_json_data_array(json, ret_error) : NULL;
    if (!data)
        return false;
    CLEANUP(api_connection_list_done) struct api_connection_list list = {0};
    size_t capacity = 0;
    for (const cJSON *item = data->child; item; item = item->next) {
        CLEANUP(cleanup_free) char *path = alloc_printf("data[%zu]", list.count);
        list.connections = alloc_grow(list.connections, &capacity, list.count + 1, sizeof(*list.connections));
        if (!read_connection(item, path, &list.connections[list.count], ret_error))
            return false;
        list.count++;
    }
    *ret = list;
    /* NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): the cleanup reads it */
    list = (struct api_connection_list){0};
    return true;
}

void api_connection_list_done(struct api_connection_list *list) {
    for (size_t i = 0; i < list->count; i++)
        api_connection_done(&list->connections[i]);
    free(list->connections);
    *list = (struct api_connection_list){0};
}

bool api_parse_refresh_status(const char *body, size_t length, struct api_refresh_status *ret,
                              struct error *ret_error) {
    CLEANUP(api_json_free) cJSON *json = api_json_parse(body, length, ret_error);
    const cJSON *data = json ? api_json_data_object(json, ret_error) : NULL;
    const char *cache_status = NULL;
    usec_t started = USEC_NONE, finished = USEC_NONE;
    if (!data || !api_json_text(data, "data", "cache_status", &cache_status, ret_error) ||
        !get_time(data, "data", "last_refresh_started", &started, ret_error) ||
        !get_time(data, "data", "last_refresh_finished", &finished, ret_error))
        return false;
    *ret = (struct api_refresh_status){
        .cache_status = alloc_strdup(cache_status), .started = started, .finished = finished};
    return true;
}

void api_refresh_status_done(struct api_refresh_status *status) {
    free(status->cache_status);
    *status = (struct api_refresh_status){.started = USEC_NONE, .finished = USEC_NONE};
}

static int compare_targets(const void *a, const void *b) {
    return strcmp(((const struct api_target_object *)a)->id, ((const struct api_target_object *)b)->id);
}

/* Of targets with the same id one stays. */
static void sort_targets(struct api_target_list *list) {
    if (list->target_count == 0)
        return;
    qsort(list->targets, list->target_count, sizeof(*list->targets), compare_targets);
    size_t kept = 1;
    for (size_t i = 1; i < list->target_count; i++)
        if (strcmp(list->targets[i].id, list->targets[kept - 1].id) != 0)
            list->targets[kept++] = list->targets[i];
    list->target_count = kept;
}

static bool read_targets(const cJSON *data, struct api_target_list *list, struct error *ret_error) {
    size_t index = 0;
    list->targets = arena_alloc(list->arena, (size_t)cJSON_GetArraySize(data) * sizeof(*list->targets));
    for (const cJSON *item = data->child; item; item = item->next, index++) {
        CLEANUP(cleanup_free) char *path = alloc_printf("data[%zu]", index);
        const char *id = NULL, *name = NULL;
        if (!cJSON_IsObject(item))
            return api_json_refuse(ret_error, path, "", "an object");
        if (!api_json_text(item, path, "id", &id, ret_error) ||
            !api_json_text(item, path, "name", &name, ret_error))
            return false;
        if (id && *id)
            list->targets[list->target_count++] = (struct api_target_object){
                .id = api_json_keep(list->arena, id), .name = api_json_keep(list->arena, name)};
        else
            list->without_id++;
    }
    sort_targets(list);
    return true;
}

/* The values that an input may have: {value, label} each. */
static bool read_values(const cJSON *object, const char *path, struct arena *arena,
                        struct api_creation_property *property, struct error *ret_error) {
    const cJSON *values = api_json_member(object, "values");
    if (values && !cJSON_IsArray(values))
        return api_json_refuse(ret_error, path, "values", "a list");
    if (!values)
        return true;
    size_t index = 0;
    property->values = arena_alloc(arena, (size_t)cJSON_GetArraySize(values) * sizeof(*property->values));
    for (const cJSON *item = values->child; item; item = item->next, index++) {
        CLEANUP(cleanup_free) char *inside = alloc_printf("%s.values[%zu]", path, index);
        const char *value = NULL;
        if (!cJSON_IsObject(item))
            return api_json_refuse(ret_error, inside, "", "an object");
        if (!api_json_text(item, inside, "value", &value, ret_error))
            return false;
        if (value)
            property->values[property->value_count++] = api_json_keep(arena, value);
    }
    return true;
}

static bool read_property(const cJSON *object, const char *path, struct arena *arena,
                          struct api_creation_property *ret, struct error *ret_error) {
    const char *id = NULL, *title = NULL;
    struct api_creation_property property = {0};
    if (!cJSON_IsObject(object))
        return api_json_refuse(ret_error, path, "", "an object");
    if (!api_json_text(object, path, "id", &id, ret_error) ||
        !api_json_text(object, path, "title", &title, ret_error) ||
        !api_json_flag(object, path, "enum", &property.is_enum, ret_error) ||
        !read_values(object, path, arena, &property, ret_error))
        return false;
    property.id = api_json_keep(arena, id);
    property.title = api_json_keep(arena, title);
    *ret = property;
    return true;
}

static bool read_creation(const cJSON *json, struct api_target_list *list, struct error *ret_error) {
    static const char at[] = "target_creation";
    const cJSON *creation = api_json_member(json, at);
    if (!creation)
        return true;
    if (!cJSON_IsObject(creation))
        return api_json_refuse(ret_error, at, "", "an object");
    if (!api_json_flag(creation, at, "supported", &list->creation_supported, ret_error))
        return false;
    const cJSON *properties = api_json_member(creation, "properties");
    if (properties && !cJSON_IsArray(properties))
        return api_json_refuse(ret_error, at, "properties", "a list");
    if (!properties)
        return true;
    list->creation =
        arena_alloc(list->arena, (size_t)cJSON_GetArraySize(properties) * sizeof(*list->creation));
    for (const cJSON *item = properties->child; item; item = item->next, list->creation_count++) {
        CLEANUP(cleanup_free) char *path = alloc_printf("%s.properties[%zu]", at, list->creation_count);
        if (!read_property(item, path, list->arena, &list->creation[list->creation_count], ret_error))
            return false;
    }
    return true;
}

bool api_parse_target_list(const char *body, size_t length, struct api_target_list *ret,
                           struct error *ret_error) {
    CLEANUP(api_json_free) cJSON *json = api_json_parse(body, length, ret_error);
    const cJSON *data = json ? api_json_data_array(json, ret_error) : NULL;
    if (!data)
        return false;
    CLEANUP(api_target_list_done) struct api_target_list list = {.arena = arena_new()};
    if (!read_targets(data, &list, ret_error) || !read_creation(json, &list, ret_error))
        return false;
    *ret = list;
    list = (struct api_target_list){0};
    return true;
}

bool api_parse_property(const char *body, size_t length, struct arena *arena,
                        struct api_creation_property *ret, struct error *ret_error) {
    CLEANUP(api_json_free) cJSON *json = api_json_parse(body, length, ret_error);
    const cJSON *data = json ? api_json_data_object(json, ret_error) : NULL;
    return data && read_property(data, "data", arena, ret, ret_error);
}

void api_target_list_done(struct api_target_list *list) {
    arena_free(list->arena);
    *list = (struct api_target_list){0};
}

/* A string, or the name or id of an object; NULL where there is neither. */
static const char *identity(const cJSON *item) {
    if (cJSON_IsString(item) && *item->valuestring)
        return item->valuestring;
    static const char *const names[] = {"name", "id"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const cJSON *inside = api_json_member(item, names[i]);
        if (cJSON_IsString(inside) && *inside->valuestring)
            return inside->valuestring;
    }
    return NULL;
}

bool api_parse_me(const char *body, size_t length, char **ret_who, struct error *ret_error) {
    static const char *const names[] = {"email",          "name", "id", "organization", "organization_name",
                                        "organization_id"};
    CLEANUP(api_json_free) cJSON *json = api_json_parse(body, length, ret_error);
    if (!json)
        return false;
    const cJSON *data = api_json_member(json, "data");
    const cJSON *me = cJSON_IsObject(data) ? data : json;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const char *who = identity(api_json_member(me, names[i]));
        if (who) {
            *ret_who = alloc_strdup(who);
            return true;
        }
    }
    return error_set(ret_error, CAUSE_SHAPE, "data has no email, name, id or organization");
}
