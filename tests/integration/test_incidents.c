/* Incidents: opened, grown, flapping and ended. Every row of the table of decisions has a case in
 * data/incident_actions.txt. */
#include <stdio.h>
#include <string.h>

#include "incidents.h"

/* Each line: open flapping managed holds joined novel flaps quiet-in-hours action. */
static void each_decision(void **state) {
    (void)state;
    world_pull(0);
    FILE *file = fopen("tests/integration/data/incident_actions.txt", "re");
    assert_non_null(file);
    char line[256], f[5][8], action[32];
    int joined, novel, quiet;
    size_t cases = 0;
    while (fgets(line, sizeof(line), file)) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        assert_int_equal(sscanf(line, "%7s %7s %7s %7s %d %d %7s %d %31s", f[0], f[1], f[2], f[3], &joined,
                                &novel, f[4], &quiet, action),
                         9);
        const char *query =
            world_text("SELECT incident_action(%s, %s, %s, %s, %d, %d, %s, interval '%d hours')", f[0], f[1],
                       f[2], f[3], joined, novel, f[4], quiet);
        if (strcmp(world_value("%s", query), action) != 0)
            world_fail(WORLD_HERE, "%s: %s, expected %s", query, world_value("%s", query), action);
        cases++;
    }
    fclose(file);
    assert_true(cases >= 16);
}

static void told_once_and_told_when_it_is_over(void **state) {
    (void)state;
    tell("[Account]", ALL);
    world_pull(0);
    assert_sql("SELECT count(*) FROM deliveries", "0"); /* a baseline is no news */
    break_it();
    assert_sql(incidents, "salesforce-prod|drift|breaking|open|f|-");
    assert_sql(events, "all|schema.drift|1|false");
    assert_sql("SELECT count(*) FROM changes WHERE incident_id = (SELECT id FROM incidents)", "1");
    world_pull(0);
    assert_sql(events, "all|schema.drift|1|false"); /* once */
    mend_it();
    assert_sql(incidents, "salesforce-prod|drift|breaking|resolved|f|revert");
    assert_sql(events, "all|schema.drift|1|false\nall|schema.resolved|1|false");
    assert_sql("SELECT count(DISTINCT incident_id), count(DISTINCT event #>> '{data,incident,id}'),"
               " count(DISTINCT run_id), max(event #>> '{data,incident,state}') FROM deliveries",
               "1|1|2|resolved");
    world_pull(0);
    assert_sql("SELECT count(*) FROM deliveries", "2");
}

static void what_joins_is_told_and_the_rest_is_not_told_again(void **state) {
    (void)state;
    tell("[Account]", ALL);
    world_pull(0);
    break_it();
    REMOVE("Website");
    REMOVE("Rating");
    world_pull(0);
    assert_sql("SELECT count(*), count(DISTINCT incident_id) FROM deliveries", "2|1");
    assert_sql("SELECT count(*) FROM incidents", "1");
    mend_it(); /* something else of it is open still */
    assert_sql("SELECT state FROM incidents", "open");
    assert_sql("SELECT count(*) FROM deliveries", "2");
    world_sql("UPDATE changes SET acknowledged_at = clock_timestamp(), acknowledged_by = 'somebody'"
              " WHERE acknowledged_at IS NULL");
    world_pull(0);
    assert_sql(incidents, "salesforce-prod|drift|breaking|resolved|f|acknowledgement");
    assert_sql("SELECT event ->> 'type' FROM deliveries ORDER BY number DESC LIMIT 1", "schema.resolved");
    world_sql("UPDATE changes SET acknowledged_at = NULL, acknowledged_by = NULL"); /* unack opens none */
    world_pull(0);
    assert_sql("SELECT count(*) FILTER (WHERE state = 'open'), count(*) FROM incidents", "0|1");
}

static void many_fields_lost_at_once(void **state) {
    (void)state;
    tell("[Account, Contact, Lead, Opportunity]", ALL);
    world_pull(0);
    static const char *const targets[] = {"Account", "Contact", "Lead"};
    for (size_t i = 0; i < 3; i++)
        world_edit("{'op': 'field_remove', 'connection': 'salesforce-prod', 'target': '%s',"
                   " 'field': ['OwnerId', 'CreatedDate', 'IsDeleted']}",
                   targets[i]);
    world_edit(
        "{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Opportunity', 'field': 'StageName',"
        " 'set': {'createable': false, 'updateable': false}}");
    SET("Industry", "'updateable': false");
    world_pull(0);
    assert_sql(incidents, "salesforce-prod|drift|breaking|open|f|-\n"
                          "salesforce-prod|access_reduced|warning|open|f|-");
    assert_sql(
        "SELECT count(DISTINCT (x.target_id, x.field_id)), bool_and(x.kind = 'field_removed' OR x.rule ="
        " 'field-became-read-only') FROM changes x JOIN incidents i ON i.id = x.incident_id AND i.cause ="
        " 'access_reduced'",
        "10|t");
    assert_sql("SELECT event #>> '{data,incident,cause}' FROM deliveries ORDER BY number",
               "drift\naccess_reduced");
    assert_contains(world_value("SELECT event #>> '{data,summary}' FROM deliveries WHERE event #>>"
                                " '{data,incident,cause}' = 'access_reduced'"),
                    "as if a permission were lost");
}

