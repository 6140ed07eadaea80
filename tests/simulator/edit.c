#include "edit.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* The members an op may have. */
static const char *const MEMBERS[] = {
    "op", "connection", "target",   "field",  "mode",   "sync", "set",   "unset",       "value",     "like",
    "id", "name",       "position", "listed", "cached", "raw",  "touch", "gone_fields", "raw_base64"};

/* What an op is done to: a document in a slot, upstream or cached. */
typedef char *(*document_op)(struct doc **place, const cJSON *op);

static char *change_document(struct doc **place, const cJSON *op) {
    cJSON *target = doc_json(*place);
    char *error = NULL;

    if (!edit_document(target, op, &error))
        error = xasprintf("there is no op '%s'", json_string(op, "op", ""));
    if (!error) {
        struct doc *doc = doc_new(target, *place);

        doc_set(place, doc);
        doc_unref(doc);
    }
    cJSON_Delete(target);
    return error;
}

static char *change_flags(struct doc **place, const cJSON *op) {
    struct doc *doc = doc_copy(*place);

    doc->listed = json_bool(op, "listed", doc->listed);
    doc->gone_fields = json_bool(op, "gone_fields", doc->gone_fields);
    doc_set(place, doc);
    doc_unref(doc);
    return NULL;
}

static char *change_raw(struct doc **place, const cJSON *op) {
    const char *raw = json_string(op, "raw", NULL), *base64 = json_string(op, "raw_base64", NULL);
    struct doc *doc = doc_copy(*place);
    bool fine = true;

    buf_free(&doc->raw);
    doc->is_raw = raw || base64;
    if (raw)
        buf_puts(&doc->raw, raw);
    else if (base64)
        fine = base64_decode(&doc->raw, base64);
    if (fine)
        doc_set(place, doc);
    doc_unref(doc);
    return fine ? NULL : xasprintf("\"raw_base64\" is not base64");
}

static char *remove_document(struct doc **place, const cJSON *op) {
    (void)op;
    doc_set(place, NULL);
    return NULL;
}

static bool to_upstream(const cJSON *op) {
    return strcmp(json_string(op, "cached", ""), "only") != 0;
}

static bool to_cache(const cJSON *op) {
    return json_bool(op, "cached", false) || !to_upstream(op);
}

/* Applies the op to one target, upstream or in the cache as the op says; counts it unless it is in neither.
 */
static char *apply(struct connection *connection, struct slot *slot, const cJSON *op, document_op change,
                   size_t *count) {
    bool upstream = slot->upstream && to_upstream(op), cached = slot->cached && to_cache(op);
    char *error = upstream ? change(&slot->upstream, op) : NULL;

    if (!error && cached) {
        error = change(&slot->cached, op);
        listing_changed(connection);
    }
    *count += upstream || cached;
    return error;
}

/* Applies the op to the targets that it names, which may be a glob. */
static char *apply_to_targets(struct connection *connection, const cJSON *op, document_op change) {
    const char *target = json_string(op, "target", NULL);
    struct slot *slot = target ? slot_find(connection, target) : NULL;
    char *error = NULL;
    size_t count = 0;

    if (!target)
        return xasprintf("\"target\" is wanted: an id, a glob, or \"$new\"");
    if (!strcmp(target, "$new"))
        return connection->new_doc ? change(&connection->new_doc, op)
                                   : xasprintf("this connection does not create targets");
    if (slot)
        error = apply(connection, slot, op, change, &count);
    for (size_t i = 0; !slot && i < connection->slot_count && !error; i++)
        if (!fnmatch(target, connection->slots[i]->id, 0))
            error = apply(connection, connection->slots[i], op, change, &count);
    if (!error && !count)
        error = xasprintf("no such target: '%s'", target);
    return error;
}

static char *target_add(struct connection *connection, const cJSON *op) {
    const char *like = json_string(op, "like", NULL);
    const struct slot *model = like ? slot_find(connection, like) : NULL;
    cJSON *target = model && model->upstream ? doc_json(model->upstream) : cJSON_CreateObject();
    char *error = NULL;
    const char *id;

    if (json_get(op, "value") && !cJSON_IsObject(json_get(op, "value")))
        error = xasprintf("\"value\" must be an object: the whole target");
    else if (like && (!model || !model->upstream))
        error = xasprintf("no such target: '%s'", like);
    json_merge(target, json_get(op, "value"), NULL);
    if (json_get(op, "id"))
        json_put(target, "id", cJSON_Duplicate(json_get(op, "id"), true));
    if (json_get(op, "name"))
        json_put(target, "name", cJSON_Duplicate(json_get(op, "name"), true));
    id = json_string(target, "id", NULL);
    if (!error && !id)
        error = xasprintf("the target's id is wanted, in \"id\" or in \"value\"");
    if (!error) {
        struct slot *slot = slot_find(connection, id);
        struct doc *doc = doc_new(target, NULL);

        if (!slot)
            slot = slot_add(connection, id);
        if (to_upstream(op))
            doc_set(&slot->upstream, doc);
        if (to_cache(op)) {
            doc_set(&slot->cached, doc);
            slot->refreshed_at = now_us();
            listing_changed(connection);
        }
        doc_unref(doc);
    }
    cJSON_Delete(target);
    return error;
}

