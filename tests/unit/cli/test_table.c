#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "cli/terminal.h"

static const struct table_column columns[] = {
    {.name = "id", .kind = COLUMN_NUMBER, .firm = true},
    {.name = "last_seen", .kind = COLUMN_TIME, .firm = true},
    {.name = "state", .accent = true},
    {.name = "value", .kind = COLUMN_JSON},
    {.name = "managed", .kind = COLUMN_BOOLEAN},
};

enum { COLUMNS = ARRAY_LENGTH(columns) };

/* Writes rows (COLUMNS cells each) as one document, flushing after every `page` rows (0: never). To be freed.
 */
static char *written(const struct table_style *style, const char *const *cells, size_t rows, size_t page) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    struct table *table = table_new(out, style, columns, COLUMNS);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < COLUMNS; j++)
            table_add(table, cells[i * COLUMNS + j]);
        if (page > 0 && (i + 1) % page == 0)
            table_flush(table);
    }
    table_end(table);
    table_free(table);
    fclose(out);
    return text;
}

static void check(const struct table_style *style, const char *const *cells, size_t rows, size_t page,
                  const char *expected) {
    char *text = written(style, cells, rows, page);
    assert_string_equal(text, expected);
    free(text);
}

static const char *const two_rows[] = {
    "7",       "1700000000000000",
    "ok",      "{\"a\": [1, null]}",
    "t", /* 2023-11-14T22:13:20Z */
    "1234",    NULL,
    "suspect", NULL,
    "f",
};

static void test_text(void **state) {
    (void)state;
    const struct table_style style = {.now = INT64_C(1700000180000000)};
    check(&style, two_rows, 2, 0,
          "  ID  LAST SEEN  STATE    VALUE             MANAGED\n"
          "   7  3m ago     ok       {\"a\": [1, null]}  yes\n"
          "1234  -          suspect                    no\n");
    check(&style, two_rows, 0, 0, "");
}

static void test_colors(void **state) {
    (void)state;
    const struct table_style style = {.color = true, .now = INT64_C(1700000180000000)};
    static const char *const cells[] = {"1",  NULL, "suspect (failing)", NULL, NULL, "2", NULL, "fine",
                                        NULL, NULL};
    char *text = written(&style, cells, 2, 0);
    assert_non_null(strstr(text, "\033[1mSTATE\033[0m"));
    assert_non_null(strstr(text, "\033[1;33msuspect (failing)\033[0m"));
    assert_non_null(strstr(text, " fine\n")); /* a word without a colour, and nothing behind it */
    free(text);
}

static void test_hostile_text(void **state) {
    (void)state;
    const struct table_style style = {0};
    static const char *const cells[] = {"1", NULL, "\033]0;title\007\nx", "\"\xc2\x9b\"", NULL};
    check(&style, cells, 1, 0,
          "ID  LAST SEEN  STATE         VALUE  MANAGED\n"
          " 1  -          ?]0;title? x  \"??\"\n");
}

/* The longest line of a text, in columns. */
static size_t widest_line(const char *text) {
    size_t widest = 0;
    for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
        char line[4096];
        snprintf(line, sizeof(line), "%.*s", (int)(end - text), text);
        widest = MAX(widest, text_width(line));
    }
    return widest;
}

static void test_fits(void **state) {
    (void)state;
    static const char *const cells[] = {
        "123456789",
        "1700000000000000",
        "a state that is far too long for any column, 坏了坏了坏了坏了坏了坏了",
        "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]",
        "t",
    };
    for (size_t width = 9; width < 250; width++) { /* five columns and four gaps are the least */
        const struct table_style style = {.width = width, .now = INT64_C(1700000180000000)};
        char *text = written(&style, cells, 1, 0);
        if (widest_line(text) > width)
            fail_msg("wider than %zu: %s", width, text);
        if (width >= 60) { /* what is firm stays whole */
            assert_non_null(strstr(text, "123456789  3m ago"));
            if (width < 180)
                assert_non_null(strstr(text, "…"));
        }
        free(text);
    }
    const struct table_style unlimited = {0};
    char *text = written(&unlimited, cells, 1, 0);
    assert_null(strstr(text, "…"));
    free(text);
}

static void test_json(void **state) {
    (void)state;
    const struct table_style style = {.format = TABLE_JSON};
    static const char expected[] =
        "[{\"id\": 7, \"last_seen\": \"2023-11-14T22:13:20Z\", \"state\": \"ok\", \"value\": {\"a\": [1, null]}, \"managed\": true},\n"
        " {\"id\": 1234, \"last_seen\": null, \"state\": \"suspect\", \"value\": null, \"managed\": false}]\n";
    check(&style, two_rows, 2, 0, expected);
    check(&style, two_rows, 2, 1, expected); /* pages do not show */
    check(&style, two_rows, 0, 0, "[]\n");
    static const char *const hostile[] = {
        "NaN", NULL, "q\" b\\ \n\t\001 \177 \xc2\x85 \xe2\x80\xa8 \xe2\x81\xa6 ä€ \xef\xbf\xbd",
        "[\"\xc2\x9b\", \"€\"]", NULL};
    check(&style, hostile, 1, 0,
          "[{\"id\": \"NaN\", \"last_seen\": null, "
          "\"state\": \"q\\\" b\\\\ \\n\\t\\u0001 \\u007f \\u0085 \\u2028 \\u2066 ä€ \xef\xbf\xbd\", "
          "\"value\": [\"\\u009b\", \"€\"], \"managed\": null}]\n");
}

