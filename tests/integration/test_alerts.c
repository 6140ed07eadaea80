/* Who is told: filters, mutes, reminders; and what an event says. */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "incidents.h"

static void what_the_event_says(void **state) {
    (void)state;
    tell("[Account]", ALL);
    world_pull(0);
    break_it();
    assert_sql(
        "SELECT event #>> '{data,connection,name}', event #>> '{data,connection,id}',"
        " event #>> '{data,run_id}' = (SELECT id::text FROM runs ORDER BY started_at DESC LIMIT 1),"
        " event #>> '{data,incident,cause}', event #>> '{data,severity}', event #> '{data,url}',"
        " event ->> 'timestamp' ~ '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z$' FROM deliveries",
        "salesforce-prod|" SALESFORCE "|t|drift|breaking|null|t");
    assert_sql(
        "SELECT c ->> 'target', c ->> 'kind', c ->> 'field', c ->> 'attribute', c ->> 'old', c ->> 'new',"
        " c ->> 'rule', c ->> 'severity', (c ->> 'id')::bigint = (SELECT max(id) FROM changes)"
        " FROM deliveries, jsonb_array_elements(event #> '{data,changes}') c",
        "Account|field_changed|Industry|updateable|true|false|field-not-updateable|breaking|t");
    assert_sql("SELECT count(*) > 0, bool_and(s ? 'id' AND s ? 'name') FROM deliveries,"
               " jsonb_array_elements(event #> '{data,changes,0,affected_syncs}') s",
               "t|t");
    assert_contains(world_value("SELECT event #>> '{data,summary}' FROM deliveries"),
                    "1 breaking in salesforce-prod: Account.Industry updateable true → false. Syncs: ");
}

static void info_belongs_to_no_incident(void **state) {
    (void)state;
    tell("[Account]", ALL "  - {name: curious, min_severity: info, exec: [/bin/true]}\n");
    world_pull(0);
    SET("Industry", "'description': 'other'");
    world_pull(0);
    assert_sql(incidents, "");
    assert_sql(events, "curious|schema.drift|1|false");
    assert_sql("SELECT event #> '{data,incident}', event #>> '{data,severity}' FROM deliveries", "null|info");
    SET("Industry", "'description': 'another', 'updateable': false");
    world_pull(0);
    assert_sql(
        "SELECT alert, event #>> '{data,severity}', event #> '{data,incident}' = 'null' FROM deliveries"
        " ORDER BY number OFFSET 1",
        "curious|info|t\nall|breaking|f\ncurious|breaking|f");
}

static void an_ignored_rule_tells_nobody(void **state) {
    (void)state;
    configure(.targets = "[Account]", .drift = "rules: {field-not-updateable: ignore}",
              .more = "alerts:\n  - {name: curious, min_severity: info, exec: [/bin/true]}\n");
    world_pull(0);
    break_it();
    assert_sql("SELECT acknowledged_by FROM changes", "ignore");
    assert_sql("SELECT count(*) FROM deliveries", "0");
    assert_sql("SELECT count(*) FROM incidents", "0");
}

static void a_value_that_is_null_has_words_too(void **state) {
    (void)state;
    tell("[Account]", "  - {name: curious, min_severity: info, exec: [/bin/true]}\n");
    world_pull(0);
    SET("Industry", "'description': 'A'");
    world_pull(0);
    SET("Industry", "'description': null");
    SET("Phone", "'description': 'B'");
    world_pull(0);
    assert_contains(world_value("SELECT event #>> '{data,summary}' FROM deliveries ORDER BY number LIMIT 1"),
                    "Account.Industry description ");
    assert_contains(world_value("SELECT string_agg(event #>> '{data,summary}', ' ') FROM deliveries"),
                    "Account.Phone description ");
}

