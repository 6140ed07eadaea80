/* Which differences between two files make another digest, and which do not. */
#include "config_support.h"

#define ID "248df4b7-aa70-47b8-a036-33ac447e668d"

static const char base[] =
    "api: {auth: {bearer: {env: KEY}}}\n"
    "connections:\n"
    "  - {name: a, id: " ID ", targets: [x, {new: {k: v, l: [w]}, label: n}]}\n"
    "  - {name: b, id: 5f2d0c1e-7a77-4a52-9a3c-2f6d0c9be001, targets: [{include: '*', exclude: [a]}]}\n"
    "drift: {rules: {field-added: info, field-removed: warning}}\n"
    "alerts:\n"
    "  - {name: p, slack: {url: {env: URL}}}\n"
    "  - {name: q, webhook: {url: 'https://x.test', secret: {env: S}, headers: {A: '1', B: '2'}}}\n"
    "mute: [{until: 2020-01-01, reason: r}]\n"
    "heartbeat: {url: {env: URL}}\n";

/* The first text becomes the second. */
static const struct {
    const char *from, *to;
    bool same;
} rows[] = {
    /* comments, the order of keys, quotes, the letters of an id, a default that is written out */
    {"api:", "# a comment\napi:", true},
    {"{name: a, id: " ID ",", "{id: '248DF4B7-aa70-47b8-a036-33ac447e668d', \"name\": a,", true},
    {"heartbeat: {", "heartbeat: {every: 5m, ", true},
    {"api: {", "schedule: {every: 60m, jitter: 10.0%}\napi: {", true},
    {"{k: v, l: [w]}", "{l: w, k: [v]}", true},
    {"{field-added: info, field-removed: warning}", "{field-removed: warning, field-added: info}", true},
    {"{A: '1', B: '2'}", "{B: '2', A: '1'}", true},
    {"targets: [x,", "targets: [{id: x},", true},
    /* where secrets come from, database, metrics, report */
    {"bearer: {env: KEY}", "bearer: {file: /etc/key}", true},
    {"bearer: {env: KEY}", "bearer: {env: OTHER}", true},
    {"slack: {url: {env: URL}}", "slack: {url: {credential: url}}", true},
    {"secret: {env: S}", "secret: [{env: S}, {env: T}]", true},
    {"heartbeat: {url: {env: URL}}", "heartbeat: {url: {file: url}}", true},
    {"mute:", "database: {conninfo: dbname=y, migrate: check, password: {env: P}}\nmute:", true},
    {"mute:", "metrics: {listen: '127.0.0.1:9477'}\nmute:", true},
    {"mute:", "report: {directory: /tmp/r, public_url: 'https://x.test'}\nmute:", true},
    /* all else counts */
    {"targets: [x,", "targets: [y,", false},
    {"targets: [x,", "targets: [x, y,", false},
    {"targets: [x,", "targets: [{id: x, every: 2h},", false},
    {"[x, {new: {k: v, l: [w]}, label: n}]", "[{new: {k: v, l: [w]}, label: n}, x]", false},
    {"l: [w]", "l: [w, w2]", false},
    {"label: n", "label: m", false},
    {"name: a", "name: c", false},
    {ID, "248df4b7-aa70-47b8-a036-33ac447e668e", false},
    {"exclude: [a]", "exclude: []", false},
    {"exclude: [a]", "exclude: [b]", false},
    {"include: '*'", "include: '**'", false},
    {"api: {", "schedule: {every: 2h}\napi: {", false},
    {"api: {", "schedule: {cron: '0 * * * *'}\napi: {", false},
    {"api: {", "schedule: {refresh: never}\napi: {", false},
    {"api: {", "schedule: {refresh_timeout: 11m}\napi: {", false},
    {"api: {", "schedule: {jitter: 11%}\napi: {", false},
    {"api: {", "api: {timeout: 31s, ", false},
    {"api: {", "api: {rate: 20.5/s, ", false},
    {"api: {", "api: {concurrency: 15, ", false},
    {"api: {", "api: {retries: 5, ", false},
    {"api: {", "api: {max_response: 1MiB, ", false},
    {"api: {", "api: {version: 2024-02-08, ", false},
    {"api: {", "api: {base_url: 'https://x.test', ", false},
    {"api: {", "api: {ca_file: /ca.pem, ", false},
    {"api: {", "api: {proxy: 'http://p:1', ", false},
    {"bearer: {env: KEY}", "basic: {user: {env: U}, password: {env: P}}", false},
    {"field-added: info", "field-added: ignore", false},
    {"drift: {", "drift: {strict: true, ", false},
    {"drift: {", "drift: {mass_removal: {over: 51%}, ", false},
    {"drift: {", "drift: {mass_removal: {hold: 1h}, ", false},
    {"drift: {", "drift: {ignore_attributes: [a], ", false},
    {"name: p,", "name: p, events: ['schema.*'],", false},
    {"name: p,", "name: p, min_severity: info,", false},
    {"name: p,", "name: p, repeat: 1h,", false},
    {"name: p,", "name: p, connections: [a],", false},
    {"name: p,", "name: p, targets: [a],", false},
    {"name: p,", "name: p, kinds: ['*'],", false},
    {"name: p,", "name: p, rules: ['*'],", false},
    {"slack: {url: {env: URL}}", "exec: [cat]", false},
    {"https://x.test", "https://y.test", false},
    {"secret: {env: S}, ", "", false},
    {"B: '2'", "B: '3'", false},
    {"until: 2020-01-01", "until: 2020-01-02", false},
    {"reason: r", "reason: s", false},
    {"heartbeat: {", "heartbeat: {every: 6m, ", false},
    {"heartbeat: {url: {env: URL}}", "", false},
    {"mute:", "retention: {runs: 91d}\nmute:", false},
    {"mute:", "retention: {versions: 91d}\nmute:", false},
};

