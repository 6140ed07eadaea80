/* The command pull: what it takes, what it prints, how it ends, and whose turn it is. */
#include "world.h"

#include <signal.h>
#include <stdlib.h>

#define ACCOUNT "'connection': 'salesforce-prod', 'target': 'Account'"
#define BOTH \
    CONNECTION("salesforce-prod", SALESFORCE, "[Account, Lead]") CONNECTION("hubspot", HUBSPOT, "[contacts]")

static const char fetches[] = "GET */target/fields?*";

/* All that the database holds. */
static const char *everything(void) {
    return world_value(
        "SELECT md5(string_agg(x, '~' ORDER BY x)) FROM (SELECT c::text FROM connections c UNION ALL SELECT t::text FROM target_state t"
        " UNION ALL SELECT f::text FROM field_version f UNION ALL SELECT v::text FROM target_version v"
        " UNION ALL SELECT h::text FROM changes h UNION ALL SELECT r::text FROM runs r"
        " UNION ALL SELECT g::text FROM configuration g) AS s (x)");
}

static void change_phone(void) {
    world_edit("{'op': 'field_set', " ACCOUNT
               ", 'field': 'Phone', 'set': {'type': 'number'}, 'cached': true}");
}

static void it_says_what_it_did(void **state) {
    (void)state;
    configure(.connections = BOTH);
    const char *output = world_pull(0);
    assert_contains(output, "salesforce-prod: 2 targets: 2 mirrored for the first time; 0 changes");
    assert_contains(output, "hubspot: 1 target: 1 mirrored for the first time; 0 changes");
    assert_contains(output, "2 connections, 3 targets, 0 changes, 0 failures");
    change_phone();
    output = world_pull(0);
    assert_contains(output, "salesforce-prod Account: field_changed Phone type: \"string\" → \"number\"");
    assert_contains(output, "1 unchanged, 1 changed; 1 change;");
    assert_contains_not(output, "\033["); /* no colours, no bar: this is no terminal */
    assert_contains_not(output, "\r");
}

static void it_takes_what_is_named(void **state) {
    (void)state;
    configure(.connections = BOTH);
    world_pull(0, "--connection", "hubspot");
    assert_sql("SELECT target_id FROM targets WHERE state = 'present'", "contacts");
    world_pull(0, "--connection", "salesforce-prod", "--target", "Lead");
    assert_sql("SELECT target_id FROM targets WHERE state = 'present' ORDER BY 1", "Lead\ncontacts");
    world_forget_requests();
    world_pull(0, "--target", "Account", "--target=contacts");
    assert_int_equal(world_requests(fetches), 2);
    assert_sql("SELECT count(*) FROM targets WHERE state = 'present'", "3");
    assert_sql("SELECT count(*) FROM runs WHERE trigger = 'manual' AND outcome = 'ok'", "4");
}

/* Whatever the schedule says: it does not wait for what is due. */
static void it_looks_whatever_the_schedule_says(void **state) {
    (void)state;
    configure(.targets = "[Account, {id: Lead, every: 6h}]", .every = "30m");
    world_pull(0);
    assert_sql(
        "SELECT target_id, next_due_at BETWEEN clock_timestamp() AND clock_timestamp() + interval '6 h', schedule_interval"
        " FROM target_state ORDER BY 1",
        "Account|t|00:30:00\nLead|t|06:00:00");
    world_forget_requests();
    world_pull(0);
    assert_int_equal(world_requests(fetches), 2);
}

static void wrong_usage_is_64(void **state) {
    (void)state;
    assert_contains(world_pull(64, "--nonsense"), "nonsense");
    assert_contains(world_pull(64, "Account"), "Account");
    assert_contains(world_pull(64, "--connection"), "connection");
    assert_contains(world_pull(64, "--connection", "salesforce-prd"), "salesforce-prod");
    assert_int_equal(world_requests("*"), 0);
    assert_contains(world_pull(64, "--target", "Acount"), "Acount");
}

static void a_faulty_configuration_is_78(void **state) {
    (void)state;
    world_configure_raw("api: {auth: {bearer: {env: X}}}\nconections: []\n");
    const char *output = world_pull(78);
    assert_contains(output, "schemasyncd.yaml:2:1: conections: ");
    assert_int_equal(world_requests("*"), 0);
    setenv("SCHEMASYNCD_CONFIG", "/nowhere/schemasyncd.yaml", 1);
    assert_contains(world_pull(78), "/nowhere/schemasyncd.yaml");
    setenv("SCHEMASYNCD_CONFIG", world_text("%s/schemasyncd.yaml", world_directory()), 1);
}

