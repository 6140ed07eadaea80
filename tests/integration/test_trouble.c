/* A run that fails as a whole: the key's failure, the API's, or the connection's own. */
#include "world.h"

#define TROUBLE \
    "SELECT coalesce(trouble::text, 'none') FROM schemasync.connections WHERE name = 'salesforce-prod'"
#define ME "GET */api/me*"

static void a_refused_key(void **state) {
    (void)state;
    world_settings("{'key': 'another'}");
    assert_contains(world_pull(77), "401");
    assert_sql(TROUBLE, "key");
    assert_int_equal(world_requests(ME), 1); /* once: it was read anew, and is the same */
}

static void a_refused_connection_is_its_own_failure(void **state) {
    (void)state;
    world_faults("{'path': '/api/connections/" SALESFORCE "', 'status': 401}");
    world_pull(77);
    assert_sql(TROUBLE, "none");
    assert_int_equal(world_requests(ME), 1);
}

static void a_missing_right_is_no_trouble_of_the_key(void **state) {
    (void)state;
    world_faults("{'path': '/api/connections/" SALESFORCE "', 'status': 403}");
    world_pull(77);
    assert_sql(TROUBLE, "none");
    assert_int_equal(world_requests(ME), 0);
}

static void an_api_that_is_away(void **state) {
    (void)state;
    static const char *const faults[] = {"'status': 503", "'reset': true"};
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        world_forget_requests();
        world_faults("{'path': '/api/*', %s}", faults[i]);
        configure(.retries = "2");
        (void)world_run(i == 0 ? 1 : 69, "pull");
        assert_sql(TROUBLE, "upstream");
        assert_int_equal(world_requests(ME), 1); /* tried once */
        world_clear_faults();
    }
    configure(.base_url = "http://127.0.0.1:1");
    world_pull(69);
    assert_sql(TROUBLE, "upstream");
    configure();
    world_pull(0);
    assert_sql(TROUBLE, "none");
}

static void a_connection_that_fails_alone(void **state) {
    (void)state;
    world_faults("{'path': '/api/connections/*', 'status': 500}");
    world_pull(1);
    assert_sql(TROUBLE, "none");
    assert_int_equal(world_requests(ME), 1);
    world_clear_faults();
    world_faults("[{'path': '/api/me', 'status': 401}, {'path': '/api/connections/*', 'status': 500}]");
    world_pull(1);
    assert_sql(TROUBLE, "none"); /* two different troubles are none */
}

static void a_dry_run_asks_nothing_more(void **state) {
    (void)state;
    world_pull(0);
    world_forget_requests();
    world_faults("{'path': '/api/*', 'status': 503}");
    world_pull(1, "--dry-run");
    assert_int_equal(world_requests(ME), 0);
    assert_sql(TROUBLE, "none");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_refused_key),
        world_test(a_refused_connection_is_its_own_failure),
        world_test(a_missing_right_is_no_trouble_of_the_key),
        world_test(an_api_that_is_away),
        world_test(a_connection_that_fails_alone),
        world_test(a_dry_run_asks_nothing_more),
    };
    return world_run_tests("trouble", tests);
}
