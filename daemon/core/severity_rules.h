/* The table of rules, and what its columns are made of. Only for severity. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/diff.h"
#include "core/severity.h"
#include "core/target.h"

/* What a row of `changes` is about. */
enum scope {
    SCOPE_TARGET_REMOVED,
    SCOPE_TARGET_ADDED,
    SCOPE_TARGET_NAME,
    SCOPE_PROPERTY,
    SCOPE_MODE_REMOVED,
    SCOPE_MODE_ADDED,
    SCOPE_MODE,
    SCOPE_FIELD_REMOVED,
    SCOPE_FIELD_ADDED,
    SCOPE_FIELD,
    SCOPE_EXTRA,
};

/* What follows from several attributes of a field. */
struct facts {
    bool must_supply, read_only, matchable;
};

/* The identity functions of a field before and after. */
struct functions_change {
    bool gone, remain; /* at least one is gone; at least one is there afterwards */
    bool gained;       /* one is new, or has another label */
};

/* A row of `changes` with what its rules ask about. */
struct row {
    const struct judge *judge;
    const struct change *change;
    enum scope scope;
    const char *key;               /* the attribute inside its scope; "" where it has none */
    const char *mode;              /* SCOPE_MODE_*: its id */
    const struct field *old, *new; /* SCOPE_FIELD_*: NULL where there is none */
    struct facts before, after;
    bool last_mode; /* no mode is left */
};

/* How the change is used, as far as its rule asks. Each is a column of the table. */
enum use {
    USE_MET,     /* the rule's own condition holds */
    USE_USED,    /* it does not, but an active sync uses it; or use does not matter */
    USE_UNKNOWN, /* the syncs are not all known, and none of the known ones uses it */
    USE_UNUSED,
    USE_COUNT,
};

/* How use is judged. */
enum use_test {
    TEST_NONE, /* it does not matter */
    TEST_FIELD,
    TEST_TARGET,
    TEST_MODE,     /* the condition: no mode is left */
    TEST_LABELS,   /* the condition: the target uses its fields' names as labels; use does not matter */
    TEST_CREATES,  /* the condition: an active sync creates records in the target */
    TEST_UNMAPPED, /* the condition: such a sync does not supply the field */
    TEST_ENCRYPTS, /* the condition: an active sync encrypts the field */
    TEST_IDENTITY, /* the condition: the field is an active sync's identity */
    TEST_FUNCTION, /* the condition: an active sync's identity uses a function that is gone */
    TEST_WITHOUT_IDENTITY, /* the condition: an active sync in the mode has no identity */
    TEST_COUNT,
};

/* The words for a test's condition in the documentation: "an active sync ..."; NULL where it has none. */
extern const char *const use_conditions[TEST_COUNT];

/* How the syncs use what the row is about. */
enum use use_judge(enum use_test test, const struct row *row);

/* Of the rules that fit a row only those of the first rank that has any count. */
enum rank {
    RANK_DERIVED, /* made of several attributes, whose own rules it replaces */
    RANK_USUAL,
    RANK_OTHER, /* where nothing else fits */
    RANK_COUNT,
};

/* A rule. */
struct rule {
    const char *id;
    enum rank rank;
    unsigned scopes;                     /* bits 1 << enum scope */
    const char *attributes;              /* words, "supports_*" stands for a beginning; NULL: any */
    bool (*fits)(const struct row *row); /* NULL: always */
    enum use_test test;
    enum severity severities[USE_COUNT];
    const char *when; /* for the documentation */
};

/* In the order of the documentation; of two that are as severe the first counts. */
extern const struct rule rules[];
extern const size_t rules_count;

/* Does the rule fit the row, as far as scope, attribute and its own question go? */
bool rule_fits(const struct rule *rule, const struct row *row);

/* Compares the identity functions before and after; NULL has none. */
struct functions_change functions_compare(const struct field *old, const struct field *new);

/* Is the function of that id one that is gone? */
bool function_is_gone(const struct field *old, const struct field *new, const char *id);
