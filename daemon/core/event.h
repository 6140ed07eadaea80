/* An event as it stands in the outbox, read back for whoever formats it. Whoever may write to the database
 * may have written it: its size is bounded, and what is not of the documented shape is an error. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/timespan.h"
#include "core/diff.h"
#include "core/severity.h"

/* Events are written with 20 KiB at most; as jsonb prints them they are a little longer. */
enum { EVENT_BYTES_MAX = 64 * 1024 };

enum event_type {
    EVENT_SCHEMA_DRIFT,
    EVENT_SCHEMA_RESOLVED,
    EVENT_MIRROR_SUSPECT,
    EVENT_MIRROR_FAILING,
    EVENT_MIRROR_RECOVERED,
    EVENT_ALERT_TEST,
    EVENT_TYPE_COUNT,
};

/* "schema.drift", … */
extern const char *const event_type_names[EVENT_TYPE_COUNT];

enum incident_cause {
    INCIDENT_DRIFT,
    INCIDENT_ACCESS_REDUCED,
    INCIDENT_SUSPECT,
    INCIDENT_FAILING,
    INCIDENT_CAUSE_COUNT,
};

/* "drift", … */
extern const char *const incident_cause_names[INCIDENT_CAUSE_COUNT];

struct event_incident {
    const char *id;
    enum incident_cause cause;
    bool open, flapping;
    usec_t opened_at;
    const char *resolved_by; /* NULL: it is open, or not known */
};

/* A sync or a connection. Either may be NULL. */
struct event_name {
    const char *id, *name;
};

struct event_change {
    int64_t id;
    const char *target;
    enum change_kind kind;
    const char *field, *attribute;     /* NULL: none */
    const char *old_value, *new_value; /* JSON; NULL: null */
    bool truncated;                    /* a value was cut */
    const char *rule;                  /* may be NULL */
    enum severity severity;
    struct event_name *syncs;
    size_t sync_count;
};

struct event_target {
    const char *id, *state, *error; /* state and error may be NULL */
};

struct event {
    struct arena *arena; /* owns the rest */
    enum event_type type;
    usec_t timestamp;
    struct event_name connection;          /* an id of NULL: all connections, or none */
    const char *connection_type;           /* may be NULL */
    const char *run_id;                    /* NULL: none */
    const struct event_incident *incident; /* NULL: none */
    enum severity severity;
    const char *summary; /* never NULL */
    const char *url;     /* NULL: none; else http or https, as url_check() has it */
    bool reminder;
    struct event_change *changes;
    size_t change_count;
    int64_t changes_total;        /* at least as many as there are */
    struct event_target *targets; /* of mirror.* */
    size_t target_count;
    int64_t targets_total;
    struct event_name *connections; /* of an incident of all connections */
    size_t connection_count;
};

/* Reads an event of `length` bytes. On failure CAUSE_SHAPE with the place. The caller ends it with
 * event_done(). Unknown members are passed over; ids of connection, run and incident are UUIDs. */
bool event_parse(const char *json, size_t length, struct event *ret, struct error *ret_error) MUST_USE;
void event_done(struct event *event);
