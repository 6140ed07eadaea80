/* The configuration, as load_configuration() in sql/functions takes it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "core/glob.h"
#include "service/queries.h"
#include "service/store.h"

enum { DOCUMENT_MAX = 512 * 1024 * 1024 };

/* Text that this program makes of its own configuration: to pass the maximum is a mistake in this program. */
static void put(struct buffer *buffer, const char *text) {
    if (!buffer_append_text(buffer, text))
        abort();
}

static void put_quoted(struct buffer *buffer, const char *text) {
    if (!json_quote(text, buffer))
        abort();
}

static void put_number(struct buffer *buffer, int64_t number) {
    if (!buffer_append_format(buffer, "%" PRId64, number))
        abort();
}

static void put_inputs(struct buffer *json, const struct target_item *item) {
    put(json, "{");
    for (size_t i = 0; i < item->input_count; i++) {
        const struct new_input *input = &item->inputs[i];
        put(json, i > 0 ? ", " : "");
        put_quoted(json, input->key);
        put(json, ": ");
        if (input->value_count == 1) {
            put_quoted(json, input->values[0]);
            continue;
        }
        put(json, "[");
        for (size_t j = 0; j < input->value_count; j++) {
            put(json, j > 0 ? ", " : "");
            put_quoted(json, input->values[j]);
        }
        put(json, "]");
    }
    put(json, "}");
}

/* One target that the configuration names itself; false for items that take in what others name, or what
 * stood before. */
static bool put_target(struct buffer *json, const struct config_connection *connection, size_t index,
                       bool first) {
    const struct target_item *item = &connection->targets[index];
    if (item->kind != ITEM_TARGET && item->kind != ITEM_NEW)
        return false;
    for (size_t i = 0; i < index && item->kind == ITEM_TARGET; i++)
        if (connection->targets[i].kind == ITEM_TARGET && strcmp(connection->targets[i].id, item->id) == 0)
            return false;
    put(json, first ? "" : ", ");
    if (item->kind == ITEM_TARGET) {
        put(json, "{\"origin\": \"listed\", \"id\": ");
        put_quoted(json, item->id);
    } else {
        CLEANUP(cleanup_free) char *id = alloc_printf("new:%s", item->label);
        put(json, "{\"origin\": \"new\", \"id\": ");
        put_quoted(json, id);
        put(json, ", \"creation\": ");
        put_inputs(json, item);
    }
    const struct target_item *counts =
        item->kind == ITEM_TARGET ? config_match_target(connection, item->id, false) : item;
    if (counts && counts->has_schedule) {
        put(json, ", \"interval\": ");
        put_number(json, schedule_interval(&counts->schedule));
    }
    put(json, "}");
    return true;
}

static void put_connection(struct buffer *json, const struct config_connection *connection) {
    bool open = false;
    put(json, "{\"id\": ");
    put_quoted(json, connection->id);
    put(json, ", \"name\": ");
    put_quoted(json, connection->name);
    put(json, ", \"interval\": ");
    put_number(json, schedule_interval(&connection->schedule));
    put(json, ", \"targets\": [");
    for (size_t i = 0, count = 0; i < connection->target_count; i++) {
        open |= connection->targets[i].kind == ITEM_INCLUDE || connection->targets[i].kind == ITEM_SYNCED;
        count += put_target(json, connection, i, count == 0);
    }
    put(json, "], \"open\": ");
    put(json, open ? "true}" : "false}");
}

/* ", "NAME": " and a filter as one regular expression, null where it lets all through. */
static void put_filter(struct buffer *json, const char *name, const struct string_list *globs) {
    CLEANUP(cleanup_free) char *regex = glob_regex(globs->items, globs->count);
    put(json, ", ");
    put_quoted(json, name);
    put(json, ": ");
    if (regex)
        put_quoted(json, regex);
    else
        put(json, "null");
}

static void put_alert(struct buffer *json, const struct config_alert *alert) {
    static const char *const kinds[] = {[ALERT_WEBHOOK] = "webhook",
                                        [ALERT_SLACK] = "slack",
                                        [ALERT_PAGERDUTY] = "pagerduty",
                                        [ALERT_EXEC] = "exec"};
    static const char *const severities[] = {
        [RULE_BREAKING] = "breaking", [RULE_WARNING] = "warning", [RULE_INFO] = "info"};
    put(json, "{\"name\": ");
    put_quoted(json, alert->name);
    put(json, ", \"kind\": ");
    put_quoted(json, kinds[alert->kind]);
    put(json, ", \"min_severity\": ");
    put_quoted(json, severities[alert->min_severity]);
    put_filter(json, "events", &alert->events);
    put_filter(json, "connections", &alert->connections);
    put_filter(json, "targets", &alert->targets);
    put_filter(json, "kinds", &alert->kinds);
    put_filter(json, "rules", &alert->rules);
    put(json, ", \"repeat\": ");
    if (alert->repeat > 0)
        put_number(json, alert->repeat);
    else
        put(json, "null");
    put(json, "}");
}

static bool names_all(const struct string_list *globs) {
    for (size_t i = 0; i < globs->count; i++)
        if (strcmp(globs->items[i], "*") == 0)
            return true;
    return false;
}

static void put_mute(struct buffer *json, const struct config_mute *mute) {
    put(json, "{\"until\": ");
    put_number(json, mute->until);
    put(json, ", \"all_rules\": ");
    put(json, names_all(&mute->rules) ? "true" : "false");
    put_filter(json, "connections", &mute->connections);
    put_filter(json, "targets", &mute->targets);
    put_filter(json, "rules", &mute->rules);
    put(json, "}");
}

static void put_configuration(struct buffer *json, const struct config *config) {
    put(json, "{\"connections\": [");
    for (size_t i = 0; i < config->connection_count; i++) {
        put(json, i > 0 ? ", " : "");
        put_connection(json, &config->connections[i]);
    }
    put(json, "], \"alerts\": [");
    for (size_t i = 0; i < config->alert_count; i++) {
        put(json, i > 0 ? ", " : "");
        put_alert(json, &config->alerts[i]);
    }
    put(json, "], \"mutes\": [");
    for (size_t i = 0; i < config->mute_count; i++) {
        put(json, i > 0 ? ", " : "");
        put_mute(json, &config->mutes[i]);
    }
    put(json, "]}");
}

struct database_call *store_load_configuration(struct store *store, const struct config *config,
                                               bool is_daemon, database_callback *callback, void *userdata) {
    struct buffer json;
    buffer_init(&json, DOCUMENT_MAX);
    put_configuration(&json, config);
    CLEANUP(cleanup_free) char *digest = store_bytea(config->digest, sizeof(config->digest));
    const char *params[] = {store->worker, digest, buffer_text(&json), is_daemon ? "t" : "f"};
    struct database_call *call = database_query(store->control, &query_load_configuration, params,
                                                ARRAY_LENGTH(params), store->patience, callback, userdata);
    buffer_done(&json);
    return call;
}
