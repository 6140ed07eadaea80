#include "cli/check_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "core/url.h"
#include "core/webhook.h"
#include "io/secret.h"

DEFINE_CLEANUP(char *, secret, secret_free)

/* Takes `what` over. */
static void add(struct secret_uses *uses, char *what, const struct secret *secret, bool is_url,
                bool allow_http) {
    if (secret->kind == SECRET_NONE || secret->kind == SECRET_PLAIN) {
        free(what);
        return;
    }
    uses->uses = alloc_grow(uses->uses, &uses->capacity, uses->count + 1, sizeof(*uses->uses));
    uses->uses[uses->count++] =
        (struct secret_use){.what = what, .secret = secret, .is_url = is_url, .allow_http = allow_http};
}

static bool same_secret(const struct secret *a, const struct secret *b) {
    return a->kind == b->kind && (a->kind == SECRET_NONE || strcmp(a->value, b->value) == 0);
}

static bool same_key(const struct config_api *a, const struct config_api *b) {
    if (a->auth != b->auth || strcmp(a->base_url, b->base_url) != 0)
        return false;
    return a->auth == AUTH_BEARER
               ? same_secret(&a->bearer, &b->bearer)
               : same_secret(&a->user, &b->user) && same_secret(&a->password, &b->password);
}

size_t check_key_of(const struct config *config, size_t connection) {
    for (size_t i = 0; i < connection; i++)
        if (same_key(&config->connections[i].api, &config->connections[connection].api))
            return i;
    return connection;
}

/* "salesforce-prod", or "salesforce-prod and 3 more". */
static char *users_of_key(const struct config *config, size_t key) {
    size_t count = 0;
    for (size_t i = 0; i < config->connection_count; i++)
        count += check_key_of(config, i) == key;
    const char *name = config->connections[key].name;
    return count > 1 ? alloc_printf("%s and %zu more", name, count - 1) : alloc_strdup(name);
}

static void add_keys(const struct config *config, struct secret_uses *uses) {
    for (size_t i = 0; i < config->connection_count; i++) {
        if (check_key_of(config, i) != i)
            continue;
        const struct config_api *api = &config->connections[i].api;
        CLEANUP(cleanup_free) char *users = users_of_key(config, i);
        if (api->auth == AUTH_BEARER) {
            add(uses, alloc_printf("API key of %s", users), &api->bearer, false, false);
        } else {
            add(uses, alloc_printf("API user of %s", users), &api->user, false, false);
            add(uses, alloc_printf("API password of %s", users), &api->password, false, false);
        }
    }
}

static void add_signing(struct secret_uses *uses, const struct config_alert *alert,
                        const struct secret *secret) {
    size_t before = uses->count;
    add(uses, alloc_printf("alert %s, signing secret", alert->name), secret, false, false);
    if (uses->count > before)
        uses->uses[before].is_signing = true;
}

static void add_alert(const struct config_alert *alert, struct secret_uses *uses) {
    add(uses, alloc_printf("alert %s, URL", alert->name), &alert->url, true, alert->allow_http);
    for (size_t i = 0; i < alert->signing_count; i++)
        add_signing(uses, alert, &alert->signing[i]);
    add(uses, alloc_printf("alert %s, routing key", alert->name), &alert->routing_key, false, false);
}

void secret_uses_find(const struct config *config, struct secret_uses *ret) {
    struct secret_uses uses = {0};
    add_keys(config, &uses);
    add(&uses, alloc_strdup("database, conninfo"), &config->conninfo, false, false);
    add(&uses, alloc_strdup("database, password"), &config->database_password, false, false);
    for (size_t i = 0; i < config->alert_count; i++)
        add_alert(&config->alerts[i], &uses);
    add(&uses, alloc_strdup("heartbeat, URL"), &config->heartbeat_url, true, config->heartbeat_allow_http);
    *ret = uses;
}

void secret_uses_done(struct secret_uses *uses) {
    for (size_t i = 0; i < uses->count; i++)
        free(uses->uses[i].what);
    free(uses->uses);
    *uses = (struct secret_uses){0};
}

/* What somebody must do about a secret that cannot be read. */
static const char *advice(const struct secret *secret) {
    switch (secret->kind) {
    case SECRET_CREDENTIAL:
        return "give it to the unit by LoadCredential=, or run this check where the daemon runs";
    case SECRET_FILE:
        return "the user that the daemon runs as must be able to read it";
    default:
        return "set it in the environment of the daemon";
    }
}

/* Of the right length, in base64? */
static bool check_signing(const char *text, struct error *ret_error) {
    unsigned char key[WEBHOOK_SECRET_MAX];
    size_t length;
    bool good = webhook_secret_parse(text, key, &length, ret_error);
    explicit_bzero(key, sizeof(key));
    return good;
}

static void check_use(const struct secret_use *use, struct findings *findings) {
    struct error error = {0};
    CLEANUP(cleanup_secret) char *text = secret_read(use->secret, &error);
    if (!text) {
        findings_fail(findings, EXIT_FAULTY_CONFIG, "%s: %s: %s", use->what, error.text, advice(use->secret));
        return;
    }
    CLEANUP(cleanup_free) char *where = secret_describe(use->secret);
    if ((use->is_url && !url_check(text, URL_SEND, use->allow_http, &error)) ||
        (use->is_signing && !check_signing(text, &error)))
        findings_fail(findings, EXIT_FAULTY_CONFIG, "%s: %s: %s", use->what, where, error.text);
    else
        findings_ok(findings, "%s: %s", use->what, where);
}

static void check_program(const struct config_alert *alert, struct findings *findings) {
    const char *program = alert->exec.items[0];
    if (access(program, X_OK) < 0)
        findings_fail(findings, EXIT_SOME_FAILED, "alert %s: %s cannot be run: %s", alert->name, program,
                      strerror(errno));
    else
        findings_ok(findings, "alert %s: %s can be run", alert->name, program);
}

void check_secrets(const struct config *config, struct findings *findings) {
    struct secret_uses uses;
    secret_uses_find(config, &uses);
    findings_about(findings, "secrets");
    for (size_t i = 0; i < uses.count; i++)
        check_use(&uses.uses[i], findings);
    if (uses.count == 0)
        findings_ok(findings, "none are named");
    for (size_t i = 0; i < config->alert_count; i++)
        if (config->alerts[i].kind == ALERT_EXEC)
            check_program(&config->alerts[i], findings);
    secret_uses_done(&uses);
}

static bool is_there(const struct secret *secret) {
    if (secret->kind == SECRET_NONE || secret->kind == SECRET_PLAIN)
        return true;
    CLEANUP(cleanup_secret) char *text = secret_read(secret, NULL);
    return text != NULL;
}

bool secrets_of_api_are_there(const struct config_api *api) {
    return api->auth == AUTH_BEARER ? is_there(&api->bearer)
                                    : is_there(&api->user) && is_there(&api->password);
}

bool secrets_of_database_are_there(const struct config *config) {
    return is_there(&config->conninfo) && is_there(&config->database_password);
}
