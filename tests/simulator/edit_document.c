/* The ops that change the document of one target: its fields, modes and properties. */
#include "edit.h"

#include <fnmatch.h>
#include <string.h>

/* Whether a field, mode, … is meant by `which`: its id or a glob over it, its index, or an array of these. */
/* NOLINTNEXTLINE(misc-no-recursion): a control request is the tests' own */
static bool meant(const cJSON *which, const cJSON *item, int index, const char *key) {
    const char *id = json_string(item, key, NULL);
    const cJSON *one;

    if (cJSON_IsNumber(which))
        return which->valueint == index;
    if (cJSON_IsString(which))
        return id && (!strcmp(which->valuestring, id) || !fnmatch(which->valuestring, id, 0));
    cJSON_ArrayForEach(one, which) {
        if (meant(one, item, index, key))
            return true;
    }
    return false;
}

/* The array of that name; one is made if there is none. */
static cJSON *array_of(cJSON *target, const char *name) {
    if (!cJSON_IsArray(json_get(target, name)))
        json_put(target, name, cJSON_CreateArray());
    return json_get(target, name);
}

/* Merges op's set and unset into what is meant; how many that were. */
static int set_items(cJSON *array, const cJSON *which, const char *key, const cJSON *op) {
    int index = 0, count = 0;
    cJSON *item;

    cJSON_ArrayForEach(item, array) {
        if (!meant(which, item, index++, key))
            continue;
        json_merge(item, json_get(op, "set"), json_get(op, "unset"));
        count++;
    }
    return count;
}

static int remove_items(cJSON *array, const cJSON *which, const char *key) {
    cJSON *item = array->child;
    int index = 0, count = 0;

    while (item) {
        cJSON *next = item->next;

        if (meant(which, item, index++, key)) {
            cJSON_Delete(cJSON_DetachItemViaPointer(array, item));
            count++;
        }
        item = next;
    }
    return count;
}

/* Puts the item at op's position. cJSON_InsertItemInArray of Debian 12 refuses all but the first place. */
static void insert(cJSON *array, const cJSON *op, cJSON *item) {
    int count = cJSON_GetArraySize(array);
    int64_t position = json_int(op, "position", count);

    cJSON_AddItemToArray(array, item);
    for (int64_t moves = position < 0 ? 0 : count - position; moves > 0; moves--)
        cJSON_AddItemToArray(array, cJSON_DetachItemFromArray(array, (int)position));
}

static char *move_item(cJSON *array, const cJSON *op, const char *key) {
    int index = 0;
    cJSON *item;

    cJSON_ArrayForEach(item, array) {
        if (meant(json_get(op, "field"), item, index++, key)) {
            insert(array, op, cJSON_DetachItemViaPointer(array, item));
            return NULL;
        }
    }
    return xasprintf("no such field");
}

static char *field_op(cJSON *target, const char *name, const cJSON *op) {
    const cJSON *which = json_get(op, "field"), *value = json_get(op, "value");
    cJSON *fields, *field;

    if (!strcmp(name, "fields_set")) {
        if (!value)
            return xasprintf("\"value\" is wanted: what `fields` shall be");
        json_put(target, "fields", cJSON_Duplicate(value, true));
        return NULL;
    }
    fields = array_of(target, "fields");
    if (!strcmp(name, "fields_set_all")) {
        cJSON_ArrayForEach(field, fields) {
            json_merge(field, json_get(op, "set"), json_get(op, "unset"));
        }
        return NULL;
    }
    if (!strcmp(name, "field_add")) {
        if (!value)
            return xasprintf("\"value\" is wanted: the whole field");
        insert(fields, op, cJSON_Duplicate(value, true));
        return NULL;
    }
    if (!which)
        return xasprintf("\"field\" is wanted: an id, a glob, an index, or an array of these");
    if (!strcmp(name, "field_move"))
        return move_item(fields, op, "id");
    if (!(!strcmp(name, "field_remove") ? remove_items(fields, which, "id")
                                        : set_items(fields, which, "id", op)))
        return xasprintf("no such field");
    return NULL;
}

static char *mode_op(cJSON *target, const char *name, const cJSON *op) {
    const cJSON *which = json_get(op, "mode"), *value = json_get(op, "value");
    cJSON *modes = array_of(target, "modes");

    if (!strcmp(name, "mode_add")) {
        if (!value)
            return xasprintf("\"value\" is wanted: the whole mode");
        insert(modes, op, cJSON_Duplicate(value, true));
        return NULL;
    }
    if (!which)
        return xasprintf("\"mode\" is wanted");
    if (!(!strcmp(name, "mode_remove") ? remove_items(modes, which, "mode")
                                       : set_items(modes, which, "mode", op)))
        return xasprintf("no such mode");
    return NULL;
}

bool edit_document(cJSON *target, const cJSON *op, char **error) {
    static const char *const field_ops[] = {"field_set",  "field_add",  "field_remove",
                                            "field_move", "fields_set", "fields_set_all"};
    static const char *const mode_ops[] = {"mode_set", "mode_add", "mode_remove"};
    const char *name = json_string(op, "op", "");

    for (size_t i = 0; i < sizeof field_ops / sizeof *field_ops; i++) {
        if (!strcmp(name, field_ops[i])) {
            *error = field_op(target, name, op);
            return true;
        }
    }
    for (size_t i = 0; i < sizeof mode_ops / sizeof *mode_ops; i++) {
        if (!strcmp(name, mode_ops[i])) {
            *error = mode_op(target, name, op);
            return true;
        }
    }
    if (!strcmp(name, "target_set")) {
        json_merge(target, json_get(op, "set"), json_get(op, "unset"));
        return true;
    }
    if (!strcmp(name, "property_set")) {
        if (!cJSON_IsObject(json_get(target, "properties")))
            json_put(target, "properties", cJSON_CreateObject());
        json_merge(json_get(target, "properties"), json_get(op, "set"), json_get(op, "unset"));
        return true;
    }
    return false;
}