static void each_filter(void **state) {
    (void)state;
    tell("[Account, Contact]",
         "  - {name: a-breaking, min_severity: breaking, exec: [/bin/true]}\n"
         "  - {name: b-this, connections: [\"nobody\", \"salesforce-*\"], exec: [/bin/true]}\n"
         "  - {name: c-other, connections: [\"hubspot-*\"], exec: [/bin/true]}\n"
         "  - {name: d-contact, targets: [\"Con*\"], exec: [/bin/true]}\n"
         "  - {name: e-removed, kinds: [\"*_removed\"], exec: [/bin/true]}\n"
         "  - {name: f-rule, rules: [\"field-not-*able\"], exec: [/bin/true]}\n"
         "  - {name: g-mirror, events: [\"mirror.*\"], exec: [/bin/true]}\n"
         "  - {name: h-drift, events: [\"schema.drift\"], exec: [/bin/true]}\n");
    world_pull(0);
    SET("Industry", "'updateable': false");
    world_edit("{'op': 'field_remove', " CONTACT ", 'field': 'HasOptedOutOfEmail'}");
    world_pull(0);
    assert_sql("SELECT target_id, rule FROM changes WHERE severity >= 'warning' ORDER BY id",
               "Account|field-not-updateable\nContact|field-removed");
    assert_sql("SELECT alert, string_agg(c ->> 'target', ' ' ORDER BY c ->> 'target') FROM deliveries,"
               " jsonb_array_elements(event #> '{data,changes}') c"
               " WHERE c ->> 'severity' = 'breaking' OR alert <> 'a-breaking' GROUP BY 1 ORDER BY 1",
               world_text("a-breaking|%s\nb-this|Account Contact\nd-contact|Contact\ne-removed|Contact\n"
                          "f-rule|Account\nh-drift|Account Contact",
                          world_value("SELECT string_agg(target_id, ' ' ORDER BY target_id) FROM changes"
                                      " WHERE severity = 'breaking'")));
    world_sql("UPDATE changes SET acknowledged_at = clock_timestamp(), acknowledged_by = 'somebody'");
    world_pull(0);
    /* the end goes to those who were told: of the filters only events counts */
    assert_sql("SELECT alert FROM deliveries WHERE event ->> 'type' = 'schema.resolved' ORDER BY number",
               "a-breaking\nb-this\nd-contact\ne-removed\nf-rule");
}

static void what_is_muted_is_recorded_and_told_to_nobody(void **state) {
    (void)state;
    configure(.targets = "[Account, Contact]",
              .more =
                  "alerts:\n" ALL "mute:\n"
                  "  - {connections: [salesforce-prod], targets: [\"Acc*\"], rules: [field-not-updateable],"
                  " until: 2099-01-31, reason: test}\n");
    world_pull(0);
    SET("Industry", "'updateable': false");
    world_edit("{'op': 'field_remove', " CONTACT ", 'field': 'HasOptedOutOfEmail'}");
    world_pull(0);
    assert_sql("SELECT count(*) FROM changes WHERE incident_id IS NOT NULL", "2");
    assert_sql("SELECT count(*) FROM incidents", "1");
    assert_sql("SELECT event #>> '{data,changes_total}', event #>> '{data,changes,0,target}' FROM deliveries",
               "1|Contact");
    world_sql("UPDATE mute SET until = clock_timestamp() - interval '1 second'");
    SET("Website", "'updateable': false");
    world_pull(0);
    assert_sql("SELECT count(*) FROM deliveries", "2");
}

static void a_mute_of_all_rules_silences_the_mirror_too(void **state) {
    (void)state;
    static const char *const rules[] = {"[\"*\"]", "[\"field-*\", \"target-*\"]"};
    for (size_t i = 0; i < 2; i++) {
        world_fresh(state);
        configure(.targets = "[Account]",
                  .more =
                      world_text("alerts:\n" ALL "mute:\n  - {rules: %s, until: 2099-01-31}\n", rules[i]));
        world_pull(0);
        world_edit("{'op': 'fields_set', " ACCOUNT ", 'value': []}");
        world_pull(0);
        assert_sql("SELECT cause, state FROM incidents", "suspect|open");
        assert_sql("SELECT count(*) FROM deliveries", i == 0 ? "0" : "1");
    }
}

