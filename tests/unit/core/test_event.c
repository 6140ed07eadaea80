#include "../unit.h"

#include "events.h"

static void assert_text(const char *text, const char *wanted) {
    if (!wanted)
        assert_null(text);
    else {
        assert_non_null(text);
        assert_string_equal(text, wanted);
    }
}

static void every_member_is_read(void **state) {
    (void)state;
    CLEANUP(event_done)
    struct event event = event_of(
        "schema.drift",
        CONNECTION "," RUN "," INCIDENT(
            "access_reduced", "open",
            "") ",\"reminder\":true,\"url\":\"https://x.example/?a&b\","
                "\"changes_total\":30,\"targets_total\":4,\"changes\":[" REMOVED
                ",{\"id\":9007199254740992,\"target\":\"T\",\"kind\":\"mode_changed\",\"attribute\":\"m.x\",\"old\":[1, 2.50,\"\\u00e4\"],"
                "\"new\":12345678901234567890.10,\"severity\":\"info\",\"truncated\":true}],"
                "\"targets\":[{\"id\":\"A\",\"state\":\"suspect\",\"error\":\"e\"},{\"id\":\"B\",\"state\":null}],"
                "\"connections\":[{\"id\":\"i\",\"name\":\"n\"},{}],\"new\":{\"member\":[]}");
    assert_int_equal(event.type, EVENT_SCHEMA_DRIFT);
    assert_int_equal(event.timestamp, INT64_C(1769860801500000));
    assert_text(event.connection.id, CONNECTION_ID);
    assert_text(event.connection.name, "salesforce-prod");
    assert_text(event.connection_type, "Salesforce");
    assert_text(event.run_id, RUN_ID);
    assert_text(event.incident->id, INCIDENT_ID);
    assert_int_equal(event.incident->cause, INCIDENT_ACCESS_REDUCED);
    assert_true(event.incident->open);
    assert_false(event.incident->flapping);
    assert_int_equal(event.incident->opened_at, INT64_C(1769860800123456));
    assert_null(event.incident->resolved_by);
    assert_int_equal(event.severity, SEVERITY_BREAKING);
    assert_text(event.summary, "something happened");
    assert_text(event.url, "https://x.example/?a&b");
    assert_true(event.reminder);
    assert_int_equal(event.changes_total, 30);
    assert_int_equal(event.change_count, 2);
    const struct event_change *change = event.changes;
    assert_int_equal(change->id, 17);
    assert_text(change->target, "Account");
    assert_int_equal(change->kind, CHANGE_FIELD_REMOVED);
    assert_text(change->field, "Phone");
    assert_null(change->attribute);
    assert_text(change->old_value, "{\"id\":\"Phone\"}");
    assert_null(change->new_value);
    assert_text(change->rule, "field-removed");
    assert_int_equal(change->severity, SEVERITY_BREAKING);
    assert_false(change->truncated);
    assert_int_equal(change->sync_count, 1);
    assert_text(change->syncs[0].id, "s1");
    assert_text(change->syncs[0].name, "Accounts to Salesforce");
    change++;
    assert_int_equal(change->id, INT64_C(9007199254740992));
    assert_int_equal(change->kind, CHANGE_MODE_CHANGED);
    assert_null(change->field);
    assert_text(change->attribute, "m.x");
    assert_text(change->old_value, "[1, 2.50,\"\\u00e4\"]"); /* as it came */
    assert_text(change->new_value, "12345678901234567890.10");
    assert_null(change->rule);
    assert_true(change->truncated);
    assert_int_equal(change->sync_count, 0);
    assert_int_equal(event.targets_total, 4);
    assert_int_equal(event.target_count, 2);
    assert_text(event.targets[0].id, "A");
    assert_text(event.targets[0].state, "suspect");
    assert_text(event.targets[0].error, "e");
    assert_text(event.targets[1].id, "B");
    assert_null(event.targets[1].state);
    assert_null(event.targets[1].error);
    assert_int_equal(event.connection_count, 2);
    assert_text(event.connections[0].name, "n");
    assert_null(event.connections[1].id);
}

