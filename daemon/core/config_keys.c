#include "core/config_keys.h"

#include <string.h>

#include "base/macros.h"
#include "core/config_parse.h"

#define SECONDS(n) ((n)*USEC_PER_SEC)
#define HOURS(n)   ((n)*USEC_PER_HOUR)
#define DAYS(n)    ((n)*USEC_PER_DAY)
#define API(m)     offsetof(struct config_api, m)
#define TOP(m)     offsetof(struct config, m)
#define ITEM(m)    offsetof(struct target_item, m)
#define DRIFT(m)   offsetof(struct config_drift, m)
#define ALERT(m)   offsetof(struct config_alert, m)
#define MUTE(m)    offsetof(struct config_mute, m)
#define KEPT(m)    offsetof(struct config_retention, m)
#define PLAN(m)    offsetof(struct config_plan, m)

/* clang-format off */
const struct config_key config_keys[] = {
    {SECTION_TOP, "include", TYPE_INCLUDE, .help = "more files that hold connections and alerts: a glob, relative to this file's directory"},
    {SECTION_TOP, "api", TYPE_SECTION, TOP(api), .inner = SECTION_API, .help = "how to reach the upstream API; may also stand inside one connection, where each key overrides"},
    {SECTION_TOP, "database", TYPE_SECTION, .inner = SECTION_DATABASE, .help = "the PostgreSQL database of the mirror; one database holds one configuration"},
    {SECTION_TOP, "schedule", TYPE_SCHEDULE, .help = "when to look; defaults for all connections, each key may stand in a connection too"},
    {SECTION_TOP, "connections", TYPE_CONNECTIONS, .help = "what to mirror: the upstream connections and their targets"},
    {SECTION_TOP, "drift", TYPE_SECTION, TOP(drift), .inner = SECTION_DRIFT, .help = "what counts as drift, and how severe it is"},
    {SECTION_TOP, "alerts", TYPE_ALERTS, .help = "who is told of what"},
    {SECTION_TOP, "mute", TYPE_MUTES, .help = "what is recorded but told to nobody for a while"},
    {SECTION_TOP, "heartbeat", TYPE_SECTION, .inner = SECTION_HEARTBEAT, .help = "a URL that is asked for while database, schedule and deliveries are in order"},
    {SECTION_TOP, "metrics", TYPE_SECTION, .inner = SECTION_METRICS, .help = "the listener for Prometheus and health checks"},
    {SECTION_TOP, "report", TYPE_SECTION, .inner = SECTION_REPORT, .help = "the HTML report, written after each run that changed something"},
    {SECTION_TOP, "retention", TYPE_SECTION, TOP(retention), .inner = SECTION_RETENTION, .help = "how long things are kept; open changes and what is current are never deleted"},

    {SECTION_API, "base_url", TYPE_URL, API(base_url), "https://app.polytomic.com", .help = "where the API is; https, but for loopback addresses or with allow_http"},
    {SECTION_API, "version", TYPE_DAY, API(version), "2025-09-18", .help = "the API version to ask for (X-Polytomic-Version)"},
    {SECTION_API, "auth", TYPE_SECTION, .inner = SECTION_AUTH, .help = "the API key: exactly one of bearer and basic"},
    {SECTION_API, "timeout", TYPE_DURATION, API(timeout), "30s", .least = SECONDS(1), .most = HOURS(1), .help = "for one request, from start to last byte; one that refreshes may take refresh_timeout"},
    {SECTION_API, "concurrency", TYPE_COUNT, API(concurrency), "16", .least = 1, .most = 1000, .help = "requests under way at once for one API key, in one process"},
    {SECTION_API, "rate", TYPE_RATE, API(rate), "20/s", .least = 0, .most = 10000, .help = "requests begun in a second for one API key, in one process; 0: no limit"},
    {SECTION_API, "retries", TYPE_COUNT, API(retries), "4", .least = 0, .most = 20, .help = "tries after the first of a request that may be tried again"},
    {SECTION_API, "max_response", TYPE_SIZE, API(max_response), "16MiB", .least = 1 << 10, .most = 1 << 30, .help = "after inflating; a larger body is refused, not buffered"},
    {SECTION_API, "ca_file", TYPE_PATH, API(ca_file), .help = "certificate authorities to trust instead of the system's"},
    {SECTION_API, "proxy", TYPE_URL, API(proxy), .help = "instead of https_proxy and no_proxy from the environment"},
    {SECTION_API, "allow_http", TYPE_BOOL, API(allow_http), "false", .help = "take a base_url with plain http that is no loopback address"},

    {SECTION_AUTH, "bearer", TYPE_SECRET, API(bearer), .help = "a user's API key"},
    {SECTION_AUTH, "basic", TYPE_SECTION, .inner = SECTION_BASIC, .help = "user and password, of an organization's or a self-hosted installation's key"},
    {SECTION_BASIC, "user", TYPE_SECRET_OR_TEXT, API(user), .required = true, .help = "the user's name, or where it is found"},
    {SECTION_BASIC, "password", TYPE_SECRET, API(password), .required = true, .help = "where the password is found"},

    {SECTION_DATABASE, "conninfo", TYPE_SECRET_OR_TEXT, TOP(conninfo), "", .help = "libpq's connection string or URI, or where it is found; PG* variables, service files and .pgpass work as everywhere; no password in plain text"},
    {SECTION_DATABASE, "password", TYPE_SECRET, TOP(database_password), .help = "where the password is found"},
    {SECTION_DATABASE, "migrate", TYPE_MIGRATE, TOP(migrate_auto), "auto", .words = "check|auto", .help = "auto: run and pull bring the schema up to date; check: they refuse to start on an old one"},

    {SECTION_RHYTHM, "every", TYPE_EVERY, .fallback = "1h", .least = SECONDS(1), .most = DAYS(366), .help = "the time from one run to the next"},
    {SECTION_RHYTHM, "cron", TYPE_CRON, .help = "instead of every: five fields as cron(8) reads them, in UTC"},
    {SECTION_SCHEDULE, "jitter", TYPE_PERCENT, PLAN(schedule.jitter_ppm), "10%", .least = 0, .most = 1000000, .help = "delays each due time by up to this share of the interval"},
    {SECTION_SCHEDULE, "refresh", TYPE_CHOICE, PLAN(refresh), "connection", .words = "connection|target|never", .help = "connection: refresh the whole schema and wait; target: refresh each target as it is fetched; never: take what is cached"},
    {SECTION_SCHEDULE, "refresh_timeout", TYPE_DURATION, PLAN(refresh_timeout), "10m", .least = SECONDS(1), .most = HOURS(24), .help = "how long a refresh may take"},

    {SECTION_CONNECTION, "name", TYPE_NAME, offsetof(struct config_connection, name), .required = true, .most = 100, .help = "unique; the label in tables, logs and commands; a renamed connection keeps its rows"},
    {SECTION_CONNECTION, "id", TYPE_UUID, offsetof(struct config_connection, id), .required = true, .help = "the connection's id upstream, unique"},
    {SECTION_CONNECTION, "api", TYPE_CONNECTION_API, .help = "keys of api that differ for this connection"},
    {SECTION_CONNECTION, "targets", TYPE_TARGETS, .required = true, .help = "what of it to mirror; the first item that names a target counts"},

    {SECTION_TARGET, "id", TYPE_TARGET_ID, ITEM(id), .help = "an existing target; the id alone may stand for the whole item"},
    {SECTION_TARGET, "include", TYPE_TEXT, ITEM(include), .help = "every target that the connection lists and whose id this glob matches"},
    {SECTION_TARGET, "exclude", TYPE_TEXTS, ITEM(exclude), .help = "beside include: globs of ids to leave out"},
    {SECTION_TARGET, "synced", TYPE_TRUE, .help = "every target that a model sync of this connection writes to"},
    {SECTION_TARGET, "new", TYPE_INPUTS, .help = "a target that is not created yet: its inputs, each a value or a list of values"},
    {SECTION_TARGET, "label", TYPE_TEXT, ITEM(label), .most = 100, .help = "beside new: what to call it, unique in the connection"},

    {SECTION_DRIFT, "mass_removal", TYPE_SECTION, .inner = SECTION_MASS_REMOVAL, .help = "when so much vanishes at once that it is held back"},
    {SECTION_DRIFT, "ignore_attributes", TYPE_TEXTS, DRIFT(ignore_attributes), .help = "globs over attributes that are stored but not compared, as extra.last_used_*"},
    {SECTION_DRIFT, "strict", TYPE_BOOL, DRIFT(strict), "false", .help = "true: a change that no sync uses keeps its full severity"},
    {SECTION_DRIFT, "rules", TYPE_RULES, .help = "a severity of your own for a rule: breaking, warning, info or ignore"},
    {SECTION_MASS_REMOVAL, "over", TYPE_PERCENT, DRIFT(mass_removal_over_ppm), "50%", .least = 0, .most = 1000000, .help = "more than this share of the fields or targets"},
    {SECTION_MASS_REMOVAL, "hold", TYPE_DURATION, DRIFT(mass_removal_hold), "24h", .least = 0, .most = DAYS(366), .help = "how long it must stay so before it is believed"},

    {SECTION_ALERT, "name", TYPE_NAME, ALERT(name), .required = true, .most = 100, .help = "unique"},
    {SECTION_ALERT, "events", TYPE_EVENT_GLOBS, ALERT(events), .help = "globs of event types; default all"},
    {SECTION_ALERT, "min_severity", TYPE_CHOICE, ALERT(min_severity), "warning", .words = "breaking|warning|info", .help = "this and above; mirror.* passes whatever it says"},
    {SECTION_ALERT, "connections", TYPE_TEXTS, ALERT(connections), .help = "globs of connection names; default all"},
    {SECTION_ALERT, "targets", TYPE_TEXTS, ALERT(targets), .help = "globs of target ids; default all"},
    {SECTION_ALERT, "kinds", TYPE_KIND_GLOBS, ALERT(kinds), .help = "globs of kinds of change; default all"},
    {SECTION_ALERT, "rules", TYPE_RULE_GLOBS, ALERT(rules), .help = "globs of rules; default all"},
    {SECTION_ALERT, "repeat", TYPE_REPEAT, ALERT(repeat), "never", .least = USEC_PER_MIN, .most = DAYS(366), .help = "an incident still open is told again after this time"},
    {SECTION_ALERT, "webhook", TYPE_SECTION, .inner = SECTION_WEBHOOK, .help = "POST as the Standard Webhooks specification has it"},
    {SECTION_ALERT, "slack", TYPE_SECTION, .inner = SECTION_SLACK, .help = "a Slack incoming webhook"},
    {SECTION_ALERT, "pagerduty", TYPE_SECTION, .inner = SECTION_PAGERDUTY, .help = "PagerDuty, Events API v2"},
    {SECTION_ALERT, "exec", TYPE_COMMAND, ALERT(exec), .help = "a program and its arguments; it gets the event's JSON on standard input"},
    {SECTION_WEBHOOK, "url", TYPE_SECRET_OR_TEXT, ALERT(url), .required = true, .help = "where to send it"},
    {SECTION_WEBHOOK, "secret", TYPE_SECRETS, .help = "where the signing secret is found; a list during a rotation"},
    {SECTION_WEBHOOK, "headers", TYPE_HEADERS, .help = "more request headers"},
    {SECTION_WEBHOOK, "allow_http", TYPE_BOOL, ALERT(allow_http), "false", .help = "take a URL with plain http that is no loopback address"},
    {SECTION_SLACK, "url", TYPE_SECRET_OR_TEXT, ALERT(url), .required = true, .help = "the incoming webhook's URL"},
    {SECTION_SLACK, "allow_http", TYPE_BOOL, ALERT(allow_http), "false", .help = "take a URL with plain http that is no loopback address"},
    {SECTION_PAGERDUTY, "routing_key", TYPE_SECRET, ALERT(routing_key), .required = true, .help = "where the integration's routing key is found"},
    {SECTION_PAGERDUTY, "url", TYPE_SECRET_OR_TEXT, ALERT(url), .help = "where to send it, instead of https://events.pagerduty.com/v2/enqueue"},
    {SECTION_PAGERDUTY, "allow_http", TYPE_BOOL, ALERT(allow_http), "false", .help = "take a URL with plain http that is no loopback address"},

    {SECTION_MUTE, "connections", TYPE_TEXTS, MUTE(connections), .help = "globs of connection names; default all"},
    {SECTION_MUTE, "targets", TYPE_TEXTS, MUTE(targets), .help = "globs of target ids; default all"},
    {SECTION_MUTE, "rules", TYPE_RULE_GLOBS, MUTE(rules), .help = "globs of rules; default all, and \"*\" silences mirror.* too"},
    {SECTION_MUTE, "until", TYPE_UNTIL, MUTE(until), .required = true, .help = "when it ends: a date (its first moment in UTC) or an RFC 3339 time"},
    {SECTION_MUTE, "reason", TYPE_TEXT, MUTE(reason), .help = "why, for those who wonder later"},

    {SECTION_HEARTBEAT, "url", TYPE_SECRET_OR_TEXT, TOP(heartbeat_url), .required = true, .help = "the URL to GET"},
    {SECTION_HEARTBEAT, "every", TYPE_DURATION, TOP(heartbeat_every), "5m", .least = SECONDS(10), .most = HOURS(24), .help = "how often"},
    {SECTION_HEARTBEAT, "allow_http", TYPE_BOOL, TOP(heartbeat_allow_http), "false", .help = "take a URL with plain http that is no loopback address"},
    {SECTION_METRICS, "listen", TYPE_LISTEN, TOP(metrics_listen), .help = "address and port for /metrics, /livez and /readyz; absent: no listener"},
    {SECTION_REPORT, "directory", TYPE_PATH, TOP(report_directory), .help = "where the report is written; absent: none"},
    {SECTION_REPORT, "public_url", TYPE_URL, TOP(report_public_url), .help = "where people find it; every event then carries a link"},
    {SECTION_RETENTION, "runs", TYPE_KEPT, KEPT(runs), "90d", .least = DAYS(1), .most = DAYS(36500), .help = "of runs"},
    {SECTION_RETENTION, "deliveries", TYPE_KEPT, KEPT(deliveries), "90d", .least = DAYS(1), .most = DAYS(36500), .help = "of deliveries that are done or given up"},
    {SECTION_RETENTION, "changes", TYPE_KEPT, KEPT(changes), "forever", .least = DAYS(1), .most = DAYS(36500), .help = "of acknowledged changes"},
    {SECTION_RETENTION, "versions", TYPE_KEPT, KEPT(versions), "forever", .least = DAYS(1), .most = DAYS(36500), .help = "of versions that have ended: how far back one can look"},
};
/* clang-format on */