static void told_again_while_it_lasts(void **state) {
    (void)state;
    tell("[Account]", ALL "  - {name: often, repeat: 24h, exec: [/bin/true]}\n");
    world_pull(0);
    break_it();
    world_pull(0);
    assert_sql("SELECT count(*) FROM deliveries", "2");
    age("25 hours");
    world_pull(0);
    world_pull(0);
    assert_sql("SELECT alert, event ->> 'type', event #>> '{data,changes_total}' FROM deliveries"
               " WHERE event #> '{data,reminder}' = 'true'",
               "often|schema.drift|1");
    mend_it();
    age("25 hours");
    world_pull(0);
    assert_sql("SELECT count(*) FROM deliveries", "5"); /* both ends, and no reminder */
}

/* LISTEN schemasync_drift: one notification a run that recorded changes, with its commit. */
static void those_who_listen_are_notified(void **state) {
    (void)state;
    world_pull(0);
    PGconn *listener = PQconnectdb(world_text("dbname=%s", world_database()));
    assert_int_equal(PQstatus(listener), CONNECTION_OK);
    PQclear(PQexec(listener, "LISTEN schemasync_drift"));
    world_pull(0);
    SET("Industry", "'updateable': false, 'description': 'other'");
    world_pull(0);
    PQclear(PQexec(listener, "SELECT 1")); /* what has come is read with it */
    PGnotify *notify = PQnotifies(listener);
    assert_non_null(notify);
    assert_same(
        world_value("SELECT j ->> 'connection', j ->> 'severity', j ->> 'changes', (j ->> 'run_id')::uuid ="
                    " (SELECT run_id FROM changes LIMIT 1) FROM (SELECT '%s'::jsonb AS j) n",
                    notify->extra),
        "salesforce-prod|breaking|2|t");
    PQfreemem(notify);
    assert_null(PQnotifies(listener));
    PQfinish(listener);
}

static void an_event_has_its_limits(void **state) {
    (void)state;
    tell("[Account]", ALL);
    world_pull(0);
    char *names = alloc_strdup("");
    for (int i = 0; i < 60; i++) {
        char *longer =
            alloc_printf("%s%s{'op': 'field_add', " ACCOUNT ", 'value': {'id': 'F%d__c', 'name': 'F%d',"
                         " 'type': 'string', 'required': true, 'createable': true, 'description': '%0*d'}}",
                         names, i > 0 ? ", " : "", i, i, 3000, i);
        free(names);
        names = longer;
    }
    world_control_at(WORLD_HERE, "POST", "/_control/edit", "[%s]", names);
    free(names);
    SET("Industry", "'updateable': false");
    world_pull(0);
    assert_sql("SELECT octet_length(event::text) BETWEEN 15000 AND 20480, event #>> '{data,changes_total}',"
               " jsonb_array_length(event #> '{data,changes}') BETWEEN 5 AND 30 FROM deliveries",
               "t|61|t");
    assert_sql(
        "SELECT bool_and(octet_length((c -> 'new')::text) <= 1024 AND c -> 'truncated' = 'true'), count(*) > 4"
        " FROM deliveries, jsonb_array_elements(event #> '{data,changes}') c WHERE c ->> 'kind' = 'field_added'",
        "t|t");
    assert_sql("SELECT bool_and(c ->> 'severity' = 'breaking') FROM deliveries,"
               " jsonb_array_elements(event #> '{data,changes}') WITH ORDINALITY AS c (c, n) WHERE n = 1",
               "t");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        told_test(what_the_event_says),
        told_test(info_belongs_to_no_incident),
        told_test(an_ignored_rule_tells_nobody),
        told_test(a_value_that_is_null_has_words_too),
        told_test(each_filter),
        told_test(what_is_muted_is_recorded_and_told_to_nobody),
        told_test(a_mute_of_all_rules_silences_the_mirror_too),
        told_test(told_again_while_it_lasts),
        told_test(those_who_listen_are_notified),
        told_test(an_event_has_its_limits),
    };
    return world_run_tests("alerts", tests);
}
