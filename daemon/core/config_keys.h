/* The one table of the configuration's keys: parsing, defaults, ranges, `init`'s comments and the
 * documentation are loops over it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A group of keys that stand in the same map. Where a map takes several groups, as a connection takes its own
 * keys and those of a schedule, each is a section. */
enum config_section {
    SECTION_TOP,
    SECTION_API,
    SECTION_AUTH,
    SECTION_BASIC,
    SECTION_DATABASE,
    SECTION_RHYTHM,   /* every, cron: in schedule, in a connection, at a target */
    SECTION_SCHEDULE, /* the rest of schedule: there and in a connection */
    SECTION_CONNECTION,
    SECTION_TARGET,
    SECTION_DRIFT,
    SECTION_MASS_REMOVAL,
    SECTION_ALERT,
    SECTION_WEBHOOK,
    SECTION_SLACK,
    SECTION_PAGERDUTY,
    SECTION_MUTE,
    SECTION_HEARTBEAT,
    SECTION_METRICS,
    SECTION_REPORT,
    SECTION_RETENTION,
    SECTION_COUNT,
};

/* What a value must be: config_type_expects() has the words. */
enum config_type {
    TYPE_TEXT,
    TYPE_NAME,
    TYPE_TARGET_ID,
    TYPE_UUID,
    TYPE_URL,
    TYPE_PATH,
    TYPE_DAY,
    TYPE_LISTEN,
    TYPE_BOOL,
    TYPE_TRUE,
    TYPE_CHOICE,
    TYPE_MIGRATE,
    TYPE_COUNT,
    TYPE_DURATION,
    TYPE_EVERY,
    TYPE_CRON,
    TYPE_REPEAT,
    TYPE_KEPT,
    TYPE_UNTIL,
    TYPE_SIZE,
    TYPE_RATE,
    TYPE_PERCENT,
    TYPE_SECRET,
    TYPE_SECRET_OR_TEXT,
    TYPE_SECRETS,
    TYPE_TEXTS,
    TYPE_COMMAND,
    TYPE_EVENT_GLOBS,
    TYPE_KIND_GLOBS,
    TYPE_RULE_GLOBS,
    TYPE_RULES,
    TYPE_HEADERS,
    TYPE_INPUTS,
    TYPE_INCLUDE,
    TYPE_SECTION,
    TYPE_SCHEDULE,
    TYPE_CONNECTION_API,
    TYPE_CONNECTIONS,
    TYPE_TARGETS,
    TYPE_ALERTS,
    TYPE_MUTES,
    TYPE_KINDS_COUNT,
};

struct config_key {
    enum config_section section;
    const char *name;
    enum config_type type;
    size_t offset;        /* in the section's struct */
    const char *fallback; /* the default as one would write it; NULL: none */
    bool required;
    int64_t least, most;       /* microseconds, bytes, parts per million, or a count; 0, 0: no range */
    const char *words;         /* of a TYPE_CHOICE: "a|b|c", in the order of the enum */
    enum config_section inner; /* of a TYPE_SECTION */
    const char *help;          /* a sentence without its full stop */
};

/* The table, in the order in which a file is read, and its length. */
extern const struct config_key config_keys[];
extern const size_t config_key_count;

/* Where a section stands in a file: "api.auth", "connections[]"; "" for the top. */
const char *config_section_path(enum config_section section);

/* What a value of that type must be: "a duration such as 30s, 15m, 6h or 7d". */
const char *config_type_expects(enum config_type type);

/* The row of a key in a section, NULL where there is none. */
const struct config_key *config_key_find(enum config_section section, const char *name);
