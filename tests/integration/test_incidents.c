/* What people are told: incidents opened, grown, flapping and ended, whom the filters let through, and what
 * the events say. Every row of the table of decisions has a case in data/incident_actions.txt. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "world.h"

#define ACCOUNT "'connection': 'salesforce-prod', 'target': 'Account'"
#define CONTACT "'connection': 'salesforce-prod', 'target': 'Contact'"
/* A field of Account that an active sync writes. */
#define REMOVE(field)   world_edit("{'op': 'field_remove', " ACCOUNT ", 'field': '" field "'}")
#define SET(field, set) world_edit("{'op': 'field_set', " ACCOUNT ", 'field': '" field "', 'set': {" set "}}")

#define ALL "  - {name: all, exec: [/bin/true]}\n"

/* alerts: and these items, for these targets. */
static void tell(const char *targets, const char *alerts) {
    configure(.targets = targets, .more = world_text("alerts:\n%s", alerts));
}

static const char incidents[] =
    "SELECT coalesce(c.name, '*'), i.cause, i.severity, i.state, i.flapping, i.resolved_by FROM incidents i"
    " LEFT JOIN connections c ON c.id = i.connection_id ORDER BY i.opened_at, i.cause";
/* "ALERT|TYPE|CHANGES|REMINDER", in the order in which they were written. */
static const char events[] =
    "SELECT alert, event ->> 'type', event #>> '{data,changes_total}', event #>> '{data,reminder}'"
    " FROM deliveries ORDER BY number";

static void set_field(const char *field, const char *description) {
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': '%s', 'set': {'updateable': %s}}", field,
               description);
}

/* Opens, and ends by itself. */
static void break_it(void) {
    set_field("Industry", "false");
    world_pull(0);
}

static void mend_it(void) {
    set_field("Industry", "true");
    world_pull(0);
}

/* An hour passes for all that happened. */
static void age(const char *interval) {
    world_sql(
        "UPDATE incidents SET opened_at = opened_at - interval '%s', resolved_at = resolved_at - interval '%s',"
        " quiet_since = quiet_since - interval '%s'",
        interval, interval, interval);
    world_sql("UPDATE incident_told SET told_at = told_at - interval '%s'", interval);
}

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
        world_test(each_decision),
        world_test(told_once_and_told_when_it_is_over),
        world_test(what_the_event_says),
        world_test(what_joins_is_told_and_the_rest_is_not_told_again),
        world_test(info_belongs_to_no_incident),
        world_test(an_ignored_rule_tells_nobody),
        world_test(each_filter),
        world_test(what_is_muted_is_recorded_and_told_to_nobody),
        world_test(a_mute_of_all_rules_silences_the_mirror_too),
        world_test(many_fields_lost_at_once),
        world_test(fewer_are_drift),
        world_test(a_mass_removal_and_how_it_ends),
        world_test(a_mass_removal_that_was_none),
        world_test(failures_are_told_from_the_third),
        world_test(or_when_they_last_half_an_hour),
        world_test(a_connection_that_fails_as_a_whole),
        world_test(a_refused_key_is_one_event_for_all),
        world_test(a_401_that_the_key_does_not_confirm_is_the_connections_own),
        world_test(an_api_that_is_away_is_one_event_for_all),
        world_test(the_third_of_a_day_flaps),
        world_test(what_people_end_does_not_flap),
        world_test(told_again_while_it_lasts),
        world_test(what_is_managed_no_more),
        world_test(those_who_listen_are_notified),
        world_test(an_event_has_its_limits),
    };
    return world_run_tests("incidents", tests);
}
