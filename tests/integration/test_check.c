/* What check says of a configuration, and online of all that it names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world.h"

#define CHECK(expected)        world_run(expected, "check")
#define CHECK_ONLINE(expected) world_run(expected, "check", "--online")

/* Offline */

static void offline_asks_nothing_and_reads_no_secret(void **state) {
    (void)state;
    configure(.targets = "[Account, {include: \"*__c\"}]", .auth = "{bearer: {env: NOT_SET_ANYWHERE}}",
              .every = "30m",
              .more = "heartbeat: {url: {file: /nowhere/ping}}\n"
                      "alerts:\n"
                      "  - {name: chat, slack: {url: {credential: slack-url}}}\n"
                      "  - {name: local, exec: [/nowhere/page]}\n"
                      "mute:\n"
                      "  - {connections: [x], until: 2020-01-01}\n");
    world_forget_requests();
    const char *output = world_run(0, "--database", "host=/nowhere", "check");
    assert_contains(output, "is in order: 1 connection with 2 target items, 2 alerts");
    assert_contains(output, "mute[0] is over");
    assert_contains(output, "environment variable NOT_SET_ANYWHERE");
    assert_contains(output, "credential slack-url");
    assert_contains(output, "file /nowhere/ping");
    assert_contains(output, "is taken to need");
    assert_int_equal(world_requests("*"), 0);
}

/* 48 runs a day: each refreshes (1 + 6 requests), asks for connection and syncs (2), lists (1) and fetches
 * one target. */
static void the_cost_stands_in_a_table(void **state) {
    (void)state;
    configure(.every = "30m", .connections =
                                  CONNECTION("salesforce-prod", SALESFORCE, "[Account, {include: \"*__c\"}]")
                                      CONNECTION("hubspot", HUBSPOT, "[{id: contacts, every: 1d}]"));
    const char *output = CHECK(0);
    assert_contains(output, "CONNECTION       RUNS A DAY  REFRESHES  REQUESTS  EACH TARGET MORE");
    assert_contains(output, "salesforce-prod          48         48       528  +48 requests\n");
    assert_contains(output, "hubspot                 1.0        1.0        10\n");
    assert_contains(output, "in sum                   49         49       538\n");
}

static void all_mistakes_are_told_at_once(void **state) {
    (void)state;
    world_configure_raw("api: {auth: {bearer: {env: K}}, retrys: 3}\n"
                        "connections:\n"
                        "  - {name: a, id: nonsense, targets: [Account]}\n");
    const char *output = CHECK(78);
    assert_contains(output, ":1:33: api.retrys: ");
    assert_contains(output, ":3:19: connections[0].id: ");
    assert_contains_not(output, "is in order");
    /* seventy others, each with what would be right */
    output = world_run(78, "--config", "tests/unit/core/config/faulty.yaml", "check");
    FILE *file = fopen("tests/unit/core/config/faulty.expected", "re");
    assert_non_null(file);
    size_t count = 0;
    for (char line[1000]; fgets(line, sizeof(line), file); count++)
        assert_contains(output, line);
    fclose(file);
    assert_true(count >= 20);
    world_run(64, "check", "--offline");
    world_run(64, "check", "it");
}

/* Secrets */

static void secrets_are_read_and_none_is_shown(void **state) {
    (void)state;
    const char *path = world_text("%s/hook", world_directory());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("http://hooks.example.com/T0P-S3CRET\n", file);
    fclose(file);
    configure(.more = world_text(
                  "alerts:\n"
                  "  - {name: plain, slack: {url: {file: %s}}}\n"
                  "  - {name: far, webhook: {url: {credential: hook-url}, secret: {env: NOT_SET}}}\n"
                  "  - {name: page, exec: [/nowhere/page]}\n"
                  "  - {name: cat, exec: [/bin/cat]}\n",
                  path));
    const char *output = CHECK_ONLINE(78);
    assert_contains(output, "  ok      API key of salesforce-prod: environment variable SIMULATOR_KEY");
    assert_contains(output, "  FAILED  alert plain, URL: file ");
    assert_contains(output, "plain http is refused");
    assert_contains(output, "  FAILED  alert far, URL: credential hook-url cannot be read");
    assert_contains(output, "LoadCredential=");
    assert_contains(output, "  FAILED  alert far, signing secret: environment variable NOT_SET is not set");
    assert_contains(output, "  FAILED  alert page: /nowhere/page cannot be run");
    assert_contains(output, "  ok      alert cat: /bin/cat can be run");
    assert_contains(output, "4 findings to be put right");
    assert_contains_not(output, "T0P-S3CRET");
}

