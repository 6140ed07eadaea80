/* A model sync as far as the mirror needs it: which target it writes to, in which mode, and which of its
 * fields it writes, matches or filters by. A value in an arena. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum sync_role {
    SYNC_ROLE_MAPPING,
    SYNC_ROLE_OVERRIDE,
    SYNC_ROLE_IDENTITY,
    SYNC_ROLE_FILTER,
    SYNC_ROLE_COUNT
};

/* "mapping", "override", "identity", "filter": the words of the table. */
extern const char *const sync_role_names[SYNC_ROLE_COUNT];

/* A target field that a sync uses. */
struct sync_field {
    const char *field_id;
    enum sync_role role;
    bool new_field; /* the sync creates it itself */
    bool encrypted;
    const char *sync_mode; /* of a mapping; NULL: none of its own */
    const char *function;  /* of an identity: the id of its function; NULL: none named */
};

struct sync {
    const char *id, *name;
    bool active;
    const char *mode;                /* NULL: not known */
    const char *target_id;           /* target.object; NULL: none (it creates its target) */
    const char *connection_id;       /* target.connection_id; NULL: not said */
    bool creates_target;             /* target.create or target.new_name */
    const char *updated_at;          /* as the API sent it; NULL: it is read at every run */
    const struct sync_field *fields; /* sorted by field id, then role */
    size_t field_count;
};

/* What a sync's mode does: an unknown one (NULL too) does both. */
bool sync_mode_creates(const char *mode);
bool sync_mode_updates(const char *mode);

/* Does the sync give this field of a record that it creates a value: does it map or override it, or match by
 * it? */
bool sync_supplies(const struct sync *sync, const char *field_id);
