#include "base/error.h"

#include <string.h>

#include "../unit.h"
#include "base/macros.h"

static void test_table_is_whole(void **state) {
    (void)state;
    for (enum error_cause cause = CAUSE_NONE; cause < CAUSE_COUNT; cause++) {
        const struct error_class *class = error_class(cause);
        assert_non_null(class->name);
        assert_non_null(class->meaning);
        assert_int_equal(class->kind == ERROR_KIND_NONE, cause == CAUSE_NONE);
        assert_int_equal(class->exit_code == EXIT_DONE, cause == CAUSE_NONE);
        for (enum error_cause other = CAUSE_NONE; other < cause; other++)
            assert_string_not_equal(class->name, error_class(other)->name);
    }
    assert_ptr_equal(error_class(CAUSE_COUNT), error_class(CAUSE_BUG));
}

static void test_set_and_prefix(void **state) {
    (void)state;
    struct error error = {0};
    assert_false(error_is_set(&error));
    assert_false(error_set(&error, CAUSE_SHAPE, "a %s", "b\nc"));
    assert_true(error_is_set(&error));
    assert_string_equal(error.text, "a b?c");
    assert_false(error_prefix(&error, "field %d", 3));
    assert_string_equal(error.text, "field 3: a b?c");
    assert_int_equal(error.cause, CAUSE_SHAPE);
    assert_false(error_set(NULL, CAUSE_SHAPE, "nobody asks"));

    char large[3 * ERROR_TEXT_MAX];
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    error_set(&error, CAUSE_IO, "%s", large);
    assert_int_equal(strlen(error.text), ERROR_TEXT_MAX - 1);
    assert_string_equal(error.text + ERROR_TEXT_MAX - 4, "…");
    error_prefix(&error, "%s", large);
    assert_true(strlen(error.text) < ERROR_TEXT_MAX);
}

static void test_statuses(void **state) {
    (void)state;
    static const struct {
        int status;
        enum error_cause cause;
    } rows[] = {
        {302, CAUSE_REDIRECT}, {400, CAUSE_HTTP_400}, {401, CAUSE_HTTP_401},   {403, CAUSE_HTTP_403},
        {404, CAUSE_HTTP_404}, {409, CAUSE_HTTP_409}, {418, CAUSE_HTTP_4XX},   {429, CAUSE_HTTP_429},
        {500, CAUSE_HTTP_5XX}, {503, CAUSE_HTTP_5XX}, {600, CAUSE_HTTP_OTHER}, {100, CAUSE_HTTP_OTHER},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_int_equal(error_cause_of_status(rows[i].status), rows[i].cause);
}

static void test_sqlstates(void **state) {
    (void)state;
    static const struct {
        const char *sqlstate;
        enum error_cause cause;
    } rows[] = {
        {NULL, CAUSE_DB_UNREACHABLE},    {"", CAUSE_DB_UNREACHABLE},      {"08006", CAUSE_DB_UNREACHABLE},
        {"22P02", CAUSE_DB_VALUE},       {"23505", CAUSE_DB_VALUE},       {"42501", CAUSE_DB_RIGHTS},
        {"28P01", CAUSE_DB_RIGHTS},      {"42P01", CAUSE_DB_OTHER},       {"40001", CAUSE_DB_BUSY},
        {"SS001", CAUSE_LEASE_LOST},     {"25006", CAUSE_DB_BUSY},        {"25001", CAUSE_DB_OTHER},
        {"57P01", CAUSE_DB_UNREACHABLE}, {"57P03", CAUSE_DB_UNREACHABLE}, {"57014", CAUSE_DB_BUSY},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        assert_int_equal(error_cause_of_sqlstate(rows[i].sqlstate), rows[i].cause);
}

static void test_sanitize(void **state) {
    (void)state;
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"plain", "plain"},
        {"ä€😀", "ä€😀"},
        {"a\tb\x7f", "a?b?"},
        {"\xc3(", "?("},
        {"\xc0\xaf", "??"},           /* overlong */
        {"\xed\xa0\x80", "???"},      /* a surrogate */
        {"\xf4\x90\x80\x80", "????"}, /* beyond Unicode */
        {"\xe2\x80\xaex", "???x"},    /* right-to-left override */
        {"\xc2\x9bx", "??x"},         /* CSI */
        {"\xe2\x82", "??"},           /* cut off */
        {"0123456789abcdefghij", "0123456789ab…"},
        {"01234567890äöü€€", "01234567890…"},
        {"0123456789abcde", "0123456789abcde"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        char shown[16];
        text_sanitize(rows[i].text, strlen(rows[i].text), shown, sizeof(shown));
        assert_string_equal(shown, rows[i].shown);
    }
    char tiny[1] = {'x'};
    text_sanitize("abc", 3, tiny, sizeof(tiny));
    assert_string_equal(tiny, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_whole), cmocka_unit_test(test_set_and_prefix),
        cmocka_unit_test(test_statuses),       cmocka_unit_test(test_sqlstates),
        cmocka_unit_test(test_sanitize),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
