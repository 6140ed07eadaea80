#include "core/api_json_syncs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "core/api_json_read.h"
#include "core/json_erase.h"
#include "core/json_text.h"
#include "core/target.h"

/* An object of a sync, with where it stands. */
struct node {
    const cJSON *json;
    const char *path;
    struct error *error;
};

/* What is being read of one sync. */
struct reader {
    struct arena *arena;
    struct sync *sync;
    struct sync_field *fields;
    size_t field_count;
};

static cJSON *parse(char *body, size_t length, struct error *ret_error) {
    if (!json_check(body, length, ret_error)) {
        if (length > 0)
            explicit_bzero(body, length);
        return NULL;
    }
    json_erase(body, length, "passphrase");
    return api_json_parse(body, length, ret_error);
}

static bool get_text(const struct node *node, const char *name, const char **ret) {
    return api_json_text(node->json, node->path, name, ret, node->error);
}

static bool get_flag(const struct node *node, const char *name, bool *ret) {
    return api_json_flag(node->json, node->path, name, ret, node->error);
}

static bool refuse(const struct node *node, const char *name, const char *wanted) {
    return api_json_refuse(node->error, node->path, name, wanted);
}

static bool is_text(const char *text) {
    return text && *text;
}

static const char *keep(struct reader *reader, const char *text) {
    return is_text(text) ? api_json_keep(reader->arena, text) : NULL;
}

/* Ids stand in indexes. */
static bool check_id(const struct node *node, const char *name, const char *id) {
    return strlen(id) <= TARGET_ID_MAX || refuse(node, name, "at most 1000 bytes long");
}

/* A field that the sync names; one without an id names none. */
static bool add_field(struct reader *reader, const struct node *node, const char *name,
                      const struct sync_field *field) {
    if (!is_text(field->field_id))
        return true;
    if (!check_id(node, name, field->field_id))
        return false;
    struct sync_field *kept = &reader->fields[reader->field_count++];
    *kept = *field;
    kept->field_id = keep(reader, field->field_id);
    kept->sync_mode = keep(reader, field->sync_mode);
    kept->function = keep(reader, field->function);
    return true;
}

static bool read_mapping(struct reader *reader, const struct node *node, enum sync_role role) {
    struct sync_field field = {.role = role};
    return get_text(node, "target", &field.field_id) && get_flag(node, "new", &field.new_field) &&
           get_flag(node, "encryption_enabled", &field.encrypted) &&
           get_text(node, "sync_mode", &field.sync_mode) && add_field(reader, node, "target", &field);
}

static bool read_field(struct reader *reader, const struct node *node) {
    return read_mapping(reader, node, SYNC_ROLE_MAPPING);
}

static bool read_override(struct reader *reader, const struct node *node) {
    return read_mapping(reader, node, SYNC_ROLE_OVERRIDE);
}

/* Only filters by a field of the target are about the target. */
static bool read_filter(struct reader *reader, const struct node *node) {
    struct sync_field field = {.role = SYNC_ROLE_FILTER};
    const char *type = NULL;
    if (!get_text(node, "field_type", &type))
        return false;
    if (!type || strcasecmp(type, "Target") != 0)
        return true;
    return get_text(node, "field_id", &field.field_id) && add_field(reader, node, "field_id", &field);
}

/* {id, label}, or the id itself. */
static bool read_function(const struct node *node, const char **ret) {
    const cJSON *function = api_json_member(node->json, "function");
    if (!cJSON_IsObject(function))
        return get_text(node, "function", ret);
    CLEANUP(cleanup_free) char *path = alloc_printf("%s.function", node->path);
    const struct node inside = {function, path, node->error};
    return get_text(&inside, "id", ret);
}

