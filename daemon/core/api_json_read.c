#include "core/api_json_read.h"

#include <string.h>

#include "core/json_text.h"

void api_json_free(cJSON **json) {
    cJSON_Delete(*json);
}

const cJSON *api_json_member(const cJSON *object, const char *name) {
    const cJSON *found = NULL;
    if (cJSON_IsObject(object))
        for (const cJSON *item = object->child; item; item = item->next)
            if (strcmp(item->string, name) == 0)
                found = item;
    return cJSON_IsNull(found) ? NULL : found;
}

bool api_json_refuse(struct error *ret_error, const char *path, const char *name, const char *wanted) {
    return error_set(ret_error, CAUSE_SHAPE, "%s%s%s is not %s", path, *path && *name ? "." : "", name,
                     wanted);
}

bool api_json_text(const cJSON *object, const char *path, const char *name, const char **ret_text,
                   struct error *ret_error) {
    const cJSON *item = api_json_member(object, name);
    if (item && !cJSON_IsString(item))
        return api_json_refuse(ret_error, path, name, "a string");
    *ret_text = item ? item->valuestring : NULL;
    return true;
}

bool api_json_flag(const cJSON *object, const char *path, const char *name, bool *ret_value,
                   struct error *ret_error) {
    const cJSON *item = api_json_member(object, name);
    if (item && !cJSON_IsBool(item))
        return api_json_refuse(ret_error, path, name, "true or false");
    *ret_value = item && cJSON_IsTrue(item);
    return true;
}

cJSON *api_json_parse(const char *body, size_t length, struct error *ret_error) {
    if (!json_check(body, length, ret_error))
        return NULL;
    CLEANUP(api_json_free) cJSON *json = cJSON_ParseWithLength(body, length);
    if (!cJSON_IsObject(json)) {
        error_set(ret_error, CAUSE_SHAPE, "the document is not an object");
        return NULL;
    }
    return TAKE_PTR(json);
}

const cJSON *api_json_data_object(const cJSON *json, struct error *ret_error) {
    const cJSON *data = api_json_member(json, "data");
    if (cJSON_IsObject(data))
        return data;
    api_json_refuse(ret_error, "data", "", "an object");
    return NULL;
}

const cJSON *api_json_data_array(const cJSON *json, struct error *ret_error) {
    const cJSON *data = api_json_member(json, "data");
    if (cJSON_IsArray(data))
        return data;
    api_json_refuse(ret_error, "data", "", "a list");
    return NULL;
}

const char *api_json_keep(struct arena *arena, const char *text) {
    return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}
