#include "service/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "service/queries.h"

/* What the API sent of all syncs of a connection, each within api.max_response. */
#define SYNCS_MAX ((size_t)4 << 30)

struct database_call *store_load_syncs(struct store *store, const char *connection_id,
                                       database_callback *callback, void *userdata) {
    return database_query(store->control, &query_load_syncs, &connection_id, 1, store->patience, callback,
                          userdata);
}

static const char *keep(struct arena *arena, const struct database_result *result, size_t row,
                        const char *column) {
    const char *text = database_value(result, row, column);
    return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

static bool is_true(const char *text) {
    return text && text[0] == 't';
}

static enum sync_role role_of(const char *word) {
    for (int i = 0; i < SYNC_ROLE_COUNT; i++)
        if (strcmp(sync_role_names[i], word) == 0)
            return (enum sync_role)i;
    return SYNC_ROLE_MAPPING;
}

static struct sync_field read_field(const struct database_result *result, size_t row, struct arena *arena) {
    return (struct sync_field){.field_id = keep(arena, result, row, "field_id"),
                               .role = role_of(database_value(result, row, "role")),
                               .new_field = is_true(database_value(result, row, "new_field")),
                               .encrypted = is_true(database_value(result, row, "encrypted")),
                               .sync_mode = keep(arena, result, row, "sync_mode"),
                               .function = keep(arena, result, row, "function_id")};
}

/* The rows of one sync stand together; one without fields has one row, whose field is null. */
static size_t count_rows(const struct database_result *result, size_t first) {
    size_t rows = database_rows(result), count = 1;
    while (first + count < rows && strcmp(database_value(result, first, "sync_id"),
                                          database_value(result, first + count, "sync_id")) == 0)
        count++;
    return count;
}

struct sync *store_read_syncs(const struct database_result *result, struct arena *arena, size_t *ret_count) {
    size_t rows = database_rows(result), count = 0;
    struct sync *syncs = arena_alloc(arena, (rows + 1) * sizeof(*syncs));
    for (size_t row = 0, of_sync; row < rows; row += of_sync) {
        of_sync = count_rows(result, row);
        struct sync_field *fields = arena_alloc(arena, of_sync * sizeof(*fields));
        size_t field_count = 0;
        for (size_t i = row; i < row + of_sync; i++)
            if (database_value(result, i, "field_id"))
                fields[field_count++] = read_field(result, i, arena);
        syncs[count++] =
            (struct sync){.id = keep(arena, result, row, "sync_id"),
                          .name = keep(arena, result, row, "name"),
                          .active = is_true(database_value(result, row, "active")),
                          .mode = keep(arena, result, row, "mode"),
                          .target_id = keep(arena, result, row, "target_id"),
                          .creates_target = is_true(database_value(result, row, "creates_target")),
                          .updated_at = keep(arena, result, row, "updated_at"),
                          .fields = fields,
                          .field_count = field_count};
    }
    *ret_count = count;
    return syncs;
}

static void put(struct buffer *json, const char *text) {
    if (!buffer_append_text(json, text))
        abort();
}

static void put_member(struct buffer *json, const char *before, const char *value) {
    put(json, before);
    if (!json_quote(value, json))
        abort();
}

static void put_field(struct buffer *json, const struct sync_field *field) {
    put_member(json, "{\"field\": ", field->field_id);
    put_member(json, ", \"role\": ", sync_role_names[field->role]);
    put(json, field->new_field ? ", \"new\": true" : ", \"new\": false");
    put(json, field->encrypted ? ", \"encrypted\": true" : ", \"encrypted\": false");
    put_member(json, ", \"mode\": ", field->sync_mode);
    put_member(json, ", \"function\": ", field->function);
    put(json, "}");
}

char *store_syncs_json(const struct sync *const *syncs, size_t count) {
    struct buffer json;
    buffer_init(&json, SYNCS_MAX);
    put(&json, "[");
    for (size_t i = 0; i < count; i++) {
        const struct sync *sync = syncs[i];
        put_member(&json, i > 0 ? ", {\"id\": " : "{\"id\": ", sync->id);
        put_member(&json, ", \"name\": ", sync->name);
        put(&json, sync->active ? ", \"active\": true" : ", \"active\": false");
        put_member(&json, ", \"mode\": ", sync->mode);
        put_member(&json, ", \"target\": ", sync->target_id);
        put(&json, sync->creates_target ? ", \"creates\": true" : ", \"creates\": false");
        put_member(&json, ", \"updated_at\": ", sync->updated_at);
        put(&json, ", \"fields\": [");
        for (size_t j = 0; j < sync->field_count; j++) {
            put(&json, j > 0 ? ", " : "");
            put_field(&json, &sync->fields[j]);
        }
        put(&json, "]}");
    }
    put(&json, "]");
    return buffer_take(&json);
}
