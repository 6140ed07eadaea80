#include "base/timespan.h"

#include <string.h>

#include "../unit.h"
#include "base/macros.h"

static const struct {
    const char *text;
    bool good;
    usec_t span;
} durations[] = {
    {"0s", true, 0},
    {"30s", true, 30 * USEC_PER_SEC},
    {"15m", true, 15 * USEC_PER_MIN},
    {"6h", true, 6 * USEC_PER_HOUR},
    {"7d", true, 7 * USEC_PER_DAY},
    {"500ms", true, 500 * USEC_PER_MSEC},
    {"1h30m", true, 90 * USEC_PER_MIN},
    {"1d2h3m4s5ms6us", true,
     USEC_PER_DAY + 2 * USEC_PER_HOUR + 3 * USEC_PER_MIN + 4 * USEC_PER_SEC + 5 * USEC_PER_MSEC + 6},
    {"106751991d", true, 106751991 * USEC_PER_DAY},
    {"106751992d", false, 0},
    {"99999999999999999999s", false, 0},
    {"106751991d24h", false, 0},
    {"", false, 0},
    {"30", false, 0},
    {"s", false, 0},
    {"-5s", false, 0},
    {"+5s", false, 0},
    {" 5s", false, 0},
    {"5s ", false, 0},
    {"5 s", false, 0},
    {"1.5h", false, 0},
    {"1w", false, 0},
    {"1H", false, 0},
    {"30m1h", false, 0},
    {"1h1h", false, 0},
    {"1h30", false, 0},
};

static void test_timespan_parse(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(durations); i++) {
        usec_t span = -7;
        if (timespan_parse(durations[i].text, &span) != durations[i].good)
            fail_msg("%s", durations[i].text);
        assert_int_equal(span, durations[i].good ? durations[i].span : -7);
    }
}

static const struct {
    usec_t span;
    const char *exact, *rough;
} shown[] = {
    {0, "0s", "0s"},
    {15 * USEC_PER_MIN, "15m", "15m"},
    {90 * USEC_PER_MIN, "1h30m", "1h 30m"},
    {3 * USEC_PER_DAY + 4 * USEC_PER_HOUR + 5 * USEC_PER_MIN, "3d4h5m", "3d 4h"},
    {12 * USEC_PER_MIN + 5 * USEC_PER_SEC, "12m5s", "12m 5s"},
    {340 * USEC_PER_MSEC, "340ms", "340ms"},
    {340 * USEC_PER_MSEC + 7, "340ms7us", "340ms"},
    {1399 * USEC_PER_MSEC, "1s399ms", "1.3s"},
    {59 * USEC_PER_SEC, "59s", "59.0s"},
    {USEC_PER_DAY + 5 * USEC_PER_MIN, "1d5m", "1d"},
    {-USEC_PER_MIN, "-1m", "-1m"},
    {1, "1us", "1us"},
    {INT64_MAX, "106751991d4h54s775ms807us", "106751991d 4h"},
    {INT64_MIN, "-106751991d4h54s775ms808us", "-106751991d 4h"},
};

static void test_timespan_format(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(shown); i++) {
        char text[TIMESPAN_TEXT_MAX];
        timespan_format(shown[i].span, text);
        assert_string_equal(text, shown[i].exact);
        usec_t again;
        if (shown[i].span >= 0) {
            assert_true(timespan_parse(text, &again));
            assert_int_equal(again, shown[i].span);
        }
        timespan_format_rough(shown[i].span, text);
        assert_string_equal(text, shown[i].rough);
    }
}

static void test_sizes(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
        size_t size;
        const char *back;
    } rows[] = {
        {"16MiB", true, (size_t)16 << 20, "16MiB"},
        {"64KiB", true, (size_t)64 << 10, "64KiB"},
        {"1GiB", true, (size_t)1 << 30, "1GiB"},
        {"1024KiB", true, (size_t)1 << 20, "1MiB"},
        {"1000B", true, 1000, "1000B"},
        {"1000", true, 1000, "1000B"},
        {"0", true, 0, "0B"},
        {"16MB", false, 0, NULL},
        {"16 MiB", false, 0, NULL},
        {"16mib", false, 0, NULL},
        {"MiB", false, 0, NULL},
        {"", false, 0, NULL},
        {"-1", false, 0, NULL},
        {"17179869184GiB", false, 0, NULL},
        {"99999999999999999999", false, 0, NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        size_t size = 77;
        if (size_parse(rows[i].text, &size) != rows[i].good)
            fail_msg("%s", rows[i].text);
        assert_int_equal(size, rows[i].good ? rows[i].size : 77);
        if (rows[i].good) {
            char text[TIMESPAN_TEXT_MAX];
            size_format(size, text);
            assert_string_equal(text, rows[i].back);
        }
    }
}

