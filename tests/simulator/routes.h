/* The endpoints of the API. */
#ifndef SIMULATOR_ROUTES_H
#define SIMULATOR_ROUTES_H

#include "reply.h"
#include "request.h"
#include "world.h"

/* What a handler works with. */
struct call {
    struct world *world;
    const struct request *request;
    char *params[2]; /* the {} of the path */
    const char *version;
    int64_t now;
    struct reply *reply;
};

/* The version that answers this request. */
const char *api_version(const struct world *world, const struct request *request);

/* Makes a 401 or a 400 and returns false unless authorization and version of the request are right. */
bool api_admits(const struct world *world, const struct request *request, struct reply *reply);

/* Answers an API request that was admitted. */
void api_answer(struct world *world, const struct request *request, struct reply *reply);

/* The route's name, for the counts. */
const char *api_route(const struct request *request);

/* How long the request takes by itself. */
int api_delay_ms(const struct world *world, const struct request *request);

/* Handlers in other files. */
void answer_target_fields(struct call *call);
void answer_targetobjects(struct call *call);
void answer_property(struct call *call);
void answer_syncs(struct call *call);
void answer_sync(struct call *call);

/* The connection that the path names; NULL, with a 404 made, if there is none. */
struct connection *call_connection(struct call *call);

#endif
