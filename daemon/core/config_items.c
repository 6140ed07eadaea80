/* The parsers of what there are several of: connections, their targets, alerts, mutes. */
#include <string.h>

#include "base/error.h"
#include "core/config_parse.h"

static config_parser *const parsers[TYPE_KINDS_COUNT] = {
    [TYPE_TEXT] = config_parse_text,
    [TYPE_NAME] = config_parse_name,
    [TYPE_TARGET_ID] = config_parse_target_id,
    [TYPE_UUID] = config_parse_uuid,
    [TYPE_URL] = config_parse_text,
    [TYPE_PATH] = config_parse_path,
    [TYPE_DAY] = config_parse_day,
    [TYPE_LISTEN] = config_parse_listen,
    [TYPE_BOOL] = config_parse_bool,
    [TYPE_TRUE] = config_parse_true,
    [TYPE_CHOICE] = config_parse_choice,
    [TYPE_MIGRATE] = config_parse_migrate,
    [TYPE_COUNT] = config_parse_count,
    [TYPE_DURATION] = config_parse_duration,
    [TYPE_EVERY] = config_parse_every,
    [TYPE_CRON] = config_parse_cron,
    [TYPE_REPEAT] = config_parse_repeat,
    [TYPE_KEPT] = config_parse_kept,
    [TYPE_UNTIL] = config_parse_until,
    [TYPE_SIZE] = config_parse_size,
    [TYPE_RATE] = config_parse_rate,
    [TYPE_PERCENT] = config_parse_percent,
    [TYPE_SECRET] = config_parse_secret,
    [TYPE_SECRET_OR_TEXT] = config_parse_secret,
    [TYPE_SECRETS] = config_parse_secrets,
    [TYPE_TEXTS] = config_parse_texts,
    [TYPE_COMMAND] = config_parse_texts,
    [TYPE_EVENT_GLOBS] = config_parse_globs,
    [TYPE_KIND_GLOBS] = config_parse_globs,
    [TYPE_RULE_GLOBS] = config_parse_globs,
    [TYPE_RULES] = config_parse_rules,
    [TYPE_HEADERS] = config_parse_headers,
    [TYPE_INPUTS] = config_parse_inputs,
    [TYPE_INCLUDE] = config_parse_include,
    [TYPE_SECTION] = config_parse_section,
    [TYPE_SCHEDULE] = config_parse_schedule,
    [TYPE_CONNECTION_API] = config_parse_connection_api,
    [TYPE_CONNECTIONS] = config_parse_connections,
    [TYPE_TARGETS] = config_parse_targets,
    [TYPE_ALERTS] = config_parse_alerts,
    [TYPE_MUTES] = config_parse_mutes,
};

void config_read_value(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                       void *base) {
    parsers[key->type](loader, key, node, (char *)base + key->offset);
}

void config_parse_include(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                          void *target) {
    (void)target;
    config_parse_text(loader, key, node, &loader->include);
    loader->include_place = node->place;
}

void config_parse_section(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                          void *target) {
    struct config_part part = {key->inner, target};
    config_read_map(loader, node, &part, 1, NULL);
}

void config_parse_schedule(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                           void *target) {
    (void)key, (void)target;
    struct config_part parts[] = {{SECTION_RHYTHM, &loader->plan.schedule},
                                  {SECTION_SCHEDULE, &loader->plan}};
    config_read_map(loader, node, parts, ARRAY_LENGTH(parts), NULL);
}

/* A list; complained of where it is none. Nothing, as where all items are comments, is an empty one where
 * none is needed. */
static bool is_list(struct config_loader *loader, const struct config_key *key,
                    const struct yaml_node *node) {
    bool optional = key->type == TYPE_ALERTS || key->type == TYPE_MUTES;
    if (node->kind == YAML_LIST || (node->kind == YAML_EMPTY && optional))
        return true;
    config_complain_type(loader, key, node);
    return false;
}

