/* How severe is a change? change + use by syncs + overrides -> rule and severity, from one table. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/config.h"
#include "core/diff.h"
#include "core/sync.h"
#include "core/target.h"

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_BREAKING, SEVERITY_COUNT };

/* "info", "warning", "breaking": the words of the table. */
extern const char *const severity_names[SEVERITY_COUNT];

/* The syncs that write to one target. */
struct target_use {
    const struct sync *const *syncs;
    size_t count;
    bool known; /* false: they could not all be listed and read: those given still count, everything else is
                   unknown */
};

struct judgement {
    const char *rule; /* static storage */
    enum severity severity, severity_if_used;
    bool ignored; /* drift.rules says so: recorded as info and acknowledged at once */
};

struct judge {
    const struct config_drift *drift; /* strict, rules */
    struct target_use use;
    const struct target *mirror; /* the target before; NULL: it was not there */
    const struct target *answer; /* after; NULL: it is gone */
    bool mass_removal;           /* what was held back is applied: on every row of it */
};

/* Judges the changes of one target in one run, as diff_compute() gives them (with target_added or
 * target_removed before them where those are): ret[i] belongs to changes[i]. Derived rules take the place of
 * the raw ones of the attributes they are made of. */
void severity_judge(const struct judge *judge, const struct change *changes, size_t count,
                    struct judgement *ret);

/* Prints the table of rules as Markdown, the documentation's table: rule | when | severity. */
void severity_print_table(FILE *file);