static bool read_identity(struct reader *reader, const struct node *sync) {
    const cJSON *identity = api_json_member(sync->json, "identity");
    if (!identity)
        return true;
    if (!cJSON_IsObject(identity))
        return refuse(sync, "identity", "an object");
    CLEANUP(cleanup_free) char *path = alloc_printf("%s.identity", sync->path);
    const struct node node = {identity, path, sync->error};
    struct sync_field field = {.role = SYNC_ROLE_IDENTITY};
    return get_text(&node, "target", &field.field_id) && get_flag(&node, "new_field", &field.new_field) &&
           read_function(&node, &field.function) && add_field(reader, &node, "target", &field);
}

/* The lists in which a sync names fields. */
static const struct {
    const char *name;
    bool (*read)(struct reader *reader, const struct node *node);
} lists[] = {{"fields", read_field}, {"override_fields", read_override}, {"filters", read_filter}};

static bool read_list(struct reader *reader, const struct node *sync, size_t which) {
    const char *name = lists[which].name;
    const cJSON *list = api_json_member(sync->json, name);
    if (!list)
        return true;
    if (!cJSON_IsArray(list))
        return refuse(sync, name, "a list");
    size_t index = 0;
    for (const cJSON *item = list->child; item; item = item->next, index++) {
        CLEANUP(cleanup_free) char *path = alloc_printf("%s.%s[%zu]", sync->path, name, index);
        const struct node node = {item, path, sync->error};
        if (!cJSON_IsObject(item))
            return refuse(&node, "", "an object");
        if (!lists[which].read(reader, &node))
            return false;
    }
    return true;
}

static int compare_fields(const void *a, const void *b) {
    const struct sync_field *left = a, *right = b;
    int order = strcmp(left->field_id, right->field_id);
    return order != 0 ? order : (int)left->role - (int)right->role;
}

static bool read_fields(struct reader *reader, const struct node *sync) {
    size_t most = 1; /* the identity */
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++)
        most += (size_t)cJSON_GetArraySize(api_json_member(sync->json, lists[i].name));
    reader->fields = arena_alloc(reader->arena, most * sizeof(*reader->fields));
    for (size_t i = 0; i < ARRAY_LENGTH(lists); i++)
        if (!read_list(reader, sync, i))
            return false;
    if (!read_identity(reader, sync))
        return false;
    if (reader->field_count > 1)
        qsort(reader->fields, reader->field_count, sizeof(*reader->fields), compare_fields);
    reader->sync->fields = reader->fields;
    reader->sync->field_count = reader->field_count;
    return true;
}

/* `create` holds the inputs of the target that the sync creates, or says that it does. */
static bool is_creating(const cJSON *create) {
    return cJSON_IsTrue(create) || (cJSON_IsObject(create) && create->child) ||
           (cJSON_IsArray(create) && create->child);
}

static bool read_target(struct reader *reader, const struct node *sync) {
    const cJSON *target = api_json_member(sync->json, "target");
    if (!target)
        return true;
    if (!cJSON_IsObject(target))
        return refuse(sync, "target", "an object");
    CLEANUP(cleanup_free) char *path = alloc_printf("%s.target", sync->path);
    const struct node node = {target, path, sync->error};
    const char *connection = NULL, *object = NULL, *new_name = NULL;
    if (!get_text(&node, "connection_id", &connection) || !get_text(&node, "object", &object) ||
        !get_text(&node, "new_name", &new_name) || (object && !check_id(&node, "object", object)))
        return false;
    reader->sync->connection_id = keep(reader, connection);
    reader->sync->target_id = keep(reader, object);
    reader->sync->creates_target = is_text(new_name) || is_creating(api_json_member(target, "create"));
    return true;
}

static bool read_id(const struct node *node, const char **ret) {
    if (!get_text(node, "id", ret))
        return false;
    return is_text(*ret) ? check_id(node, "id", *ret) : refuse(node, "id", "there");
}

