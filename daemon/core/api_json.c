#include "core/api_json.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "core/json_text.h"

static void free_json(cJSON **json) {
    cJSON_Delete(*json);
}

/* Case counts, and of members with the same name the last one. null is as good as absent: NULL. */
static const cJSON *member(const cJSON *object, const char *name) {
    const cJSON *found = NULL;
    if (cJSON_IsObject(object))
        for (const cJSON *item = object->child; item; item = item->next)
            if (strcmp(item->string, name) == 0)
                found = item;
    return cJSON_IsNull(found) ? NULL : found;
}

static bool wrong_shape(struct error *ret_error, const char *path, const char *name, const char *wanted) {
    return error_set(ret_error, CAUSE_SHAPE, "%s%s%s is not %s", path, *path && *name ? "." : "", name,
                     wanted);
}

static bool get_string(const cJSON *object, const char *path, const char *name, const char **ret_text,
                       struct error *ret_error) {
    const cJSON *item = member(object, name);
    if (item && !cJSON_IsString(item))
        return wrong_shape(ret_error, path, name, "a string");
    *ret_text = item ? item->valuestring : NULL;
    return true;
}

static bool get_bool(const cJSON *object, const char *path, const char *name, bool *ret_value,
                     struct error *ret_error) {
    const cJSON *item = member(object, name);
    if (item && !cJSON_IsBool(item))
        return wrong_shape(ret_error, path, name, "true or false");
    *ret_value = item && cJSON_IsTrue(item);
    return true;
}

/* Absent and "" are no time. */
static bool get_time(const cJSON *object, const char *path, const char *name, usec_t *ret_time,
                     struct error *ret_error) {
    const char *text = NULL;
    if (!get_string(object, path, name, &text, ret_error))
        return false;
    usec_t time = USEC_NONE;
    if (text && *text && !rfc3339_parse(text, strlen(text), &time))
        return wrong_shape(ret_error, path, name, "a time as RFC 3339 has it");
    *ret_time = time;
    return true;
}

static cJSON *parse_object(const char *body, size_t length, struct error *ret_error) {
    if (!json_check(body, length, ret_error))
        return NULL;
    CLEANUP(free_json) cJSON *json = cJSON_ParseWithLength(body, length);
    if (!cJSON_IsObject(json)) {
        error_set(ret_error, CAUSE_SHAPE, "the document is not an object");
        return NULL;
    }
    return TAKE_PTR(json);
}

/* The member `data`, which must be an object. */
static const cJSON *data_object(const cJSON *json, struct error *ret_error) {
    const cJSON *data = member(json, "data");
    if (cJSON_IsObject(data))
        return data;
    wrong_shape(ret_error, "data", "", "an object");
    return NULL;
}

static const cJSON *data_array(const cJSON *json, struct error *ret_error) {
    const cJSON *data = member(json, "data");
    if (cJSON_IsArray(data))
        return data;
    wrong_shape(ret_error, "data", "", "a list");
    return NULL;
}

/* `type` is {id, name}, or a string. */
static bool get_type(const cJSON *object, const char *path, const char **ret_type, struct error *ret_error) {
    const cJSON *type = member(object, "type");
    if (!cJSON_IsObject(type))
        return get_string(object, path, "type", ret_type, ret_error);
    CLEANUP(cleanup_free) char *inside = alloc_printf("%s.type", path);
    const char *id = NULL, *name = NULL;
    if (!get_string(type, inside, "name", &name, ret_error) ||
        !get_string(type, inside, "id", &id, ret_error))
        return false;
    *ret_type = name ? name : id;
    return true;
}