/* The one key that cannot be read is told of once; the other connection is looked at. */
static void a_key_that_cannot_be_read_is_told_once(void **state) {
    (void)state;
    configure(.connections = CONNECTION("salesforce-prod", SALESFORCE, "[Account]") //
              "  - {name: hubspot, id: " HUBSPOT
              ", targets: [contacts], api: {auth: {bearer: {env: NOT_SET}}}}\n");
    const char *output = CHECK_ONLINE(78);
    assert_contains(output, "  FAILED  API key of hubspot: environment variable NOT_SET is not set");
    assert_contains(output, "1 finding to be put right");
    assert_contains(output, "connection hubspot\n  note    not asked");
    assert_contains(output, "1 of 1 target named by id is listed");
}

/* The API */

static void all_in_order_is_said(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead, {include: \"*__c\", exclude: [\"Tmp*\"]}, {synced: true}]");
    world_forget_requests();
    const char *output = CHECK_ONLINE(0);
    assert_contains(output, "  ok      the key works: revops@example.com");
    assert_contains(output, "  ok      salesforce-prod (Salesforce), healthy");
    assert_contains(output, "  ok      2 of 2 targets named by id are listed");
    assert_contains(output, "  ok      include *__c: 3 targets");
    assert_contains(output, "all is in order");
    assert_contains_not(output, "FAILED");
    assert_int_equal(world_requests("GET */me*"), 1);
    assert_int_equal(world_requests("POST *"), 0);
    assert_int_equal(world_requests("*"), 3);
}

static void a_key_is_asked_for_once(void **state) {
    (void)state;
    configure(.connections = CONNECTION("salesforce-prod", SALESFORCE, "[Account]") CONNECTION(
                  "hubspot", HUBSPOT, "[contacts]") CONNECTION("warehouse", WAREHOUSE, "[public.customers]"));
    world_forget_requests();
    assert_contains(CHECK_ONLINE(0), "API key of salesforce-prod and 2 more");
    assert_int_equal(world_requests("GET */me*"), 1);
}

static void a_refused_key_is_77(void **state) {
    (void)state;
    world_faults("{'path': '*', 'status': 401}");
    const char *output = CHECK_ONLINE(77);
    assert_contains(output, "FAILED  GET /api/me: status 401");
    assert_contains(output, "connection salesforce-prod\n  note    not asked");
}

static void an_api_that_is_away_is_69(void **state) {
    (void)state;
    configure(.base_url = "http://127.0.0.1:1");
    assert_contains(CHECK_ONLINE(69), "api.base_url");
}

static void what_fails_differently_is_1(void **state) {
    (void)state;
    configure(.base_url = "http://127.0.0.1:1",
              .connections = CONNECTION(
                  "salesforce-prod", SALESFORCE,
                  "[Account]") "  - {name: nowhere, id: 00000000-0000-4000-8000-0000000000ff, targets: [x],"
                               " api: {base_url: \"http://127.0.0.1:2\"}}\n");
    world_run(69, "check", "--online");
    configure(.connections = CONNECTION("nowhere", "00000000-0000-4000-8000-0000000000ff", "[Account]"));
    const char *output = CHECK_ONLINE(1);
    assert_contains(output, "the key sees no such connection");
    world_run(1, "--database", "host=/nowhere", "check", "--online");
}

static void a_connection_that_is_not_healthy_fails_unless_nothing_is_refreshed(void **state) {
    (void)state;
    configure(.connections = CONNECTION("sandbox", SANDBOX, "[Account]"));
    assert_contains(CHECK_ONLINE(1), "is not healthy: status unhealthy: expired access/refresh token");
    configure(.refresh = "never", .connections = CONNECTION("sandbox", SANDBOX, "[Account]"));
    assert_contains(CHECK_ONLINE(0), "  note    salesforce-sandbox (Salesforce) is not healthy");
}

