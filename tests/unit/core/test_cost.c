#include "core/cost.h"

#include "config_support.h"

/* Numbers a day. */
static const struct {
    const char *schedule, *targets;
    double runs, refreshes, requests;
    double requests_for_each_match, refreshes_for_each_match; /* 0: no open item */
} rows[] = {
    /* the connection, its syncs, POST and 6 polls, a fetch */
    {"every: 1h", "[a]", 24, 24, 24 * (2 + 7 + 1), 0, 0},
    {"every: 1h", "[a, b, a, {id: b, every: 1m}]", 24, 24, 24 * (2 + 7 + 2), 0, 0},
    {"every: 1h, refresh: target", "[a, b]", 24, 48, 24 * (2 + 2), 0, 0},
    {"every: 1h, refresh: never", "[a, b]", 24, 0, 24 * (2 + 2), 0, 0},
    {"cron: '0 6,18 * * *'", "[a]", 2, 2, 2 * (2 + 7 + 1), 0, 0},
    /* a target with a schedule of its own has runs of its own; the same schedule shares them */
    {"every: 1h", "[a, {id: b, every: 6h}, {id: c, every: 6h}]", 28, 28, 24 * (2 + 7 + 1) + 4 * (2 + 7 + 2),
     0, 0},
    {"every: 1h", "[{id: b, every: 6h}]", 4, 4, 4 * (2 + 7 + 1), 0, 0},
    {"every: 1h", "[a, {id: b, every: 60m}]", 24, 24, 24 * (2 + 7 + 2), 0, 0},
    /* new targets need no refresh */
    {"every: 1h", "[{new: {k: v}, label: n}]", 24, 0, 24 * (2 + 1), 0, 0},
    {"every: 1h, refresh: target", "[a, {new: {k: v}, label: n}]", 24, 24, 24 * (2 + 2), 0, 0},
    /* what is not known yet: the list is asked for, each match is a fetch more */
    {"every: 1h", "[{include: '*'}]", 24, 24, 24 * (2 + 7 + 1), 24, 0},
    {"every: 1h", "[{synced: true}]", 24, 24, 24 * (2 + 7), 24, 0},
    {"every: 1h, refresh: target", "[a, {synced: true, every: 2h}]", 36, 24, 24 * (2 + 1) + 12 * 2, 12, 12},
};

static bool near(double a, double b) {
    return a > b - 0.001 && a < b + 0.001;
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        CLEANUP(cleanup_free)
        char *text = alloc_printf(
            "api: {auth: {bearer: {env: K}}}\n"
            "connections: [{name: a, id: 248df4b7-aa70-47b8-a036-33ac447e668d, %s, targets: %s}]\n",
            rows[i].schedule, rows[i].targets);
        struct config *config = load_text(text);
        struct connection_cost cost;
        cost_of_connection(&config->connections[0], &cost);
        if (!near(cost.runs, rows[i].runs) || !near(cost.refreshes, rows[i].refreshes) ||
            !near(cost.requests, rows[i].requests) ||
            !near(cost.requests_for_each_match, rows[i].requests_for_each_match) ||
            !near(cost.refreshes_for_each_match, rows[i].refreshes_for_each_match) ||
            cost.open_ended != (rows[i].requests_for_each_match > 0))
            fail_msg("row %zu: %f runs, %f refreshes, %f requests, %f for each match", i, cost.runs,
                     cost.refreshes, cost.requests, cost.requests_for_each_match);
        config_free(config);
    }
}

/* The text for people says what the numbers assume. */
static void test_assumptions_are_said(void **state) {
    (void)state;
    CLEANUP(cleanup_free) char *polls = alloc_printf(" %d to see", COST_POLLS);
    assert_non_null(strstr(cost_assumptions, polls));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_assumptions_are_said)};
    return cmocka_run_group_tests(tests, make_config_directory, remove_config_directory);
}
