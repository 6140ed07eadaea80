#include <string.h>

#include "../unit.h"
#include "base/macros.h"
#include "core/schedule.h"

static usec_t at(const char *text) {
    usec_t time;
    if (!rfc3339_parse(text, strlen(text), &time))
        fail_msg("%s", text);
    return time;
}

static struct cron cron_of(const char *text) {
    struct cron cron = {0};
    struct error error = {0};
    if (!cron_parse(text, &cron, &error))
        fail_msg("%s: %s", text, error.text);
    return cron;
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "0 of five fields"},
        {"* * * *", "4 of five fields"},
        {"* * * * * *", "more than five"},
        {"@daily", "minute (field 1)"},
        {"60 * * * *", "minute (field 1)"},
        {"* 24 * * *", "hour (field 2)"},
        {"* * 0 * *", "day of the month (field 3)"},
        {"* * 32 * *", "day of the month (field 3)"},
        {"* * * 0 *", "month (field 4)"},
        {"* * * 13 *", "month (field 4)"},
        {"* * * january *", "month (field 4)"},
        {"* * * * 8", "day of the week (field 5)"},
        {"* * * * mo", "day of the week (field 5)"},
        {"*/0 * * * *", "minute"},
        {"5/10 * * * *", "minute"},
        {"10-5 * * * *", "minute"},
        {"1,,2 * * * *", "minute"},
        {"1, * * * *", "minute"},
        {",1 * * * *", "minute"},
        {"1- * * * *", "minute"},
        {"-1 * * * *", "minute"},
        {"1-2-3 * * * *", "minute"},
        {"*5 * * * *", "minute"},
        {"*/ * * * *", "minute"},
        {"*/1000 * * * *", "minute"},
        {"4294967297 * * * *", "minute"},
        {"+5 * * * *", "minute"},
        {"0 0 30 2 *", "never comes"},
        {"0 0 31 2,4,6,9,11 *", "never comes"},
        {"0 0 31 2 */2", "never comes"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct cron cron = {.minutes = 77};
        struct error error = {0};
        if (cron_parse(rows[i].text, &cron, &error) || !strstr(error.text, rows[i].says))
            fail_msg("%s: %s", rows[i].text, error.text);
        assert_int_equal(error.cause, CAUSE_CONFIG);
        assert_int_equal(cron.minutes, 77);
    }
}