static void test_json_numbers(void **state) {
    (void)state;
    const struct table_style style = {.format = TABLE_JSON};
    static const char *const numbers[] = {"0", "-1", "12.50", "9007199254740993"}, *const others[] = {
                                                                                       "01",       "1.", ".5",
                                                                                       "Infinity", "",   "-",
                                                                                       "1e5x"};
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        const char *const cells[] = {numbers[i], NULL, NULL, NULL, NULL};
        char *text = written(&style, cells, 1, 0), start[64];
        snprintf(start, sizeof(start), "[{\"id\": %s, ", numbers[i]);
        assert_memory_equal(text, start, strlen(start));
        free(text);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
        const char *const cells[] = {others[i], NULL, NULL, NULL, NULL};
        char *text = written(&style, cells, 1, 0), start[64];
        snprintf(start, sizeof(start), "[{\"id\": \"%s\", ", others[i]);
        assert_memory_equal(text, start, strlen(start));
        free(text);
    }
}

static void test_csv(void **state) {
    (void)state;
    const struct table_style file = {.format = TABLE_CSV}, terminal = {.format = TABLE_CSV, .terminal = true};
    static const char heading[] = "id,last_seen,state,value,managed\r\n";
    check(&file, two_rows, 0, 0, heading);
    char expected[512];
    snprintf(expected, sizeof(expected),
             "%s7,2023-11-14T22:13:20Z,ok,\"{\"\"a\"\": [1, null]}\",true\r\n1234,,suspect,,false\r\n",
             heading);
    check(&file, two_rows, 2, 0, expected);
    check(&file, two_rows, 2, 1, expected);
    /* exact in a file, also what a spreadsheet takes for a formula; "" is not null */
    static const char *const cells[] = {"1", NULL, "=1+1\n\033[0m", "\"\"", NULL, "2", NULL, "", NULL, NULL};
    snprintf(expected, sizeof(expected), "%s1,,\"=1+1\n\033[0m\",\"\"\"\"\"\",\r\n2,,\"\",,\r\n", heading);
    check(&file, cells, 2, 0, expected);
    snprintf(expected, sizeof(expected), "%s1,,=1+1 ?[0m,\"\"\"\"\"\",\r\n2,,\"\",,\r\n", heading);
    check(&terminal, cells, 2, 0, expected);
}

static void test_relative(void **state) {
    (void)state;
    static const struct {
        usec_t ago;
        const char *expected;
    } cases[] = {
        {0, "now"},
        {USEC_PER_SEC - 1, "now"},
        {-USEC_PER_SEC + 1, "now"},
        {USEC_PER_SEC, "1s ago"},
        {-5 * USEC_PER_SEC, "in 5s"},
        {2 * USEC_PER_MIN - 1, "119s ago"},
        {2 * USEC_PER_MIN, "2m ago"},
        {2 * USEC_PER_HOUR, "2h ago"},
        {-47 * USEC_PER_HOUR, "in 47h"},
        {400 * USEC_PER_DAY, "400d ago"},
    };
    const usec_t now = INT64_C(1700000000000000);
    char text[TIMESPAN_TEXT_MAX];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        time_relative(now - cases[i].ago, now, text);
        assert_string_equal(text, cases[i].expected);
    }
    time_relative(INT64_MIN, INT64_MAX, text); /* no overflow */
    assert_non_null(strstr(text, "d ago"));
    time_relative(INT64_MAX, INT64_MIN, text);
    assert_non_null(strstr(text, "d"));
}

static void test_formats(void **state) {
    (void)state;
    enum table_format format = TABLE_TEXT;
    assert_true(table_parse_format("json", &format));
    assert_int_equal(format, TABLE_JSON);
    assert_true(table_parse_format("csv", &format));
    assert_int_equal(format, TABLE_CSV);
    assert_true(table_parse_format("table", &format));
    assert_int_equal(format, TABLE_TEXT);
    assert_false(table_parse_format("JSON", &format));
    assert_false(table_parse_format("", &format));
    assert_int_equal(format, TABLE_TEXT);
}

int main(void) {
    terminal_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text), cmocka_unit_test(test_colors),   cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_fits), cmocka_unit_test(test_json),     cmocka_unit_test(test_json_numbers),
        cmocka_unit_test(test_csv),  cmocka_unit_test(test_relative), cmocka_unit_test(test_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
