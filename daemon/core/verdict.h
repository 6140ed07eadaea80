/* What an answer means for the mirror: is it fresh, is a removal believed, is a mass removal held back? Pure:
 * what is stored, what was answered, limits and the time are arguments. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/timespan.h"
#include "core/diff.h"
#include "core/target.h"

enum target_origin { ORIGIN_LISTED, ORIGIN_MATCHED, ORIGIN_SYNCED, ORIGIN_NEW, ORIGIN_COUNT };
enum target_state { STATE_PENDING, STATE_PRESENT, STATE_SUSPECT, STATE_MISSING, STATE_COUNT };

/* The words of the table. */
extern const char *const target_origin_names[ORIGIN_COUNT];
extern const char *const target_state_names[STATE_COUNT];

/* What is stored of a target, as far as a run needs it. */
struct stored_target {
    int key;
    const char *id;
    enum target_origin origin;
    enum target_state state;
    bool managed;
    bool announced;   /* its baseline makes a target_added */
    bool has_history; /* versions from before exist */
    bool accepted;    /* a person accepted what is held back */
    bool held_gone;
    bool due;
    bool synced_lately; /* a sync wrote to it within the last seven days */
    size_t field_count;
    usec_t refreshed_at;     /* of the last answer seen; USEC_NONE: none */
    const char *api_version; /* NULL: not known */
    struct fingerprint fingerprint;
    usec_t held_since;
    const char *const *held_fields; /* sorted */
    size_t held_count;
};

struct verdict_limits {
    unsigned over_ppm; /* more than this share is a mass removal, where there are VERDICT_MANY or more */
    usec_t hold;
};

enum { VERDICT_MANY = 10 };

/* What proof of freshness is asked for. */
struct proof {
    bool asked;       /* not with refresh: never, in a dry run, or of a target that is not created yet */
    usec_t last_seen; /* refreshed_at of the last answer seen; USEC_NONE: there was none, so none is asked */
    usec_t refresh_started; /* last_refresh_started of this run's refresh; USEC_NONE: unknown */
};

/* Does an answer's refreshed_at (USEC_NONE: it gave none) prove that the answer is fresh? Only the API's
 * times are compared. */
bool verdict_is_fresh(const struct proof *proof, usec_t refreshed_at);

enum verdict {
    VERDICT_RECORD,      /* recorded as usual */
    VERDICT_SECOND_LOOK, /* something is lacking: the target is fetched again */
    VERDICT_HOLD,        /* a mass removal is held back; the time of waiting begins */
    VERDICT_STAYS_HELD,  /* it stays held back */
    VERDICT_APPLY,       /* what was held back is believed, without a second look */
    VERDICT_GONE,        /* the target is gone, both answers said so (the run as a whole judges further) */
    VERDICT_ABSENT,      /* a missing target is still missing: a success */
    VERDICT_UNKNOWN,     /* a target that was never seen answers 404: a failure */
};

/* The verdict on an answer that lacks `lacking` of what the mirror has; after a second look, of what both
 * lack. */
enum verdict verdict_on_answer(const struct stored_target *stored, const struct lacking *lacking,
                               bool second_look, const struct verdict_limits *limits, usec_t now);

/* The verdict on a 404; `second_look`: on the second in a row. */
enum verdict verdict_on_absence(const struct stored_target *stored, bool second_look,
                                const struct verdict_limits *limits, usec_t now);

/* Does it pass the limits that `lacking` of `of` fields vanish? */
bool verdict_is_mass(size_t lacking, size_t of, const struct verdict_limits *limits);

/* A run's targets: how many the connection has that are managed and not missing, how many of those were
 * looked at, and how many of these are gone (those that stay held back included). True: the removals of this
 * run are held back. */
bool verdict_is_mass_gone(size_t managed, size_t looked, size_t gone, const struct verdict_limits *limits);

/* What both lists lack, fields by id; the caller frees ret->field_ids. */
void verdict_both_lack(const struct lacking *first, const struct lacking *second, struct lacking *ret);
