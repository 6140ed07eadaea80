#include "cli/terminal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static void test_width(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t width;
    } cases[] = {
        {"", 0},          {"abc", 3},      {"ä", 1}, {"坏了", 4}, /* wide */
        {"e\xcc\x81", 1},                                         /* with a combining accent */
        {"😀", 2},         {"\xff\xfe", 2},                        /* no UTF-8: one each */
        {"…", 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(text_width(cases[i].text), cases[i].width);
}

static void test_fit(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t columns;
        const char *expected;
        size_t taken;
    } cases[] = {
        {"abc", 3, "abc", 3},
        {"abcd", 3, "ab…", 3},
        {"abcd", 1, "…", 1},
        {"abcd", 0, "", 0},
        {"", 5, "", 0},
        {"坏了坏", 6, "坏了坏", 6},
        {"坏了坏", 5, "坏了…", 5},
        {"坏了坏", 4, "坏…", 3}, /* the second one would not fit beside the … */
        {"坏了坏", 2, "…", 1},
        {"e\xcc\x81x", 2, "e\xcc\x81x", 2},
        {"e\xcc\x81xy", 2, "e\xcc\x81…", 2},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer buffer;
        buffer_init(&buffer, 100);
        assert_int_equal(text_fit(&buffer, cases[i].text, cases[i].columns), cases[i].taken);
        assert_string_equal(buffer_text(&buffer), cases[i].expected);
        buffer_done(&buffer);
    }
    struct buffer full;
    buffer_init(&full, 2);
    assert_int_equal(text_fit(&full, "abc", 3), 0);
    assert_string_equal(buffer_text(&full), "");
    buffer_done(&full);
}

static void test_harmless(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"plain", "plain"},
        {"two\nlines\tand\r\n", "two lines and  "},
        {"\033[31mred", "?[31mred"},
        {"\xc2\x9b"
         "31m",
         "??31m"}, /* the one-character CSI */
        {"a\xe2\x80\xae"
         "b",
         "a???b"}, /* right-to-left override */
        {"\x7f\x08", "??"},
        {"坏\xff", "坏?"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char *found = text_harmless(cases[i].text);
        assert_string_equal(found, cases[i].expected);
        free(found);
    }
}

/* A file is no terminal, whatever the environment says. */
static void test_no_terminal(void **state) {
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    setenv("COLUMNS", "40", 1);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    assert_int_equal(terminal_width(file), 0);
    assert_false(terminal_has_color(file));
    fclose(file);
}

int main(void) {
    terminal_setup();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_harmless),
        cmocka_unit_test(test_no_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
