#include "core/sync.h"

#include <string.h>

#include "base/macros.h"

const char *const sync_role_names[SYNC_ROLE_COUNT] = {
    [SYNC_ROLE_MAPPING] = "mapping",
    [SYNC_ROLE_OVERRIDE] = "override",
    [SYNC_ROLE_IDENTITY] = "identity",
    [SYNC_ROLE_FILTER] = "filter",
};

/* The same table as mode_creates() and mode_updates() in sql/functions. */
static const struct {
    const char *mode;
    bool creates, updates;
} modes[] = {
    {"create", true, false},  {"update", false, true}, {"updateOrCreate", true, true},
    {"replace", true, false}, {"append", true, false}, {"snapshot", true, false},
    {"remove", false, false},
};

bool sync_mode_creates(const char *mode) {
    for (size_t i = 0; mode && i < ARRAY_LENGTH(modes); i++)
        if (strcmp(modes[i].mode, mode) == 0)
            return modes[i].creates;
    return true;
}

bool sync_mode_updates(const char *mode) {
    for (size_t i = 0; mode && i < ARRAY_LENGTH(modes); i++)
        if (strcmp(modes[i].mode, mode) == 0)
            return modes[i].updates;
    return true;
}

bool sync_supplies(const struct sync *sync, const char *field_id) {
    for (size_t i = 0; i < sync->field_count; i++)
        if (sync->fields[i].role != SYNC_ROLE_FILTER && strcmp(sync->fields[i].field_id, field_id) == 0)
            return true;
    return false;
}
