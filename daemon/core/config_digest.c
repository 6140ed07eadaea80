/* The digest by which daemons on one database see that their configurations are the same: SHA-256 over a dump
 * of the values in one order. What may differ between them is left out: database, metrics, report, and where
 * secrets come from. */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_parse.h"

/* Each value is dumped as its name, its length and its bytes, so that no two configurations have the same
 * dump. */
static void put(EVP_MD_CTX *hash, const char *name, const char *text) {
    char head[80];
    snprintf(head, sizeof(head), "%s:%zd:", name, text ? (ssize_t)strlen(text) : -1);
    EVP_DigestUpdate(hash, head, strlen(head));
    if (text)
        EVP_DigestUpdate(hash, text, strlen(text));
    EVP_DigestUpdate(hash, "\n", 1);
}

static void put_number(EVP_MD_CTX *hash, const char *name, int64_t number) {
    char text[32];
    snprintf(text, sizeof(text), "%" PRId64, number);
    put(hash, name, text);
}

static void put_list(EVP_MD_CTX *hash, const char *name, const char *const *items, size_t count) {
    put_number(hash, name, (int64_t)count);
    for (size_t i = 0; i < count; i++)
        put(hash, "-", items[i]);
}

static void put_strings(EVP_MD_CTX *hash, const char *name, const struct string_list *list) {
    put_list(hash, name, list->items, list->count);
}

/* Of a secret only what stands in the file itself. */
static void put_secret(EVP_MD_CTX *hash, const char *name, const struct secret *secret) {
    put(hash, name, secret->kind == SECRET_PLAIN ? secret->value : NULL);
}

static void put_schedule(EVP_MD_CTX *hash, const struct schedule *schedule) {
    const struct cron *cron = &schedule->cron;
    put_number(hash, "every", schedule->is_cron ? -1 : schedule->every);
    if (schedule->is_cron) {
        put_number(hash, "minutes", (int64_t)cron->minutes);
        put_number(hash, "hours", cron->hours);
        put_number(hash, "days", cron->days);
        put_number(hash, "months", cron->months);
        put_number(hash, "weekdays", cron->weekdays);
        put_number(hash, "any", cron->any_day * 2 + cron->any_weekday);
    }
    put_number(hash, "jitter", schedule->jitter_ppm);
}

static void put_api(EVP_MD_CTX *hash, const struct config_api *api) {
    put(hash, "base_url", api->base_url);
    put(hash, "version", api->version);
    put_number(hash, "auth", api->auth);
    put_secret(hash, "user", &api->user);
    put_number(hash, "timeout", api->timeout);
    put_number(hash, "concurrency", api->concurrency);
    put_number(hash, "rate", (int64_t)(api->rate * 1e6 + 0.5));
    put_number(hash, "retries", api->retries);
    put_number(hash, "max_response", (int64_t)api->max_response);
    put(hash, "ca_file", api->ca_file);
    put(hash, "proxy", api->proxy);
    put_number(hash, "allow_http", api->allow_http);
}

static int compare_inputs(const void *a, const void *b) {
    return strcmp(((const struct new_input *)a)->key, ((const struct new_input *)b)->key);
}

static int compare_connections(const void *a, const void *b) {
    return strcmp(((const struct config_connection *)a)->id, ((const struct config_connection *)b)->id);
}

static int compare_alerts(const void *a, const void *b) {
    return strcmp(((const struct config_alert *)a)->name, ((const struct config_alert *)b)->name);
}

static int compare_rules(const void *a, const void *b) {
    return strcmp(((const struct config_rule *)a)->rule, ((const struct config_rule *)b)->rule);
}

static int compare_headers(const void *a, const void *b) {
    return strcasecmp(((const struct config_header *)a)->name, ((const struct config_header *)b)->name);
}

/* A sorted copy of an array whose order means nothing. The caller frees it. */
static void *sorted(const void *array, size_t count, size_t size,
                    int (*compare)(const void *, const void *)) {
    void *copy = alloc_zero(count, size);
    if (count > 0) {
        memcpy(copy, array, count * size);
        qsort(copy, count, size, compare);
    }
    return copy;
}

static void put_item(EVP_MD_CTX *hash, const struct target_item *item) {
    put_number(hash, "item", item->kind);
    put(hash, "id", item->id);
    put(hash, "include", item->include);
    put_list(hash, "exclude", item->exclude, item->exclude_count);
    put(hash, "label", item->label);
    CLEANUP(cleanup_free)
    struct new_input *inputs = sorted(item->inputs, item->input_count, sizeof(*inputs), compare_inputs);
    put_number(hash, "inputs", (int64_t)item->input_count);
    for (size_t i = 0; i < item->input_count; i++) {
        put(hash, "key", inputs[i].key);
        put_list(hash, "values", inputs[i].values, inputs[i].value_count);
    }
    put_schedule(hash, &item->schedule);
}

