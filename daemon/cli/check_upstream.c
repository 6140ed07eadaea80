#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "cli/check_parts.h"
#include "core/api_json.h"
#include "io/http.h"
#include "service/api.h"

enum { IDLE_CONNECTIONS = 64 };

struct upstream;

/* A distinct API key. */
struct key_check {
    struct upstream *upstream;
    size_t key; /* the first connection that uses it */
    struct api *api;
    struct api_call *call;
};

struct upstream {
    const struct config *config;
    struct sd_event *event;
    struct http_client *http;
    struct api_pool *pool;
    struct findings *findings;
    struct key_check *keys; /* one for each connection; used where it is the first of its key */
    struct connection_check **connections; /* as in the configuration; NULL: not asked */
    size_t pending;
};

static void one_less(void *userdata) {
    ((struct upstream *)userdata)->pending--;
}

static void start_connections(struct upstream *upstream, size_t key) {
    for (size_t i = 0; i < upstream->config->connection_count; i++) {
        if (check_key_of(upstream->config, i) != key)
            continue;
        upstream->pending++;
        upstream->connections[i] =
            connection_check_start(upstream->pool, &upstream->config->connections[i], one_less, upstream);
    }
}

static const char *advice(const struct error *error) {
    switch (error->cause) {
    case CAUSE_HTTP_401:
        return ": is it this key's base_url, and bearer or basic as the key needs it?";
    case CAUSE_RESOLVE:
    case CAUSE_CONNECT:
        return ": are api.base_url and api.proxy right, and may this machine reach it?";
    case CAUSE_TLS:
        return ": does api.ca_file hold the authority of a self-hosted installation?";
    default:
        return "";
    }
}

static void on_me(struct api_answer *answer, const struct error *error, void *userdata) {
    struct key_check *key = userdata;
    struct upstream *upstream = key->upstream;
    const char *asked = upstream->config->connections[key->key].api.version;
    struct error wrong = {0};
    CLEANUP(cleanup_free) char *who = NULL;
    key->call = NULL;
    if (error) {
        findings_fail(upstream->findings, error_class(error->cause)->exit_code, "%s%s", error->text,
                      advice(error));
    } else if (!api_parse_me(answer->body.data, answer->body.length, &who, &wrong)) {
        findings_note(upstream->findings, "the key works; whose it is is not said (%s)", wrong.text);
    } else {
        findings_ok(upstream->findings, "the key works: %s", who);
    }
    if (!error && answer->version[0] && strcmp(answer->version, asked) != 0)
        findings_note(upstream->findings, "version %s was asked for, %s answers: api.version may say so",
                      asked, answer->version);
    if (!error)
        start_connections(upstream, key->key);
    one_less(upstream);
}

/* Asks for one key, and for the connections that use it: the next begins when all that belongs to this one is
 * over, so that findings stand together. */
static bool check_key(struct upstream *upstream, size_t index, struct error *ret_error) {
    const struct config *config = upstream->config;
    const struct config_api *api = &config->connections[index].api;
    struct key_check *key = &upstream->keys[index];
    findings_about(upstream->findings, "API %s, key of %s", api->base_url, config->connections[index].name);
    if (!secrets_of_api_are_there(api)) {
        findings_note(upstream->findings, "not asked: its secrets cannot be read");
        return true;
    }
    *key = (struct key_check){.upstream = upstream, .key = index, .api = api_new(upstream->pool, api, NULL)};
    upstream->pending = 1;
    key->call = api_get_me(key->api, on_me, key);
    while (upstream->pending > 0) {
        int turned = sd_event_run(upstream->event, UINT64_MAX);
        if (turned < 0)
            return error_set(ret_error, CAUSE_IO, "the event loop failed: %s", strerror(-turned));
    }
    return true;
}

static void tell_of_connections(struct upstream *upstream, size_t key) {
    const struct config *config = upstream->config;
    for (size_t i = 0; i < config->connection_count; i++) {
        if (check_key_of(config, i) != key)
            continue;
        findings_about(upstream->findings, "connection %s", config->connections[i].name);
        if (upstream->connections[i])
            findings_add(upstream->findings, connection_check_findings(upstream->connections[i]));
        else
            findings_note(upstream->findings, "not asked: its key cannot be used");
        connection_check_free(upstream->connections[i]);
        upstream->connections[i] = NULL;
    }
}

static bool check_keys(struct upstream *upstream, struct error *ret_error) {
    if (sd_event_new(&upstream->event) < 0)
        return error_set(ret_error, CAUSE_IO, "cannot make an event loop");
    signal(SIGPIPE, SIG_IGN); /* TLS writes to sockets that the other side has closed */
    upstream->http =
        http_client_new(upstream->event, "schemasyncd/" SCHEMASYNCD_VERSION, IDLE_CONNECTIONS, ret_error);
    if (!upstream->http)
        return false;
    upstream->pool = api_pool_new(upstream->event, upstream->http);
    for (size_t i = 0; i < upstream->config->connection_count; i++) {
        if (check_key_of(upstream->config, i) != i)
            continue;
        if (!check_key(upstream, i, ret_error))
            return false;
        tell_of_connections(upstream, i);
    }
    return true;
}

void check_upstream(const struct config *config, struct findings *findings) {
    struct error error = {0};
    struct upstream upstream = {
        .config = config,
        .findings = findings,
        .keys = alloc_zero(config->connection_count + 1, sizeof(*upstream.keys)),
        .connections = alloc_zero(config->connection_count + 1, sizeof(struct connection_check *))};
    if (!check_keys(&upstream, &error))
        findings_error(findings, &error, "the API");
    for (size_t i = 0; i < config->connection_count; i++) {
        connection_check_free(upstream.connections[i]);
        api_cancel(upstream.keys[i].call);
        api_free(upstream.keys[i].api);
    }
    free(upstream.keys);
    free(upstream.connections);
    api_pool_free(upstream.pool);
    http_client_free(upstream.http);
    sd_event_unref(upstream.event);
}