static void load_digest(const char *text, unsigned char ret[32]) {
    struct config *config = load_text(text);
    memcpy(ret, config->digest, 32);
    config_free(config);
}

static void test_rows(void **state) {
    (void)state;
    unsigned char expected[32], digest[32];
    load_digest(base, expected);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const char *place = strstr(base, rows[i].from);
        if (!place)
            fail_msg("%s is not in the text", rows[i].from);
        CLEANUP(cleanup_free)
        char *text =
            alloc_printf("%.*s%s%s", (int)(place - base), base, rows[i].to, place + strlen(rows[i].from));
        load_digest(text, digest);
        if ((memcmp(digest, expected, 32) == 0) != rows[i].same)
            fail_msg("%s -> %s", rows[i].from, rows[i].to);
    }
}

/* The order of connections and alerts, and in which file they stand, mean nothing. */
static void test_other_files(void **state) {
    (void)state;
    static const char top[] = "api: {auth: {bearer: {env: KEY}}}\n";
    static const char a[] = "  - {name: a, id: " ID ", targets: [x]}\n";
    static const char b[] = "  - {name: b, id: 5f2d0c1e-7a77-4a52-9a3c-2f6d0c9be001, targets: [y]}\n";
    static const char p[] = "  - {name: p, exec: [a]}\n", q[] = "  - {name: q, exec: [b]}\n";
    unsigned char one[32], swapped[32], included[32];
    CLEANUP(cleanup_free) char *first = alloc_printf("%sconnections:\n%s%salerts:\n%s%s", top, a, b, p, q);
    CLEANUP(cleanup_free) char *second = alloc_printf("%salerts:\n%s%sconnections:\n%s%s", top, q, p, b, a);
    CLEANUP(cleanup_free)
    char *third = alloc_printf("include: '*.yml'\n%sconnections:\n%salerts:\n%s", top, b, q);
    CLEANUP(cleanup_free) char *inner = alloc_printf("connections:\n%salerts:\n%s", a, p);
    load_digest(first, one);
    load_digest(second, swapped);
    assert_memory_equal(one, swapped, 32);
    write_config("inner.yml", inner, strlen(inner));
    load_digest(third, included);
    assert_memory_equal(one, included, 32);
}

/* The digest does not depend on when it was made: a mute that has passed still counts. */
static void test_time_does_not_count(void **state) {
    (void)state;
    CLEANUP(cleanup_free) char *path = alloc_printf("%s/main.yaml", config_directory);
    write_config("main.yaml", base, strlen(base));
    struct config_errors errors = {0};
    struct config *early = config_load(path, 0, &errors), *late = config_load(path, INT64_MAX, &errors);
    assert_non_null(early);
    assert_non_null(late);
    assert_true(early->mutes[0].over != late->mutes[0].over);
    assert_memory_equal(early->digest, late->digest, 32);
    config_free(early);
    config_free(late);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_time_does_not_count),
    };
    return cmocka_run_group_tests(tests, make_config_directory, remove_config_directory);
}