static void put_connection(EVP_MD_CTX *hash, const struct config_connection *connection) {
    put(hash, "connection", connection->id);
    put(hash, "name", connection->name);
    put_api(hash, &connection->api);
    put_schedule(hash, &connection->schedule);
    put_number(hash, "refresh", connection->refresh);
    put_number(hash, "refresh_timeout", connection->refresh_timeout);
    put_number(hash, "targets", (int64_t)connection->target_count);
    for (size_t i = 0; i < connection->target_count; i++) /* their order counts */
        put_item(hash, &connection->targets[i]);
}

static void put_drift(EVP_MD_CTX *hash, const struct config_drift *drift) {
    put_number(hash, "over", drift->mass_removal_over_ppm);
    put_number(hash, "hold", drift->mass_removal_hold);
    put_list(hash, "ignore_attributes", drift->ignore_attributes, drift->ignore_attribute_count);
    put_number(hash, "strict", drift->strict);
    CLEANUP(cleanup_free)
    struct config_rule *rules = sorted(drift->rules, drift->rule_count, sizeof(*rules), compare_rules);
    put_number(hash, "rules", (int64_t)drift->rule_count);
    for (size_t i = 0; i < drift->rule_count; i++)
        put_number(hash, rules[i].rule, rules[i].severity);
}

static void put_alert(EVP_MD_CTX *hash, const struct config_alert *alert) {
    put(hash, "alert", alert->name);
    put_number(hash, "kind", alert->kind);
    put_number(hash, "min_severity", alert->min_severity);
    put_strings(hash, "events", &alert->events);
    put_strings(hash, "connections", &alert->connections);
    put_strings(hash, "targets", &alert->targets);
    put_strings(hash, "kinds", &alert->kinds);
    put_strings(hash, "rules", &alert->rules);
    put_number(hash, "repeat", alert->repeat);
    put_secret(hash, "url", &alert->url);
    put_number(hash, "allow_http", alert->allow_http);
    put_number(hash, "signed", alert->signing_count > 0);
    CLEANUP(cleanup_free)
    struct config_header *headers =
        sorted(alert->headers, alert->header_count, sizeof(*headers), compare_headers);
    put_number(hash, "headers", (int64_t)alert->header_count);
    for (size_t i = 0; i < alert->header_count; i++) {
        put(hash, "name", headers[i].name);
        put(hash, "value", headers[i].value);
    }
    put_strings(hash, "exec", &alert->exec);
}

static void put_mute(EVP_MD_CTX *hash, const struct config_mute *mute) {
    put_strings(hash, "mute", &mute->connections);
    put_strings(hash, "targets", &mute->targets);
    put_strings(hash, "rules", &mute->rules);
    put_number(hash, "until", mute->until);
    put(hash, "reason", mute->reason);
}

void config_make_digest(struct config *config) {
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (!hash || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
        abort(); /* memory is out */
    put(hash, "configuration", "1");
    CLEANUP(cleanup_free)
    struct config_connection *connections =
        sorted(config->connections, config->connection_count, sizeof(*connections), compare_connections);
    for (size_t i = 0; i < config->connection_count; i++)
        put_connection(hash, &connections[i]);
    put_drift(hash, &config->drift);
    CLEANUP(cleanup_free)
    struct config_alert *alerts =
        sorted(config->alerts, config->alert_count, sizeof(*alerts), compare_alerts);
    for (size_t i = 0; i < config->alert_count; i++)
        put_alert(hash, &alerts[i]);
    for (size_t i = 0; i < config->mute_count; i++)
        put_mute(hash, &config->mutes[i]);
    put_secret(hash, "heartbeat", &config->heartbeat_url);
    put_number(hash, "heartbeat is there", config->heartbeat_url.kind != SECRET_NONE);
    put_number(hash, "heartbeat every", config->heartbeat_every);
    put_number(hash, "runs", config->retention.runs);
    put_number(hash, "deliveries", config->retention.deliveries);
    put_number(hash, "changes", config->retention.changes);
    put_number(hash, "versions", config->retention.versions);
    EVP_DigestFinal_ex(hash, config->digest, NULL);
    EVP_MD_CTX_free(hash);
}

static void connection_digest(const struct config_connection *connection, unsigned char ret[static 32]) {
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
    put_connection(hash, connection);
    EVP_DigestFinal_ex(hash, ret, NULL);
    EVP_MD_CTX_free(hash);
}

bool config_same_connection(const struct config_connection *a, const struct config_connection *b) {
    unsigned char digest_a[32], digest_b[32];
    connection_digest(a, digest_a);
    connection_digest(b, digest_b);
    return memcmp(digest_a, digest_b, sizeof(digest_a)) == 0;
}