static void little_is_enough(void **state) {
    (void)state;
    static const char *const data[] = {
        "",
        ("\"connection\":null,\"run_id\":null,\"incident\":null,\"url\":null,\"reminder\":null,\"changes_total\":null,"
         "\"changes\":null,\"targets\":null,\"connections\":null"),
        "\"changes_total\":0,\"changes\":[],\"targets\":[],\"connections\":[]",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(data); i++) {
        struct event event = event_of("alert.test", data[i]);
        assert_int_equal(event.type, EVENT_ALERT_TEST);
        assert_null(event.connection.id);
        assert_null(event.connection.name);
        assert_null(event.run_id);
        assert_null(event.incident);
        assert_null(event.url);
        assert_false(event.reminder);
        assert_int_equal(event.change_count + event.target_count + event.connection_count, 0);
        assert_int_equal(event.changes_total + event.targets_total, 0);
        event_done(&event);
        event_done(&event); /* and once more, which does nothing */
    }
}

static void an_end_says_how(void **state) {
    (void)state;
    CLEANUP(event_done)
    struct event event =
        event_of("mirror.recovered", INCIDENT("suspect", "resolved", ",\"resolved_by\":\"accept\""));
    assert_int_equal(event.type, EVENT_MIRROR_RECOVERED);
    assert_int_equal(event.incident->cause, INCIDENT_SUSPECT);
    assert_false(event.incident->open);
    assert_text(event.incident->resolved_by, "accept");
}

static void totals_are_never_less_than_what_is_there(void **state) {
    (void)state;
    CLEANUP(event_done)
    struct event event = event_of("schema.drift", "\"changes_total\":0,\"changes\":[" REMOVED "," REMOVED
                                                  "],\"targets\":[{\"id\":\"A\"}]");
    assert_int_equal(event.changes_total, 2);
    assert_int_equal(event.targets_total, 1);
}

static void blanks_and_doubles_do_no_harm(void **state) {
    (void)state;
    static const char json[] =
        " \n{\"\\u0074ype\" : \"x\", \"type\" : \"alert.test\" , \"timestamp\":\"2026-01-31 12:00:01+00\\u003a00\","
        "\"data\":{}, \"data\": {\"severity\":\"info\",\"summary\":\"\",\"changes\":[{\"id\":1,\"target\":\"\","
        "\"kind\":\"target_added\",\"severity\":\"info\",\"old\":1,\"\\u006fld\": {\"a\" : 2} }]} } \r\n";
    struct event event = {0};
    struct error error = {0};
    if (!event_parse(json, strlen(json), &event, &error))
        fail_msg("%s", error.text);
    assert_text(event.summary, "");
    assert_text(event.changes[0].old_value, "{\"a\" : 2}"); /* of two the last one */
    event_done(&event);
}

