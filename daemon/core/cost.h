/* What a configuration costs upstream: a day's refreshes and requests for each connection. Pure. */
#pragma once

#include <stdbool.h>

#include "core/config.h"

enum {
    COST_POLLS =
        6, /* status requests that a refresh is taken to need: one before it, the rest until it is over */
    COST_RUN = 2, /* requests of any run: the connection, and its syncs (one page of fifty) */
};

/* A day's numbers on average, for the targets that the configuration names by id or label. Targets that share
 * a schedule are taken to be fetched in the same runs, different schedules to have runs of their own. */
struct connection_cost {
    double runs, refreshes, requests;
    bool open_ended;                /* an include or synced item may bring more targets... */
    double requests_for_each_match; /* ...each of which costs this, and with `refresh: target` as many
                                       refreshes */
    double refreshes_for_each_match;
};

/* Adds up a connection. */
void cost_of_connection(const struct config_connection *connection, struct connection_cost *ret);

/* What is assumed, in a sentence or two for people. */
extern const char cost_assumptions[];
