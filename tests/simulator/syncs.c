/* The endpoints about syncs. */
#include "routes.h"
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Versions before this one list whole syncs without pages. */
#define PAGED_SINCE "2025-09-18"

static const char *sync_connection(const cJSON *sync) {
    return json_string(json_get(sync, "target"), "connection_id", "");
}

/* An item of the paged listing. */
static cJSON *summary(const cJSON *sync) {
    static const char *const shown[] = {"id",         "name",       "active",     "mode", "organization_id",
                                        "created_at", "updated_at", "created_by", NULL};
    const cJSON *target = json_get(sync, "target"), *object = json_get(target, "object");
    cJSON *item = json_pick(sync, shown);

    cJSON_AddStringToObject(item, "target_connection_id", sync_connection(sync));
    if (object)
        cJSON_AddItemToObject(item, "target_object", cJSON_Duplicate(object, true));
    return item;
}

/* The token of the page that begins there. It has characters that a URL must escape, as such tokens may. */
static char *page_token(size_t offset) {
    return xasprintf("after/%zu+==", offset);
}

static bool read_token(const char *token, size_t *offset) {
    char *expected;
    bool ok;

    if (sscanf(token, "after/%zu", offset) != 1)
        return false;
    expected = page_token(*offset);
    ok = !strcmp(expected, token);
    free(expected);
    return ok;
}

/* The page's size and beginning; makes a 400 and returns false when the arguments are wrong. */
static bool read_page(struct call *call, size_t *offset, size_t *size) {
    const char *limit = request_argument(call->request, "limit");
    const char *token = request_argument(call->request, "page_token");
    char *end = NULL;
    long wanted = limit ? strtol(limit, &end, 10) : 50;

    if (limit && (!*limit || *end || wanted < 1)) {
        reply_error(call->reply, 400, "limit must be a positive number");
        return false;
    }
    *size = (size_t)setting_int(call->world->settings, "page_size");
    if (*size > (size_t)wanted)
        *size = (size_t)wanted;
    *offset = 0;
    if (token && !read_token(token, offset)) {
        reply_error(call->reply, 400, "page_token is not valid");
        return false;
    }
    return true;
}

void answer_syncs(struct call *call) {
    const char *connection = request_argument(call->request, "target_connection_id");
    bool paged = strcmp(call->version, PAGED_SINCE) >= 0;
    size_t offset = 0, size = (size_t)-1, seen = 0;
    cJSON *whole, *list, *pagination;
    const cJSON *sync;

    if (setting_bool(call->world->settings, "syncs_forbidden")) {
        reply_error(call->reply, 403, "this key may not list syncs");
        return;
    }
    if (paged && !read_page(call, &offset, &size))
        return;
    whole = cJSON_CreateObject();
    list = cJSON_AddArrayToObject(whole, "data");
    cJSON_ArrayForEach(sync, call->world->syncs) {
        if (connection && strcmp(sync_connection(sync), connection) != 0)
            continue;
        if (seen >= offset && seen - offset < size)
            cJSON_AddItemToArray(list, paged ? summary(sync) : cJSON_Duplicate(sync, true));
        seen++;
    }
    if (paged) {
        pagination = cJSON_AddObjectToObject(whole, "pagination");
        if (seen > offset && seen - offset > size) {
            char *token = page_token(offset + size);

            cJSON_AddStringToObject(pagination, "next_page_token", token);
            free(token);
        }
    }
    reply_json(call->reply, 200, whole);
}

void answer_sync(struct call *call) {
    const cJSON *sync;

    cJSON_ArrayForEach(sync, call->world->syncs) {
        if (!strcmp(json_string(sync, "id", ""), call->params[0])) {
            reply_data(call->reply, cJSON_Duplicate(sync, true));
            return;
        }
    }
    reply_error(call->reply, 404, "sync not found");
}
