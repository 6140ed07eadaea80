#include "database_bench.h"

static const struct statement echo = {"echo", "SELECT $1::text AS said, $2::int + 1 AS next"};

static void use_values(const struct database_result *result, void *userdata) {
    const char *const *wanted = userdata;
    assert_int_equal(database_rows(result), 1);
    assert_int_equal(database_columns(result), 2);
    assert_string_equal(database_column_name(result, 1), "next");
    const char *said = database_value(result, 0, "said"), *next = database_value(result, 0, "next");
    if (wanted[0]) {
        assert_string_equal(said, wanted[0]);
        assert_int_equal(database_value_length(result, 0, "said"), strlen(wanted[0]));
    } else {
        assert_null(said);
    }
    if (wanted[1])
        assert_int_equal(atoi(next), atoi(wanted[1]) + 1);
    else
        assert_null(next);
}

static void test_values_come_back(void **state UNUSED) {
    static const char *const rows[][2] = {
        {"plain", "1"},
        {"", "2"},
        {NULL, "3"},
        {"nothing", NULL},
        {"Grüße, 世界, 🐘", "4"},
        {"it's \"quoted\" \\x00\\ $1 %s {,}\r\n\t\x01\x7f", "5"},
    };
    for (int pipeline = 0; pipeline < 2; pipeline++) {
        struct bench bench;
        bench_start(&bench, pipeline);
        for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
            struct error error = {0};
            const char *params[2] = {rows[i][0], rows[i][1]};
            if (!database_run(bench.event, bench.database, &echo, params, 2, PATIENCE, use_values, params,
                              &error))
                fail_msg("%s", error.text);
        }
        bench_stop(&bench);
    }
}

static void use_array(const struct database_result *result, void *userdata) {
    const char *const *items = userdata;
    size_t count = 0;
    while (items[count * 2])
        count++;
    assert_int_equal(database_rows(result), count);
    for (size_t i = 0; i < count; i++) {
        const char *item = database_value(result, i, "item"), *wanted = items[i * 2 + 1];
        assert_true((item == NULL) == (wanted == NULL));
        if (item)
            assert_string_equal(item, wanted);
    }
}

static void test_arrays_come_back(void **state UNUSED) {
    /* pairs: anything, the item; NULL ends */
    static const char *const items[] = {
        "", "a",   "", "",     "", NULL,    "", "NULL", "", "null", "",  "say \"hi\"",
        "", "\\",  "", "\\\"", "", "{x,y}", "", ",",    "", "{",    "",  "two\nlines\r\t",
        "", " b ", "", "ü🐘",   "", "\"",    "", "'",    "", "}",    NULL};
    static const struct statement unnest = {
        "unnest", "SELECT item FROM unnest($1::text[]) WITH ORDINALITY AS u (item, n) ORDER BY n"};
    struct bench bench;
    struct buffer array;
    struct error error = {0};
    bench_start(&bench, true);
    for (size_t from = 0; from <= ARRAY_LENGTH(items) / 2; from += ARRAY_LENGTH(items) / 2) {
        buffer_init(&array, 10000);
        assert_true(text_array_begin(&array));
        for (size_t i = from * 2; items[i]; i += 2)
            assert_true(text_array_add(&array, items[i + 1]));
        assert_true(text_array_end(&array));
        const char *params[] = {buffer_text(&array)};
        union {
            const char *const *items;
            void *userdata;
        } wanted = {.items = items + from * 2};
        if (!database_run(bench.event, bench.database, &unnest, params, 1, PATIENCE, use_array,
                          wanted.userdata, &error))
            fail_msg("%s", error.text);
        buffer_done(&array);
    }
    bench_stop(&bench);
}

static void test_an_array_too_large_is_none(void **state UNUSED) {
    for (size_t maximum = 0; maximum < 15; maximum++) {
        struct buffer array;
        buffer_init(&array, maximum);
        bool good = text_array_begin(&array);
        good = text_array_add(&array, "ab\"c") && good;
        good = text_array_add(&array, NULL) && good;
        good = text_array_end(&array) && good;
        assert_true(good == (maximum >= 14));
        assert_string_equal(buffer_text(&array), good ? "{\"ab\\\"c\",NULL}" : "");
        buffer_done(&array);
    }
}

/* clang-format off */
static const struct {
    const char *literal;
    size_t count;
    const char *items[3];
} literals[] = {
    {"{}", 0, {NULL}},
    {"{a}", 1, {"a"}},
    {"{a,\"b,}\",c d}", 3, {"a", "b,}", "c d"}},
    {"{NULL,\"NULL\",\"\"}", 2, {"NULL", ""}},
    {"{\"say \\\"hi\\\"\",\"\\\\\"}", 2, {"say \"hi\"", "\\"}},
    {"{\"two\nlines\",ü🐘}", 2, {"two\nlines", "ü🐘"}},
    {"", 0, {NULL}},
    {"a", 0, {NULL}},
    {"{", 0, {NULL}},
    {"{a,b", 0, {NULL}},
    {"{\"a", 0, {NULL}},
    {"{\"a\\", 0, {NULL}},
    {"{a}b", 0, {NULL}},
};
/* clang-format on */

static void test_array_literals_are_read(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LENGTH(literals); i++) {
        size_t count = 99;
        char **items = text_array_parse(literals[i].literal, &count);
        if (count != literals[i].count)
            fail_msg("%s: %zu items", literals[i].literal, count);
        for (size_t j = 0; j < count; j++) {
            assert_string_equal(items[j], literals[i].items[j]);
            free(items[j]);
        }
        free(items);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_come_back),
        cmocka_unit_test(test_arrays_come_back),
        cmocka_unit_test(test_an_array_too_large_is_none),
        cmocka_unit_test(test_array_literals_are_read),
    };
    if (bench_require_server() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
