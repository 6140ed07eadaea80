/* The configuration as a value: read whole from YAML by one table of keys, checked whole, never changed
 * afterwards. Reads files (the configuration and what it includes), but no secrets: those stand here by
 * reference. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/timespan.h"
#include "core/schedule.h"

enum secret_kind { SECRET_NONE, SECRET_PLAIN, SECRET_CREDENTIAL, SECRET_FILE, SECRET_ENV };

/* Where a secret is found. `value` is the plain text, the credential's name, the path or the variable's name.
 */
struct secret {
    enum secret_kind kind;
    const char *value;
};

enum auth_kind { AUTH_BEARER, AUTH_BASIC };

struct config_api {
    const char *base_url; /* without a trailing slash */
    const char *version;
    enum auth_kind auth;
    struct secret bearer, user, password;
    usec_t timeout;
    unsigned concurrency;
    double rate; /* requests begun in a second; 0: no limit */
    unsigned retries;
    size_t max_response;
    const char *ca_file, *proxy; /* NULL: the system's, the environment's */
    bool allow_http;
};

enum refresh_policy { REFRESH_CONNECTION, REFRESH_TARGET, REFRESH_NEVER };

enum target_item_kind { ITEM_TARGET, ITEM_INCLUDE, ITEM_SYNCED, ITEM_NEW };

/* An input of a target that is not created yet: a key with one value or more. */
struct new_input {
    const char *key;
    const char **values;
    size_t value_count;
};

/* One item of a connection's `targets`. */
struct target_item {
    enum target_item_kind kind;
    const char *id;      /* ITEM_TARGET */
    const char *include; /* ITEM_INCLUDE: a glob */
    const char **exclude;
    size_t exclude_count;
    const char *label; /* ITEM_NEW */
    struct new_input *inputs;
    size_t input_count;
    bool has_schedule; /* a schedule of its own (every or cron) */
    struct schedule schedule;
};

struct config_connection {
    const char *name, *id; /* the id in lower case */
    struct config_api api; /* the defaults with this connection's own keys over them */
    struct schedule schedule;
    enum refresh_policy refresh;
    usec_t refresh_timeout;
    struct target_item *targets;
    size_t target_count;
};

enum rule_override { RULE_BREAKING, RULE_WARNING, RULE_INFO, RULE_IGNORE };

struct config_rule {
    const char *rule;
    enum rule_override severity;
};

struct config_drift {
    unsigned mass_removal_over_ppm; /* a share in parts per million */
    usec_t mass_removal_hold;
    const char **ignore_attributes;
    size_t ignore_attribute_count;
    bool strict;
    struct config_rule *rules;
    size_t rule_count;
};

enum alert_kind { ALERT_WEBHOOK, ALERT_SLACK, ALERT_PAGERDUTY, ALERT_EXEC };

struct config_header {
    const char *name, *value;
};

struct string_list {
    const char **items;
    size_t count;
};

struct config_alert {
    const char *name;
    enum alert_kind kind;
    enum rule_override min_severity;                               /* never RULE_IGNORE */
    struct string_list events, connections, targets, kinds, rules; /* globs; empty: all */
    usec_t repeat;                                                 /* 0: never */
    struct secret url;                                             /* webhook, slack */
    bool allow_http;
    struct secret *signing; /* webhook: one or several during a rotation */
    size_t signing_count;
    struct config_header *headers;
    size_t header_count;
    struct secret routing_key; /* pagerduty */
    struct string_list exec;   /* the program and its arguments */
};

struct config_mute {
    struct string_list connections, targets, rules;
    usec_t until;
    bool over; /* it had passed when the file was read; who writes events compares `until` with the time again
                */
    const char *reason; /* NULL: none */
};

/* How long something is kept; USEC_NONE: for ever. */
struct config_retention {
    usec_t runs, deliveries, changes, versions;
};

struct config {
    struct arena *arena; /* owns all that follows */
    const char *path;
    struct config_api api;
    struct secret
        conninfo; /* SECRET_PLAIN where it stands in the file; "" where nothing is said: libpq's defaults */
    struct secret database_password;
    bool migrate_auto;
    struct schedule schedule;
    struct config_connection *connections;
    size_t connection_count;
    struct config_drift drift;
    struct config_alert *alerts;
    size_t alert_count;
    struct config_mute *mutes;
    size_t mute_count;
    struct secret heartbeat_url;
    usec_t heartbeat_every;
    bool heartbeat_allow_http;
    const char *metrics_listen;   /* NULL: no listener */
    const char *report_directory; /* NULL: no report */
    const char *report_public_url;
    struct config_retention retention;
    unsigned char digest[32]; /* of what must be the same for all daemons on one database: `database`,
                               * `metrics`, `report` and where secrets come from are left out */
};

/* The messages of a faulty configuration, one a line: `FILE:LINE:COLUMN: PATH: what is wrong, and what would
 * be right`. */
struct config_errors {
    char **lines;
    size_t count, capacity;
};

/* Frees the lines. */
void config_errors_done(struct config_errors *errors);

/* Reads the file and what it includes. NULL, and every error of all files in *errors (which the caller has
 * zeroed and frees), where anything is wrong. `now` judges dates that have passed. */
struct config *config_load(const char *path, usec_t now, struct config_errors *errors) MUST_USE;

/* Takes NULL. */
void config_free(struct config *config);

/* The connection of that name, NULL where there is none. */
const struct config_connection *config_find_connection(const struct config *config, const char *name);

/* The item of a connection that takes this existing target in, the first that names it; NULL where none does.
 * ITEM_SYNCED takes it where `synced` says that a sync writes to it. */
const struct target_item *config_match_target(const struct config_connection *connection,
                                              const char *target_id, bool synced);

/* True where both ask for the same of a connection: a run under the one need not end when the other comes to
 * count. */
bool config_same_connection(const struct config_connection *a, const struct config_connection *b);
