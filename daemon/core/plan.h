/* Which targets a run looks at: what the configuration names, what the API lists and what is stored, brought
 * together. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/api_json.h"
#include "core/config.h"
#include "core/verdict.h"

struct plan_target {
    const char *id;
    const struct target_item *item; /* what takes it in; NULL: something else keeps it managed */
    enum target_origin origin;
    size_t stored;      /* its index in the stored targets, PLAN_NOT_STORED where it has no row */
    bool must_register; /* an include item brings it: it needs a row, or to be managed again */
    bool look; /* to be looked at; a missing one that an include brought only where the API lists it again */
};

#define PLAN_NOT_STORED ((size_t)-1)

struct plan {
    struct plan_target *targets; /* sorted by id, each id once */
    size_t count;
    size_t *unmanaged; /* indexes of stored targets that nothing takes in any more */
    size_t unmanaged_count;
    struct arena *arena; /* owns ids made here */
};

/* The targets that syncs write to, as far as a run knows. */
struct synced_targets {
    const char *const *ids; /* sorted, each once */
    size_t count;
};

/* `stored` is sorted by id. `listing` is what the API lists, NULL where it was not asked: then include items
 * bring nothing new and let nothing go. What syncs do not write to any more stays seven days with a synced
 * item. Strings are shared with the arguments, which must outlive the plan. */
void plan_make(const struct config_connection *connection, const struct stored_target *stored,
               size_t stored_count, const struct api_target_list *listing,
               const struct synced_targets *synced, struct plan *ret);

void plan_done(struct plan *plan);

/* True where a connection has an item of that kind. */
bool plan_has_item(const struct config_connection *connection, enum target_item_kind kind);

/* A digest of the include items: a listing under other items says nothing of what is new under these. */
void plan_include_digest(const struct config_connection *connection, unsigned char ret[static 32]);