static void fewer_are_drift(void **state) {
    (void)state;
    tell("[Account, Contact, Lead]", ALL);
    world_pull(0);
    static const char *const targets[] = {"Account", "Contact", "Lead"};
    for (size_t i = 0; i < 3; i++)
        world_edit("{'op': 'field_remove', 'connection': 'salesforce-prod', 'target': '%s',"
                   " 'field': ['OwnerId', 'CreatedDate', 'IsDeleted']}",
                   targets[i]);
    world_pull(0);
    assert_sql("SELECT cause FROM incidents", "drift");
    assert_sql("SELECT count(*) FROM changes", "9");
}

static void a_mass_removal_and_how_it_ends(void **state) {
    (void)state;
    tell("[Account, Contact, Lead]", ALL);
    world_pull(0);
    world_edit("{'op': 'fields_set', " ACCOUNT ", 'value': []}");
    const char *fields = world_truth(SALESFORCE);
    (void)fields;
    world_pull(0);
    assert_sql(incidents, "salesforce-prod|suspect|warning|open|f|-");
    assert_sql(events, "all|mirror.suspect|0|false");
    assert_sql("SELECT event #> '{data,targets}', event #> '{data,targets_total}' FROM deliveries",
               "[{\"id\": \"Account\", \"error\": null, \"state\": \"suspect\"}]|1");
    world_edit("{'op': 'fields_set', " CONTACT ", 'value': []}");
    world_pull(0); /* another one joins, and is told */
    assert_sql("SELECT event #>> '{data,targets,0,id}' FROM deliveries ORDER BY number", "Account\nContact");
    world_pull(0);
    assert_sql("SELECT count(*) FROM deliveries", "2");
    world_run(0, "accept", "salesforce-prod");
    world_pull(0);
    assert_sql("SELECT cause, state, resolved_by FROM incidents WHERE cause = 'suspect'",
               "suspect|resolved|accept");
    assert_sql("SELECT event ->> 'type' FROM deliveries ORDER BY 1",
               "mirror.recovered\nmirror.suspect\nmirror.suspect\nschema.drift");
}

static void a_mass_removal_that_was_none(void **state) {
    (void)state;
    tell("[Account]", ALL);
    world_pull(0);
    world_edit(
        "{'op': 'raw_target', " ACCOUNT ", 'raw': '%s'}",
        "{\\\"data\\\": {\\\"id\\\": \\\"Account\\\", \\\"name\\\": \\\"Account\\\", \\\"fields\\\": [], \\\"modes\\\": [], \\\"properties\\\": {}, \\\"refreshed_at\\\": \\\"2099-01-01T00:00:00Z\\\"}}");
    world_pull(0);
    assert_sql("SELECT state FROM targets", "suspect");
    world_edit("{'op': 'raw_target', " ACCOUNT ", 'raw': null}");
    world_pull(0);
    assert_sql(incidents, "salesforce-prod|suspect|warning|resolved|f|recovery");
    assert_sql("SELECT event ->> 'type' FROM deliveries ORDER BY number", "mirror.suspect\nmirror.recovered");
}

static void failures_are_told_from_the_third(void **state) {
    (void)state;
    tell("[Account, Contact]", ALL);
    world_pull(0);
    world_faults(
        "{'path': '*/target/fields', 'query': '*Account*', 'status': 400, 'message': 'no such object'}");
    world_pull(1);
    world_pull(1);
    assert_sql("SELECT count(*) FROM incidents", "0");
    world_pull(1);
    assert_sql(incidents, "salesforce-prod|failing|warning|open|f|-");
    assert_sql(events, "all|mirror.failing|0|false");
    assert_contains(world_value("SELECT event #>> '{data,targets,0,error}' FROM deliveries"),
                    "no such object");
    world_pull(1);
    assert_sql("SELECT count(*) FROM deliveries", "1");
    world_clear_faults();
    world_pull(0);
    assert_sql(incidents, "salesforce-prod|failing|warning|resolved|f|recovery");
    assert_sql("SELECT event ->> 'type' FROM deliveries ORDER BY number", "mirror.failing\nmirror.recovered");
}