static void test_rfc3339(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *shown; /* NULL: refused */
    } rows[] = {
        {"2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"},
        {"2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.500000Z"},
        {"2026-01-31T12:00:00.123456789Z", "2026-01-31T12:00:00.123456Z"},
        {"2026-01-31t12:00:00z", "2026-01-31T12:00:00Z"},
        {"2026-01-31 12:00:00+02:00", "2026-01-31T10:00:00Z"},
        {"2026-01-31T23:30:00-01:30", "2026-02-01T01:00:00Z"},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
        {"2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"},
        {"2016-12-31T23:59:60.9Z", "2016-12-31T23:59:59.999999Z"},
        {"1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"},
        {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"},
        {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
        {"2026-02-29T00:00:00Z", NULL},
        {"2026-13-01T00:00:00Z", NULL},
        {"2026-00-01T00:00:00Z", NULL},
        {"2026-01-31T24:00:00Z", NULL},
        {"2026-01-31T12:60:00Z", NULL},
        {"2026-01-31T12:00:61Z", NULL},
        {"2026-01-31T12:00:00", NULL},
        {"2026-01-31T12:00:00.Z", NULL},
        {"2026-01-31T12:00Z", NULL},
        {"2026-01-31", NULL},
        {"2026-1-31T12:00:00Z", NULL},
        {"2026-01-31T12:00:00Zx", NULL},
        {"2026-01-31T12:00:00+24:00", NULL},
        {"2026-01-31T12:00:00+0200", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        usec_t time = 77;
        if (rfc3339_parse(rows[i].text, strlen(rows[i].text), &time) != (rows[i].shown != NULL))
            fail_msg("%s", rows[i].text);
        if (!rows[i].shown) {
            assert_int_equal(time, 77);
            continue;
        }
        char text[TIMESPAN_TEXT_MAX];
        rfc3339_format(time, text);
        assert_string_equal(text, rows[i].shown);
    }
    usec_t time;
    assert_true(rfc3339_parse("1970-01-02T00:00:00Z and more", 20, &time));
    assert_int_equal(time, USEC_PER_DAY);
    assert_true(date_parse("1970-01-02", &time));
    assert_int_equal(time, USEC_PER_DAY);
    assert_false(date_parse("1970-01-02T", &time));
    assert_false(date_parse("1970-02-30", &time));
    char text[TIMESPAN_TEXT_MAX];
    rfc3339_format(USEC_NONE, text);
    assert_string_equal(text, "-290308-12-21T19:59:05.224192Z");
}

static void test_retry_after(void **state) {
    (void)state;
    usec_t now;
    assert_true(rfc3339_parse("1994-11-06T08:49:00Z", 20, &now));
    static const struct {
        const char *text;
        usec_t delay; /* -1: refused */
    } rows[] = {
        {"0", 0},
        {"120", 120 * USEC_PER_SEC},
        {" 120 \r\n", 120 * USEC_PER_SEC},
        {"99999999999999999999999", INT64_MAX},
        {"9999999999999999", INT64_MAX},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 37 * USEC_PER_SEC},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 37 * USEC_PER_SEC},
        {"Sun Nov  6 08:49:37 1994", 37 * USEC_PER_SEC},
        {"Sun Nov 13 08:49:00 1994", 7 * USEC_PER_DAY},
        {"Sun, 06 Nov 1994 08:48:00 GMT", 0},
        {"Monday, 06-Nov-45 08:49:37 GMT", 0}, /* 1945: 2045 is more than 50 years ahead */
        {"-1", -1},
        {"1.5", -1},
        {"soon", -1},
        {"", -1},
        {"Sun, 31 Feb 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT and", -1},
        {"Sun, 06 Nov", -1},
        {"Sun, 06 ", -1},
        {"Sunday, 06-Nov", -1},
        {"Sun Nov", -1},
        {"Sun", -1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        usec_t delay = -1;
        if (retry_after_parse(rows[i].text, now, &delay) != (rows[i].delay >= 0))
            fail_msg("%s", rows[i].text);
        if (delay != rows[i].delay)
            fail_msg("%s: %lld", rows[i].text, (long long)delay);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timespan_parse), cmocka_unit_test(test_timespan_format),
        cmocka_unit_test(test_sizes),          cmocka_unit_test(test_rfc3339),
        cmocka_unit_test(test_retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
