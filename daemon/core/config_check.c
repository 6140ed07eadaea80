/* What must hold between the keys of one map. */
#include <string.h>

#include "base/error.h"
#include "core/config_parse.h"
#include "core/url.h"

/* Complains of a key's value in the words of an error. */
static void complain_of(struct config_loader *loader, const struct config_found *found, const char *key,
                        const struct error *error) {
    const struct yaml_node *node = config_found_value(found, key);
    config_complain_child(loader, key, node ? node->place : found->map->place, "%s", error->text);
}

static void check_url(struct config_loader *loader, const struct config_found *found, const char *key,
                      const char *url, enum url_use use, bool allow_http) {
    struct error error = {0};
    if (url && url[0] != '\0' && !url_check(url, use, allow_http, &error))
        complain_of(loader, found, key, &error);
}

static bool has(const struct config_found *found, const char *key) {
    return config_found_value(found, key) != NULL;
}

static void check_api(struct config_loader *loader, const struct config_found *found, void *base) {
    struct config_api *api = base;
    if (base == &loader->config->api) {
        loader->has_auth = has(found, "auth");
        loader->api_place = found->map->place;
    }
    size_t length = api->base_url ? strlen(api->base_url) : 0;
    if (has(found, "base_url"))
        check_url(loader, found, "base_url", api->base_url, URL_BASE, api->allow_http);
    else if (has(found, "allow_http"))
        check_url(loader, found, "allow_http", api->base_url, URL_BASE, api->allow_http);
    if (has(found, "proxy"))
        check_url(loader, found, "proxy", api->proxy, URL_PROXY, true);
    while (length > 0 && api->base_url[length - 1] == '/')
        length--;
    if (api->base_url)
        api->base_url = arena_strndup(loader->config->arena, api->base_url, length);
}

static void check_auth(struct config_loader *loader, const struct config_found *found, void *base) {
    static const char *const kinds[] = {"bearer", "basic", NULL};
    struct config_api *api = base;
    const char *kind = config_exactly_one(loader, found, kinds);
    if (!kind)
        return;
    /* in a connection it takes the place of the auth above, whatever kind that is */
    api->auth = strcmp(kind, "basic") == 0 ? AUTH_BASIC : AUTH_BEARER;
    if (api->auth == AUTH_BASIC)
        api->bearer = (struct secret){0};
    else
        api->user = api->password = (struct secret){0};
}

static void check_basic(struct config_loader *loader, const struct config_found *found, void *base) {
    const struct config_api *api = base;
    const struct yaml_node *user = config_found_value(found, "user");
    if (user && api->user.kind == SECRET_PLAIN &&
        (api->user.value[0] == '\0' || strpbrk(api->user.value, ":\r\n")))
        config_complain_child(loader, "user", user->place, "must be a name without colon");
}

static void check_database(struct config_loader *loader, const struct config_found *found, void *base) {
    const struct config *config = base;
    struct error error = {0};
    if (config->conninfo.kind == SECRET_PLAIN && !conninfo_check(config->conninfo.value, &error))
        complain_of(loader, found, "conninfo", &error);
}

static void check_rhythm(struct config_loader *loader, const struct config_found *found, void *base) {
    (void)base;
    const char *second = NULL;
    for (size_t i = 0, seen = 0; i < found->count; i++)
        if (found->keys[i]->section == SECTION_RHYTHM && ++seen == 2)
            second = found->keys[i]->name;
    if (second)
        config_complain_child(loader, second, config_found_value(found, second)->place,
                              "stands beside %s; exactly one of every and cron is right",
                              strcmp(second, "every") == 0 ? "cron" : "every");
}

static void check_alert(struct config_loader *loader, const struct config_found *found, void *base) {
    static const char *const kinds[] = {"webhook", "slack", "pagerduty", "exec", NULL};
    struct config_alert *alert = base;
    const char *kind = config_exactly_one(loader, found, kinds);
    for (unsigned i = 0; kind && kinds[i]; i++)
        if (strcmp(kind, kinds[i]) == 0)
            alert->kind = (enum alert_kind)i;
}

static void check_sender(struct config_loader *loader, const struct config_found *found, void *base) {
    struct config_alert *alert = base;
    const struct yaml_node *url = config_found_value(found, "url");
    if (url && alert->url.kind == SECRET_PLAIN && alert->url.value[0] == '\0')
        config_complain_child(loader, "url", url->place, "is empty; must be %s",
                              config_type_expects(TYPE_URL));
    else if (alert->url.kind == SECRET_PLAIN)
        check_url(loader, found, "url", alert->url.value, URL_SEND, alert->allow_http);
}

static void check_heartbeat(struct config_loader *loader, const struct config_found *found, void *base) {
    struct config *config = base;
    const struct yaml_node *url = config_found_value(found, "url");
    if (url && config->heartbeat_url.kind == SECRET_PLAIN && config->heartbeat_url.value[0] == '\0')
        config_complain_child(loader, "url", url->place, "is empty; must be %s",
                              config_type_expects(TYPE_URL));
    else if (config->heartbeat_url.kind == SECRET_PLAIN)
        check_url(loader, found, "url", config->heartbeat_url.value, URL_SEND, config->heartbeat_allow_http);
}

static void check_report(struct config_loader *loader, const struct config_found *found, void *base) {
    const struct config *config = base;
    check_url(loader, found, "public_url", config->report_public_url, URL_SHOWN, true);
}

static void check_mute(struct config_loader *loader, const struct config_found *found, void *base) {
    (void)found;
    struct config_mute *mute = base;
    mute->over = mute->until <= loader->now;
}

void config_check_section(struct config_loader *loader, enum config_section section,
                          const struct config_found *found, void *base) {
    static void (*const checks[SECTION_COUNT])(struct config_loader *, const struct config_found *,
                                               void *) = {
        [SECTION_API] = check_api,
        [SECTION_AUTH] = check_auth,
        [SECTION_BASIC] = check_basic,
        [SECTION_DATABASE] = check_database,
        [SECTION_RHYTHM] = check_rhythm,
        [SECTION_ALERT] = check_alert,
        [SECTION_WEBHOOK] = check_sender,
        [SECTION_SLACK] = check_sender,
        [SECTION_PAGERDUTY] = check_sender,
        [SECTION_MUTE] = check_mute,
        [SECTION_HEARTBEAT] = check_heartbeat,
        [SECTION_REPORT] = check_report,
    };
    if (checks[section])
        checks[section](loader, found, base);
}