/* `connections[].api`: the defaults with these keys over them. */
void config_parse_connection_api(struct config_loader *loader, const struct config_key *key,
                                 struct yaml_node *node, void *target) {
    (void)key;
    struct config_connection *connection = target;
    struct config_part part = {SECTION_API, &connection->api};
    for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++) {
        if (strcmp(node->keys[i]->text, "base_url") == 0)
            connection->api.allow_http =
                false; /* permission for plain http stands beside the URL that it is for */
        loader->own_auth = loader->own_auth || strcmp(node->keys[i]->text, "auth") == 0;
    }
    config_read_map(loader, node, &part, 1, NULL);
}

/* Complains where an earlier one has the same text: true where it has. */
static bool check_unique(struct config_loader *loader, const char *key, const struct config_found *found,
                         const char *what, const char *mine, const char *other,
                         const struct config_origin *origin) {
    const struct yaml_node *node = config_found_value(found, key);
    if (!node || !mine || !other || strcmp(mine, other) != 0)
        return false;
    config_complain_child(loader, key, node->place, "%s has this %s already (%s:%zu); must be unique", what,
                          key, origin->file, origin->place.line);
    return true;
}

static struct config_origin *add_origin(struct config_loader *loader, struct config_origin *origins,
                                        size_t *capacity, size_t count, const struct yaml_node *node) {
    origins = alloc_grow(origins, capacity, count + 1, sizeof(*origins));
    origins[count] = (struct config_origin){loader->file, node->place};
    return origins;
}

static void read_connection(struct config_loader *loader, struct yaml_node *node) {
    struct config *config = loader->config;
    struct config_connection connection = {.api = config->api};
    struct config_plan plan = loader->plan;
    struct config_part parts[] = {
        {SECTION_RHYTHM, &plan.schedule}, {SECTION_SCHEDULE, &plan}, {SECTION_CONNECTION, &connection}};
    struct config_found found;
    loader->connection_plan = &plan;
    loader->own_auth = false;
    if (!config_read_map(loader, node, parts, ARRAY_LENGTH(parts), &found))
        return;
    loader->needs_auth = loader->needs_auth || !loader->own_auth;
    connection.schedule = plan.schedule;
    connection.refresh = plan.refresh;
    connection.refresh_timeout = plan.refresh_timeout;
    bool name_taken = false, id_taken = false;
    for (size_t i = 0; i < config->connection_count; i++) {
        const struct config_connection *other = &config->connections[i];
        const struct config_origin *origin = &loader->connection_origins[i];
        name_taken = name_taken || check_unique(loader, "name", &found, "another connection", connection.name,
                                                other->name, origin);
        id_taken = id_taken ||
                   check_unique(loader, "id", &found, "another connection", connection.id, other->id, origin);
    }
    size_t count = config->connection_count;
    config->connections =
        alloc_grow(config->connections, &loader->connection_capacity, count + 1, sizeof(connection));
    loader->connection_origins =
        add_origin(loader, loader->connection_origins, &loader->connection_origin_capacity, count, node);
    config->connections[config->connection_count++] = connection;
}

void config_parse_connections(struct config_loader *loader, const struct config_key *key,
                              struct yaml_node *node, void *target) {
    (void)target;
    loader->has_connections = true;
    if (!is_list(loader, key, node))
        return;
    for (size_t i = 0; i < node->count; i++) {
        size_t mark = config_enter_item(loader, i);
        read_connection(loader, node->items[i]);
        config_leave(loader, mark);
    }
}

/* What an item is: the key that says so decides. */
static const struct {
    const char *name;
    enum target_item_kind kind;
} item_kinds[] = {{"id", ITEM_TARGET}, {"include", ITEM_INCLUDE}, {"synced", ITEM_SYNCED}, {"new", ITEM_NEW}};

/* A key that makes sense beside another only. */
static void check_beside(struct config_loader *loader, const struct config_found *found, const char *key,
                         const char *needed) {
    const struct yaml_node *node = config_found_value(found, key);
    if (node && !config_found_value(found, needed))
        config_complain_child(loader, key, node->place, "stands beside %s only; leave it out", needed);
}

