/* Synthetic connections: as large as one likes, and cheap, because their targets share a few texts. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum { SHAPES = 8 };

static const char *const TYPES[] = {"string", "number", "boolean", "date", "datetime", "string"};
static const char *const SOURCE_TYPES[] = {"varchar(255)", "numeric(18,2)", "bool",
                                           "date",         "timestamptz",   "text"};

/* The field of that number; the shape makes targets differ. */
static cJSON *generated_field(unsigned number, unsigned shape) {
    unsigned kind = (number + shape) % (sizeof TYPES / sizeof *TYPES);
    cJSON *field = cJSON_CreateObject(), *functions;
    char *id = xasprintf("f_%03u", number), *name = xasprintf("Field %03u", number);

    cJSON_AddStringToObject(field, "id", id);
    cJSON_AddStringToObject(field, "name", name);
    cJSON_AddStringToObject(field, "description", number % 3 ? "" : "A field made up for large tests");
    cJSON_AddStringToObject(field, "type", TYPES[kind]);
    cJSON_AddStringToObject(field, "source_type", SOURCE_TYPES[kind]);
    cJSON_AddBoolToObject(field, "required", number <= 2);
    cJSON_AddBoolToObject(field, "createable", true);
    cJSON_AddBoolToObject(field, "updateable", number > 1);
    cJSON_AddBoolToObject(field, "filterable", number % 2 == 0);
    cJSON_AddBoolToObject(field, "association", number % 17 == 0);
    cJSON_AddBoolToObject(field, "encryptable", kind == 0);
    cJSON_AddBoolToObject(field, "supports_identity", number == 1);
    functions = cJSON_AddArrayToObject(field, "identity_functions");
    if (number == 1) {
        cJSON *function = cJSON_CreateObject();

        cJSON_AddStringToObject(function, "id", "Equality");
        cJSON_AddStringToObject(function, "label", "Equals");
        cJSON_AddItemToArray(functions, function);
    }
    free(id);
    free(name);
    return field;
}

static cJSON *generated_mode(const char *mode, const char *label) {
    cJSON *json = cJSON_CreateObject();

    cJSON_AddStringToObject(json, "mode", mode);
    cJSON_AddStringToObject(json, "label", label);
    cJSON_AddStringToObject(json, "description", "");
    cJSON_AddBoolToObject(json, "requires_identity", strcmp(mode, "create") != 0);
    cJSON_AddBoolToObject(json, "supports_field_sync_mode", true);
    cJSON_AddBoolToObject(json, "supports_target_filters", false);
    return json;
}

/* The members of a target after id and name: `main` of its document, and `entry` for the listing. */
static void generated_shape(unsigned shape, unsigned fields, struct piece **rest, struct piece **entry) {
    cJSON *target = cJSON_CreateObject(), *array = cJSON_AddArrayToObject(target, "fields"), *modes,
          *properties;
    struct buf text = {0}, listed = {0};

    for (unsigned i = 1; i <= fields; i++)
        cJSON_AddItemToArray(array, generated_field(i, shape));
    modes = cJSON_AddArrayToObject(target, "modes");
    cJSON_AddItemToArray(modes, generated_mode("create", "Create"));
    cJSON_AddItemToArray(modes, generated_mode("update", "Update"));
    cJSON_AddItemToArray(modes, generated_mode("updateOrCreate", "Update or create"));
    properties = cJSON_AddObjectToObject(target, "properties");
    cJSON_AddBoolToObject(properties, "supports_field_creation", false);
    cJSON_AddBoolToObject(properties, "supports_target_filters", false);
    cJSON_AddStringToObject(properties, "primary_metadata_object", "");

    json_write(&text, target);
    text.data[--text.len] = '\0';
    memmove(text.data, text.data + 1, text.len--);
    *rest = piece_new(&text);
    modes = doc_listed_modes(modes);
    buf_puts(&listed, "\"modes\":");
    json_write(&listed, modes);
    *entry = piece_new(&listed);
    cJSON_Delete(modes);
    cJSON_Delete(target);
}

static struct doc *generated_doc(const char *id, unsigned number, struct piece *rest, struct piece *entry) {
    struct doc *doc = xcalloc(1, sizeof *doc);

    doc->refs = 1;
    doc->listed = true;
    doc->name = xasprintf("Object %05u", number);
    doc->opening = xasprintf("{\"id\":\"%s\",\"name\":\"%s\",", id, doc->name);
    doc->main = piece_ref(rest);
    doc->entry = piece_ref(entry);
    return doc;
}

static struct connection *generated_connection(unsigned number) {
    cJSON *json = cJSON_CreateObject(), *type;
    struct connection *connection;
    char *id = xasprintf("00000000-0000-4000-8000-%012u", number), *name = xasprintf("generated-%u", number);