static bool read_connection(const cJSON *object, const char *path, struct api_connection *ret,
                            struct error *ret_error) {
    if (!cJSON_IsObject(object))
        return wrong_shape(ret_error, path, "", "an object");
    const char *id = NULL, *name = NULL, *type = NULL, *status = NULL, *status_error = NULL;
    if (!get_string(object, path, "id", &id, ret_error) ||
        !get_string(object, path, "name", &name, ret_error) ||
        !get_string(object, path, "status", &status, ret_error) ||
        !get_string(object, path, "status_error", &status_error, ret_error) ||
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
    CLEANUP(free_json) cJSON *json = parse_object(body, length, ret_error);
    const cJSON *data = json ? data_object(json, ret_error) : NULL;
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
    CLEANUP(free_json) cJSON *json = parse_object(body, length, ret_error);
    const cJSON *data = json ? data_array(json, ret_error) : NULL;
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
    CLEANUP(free_json) cJSON *json = parse_object(body, length, ret_error);
    const cJSON *data = json ? data_object(json, ret_error) : NULL;
    const char *cache_status = NULL;
    usec_t started = USEC_NONE, finished = USEC_NONE;
    if (!data || !get_string(data, "data", "cache_status", &cache_status, ret_error) ||
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

static const char *keep(struct arena *arena, const char *text) {
    return text ? arena_strndup(arena, text, strlen(text)) : NULL;
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
            return wrong_shape(ret_error, path, "", "an object");
        if (!get_string(item, path, "id", &id, ret_error) ||
            !get_string(item, path, "name", &name, ret_error))
            return false;
        if (id && *id)
            list->targets[list->target_count++] =
                (struct api_target_object){.id = keep(list->arena, id), .name = keep(list->arena, name)};
        else
            list->without_id++;
    }
    sort_targets(list);
    return true;
}

/* The values that an input may have: {value, label} each. */
static bool read_values(const cJSON *object, const char *path, struct arena *arena,
                        struct api_creation_property *property, struct error *ret_error) {
    const cJSON *values = member(object, "values");
    if (values && !cJSON_IsArray(values))
        return wrong_shape(ret_error, path, "values", "a list");
    if (!values)
        return true;
    size_t index = 0;
    property->values = arena_alloc(arena, (size_t)cJSON_GetArraySize(values) * sizeof(*property->values));
    for (const cJSON *item = values->child; item; item = item->next, index++) {
        CLEANUP(cleanup_free) char *inside = alloc_printf("%s.values[%zu]", path, index);
        const char *value = NULL;
        if (!cJSON_IsObject(item))
            return wrong_shape(ret_error, inside, "", "an object");
        if (!get_string(item, inside, "value", &value, ret_error))
            return false;
        if (value)
            property->values[property->value_count++] = keep(arena, value);
    }
    return true;
}

static bool read_property(const cJSON *object, const char *path, struct arena *arena,
                          struct api_creation_property *ret, struct error *ret_error) {
    const char *id = NULL, *title = NULL;
    struct api_creation_property property = {0};
    if (!cJSON_IsObject(object))
        return wrong_shape(ret_error, path, "", "an object");
    if (!get_string(object, path, "id", &id, ret_error) ||
        !get_string(object, path, "title", &title, ret_error) ||
        !get_bool(object, path, "enum", &property.is_enum, ret_error) ||
        !read_values(object, path, arena, &property, ret_error))
        return false;
    property.id = keep(arena, id);
    property.title = keep(arena, title);
    *ret = property;
    return true;
}

static bool read_creation(const cJSON *json, struct api_target_list *list, struct error *ret_error) {
    static const char at[] = "target_creation";
    const cJSON *creation = member(json, at);
    if (!creation)
        return true;
    if (!cJSON_IsObject(creation))
        return wrong_shape(ret_error, at, "", "an object");
    if (!get_bool(creation, at, "supported", &list->creation_supported, ret_error))
        return false;
    const cJSON *properties = member(creation, "properties");
    if (properties && !cJSON_IsArray(properties))
        return wrong_shape(ret_error, at, "properties", "a list");
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
    CLEANUP(free_json) cJSON *json = parse_object(body, length, ret_error);
    const cJSON *data = json ? data_array(json, ret_error) : NULL;
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
    CLEANUP(free_json) cJSON *json = parse_object(body, length, ret_error);
    const cJSON *data = json ? data_object(json, ret_error) : NULL;
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
        const cJSON *inside = member(item, names[i]);
        if (cJSON_IsString(inside) && *inside->valuestring)
            return inside->valuestring;
    }
    return NULL;
}

bool api_parse_me(const char *body, size_t length, char **ret_who, struct error *ret_error) {
    static const char *const names[] = {"email",          "name", "id", "organization", "organization_name",
                                        "organization_id"};
    CLEANUP(free_json) cJSON *json = parse_object(body, length, ret_error);
    if (!json)
        return false;
    const cJSON *data = member(json, "data");
    const cJSON *me = cJSON_IsObject(data) ? data : json;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const char *who = identity(member(me, names[i]));
        if (who) {
            *ret_who = alloc_strdup(who);
            return true;
        }
    }
    return error_set(ret_error, CAUSE_SHAPE, "data has no email, name, id or organization");
}
