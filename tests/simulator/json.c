#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

cJSON *json_get(const cJSON *object, const char *name) {
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const char *json_string(const cJSON *object, const char *name, const char *otherwise) {
    const cJSON *member = json_get(object, name);

    return cJSON_IsString(member) ? member->valuestring : otherwise;
}

bool json_bool(const cJSON *object, const char *name, bool otherwise) {
    const cJSON *member = json_get(object, name);

    return member ? cJSON_IsTrue(member) : otherwise;
}

int64_t json_int(const cJSON *object, const char *name, int64_t otherwise) {
    const cJSON *member = json_get(object, name);

    return cJSON_IsNumber(member) ? (int64_t)member->valuedouble : otherwise;
}

void json_put(cJSON *object, const char *name, cJSON *value) {
    if (json_get(object, name))
        cJSON_ReplaceItemInObjectCaseSensitive(object, name, value);
    else
        cJSON_AddItemToObject(object, name, value);
}

void json_merge(cJSON *object, const cJSON *set, const cJSON *unset) {
    const cJSON *item;

    cJSON_ArrayForEach(item, set) {
        if (item->string)
            json_put(object, item->string, cJSON_Duplicate(item, true));
    }
    cJSON_ArrayForEach(item, unset) {
        if (cJSON_IsString(item))
            cJSON_DeleteItemFromObjectCaseSensitive(object, item->valuestring);
    }
}

cJSON *json_pick(const cJSON *object, const char *const names[]) {
    cJSON *out = cJSON_CreateObject();

    for (; *names; names++) {
        const cJSON *member = json_get(object, *names);

        if (member)
            cJSON_AddItemToObject(out, *names, cJSON_Duplicate(member, true));
    }
    return out;
}

void json_write(struct buf *buf, const cJSON *value) {
    char *text = cJSON_PrintUnformatted(value);

    if (!text)
        die("out of memory");
    buf_puts(buf, text);
    free(text);
}

cJSON *json_parse(const char *text, size_t len, size_t *at) {
    const char *end = NULL;
    cJSON *value = cJSON_ParseWithLengthOpts(text, len, &end, false);

    while (value && end < text + len && strchr(" \t\r\n", *end))
        end++;
    if (value && end == text + len)
        return value;
    cJSON_Delete(value);
    if (at)
        *at = end ? (size_t)(end - text) : 0;
    return NULL;
}

cJSON *json_load(const char *path) {
    struct buf text = {0};
    size_t at = 0;
    cJSON *value;

    if (!buf_read_file(&text, path))
        die("%s: %s", path, strerror(errno));
    value = json_parse(text.data, text.len, &at);
    if (!value)
        die("%s: no JSON at byte %zu", path, at);
    buf_free(&text);
    return value;
}
