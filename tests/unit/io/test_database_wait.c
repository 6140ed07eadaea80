#include "database_bench.h"

static const struct statement divide = {"divide", "SELECT 100 / $1::int"};
static const struct statement sleep_long = {"sleep", "SELECT pg_sleep(600)"};

static int stop_loop(sd_event_source *source UNUSED, uint64_t time UNUSED, void *userdata) {
    return sd_event_exit(userdata, 0);
}

static void test_a_run_ends_with_the_loop(void **state UNUSED) {
    struct bench bench;
    struct error error = {0};
    bench_start(&bench, false);
    run_sql(&bench, "SELECT 1");
    assert_true(sd_event_add_time_relative(bench.event, NULL, CLOCK_MONOTONIC, 50000, 1, stop_loop,
                                           bench.event) >= 0);
    assert_false(database_run(bench.event, bench.database, &sleep_long, NULL, 0, -1, NULL, NULL, &error));
    assert_int_equal(error.cause, CAUSE_CANCELLED);
    bench_stop(&bench);
}

static void test_a_run_tells_errors(void **state UNUSED) {
    struct bench bench;
    struct error error = {0};
    const char *params[] = {"0"};
    bench_start(&bench, false);
    assert_false(database_run(bench.event, bench.database, &divide, params, 1, PATIENCE, NULL, NULL, &error));
    assert_int_equal(error.cause, CAUSE_DB_VALUE);
    params[0] = "3";
    assert_true(database_run(bench.event, bench.database, &divide, params, 1, PATIENCE, NULL, NULL, &error));
    bench_stop(&bench);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_tells_errors),
        cmocka_unit_test(test_a_run_ends_with_the_loop),
    };
    if (bench_require_server() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