static void a_target_that_is_not_listed_is_asked_for(void **state) {
    (void)state;
    configure(.targets = "[Account, Contcat, Lead]");
    world_edit(
        "{'op': 'list_set', 'connection': 'salesforce-prod', 'target': 'Lead', 'listed': false, 'cached': true}");
    const char *output = CHECK_ONLINE(1);
    assert_contains(output, "  ok      1 of 3 targets named by id is listed");
    assert_contains(
        output,
        "  FAILED  target Contcat: not listed, and its fields answer 404: a misspelt id? Did you mean 'Contact'");
    assert_contains(output, "  note    target Lead: not listed, but its fields answer (25)");
}

static void an_include_that_takes_nothing_is_noted(void **state) {
    (void)state;
    configure(.targets = "[Account, {include: \"Zz*\"}, {include: Account}]");
    const char *output = CHECK_ONLINE(0);
    assert_contains(output, "  note    include Zz*: no target now; ");
    assert_contains(
        output,
        "  note    include Account: no target now (all that match are excluded, or named by an earlier item)");
}

static void foreign_words_are_made_harmless(void **state) {
    (void)state;
    world_edit("{'op': 'connection_set', 'connection': 'salesforce-prod',"
               " 'set': {'name': 'a\\u001b[31mb\\nFAILED c'}}");
    const char *output = CHECK_ONLINE(0);
    assert_contains(output, "  ok      a?[31mb?FAILED c (Salesforce), healthy");
}

static void an_answer_of_another_shape_is_a_finding(void **state) {
    (void)state;
    world_faults("{'path': '*/targetobjects', 'body': {'data': {}}}");
    assert_contains(CHECK_ONLINE(1), "FAILED  its targets: data is not a list");
    world_clear_faults();
    world_faults("{'path': '*/api/me', 'body': {}}");
    assert_contains(CHECK_ONLINE(0), "note    the key works; whose it is is not said");
}

/* Targets that are not created yet */

#define FACEBOOK_NEW(inputs) CONNECTION("facebook-ads", FACEBOOK, "[{new: " inputs ", label: fb}]")

static void a_new_target_is_tried(void **state) {
    (void)state;
    configure(.connections = FACEBOOK_NEW("{account: act_1234567, name: n}"));
    assert_contains(CHECK_ONLINE(0), "  ok      new target fb: its inputs are taken, 16 fields");
}

static void wrong_inputs_are_named_with_what_there_is(void **state) {
    (void)state;
    configure(.connections = FACEBOOK_NEW("{acount: act_1234567, name: n}"));
    const char *output = CHECK_ONLINE(1);
    assert_contains(output, "  FAILED  new target fb: unknown input 'acount'; there is account, name");
    assert_contains(output, "  note    new target fb: the input account is not given");
    configure(.connections = FACEBOOK_NEW("{account: [act_1234567, act_1], name: n}"));
    output = CHECK_ONLINE(1);
    assert_contains(output, "account cannot be 'act_1'; there is act_1234567, act_7654321");
    assert_contains_not(output, "account cannot be 'act_1234567'");
}

/* The warehouse's listing does not hold the values of `schema`. */
static void values_that_stand_elsewhere_are_asked_for(void **state) {
    (void)state;
    configure(.connections =
                  CONNECTION("warehouse", WAREHOUSE, "[{new: {schema: public, name: t}, label: t}]"));
    world_forget_requests();
    assert_contains(CHECK_ONLINE(0), "new target t: its inputs are taken, 0 fields");
    assert_int_equal(world_requests("GET */targetobjects/properties/schema*"), 1);
    configure(.connections =
                  CONNECTION("warehouse", WAREHOUSE, "[{new: {schema: pblic, name: t}, label: t}]"));
    assert_contains(CHECK_ONLINE(1),
                    "new target t: schema cannot be 'pblic'; there is public, analytics, staging");
}

