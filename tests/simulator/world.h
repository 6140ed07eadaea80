/*
 * The world behind the API: connections with their targets, each as it is upstream and as it is cached, and
 * the syncs. Only the server's one thread touches it. A refresh has no thread of its own: it is brought to
 * its end by the first request that comes after it is due.
 */
#ifndef SIMULATOR_WORLD_H
#define SIMULATOR_WORLD_H

#include "doc.h"

struct slot {
    char *id;
    struct doc *upstream; /* NULL: there is none upstream, or in the cache */
    struct doc *cached;
    int64_t refreshed_at; /* microseconds since 1970 */
    struct slot *next;    /* of those with the same hash */
};

enum refresh_outcome { REFRESH_OK, REFRESH_FAILS, REFRESH_STUCK, REFRESH_INEFFECTIVE, REFRESH_UNSTAMPED };

struct connection {
    char *id;
    cJSON *json;         /* what GET /api/connections/ID answers */
    cJSON *creation;     /* target_creation */
    struct doc *new_doc; /* the target that would be created; NULL where creation is not supported */
    struct slot **slots; /* in the order of the listing */
    size_t slot_count, slot_cap;
    struct slot **buckets;
    size_t bucket_count;
    cJSON *settings;
    bool running; /* a refresh is under way */
    bool failed;  /* the last one failed */
    enum refresh_outcome outcome;
    int64_t started, finished, ends_at;
    struct buf listing; /* the listing of the cached targets, kept until something in it changes */
};

struct world {
    struct connection **connections;
    size_t connection_count;
    cJSON *syncs; /* an array */
    cJSON *me;
    cJSON *settings;
};

/* What to build a world from. */
struct seed {
    const char *data; /* a directory, or NULL */
    unsigned connections, targets, fields,
        syncs;               /* of what is generated; targets and syncs are per connection */
    const char *key, *basic; /* NULL: the default */
};

/* Builds the world; ends the process if the data are faulty. world_free frees it. */
struct world *world_new(const struct seed *seed);
void world_free(struct world *world);

/* A connection by id or by name, or by id only; NULL if there is none. */
struct connection *world_find(const struct world *world, const char *id_or_name);
struct connection *world_find_id(const struct world *world, const char *id);

/* Adds a connection, or takes one out and frees it. */
void world_add(struct world *world, struct connection *connection);
void world_remove(struct world *world, struct connection *connection);

/* A connection from the content of a data file; NULL, with *error (the caller's), if that is faulty. */
struct connection *connection_load(const cJSON *file, char **error);

/* A connection without targets. Takes `json`. */
struct connection *connection_new(const char *id, cJSON *json);
void connection_free(struct connection *connection);

/* The name of a connection. */
const char *connection_name(const struct connection *connection);

/* A target's place, or NULL. */
struct slot *slot_find(const struct connection *connection, const char *id);

/* Makes a place for a target, at the end of the listing. */
struct slot *slot_add(struct connection *connection, const char *id);

/* Adds the synthetic connections that the seed asks for, and their syncs. */
void generate(struct world *world, const struct seed *seed);

/* Brings to their end the refreshes that are due. */
void world_settle(struct world *world, int64_t now);

/* Starts a refresh as the settings say. One that runs already is joined, but for a stuck one, which is
 * replaced. */
void refresh_start(struct connection *connection, int64_t now);

/* Refreshes the cache of one target, if there is such a target. */
void refresh_target(struct connection *connection, const char *target, int64_t now);

/* To be called when the cached listing may have changed. */
void listing_changed(struct connection *connection);

/* The text of the array of cached, listed targets. */
const struct buf *listing_text(struct connection *connection);

#endif
