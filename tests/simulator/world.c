#include "world.h"
#include "settings.h"

#include <stdlib.h>
#include <string.h>

struct connection *connection_new(const char *id, cJSON *json) {
    struct connection *connection = xcalloc(1, sizeof *connection);
    int64_t now = now_us();

    connection->id = xstrdup(id);
    connection->json = json;
    connection->settings = settings_new(SCOPE_CONNECTION);
    connection->started = now - 3600 * (int64_t)1000000;
    connection->finished = connection->started + 30 * (int64_t)1000000;
    return connection;
}

void connection_free(struct connection *connection) {
    for (size_t i = 0; i < connection->slot_count; i++) {
        struct slot *slot = connection->slots[i];

        doc_unref(slot->upstream);
        doc_unref(slot->cached);
        free(slot->id);
        free(slot);
    }
    free(connection->slots);
    free(connection->buckets);
    doc_unref(connection->new_doc);
    cJSON_Delete(connection->json);
    cJSON_Delete(connection->creation);
    cJSON_Delete(connection->settings);
    buf_free(&connection->listing);
    free(connection->id);
    free(connection);
}

const char *connection_name(const struct connection *connection) {
    return json_string(connection->json, "name", "");
}

static size_t hash(const char *text) {
    size_t h = 14695981039346656037u;

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h;
}

static void grow(struct connection *connection) {
    connection->slot_cap = connection->slot_cap ? 2 * connection->slot_cap : 64;
    connection->slots = xrealloc(connection->slots, connection->slot_cap * sizeof *connection->slots);
    free(connection->buckets);
    connection->bucket_count = 2 * connection->slot_cap;
    connection->buckets = xcalloc(connection->bucket_count, sizeof *connection->buckets);
    for (size_t i = 0; i < connection->slot_count; i++) {
        struct slot *slot = connection->slots[i];
        struct slot **bucket = &connection->buckets[hash(slot->id) % connection->bucket_count];

        slot->next = *bucket;
        *bucket = slot;
    }
}

struct slot *slot_find(const struct connection *connection, const char *id) {
    struct slot *slot;

    if (!connection->bucket_count)
        return NULL;
    slot = connection->buckets[hash(id) % connection->bucket_count];
    while (slot && strcmp(slot->id, id) != 0)
        slot = slot->next;
    return slot;
}

struct slot *slot_add(struct connection *connection, const char *id) {
    struct slot *slot = xcalloc(1, sizeof *slot);
    struct slot **bucket;

    if (connection->slot_count == connection->slot_cap)
        grow(connection);
    slot->id = xstrdup(id);
    slot->refreshed_at = connection->finished;
    connection->slots[connection->slot_count++] = slot;
    bucket = &connection->buckets[hash(id) % connection->bucket_count];
    slot->next = *bucket;
    *bucket = slot;
    return slot;
}

void listing_changed(struct connection *connection) {
    buf_free(&connection->listing);
}

const struct buf *listing_text(struct connection *connection) {
    struct buf *out = &connection->listing;

    if (out->len)
        return out;
    buf_puts(out, "[");
    for (size_t i = 0; i < connection->slot_count; i++) {
        const struct slot *slot = connection->slots[i];

        if (!slot->cached || !slot->cached->listed)
            continue;
        if (out->len > 1)
            buf_puts(out, ",");
        doc_entry(slot->cached, slot->id, out);
    }
    buf_puts(out, "]");
    return out;
}

void refresh_start(struct connection *connection, int64_t now) {
    static const struct {
        const char *word;
        enum refresh_outcome outcome;
    } outcomes[] = {{"fails", REFRESH_FAILS},
                    {"stuck", REFRESH_STUCK},
                    {"ineffective", REFRESH_INEFFECTIVE},
                    {"unstamped", REFRESH_UNSTAMPED}};

    if (connection->running && connection->outcome != REFRESH_STUCK)
        return;
    connection->running = true;
    connection->outcome = REFRESH_OK;
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (setting_is(connection->settings, "refresh_outcome", outcomes[i].word))
            connection->outcome = outcomes[i].outcome;
    connection->started = now;
    connection->ends_at = now + 1000 * (int64_t)setting_int(connection->settings, "refresh_duration_ms");
}

static void refresh_finish(struct connection *connection) {
    enum refresh_outcome outcome = connection->outcome;

    connection->running = false;
    connection->failed = outcome == REFRESH_FAILS;
    connection->finished = connection->ends_at;
    if (outcome != REFRESH_OK && outcome != REFRESH_UNSTAMPED)
        return;
    for (size_t i = 0; i < connection->slot_count; i++) {
        struct slot *slot = connection->slots[i];

        if (slot->cached != slot->upstream) {
            doc_set(&slot->cached, slot->upstream);
            listing_changed(connection);
        }
        if (outcome == REFRESH_OK)
            slot->refreshed_at = connection->finished;
    }
}

void refresh_target(struct connection *connection, const char *target, int64_t now) {
    struct slot *slot = slot_find(connection, target);

    if (!slot || setting_is(connection->settings, "target_refresh", "ineffective"))
        return;
    if (slot->cached != slot->upstream) {
        doc_set(&slot->cached, slot->upstream);
        listing_changed(connection);
    }
    slot->refreshed_at = now;
}

void world_settle(struct world *world, int64_t now) {
    for (size_t i = 0; i < world->connection_count; i++) {
        struct connection *connection = world->connections[i];

        if (connection->running && connection->outcome != REFRESH_STUCK && connection->ends_at <= now)
            refresh_finish(connection);
    }
}

struct connection *world_find_id(const struct world *world, const char *id) {
    for (size_t i = 0; i < world->connection_count; i++)
        if (!strcmp(world->connections[i]->id, id))
            return world->connections[i];
    return NULL;
}

struct connection *world_find(const struct world *world, const char *id_or_name) {
    struct connection *found = world_find_id(world, id_or_name);

    for (size_t i = 0; !found && i < world->connection_count; i++)
        if (!strcmp(connection_name(world->connections[i]), id_or_name))
            found = world->connections[i];
    return found;
}

void world_add(struct world *world, struct connection *connection) {
    world->connections =
        xrealloc(world->connections, (world->connection_count + 1) * sizeof *world->connections);
    world->connections[world->connection_count++] = connection;
}

void world_remove(struct world *world, struct connection *connection) {
    size_t kept = 0;

    for (size_t i = 0; i < world->connection_count; i++)
        if (world->connections[i] != connection)
            world->connections[kept++] = world->connections[i];
    world->connection_count = kept;
    connection_free(connection);
}

void world_free(struct world *world) {
    if (!world)
        return;
    for (size_t i = 0; i < world->connection_count; i++)
        connection_free(world->connections[i]);
    free(world->connections);
    cJSON_Delete(world->syncs);
    cJSON_Delete(world->me);
    cJSON_Delete(world->settings);
    free(world);
}