/* Each is a member of data, or replaces the whole. */
static void what_is_no_event_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *data, *words;
    } cases[] = {
        {"\"connection\":[]", "data.connection is not an object"},
        {"\"connection\":\"x\"", "connection is not an object"},
        {"\"connection\":{\"name\":\"x\"}", "data.connection.id is not a UUID"},
        {"\"connection\":{\"id\":\"" CONNECTION_ID "\"}", "data.connection.name is not a string"},
        {"\"connection\":{\"id\":\"" CONNECTION_ID "0\",\"name\":\"x\"}", "data.connection.id is not a UUID"},
        {"\"connection\":{\"id\":\"248df4b7-aa70-47b8-a036-33ac447e668g\",\"name\":\"x\"}",
         "id is not a UUID"},
        {"\"connection\":{\"id\":\"248df4b7aaa70-47b8-a036-33ac447e668d\",\"name\":\"x\"}",
         "id is not a UUID"},
        {"\"connection\":{\"id\":\"" CONNECTION_ID "\",\"name\":\"x\",\"type\":{}}",
         "data.connection.type is not"},
        {"\"run_id\":\"'; rm -rf ~\"", "data.run_id is not a UUID"},
        {"\"run_id\":\"\"", "data.run_id is not a UUID"},
        {"\"run_id\":7", "data.run_id is not a string"},
        {"\"incident\":{}", "data.incident.cause is not"},
        {"\"incident\":{\"id\":\"x\"}", "data.incident.id is not a UUID"},
        {INCIDENT("drifting", "open", ""), "data.incident.cause is not"},
        {INCIDENT("drift", "closed", ""), "data.incident.state is not"},
        {INCIDENT("drift", "open", ",\"flapping\":1"), "data.incident.flapping is not"},
        {INCIDENT("drift", "open", ",\"opened_at\":\"now\""), "data.incident.opened_at is not a time"},
        {INCIDENT("drift", "open", ",\"opened_at\":null"), "data.incident.opened_at is not"},
        {INCIDENT("drift", "open", ",\"resolved_by\":[]"), "data.incident.resolved_by is not"},
        {INCIDENT("drift", "open", ",\"id\":null"), "data.incident.id is not a UUID"},
        {"\"severity\":\"critical\"", "data.severity is not a word"},
        {"\"severity\":null", "data.severity is not"},
        {"\"summary\":null", "data.summary is not a string"},
        {"\"summary\":[\"x\"]", "data.summary is not a string"},
        {"\"url\":\"javascript:alert(1)\"", "data.url is not an http or https URL"},
        {"\"url\":\"https://x.example/>|<!channel>\"", "data.url is not"},
        {"\"url\":\"\"", "data.url is not"},
        {"\"url\":{}", "data.url is not"},
        {"\"reminder\":\"yes\"", "data.reminder is not"},
        {"\"changes_total\":-1", "data.changes_total is not a whole number"},
        {"\"changes_total\":1.5", "data.changes_total is not a whole number"},
        {"\"changes_total\":1e300", "data.changes_total is not a whole number"},
        {"\"changes_total\":\"1\"", "data.changes_total is not a whole number"},
        {"\"targets_total\":true", "data.targets_total is not a whole number"},
        {"\"changes\":{}", "data.changes is not a list"},
        {"\"changes\":[1]", "data.changes[0] is not an object"},
        {"\"changes\":[{}]", "data.changes[0].target is not a string"},
        {"\"changes\":[" REMOVED ",null]", "data.changes[1] is not an object"},
        {"\"changes\":[{\"target\":\"T\",\"kind\":\"renamed\"}]", "data.changes[0].kind is not"},
        {"\"changes\":[{\"target\":\"T\",\"kind\":\"field_added\"}]", "data.changes[0].severity is not"},
        {"\"changes\":[{\"id\":\"1\"}]", "data.changes[0].id is not a whole number"},
        {"\"changes\":[{\"target\":\"T\",\"field\":0}]", "data.changes[0]."},
        {"\"changes\":[{\"target\":\"T\",\"kind\":\"field_added\",\"severity\":\"info\",\"affected_syncs\":{}}]",
         "data.changes[0].affected_syncs is not a list"},
        {"\"changes\":[{\"target\":\"T\",\"kind\":\"field_added\",\"severity\":\"info\",\"affected_syncs\":[[]]}]",
         "data.changes[0].affected_syncs[0] is not an object"},
        {"\"changes\":[{\"target\":\"T\",\"kind\":\"field_added\",\"severity\":\"info\",\"affected_syncs\":[{\"name\":1}]}]",
         "data.changes[0].affected_syncs[0].name is not a string"},
        {"\"targets\":\"A\"", "data.targets is not a list"},
        {"\"targets\":[{}]", "data.targets[0].id is not a string"},
        {"\"targets\":[{\"id\":\"A\",\"error\":1}]", "data.targets[0].error is not a string"},
        {"\"connections\":[{\"name\":1}]", "data.connections[0].name is not a string"},
        {"\"x\":\"\\u0000\"", ""},
        {"\"x\":\"\xff\"", ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free) char *json = event_json("schema.drift", cases[i].data);
        struct event event = {.summary = "untouched"};
        struct error error = {0};
        bool done = event_parse(json, strlen(json), &event, &error);
        if (done || error.cause != CAUSE_SHAPE || !strstr(error.text, cases[i].words))
            fail_msg("%s: %d, %s, not \"%s\"", cases[i].data, done, error.text, cases[i].words);
        assert_string_equal(event.summary, "untouched");
    }
}

