#include "core/schedule.h"

#include <string.h>

#include "../unit.h"
#include "base/macros.h"

static usec_t at(const char *text) {
    usec_t time;
    if (!rfc3339_parse(text, strlen(text), &time))
        fail_msg("%s", text);
    return time;
}

static struct schedule every(usec_t span, unsigned jitter_ppm) {
    return (struct schedule){.every = span, .jitter_ppm = jitter_ppm};
}

static struct schedule by_cron(const char *text, unsigned jitter_ppm) {
    struct schedule schedule = {.is_cron = true, .jitter_ppm = jitter_ppm};
    assert_true(cron_parse(text, &schedule.cron, NULL));
    return schedule;
}

static void test_without_jitter(void **state) {
    (void)state;
    struct schedule hourly = every(USEC_PER_HOUR, 0), working = by_cron("0 6-20 * * 1-5", 0);
    const struct {
        const struct schedule *schedule;
        const char *last, *now, *next;
    } rows[] = {
        {&hourly, NULL, "2026-01-31T12:34:56Z", "2026-01-31T12:34:56Z"},
        {&hourly, "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z", "2026-01-31T13:00:00Z"},
        {&hourly, "2026-01-31T12:00:00Z", "2026-01-31T12:59:59Z", "2026-01-31T13:00:00Z"},
        {&hourly, "2026-01-31T12:00:00Z", "2026-01-31T13:00:00Z", "2026-01-31T14:00:00Z"},
        /* missed for days: once, in the old rhythm */
        {&hourly, "2026-01-31T12:10:00Z", "2026-02-03T15:20:00Z", "2026-02-03T16:10:00Z"},
        /* the row is a little ahead of our clock: not twice */
        {&hourly, "2026-01-31T12:00:01Z", "2026-01-31T12:00:00Z", "2026-01-31T13:00:01Z"},
        /* the clock was set back by years */
        {&hourly, "2036-01-31T12:00:00Z", "2026-01-31T12:00:00Z", "2026-01-31T13:00:00Z"},
        {&working, NULL, "2026-01-31T12:34:56Z", "2026-01-31T12:34:56Z"},
        {&working, "2026-01-30T20:00:00Z", "2026-01-30T20:00:01Z", "2026-02-02T06:00:00Z"},
        {&working, "2026-01-01T20:00:00Z", "2026-02-02T06:00:00Z", "2026-02-02T07:00:00Z"},
        {&working, "2036-01-01T20:00:00Z", "2026-02-02T06:00:00Z", "2026-02-02T07:00:00Z"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        usec_t base = 0;
        usec_t next = schedule_next(rows[i].schedule, rows[i].last ? at(rows[i].last) : USEC_NONE,
                                    at(rows[i].now), i, &base);
        char text[TIMESPAN_TEXT_MAX];
        rfc3339_format(next, text);
        if (strcmp(text, rows[i].next) != 0)
            fail_msg("row %zu: %s", i, text);
        assert_int_equal(base, next);
    }
}

/* Runs a schedule for a while: each due time is after now and at most the jitter behind its base, bases keep
 * the rhythm, none is left out. */
static void test_jitter_only_delays(void **state) {
    (void)state;
    const struct {
        struct schedule schedule;
        usec_t gap;
    } rows[] = {
        {every(USEC_PER_HOUR, 100000), USEC_PER_HOUR},
        {every(USEC_PER_HOUR, 1000000), USEC_PER_HOUR},
        {every(USEC_PER_SEC, 500000), USEC_PER_SEC},
        {by_cron("*/10 * * * *", 100000), 10 * USEC_PER_MIN},
        {by_cron("*/10 * * * *", 1000000), 10 * USEC_PER_MIN},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct schedule *schedule = &rows[i].schedule;
        usec_t last = at("2026-01-31T12:00:00Z"), now = last,
               limit = rows[i].gap / 1000000 * schedule->jitter_ppm;
        usec_t most = 0;
        for (uint64_t seed = 0; seed < 2000; seed++) {
            usec_t base, again;
            usec_t due = schedule_next(schedule, last, now, seed, &base);
            assert_true(due > now);
            assert_int_equal(base, last + rows[i].gap);
            assert_true(due >= base && due <= base + limit);
            assert_int_equal(schedule_next(schedule, last, now, seed, &again),
                             due); /* the same seed, the same time */
            if (due - base > 1)    /* asked again between base and due: still the same */
                assert_int_equal(schedule_next(schedule, last, due - 1, seed, &again), due);
            /* missed by a moment: the time after it, or its successor */
            assert_true(schedule_next(schedule, last, due, seed, &again) > due);
            assert_int_equal(again, base + rows[i].gap);
            most = MAX(most, due - base);
            last = base;
            now = due;
        }
        assert_true(most > limit * 9 / 10);
    }
}

static void test_first_time_is_spread(void **state) {
    (void)state;
    struct schedule schedule = every(USEC_PER_HOUR, 100000);
    usec_t now = at("2026-01-31T12:00:00Z"), most = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        usec_t base, due = schedule_next(&schedule, USEC_NONE, now, seed, &base);
        assert_int_equal(base, now);
        assert_true(due >= now && due <= now + 6 * USEC_PER_MIN);
        most = MAX(most, due - now);
    }
    assert_true(most > 5 * USEC_PER_MIN);
}

/* The jitter of a cron expression is a share of the gap that follows, not of the longest one. */
static void test_cron_jitter_stays_before_the_next(void **state) {
    (void)state;
    struct schedule schedule = by_cron("*/10 6-20 * * 1-5", 500000);
    usec_t last = at("2026-02-02T06:00:00Z"), now = last;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        usec_t base, due = schedule_next(&schedule, last, now, seed, &base);
        assert_int_equal(base, last + 10 * USEC_PER_MIN);
        assert_true(due < base + 5 * USEC_PER_MIN);
    }
}

static void test_interval(void **state) {
    (void)state;
    struct schedule half = every(30 * USEC_PER_MIN, 0), cron = by_cron("0 6 * * 1-5", 0);
    assert_int_equal(schedule_interval(&half), 30 * USEC_PER_MIN);
    assert_int_equal(schedule_interval(&cron), 3 * USEC_PER_DAY);
}

/* Times at the ends of what fits: no overflow (the sanitizer watches), never before now. */
static void test_extreme_times(void **state) {
    (void)state;
    static const usec_t times[] = {INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
    struct schedule schedules[] = {every(366 * USEC_PER_DAY, 1000000), by_cron("0 6 29 2 *", 1000000)};
    for (size_t i = 0; i < ARRAY_LENGTH(times); i++)
        for (size_t j = 0; j < ARRAY_LENGTH(times); j++)
            for (size_t k = 0; k < ARRAY_LENGTH(schedules); k++) {
                usec_t base, due = schedule_next(&schedules[k], times[i], times[j], 1, &base);
                assert_true(due > times[j] || due == INT64_MAX);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_jitter),
        cmocka_unit_test(test_jitter_only_delays),
        cmocka_unit_test(test_first_time_is_spread),
        cmocka_unit_test(test_cron_jitter_stays_before_the_next),
        cmocka_unit_test(test_interval),
        cmocka_unit_test(test_extreme_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
