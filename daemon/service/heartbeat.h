/* A dead man's switch: a URL is asked for again and again, while the database is up and what it says is in
 * order. */
#pragma once

#include "core/config.h"
#include "io/http.h"
#include "service/store_outbox.h"

struct sd_event;
struct heartbeat;

enum heartbeat_state {
    HEARTBEAT_SENT,     /* all is well */
    HEARTBEAT_WITHHELD, /* something is not in order: nothing was sent */
    HEARTBEAT_FAILED,   /* the URL does not answer as it should */
};

struct heartbeat_options {
    struct sd_event *event;
    struct http_client *http;
    struct store *store;
    /* Told when the state becomes another than it was (at the start it is as if one had been sent), with the
     * words that belong to it; a database that is away is told elsewhere. */
    void (*told)(enum heartbeat_state state, const char *why, void *userdata);
    void *userdata;
};

/* `config` is used until heartbeat_reload() brings another; where it has no heartbeat nothing is done. Never
 * NULL. heartbeat_free() takes NULL. */
struct heartbeat *heartbeat_new(const struct heartbeat_options *options,
                                const struct config *config) MUST_USE;
void heartbeat_free(struct heartbeat *heartbeat);

/* Another configuration counts; the one before is used no more when this returns. */
void heartbeat_reload(struct heartbeat *heartbeat, const struct config *config);
