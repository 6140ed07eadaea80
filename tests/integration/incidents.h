/* What the tests of incidents and of alerts share: how something breaks, is mended and grows old, and what
 * was told. */
#pragma once

#include "world.h"
#include "world_events.h"

#define ACCOUNT         "'connection': 'salesforce-prod', 'target': 'Account'"
#define CONTACT         "'connection': 'salesforce-prod', 'target': 'Contact'"
#define REMOVE(field)   world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': '" field "'}")
#define SET(field, set) world_edit("{'op': 'field_set', " ACCOUNT ", 'field': '" field "', 'set': {" set "}}")

/* A test after which every event that was written is held against its schema. */
static inline int check_events(void **state) {
    (void)state;
    world_check_events();
    return 0;
}
#define told_test(function) cmocka_unit_test_setup_teardown(function, world_fresh, check_events)

#define ALL "  - {name: all, exec: [/bin/true]}\n"

/* alerts: and these items, for these targets. */
static inline void tell(const char *targets, const char *alerts) {
    configure(.targets = targets, .more = world_text("alerts:\n%s", alerts));
}

UNUSED static const char incidents[] =
    "SELECT coalesce(c.name, '*'), i.cause, i.severity, i.state, i.flapping, i.resolved_by FROM incidents i"
    " LEFT JOIN connections c ON c.id = i.connection_id ORDER BY i.opened_at, i.cause";
/* "ALERT|TYPE|CHANGES|REMINDER", in the order in which they were written. */
UNUSED static const char events[] =
    "SELECT alert, event ->> 'type', event #>> '{data,changes_total}', event #>> '{data,reminder}'"
    " FROM deliveries ORDER BY number";

static inline void set_field(const char *field, const char *updateable) {
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': '%s', 'set': {'updateable': %s}}", field,
               updateable);
}

/* A field that an active sync writes turns read-only: opens; back again: ends by itself. */
static inline void break_it(void) {
    set_field("Industry", "false");
    world_pull(0);
}

static inline void mend_it(void) {
    set_field("Industry", "true");
    world_pull(0);
}

/* So much time passes for all that happened. */
static inline void age(const char *interval) {
    world_sql(
        "UPDATE incidents SET opened_at = opened_at - interval '%s', resolved_at = resolved_at - interval '%s',"
        " quiet_since = quiet_since - interval '%s'",
        interval, interval, interval);
    world_sql("UPDATE incident_told SET told_at = told_at - interval '%s'", interval);
}
