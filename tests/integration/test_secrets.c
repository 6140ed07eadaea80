/* The key stands in no output, no argument and no table, not even where the upstream repeats it. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

#define KEY "sk-0123456789abcdef0123456789ABCDEF"

/* Every row of every table and view, as text. */
static const char *whole_database(void) {
    const char *selects = world_value(
        "SELECT string_agg(format('SELECT x::text FROM schemasync.%%I x', relname), ' UNION ALL ')"
        " FROM pg_class WHERE relnamespace = 'schemasync'::regnamespace AND relkind IN ('r', 'v')");
    return world_value("%s", selects);
}

static void write_key(const char *name, const char *key) {
    FILE *file = fopen(world_text("%s/%s", world_directory(), name), "we");
    assert_non_null(file);
    fputs(key, file);
    assert_int_equal(fclose(file), 0);
}

static void use_key(void) {
    setenv("SIMULATOR_KEY", KEY, 1);
    world_settings("{'key': '" KEY "'}");
}

static void assert_secret(const char *output) {
    assert_contains_not(output, KEY);
    assert_contains_not(output, "0123456789abcdef");
    assert_contains_not(whole_database(), KEY);
    assert_contains_not(whole_database(), "0123456789abcdef");
}

static void the_key_is_in_no_output_and_no_table(void **state) {
    (void)state;
    use_key();
    assert_secret(world_run(0, "--log-level", "debug", "pull"));
    assert_int_equal(world_requests("GET */target/fields?*"), 1);
    assert_contains(world_log(), "Bearer " KEY);
    assert_secret(world_run(0, "--log-level", "debug", "--log-format", "json", "pull"));
}

/* Errors of the upstream that repeat it, in the message, a page, a redirect. */
static void not_even_where_the_upstream_repeats_it(void **state) {
    (void)state;
    static const char *const faults[] = {
        "'status': 500, 'message': 'the key " KEY " is out of order'",
        "'status': 400, 'body': 'Authorization: Bearer " KEY "'",
        "'status': 403, 'message': '" KEY KEY "'",
        "'redirect': 'http://127.0.0.2:1/" KEY "?key=" KEY "'",
        "'redirect': 'http://" KEY ".example.com/'",
        "'body': '" KEY "'",
        "'body': {'data': {'id': '" KEY "'}}",
        "'body': {'data': {'id': 'Account', 'fields': '" KEY "'}}",
        "'body': {'data': {'id': 'Account', 'refreshed_at': '" KEY "'}}",
    };
    use_key();
    configure(.targets = "[Account, Lead]", .refresh = "target");
    world_pull(0);
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        world_clear_faults();
        world_faults("{'path': '*/target/fields', 'query': '*target=Account*', %s}", faults[i]);
        assert_secret(world_run_at((struct world_place){faults[i], (int)i}, i == 2 ? 77 : 1,
                                   (const char *const[]){"--log-level", "debug", "pull", NULL}));
    }
    world_clear_faults();
    world_faults("{'path': '/api/connections/*', 'status': 401, 'message': 'wrong key " KEY "'}");
    assert_secret(world_run(77, "--log-level", "debug", "pull"));
    world_clear_faults();
    world_edit(
        "{'op': 'connection_set', 'connection': 'salesforce-prod', 'set': {'status': 'unhealthy', 'status_error': 'key " KEY
        "'}}");
    configure(.targets = "[Account, Lead]");
    assert_secret(world_run(1, "--log-level", "debug", "pull"));
    assert_secret(world_run(0, "status"));
    assert_secret(world_run(0, "status", "--json"));
}

static void basic_authorization_is_no_less_secret(void **state) {
    (void)state;
    world_settings("{'basic': 'user:" KEY "', 'key': ''}");
    setenv("SIMULATOR_KEY", KEY, 1);
    configure(.auth = "{basic: {user: user, password: {env: SIMULATOR_KEY}}}", .targets = "[Account, Lead]");
    assert_secret(world_run(0, "--log-level", "debug", "pull"));
    /* base64 of user:KEY, as it goes over the wire */
    static const char sent[] = "dXNlcjpzay0wMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OUFCQ0RFRg==";
    assert_contains(world_log(), sent);
    world_faults("{'path': '*/target/fields', 'status': 500, 'message': 'Authorization: Basic %s'}", sent);
    assert_contains_not(world_run(1, "--log-level", "debug", "pull"), sent);
    assert_contains_not(whole_database(), sent);
}

/* Wherever it comes from; a newline at its end is none of it. */
static void a_key_comes_from_a_credential_a_file_or_the_environment(void **state) {
    (void)state;
    world_settings("{'key': '" KEY "'}");
    write_key("api-key", KEY "\n");
    configure(.auth = "{bearer: {credential: api-key}}");
    world_pull(0);
    configure(.auth = world_text("{bearer: {file: %s/api-key}}", world_directory()));
    world_pull(0);
    use_key();
    configure(.targets = NULL);
    world_pull(0);
    configure(.auth = "{bearer: {credential: no-such-key}}");
    assert_contains(world_pull(1), "no-such-key");
    assert_contains_not(world_value("SELECT last_error FROM connections"), KEY);
}

/* A key in plain text is refused, and not repeated. */
static void a_key_in_plain_text_is_refused(void **state) {
    (void)state;
    configure(.auth = "{bearer: " KEY "}");
    const char *output = world_pull(78);
    assert_contains(output, "api.auth.bearer");
    assert_contains_not(output, KEY);
    configure(.database = "password: " KEY);
    assert_contains_not(world_pull(78), KEY);
}

/* A 401 while the key is being changed: it is read again once, and what was asked is asked again. */
static void a_401_reads_the_key_again(void **state) {
    (void)state;
    write_key("api-key", "the-old-key");
    world_settings("{'key': 'the-old-key'}");
    configure(.auth = "{bearer: {credential: api-key}}", .targets = "[Account, Lead]");
    world_pull(0);
    world_forget_requests();
    world_faults("{'path': '/api/connections/" SALESFORCE "', 'delay_ms': 700}");
    struct world_process *pull = world_start("pull");
    world_await_requests("GET /api/connections/*", 1); /* asked with the old key */
    world_settings("{'key': '" KEY "'}");
    write_key("api-key", KEY);
    assert_contains_not(world_wait(pull, 0), KEY);
    assert_sql("SELECT DISTINCT outcome FROM runs", "ok");
    assert_secret("");
}

static void the_same_key_again_is_refused_at_once(void **state) {
    (void)state;
    configure(.retries = "4");
    setenv("SIMULATOR_KEY", "wrong", 1);
    world_pull(77);
    assert_in_range(world_requests("GET /api/connections/*"), 1, 2);
    assert_int_equal(world_requests("*/target/fields*"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(the_key_is_in_no_output_and_no_table),
        world_test(not_even_where_the_upstream_repeats_it),
        world_test(basic_authorization_is_no_less_secret),
        world_test(a_key_comes_from_a_credential_a_file_or_the_environment),
        world_test(a_key_in_plain_text_is_refused),
        world_test(a_401_reads_the_key_again),
        world_test(the_same_key_again_is_refused_at_once),
    };
    return world_run_tests("secrets", tests);
}