static void or_when_they_last_half_an_hour(void **state) {
    (void)state;
    tell("[Account, Contact]", ALL);
    world_pull(0);
    world_faults("{'path': '*/target/fields', 'query': '*Account*', 'status': 400}");
    world_pull(1);
    world_sql("UPDATE target_state SET failing_since = failing_since - interval '29 minutes'");
    world_pull(1);
    assert_sql("SELECT count(*) FROM incidents", "0");
    world_clear_faults();
    world_pull(0);
    world_faults("{'path': '*/target/fields', 'query': '*Account*', 'status': 400}");
    world_pull(1);
    world_sql("UPDATE target_state SET failing_since = failing_since - interval '31 minutes'");
    world_pull(1);
    assert_sql("SELECT cause FROM incidents", "failing");
}

static void a_connection_that_fails_as_a_whole(void **state) {
    (void)state;
    tell("[Account]", ALL);
    world_pull(0);
    world_settings("{'connection': 'salesforce-prod', 'refresh_outcome': 'fail_post'}");
    for (int i = 0; i < 3; i++)
        world_pull(1);
    assert_sql(incidents, "salesforce-prod|failing|warning|open|f|-");
    world_settings("{'connection': 'salesforce-prod', 'refresh_outcome': 'ok'}");
    world_pull(0);
    assert_sql("SELECT state, resolved_by FROM incidents", "resolved|recovery");
}

#define FOUR                                               \
    CONNECTION("salesforce-prod", SALESFORCE, "[Account]") \
    CONNECTION("hubspot", HUBSPOT, "[{include: \"*\"}]")   \
    CONNECTION("facebook", FACEBOOK, "[{include: \"*\"}]") \
    CONNECTION("warehouse", WAREHOUSE, "[{include: \"*\"}]")

static void a_refused_key_is_one_event_for_all(void **state) {
    (void)state;
    configure(.connections = FOUR, .more = "alerts:\n" ALL
                                           "  - {name: last, connections: [warehouse], exec: [/bin/true]}\n"
                                           "  - {name: others, connections: [nobody], exec: [/bin/true]}\n");
    world_pull(0);
    world_faults("{'path': '/api/*', 'status': 401}");
    world_pull(77);
    assert_sql(incidents, "*|failing|breaking|open|f|-"); /* at once */
    assert_sql(events, "all|mirror.failing|0|false\nlast|mirror.failing|0|false");
    assert_sql("SELECT event #> '{data,connection}' FROM deliveries WHERE alert = 'all'", "null");
    assert_contains(world_value("SELECT event #>> '{data,summary}' FROM deliveries WHERE alert = 'all'"),
                    "The API key is refused");
    for (int i = 0; i < 3; i++)
        world_pull(77);
    assert_sql("SELECT count(*) FROM deliveries", "2");
    world_clear_faults();
    world_pull(0, "--connection", "hubspot"); /* the others have not been asked yet */
    assert_sql("SELECT state FROM incidents", "open");
    world_pull(0);
    assert_sql(incidents, "*|failing|breaking|resolved|f|recovery");
    assert_sql("SELECT alert, event ->> 'type' FROM deliveries ORDER BY number OFFSET 2",
               "all|mirror.recovered\nlast|mirror.recovered");
}

static void a_401_that_the_key_does_not_confirm_is_the_connections_own(void **state) {
    (void)state;
    tell("[Account]", ALL);
    world_pull(0);
    world_faults("{'path': '/api/connections/*', 'status': 401}");
    world_pull(77);
    assert_sql("SELECT count(*) FROM incidents", "0");
    world_pull(77);
    world_pull(77);
    assert_sql(incidents, "salesforce-prod|failing|warning|open|f|-");
}

static void an_api_that_is_away_is_one_event_for_all(void **state) {
    (void)state;
    configure(.connections = FOUR, .more = "alerts:\n" ALL);
    world_pull(0);
    world_faults("{'path': '/api/*', 'status': 503}");
    world_pull(1);
    world_pull(1);
    assert_sql("SELECT count(*) FROM incidents", "0");
    world_pull(1);
    assert_sql(incidents, "*|failing|breaking|open|f|-");
    assert_sql(events, "all|mirror.failing|0|false");
    assert_contains(world_value("SELECT event #>> '{data,summary}' FROM deliveries"),
                    "The API is out of reach");
    world_clear_faults();
    world_pull(0);
    assert_sql("SELECT event ->> 'type' FROM deliveries ORDER BY number", "mirror.failing\nmirror.recovered");
}

