/* Events as the program writes them, of every type: valid by the JSON Schema of their type, at most 20 KiB,
 * and what Slack and PagerDuty take, whatever names and values upstream has. */
#include <stdlib.h>
#include <string.h>

#include "world.h"
#include "world_events.h"

#define ACCOUNT "'connection': 'salesforce-prod', 'target': 'Account'"
#define ALERTS                                                 \
    "alerts:\n"                                                \
    "  - {name: all, min_severity: info, exec: [/bin/true]}\n" \
    "  - {name: some, exec: [/bin/true]}\n"

static const char types[] =
    "SELECT string_agg(DISTINCT event ->> 'type', ' ' ORDER BY event ->> 'type') FROM deliveries";

static void repeat_alerts(void) {
    world_sql("UPDATE alert SET repeat = interval '1 second'");
    world_sql("UPDATE incident_told SET told_at = told_at - interval '1 hour'");
    world_sql("SELECT tell_again(clock_timestamp())");
}

static void drift_and_its_end(void **state) {
    (void)state;
    configure(.targets = "[Account]", .more = ALERTS);
    world_pull(0);
    world_edit("{'op': 'field_set', " ACCOUNT
               ", 'field': 'Industry', 'set': {'updateable': false, 'description': 'x'}}");
    world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': 'Website'}");
    world_edit("{'op': 'mode_remove', " ACCOUNT ", 'mode': 'update'}");
    world_edit("{'op': 'target_set', " ACCOUNT ", 'set': {'name': 'Firms'}}");
    world_pull(0);
    repeat_alerts();
    world_sql("UPDATE changes SET acknowledged_at = clock_timestamp(), acknowledged_by = 'somebody'"
              " WHERE acknowledged_at IS NULL");
    world_pull(0);
    assert_sql(types, "schema.drift schema.resolved");
    assert_sql("SELECT count(*) > 0 FROM deliveries WHERE event #>> '{data,reminder}' = 'true'", "t");
    assert_sql("SELECT count(*) > 0 FROM deliveries WHERE event #> '{data,incident}' = 'null'", "t");
    assert_true(world_check_events() >= 6);
}

static void held_back_and_accepted(void **state) {
    (void)state;
    configure(.targets = "[Account, Contact]", .more = ALERTS);
    world_pull(0);
    world_edit("{'op': 'fields_set', " ACCOUNT ", 'value': []}");
    world_pull(0);
    repeat_alerts();
    world_run(0, "accept", "salesforce-prod");
    world_pull(0);
    assert_sql(types, "mirror.recovered mirror.suspect schema.drift");
    assert_true(world_check_events() >= 6);
}

static void failing_and_well_again(void **state) {
    (void)state;
    configure(.targets = "[Account, Contact]", .more = ALERTS);
    world_pull(0);
    world_faults("{'path': '*/target/fields', 'query': '*target=Account*', 'status': 503}");
    for (int i = 0; i < 3; i++)
        world_pull(1);
    repeat_alerts();
    world_clear_faults();
    world_pull(0);
    assert_sql(types, "mirror.failing mirror.recovered");
    assert_sql("SELECT DISTINCT event #>> '{data,targets,0,id}' FROM deliveries", "Account");
    assert_true(world_check_events() >= 6);
}

static void a_key_that_is_refused(void **state) {
    (void)state;
    configure(.more = ALERTS);
    world_pull(0);
    world_faults("{'path': '*', 'status': 401}");
    world_pull(77);
    world_clear_faults();
    world_pull(0);
    assert_sql(types, "mirror.failing mirror.recovered");
    assert_sql(
        "SELECT DISTINCT event #> '{data,connection}', event #>> '{data,connections,0,name}' FROM deliveries"
        " WHERE event ->> 'type' = 'mirror.failing'",
        "null|salesforce-prod");
    assert_true(world_check_events() >= 4);
}

static void a_test(void **state) {
    (void)state;
    world_sql("SELECT write_test('all')");
    assert_sql(types, "alert.test");
    assert_int_equal(world_check_events(), 1);
}

/* Ids and values that are long, or would be formatting, links, mentions, escapes or commands elsewhere. */
static void whatever_upstream_names_its_fields(void **state) {
    (void)state;
    static const char *const pieces[] = {
        "<!channel>",
        "&amp;<b>",
        "`*_~",
        "\\u0027; rm -rf ~; \\u0027",
        "a\\nb\\u202e\\u001b[31m",
        "\\\"\\\\",
        "\\u00e4\\ud83d\\udd25",
        "%s",
        "https://evil.example/|x>",
    };
    configure(.targets = "[Account]", .more = ALERTS);
    world_pull(0);
    for (size_t i = 0; i < ARRAY_LENGTH(pieces); i++) {
        char *name = world_text("%s", "");
        for (int n = 0; n < 150; n++)
            name = n % 50 == 49 || n < 3 ? world_text("%s%s", name, pieces[i]) : world_text("%sx", name);
        world_control_at(
            WORLD_HERE, "POST", "/_control/edit",
            "{\"op\": \"field_add\", "
            "\"connection\": \"salesforce-prod\", \"target\": \"Account\", \"value\": "
            "{\"id\": \"%zu%s\", \"name\": \"%s\", \"type\": \"%s\", \"description\": \"%s\", \"required\": true, \"createable\": true}}",
            i, name, name, name, name);
    }
    world_pull(0);
    world_edit("{'op': 'fields_set_all', " ACCOUNT
               ", 'set': {'updateable': false, 'createable': false, 'description': '%s'}}",
               world_text("%02000d", 7));
    world_pull(0);
    assert_sql("SELECT count(*) > 0 FROM deliveries WHERE (event #>> '{data,changes_total}')::integer >"
               " jsonb_array_length(event #> '{data,changes}')",
               "t"); /* more than fit */
    assert_sql(
        "SELECT count(*) > 0 FROM deliveries, jsonb_array_elements(event #> '{data,changes}') c WHERE c ? 'truncated'",
        "t");
    assert_true(world_check_events() >= 4);
}

/* The check itself sees what is wrong. */
static void what_is_not_as_documented_is_seen(void **state) {
    (void)state;
    static const struct {
        const char *change, *words;
    } cases[] = {
        {"event - 'timestamp'", "timestamp"},
        {"jsonb_set(event, '{data,severity}', '\"critical\"')", "severity"},
        {"jsonb_set(event, '{data,summary}', to_jsonb(repeat('x', 20480)))", "bytes"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        world_sql("DELETE FROM deliveries; SELECT write_test('all')");
        assert_null(world_event_mistake());
        world_sql("UPDATE deliveries SET event = %s", cases[i].change);
        const char *mistake = world_event_mistake();
        assert_non_null(mistake);
        assert_contains(mistake, cases[i].words);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(drift_and_its_end),
        world_test(held_back_and_accepted),
        world_test(failing_and_well_again),
        world_test(a_key_that_is_refused),
        world_test(a_test),
        world_test(whatever_upstream_names_its_fields),
        world_test(what_is_not_as_documented_is_seen),
    };
    return world_run_tests("events", tests);
}
