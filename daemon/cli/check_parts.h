/* The parts of the command check. Each adds what it finds; none prints. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/command.h"
#include "cli/findings.h"
#include "core/config.h"

struct sd_event;
struct api_pool;

/* Secrets (check_secrets.c) */

/* A secret that the configuration names. */
struct secret_use {
    char *what; /* "the API key of salesforce-prod", "alert on-call, webhook.url" */
    const struct secret *secret;
    bool is_url, allow_http; /* a URL that is sent to, and whether it may be plain http */
    bool is_signing;         /* a webhook's signing secret */
};

struct secret_uses {
    struct secret_use *uses;
    size_t count, capacity;
};

/* All secrets that the configuration names; what stands there in plain text is none. Reads none of them. */
void secret_uses_find(const struct config *config, struct secret_uses *ret);
void secret_uses_done(struct secret_uses *uses);

/* Reads each, and looks whether the programs of `exec` alerts can be run. */
void check_secrets(const struct config *config, struct findings *findings);

/* True where the secrets can be had: who needs one that cannot, says nothing of its own. */
bool secrets_of_api_are_there(const struct config_api *api);
bool secrets_of_database_are_there(const struct config *config);

/* The first connection whose requests go out under the same API key (same base URL, kind and place of the
 * secret). */
size_t check_key_of(const struct config *config, size_t connection);

/* The database (check_database.c): reachable, its version, the schema's, the role's rights. */
void check_database(const struct globals *globals, const struct config *config, struct findings *findings);

/* The API (check_upstream.c): each key, and each connection that uses it. */
void check_upstream(const struct config *config, struct findings *findings);

/* A connection (check_connection.c): starts the requests; `done` is called once they are all answered. */
struct connection_check;
struct connection_check *connection_check_start(struct api_pool *pool,
                                                const struct config_connection *connection,
                                                void (*done)(void *userdata), void *userdata) MUST_USE;

/* Takes NULL. */
void connection_check_free(struct connection_check *check);
const struct findings *connection_check_findings(const struct connection_check *check);