static void check_label(struct config_loader *loader, const struct config_found *found,
                        const struct target_item *item, const struct config_connection *connection) {
    const struct yaml_node *label = config_found_value(found, "label");
    if (!label) {
        config_complain_child(loader, "label", found->map->place,
                              "is missing; a new target needs a name of its own");
        return;
    }
    for (size_t i = 0; item->label && i < connection->target_count; i++)
        if (connection->targets[i].label && strcmp(connection->targets[i].label, item->label) == 0)
            config_complain_child(loader, "label", label->place,
                                  "targets[%zu] has this label already; must be unique in the connection", i);
}

static void read_item_map(struct config_loader *loader, struct yaml_node *node, struct target_item *item,
                          const struct config_connection *connection) {
    static const char *const kinds[] = {"id", "include", "synced", "new", NULL};
    struct config_part parts[] = {{SECTION_RHYTHM, &item->schedule}, {SECTION_TARGET, item}};
    struct config_found found;
    if (!config_read_map(loader, node, parts, ARRAY_LENGTH(parts), &found))
        return;
    const char *kind = config_exactly_one(loader, &found, kinds);
    for (size_t i = 0; kind && i < ARRAY_LENGTH(item_kinds); i++)
        if (strcmp(item_kinds[i].name, kind) == 0)
            item->kind = item_kinds[i].kind;
    check_beside(loader, &found, "exclude", "include");
    check_beside(loader, &found, "label", "new");
    if (kind && item->kind == ITEM_NEW)
        check_label(loader, &found, item, connection);
    item->has_schedule = config_found_value(&found, "every") || config_found_value(&found, "cron");
}

void config_parse_targets(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                          void *target) {
    struct config_connection *connection = target;
    const struct config_key *id_key = config_key_find(SECTION_TARGET, "id");
    if (!is_list(loader, key, node))
        return;
    if (node->count == 0)
        config_complain(loader, node->place, "is empty; must be %s", config_type_expects(key->type));
    connection->targets = arena_alloc(loader->config->arena, node->count * sizeof(*connection->targets));
    for (size_t i = 0; i < node->count; i++) {
        size_t mark = config_enter_item(loader, i);
        struct target_item *item = &connection->targets[i];
        item->schedule = loader->connection_plan->schedule;
        if (node->items[i]->kind == YAML_MAP)
            read_item_map(loader, node->items[i], item, connection);
        else
            config_read_value(loader, id_key, node->items[i], item);
        connection->target_count = i + 1;
        config_leave(loader, mark);
    }
}

static void read_alert(struct config_loader *loader, struct yaml_node *node) {
    struct config *config = loader->config;
    struct config_alert alert = {0};
    struct config_part part = {SECTION_ALERT, &alert};
    struct config_found found;
    config_apply_defaults(loader, SECTION_ALERT, &alert);
    if (!config_read_map(loader, node, &part, 1, &found))
        return;
    bool taken = false;
    for (size_t i = 0; i < config->alert_count && !taken; i++)
        taken = check_unique(loader, "name", &found, "another alert", alert.name, config->alerts[i].name,
                             &loader->alert_origins[i]);
    config->alerts =
        alloc_grow(config->alerts, &loader->alert_capacity, config->alert_count + 1, sizeof(alert));
    loader->alert_origins =
        add_origin(loader, loader->alert_origins, &loader->alert_origin_capacity, config->alert_count, node);
    config->alerts[config->alert_count++] = alert;
}

void config_parse_alerts(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                         void *target) {
    (void)target;
    if (!is_list(loader, key, node))
        return;
    for (size_t i = 0; i < node->count; i++) {
        size_t mark = config_enter_item(loader, i);
        read_alert(loader, node->items[i]);
        config_leave(loader, mark);
    }
}

void config_parse_mutes(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                        void *target) {
    (void)target;
    struct config *config = loader->config;
    if (!is_list(loader, key, node))
        return;
    config->mutes = arena_alloc(config->arena, node->count * sizeof(*config->mutes));
    for (size_t i = 0; i < node->count; i++) {
        size_t mark = config_enter_item(loader, i);
        struct config_mute mute = {0};
        struct config_part part = {SECTION_MUTE, &mute};
        if (config_read_map(loader, node->items[i], &part, 1, NULL))
            config->mutes[config->mute_count++] = mute;
        config_leave(loader, mark);
    }
}