static void a_connection_that_creates_nothing_says_so(void **state) {
    (void)state;
    configure(.connections = CONNECTION("hubspot", HUBSPOT, "[{new: {name: t}, label: t}]"));
    assert_contains(CHECK_ONLINE(1), "new target t: this connection cannot create targets");
}

/* The database */

static void a_database_without_a_schema_is_fine_where_it_may_be_made(void **state) {
    (void)state;
    world_sql("DROP SCHEMA schemasync CASCADE");
    assert_contains(CHECK_ONLINE(77), "the role may not create the schema");
    configure(.role = "");
    const char *output = CHECK_ONLINE(0);
    assert_contains(output, "  note    there is no schema yet; ");
    assert_contains(output, "  ok      the role may create the schema");
    assert_sql("SELECT to_regnamespace('schemasync') IS NULL", "t");
    configure(.database = "migrate: check", .role = "");
    assert_contains(CHECK_ONLINE(78), "run 'schemasyncd migrate'");
}

static void a_schema_of_this_version_is_fine(void **state) {
    (void)state;
    const char *output = CHECK_ONLINE(0);
    assert_contains(output, "as this program needs it");
    assert_contains(output, "  ok      the role may read and write all tables");
}

static void a_newer_schema_is_78(void **state) {
    (void)state;
    world_sql("INSERT INTO schema_migrations (version, name) VALUES (9999, 'later')");
    world_faults("{'path': '*', 'status': 401}");
    assert_contains(CHECK_ONLINE(78), "install a newer schemasyncd");
}

static void an_older_schema_says_what_is_to_come(void **state) {
    (void)state;
    world_sql("UPDATE schema_migrations SET version = version - 1000");
    assert_contains(CHECK_ONLINE(77), "the role may not create tables in the schema");
    configure(.role = "");
    const char *output = CHECK_ONLINE(0);
    assert_contains(output, "'run' and 'pull' do it");
    assert_contains(output, "  ok      the role may change the schema");
}

static void a_database_that_is_away_is_69(void **state) {
    (void)state;
    const char *output = world_run(69, "--database", "host=/nowhere dbname=x", "check", "--online");
    assert_contains(output, "does the server run");
    assert_contains(output, "1 of 1 target named by id is listed");
}

/* Without a word on the database libpq's defaults count: here the PG* variables of the cluster. */
static void a_configuration_may_leave_the_database_out(void **state) {
    (void)state;
    world_configure_raw(world_text("api: {base_url: \"%s\", auth: {bearer: {env: SIMULATOR_KEY}}}\n"
                                   "connections:\n"
                                   "  - {name: salesforce-prod, id: " SALESFORCE ", targets: [Account]}\n",
                                   world_url()));
    assert_contains(CHECK_ONLINE(0), "  ok      connected to database ");
}

#define ADVICE "GRANT schemasync_daemon TO check_"

/* A role of its own, with the rights that a statement gives; the schema belongs to somebody else. */
static const char *check_as(int expected, const char *role) {
    const char *conninfo = world_text("dbname=%s user=%s", world_database(), role);
    return world_run(expected, "--database", conninfo, "check", "--online");
}

static void make_role(const char *role) {
    world_sql("DO $$ BEGIN IF to_regrole('%s') IS NULL THEN CREATE ROLE %s LOGIN; END IF; END $$", role,
              role);
}