static void another_schema_is_78(void **state) {
    (void)state;
    world_sql("DROP SCHEMA schemasync CASCADE");
    configure(.role = "");
    world_pull(78, "--dry-run"); /* none at all, which it may not make */
    assert_sql("SELECT to_regnamespace('schemasync')", "-");
    configure(.database = "migrate: check", .role = "");
    world_pull(78);
    assert_sql("SELECT to_regnamespace('schemasync')", "-");
    configure(.targets = NULL);
    assert_contains(world_pull(77), "permission denied"); /* who is not the owner makes none */
    configure(.role = "");
    world_pull(0);
    configure(.database = "migrate: check");
    world_pull(0);
    world_sql("INSERT INTO schema_migrations (version, name) VALUES (9999, 'of the future')");
    assert_contains(world_pull(78), "newer");
    configure(.targets = NULL);
    assert_contains(world_pull(78), "newer");
    assert_contains(world_pull(78, "--dry-run"), "newer");
    assert_sql("SELECT count(*) FROM runs", "2");
}

static void another_configuration_than_a_living_daemons_is_78(void **state) {
    (void)state;
    world_pull(0);
    world_sql(
        "INSERT INTO workers (worker, digest, seen_at) VALUES ('elsewhere/1', '\\x00', clock_timestamp())");
    assert_contains(world_pull(78), "elsewhere/1");
    assert_sql("SELECT count(*) FROM runs", "1");
    world_sql("UPDATE workers SET seen_at = seen_at - interval '61 s'");
    world_pull(0);
    /* of the same configuration there may be many */
    world_sql("UPDATE workers SET seen_at = clock_timestamp(), digest = (SELECT digest FROM configuration)");
    world_pull(0);
}

static void a_refused_key_is_77(void **state) {
    (void)state;
    configure(.connections = BOTH);
    setenv("SIMULATOR_KEY", "wrong-key", 1);
    const char *output = world_pull(77);
    assert_contains(output, "401");
    assert_contains_not(output, "wrong-key");
    assert_sql("SELECT count(*) FROM runs WHERE outcome = 'failed' AND error LIKE '%401%'", "2");
}

static void a_missing_right_of_some_is_77_and_with_others_1(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_faults("{'path': '*/target/fields', 'query': '*target=Account*', 'status': 403}");
    world_pull(77);
    assert_sql("SELECT target_id, state FROM targets ORDER BY 1", "Account|pending\nLead|present");
    world_faults("{'path': '*/target/fields', 'query': '*target=Lead*', 'status': 500}");
    world_pull(1);
}

static void a_missing_right_in_the_database_is_77(void **state) {
    (void)state;
    world_pull(0);
    world_sql(
        "DO $$BEGIN CREATE ROLE schemasync_test_nobody LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$");
    const char *database = world_text("dbname=%s user=schemasync_test_nobody", world_database());
    world_run(77, "--database", database, "pull");
    assert_sql("SELECT count(*) FROM runs", "1");
}

static void out_of_reach_is_69(void **state) {
    (void)state;
    configure(.base_url = "http://127.0.0.1:1");
    assert_contains(world_pull(69), "127.0.0.1:1");
    assert_sql("SELECT outcome FROM runs", "failed");
    configure(.connections = "  - {name: a, id: " SALESFORCE
                             ", targets: [Account], api: {base_url: \"http://127.0.0.1:1\"}}\n"
                             "  - {name: b, id: " HUBSPOT ", targets: [contacts]}\n");
    world_pull(1); /* one of two */
}

static void a_database_out_of_reach_is_69(void **state) {
    (void)state;
    world_run(69, "--database", "host=/nowhere dbname=x connect_timeout=1", "pull");
    assert_int_equal(world_requests("*"), 0);
}

static void drift_is_3_when_asked(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]");
    world_pull(0, "--exit-code");
    change_phone();
    world_pull(3, "--dry-run", "--exit-code");
    world_pull(3, "--exit-code");
    world_pull(0, "--exit-code");
    change_phone();
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'decimal'}}");
    world_faults("{'path': '*/target/fields', 'query': '*target=Lead*', 'status': 500}");
    world_pull(1, "--exit-code"); /* a failure goes before it */
    assert_sql("SELECT count(*) FROM changes", "2");
}