static char *connection_add(struct world *world, const cJSON *op) {
    char *error = NULL;
    struct connection *connection = connection_load(json_get(op, "value"), &error);

    if (!connection)
        return error;
    if (world_find_id(world, connection->id)) {
        connection_free(connection);
        return xasprintf("there is a connection with this id");
    }
    world_add(world, connection);
    return NULL;
}

static cJSON *find_sync(const struct world *world, const char *id_or_name) {
    cJSON *sync;

    cJSON_ArrayForEach(sync, world->syncs) {
        if (!strcmp(json_string(sync, "id", ""), id_or_name) ||
            !strcmp(json_string(sync, "name", ""), id_or_name))
            return sync;
    }
    return NULL;
}

static char *sync_op(struct world *world, const char *name, const cJSON *op) {
    const cJSON *value = json_get(op, "value"), *set = json_get(op, "set");
    cJSON *sync = find_sync(world, json_string(op, "sync", ""));
    char text[TIME_TEXT];

    if (!strcmp(name, "sync_add")) {
        if (!cJSON_IsObject(value))
            return xasprintf("\"value\" is wanted: the whole sync");
        cJSON_AddItemToArray(world->syncs, cJSON_Duplicate(value, true));
        return NULL;
    }
    if (!sync)
        return xasprintf("no such sync: \"sync\" is an id or a name");
    if (!strcmp(name, "sync_remove")) {
        cJSON_Delete(cJSON_DetachItemViaPointer(world->syncs, sync));
        return NULL;
    }
    if (json_get(sync, "updated_at") && json_bool(op, "touch", true))
        json_put(sync, "updated_at", cJSON_CreateString(time_text(now_us(), text)));
    json_merge(sync, set, json_get(op, "unset"));
    return NULL;
}

static char *check_members(const cJSON *op) {
    const cJSON *member;

    cJSON_ArrayForEach(member, op) {
        size_t i = 0;

        while (i < sizeof MEMBERS / sizeof *MEMBERS && strcmp(MEMBERS[i], member->string) != 0)
            i++;
        if (i == sizeof MEMBERS / sizeof *MEMBERS)
            return xasprintf("an op has no member '%s'", member->string);
    }
    if (json_get(op, "set") && !cJSON_IsObject(json_get(op, "set")))
        return xasprintf("\"set\" must be an object");
    if (json_get(op, "unset") && !cJSON_IsArray(json_get(op, "unset")))
        return xasprintf("\"unset\" must be an array of names");
    return NULL;
}

static char *connection_op(struct world *world, struct connection *connection, const char *name,
                           const cJSON *op) {
    if (!strcmp(name, "connection_set"))
        json_merge(connection->json, json_get(op, "set"), json_get(op, "unset"));
    else if (!strcmp(name, "connection_remove"))
        world_remove(world, connection);
    else if (!strcmp(name, "creation_set"))
        json_merge(connection->creation, json_get(op, "set"), json_get(op, "unset"));
    else if (!strcmp(name, "target_add"))
        return target_add(connection, op);
    else if (!strcmp(name, "target_remove"))
        return apply_to_targets(connection, op, remove_document);
    else if (!strcmp(name, "list_set"))
        return apply_to_targets(connection, op, change_flags);
    else if (!strcmp(name, "raw_target"))
        return apply_to_targets(connection, op, change_raw);
    else
        return apply_to_targets(connection, op, change_document);
    return NULL;
}

char *edit(struct world *world, const cJSON *op) {
    const char *name = json_string(op, "op", NULL), *wanted = json_string(op, "connection", NULL);
    struct connection *connection;
    char *error;

    if (!name)
        return xasprintf("\"op\" is wanted");
    error = check_members(op);
    if (error)
        return error;
    if (!strncmp(name, "sync_", 5))
        return sync_op(world, name, op);
    if (!strcmp(name, "connection_add"))
        return connection_add(world, op);
    if (!wanted)
        return xasprintf("\"connection\" is wanted: an id or a name");
    connection = world_find(world, wanted);
    if (!connection)
        return xasprintf("no such connection: '%s'", wanted);
    return connection_op(world, connection, name, op);
}
