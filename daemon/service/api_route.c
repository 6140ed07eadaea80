#include "service/api_route.h"

#include "base/alloc.h"
#include "base/buffer.h"

static const struct route_info routes[ROUTES] = {
    /* clang-format off */
    [ROUTE_ME]          = {"me",          HTTP_GET,  "/api/me",           NULL,                       false},
    [ROUTE_CONNECTIONS] = {"connections", HTTP_GET,  "/api/connections",  NULL,                       false},
    [ROUTE_CONNECTION]  = {"connection",  HTTP_GET,  "/api/connections/", "",                         false},
    [ROUTE_REFRESH]     = {"refresh",     HTTP_POST, "/api/connections/", "/schemas/refresh",         true},
    [ROUTE_STATUS]      = {"status",      HTTP_GET,  "/api/connections/", "/schemas/status",          true},
    [ROUTE_TARGETS]     = {"targets",     HTTP_GET,  "/api/connections/", "/modelsync/targetobjects", false},
    [ROUTE_FIELDS]      = {"fields",      HTTP_GET,  "/api/connections/", "/modelsync/target/fields", false},
    [ROUTE_PROPERTY]    = {"property",    HTTP_GET,  "/api/connections/", "/modelsync/targetobjects/properties/", false},
    [ROUTE_SYNCS]       = {"syncs",       HTTP_GET,  "/api/syncs",        NULL,                       false},
    [ROUTE_SYNC]        = {"sync",        HTTP_GET,  "/api/syncs/",       NULL,                       false},
    /* clang-format on */
};

const struct route_info *route_info(enum api_route route) {
    return &routes[route];
}

char *route_path(enum api_route route, const char *connection_id) {
    const struct route_info *info = &routes[route];
    if (!info->after)
        return alloc_strdup(info->before);
    CLEANUP(cleanup_free) char *id = http_escape(connection_id);
    return alloc_printf("%s%s%s", info->before, id, info->after);
}

char *route_target_query(const char *target_id, bool refresh) {
    CLEANUP(cleanup_free) char *id = http_escape(target_id);
    return alloc_printf("?target=%s%s", id, refresh ? "&refresh=true" : "");
}

/* "properties[key]=value", once for each value. */
char *route_inputs_query(const struct new_input *inputs, size_t input_count) {
    char *query = alloc_strdup("");
    for (size_t i = 0; i < input_count; i++) {
        CLEANUP(cleanup_free) char *name = alloc_printf("properties[%s]", inputs[i].key);
        CLEANUP(cleanup_free) char *key = http_escape(name);
        for (size_t k = 0; k < inputs[i].value_count; k++) {
            CLEANUP(cleanup_free) char *value = http_escape(inputs[i].values[k]);
            CLEANUP(cleanup_free) char *shorter = TAKE_PTR(query);
            query = alloc_printf("%s%s%s=%s", shorter, *shorter ? "&" : "?", key, value);
        }
    }
    return query;
}

char *route_syncs_query(const char *connection_id, const char *page_token) {
    CLEANUP(cleanup_free) char *connection = connection_id ? http_escape(connection_id) : NULL;
    CLEANUP(cleanup_free) char *token = page_token ? http_escape(page_token) : NULL;
    return alloc_printf("?%s%s%slimit=50%s%s", connection ? "target_connection_id=" : "",
                        connection ? connection : "", connection ? "&" : "", token ? "&page_token=" : "",
                        token ? token : "");
}

char *route_id(const char *id) {
    return http_escape(id);
}