const size_t config_key_count = ARRAY_LENGTH(config_keys);

const char *config_section_path(enum config_section section) {
    static const char *const paths[SECTION_COUNT] = {
        [SECTION_TOP] = "",
        [SECTION_API] = "api",
        [SECTION_AUTH] = "api.auth",
        [SECTION_BASIC] = "api.auth.basic",
        [SECTION_DATABASE] = "database",
        [SECTION_RHYTHM] = "schedule",
        [SECTION_SCHEDULE] = "schedule",
        [SECTION_CONNECTION] = "connections[]",
        [SECTION_TARGET] = "connections[].targets[]",
        [SECTION_DRIFT] = "drift",
        [SECTION_MASS_REMOVAL] = "drift.mass_removal",
        [SECTION_ALERT] = "alerts[]",
        [SECTION_WEBHOOK] = "alerts[].webhook",
        [SECTION_SLACK] = "alerts[].slack",
        [SECTION_PAGERDUTY] = "alerts[].pagerduty",
        [SECTION_MUTE] = "mute[]",
        [SECTION_HEARTBEAT] = "heartbeat",
        [SECTION_METRICS] = "metrics",
        [SECTION_REPORT] = "report",
        [SECTION_RETENTION] = "retention",
    };
    return paths[section];
}

const char *config_type_expects(enum config_type type) {
    static const char *const expects[TYPE_KINDS_COUNT] = {
        [TYPE_TEXT] = "text",
        [TYPE_NAME] = "a name without colon or leading dash",
        [TYPE_TARGET_ID] = "a target's id",
        [TYPE_UUID] = "an id such as 248df4b7-aa70-47b8-a036-33ac447e668d",
        [TYPE_URL] = "a URL such as https://host.example.com/path",
        [TYPE_PATH] = "a file's path",
        [TYPE_DAY] = "a version such as 2025-09-18",
        [TYPE_LISTEN] = "an address and a port such as 127.0.0.1:9477 or \"[::1]:9477\"",
        [TYPE_BOOL] = "true or false",
        [TYPE_TRUE] = "true",
        [TYPE_CHOICE] = "one word",
        [TYPE_MIGRATE] = "one word",
        [TYPE_COUNT] = "a whole number",
        [TYPE_DURATION] = "a duration such as 30s, 15m, 6h or 7d",
        [TYPE_EVERY] = "a duration such as 30s, 15m, 6h or 7d",
        [TYPE_CRON] = "five fields such as \"*/10 6-20 * * 1-5\"",
        [TYPE_REPEAT] = "never or a duration such as 24h",
        [TYPE_KEPT] = "forever or a duration such as 90d",
        [TYPE_UNTIL] = "a date such as 2027-01-31 or a time such as 2027-01-31T12:00:00Z",
        [TYPE_SIZE] = "a size such as 64KiB or 16MiB",
        [TYPE_RATE] = "a rate such as 20/s, or 0 for no limit",
        [TYPE_PERCENT] = "a share such as 10%",
        [TYPE_SECRET] = "{credential: NAME}, {file: PATH} or {env: NAME}",
        [TYPE_SECRET_OR_TEXT] = "text, {credential: NAME}, {file: PATH} or {env: NAME}",
        [TYPE_SECRETS] = "{credential: NAME}, {file: PATH} or {env: NAME}, or a list of these",
        [TYPE_TEXTS] = "a list of texts such as [a, b]",
        [TYPE_COMMAND] =
            "a list of a program and its arguments such as [/usr/local/bin/page, --source, schemasyncd]",
        [TYPE_EVENT_GLOBS] = "a list of event types or globs such as [\"schema.*\"]",
        [TYPE_KIND_GLOBS] = "a list of kinds of change or globs such as [field_removed, \"mode_*\"]",
        [TYPE_RULE_GLOBS] = "a list of rules or globs such as [field-removed, \"mode-*\"]",
        [TYPE_RULES] = "a map of rules such as {field-description-changed: ignore}",
        [TYPE_HEADERS] = "a map of headers such as {X-Team: revops}",
        [TYPE_INPUTS] = "a map of inputs such as {account: act_1234567, name: My new audience}",
        [TYPE_INCLUDE] = "a glob such as conf.d/*.yaml",
        [TYPE_SECTION] = "a map of keys",
        [TYPE_SCHEDULE] = "a map of keys",
        [TYPE_CONNECTION_API] = "a map of keys",
        [TYPE_CONNECTIONS] = "a list of connections, each a map that begins with \"- name:\"",
        [TYPE_TARGETS] = "a list of targets, as [Account, {synced: true}]",
        [TYPE_ALERTS] = "a list of alerts, each a map that begins with \"- name:\"",
        [TYPE_MUTES] = "a list of maps, each with \"until:\"",
    };
    return expects[type];
}

const struct config_key *config_key_find(enum config_section section, const char *name) {
    for (size_t i = 0; i < config_key_count; i++)
        if (config_keys[i].section == section && strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    return NULL;
}