static void what_is_no_document_is_refused(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",
        "null",
        "[]",
        "{",
        "{}",
        "{}{}",
        "{\"type\":\"schema.drift\"}",
        "{\"type\":\"schema.drift\",\"timestamp\":\"2026-01-31T12:00:01Z\"}",
        "{\"type\":\"schema.drift\",\"timestamp\":\"2026-01-31T12:00:01Z\",\"data\":[]}",
        "{\"type\":\"schema.drift\",\"timestamp\":1,\"data\":{\"severity\":\"info\",\"summary\":\"\"}}",
        "{\"type\":\"schema.drift\",\"timestamp\":\"2026-13-31T12:00:01Z\",\"data\":{\"severity\":\"info\",\"summary\":\"\"}}",
        "{\"type\":\"schema.changed\",\"timestamp\":\"2026-01-31T12:00:01Z\",\"data\":{\"severity\":\"info\",\"summary\":\"\"}}",
        "{\"type\":null,\"timestamp\":\"2026-01-31T12:00:01Z\",\"data\":{\"severity\":\"info\",\"summary\":\"\"}}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct event event;
        struct error error = {0};
        if (event_parse(cases[i], strlen(cases[i]), &event, &error) || error.cause != CAUSE_SHAPE)
            fail_msg("%s: %s", cases[i], error.text);
    }
}

static void an_event_that_is_too_long_is_refused(void **state) {
    (void)state;
    CLEANUP(cleanup_free) char *filler = alloc_zero(EVENT_BYTES_MAX + 1, 1);
    memset(filler, 'x', EVENT_BYTES_MAX);
    CLEANUP(cleanup_free) char *start = event_json("alert.test", "\"x\":\"\"");
    size_t room = EVENT_BYTES_MAX - strlen(start);
    for (size_t more = 0; more < 2; more++) {
        CLEANUP(cleanup_free) char *member = alloc_printf("\"x\":\"%.*s\"", (int)(room + more), filler);
        CLEANUP(cleanup_free) char *json = event_json("alert.test", member);
        CLEANUP(event_done) struct event event = {0};
        struct error error = {0};
        assert_int_equal(strlen(json), EVENT_BYTES_MAX + more);
        assert_int_equal(event_parse(json, strlen(json), &event, &error), more == 0);
        assert_int_equal(error.cause, more == 0 ? CAUSE_NONE : CAUSE_SHAPE);
    }
}

/* Bytes of a good event that were lost, changed or doubled: read or refused, never worse. */
static void damaged_events_do_no_harm(void **state) {
    (void)state;
    unsigned seed = 7, refused = 0;
    for (int round = 0; round < 400; round++) {
        CLEANUP(cleanup_free) char *json = random_event(&seed);
        size_t length = strlen(json);
        struct event whole = {0};
        struct error error = {0};
        if (!event_parse(json, length, &whole, &error))
            fail_msg("%s: %s", error.text, json);
        event_done(&whole);
        for (int hit = 0; hit < 3; hit++) {
            json[next_random(&seed) % length] = (char)(next_random(&seed) & 0xff);
            struct event event = {0};
            size_t cut = next_random(&seed) % 4 == 0 ? next_random(&seed) % length : length;
            if (event_parse(json, cut, &event, &error))
                event_done(&event);
            else
                refused++;
        }
    }
    assert_in_range(refused, 100, 1200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(little_is_enough),
        cmocka_unit_test(an_end_says_how),
        cmocka_unit_test(totals_are_never_less_than_what_is_there),
        cmocka_unit_test(blanks_and_doubles_do_no_harm),
        cmocka_unit_test(what_is_no_event_is_refused),
        cmocka_unit_test(what_is_no_document_is_refused),
        cmocka_unit_test(an_event_that_is_too_long_is_refused),
        cmocka_unit_test(damaged_events_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
