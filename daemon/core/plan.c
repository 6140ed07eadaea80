#include "core/plan.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* The prefix of the id of a target that is not created yet: an inner name, which no existing target may
 * carry. */
static const char new_prefix[] = "new:";

bool plan_has_item(const struct config_connection *connection, enum target_item_kind kind) {
    for (size_t i = 0; i < connection->target_count; i++)
        if (connection->targets[i].kind == kind)
            return true;
    return false;
}

void plan_include_digest(const struct config_connection *connection, unsigned char ret[static 32]) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    for (size_t i = 0; i < connection->target_count; i++) {
        const struct target_item *item = &connection->targets[i];
        if (item->kind != ITEM_INCLUDE)
            continue;
        EVP_DigestUpdate(context, "+", 1);
        EVP_DigestUpdate(context, item->include, strlen(item->include) + 1);
        for (size_t j = 0; j < item->exclude_count; j++) {
            EVP_DigestUpdate(context, "-", 1);
            EVP_DigestUpdate(context, item->exclude[j], strlen(item->exclude[j]) + 1);
        }
    }
    EVP_DigestFinal_ex(context, ret, NULL);
    EVP_MD_CTX_free(context);
}

static int compare_plan_targets(const void *a, const void *b) {
    const struct plan_target *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    if (order != 0)
        return order;
    /* what the configuration names itself goes before what a glob or a sync brings */
    bool x_named = x->origin == ORIGIN_LISTED || x->origin == ORIGIN_NEW;
    bool y_named = y->origin == ORIGIN_LISTED || y->origin == ORIGIN_NEW;
    return x_named != y_named ? y_named - x_named : (int)x->origin - (int)y->origin;
}

static void plan_add(struct plan *plan, size_t *capacity, const struct plan_target *target) {
    plan->targets = alloc_grow(plan->targets, capacity, plan->count + 1, sizeof(*plan->targets));
    plan->targets[plan->count++] = *target;
}

static void add_configured(struct plan *plan, size_t *capacity, const struct config_connection *connection) {
    for (size_t i = 0; i < connection->target_count; i++) {
        const struct target_item *item = &connection->targets[i];
        struct plan_target target = {.stored = PLAN_NOT_STORED, .look = true, .item = item};
        if (item->kind == ITEM_TARGET) {
            target.id = item->id;
            target.origin = ORIGIN_LISTED;
            target.item = config_match_target(connection, item->id, false);
        } else if (item->kind == ITEM_NEW) {
            size_t length = sizeof(new_prefix) + strlen(item->label);
            char *id = arena_alloc(plan->arena, length);
            memcpy(id, new_prefix, sizeof(new_prefix));
            memcpy(id + sizeof(new_prefix) - 1, item->label, strlen(item->label) + 1);
            target.id = id;
            target.origin = ORIGIN_NEW;
        } else {
            continue;
        }
        plan_add(plan, capacity, &target);
    }
}

static bool is_matched(const struct config_connection *connection, const char *id) {
    if (strncmp(id, new_prefix, sizeof(new_prefix) - 1) == 0)
        return false;
    const struct target_item *item = config_match_target(connection, id, false);
    return item && item->kind == ITEM_INCLUDE;
}

static void add_listed(struct plan *plan, size_t *capacity, const struct config_connection *connection,
                       const struct api_target_list *listing) {
    for (size_t i = 0; i < listing->target_count; i++)
        if (is_matched(connection, listing->targets[i].id))
            plan_add(
                plan, capacity,
                &(struct plan_target){.id = listing->targets[i].id,
                                      .origin = ORIGIN_MATCHED,
                                      .item = config_match_target(connection, listing->targets[i].id, false),
                                      .stored = PLAN_NOT_STORED,
                                      .must_register = true,
                                      .look = true});
}

/* What syncs write to and nothing before in the configuration names. */
static void add_synced(struct plan *plan, size_t *capacity, const struct config_connection *connection,
                       const struct synced_targets *synced) {
    for (size_t i = 0; i < synced->count; i++) {
        const struct target_item *item = config_match_target(connection, synced->ids[i], true);
        if (item && item->kind == ITEM_SYNCED &&
            strncmp(synced->ids[i], new_prefix, sizeof(new_prefix) - 1) != 0)
            plan_add(plan, capacity,
                     &(struct plan_target){.id = synced->ids[i],
                                           .origin = ORIGIN_SYNCED,
                                           .item = item,
                                           .stored = PLAN_NOT_STORED,
                                           .must_register = true,
                                           .look = true});
    }
}

static int compare_id(const void *key, const void *item) {
    return strcmp(key, ((const struct plan_target *)item)->id);
}

static struct plan_target *plan_find(const struct plan *plan, size_t count, const char *id) {
    return count == 0 ? NULL : bsearch(id, plan->targets, count, sizeof(*plan->targets), compare_id);
}

static void sort_and_merge(struct plan *plan) {
    if (plan->count == 0)
        return;
    qsort(plan->targets, plan->count, sizeof(*plan->targets), compare_plan_targets);
    size_t kept = 1;
    for (size_t i = 1; i < plan->count; i++)
        if (strcmp(plan->targets[kept - 1].id, plan->targets[i].id) != 0)
            plan->targets[kept++] = plan->targets[i];
    plan->count = kept;
}

/* What is stored and neither configured nor listed: an include item may have brought it, and keeps it until
 * it is confirmed gone. */
static void add_stored(struct plan *plan, size_t *capacity, const struct config_connection *connection,
                       const struct stored_target *stored, size_t index, bool listed) {
    bool synced =
        stored->origin == ORIGIN_SYNCED && stored->synced_lately && plan_has_item(connection, ITEM_SYNCED);
    bool matched = is_matched(connection, stored->id);
    bool forgotten = stored->state == STATE_PENDING && listed && !synced; /* it was never there */
    if ((!synced && !matched) || forgotten) {
        plan->unmanaged[plan->unmanaged_count++] = index;
        return;
    }
    plan_add(plan, capacity,
             &(struct plan_target){.id = stored->id,
                                   .origin = synced ? ORIGIN_SYNCED : ORIGIN_MATCHED,
                                   .item = config_match_target(connection, stored->id, synced),
                                   .stored = index,
                                   .look = synced || stored->state != STATE_MISSING});
}

void plan_make(const struct config_connection *connection, const struct stored_target *stored,
               size_t stored_count, const struct api_target_list *listing,
               const struct synced_targets *synced, struct plan *ret) {
    struct plan plan = {.arena = arena_new(), .unmanaged = alloc_zero(stored_count + 1, sizeof(size_t))};
    size_t capacity = 0;

    add_configured(&plan, &capacity, connection);
    if (listing)
        add_listed(&plan, &capacity, connection, listing);
    add_synced(&plan, &capacity, connection, synced);
    sort_and_merge(&plan);

    size_t named = plan.count; /* sorted: what is added behind is not searched */
    for (size_t i = 0; i < stored_count; i++) {
        struct plan_target *target = plan_find(&plan, named, stored[i].id);
        if (target) {
            target->stored = i;
            target->must_register &= !stored[i].managed || stored[i].origin != target->origin;
        } else if (stored[i].managed) {
            add_stored(&plan, &capacity, connection, &stored[i], i, listing != NULL);
        }
    }
    sort_and_merge(&plan);
    *ret = plan;
}

void plan_done(struct plan *plan) {
    free(plan->targets);
    free(plan->unmanaged);
    arena_free(plan->arena);
    *plan = (struct plan){0};
}
