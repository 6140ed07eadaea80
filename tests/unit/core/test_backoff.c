#include "core/backoff.h"

#include "../unit.h"
#include "base/macros.h"

static const struct backoff_policy policy = {2 * USEC_PER_SEC, USEC_PER_HOUR, 20};

static void test_doubles_up_to_the_maximum(void **state) {
    (void)state;
    static const struct {
        unsigned failures;
        usec_t least, most;
    } rows[] = {
        {0, USEC_PER_SEC, 2 * USEC_PER_SEC},
        {1, USEC_PER_SEC, 2 * USEC_PER_SEC},
        {2, 2 * USEC_PER_SEC, 4 * USEC_PER_SEC},
        {5, 16 * USEC_PER_SEC, 32 * USEC_PER_SEC},
        {11, 1024 * USEC_PER_SEC, 2048 * USEC_PER_SEC},
        {12, USEC_PER_HOUR / 2, USEC_PER_HOUR},
        {20, USEC_PER_HOUR / 2, USEC_PER_HOUR},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        usec_t delay, smallest = INT64_MAX, largest = 0;
        for (uint64_t random = 0; random < 1000; random++) {
            uint64_t spread = random * UINT64_C(0x9e3779b97f4a7c15);
            assert_true(backoff_delay(&policy, rows[i].failures, spread, 0, INT64_MAX, &delay));
            assert_in_range(delay, rows[i].least, rows[i].most);
            smallest = MIN(smallest, delay);
            largest = MAX(largest, delay);
        }
        usec_t half = rows[i].most - rows[i].least; /* the jitter uses its room */
        assert_true(smallest < rows[i].least + half / 10 && largest > rows[i].most - half / 10);
    }
}

static void test_gives_up(void **state) {
    (void)state;
    struct backoff_policy four = {USEC_PER_SEC, USEC_PER_MIN, 4}, none = {USEC_PER_SEC, USEC_PER_MIN, 0};
    usec_t delay = 7;
    assert_true(backoff_delay(&four, 4, 0, 0, INT64_MAX, &delay));
    delay = 7;
    assert_false(backoff_delay(&four, 5, 0, 0, INT64_MAX, &delay));
    assert_false(backoff_delay(&none, 1, 0, 0, INT64_MAX, &delay));
    assert_int_equal(delay, 7);
}

static void test_retry_after(void **state) {
    (void)state;
    usec_t delay;
    assert_true(backoff_delay(&policy, 1, UINT64_MAX, 30 * USEC_PER_SEC, USEC_PER_MIN, &delay));
    assert_int_equal(delay, 30 * USEC_PER_SEC);
    assert_true(backoff_delay(&policy, 8, 0, USEC_PER_SEC, USEC_PER_MIN, &delay));
    assert_int_equal(delay, 128 * USEC_PER_SEC);
    assert_true(backoff_delay(&policy, 1, 0, USEC_PER_MIN, USEC_PER_MIN, &delay));
    assert_false(backoff_delay(&policy, 1, 0, USEC_PER_MIN + 1, USEC_PER_MIN, &delay));
}

static void test_no_overflow(void **state) {
    (void)state;
    struct backoff_policy wide = {INT64_MAX / 3, INT64_MAX, UINT32_MAX};
    usec_t delay;
    assert_true(backoff_delay(&wide, UINT32_MAX, UINT64_MAX, 0, INT64_MAX, &delay));
    assert_in_range(delay, INT64_MAX / 2, INT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubles_up_to_the_maximum),
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_retry_after),
        cmocka_unit_test(test_no_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
