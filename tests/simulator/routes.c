#include "routes.h"
#include "settings.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_VERSION "2025-09-18"

const char *api_version(const struct world *world, const struct request *request) {
    const char *set = setting_text(world->settings, "api_version");

    if (*set)
        return set;
    return request->version ? request->version : DEFAULT_VERSION;
}

static bool is_date(const char *text) {
    static const char form[] = "dddd-dd-dd";

    for (size_t i = 0; i < sizeof form; i++)
        if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
            return false;
    return true;
}

static bool authorized(const struct world *world, const char *authorization) {
    const char *key = setting_text(world->settings, "key"), *basic = setting_text(world->settings, "basic");
    struct buf given = {0};
    bool ok = false;

    if (!authorization)
        return false;
    if (!strncasecmp(authorization, "Bearer ", 7))
        return *key && !strcmp(authorization + 7, key);
    if (!strncasecmp(authorization, "Basic ", 6) && *basic)
        ok = base64_decode(&given, authorization + 6) && given.len && !strcmp(given.data, basic);
    buf_free(&given);
    return ok;
}

bool api_admits(const struct world *world, const struct request *request, struct reply *reply) {
    if (!authorized(world, request->authorization)) {
        reply_error(reply, 401, "%s",
                    request->authorization ? "the API key is not valid" : "an API key is needed");
        return false;
    }
    if (request->version && !is_date(request->version)) {
        reply_error(reply, 400, "X-Polytomic-Version must be a date, as %s", DEFAULT_VERSION);
        return false;
    }
    return true;
}

struct connection *call_connection(struct call *call) {
    struct connection *connection = world_find_id(call->world, call->params[0]);

    if (!connection)
        reply_error(call->reply, 404, "connection not found");
    return connection;
}

static void answer_me(struct call *call) {
    reply_data(call->reply, cJSON_Duplicate(call->world->me, true));
}

static void answer_connections(struct call *call) {
    cJSON *list = cJSON_CreateArray();

    for (size_t i = 0; i < call->world->connection_count; i++)
        cJSON_AddItemToArray(list, cJSON_Duplicate(call->world->connections[i]->json, true));
    reply_data(call->reply, list);
}

static void answer_connection(struct call *call) {
    struct connection *connection = call_connection(call);

    if (connection)
        reply_data(call->reply, cJSON_Duplicate(connection->json, true));
}

static void answer_refresh(struct call *call) {
    struct connection *connection = call_connection(call);
    char *location;

    if (!connection)
        return;
    if (strcmp(json_string(connection->json, "status", "healthy"), "healthy") != 0) {
        reply_error(call->reply, 400, "the connection is not healthy");
        return;
    }
    if (setting_is(connection->settings, "refresh_outcome", "fail_post")) {
        reply_error(call->reply, setting_int(connection->settings, "refresh_post_status"),
                    "the schema cannot be refreshed");
        return;
    }
    refresh_start(connection, call->now);
    location = xasprintf("/api/connections/%s/schemas/status", connection->id);
    reply_json(call->reply, 202, cJSON_CreateObject());
    reply_header(call->reply, "Location", location);
    free(location);
}

static void add_time(cJSON *object, const struct connection *connection, const char *name, int64_t us) {
    char text[TIME_TEXT];

    if (setting_is(connection->settings, "refresh_times", "null"))
        cJSON_AddNullToObject(object, name);
    else if (!setting_is(connection->settings, "refresh_times", "absent"))
        cJSON_AddStringToObject(object, name, time_text(us, text));
}

static void answer_status(struct call *call) {
    struct connection *connection = call_connection(call);
    const char *word;
    cJSON *status;

    if (!connection)
        return;
    word = connection->running  ? "cache_status_running"
           : connection->failed ? "cache_status_failed"
                                : "cache_status_done";
    status = cJSON_CreateObject();
    cJSON_AddStringToObject(status, "cache_status", setting_text(connection->settings, word));
    add_time(status, connection, "last_refresh_started", connection->started);
    add_time(status, connection, "last_refresh_finished", connection->finished);
    reply_data(call->reply, status);
}

static const struct route {
    const char *method, *pattern, *name;
    void (*answer)(struct call *call);
} ROUTES[] = {
    {"GET", "/api/me", "me", answer_me},
    {"GET", "/api/connections", "connections", answer_connections},
    {"GET", "/api/connections/{}", "connection", answer_connection},
    {"POST", "/api/connections/{}/schemas/refresh", "refresh", answer_refresh},
    {"GET", "/api/connections/{}/schemas/status", "status", answer_status},
    {"GET", "/api/connections/{}/modelsync/targetobjects", "targetobjects", answer_targetobjects},
    {"GET", "/api/connections/{}/modelsync/targetobjects/properties/{}", "property", answer_property},
    {"GET", "/api/connections/{}/modelsync/target/fields", "fields", answer_target_fields},
    {"GET", "/api/syncs", "syncs", answer_syncs},
    {"GET", "/api/syncs/{}", "sync", answer_sync},
};

/* The route of a path; *wrong_method is set where only the method does not fit. */
static const struct route *find_route(const struct request *request, char **params, bool *wrong_method) {
    *wrong_method = false;
    for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++) {
        if (!path_matches(request->path, ROUTES[i].pattern, params))
            continue;
        if (!strcmp(request->method, ROUTES[i].method))
            return &ROUTES[i];
        *wrong_method = true;
        for (int k = 0; k < 2; k++) {
            free(params[k]);
            params[k] = NULL;
        }
    }
    return NULL;
}

void api_answer(struct world *world, const struct request *request, struct reply *reply) {
    struct call call = {.world = world, .request = request, .reply = reply, .now = now_us()};
    bool wrong_method;
    const struct route *route = find_route(request, call.params, &wrong_method);

    call.version = api_version(world, request);
    world_settle(world, call.now);
    if (route)
        route->answer(&call);
    else if (wrong_method)
        reply_error(reply, 405, "this method is not allowed here");
    else
        reply_error(reply, 404, "there is nothing at this path");
    free(call.params[0]);
    free(call.params[1]);
}

const char *api_route(const struct request *request) {
    char *params[2] = {0};
    bool wrong_method;
    const struct route *route = find_route(request, params, &wrong_method);
    const char *refresh = request_argument(request, "refresh");

    free(params[0]);
    free(params[1]);
    if (!route)
        return "other";
    if (route->answer != answer_target_fields)
        return route->name;
    if (!request_argument(request, "target"))
        return "new_fields";
    return refresh && !strcmp(refresh, "true") ? "fields_refresh" : "fields";
}

int api_delay_ms(const struct world *world, const struct request *request) {
    int delay = setting_int(world->settings, "latency_ms");
    char *params[2] = {0};

    if (!strcmp(api_route(request), "fields_refresh") &&
        path_matches(request->path, "/api/connections/{}/modelsync/target/fields", params)) {
        const struct connection *connection = world_find_id(world, params[0]);

        if (connection)
            delay += setting_int(connection->settings, "target_refresh_ms");
        free(params[0]);
    }
    return delay;
}
