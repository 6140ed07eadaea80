/* What is refused, and what is not, one small file a row. */
#include "config_support.h"

#define AUTH       "api: {auth: {bearer: {env: KEY}}}\n"
#define CONNECTION "connections: [{name: a, id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [x]}]\n"

/* A row's text is put before a good rest of AUTH and CONNECTION, so that its own lines come first; a row that
 * brings api or connections itself says so. */
enum rest { BOTH, NO_API, NO_CONNECTIONS, NOTHING };

/* clang-format off */
static const struct {
    enum rest rest;
    const char *text;
    const char *says; /* all messages; NULL: it is good */
} rows[] = {
    {BOTH, "", NULL},
    {BOTH, "alerts:\nmute:\nschedule:\ndrift:\n", NULL}, /* all their keys are comments */
    {NOTHING, "", "main.yaml:1:1: connections: is missing; must be a list of connections, each a map that begins with \"- name:\"\n"
                  "main.yaml:1:1: api.auth: is missing; must be {bearer: {credential: NAME}} or {basic: {user: NAME, password: {credential: NAME}}}\n"},
    {NOTHING, "- a\n", "main.yaml:1:1: is a list; must be a map of keys\n"
                       "main.yaml:1:1: connections: is missing; must be a list of connections, each a map that begins with \"- name:\"\n"
                       "main.yaml:1:1: api.auth: is missing; must be {bearer: {credential: NAME}} or {basic: {user: NAME, password: {credential: NAME}}}\n"},
    {NO_CONNECTIONS, "connections:\n", "main.yaml:1:13: connections: has no value; must be a list of connections, each a map that begins with \"- name:\"\n"},
    {NO_CONNECTIONS, "connections: []\n", NULL},
    {NO_API, "api: {timeout: 3s}\n", "main.yaml:1:6: api.auth: is missing; must be {bearer: {credential: NAME}} or {basic: {user: NAME, password: {credential: NAME}}}\n"},
    /* a connection may have an auth of its own, and then the default is not needed */
    {NOTHING, "connections: [{name: a, id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [x], api: {auth: {bearer: {env: K}}}}]\n", NULL},

    /* YAML itself */
    {BOTH, "mute: [\n", "main.yaml:3:1: no valid YAML: did not find expected ',' or ']' (while parsing a flow sequence that begins in line 1)\n"},
    {BOTH, "mute: *x\n", "main.yaml:1:7: aliases (*) are not supported: write the value where it is needed\n"},
    {BOTH, "mute: &x []\n", "main.yaml:1:7: anchors (&) are not supported: write the value where it is needed\n"},
    {BOTH, "mute: !!seq []\n", "main.yaml:1:7: tags (!) are not supported: leave it out\n"},
    {BOTH, "---\nmute: []\n---\n", "main.yaml:3:1: a second document (---): one file holds one\n"},
    {BOTH, "[a]: b\n", "main.yaml:1:1: a key must be a word\n"},
    {BOTH, "report: {directory: \"a\\0b\"}\n", "main.yaml:1:21: a NUL character is not allowed\n"},
    {BOTH, "report: {directory: \"a\\nb\"}\n", "main.yaml:1:21: report.directory: holds a control character; must be a file's path\n"},
    {BOTH, "ä: 1\nmetrics: {ä: 1, listen: x}\n", "main.yaml:1:1: ä: unknown key; leave it out\n"
                                                     "main.yaml:2:11: metrics.ä: unknown key; leave it out\n"
                                                     "main.yaml:2:25: metrics.listen: \"x\" is wrong; must be an address and a port such as 127.0.0.1:9477 or \"[::1]:9477\"\n"},
    {BOTH, "mute: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "main.yaml:1:30: nested too deeply\n"},

    /* quoting does not matter */
    {BOTH, "retention: {runs: \"90d\"}\ndrift: {strict: 'true'}\nmetrics: {listen: '127.0.0.1:1'}\n", NULL},
    {BOTH, "drift: {strict: yes}\n", "main.yaml:1:17: drift.strict: \"yes\" is wrong; must be true or false\n"},

    /* plain http */
    {NO_API, "api: {base_url: 'http://localhost:1/x/', auth: {bearer: {env: K}}}\n", NULL},
    {NO_API, "api: {base_url: 'http://[::1]:1', auth: {bearer: {env: K}}}\n", NULL},
    {NO_API, "api: {base_url: 'http://api.test', allow_http: true, auth: {bearer: {env: K}}}\n", NULL},
    {NO_API, "api: {base_url: 'http://api.test', allow_http: false, auth: {bearer: {env: K}}}\n",
     "main.yaml:1:17: api.base_url: plain http is refused but for loopback addresses: write https, or allow_http: true beside it\n"},
    /* permission stands beside the URL that it is for */
    {NOTHING, "api: {allow_http: true, auth: {bearer: {env: K}}}\n"
              "connections:\n"
              "  - {name: a, id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [x], api: {base_url: 'http://x.test'}}\n",
     "main.yaml:3:87: connections[0].api.base_url: plain http is refused but for loopback addresses: write https, or allow_http: true beside it\n"},
    {NOTHING, "api: {base_url: 'http://x.test', allow_http: true, auth: {bearer: {env: K}}}\n"
              "connections:\n"
              "  - {name: a, id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [x], api: {timeout: 1s}}\n", NULL},
    {NOTHING, "api: {base_url: 'http://x.test', allow_http: true, auth: {bearer: {env: K}}}\n"
              "connections:\n"
              "  - {name: a, id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [x], api: {allow_http: false}}\n",
     "main.yaml:3:89: connections[0].api.allow_http: plain http is refused but for loopback addresses: write https, or allow_http: true beside it\n"},
    {BOTH, "heartbeat: {url: 'http://x.test/'}\n", "main.yaml:1:18: heartbeat.url: plain http is refused but for loopback addresses: write https, or allow_http: true beside it\n"},
    {BOTH, "heartbeat: {url: 'http://x.test/', allow_http: true}\n", NULL},
    {BOTH, "alerts: [{name: a, slack: {url: 'http://x.test/', allow_http: true}}]\n", NULL},
    {BOTH, "alerts: [{name: a, webhook: {url: ''}}]\n", "main.yaml:1:35: alerts[0].webhook.url: is empty; must be a URL such as https://host.example.com/path\n"},
    {BOTH, "report: {public_url: 'http://x.test/'}\n", NULL},
    {NO_API, "api: {proxy: 'http://me:topsecret@proxy', auth: {bearer: {env: K}}}\n",
     "main.yaml:1:14: api.proxy: a URL here holds no user or password before its host: leave them out\n"},

    /* secrets */
    {NO_API, "api: {auth: topsecret}\n", "main.yaml:1:13: api.auth: is text; must be a map of keys\n"},
    {NO_API, "api: {auth: {}}\n", "main.yaml:1:13: api.auth: has none of bearer and basic; exactly one is right\n"},
    {NO_API, "api: {auth: {bearer: {credential: ../x}}}\n", "main.yaml:1:35: api.auth.bearer.credential: is wrong; must be a credential's name, a file in $CREDENTIALS_DIRECTORY\n"},
    {NO_API, "api: {auth: {bearer: {env: '1X'}}}\n", "main.yaml:1:28: api.auth.bearer.env: is wrong; must be an environment variable's name\n"},
    {NO_API, "api: {auth: {bearer: {vault: x}}}\n", "main.yaml:1:23: api.auth.bearer: unknown key in it; must be {credential: NAME}, {file: PATH} or {env: NAME}\n"},
    {NO_API, "api: {auth: {bearer: {credental: x}}}\n", "main.yaml:1:23: api.auth.bearer.credental: unknown key; did you mean credential?\n"},
    {NO_API, "api: {auth: {bearer: {topsecret}}}\n", "main.yaml:1:23: api.auth.bearer: unknown key in it; must be {credential: NAME}, {file: PATH} or {env: NAME}\n"},
    {BOTH, "alerts: [{name: a, webhook: {url: 'https://x.test', headers: {X-Api-Key: topsecret, Host: x}}}]\n",
     "main.yaml:1:63: alerts[0].webhook.headers.X-Api-Key: would be a secret in plain text; let the receiver check the signature (secret), or use a URL from a secret\n"
     "main.yaml:1:85: alerts[0].webhook.headers.Host: is set by the program; leave it out\n"},
    {NO_API, "api: {auth: {bearer: {}}}\n", "main.yaml:1:22: api.auth.bearer: must be exactly one of {credential: NAME}, {file: PATH} or {env: NAME}\n"},
    {NO_API, "api: {auth: {basic: {user: {env: U}, password: topsecret}}}\n",
     "main.yaml:1:48: api.auth.basic.password: a secret does not stand here in plain text; must be {credential: NAME}, {file: PATH} or {env: NAME}\n"},
    {BOTH, "database: {password: topsecret}\n", "main.yaml:1:22: database.password: a secret does not stand here in plain text; must be {credential: NAME}, {file: PATH} or {env: NAME}\n"},
    {BOTH, "alerts: [{name: a, webhook: {url: 'https://x.test', secret: [{env: A}, topsecret]}}]\n",
     "main.yaml:1:72: alerts[0].webhook.secret[1]: a secret does not stand here in plain text; must be {credential: NAME}, {file: PATH} or {env: NAME}\n"},

    /* durations, sizes, rates, shares at their limits */
    {BOTH, "schedule: {every: 366d, jitter: 100%, refresh_timeout: 24h}\n", NULL},
    {BOTH, "schedule: {every: 1s, jitter: 0%, refresh_timeout: 1s}\n", NULL},
    {BOTH, "schedule: {every: 367d}\n", "main.yaml:1:19: schedule.every: 367d is out of range; must be from 1s to 366d\n"},
    {BOTH, "schedule: {every: 999ms}\n", "main.yaml:1:19: schedule.every: 999ms is out of range; must be from 1s to 366d\n"},
    {BOTH, "schedule: {jitter: 100.001%}\n", "main.yaml:1:20: schedule.jitter: 100.001% is out of range; must be from 0% to 100%\n"},
    {BOTH, "schedule: {jitter: 0.5%}\n", NULL},
    {BOTH, "schedule: {jitter: 0.1}\n", "main.yaml:1:20: schedule.jitter: \"0.1\" is wrong; must be a share such as 10%\n"},
    {BOTH, "drift: {mass_removal: {hold: 0s, over: 0%}}\n", NULL},
    {NO_API, "api: {rate: 0, concurrency: 1000, retries: 0, max_response: 1GiB, auth: {bearer: {env: K}}}\n", NULL},
    {NO_API, "api: {rate: 0.5/s, concurrency: 1, retries: 20, max_response: 1KiB, auth: {bearer: {env: K}}}\n", NULL},
    {NO_API, "api: {rate: 10000.1/s, auth: {bearer: {env: K}}}\n", "main.yaml:1:13: api.rate: 10000.1/s is out of range; must be from 0 to 10000\n"},
    {NO_API, "api: {concurrency: 0, auth: {bearer: {env: K}}}\n", "main.yaml:1:20: api.concurrency: 0 is out of range; must be from 1 to 1000\n"},
    {NO_API, "api: {retries: -1, auth: {bearer: {env: K}}}\n", "main.yaml:1:16: api.retries: \"-1\" is wrong; must be a whole number\n"},
    {NO_API, "api: {retries: 0x4, auth: {bearer: {env: K}}}\n", "main.yaml:1:16: api.retries: \"0x4\" is wrong; must be a whole number\n"},
    {NO_API, "api: {retries: 99999999999999999999, auth: {bearer: {env: K}}}\n", "main.yaml:1:16: api.retries: \"99999999999999999999\" is wrong; must be a whole number\n"},
    {NO_API, "api: {retries: [4], auth: {bearer: {env: K}}}\n", "main.yaml:1:16: api.retries: is a list; must be a whole number\n"},
    {NO_API, "api: {retries: ~, auth: {bearer: {env: K}}}\n", "main.yaml:1:16: api.retries: has no value; must be a whole number\n"},

    /* schedules */
    {BOTH, "schedule: {cron: '0 6 * * *'}\n", NULL},
    {BOTH, "schedule: {cron: '0 0 30 2 *'}\n", "main.yaml:1:18: schedule.cron: \"0 0 30 2 *\" is wrong: no month named has such a day, so this never comes\n"},
    {BOTH, "schedule: {cron: '0 6 * *'}\n", "main.yaml:1:18: schedule.cron: \"0 6 * *\" is wrong: 4 of five fields (minute hour day-of-month month day-of-week); right would be \"0 6 * * 1-5\"\n"},
    {NO_CONNECTIONS, "connections: [{name: a, id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [{id: x, every: 1h, cron: '* * * * *'}]}]\n",
     "main.yaml:1:102: connections[0].targets[0].cron: stands beside every; exactly one of every and cron is right\n"},

    /* names and targets */
    {NO_CONNECTIONS, "connections:\n", "main.yaml:1:13: connections: has no value; must be a list of connections, each a map that begins with \"- name:\"\n"},
    {NO_CONNECTIONS, "connections: [{name: a, id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [x, x, {id: x}]}]\n", NULL},
    {NO_CONNECTIONS, "connections: [{name: a, id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [{new: {a: b}, label: l}, {new: {a: c}, label: l}]}]\n",
     "main.yaml:1:123: connections[0].targets[1].label: targets[0] has this label already; must be unique in the connection\n"},
    {NO_CONNECTIONS, "connections: [{name: a, id: 248df4b7-aa70-47b8-a036-33ac447e668d, targets: [{id: x, label: l}]}]\n",
     "main.yaml:1:92: connections[0].targets[0].label: stands beside new only; leave it out\n"},
    {NO_CONNECTIONS, "connections: [{name: a, id: 248df4b7-aa70-47b8-a036-33ac447e668d}]\n",
     "main.yaml:1:15: connections[0].targets: is missing; must be a list of targets, as [Account, {synced: true}]\n"},
    {NO_CONNECTIONS, "connections: [{name: -a, id: 248df4b7-aa70-47b8-a036-33ac447e668g, targets: [[x]]}]\n",
     "main.yaml:1:22: connections[0].name: \"-a\" is wrong; must be a name without colon or leading dash\n"
     "main.yaml:1:30: connections[0].id: \"248df4b7-aa70-47b8-a036-33ac447e668g\" is wrong; must be an id such as 248df4b7-aa70-47b8-a036-33ac447e668d\n"
     "main.yaml:1:78: connections[0].targets[0]: is a list; must be a target's id\n"},

    /* an empty filter would let nothing through, which nobody means */
    {BOTH, "mute: [{connections: [], until: 2027-01-01}]\n", "main.yaml:1:22: mute[0].connections: is empty, which would match nothing; leave it out for all\n"},
    {BOTH, "alerts: [{name: a, exec: [x], rules: [], events: []}]\n",
     "main.yaml:1:38: alerts[0].rules: is empty, which would match nothing; leave it out for all\n"
     "main.yaml:1:50: alerts[0].events: is empty, which would match nothing; leave it out for all\n"},
    {BOTH, "drift:\n  ignore_attributes: []\n  rules:\n", NULL},

    /* mutes that have passed are no mistake: a restart must not fail for them */
    {BOTH, "mute: [{until: 1969-01-01}]\n", NULL},
    {BOTH, "mute: [{until: '2027-01-31T12:00:00+01:00'}]\n", NULL},
    {BOTH, "mute: [{until: 2027-02-30}]\n", "main.yaml:1:16: mute[0].until: \"2027-02-30\" is wrong; must be a date such as 2027-01-31 or a time such as 2027-01-31T12:00:00Z\n"},

    /* includes */
    {BOTH, "include: none.d/*.yaml\n", NULL},
    {BOTH, "include: none.yaml\n", "main.yaml:1:10: include: there is no such file; a glob may match none\n"},
    {BOTH, "include: '*.yaml'\n", NULL}, /* the file itself is not read again */
};
/* clang-format on */

static void test_rows(void **state) {
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        bool api = rows[i].rest == BOTH || rows[i].rest == NO_CONNECTIONS;
        bool connections = rows[i].rest == BOTH || rows[i].rest == NO_API;
        CLEANUP(cleanup_free)
        char *text = alloc_printf("%s%s%s", rows[i].text, api ? AUTH : "", connections ? CONNECTION : "");
        CLEANUP(cleanup_free) char *found = complaints_about(text, strlen(text));
        if (strcmp(found, rows[i].says ? rows[i].says : "") != 0) {
            print_error("row %zu: %s\n%s", i, rows[i].text, found);
            wrong++;
        }
        assert_null(strstr(found, "topsecret"));
    }
    assert_int_equal(wrong, 0);
}

