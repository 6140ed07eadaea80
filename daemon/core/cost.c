#include "core/cost.h"

#include <stdlib.h>
#include <string.h>

const char cost_assumptions[] =
    "Averages without failures: a refresh is taken to need one request to start it and 6 to see how it goes, the syncs of "
    "a connection one page; second looks at what has vanished, retries and syncs that changed come on top.";

/* A schedule that some of a connection's items share. */
struct rhythm {
    const struct schedule *schedule;
    double per_day;
    bool refreshes; /* an item that is not `new` follows it */
    bool lists;     /* an include item does */
};

static bool same_schedule(const struct schedule *a, const struct schedule *b) {
    const struct cron *one = &a->cron, *other = &b->cron;
    if (a->is_cron != b->is_cron)
        return false;
    if (!a->is_cron)
        return a->every == b->every;
    return one->minutes == other->minutes && one->hours == other->hours && one->days == other->days &&
           one->months == other->months && one->weekdays == other->weekdays &&
           one->any_day == other->any_day && one->any_weekday == other->any_weekday;
}

/* The rhythm of an item, added where it is the first with it. */
static struct rhythm *find_rhythm(struct rhythm *rhythms, size_t *count, const struct schedule *schedule) {
    for (size_t i = 0; i < *count; i++)
        if (same_schedule(rhythms[i].schedule, schedule))
            return &rhythms[i];
    rhythms[*count] = (struct rhythm){.schedule = schedule, .per_day = schedule_per_day(schedule)};
    return &rhythms[(*count)++];
}

static int compare_ids(const void *a, const void *b) {
    const struct target_item *one = *(const struct target_item *const *)a,
                             *other = *(const struct target_item *const *)b;
    int order = strcmp(one->id, other->id);
    return order != 0 ? order : one < other ? -1 : one > other;
}

/* The items that name a target by its id, each target once: the first that names it counts. The caller frees
 * the list. */
static const struct target_item **named_targets(const struct config_connection *connection,
                                                size_t *ret_count) {
    const struct target_item **items =
        alloc_zero(connection->target_count, sizeof(const struct target_item *));
    size_t named = 0, count = 0;
    for (size_t i = 0; i < connection->target_count; i++)
        if (connection->targets[i].kind == ITEM_TARGET)
            items[named++] = &connection->targets[i];
    if (named > 0)
        qsort(items, named, sizeof(const struct target_item *), compare_ids);
    for (size_t i = 0; i < named; i++)
        if (count == 0 || strcmp(items[count - 1]->id, items[i]->id) != 0)
            items[count++] = items[i];
    *ret_count = count;
    return items;
}

/* One fetch of a target. */
static void add_fetch(const struct config_connection *connection, const struct target_item *item,
                      struct rhythm *rhythm, struct connection_cost *cost) {
    cost->requests += rhythm->per_day;
    if (item->kind == ITEM_NEW)
        return; /* it is computed, not cached: nothing is refreshed for it */
    rhythm->refreshes = true;
    if (connection->refresh == REFRESH_TARGET)
        cost->refreshes += rhythm->per_day;
}

/* Targets that are not known yet: what one of them costs. Of several items the busiest counts. */
static void add_open_item(const struct config_connection *connection, const struct target_item *item,
                          struct rhythm *rhythm, struct connection_cost *cost) {
    cost->open_ended = true;
    rhythm->refreshes = true;
    rhythm->lists = rhythm->lists || item->kind == ITEM_INCLUDE;
    cost->requests_for_each_match = MAX(cost->requests_for_each_match, rhythm->per_day);
    if (connection->refresh == REFRESH_TARGET)
        cost->refreshes_for_each_match = cost->requests_for_each_match;
}

/* The runs that a rhythm makes, and what they need beside the fetches. */
static void add_runs(const struct config_connection *connection, const struct rhythm *rhythm,
                     struct connection_cost *cost) {
    cost->runs += rhythm->per_day;
    cost->requests += rhythm->per_day * COST_RUN;
    if (rhythm->lists)
        cost->requests += rhythm->per_day;
    if (connection->refresh == REFRESH_CONNECTION && rhythm->refreshes) {
        cost->refreshes += rhythm->per_day;
        cost->requests += rhythm->per_day * (1 + COST_POLLS);
    }
}

void cost_of_connection(const struct config_connection *connection, struct connection_cost *ret) {
    struct connection_cost cost = {0};
    size_t rhythm_count = 0, named_count;
    CLEANUP(cleanup_free) struct rhythm *rhythms = alloc_zero(connection->target_count, sizeof(*rhythms));
    CLEANUP(cleanup_free) const struct target_item **named = named_targets(connection, &named_count);
    for (size_t i = 0; i < named_count; i++)
        add_fetch(connection, named[i], find_rhythm(rhythms, &rhythm_count, &named[i]->schedule), &cost);
    for (size_t i = 0; i < connection->target_count; i++) {
        const struct target_item *item = &connection->targets[i];
        if (item->kind == ITEM_TARGET)
            continue;
        struct rhythm *rhythm = find_rhythm(rhythms, &rhythm_count, &item->schedule);
        if (item->kind == ITEM_NEW)
            add_fetch(connection, item, rhythm, &cost);
        else
            add_open_item(connection, item, rhythm, &cost);
    }
    for (size_t i = 0; i < rhythm_count; i++)
        add_runs(connection, &rhythms[i], &cost);
    *ret = cost;
}
