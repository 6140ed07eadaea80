/* Drift by the dozen, for large tests. */
#include "edit.h"

#include <stdlib.h>
#include <string.h>

/* Changes the type of one field; describes the change, or gives NULL if the target has no field. */
static cJSON *drift_target(struct slot *slot, unsigned random) {
    cJSON *target = doc_json(slot->upstream), *fields = json_get(target, "fields"), *change = NULL;
    int count = cJSON_GetArraySize(fields);

    if (count > 0) {
        cJSON *field = cJSON_GetArrayItem(fields, (int)(random % (unsigned)count));
        char *from = xstrdup(json_string(field, "type", ""));
        const char *to = strcmp(from, "string") != 0 ? "string" : "number";
        struct doc *doc;

        json_put(field, "type", cJSON_CreateString(to));
        change = cJSON_CreateObject();
        cJSON_AddStringToObject(change, "target", slot->id);
        cJSON_AddStringToObject(change, "field", json_string(field, "id", ""));
        cJSON_AddStringToObject(change, "from", from);
        cJSON_AddStringToObject(change, "to", to);
        doc = doc_new(target, slot->upstream);
        doc_set(&slot->upstream, doc);
        doc_unref(doc);
        free(from);
    }
    cJSON_Delete(target);
    return change;
}

cJSON *drift(struct connection *connection, double share, unsigned seed) {
    struct slot **chosen = xcalloc(connection->slot_count, sizeof *chosen);
    cJSON *changes = cJSON_CreateArray();
    size_t present = 0, wanted;

    for (size_t i = 0; i < connection->slot_count; i++)
        if (connection->slots[i]->upstream)
            chosen[present++] = connection->slots[i];
    wanted = (size_t)((double)present * share + 0.5);
    for (size_t i = 0; i < wanted && i < present; i++) {
        size_t other = i + (size_t)rand_r(&seed) % (present - i);
        struct slot *slot = chosen[other];
        cJSON *change = drift_target(slot, (unsigned)rand_r(&seed));

        chosen[other] = chosen[i];
        if (change)
            cJSON_AddItemToArray(changes, change);
    }
    free(chosen);
    return changes;
}
