/* What the files that read the configuration share. Nobody else includes this. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "core/config.h"
#include "core/config_keys.h"
#include "core/yaml.h"

enum {
    CONFIG_PATH_MAX = 512,
    CONFIG_ERRORS_MAX = 1000, /* what is beyond helps nobody */
    CONFIG_KEYS_MAX = 32,     /* more than any map takes */
};

/* When and how to look, while defaults, connection and target are laid over each other. */
struct config_plan {
    struct schedule schedule;
    enum refresh_policy refresh;
    usec_t refresh_timeout;
};

/* One message, with what it is sorted by. */
struct config_message {
    size_t file;
    struct yaml_place place;
    size_t order; /* of finding, for equal places */
    char *line;
};

/* A file and a place in it, for "first at ...". */
struct config_origin {
    const char *file;
    struct yaml_place place;
};

/* The files under way: what has been read so far, where we are, what is wrong. */
struct config_loader {
    struct config *config;
    struct config_plan plan; /* the defaults of `schedule` */
    usec_t now;

    const char *file;      /* its name as it is shown */
    const char *directory; /* what relative paths in it stand for */
    size_t file_index;
    bool included;              /* it is not the main file */
    bool parsed;                /* it was YAML */
    char path[CONFIG_PATH_MAX]; /* of the key that is being read: "connections[1].id" */
    size_t path_length;

    const char *include; /* the glob, NULL: none */
    struct yaml_place include_place;
    bool has_connections;
    bool has_auth, own_auth, needs_auth; /* api.auth is there; this connection has its own; one has none */
    struct yaml_place api_place;         /* where api.auth is missing, if it is */

    size_t connection_capacity, alert_capacity,
        mute_capacity; /* the arrays in *config, until they are moved */
    struct config_origin *connection_origins, *alert_origins;
    size_t connection_origin_capacity, alert_origin_capacity;
    const struct config_plan *connection_plan; /* of the connection whose targets are being read */
    struct config_message *messages;
    size_t message_count, message_capacity;
};

/* A map's section and the struct that its keys fill. */
struct config_part {
    enum config_section section;
    void *base;
};

/* The keys that a map had. */
struct config_found {
    struct yaml_node *map;
    const struct config_key *keys[CONFIG_KEYS_MAX];
    struct yaml_node *values[CONFIG_KEYS_MAX];
    size_t count;
};

/* Notes an error at a place of the current file, under the current path or a child of it. Returns false. */
bool config_complain(struct config_loader *loader, struct yaml_place place, const char *format, ...)
    PRINTF_LIKE(3, 4);
bool config_complain_child(struct config_loader *loader, const char *child, struct yaml_place place,
                           const char *format, ...) PRINTF_LIKE(4, 5);

/* Adds ".name" or "[index]" to the path; returns the length to be given back to config_leave(). */
size_t config_enter(struct config_loader *loader, const char *name);
size_t config_enter_item(struct config_loader *loader, size_t index);
void config_leave(struct config_loader *loader, size_t length);

/* Reads a map by the table: unknown keys, keys that stand twice and missing ones are complained of, the rest
 * is parsed. False where it is no map. *found may be NULL. */
bool config_read_map(struct config_loader *loader, struct yaml_node *node, const struct config_part *parts,
                     size_t part_count, struct config_found *found);

/* The value of a key that the map had, NULL where it had not. */
struct yaml_node *config_found_value(const struct config_found *found, const char *name);

/* Fills a section's struct with the table's defaults. */
void config_apply_defaults(struct config_loader *loader, enum config_section section, void *base);

/* Parses one value by its row into base + key->offset. */
void config_read_value(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                       void *base);

/* The text of a scalar; NULL, complained of, where it is none. */
const char *config_text(struct config_loader *loader, const struct config_key *key,
                        const struct yaml_node *node);

/* Complains that a node is not what its key expects, in words that never repeat the value. */
void config_complain_type(struct config_loader *loader, const struct config_key *key,
                          const struct yaml_node *node);

/* The index of a word in "a|b|c", -1 where it is none of them. */
int config_word_index(const char *words, const char *text);

/* A path as it stands for a file: relative ones begin at the directory of the file that names them. */
const char *config_resolve_path(struct config_loader *loader, const char *path);

/* The parsers, one a group of types. */
typedef void config_parser(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                           void *target);
config_parser config_parse_text, config_parse_name, config_parse_target_id, config_parse_uuid,
    config_parse_path, config_parse_day, config_parse_listen, config_parse_bool, config_parse_true,
    config_parse_choice, config_parse_migrate, config_parse_count, config_parse_duration, config_parse_every,
    config_parse_cron, config_parse_repeat, config_parse_kept, config_parse_until, config_parse_size,
    config_parse_rate, config_parse_percent, config_parse_secret, config_parse_secrets, config_parse_texts,
    config_parse_globs, config_parse_rules, config_parse_headers, config_parse_inputs, config_parse_include,
    config_parse_section, config_parse_schedule, config_parse_connection_api, config_parse_connections,
    config_parse_targets, config_parse_alerts, config_parse_mutes;

/* What must hold between the keys of a section, after they are parsed. */
void config_check_section(struct config_loader *loader, enum config_section section,
                          const struct config_found *found, void *base);

/* Exactly one of `names` (NULL ends them): its name, else NULL, complained of. */
const char *config_exactly_one(struct config_loader *loader, const struct config_found *found,
                               const char *const *names);

/* A conninfo string or URI: its form, and that no password stands in it in plain text. The text is never
 * repeated. */
bool conninfo_check(const char *conninfo, struct error *ret_error);

/* Fills config->digest. */
void config_make_digest(struct config *config);
