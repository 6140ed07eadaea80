#include "base/calendar.h"

#include "../unit.h"
#include "base/macros.h"

/* Walks 800 years day by day beside a calendar that only counts. */
static void test_every_day(void **state) {
    (void)state;
    struct calendar_date date = {1600, 1, 1};
    int weekday = 6; /* 1600-01-01 was a Saturday */
    for (int64_t day = calendar_days(date); date.year < 2400; day++) {
        struct calendar_date found = calendar_date(day);
        assert_true(found.year == date.year && found.month == date.month && found.day == date.day);
        assert_int_equal(calendar_days(date), day);
        assert_int_equal(calendar_weekday(day), weekday);
        weekday = (weekday + 1) % 7;
        if (++date.day > calendar_month_length(date.year, date.month)) {
            date.day = 1;
            date.year += date.month == 12;
            date.month = date.month % 12 + 1;
        }
    }
}

static void test_known_days(void **state) {
    (void)state;
    assert_int_equal(calendar_days((struct calendar_date){1970, 1, 1}), 0);
    assert_int_equal(calendar_days((struct calendar_date){2000, 3, 1}), 11017);
    assert_int_equal(calendar_month_length(1900, 2), 28);
    assert_int_equal(calendar_month_length(2000, 2), 29);
    assert_int_equal(calendar_month_length(2024, 2), 29);
    assert_int_equal(calendar_month_length(2026, 2), 28);
    assert_true(calendar_exists((struct calendar_date){2024, 2, 29}));
    assert_false(calendar_exists((struct calendar_date){2026, 2, 29}));
    assert_false(calendar_exists((struct calendar_date){2026, 0, 1}));
    assert_false(calendar_exists((struct calendar_date){2026, 13, 1}));
    assert_false(calendar_exists((struct calendar_date){2026, 4, 31}));
    assert_false(calendar_exists((struct calendar_date){2026, 4, 0}));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_day), cmocka_unit_test(test_known_days)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