static void rights_that_lack_are_named_with_the_grant(void **state) {
    (void)state;
    make_role("check_reader");
    world_sql("DROP SCHEMA schemasync CASCADE");
    world_sql("REVOKE CREATE, TEMPORARY ON DATABASE %s FROM PUBLIC", world_database());
    const char *output = check_as(77, "check_reader");
    assert_contains(output, "the role may not create the schema: GRANT CREATE ON DATABASE");
    assert_contains(output, "GRANT TEMPORARY ON DATABASE");
    world_sql("GRANT TEMPORARY ON DATABASE %s TO check_reader", world_database());

    configure(.role = "");
    world_run(0, "migrate");
    assert_contains(check_as(77, "check_reader"), "the role may not use the schema: " ADVICE);
    world_sql("GRANT USAGE ON SCHEMA schemasync TO check_reader");
    world_sql("GRANT SELECT ON ALL TABLES IN SCHEMA schemasync TO check_reader");
    output = check_as(77, "check_reader");
    assert_contains(output, "the role may not read and write acknowledgements, ");
    assert_contains(output, "workers: " ADVICE); /* not schema_migrations */
    assert_contains(output, "the role may not call all functions: " ADVICE);
    world_sql("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA schemasync TO check_reader");
    world_sql("REVOKE UPDATE, DELETE ON acknowledgements FROM check_reader");
    world_sql("CREATE SEQUENCE schemasync.another");
    assert_contains(check_as(77, "check_reader"), "the role may not use all sequences: " ADVICE);
    world_sql("GRANT USAGE ON ALL SEQUENCES IN SCHEMA schemasync TO check_reader");
    world_sql("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA schemasync TO check_reader");
    world_sql("REVOKE EXECUTE ON FUNCTION grant_rights() FROM check_reader");
    assert_contains(check_as(0, "check_reader"), "  ok      the role may read and write all tables");
    world_sql("UPDATE schema_migrations SET version = version - 1000");
    assert_contains(check_as(77, "check_reader"), "GRANT USAGE, CREATE ON SCHEMA schemasync");
    world_sql("GRANT CREATE ON SCHEMA schemasync TO check_reader");
    assert_contains(check_as(77, "check_reader"), "the schema's tables belong to ");
}

/* What check advises is enough: a pull with those very rights. */
static void the_role_that_it_advises_is_enough(void **state) {
    (void)state;
    make_role("check_writer");
    world_sql("REVOKE schemasync_daemon FROM check_writer");
    assert_contains(check_as(77, "check_writer"), ADVICE);
    world_sql("GRANT schemasync_daemon TO check_writer");
    const char *conninfo = world_text("dbname=%s user=check_writer", world_database());
    check_as(0, "check_writer");
    world_run(0, "--database", conninfo, "pull");
    world_edit("{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Phone',"
               " 'set': {'required': true}}");
    world_run(0, "--database", conninfo, "pull");
    assert_changes("Account|field_changed|Phone|required|false|true");
    world_sql("REVOKE schemasync_daemon FROM check_writer");
    assert_contains(check_as(77, "check_writer"), ADVICE);
}

static void a_standby_is_told(void **state) {
    (void)state;
    make_role("check_standby");
    world_sql("ALTER ROLE check_standby SET default_transaction_read_only = on");
    assert_contains(check_as(1, "check_standby"), "it takes no writes");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(offline_asks_nothing_and_reads_no_secret),
        world_test(the_cost_stands_in_a_table),
        world_test(all_mistakes_are_told_at_once),
        world_test(secrets_are_read_and_none_is_shown),
        world_test(a_key_that_cannot_be_read_is_told_once),
        world_test(all_in_order_is_said),
        world_test(a_key_is_asked_for_once),
        world_test(a_refused_key_is_77),
        world_test(an_api_that_is_away_is_69),
        world_test(what_fails_differently_is_1),
        world_test(a_connection_that_is_not_healthy_fails_unless_nothing_is_refreshed),
        world_test(a_target_that_is_not_listed_is_asked_for),
        world_test(an_include_that_takes_nothing_is_noted),
        world_test(foreign_words_are_made_harmless),
        world_test(an_answer_of_another_shape_is_a_finding),
        world_test(a_new_target_is_tried),
        world_test(wrong_inputs_are_named_with_what_there_is),
        world_test(values_that_stand_elsewhere_are_asked_for),
        world_test(a_connection_that_creates_nothing_says_so),
        world_test(a_database_without_a_schema_is_fine_where_it_may_be_made),
        world_test(a_schema_of_this_version_is_fine),
        world_test(a_newer_schema_is_78),
        world_test(an_older_schema_says_what_is_to_come),
        world_test(a_database_that_is_away_is_69),
        world_test(a_configuration_may_leave_the_database_out),
        world_test(rights_that_lack_are_named_with_the_grant),
        world_test(the_role_that_it_advises_is_enough),
        world_test(a_standby_is_told),
    };
    return world_run_tests("check", tests);
}
