/* The world from its data files. */
#include "settings.h"
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Adds one target; what is wrong with it (the caller's), or NULL. */
static char *load_target(struct connection *connection, const cJSON *target) {
    const char *id = json_string(target, "id", NULL);
    struct slot *slot;

    if (!id)
        return xasprintf("a target needs an \"id\"");
    if (slot_find(connection, id))
        return xasprintf("there are two targets '%s'", id);
    slot = slot_add(connection, id);
    slot->upstream = doc_new(target, NULL);
    slot->cached = doc_ref(slot->upstream);
    return NULL;
}

struct connection *connection_load(const cJSON *file, char **error) {
    const cJSON *json = json_get(file, "connection"), *target;
    const cJSON *creation = json_get(file, "target_creation"), *new_target = json_get(file, "new_target");
    const char *id = json_string(json, "id", NULL);
    struct connection *connection;

    if (!id) {
        *error = xasprintf("\"connection\" with an \"id\" is wanted");
        return NULL;
    }
    connection = connection_new(id, cJSON_Duplicate(json, true));
    connection->creation = creation ? cJSON_Duplicate(creation, true) : cJSON_CreateObject();
    if (!creation)
        cJSON_AddFalseToObject(connection->creation, "supported");
    if (new_target)
        connection->new_doc = doc_new(new_target, NULL);
    cJSON_ArrayForEach(target, json_get(file, "targets")) {
        *error = load_target(connection, target);
        if (*error) {
            connection_free(connection);
            return NULL;
        }
    }
    return connection;
}

static int is_json(const struct dirent *entry) {
    const char *dot = strrchr(entry->d_name, '.');

    return dot && dot != entry->d_name && !strcmp(dot, ".json");
}

/* Takes in one file of the directory. */
static void load_file(struct world *world, const char *directory, const char *name) {
    char *path = xasprintf("%s/%s", directory, name), *error = NULL;
    cJSON *file = json_load(path);

    if (!strcmp(name, "syncs.json")) {
        cJSON_Delete(world->syncs);
        world->syncs = cJSON_Duplicate(file, true);
    } else if (!strcmp(name, "me.json")) {
        cJSON_Delete(world->me);
        world->me = cJSON_Duplicate(file, true);
    } else {
        struct connection *connection = connection_load(file, &error);

        if (!connection)
            die("%s: %s", path, error);
        world_add(world, connection);
    }
    cJSON_Delete(file);
    free(path);
}

static void load_directory(struct world *world, const char *directory) {
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, is_json, alphasort);

    if (count < 0)
        die("%s: %s", directory, strerror(errno));
    for (int i = 0; i < count; i++) {
        load_file(world, directory, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

struct world *world_new(const struct seed *seed) {
    struct world *world = xcalloc(1, sizeof *world);

    world->syncs = cJSON_CreateArray();
    world->me = cJSON_CreateObject();
    world->settings = settings_new(SCOPE_GLOBAL);
    if (seed->key || seed->basic)
        json_put(world->settings, "key", cJSON_CreateString(seed->key ? seed->key : ""));
    if (seed->basic)
        json_put(world->settings, "basic", cJSON_CreateString(seed->basic));
    if (seed->data)
        load_directory(world, seed->data);
    generate(world, seed);
    return world;
}