static void a_dry_run_prints_and_writes_nothing(void **state) {
    (void)state;
    configure(.targets = "[{include: \"*__c\"}, Account]");
    world_pull(0);
    const char *before = everything();
    world_edit(
        "[{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'set': {'type': 'number'}, 'cached': true},"
        " {'op': 'field_remove', " ACCOUNT ", 'field': 'Rating', 'cached': true},"
        " {'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Usage__c', 'id': 'Extra__c', 'name': 'Extra', 'cached': true}]");
    world_forget_requests();
    const char *output = world_pull(0, "--dry-run");
    assert_contains(output, "Account: field_changed Phone type: \"string\" → \"number\"");
    assert_contains(output, "Account: field_removed Rating");
    assert_contains(output, "1 would be mirrored for the first time");
    assert_same(everything(), before);
    assert_int_equal(world_requests("POST *"), 0);
    assert_int_equal(world_requests("*refresh=true*"), 0);
    /* another configuration too: it is compared, not loaded */
    configure(.targets = "[Account, Lead]");
    world_pull(0, "--dry-run");
    assert_same(everything(), before);
    world_faults("{'path': '*/target/fields', 'status': 500}");
    world_pull(1, "--dry-run");
    assert_same(everything(), before);
}

/* All changes of a dry run are printed: they stand nowhere else. */
static void a_dry_run_prints_all(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'fields_set_all', " ACCOUNT ", 'set': {'type': 'json'}, 'cached': true}");
    const char *output = world_pull(0, "--dry-run");
    assert_contains(output, "AccountNumber type");
    assert_contains(output, "Website type");
    assert_contains(world_pull(0), "and 11 more changes: schemasyncd drift --connection salesforce-prod");
}

/* The lease */

/* Until a pull has asked for the lease, and has its answer. */
static void await_claim(void) {
    world_await(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND query LIKE '%%claim_connection%%' AND state = 'idle')");
}

static void it_waits_while_another_works_on_the_connection(void **state) {
    (void)state;
    world_pull(0);
    world_sql(
        "UPDATE connections SET lease_owner = 'another', lease_expires_at = clock_timestamp() + interval '60 s', lease_token = lease_token + 1");
    world_forget_requests();
    struct world_process *pull = world_start("pull");
    await_claim();
    assert_int_equal(world_requests("*"), 0);
    assert_sql("SELECT lease_owner, (SELECT count(*) FROM runs) FROM connections", "another|1");
    world_sql("UPDATE connections SET lease_owner = NULL, lease_expires_at = NULL");
    assert_contains(world_wait(pull, 0), "another process works on it, waiting");
    assert_sql("SELECT count(*), count(*) FILTER (WHERE outcome = 'ok') FROM runs", "2|2");
    assert_sql("SELECT lease_owner, lease_expires_at FROM connections", "-|-");
}

static void a_lease_that_has_run_out_is_taken(void **state) {
    (void)state;
    world_pull(0);
    world_sql(
        "UPDATE connections SET lease_owner = 'another', lease_expires_at = clock_timestamp() - interval '1 ms', lease_token = 41");
    world_pull(0);
    assert_sql("SELECT lease_owner, lease_token FROM connections", "-|42");
}

static void a_dry_run_takes_no_lease(void **state) {
    (void)state;
    world_pull(0);
    world_sql(
        "UPDATE connections SET lease_owner = 'another', lease_expires_at = clock_timestamp() + interval '60 s'");
    const char *before = everything();
    world_pull(0, "--dry-run");
    assert_same(everything(), before);
}

/* A pull in the background that waits for its first answer. */
static struct world_process *start_slow_pull(void) {
    world_forget_requests();
    world_faults("{'path': '*/target/fields', 'times': 1, 'delay_ms': 1500}");
    struct world_process *pull = world_start("pull");
    world_await_requests(fetches, 1);
    return pull;
}

static void whoever_lost_the_lease_records_nothing(void **state) {
    (void)state;
    world_pull(0);
    change_phone();
    const char *mirror = world_mirror();
    struct world_process *pull = start_slow_pull();
    world_sql("UPDATE connections SET lease_owner = 'another', lease_token = lease_token + 1");
    assert_contains(world_wait(pull, 1), "the lease was taken over");
    assert_same(world_mirror(), mirror);
    assert_changes("");
    assert_sql("SELECT lease_owner, consecutive_failures FROM connections", "another|0");
    assert_sql(
        "SELECT (SELECT count(*) FROM staged_target), (SELECT count(*) FROM staged_field), (SELECT count(*) FROM staged_change)",
        "0|0|0");
    world_sql("UPDATE connections SET lease_expires_at = clock_timestamp()");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|type|\"string\"|\"number\"");
    assert_sql("SELECT outcome, error FROM runs ORDER BY started_at", "ok|-\nfailed|abandoned\nok|-");
}