    cJSON_AddStringToObject(json, "id", id);
    cJSON_AddStringToObject(json, "name", name);
    cJSON_AddStringToObject(json, "status", "healthy");
    cJSON_AddStringToObject(json, "status_error", "");
    type = cJSON_AddObjectToObject(json, "type");
    cJSON_AddStringToObject(type, "id", "generated");
    cJSON_AddStringToObject(type, "name", "Generated");
    connection = connection_new(id, json);
    connection->creation = cJSON_CreateObject();
    cJSON_AddBoolToObject(connection->creation, "supported", false);
    cJSON_AddArrayToObject(connection->creation, "properties");
    free(id);
    free(name);
    return connection;
}

/* A mapping to the field of that number. */
static cJSON *generated_mapping(unsigned number) {
    cJSON *mapping = cJSON_CreateObject(), *source = cJSON_AddObjectToObject(mapping, "source");
    char *target = xasprintf("f_%03u", number), *column = xasprintf("column_%03u", number);

    cJSON_AddStringToObject(source, "model_id", "20000000-0000-4000-8000-000000000001");
    cJSON_AddStringToObject(source, "field", column);
    cJSON_AddStringToObject(mapping, "target", target);
    cJSON_AddFalseToObject(mapping, "new");
    cJSON_AddFalseToObject(mapping, "encryption_enabled");
    cJSON_AddStringToObject(mapping, "sync_mode", "updateOrCreate");
    cJSON_AddNullToObject(mapping, "override_value");
    free(target);
    free(column);
    return mapping;
}

/* A sync that writes up to ten fields of one target of a generated connection; f_001 is its identity. */
static cJSON *generated_sync(unsigned number, const char *connection, unsigned object, unsigned fields) {
    cJSON *sync = cJSON_CreateObject(), *target, *mappings, *identity, *function;
    char *id = xasprintf("10000000-0000-4000-8000-%012u", number),
         *name = xasprintf("Generated %05u", number);
    char *object_id = xasprintf("obj_%05u", object);

    cJSON_AddStringToObject(sync, "id", id);
    cJSON_AddStringToObject(sync, "name", name);
    cJSON_AddTrueToObject(sync, "active");
    cJSON_AddStringToObject(sync, "mode", "updateOrCreate");
    cJSON_AddStringToObject(sync, "updated_at", "2026-05-12T08:30:00Z");
    target = cJSON_AddObjectToObject(sync, "target");
    cJSON_AddStringToObject(target, "connection_id", connection);
    cJSON_AddStringToObject(target, "object", object_id);
    mappings = cJSON_AddArrayToObject(sync, "fields");
    for (unsigned i = 2; i <= fields && i <= 11; i++)
        cJSON_AddItemToArray(mappings, generated_mapping(i));
    cJSON_AddArrayToObject(sync, "override_fields");
    cJSON_AddArrayToObject(sync, "filters");
    identity = cJSON_AddObjectToObject(sync, "identity");
    cJSON_AddStringToObject(identity, "target", "f_001");
    function = cJSON_AddObjectToObject(identity, "function");
    cJSON_AddStringToObject(function, "id", "Equality");
    cJSON_AddStringToObject(function, "label", "Equals");
    free(id);
    free(name);
    free(object_id);
    return sync;
}

/* Adds the syncs of one generated connection. */
static void generate_syncs(struct world *world, unsigned number, const char *connection,
                           const struct seed *seed) {
    for (unsigned i = 1; i <= seed->syncs && seed->targets; i++) {
        unsigned object = (i - 1) % seed->targets + 1;

        cJSON_AddItemToArray(
            world->syncs, generated_sync((number - 1) * seed->syncs + i, connection, object, seed->fields));
    }
}

void generate(struct world *world, const struct seed *seed) {
    struct piece *rest[SHAPES], *entry[SHAPES];

    if (!seed->connections)
        return;
    for (unsigned i = 0; i < SHAPES; i++)
        generated_shape(i, seed->fields, &rest[i], &entry[i]);
    for (unsigned c = 1; c <= seed->connections; c++) {
        struct connection *connection = generated_connection(c);

        for (unsigned t = 1; t <= seed->targets; t++) {
            char *id = xasprintf("obj_%05u", t);
            struct slot *slot = slot_add(connection, id);

            slot->upstream = generated_doc(id, t, rest[t % SHAPES], entry[t % SHAPES]);
            slot->cached = doc_ref(slot->upstream);
            free(id);
        }
        world_add(world, connection);
        generate_syncs(world, c, connection->id, seed);
    }
    for (unsigned i = 0; i < SHAPES; i++) {
        piece_unref(rest[i]);
        piece_unref(entry[i]);
    }
}
