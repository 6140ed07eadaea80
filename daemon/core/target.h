/* The snapshot: an immutable, sorted value of what the API said of one target, in one arena. The mirror's own
 * state is loaded into the same shape, so that two snapshots can be compared. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/timespan.h"
#include "core/json_text.h"

/* Longest id of a target, field or mode, and longest name of a member that is kept, in bytes: they stand in
 * indexes of PostgreSQL, whose rows hold about 2,700. */
enum { TARGET_ID_MAX = 1000 };

enum field_text { FIELD_NAME, FIELD_DESCRIPTION, FIELD_TYPE, FIELD_SOURCE_TYPE, FIELD_TEXT_COUNT };

enum field_flag {
    FIELD_REQUIRED,
    FIELD_CREATEABLE,
    FIELD_UPDATEABLE,
    FIELD_FILTERABLE,
    FIELD_ASSOCIATION,
    FIELD_ENCRYPTABLE,
    FIELD_SUPPORTS_IDENTITY,
    FIELD_FLAG_COUNT,
};

/* A boolean as it came. Absent and null are one. */
enum flag { FLAG_ABSENT, FLAG_FALSE, FLAG_TRUE };

/* The names of the members, in the order of the enums: also the columns' and the attributes' names. */
extern const char *const field_text_names[FIELD_TEXT_COUNT];
extern const char *const field_flag_names[FIELD_FLAG_COUNT];

/* A JSON value kept as it came. Two values are equal where their canonical forms are; the empty ones (absent,
 * null, false, "", []) have "". */
struct json_value {
    const char *raw; /* NULL: the member was absent */
    const char *canonical;
};

struct member {
    const char *key;
    struct json_value value;
    bool known; /* a member that the documentation names */
};

struct field {
    const char *id;                      /* never empty */
    unsigned position;                   /* from 1, as the answer had it */
    const char *texts[FIELD_TEXT_COUNT]; /* NULL: absent or null */
    enum flag flags[FIELD_FLAG_COUNT];
    struct json_value identity_functions; /* the canonical form is sorted by id */
    const struct member *extra;           /* members that are not known, sorted by key */
    size_t extra_count;
    const char *raw; /* the whole object */
};

struct mode {
    const char *id;               /* never empty */
    unsigned position;            /* from 1, as the answer had it */
    const struct member *members; /* all but `mode` itself, sorted by key */
    size_t member_count;
    const char *raw;
};

struct target {
    struct arena *arena;
    const char *id, *name;                      /* NULL: absent or null */
    bool has_fields, has_modes, has_properties; /* present and not null */
    usec_t refreshed_at;                        /* USEC_NONE: absent or null */
    size_t refreshed_offset,
        refreshed_length;       /* of that value between its quotes in the body; 0, 0 where absent */
    const struct field *fields; /* sorted by id, bytewise; of equal ids in the answer's order */
    size_t field_count;         /* with duplicates */
    size_t fields_without_id;   /* skipped */
    bool has_duplicates;
    const struct mode *modes; /* sorted by id; of equal ids the first only */
    size_t mode_count, modes_without_id;
    const struct member *properties; /* sorted by key */
    size_t property_count;
    const char *modes_raw, *properties_raw; /* NULL: absent or null */
};

/* Takes NULL. */
void target_free(struct target *target);

/* The fields of that id: the first of them and their number in *ret_count; NULL and 0 where there are none.
 */
const struct field *target_find_field(const struct target *target, const char *id, size_t *ret_count);

/* NULL where there is none. */
const struct mode *target_find_mode(const struct target *target, const char *id);

/* The member of that key in a sorted list; NULL where there is none. */
const struct member *member_find(const struct member *members, size_t count, const char *key);

/* Equality of contract: absent, null and the empty value are one. */
bool text_equal(const char *a, const char *b);
bool flag_equal(enum flag a, enum flag b);
bool json_value_equal(const struct json_value *a, const struct json_value *b);

/* True where nothing compared differs (the position is not compared). */
bool field_equal(const struct field *a, const struct field *b);

/* A fingerprint stands for an answer: the same fingerprint means the same answer but for the document's own
 * refreshed_at. Kinds: FINGERPRINT_WHOLE hashes all bytes; FINGERPRINT_CUT leaves out what looks like the
 * value of the last `"refreshed_at":` and hashes its offset besides, so that what stands before and behind is
 * the same byte for byte and so the cut is at the same place of the document. Which kind is right was decided
 * by a parse when it was stored. */
enum fingerprint_kind { FINGERPRINT_NONE, FINGERPRINT_WHOLE, FINGERPRINT_CUT };

enum { FINGERPRINT_SIZE = 33 }; /* the kind and rule's version in one byte, then SHA-256 */

struct fingerprint {
    unsigned char bytes[FINGERPRINT_SIZE]; /* all zero: none */
};

/* The fingerprint of a body under that kind, with the API version that answered mixed in ("" where unknown).
 * Where a cut is asked for and there is nothing to cut, or what would be cut is no time, the result is none.
 * *ret_refreshed_at (may be NULL) is the time that was cut out, USEC_NONE where it is none. */
struct fingerprint fingerprint_make(enum fingerprint_kind kind, const char *body, size_t length,
                                    const char *api_version, usec_t *ret_refreshed_at);

/* The kind that stands for a parsed body: a cut where the rule's cut is exactly the document's own
 * refreshed_at, or where the document has none and no cut is possible the whole; a document whose
 * refreshed_at the rule misses gets the whole. */
enum fingerprint_kind fingerprint_choose(const struct target *target, const char *body, size_t length);

/* The kind of a stored one. */
enum fingerprint_kind fingerprint_kind(const struct fingerprint *fingerprint);

/* Never true of none. */
bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b);

/* Gives the fields of a snapshot that was loaded from the mirror their stored positions: `positions[i]` is
 * that of the field that stood at place i + 1. Where the counts differ nothing happens. */
void target_set_positions(struct target *target, const unsigned *positions, size_t count);
