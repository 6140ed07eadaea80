/* The endpoints about targets: the listing, the inputs of a new one, and the fields. */
#include "routes.h"
#include "settings.h"

#include <stdlib.h>
#include <string.h>

static bool creates(const struct connection *connection) {
    return json_bool(connection->creation, "supported", false) && connection->new_doc;
}

static const cJSON *find_property(const struct connection *connection, const char *id) {
    const cJSON *property;

    cJSON_ArrayForEach(property, json_get(connection->creation, "properties")) {
        if (!strcmp(json_string(property, "id", ""), id))
            return property;
    }
    return NULL;
}

void answer_targetobjects(struct call *call) {
    struct connection *connection = call_connection(call);
    struct reply *reply = call->reply;
    const struct buf *listing;
    cJSON *creation, *property;

    if (!connection)
        return;
    listing = listing_text(connection);
    creation = cJSON_Duplicate(connection->creation, true);
    cJSON_ArrayForEach(property, json_get(creation, "properties")) {
        if (json_bool(property, "values_elsewhere", false))
            cJSON_DeleteItemFromObjectCaseSensitive(property, "values");
        cJSON_DeleteItemFromObjectCaseSensitive(property, "values_elsewhere");
    }
    reply_start(reply, 200);
    reply_header(reply, "Content-Type", "application/json");
    buf_puts(&reply->head, "{\"data\":");
    buf_add(&reply->head, listing->data, listing->len);
    buf_puts(&reply->head, ",\"target_creation\":");
    json_write(&reply->head, creation);
    buf_puts(&reply->head, "}");
    cJSON_Delete(creation);
}

void answer_property(struct call *call) {
    static const char *const shown[] = {"id", "title", "enum", "values", NULL};
    struct connection *connection = call_connection(call);
    const cJSON *property;
    cJSON *answer;

    if (!connection)
        return;
    property = creates(connection) ? find_property(connection, call->params[1]) : NULL;
    if (!property) {
        reply_error(call->reply, 404,
                    creates(connection) ? "no such target creation property"
                                        : "this connection does not support target creation");
        return;
    }
    answer = json_pick(property, shown);
    if (!json_get(answer, "values"))
        cJSON_AddArrayToObject(answer, "values");
    reply_data(call->reply, answer);
}

/* What refreshed_at looks like, with the comma before it; "" for none. */
static void add_refreshed_at(struct buf *tail, const struct connection *connection, const struct doc *doc,
                             int64_t refreshed_at) {
    const char *comma = doc->main->text.len > 1 || doc->opening ? "," : "";
    char text[TIME_TEXT];

    if (doc->own_time || setting_is(connection->settings, "refreshed_at", "absent"))
        return;
    if (refreshed_at && !setting_is(connection->settings, "refreshed_at", "null"))
        buf_printf(tail, "%s\"refreshed_at\":\"%s\"", comma, time_text(refreshed_at, text));
    else
        buf_printf(tail, "%s\"refreshed_at\":null", comma);
}

/* Answers with a document; without refreshed_at a null. */
static void answer_doc(struct reply *reply, const struct connection *connection, struct doc *doc,
                       int64_t refreshed_at) {
    reply_start(reply, 200);
    reply_header(reply, "Content-Type", "application/json");
    if (doc->is_raw) {
        buf_add(&reply->head, doc->raw.data, doc->raw.len);
        return;
    }
    buf_puts(&reply->head, "{\"data\":");
    if (doc->opening)
        buf_puts(&reply->head, doc->opening);
    reply->doc = doc_ref(doc);
    add_refreshed_at(&reply->tail, connection, doc, refreshed_at);
    buf_puts(&reply->tail, "}}");
}

/* The property that `properties[KEY]` names, the caller's; NULL if it is another argument. */
static char *property_key(const char *name) {
    static const char prefix[] = "properties[";
    size_t len = strlen(name);

    if (strncmp(name, prefix, sizeof prefix - 1) != 0 || name[len - 1] != ']')
        return NULL;
    return xstrndup(name + sizeof prefix - 1, len - sizeof prefix);
}

/* Makes a 400 and returns false unless the connection has such an input, which may have this value. */
static bool property_allowed(struct call *call, const struct connection *connection, const char *key,
                             const char *value) {
    const cJSON *property = find_property(connection, key), *allowed;

    if (!property) {
        reply_error(call->reply, 400, "unknown target creation property '%s'", key);
        return false;
    }
    if (!json_bool(property, "enum", false))
        return true;
    cJSON_ArrayForEach(allowed, json_get(property, "values")) {
        if (!strcmp(json_string(allowed, "value", ""), value))
            return true;
    }
    reply_error(call->reply, 400, "'%s' is not a value of target creation property '%s'", value, key);
    return false;
}

/* Answers with the target that the given properties would create. */
static void answer_new_target(struct call *call, struct connection *connection) {
    const struct request *request = call->request;

    if (!creates(connection)) {
        reply_error(call->reply, 404, "this connection does not support target creation");
        return;
    }
    for (size_t i = 0; i < request->argument_count; i++) {
        char *key = property_key(request->arguments[i].name);
        bool fine = !key || property_allowed(call, connection, key, request->arguments[i].value);

        free(key);
        if (!fine)
            return;
    }
    answer_doc(call->reply, connection, connection->new_doc, 0);
}

/* Refreshes as `refresh` asks; makes a 400 and returns false if that cannot be. */
static bool maybe_refresh(struct call *call, struct connection *connection, const char *target) {
    const char *refresh = request_argument(call->request, "refresh");

    if (!refresh || !strcmp(refresh, "false"))
        return true;
    if (strcmp(refresh, "true") != 0) {
        reply_error(call->reply, 400, "refresh must be true or false");
        return false;
    }
    if (strcmp(json_string(connection->json, "status", "healthy"), "healthy") != 0) {
        reply_error(call->reply, 400, "the connection is not healthy");
        return false;
    }
    refresh_target(connection, target, call->now);
    return true;
}

void answer_target_fields(struct call *call) {
    struct connection *connection = call_connection(call);
    const struct request *request = call->request;
    size_t targets = request_argument_count(request, "target"), properties = 0;
    const char *target = request_argument(request, "target");
    const struct slot *slot;

    if (!connection)
        return;
    for (size_t i = 0; i < request->argument_count; i++) {
        char *key = property_key(request->arguments[i].name);

        properties += key != NULL;
        free(key);
    }
    if (targets > 1 || (targets && !*target) || (targets > 0) == (properties > 0)) {
        reply_error(call->reply, 400, "exactly one of target and properties is required");
        return;
    }
    if (!target) {
        answer_new_target(call, connection);
        return;
    }
    if (!maybe_refresh(call, connection, target))
        return;
    slot = slot_find(connection, target);
    if (!slot || !slot->cached || slot->cached->gone_fields)
        reply_error(call->reply, 404, "target '%s' not found", target);
    else
        answer_doc(call->reply, connection, slot->cached, slot->refreshed_at);
}