static void the_third_of_a_day_flaps(void **state) {
    (void)state;
    tell("[Account]", ALL);
    world_pull(0);
    for (int i = 0; i < 2; i++) {
        break_it();
        mend_it();
    }
    assert_sql("SELECT count(*), bool_or(flapping) FROM incidents", "2|f");
    break_it();
    assert_sql("SELECT flapping FROM incidents WHERE state = 'open'", "t");
    assert_contains(
        world_value("SELECT event #>> '{data,summary}' FROM deliveries ORDER BY number DESC LIMIT 1"),
        "Flapping: ");
    assert_sql("SELECT count(*) FROM deliveries", "5");
    mend_it(); /* it stays open, and nobody is told */
    break_it();
    mend_it();
    assert_sql("SELECT count(*), count(*) FILTER (WHERE state = 'open') FROM incidents", "3|1");
    assert_sql("SELECT count(*) FROM deliveries", "5");
    set_field("Website", "false"); /* what has not changed in it before is told */
    world_pull(0);
    assert_sql("SELECT count(*) FROM deliveries", "6");
    set_field("Website", "true");
    world_pull(0);
    age("23 hours 50 minutes");
    world_pull(0);
    assert_sql("SELECT count(*) FROM incidents WHERE state = 'open'", "1");
    age("20 minutes");
    world_pull(0);
    assert_sql("SELECT count(*) FROM incidents WHERE state = 'open'", "0");
    assert_sql("SELECT event ->> 'type' FROM deliveries ORDER BY number DESC LIMIT 1", "schema.resolved");
    assert_sql("SELECT count(*) FROM deliveries", "7");
    break_it(); /* a new day */
    assert_sql("SELECT flapping FROM incidents WHERE state = 'open'", "f");
}

static void what_people_end_does_not_flap(void **state) {
    (void)state;
    tell("[Account]", ALL);
    world_pull(0);
    static const char *const values[] = {"false", "true", "false", "true", "false"};
    for (size_t i = 0; i < 5; i += 2) {
        set_field("Industry", values[i]);
        world_pull(0);
        world_sql("UPDATE changes SET acknowledged_at = clock_timestamp(), acknowledged_by = 'somebody'"
                  " WHERE acknowledged_at IS NULL");
        set_field("Industry", "true");
        world_pull(0);
    }
    assert_sql("SELECT count(*), bool_or(flapping), string_agg(DISTINCT resolved_by, ' ') FROM incidents",
               "3|f|acknowledgement");
}

static void what_is_managed_no_more(void **state) {
    (void)state;
    tell("[Account, Contact]", ALL);
    world_pull(0);
    break_it();
    world_edit("{'op': 'fields_set', " ACCOUNT ", 'value': []}");
    world_edit("{'op': 'field_set', " CONTACT ", 'field': 'Email', 'set': {'updateable': false}}");
    world_pull(0);
    assert_sql("SELECT cause, state FROM incidents ORDER BY cause", "drift|open\nsuspect|open");
    tell("[Contact]", ALL); /* the target that is suspect goes */
    world_pull(0);
    assert_sql("SELECT cause, state, resolved_by FROM incidents ORDER BY cause",
               "drift|open|-\nsuspect|resolved|unmanaged");
    configure(.connections = CONNECTION("hubspot", HUBSPOT, "[{include: \"*\"}]"), .more = "alerts:\n" ALL);
    world_pull(0);
    assert_sql("SELECT cause, state, resolved_by FROM incidents ORDER BY cause",
               "drift|resolved|unmanaged\nsuspect|resolved|unmanaged");
    assert_sql("SELECT event ->> 'type' FROM deliveries ORDER BY number",
               "schema.drift\nschema.drift\nmirror.suspect\nmirror.recovered\nschema.resolved");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        told_test(each_decision),
        told_test(told_once_and_told_when_it_is_over),
        told_test(what_joins_is_told_and_the_rest_is_not_told_again),
        told_test(many_fields_lost_at_once),
        told_test(fewer_are_drift),
        told_test(a_mass_removal_and_how_it_ends),
        told_test(a_mass_removal_that_was_none),
        told_test(failures_are_told_from_the_third),
        told_test(or_when_they_last_half_an_hour),
        told_test(a_connection_that_fails_as_a_whole),
        told_test(a_refused_key_is_one_event_for_all),
        told_test(a_401_that_the_key_does_not_confirm_is_the_connections_own),
        told_test(an_api_that_is_away_is_one_event_for_all),
        told_test(the_third_of_a_day_flaps),
        told_test(what_people_end_does_not_flap),
        told_test(what_is_managed_no_more),
    };
    return world_run_tests("incidents", tests);
}
