/* The requests that the API knows: one table. Only for service/api. */
#pragma once

#include <stdbool.h>

#include "base/macros.h"
#include "core/config.h"
#include "io/http.h"

enum api_route {
    ROUTE_ME,
    ROUTE_CONNECTIONS,
    ROUTE_CONNECTION,
    ROUTE_REFRESH,
    ROUTE_STATUS,
    ROUTE_TARGETS,
    ROUTE_FIELDS,
    ROUTE_PROPERTY,
    ROUTE_SYNCS,
    ROUTE_SYNC,
    ROUTES,
};

struct route_info {
    const char *name; /* for metrics */
    enum http_method method;
    const char *before; /* the path up to the connection's id */
    const char *after;  /* and behind it; NULL: the path names no connection */
    bool urgent;        /* goes before the others: somebody waits for a refresh to be over */
};

/* The row of a route; never NULL. */
const struct route_info *route_info(enum api_route route);

/* The path, with the connection's id percent-encoded. The caller frees it. */
char *route_path(enum api_route route, const char *connection_id) MUST_USE;

/* The query for an existing target, or for one that is not created yet; with its question mark, all
 * percent-encoded. The caller frees it. */
char *route_target_query(const char *target_id, bool refresh) MUST_USE;
char *route_inputs_query(const struct new_input *inputs, size_t input_count) MUST_USE;

/* The query for a page of the syncs that write to a connection (NULL: to any); `page_token` NULL: the first.
 * The caller frees it. */
char *route_syncs_query(const char *connection_id, const char *page_token) MUST_USE;

/* What comes behind the path of a creation property or of a sync: its id, percent-encoded. The caller frees
 * it. */
char *route_id(const char *id) MUST_USE;
