#include "../unit.h"

#include "core/pagerduty.h"
#include "events.h"

#define OPEN(cause) INCIDENT(cause, "open", "")
#define KEY         "R0123456789ABCDEF0123456789ABCDE"

static struct buffer body_of(const struct event *event, bool resolve_test) {
    struct buffer body;
    struct error error = {0};
    buffer_init(&body, PAGERDUTY_BODY_MAX);
    if (!pagerduty_body(event, KEY, resolve_test, &body, &error))
        fail_msg("%s", error.text);
    return body;
}

static const cJSON *at(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void triggers_and_resolves(void **state) {
    (void)state;
    static const struct {
        const char *type, *data, *action, *dedup_key, *class;
        bool resolve_test;
    } cases[] = {
        {"schema.drift", CONNECTION "," OPEN("drift"), "trigger", INCIDENT_ID, "drift", false},
        {"schema.drift", CONNECTION "," OPEN("drift"), "trigger", INCIDENT_ID, "drift",
         true}, /* which is of tests only */
        {"schema.drift", CONNECTION "," OPEN("access_reduced") ",\"reminder\":true", "trigger", INCIDENT_ID,
         "access_reduced", false},
        {"mirror.suspect", CONNECTION "," OPEN("suspect"), "trigger", INCIDENT_ID, "suspect", false},
        {"mirror.failing", OPEN("failing"), "trigger", INCIDENT_ID, "failing", false},
        {"schema.resolved", CONNECTION "," INCIDENT("drift", "resolved", ""), "resolve", INCIDENT_ID, NULL,
         false},
        {"mirror.recovered", INCIDENT("failing", "resolved", ""), "resolve", INCIDENT_ID, NULL, false},
        {"alert.test", "", "trigger", "schemasyncd-test-1769860801500000", "test", false},
        {"alert.test", "", "resolve", "schemasyncd-test-1769860801500000", NULL, true},
        {"alert.test", OPEN("drift"), "resolve", "schemasyncd-test-1769860801500000", NULL, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(event_done) struct event event = event_of(cases[i].type, cases[i].data);
        CLEANUP(buffer_done) struct buffer body = body_of(&event, cases[i].resolve_test);
        CLEANUP(cleanup_json) cJSON *tree = tree_of(&body);
        assert_string_equal(text_at(tree, "routing_key"), KEY);
        assert_string_equal(text_at(tree, "event_action"), cases[i].action);
        assert_string_equal(text_at(tree, "dedup_key"), cases[i].dedup_key);
        assert_true(strlen(text_at(tree, "dedup_key")) <= 255);
        if (cases[i].class)
            assert_string_equal(text_at(at(tree, "payload"), "class"), cases[i].class);
        else
            assert_null(at(tree, "payload"));
    }
}

static void a_trigger_tells_all(void **state) {
    (void)state;
    CLEANUP(event_done)
    struct event event = event_of(
        "schema.drift",
        CONNECTION "," RUN "," OPEN(
            "drift") ",\"url\":\"https://x.example/\",\"changes_total\":7,\"changes\":[" REMOVED
                     ",{\"id\":18,\"target\":\"Account\",\"kind\":\"mode_changed\",\"attribute\":\"m\",\"new\":1e400,"
                     "\"severity\":\"info\",\"affected_syncs\":[{\"id\":\"s2\"},{}]}]");
    CLEANUP(buffer_done) struct buffer body = body_of(&event, false);
    static const char wanted[] =
        "{\"routing_key\":\"" KEY "\",\"event_action\":\"trigger\",\"dedup_key\":\"" INCIDENT_ID
        "\",\"payload\":{"
        "\"summary\":\"something happened\",\"source\":\"salesforce-prod\",\"severity\":\"critical\","
        "\"timestamp\":\"2026-01-31T12:00:01.500000Z\",\"group\":\"Salesforce\",\"class\":\"drift\",\"custom_details\":{"
        "\"event\":\"schema.drift\",\"connection\":\"salesforce-prod\",\"connection_id\":\"" CONNECTION_ID
        "\",\"run_id\":\"" RUN_ID "\","
        "\"reminder\":false,\"flapping\":false,\"changes_total\":7,\"changes\":["
        "{\"id\":17,\"change\":\"Field removed\",\"target\":\"Account\",\"field\":\"Phone\",\"old\":{\"id\":\"Phone\"},\"new\":null,"
        "\"rule\":\"field-removed\",\"severity\":\"breaking\",\"affected_syncs\":[\"Accounts to Salesforce\"]},"
        "{\"id\":18,\"change\":\"Mode changed\",\"target\":\"Account\",\"attribute\":\"m\",\"old\":null,\"new\":1e400,\"rule\":null,"
        "\"severity\":\"info\",\"affected_syncs\":[\"s2\",null]}],"
        "\"commands\":{\"Show more\":\"schemasyncd drift --connection salesforce-prod\",\"Syncs that cannot work\":\"schemasyncd problems\","
        "\"Acknowledge\":\"schemasyncd ack --run " RUN_ID "\"}}},"
        "\"client\":\"schemasyncd\",\"client_url\":\"https://x.example/\",\"links\":[{\"href\":\"https://x.example/\",\"text\":\"Open the report\"}]}";
    assert_string_equal(body.data, wanted);
}

static void what_fails_is_listed(void **state) {
    (void)state;
    CLEANUP(event_done)
    struct event event = event_of(
        "mirror.failing",
        INCIDENT(
            "failing", "open",
            ",\"flapping\":true") ",\"severity\":\"warning\",\"targets_total\":9,\"targets\":["
                                  "{\"id\":\"A\",\"state\":\"present\",\"error\":\"e\"}],\"connections\":[{\"name\":\"a\"},{\"name\":\"b\"}]");
    CLEANUP(buffer_done) struct buffer body = body_of(&event, false);
    CLEANUP(cleanup_json) cJSON *tree = tree_of(&body);
    const cJSON *payload = at(tree, "payload"), *details = at(payload, "custom_details");
    CLEANUP(cleanup_free) char *targets = cJSON_PrintUnformatted(at(details, "targets"));
    CLEANUP(cleanup_free) char *connections = cJSON_PrintUnformatted(at(details, "connections"));
    assert_string_equal(text_at(payload, "source"), "schemasyncd");
    assert_string_equal(text_at(payload, "severity"), "warning");
    assert_null(at(payload, "group"));
    assert_null(at(payload, "component")); /* there are eight more */
    assert_null(at(details, "changes"));
    assert_true(cJSON_IsTrue(at(details, "flapping")));
    assert_int_equal(at(details, "targets_total")->valueint, 9);
    assert_string_equal(targets, "[{\"id\":\"A\",\"state\":\"present\",\"error\":\"e\"}]");
    assert_string_equal(connections, "[\"a\",\"b\"]");
    assert_null(at(tree, "client_url"));
    assert_null(at(tree, "links"));
}

static void severities_and_component(void **state) {
    (void)state;
    static const struct {
        const char *data, *severity, *component;
    } cases[] = {
        {"\"severity\":\"breaking\",\"changes\":[" REMOVED "]", "critical", "Account"},
        {"\"severity\":\"warning\",\"targets\":[{\"id\":\"A\"}]", "warning", "A"},
        {"\"severity\":\"info\"", "info", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free) char *data = alloc_printf(CONNECTION "," OPEN("drift") ",%s", cases[i].data);
        CLEANUP(event_done) struct event event = event_of("schema.drift", data);
        CLEANUP(buffer_done) struct buffer body = body_of(&event, false);
        CLEANUP(cleanup_json) cJSON *tree = tree_of(&body);
        assert_string_equal(text_at(at(tree, "payload"), "severity"), cases[i].severity);
        if (cases[i].component)
            assert_string_equal(text_at(at(tree, "payload"), "component"), cases[i].component);
        else
            assert_null(at(at(tree, "payload"), "component"));
    }
}

static void summaries(void **state) {
    (void)state;
    CLEANUP(buffer_done) struct buffer longest, longer;
    buffer_init(&longest, 10000);
    buffer_init(&longer, 10000);
    for (int i = 0; i < PAGERDUTY_SUMMARY_MAX / 2; i++)
        add_format(&longest, "\xc3\xa4");
    add_format(&longer, "%sx", buffer_text(&longest));
    const struct {
        const char *given, *wanted;
    } cases[] = {
        {"a\\nb", "a?b"},
        {"", "salesforce-prod: breaking drift, 0 changes"}, /* it must not be empty */
        {buffer_text(&longest), buffer_text(&longest)},
        {buffer_text(&longer), NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free)
        char *data = alloc_printf(CONNECTION "," OPEN("drift") ",\"summary\":\"%s\"", cases[i].given);
        CLEANUP(event_done) struct event event = event_of("schema.drift", data);
        CLEANUP(buffer_done) struct buffer body = body_of(&event, false);
        CLEANUP(cleanup_json) cJSON *tree = tree_of(&body);
        const char *summary = text_at(at(tree, "payload"), "summary");
        assert_true(strlen(summary) <= PAGERDUTY_SUMMARY_MAX);
        if (cases[i].wanted)
            assert_string_equal(summary, cases[i].wanted);
        else
            assert_string_equal(summary + strlen(summary) - strlen("ä…"), "ä…");
    }
}

static void what_must_not_go_there_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *type, *data, *key;
        size_t maximum;
        enum error_cause cause;
    } cases[] = {
        {"schema.drift", CONNECTION ",\"changes\":[" REMOVED "]", KEY, PAGERDUTY_BODY_MAX,
         CAUSE_SHAPE}, /* without an incident */
        {"mirror.recovered", CONNECTION, KEY, PAGERDUTY_BODY_MAX, CAUSE_SHAPE},
        {"schema.drift", CONNECTION "," OPEN("drift"), "", PAGERDUTY_BODY_MAX, CAUSE_SECRET},
        {"schema.drift", CONNECTION "," OPEN("drift"), KEY, 300, CAUSE_TOO_LARGE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(event_done) struct event event = event_of(cases[i].type, cases[i].data);
        CLEANUP(buffer_done) struct buffer body;
        struct error error = {0};
        buffer_init(&body, cases[i].maximum);
        for (int n = 0; n < 300; n++) /* so that no old memory stands behind it */
            assert_true(buffer_append_text(&body, "-"));
        buffer_clear(&body);
        assert_true(buffer_append_text(&body, "x"));
        assert_false(pagerduty_body(&event, cases[i].key, false, &body, &error));
        assert_int_equal(error.cause, cases[i].cause);
        assert_null(strstr(error.text, KEY));
        assert_string_equal(buffer_text(&body), "x");
        assert_null(memmem(body.data, body.capacity, KEY, strlen(KEY))); /* nor is the key left behind it */
    }
}

static void random_events_make_good_bodies(void **state) {
    (void)state;
    unsigned seed = 5;
    size_t longest = 0, refused = 0;
    for (int round = 0; round < 500; round++) {
        CLEANUP(cleanup_free) char *json = random_event(&seed);
        CLEANUP(event_done) struct event event = {0};
        CLEANUP(buffer_done) struct buffer body;
        struct error error = {0};
        buffer_init(&body, PAGERDUTY_BODY_MAX);
        assert_true(event_parse(json, strlen(json), &event, NULL));
        if (!pagerduty_body(&event, KEY, round % 2, &body, &error)) {
            assert_int_equal(error.cause, CAUSE_SHAPE);
            assert_null(event.incident);
            refused++;
            continue;
        }
        CLEANUP(cleanup_json) cJSON *tree = tree_of(&body);
        longest = MAX(longest, body.length);
        const cJSON *payload = at(tree, "payload");
        if (payload) {
            assert_in_range(strlen(text_at(payload, "summary")), 1, PAGERDUTY_SUMMARY_MAX);
            assert_true(text_at(payload, "source")[0] != '\0');
        }
    }
    assert_in_range(refused, 50, 200);
    assert_in_range(longest, 30000, PAGERDUTY_BODY_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(triggers_and_resolves),
        cmocka_unit_test(a_trigger_tells_all),
        cmocka_unit_test(what_fails_is_listed),
        cmocka_unit_test(severities_and_component),
        cmocka_unit_test(summaries),
        cmocka_unit_test(what_must_not_go_there_is_refused),
        cmocka_unit_test(random_events_make_good_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