/* The same of a first snapshot, which is written on the way. */
static void whoever_lost_the_lease_writes_no_baseline(void **state) {
    (void)state;
    configure(.targets = "[Lead]");
    world_pull(0);
    configure(.targets = "[Lead, Account]");
    world_forget_requests();
    world_faults("{'path': '*/target/fields', 'query': '*Account*', 'times': 1, 'delay_ms': 1500}");
    struct world_process *pull = world_start("pull");
    world_await_requests("GET */target/fields?*Account*", 1);
    world_sql("UPDATE connections SET lease_owner = 'another', lease_token = lease_token + 1");
    world_wait(pull, 1);
    assert_sql(
        "SELECT state, (SELECT count(*) FROM fields WHERE target_id = 'Account') FROM targets WHERE target_id = 'Account'",
        "pending|0");
}

static void what_a_killed_pull_leaves_is_an_abandoned_run(void **state) {
    (void)state;
    world_pull(0);
    change_phone();
    struct world_process *pull = start_slow_pull();
    world_signal(pull, SIGKILL);
    world_wait(pull, 128 + SIGKILL);
    assert_sql("SELECT count(*) FILTER (WHERE finished_at IS NULL) FROM runs", "1");
    world_sql("UPDATE connections SET lease_expires_at = clock_timestamp()");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|type|\"string\"|\"number\"");
    assert_sql("SELECT outcome, error FROM runs ORDER BY started_at", "ok|-\nfailed|abandoned\nok|-");
    assert_sql("SELECT consecutive_failures FROM connections", "0");
}

static void a_pull_that_is_stopped_records_nothing_and_no_failure(void **state) {
    (void)state;
    world_pull(0);
    change_phone();
    const char *mirror = world_mirror();
    struct world_process *pull = start_slow_pull();
    world_signal(pull, SIGTERM);
    world_wait(pull, 1);
    assert_same(world_mirror(), mirror);
    assert_changes("");
    assert_sql("SELECT outcome FROM runs ORDER BY started_at DESC LIMIT 1", "cancelled");
    assert_sql(
        "SELECT consecutive_failures, last_error, lease_owner, next_due_at <= clock_timestamp() FROM connections",
        "0|-|-|t");
    world_pull(0);
    assert_changes("Account|field_changed|Phone|type|\"string\"|\"number\"");
}

static void two_pulls_at_once_find_each_change_once(void **state) {
    (void)state;
    configure(.connections = BOTH);
    world_pull(0);
    change_phone();
    struct world_process *first = world_start("pull"), *second = world_start("pull");
    world_wait(first, 0);
    world_wait(second, 0);
    assert_changes("Account|field_changed|Phone|type|\"string\"|\"number\"");
    assert_sql("SELECT count(*), count(*) FILTER (WHERE outcome = 'ok') FROM runs", "6|6");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(it_says_what_it_did),
        world_test(it_takes_what_is_named),
        world_test(it_looks_whatever_the_schedule_says),
        world_test(wrong_usage_is_64),
        world_test(a_faulty_configuration_is_78),
        world_test(another_schema_is_78),
        world_test(another_configuration_than_a_living_daemons_is_78),
        world_test(a_refused_key_is_77),
        world_test(a_missing_right_of_some_is_77_and_with_others_1),
        world_test(a_missing_right_in_the_database_is_77),
        world_test(out_of_reach_is_69),
        world_test(a_database_out_of_reach_is_69),
        world_test(drift_is_3_when_asked),
        world_test(a_dry_run_prints_and_writes_nothing),
        world_test(a_dry_run_prints_all),
        world_test(it_waits_while_another_works_on_the_connection),
        world_test(a_lease_that_has_run_out_is_taken),
        world_test(a_dry_run_takes_no_lease),
        world_test(whoever_lost_the_lease_records_nothing),
        world_test(whoever_lost_the_lease_writes_no_baseline),
        world_test(what_a_killed_pull_leaves_is_an_abandoned_run),
        world_test(a_pull_that_is_stopped_records_nothing_and_no_failure),
        world_test(two_pulls_at_once_find_each_change_once),
    };
    return world_run_tests("pull", tests);
}
