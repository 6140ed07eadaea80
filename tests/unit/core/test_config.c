#include "core/config.h"

#include "config_support.h"

#define DATA "tests/unit/core/config/"

static char *read_text(const char *path) {
    static char text[64 * 1024];
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s: the tests run in the top directory", path);
    size_t length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

/* A file with a mistake in almost each line gets all its messages at once, each at its line and column. */
static void test_faulty(void **state) {
    (void)state;
    struct config_errors errors = {0};
    assert_null(config_load(DATA "faulty.yaml", 0, &errors));
    assert_true(errors.count >= 70);
    char *expected = read_text(DATA "faulty.expected");
    for (size_t i = 0; i < errors.count; i++) {
        char *line = strsep(&expected, "\n");
        assert_non_null(line);
        assert_string_equal(errors.lines[i], line);
        assert_null(strstr(errors.lines[i], "topsecret"));
    }
    assert_string_equal(expected, "");
    config_errors_done(&errors);
}

static void test_full(void **state) {
    (void)state;
    struct config *config = load_good(DATA "full.yaml");
    assert_string_equal(config->path, DATA "full.yaml");
    assert_string_equal(config->api.base_url, "https://app.polytomic.com");
    assert_string_equal(config->api.version, "2025-09-18");
    assert_int_equal(config->api.auth, AUTH_BEARER);
    assert_int_equal(config->api.bearer.kind, SECRET_CREDENTIAL);
    assert_string_equal(config->api.bearer.value, "polytomic-api-key");
    assert_int_equal(config->api.timeout, 30 * USEC_PER_SEC);
    assert_int_equal(config->api.concurrency, 16);
    assert_true(config->api.rate > 19.999 && config->api.rate < 20.001);
    assert_int_equal(config->api.retries, 4);
    assert_int_equal(config->api.max_response, 16 << 20);
    assert_string_equal(config->api.ca_file, DATA "ca.pem"); /* beside the file that names it */
    assert_null(config->api.proxy);
    assert_int_equal(config->conninfo.kind, SECRET_PLAIN);
    assert_string_equal(config->conninfo.value, "dbname=schemasync");
    assert_string_equal(config->database_password.value, "db");
    assert_true(config->migrate_auto);
    assert_int_equal(config->schedule.every, USEC_PER_HOUR);
    assert_int_equal(config->schedule.jitter_ppm, 100000);

    assert_int_equal(config->connection_count, 3);
    const struct config_connection *salesforce = config_find_connection(config, "salesforce-prod");
    assert_ptr_equal(salesforce, &config->connections[0]);
    assert_null(config_find_connection(config, "salesforce"));
    assert_int_equal(salesforce->schedule.every, 30 * USEC_PER_MIN);
    assert_int_equal(salesforce->refresh, REFRESH_CONNECTION);
    assert_int_equal(salesforce->refresh_timeout, 10 * USEC_PER_MIN);
    assert_int_equal(salesforce->target_count, 4);
    assert_int_equal(salesforce->targets[0].kind, ITEM_TARGET);
    assert_false(salesforce->targets[0].has_schedule);
    assert_int_equal(salesforce->targets[0].schedule.every, 30 * USEC_PER_MIN);
    assert_true(salesforce->targets[1].has_schedule);
    assert_int_equal(salesforce->targets[1].schedule.every, 6 * USEC_PER_HOUR);
    assert_int_equal(salesforce->targets[1].schedule.jitter_ppm, 100000);
    assert_int_equal(salesforce->targets[2].kind, ITEM_INCLUDE);
    assert_int_equal(salesforce->targets[2].exclude_count, 1);
    assert_string_equal(salesforce->targets[2].exclude[0], "Tmp*");
    assert_int_equal(salesforce->targets[3].kind, ITEM_SYNCED);
    const struct target_item *audience = &config->connections[1].targets[0];
    assert_int_equal(audience->kind, ITEM_NEW);
    assert_string_equal(audience->label, "fb-audience");
    assert_int_equal(audience->input_count, 2);
    assert_string_equal(audience->inputs[1].key, "name");
    assert_int_equal(audience->inputs[1].value_count, 1);
    assert_string_equal(audience->inputs[1].values[0], "My new audience");

    assert_int_equal(config->drift.mass_removal_over_ppm, 500000);
    assert_int_equal(config->drift.mass_removal_hold, USEC_PER_DAY);
    assert_int_equal(config->drift.rule_count, 1);
    assert_string_equal(config->drift.rules[0].rule, "field-description-changed");
    assert_int_equal(config->drift.rules[0].severity, RULE_IGNORE);
    assert_int_equal(config->alert_count, 5);
    const struct config_alert *alert = &config->alerts[0];
    assert_int_equal(alert->kind, ALERT_WEBHOOK);
    assert_int_equal(alert->min_severity, RULE_BREAKING);
    assert_int_equal(alert->events.count, 2);
    assert_int_equal(alert->repeat, USEC_PER_DAY);
    assert_int_equal(alert->signing_count, 2);
    assert_string_equal(alert->signing[1].value, "old");
    assert_int_equal(alert->header_count, 1);
    assert_string_equal(alert->headers[0].value, "revops");
    assert_int_equal(config->alerts[1].kind, ALERT_SLACK);
    assert_int_equal(config->alerts[1].min_severity, RULE_WARNING);
    assert_int_equal(config->alerts[1].repeat, 0);
    assert_int_equal(config->alerts[2].kind, ALERT_PAGERDUTY);
    assert_string_equal(config->alerts[2].routing_key.value, "pd-key");
    assert_int_equal(config->alerts[3].kind, ALERT_EXEC);
    assert_int_equal(config->alerts[3].exec.count, 3);
    assert_int_equal(config->mute_count, 1);
    assert_int_equal(config->mutes[0].until, INT64_C(1801353600) * USEC_PER_SEC);
    assert_false(config->mutes[0].over);
    assert_int_equal(config->heartbeat_url.kind, SECRET_CREDENTIAL);
    assert_int_equal(config->heartbeat_every, 5 * USEC_PER_MIN);
    assert_string_equal(config->metrics_listen, "127.0.0.1:9477");
    assert_string_equal(config->report_directory, "/var/lib/schemasyncd/report");
    assert_string_equal(config->report_public_url, "https://schema.example.com/");
    assert_int_equal(config->retention.runs, 90 * USEC_PER_DAY);
    assert_int_equal(config->retention.versions, USEC_NONE);
    config_free(config);
    config_free(NULL);
}

/* conf.d/team.yaml: keys of schedule and api over the defaults. */
static void test_included_and_overridden(void **state) {
    (void)state;
    struct config *config = load_good(DATA "full.yaml");
    const struct config_connection *sandbox = config_find_connection(config, "sandbox");
    assert_true(sandbox->schedule.is_cron);
    assert_int_equal(sandbox->schedule.jitter_ppm, 0);
    assert_int_equal(sandbox->refresh, REFRESH_NEVER);
    assert_string_equal(sandbox->api.base_url, "http://127.0.0.1:8080");
    assert_int_equal(sandbox->api.auth, AUTH_BASIC);
    assert_int_equal(sandbox->api.bearer.kind, SECRET_NONE);
    assert_int_equal(sandbox->api.user.kind, SECRET_PLAIN);
    assert_string_equal(sandbox->api.password.value,
                        DATA "conf.d/sandbox.key"); /* beside the included file */
    assert_int_equal(sandbox->api.concurrency, 2);
    assert_int_equal(sandbox->api.timeout, 30 * USEC_PER_SEC);
    assert_true(sandbox->targets[0].schedule.is_cron);
    assert_string_equal(config->alerts[4].name, "team");
    assert_int_equal(config->api.concurrency, 16);
    config_free(config);
}

static void test_defaults(void **state) {
    (void)state;
    struct config *config = load_text("api: {auth: {bearer: {env: KEY}}}\n"
                                      "connections: []\n");
    assert_string_equal(config->api.base_url, "https://app.polytomic.com");
    assert_int_equal(config->api.max_response, 16 << 20);
    assert_int_equal(config->conninfo.kind, SECRET_PLAIN);
    assert_string_equal(config->conninfo.value, "");
    assert_true(config->migrate_auto);
    assert_int_equal(config->schedule.every, USEC_PER_HOUR);
    assert_int_equal(config->drift.mass_removal_over_ppm, 500000);
    assert_int_equal(config->heartbeat_url.kind, SECRET_NONE);
    assert_null(config->metrics_listen);
    assert_null(config->report_directory);
    assert_int_equal(config->retention.runs, 90 * USEC_PER_DAY);
    assert_int_equal(config->retention.changes, USEC_NONE);
    config_free(config);
}

static void test_match_target(void **state) {
    (void)state;
    struct config *config = load_text("api: {auth: {bearer: {env: KEY}}}\n"
                                      "connections:\n"
                                      "  - name: a\n"
                                      "    id: 248df4b7-aa70-47b8-a036-33ac447e668d\n"
                                      "    targets:\n"
                                      "      - Account\n"
                                      "      - {id: x__c, every: 2h}\n"
                                      "      - {include: '*__c', exclude: ['Tmp*', 'a/*']}\n"
                                      "      - {new: {name: Fresh}, label: Fresh}\n"
                                      "      - {synced: true}\n"
                                      "      - Account\n");
    const struct config_connection *connection = &config->connections[0];
    static const struct {
        const char *id;
        bool synced;
        int item; /* -1: none */
    } rows[] = {
        {"Account", true, 0}, {"x__c", false, 1},     {"y__c", false, 2},   {"a/b__c", false, -1},
        {"b/b__c", false, 2}, {"Tmp1__c", false, -1}, {"Tmp1__c", true, 4}, {"account", false, -1},
        {"Fresh", false, -1}, {"other", true, 4},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct target_item *item = config_match_target(connection, rows[i].id, rows[i].synced);
        assert_ptr_equal(item, rows[i].item < 0 ? NULL : &connection->targets[rows[i].item]);
    }
    config_free(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faulty),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_included_and_overridden),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_match_target),
    };
    return cmocka_run_group_tests(tests, make_config_directory, remove_config_directory);
}
