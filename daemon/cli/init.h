/* What the files of the command `init` share: what a key sees of the upstream, and a configuration made from
 * it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/alloc.h"
#include "core/api_json.h"
#include "core/config.h"
#include "core/sync.h"

/* A connection that the key sees. */
struct init_connection {
    const struct api_connection *it;
    const struct sync **syncs; /* that write to it, sorted by target, then name */
    size_t sync_count;
    bool listed; /* its targets could be listed */
    struct api_target_list list;
    struct error failure; /* why they could not */
};

/* All that was found. */
struct init_found {
    struct arena *arena; /* holds the syncs */
    struct api_connection_list list;
    struct init_connection *connections; /* in the list's order */
    const struct sync **syncs;
    size_t sync_count, sync_capacity;
    bool syncs_known;     /* they could be listed */
    struct error problem; /* the first thing that could not be read, though the rest could */
};

/* Asks for the connections, the syncs, and the targets of those connections that syncs write to. False where
 * the key or the upstream cannot be used at all. init_found_done() in any case. */
bool init_ask(const struct config_api *api, struct init_found *ret, struct error *ret_error);
void init_found_done(struct init_found *found);

/* Writes the configuration. `api` is as it is to stand in it: its default base_url is left out. False where
 * nothing that was found can be configured. */
bool init_write(FILE *out, const struct config_api *api, const struct init_found *found);