static bool read_sync(struct arena *arena, const struct node *node, struct sync *ret) {
    struct sync sync = {0};
    struct reader reader = {.arena = arena, .sync = &sync};
    const char *id = NULL, *name = NULL, *mode = NULL, *updated_at = NULL;
    if (!read_id(node, &id) || !get_text(node, "name", &name) || !get_flag(node, "active", &sync.active) ||
        !get_text(node, "mode", &mode) || !get_text(node, "updated_at", &updated_at) ||
        !read_target(&reader, node) || !read_fields(&reader, node))
        return false;
    sync.id = keep(&reader, id);
    sync.name = is_text(name) ? keep(&reader, name) : sync.id;
    sync.mode = keep(&reader, mode);
    sync.updated_at = keep(&reader, updated_at);
    *ret = sync;
    return true;
}

/* A list item that says which fields it writes is the sync itself; later versions only name it. */
static bool is_whole(const cJSON *item) {
    return cJSON_IsObject(api_json_member(item, "target")) && cJSON_IsArray(api_json_member(item, "fields"));
}

static bool read_whole(struct arena *arena, const struct node *node, struct api_listed_sync *ret) {
    struct sync *sync = arena_alloc(arena, sizeof(*sync));
    if (!read_sync(arena, node, sync))
        return false;
    *ret = (struct api_listed_sync){
        .id = sync->id, .connection_id = sync->connection_id, .updated_at = sync->updated_at, .whole = sync};
    return true;
}

static bool read_named(struct arena *arena, const struct node *node, struct api_listed_sync *ret) {
    const char *id = NULL, *connection = NULL, *updated_at = NULL;
    if (!read_id(node, &id) || !get_text(node, "target_connection_id", &connection) ||
        !get_text(node, "updated_at", &updated_at))
        return false;
    *ret = (struct api_listed_sync){
        .id = api_json_keep(arena, id),
        .connection_id = is_text(connection) ? api_json_keep(arena, connection) : NULL,
        .updated_at = is_text(updated_at) ? api_json_keep(arena, updated_at) : NULL,
    };
    return true;
}

static bool read_next_page(const cJSON *json, struct arena *arena, const char **ret,
                           struct error *ret_error) {
    const cJSON *pagination = api_json_member(json, "pagination");
    const char *token = NULL;
    if (pagination && !cJSON_IsObject(pagination))
        return api_json_refuse(ret_error, "pagination", "", "an object");
    if (!api_json_text(pagination, "pagination", "next_page_token", &token, ret_error))
        return false;
    *ret = is_text(token) ? api_json_keep(arena, token) : NULL;
    return true;
}

bool api_parse_sync_list(char *body, size_t length, struct arena *arena, struct api_sync_list *ret,
                         struct error *ret_error) {
    CLEANUP(api_json_free) cJSON *json = parse(body, length, ret_error);
    const cJSON *data = json ? api_json_data_array(json, ret_error) : NULL;
    if (!data)
        return false;
    struct api_sync_list list = {
        .syncs = arena_alloc(arena, (size_t)cJSON_GetArraySize(data) * sizeof(*list.syncs))};
    for (const cJSON *item = data->child; item; item = item->next) {
        CLEANUP(cleanup_free) char *path = alloc_printf("data[%zu]", list.count);
        const struct node node = {item, path, ret_error};
        if (!cJSON_IsObject(item))
            return refuse(&node, "", "an object");
        struct api_listed_sync *listed = &list.syncs[list.count++];
        if (!(is_whole(item) ? read_whole : read_named)(arena, &node, listed))
            return false;
    }
    if (!read_next_page(json, arena, &list.next_page, ret_error))
        return false;
    *ret = list;
    return true;
}

bool api_parse_sync(char *body, size_t length, const char *expected_id, struct arena *arena, struct sync *ret,
                    struct error *ret_error) {
    CLEANUP(api_json_free) cJSON *json = parse(body, length, ret_error);
    const cJSON *data = json ? api_json_data_object(json, ret_error) : NULL;
    if (!data)
        return false;
    const struct node node = {data, "data", ret_error};
    struct sync sync;
    if (!read_sync(arena, &node, &sync))
        return false;
    if (!text_equal(sync.id, expected_id))
        return refuse(&node, "id", "the one that was asked for");
    *ret = sync;
    return true;
}