static void test_next(void **state) {
    (void)state;
    static const struct {
        const char *cron, *after, *next;
    } rows[] = {
        {"* * * * *", "2026-01-31T12:00:00Z", "2026-01-31T12:01:00Z"},
        {"* * * * *", "2026-01-31T12:00:59.999999Z", "2026-01-31T12:01:00Z"},
        {"* * * * *", "2026-12-31T23:59:30Z", "2027-01-01T00:00:00Z"},
        {"*/10 6-20 * * 1-5", "2026-01-30T20:50:00Z", "2026-02-02T06:00:00Z"},
        {"*/10 6-20 * * Mon-FRI", "2026-01-30T06:05:00Z", "2026-01-30T06:10:00Z"},
        {"10-50/20 * * * *", "2026-01-30T06:30:00Z", "2026-01-30T06:50:00Z"},
        {"0 0 * * 7", "2026-01-30T00:00:00Z", "2026-02-01T00:00:00Z"},
        {"0 0 * * 0", "2026-01-30T00:00:00Z", "2026-02-01T00:00:00Z"},
        {"0 0 * * sun", "2026-01-30T00:00:00Z", "2026-02-01T00:00:00Z"},
        {"0 0 * * fri-sun", "2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z"},
        {"0 0 * * 5-7", "2026-02-01T00:00:00Z", "2026-02-06T00:00:00Z"},
        {"0 0 1 jan,Jul *", "2026-01-31T00:00:00Z", "2026-07-01T00:00:00Z"},
        {"0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"},
        {"0 0 29 2 *", "2026-01-31T00:00:00Z", "2028-02-29T00:00:00Z"},
        {"0 0 29 2 *", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"},
        /* both restricted: either is enough; one that begins with a star: both must hold */
        {"0 0 13 * 5", "2026-01-31T00:00:00Z", "2026-02-06T00:00:00Z"},
        {"0 0 13 * 5", "2026-04-10T00:00:00Z", "2026-04-13T00:00:00Z"},
        {"0 0 */2 * 1", "2026-01-31T00:00:00Z", "2026-02-09T00:00:00Z"},
        {"0 0 13 * *", "2026-01-31T00:00:00Z", "2026-02-13T00:00:00Z"},
        {" 0\t0  13 * * ", "2026-01-31T00:00:00Z", "2026-02-13T00:00:00Z"},
        {"59 23 * * *", "1969-12-31T23:58:59Z", "1969-12-31T23:59:00Z"},
        {"0 0 29 2 */7", "2026-01-31T00:00:00Z", "2032-02-29T00:00:00Z"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct cron cron = cron_of(rows[i].cron);
        char next[TIMESPAN_TEXT_MAX];
        rfc3339_format(cron_next(&cron, at(rows[i].after)), next);
        if (strcmp(next, rows[i].next) != 0)
            fail_msg("%s after %s: %s", rows[i].cron, rows[i].after, next);
    }
}

static void test_longest_gap(void **state) {
    (void)state;
    static const struct {
        const char *cron;
        int64_t minutes;
    } rows[] = {
        {"* * * * *", 1},
        {"*/7 * * * *", 7},
        {"0 * * * *", 60},
        {"0 6 * * *", 1440},
        {"0 6,8 * * *", 22 * 60},
        {"*/10 6-20 * * 1-5", 2 * 1440 + 9 * 60 + 10},
        {"0 0 * * 1", 7 * 1440},
        {"0 0 1 * *", 31 * 1440},
        {"0 0 31 * *", 61 * 1440},
        {"0 0 1 1 *", 366 * 1440},
        {"30 12 29 2 *", INT64_C(2921) * 1440}, /* over a year that is divisible by 100 and not by 400 */
        {"0 0 13 * 5", 7 * 1440},
        {"0 0 29 2 */7", INT64_C(14609) * 1440}, /* February 29th on a Sunday: 40 years over 2100 */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct cron cron = cron_of(rows[i].cron);
        int64_t minutes = cron_longest_gap(&cron) / USEC_PER_MIN;
        if (minutes != rows[i].minutes)
            fail_msg("%s: %lld", rows[i].cron, (long long)minutes);
    }
}

/* The gap is what one finds by walking, over more than the calendar's cycle for those that come seldom. */
static void test_longest_gap_by_walking(void **state) {
    (void)state;
    static const char *const seldom[] = {"5 4 29 2 *", "5 4 31 * *", "0 0 13 * 5", "7 3 1,15 */2 *",
                                         "0 12 29 2 */3"};
    for (size_t i = 0; i < ARRAY_LENGTH(seldom); i++) {
        struct cron cron = cron_of(seldom[i]);
        usec_t start = at("2000-01-01T00:00:00Z"), end = at("2500-01-01T00:00:00Z"), longest = 0;
        for (usec_t time = cron_next(&cron, start), next; time < end; time = next) {
            next = cron_next(&cron, time);
            longest = MAX(longest, next - time);
        }
        assert_int_equal(cron_longest_gap(&cron), longest);
    }
}

static void test_per_day(void **state) {
    (void)state;
    static const struct {
        const char *cron;
        double times, days; /* so many times in so many days */
    } rows[] = {
        {"* * * * *", 1440, 1},      {"*/10 6-20 * * 1-5", 90 * 5, 7}, {"0 0 * * 0,7", 1, 7},
        {"0 0 1 1 *", 400, 146097},  {"0 0 29 2 *", 97, 146097},       {"59 23 * * *", 1, 1},
        {"0 0 1 * *", 4800, 146097},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct cron cron = cron_of(rows[i].cron);
        double found = cron_per_day(&cron) * rows[i].days;
        if (found < rows[i].times * 0.999999 || found > rows[i].times * 1.000001)
            fail_msg("%s: %f", rows[i].cron, found);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_next),
        cmocka_unit_test(test_longest_gap), cmocka_unit_test(test_longest_gap_by_walking),
        cmocka_unit_test(test_per_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