static void test_passwords_in_conninfo(void **state) {
    (void)state;
    static const struct {
        const char *conninfo;
        const char *says; /* NULL: fine */
    } conninfos[] = {
        {"", NULL},
        {"dbname=schemasync host=/run/postgresql", NULL},
        {"host = 'a b' dbname= x", NULL},
        {"service=mirror passfile=/etc/pgpass", NULL},
        {"application_name='password=topsecret'", NULL},
        {"password=''", NULL},
        {"postgresql:///mirror?host=/run/postgresql", NULL},
        {"postgres://me@db.example.com:5432/mirror?sslmode=verify-full", NULL},
        {"postgresql://db.example.com/a@b:c", NULL},
        {"dbname=x password=topsecret", "password in plain text"},
        {"dbname=x password = topsecret", "password in plain text"},
        {"password='topsecret'", "password in plain text"},
        {"sslpassword=topsecret", "password in plain text"},
        {"application_name='a\\' b' password=topsecret", "password in plain text"},
        {"application_name=a\\ b password=topsecret", "password in plain text"},
        {"postgresql://me:topsecret@db.example.com/mirror", "password in plain text"},
        {"postgres://me:top?secret@db.example.com/mirror", "password in plain text"},
        {"postgresql:///mirror?password=topsecret", "password in plain text"},
        {"postgresql:///mirror?sslmode=disable&p%61ssword=topsecret", "password in plain text"},
        {"postgresql:///mirror?%73slpassword=topsecret", "password in plain text"},
        {"mirror", "\"=\" is missing"},
        {"dbname=x mirror", "\"=\" is missing"},
        {"dbname='x", "quote in it is not closed"},
        {"=x", "is no connection string"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(conninfos); i++) {
        CLEANUP(cleanup_free)
        char *text =
            alloc_printf(AUTH CONNECTION "database:\n  conninfo: >-\n    %s\n", conninfos[i].conninfo);
        CLEANUP(cleanup_free) char *found = complaints_about(text, strlen(text));
        if (conninfos[i].says ? !strstr(found, conninfos[i].says) : found[0] != '\0')
            fail_msg("%s: %s", conninfos[i].conninfo, found);
        assert_null(strstr(found, "topsecret"));
    }
}

static void test_large_and_strange_files(void **state) {
    (void)state;
    size_t length = (1 << 20) + 1;
    char *large = alloc_zero(length, 1);
    memset(large, '#', length);
    CLEANUP(cleanup_free) char *found = complaints_about(large, length);
    assert_string_equal(found, "main.yaml:1:1: cannot be read: is larger than 1MiB\n");

    static const char bytes[] = "api:\n  \xff: 1\n";
    CLEANUP(cleanup_free) char *invalid = complaints_about(bytes, sizeof(bytes) - 1);
    assert_string_equal(invalid, "main.yaml:2:3: no valid YAML: invalid leading UTF-8 octet\n");
    static const char nul[] = "api:\n  a\0b: 1\n";
    CLEANUP(cleanup_free) char *control = complaints_about(nul, sizeof(nul) - 1);
    assert_string_equal(control, "main.yaml:2:4: no valid YAML: control characters are not allowed\n");

    /* as many mistakes as fit in a megabyte: bounded */
    memset(large, '\n', length);
    for (size_t i = 0; i + 8 < length; i += 8)
        snprintf(large + i, 8, "k%05zx:", i / 8);
    for (size_t i = 7; i < length; i += 8)
        large[i] = '\n';
    CLEANUP(cleanup_free) char *many = complaints_about(large, length - 1);
    size_t lines = 0;
    for (const char *c = many; *c != '\0'; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 1000);
    free(large);

    struct config_errors errors = {0};
    assert_null(config_load(config_directory, 0, &errors));
    assert_int_equal(errors.count, 1);
    assert_non_null(strstr(errors.lines[0], ":1:1: cannot be read: is no regular file"));
    config_errors_done(&errors);
    assert_null(config_load("/nonexistent/x.yaml", 0, &errors));
    assert_string_equal(errors.lines[0],
                        "/nonexistent/x.yaml:1:1: cannot be read: No such file or directory");
    config_errors_done(&errors);
}

static void test_mute_is_over(void **state) {
    (void)state;
    struct config *config = load_text(AUTH CONNECTION "mute: [{until: 1969-12-31}, {until: 1970-01-02}]\n");
    assert_true(config->mutes[0].over);
    assert_false(config->mutes[1].over);
    config_free(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_passwords_in_conninfo),
        cmocka_unit_test(test_large_and_strange_files),
        cmocka_unit_test(test_mute_is_over),
    };
    return cmocka_run_group_tests(tests, make_config_directory, remove_config_directory);
}
