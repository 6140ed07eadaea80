#include "core/yaml_write.h"

#include "../unit.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "core/yaml.h"

static const char *put(bool (*function)(struct buffer *, const char *), const char *text) {
    static char result[1000];
    struct buffer buffer;
    buffer_init(&buffer, sizeof(result) - 1);
    assert_true(function(&buffer, text));
    snprintf(result, sizeof(result), "%s", buffer_text(&buffer));
    buffer_done(&buffer);
    return result;
}

static bool put_comment(struct buffer *buffer, const char *text) {
    return yaml_put_comment(buffer, text, 12);
}

static bool put_name(struct buffer *buffer, const char *text) {
    return yaml_put_name(buffer, text, 12);
}

static void test_scalars(void **state) {
    (void)state;
    /* clang-format off */
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"Account", "Account"},
        {"My_Object__c", "My_Object__c"},
        {"public.customers", "public.customers"},
        {"/etc/key-1", "/etc/key-1"},
        {"", "\"\""},
        {"null", "\"null\""}, {"Yes", "\"Yes\""}, {"~", "\"~\""}, {"on", "\"on\""}, {"NaN", "\"NaN\""}, {"N", "\"N\""},
        {"12", "\"12\""}, {"1e3", "\"1e3\""}, {"0x1f", "\"0x1f\""}, {"-1", "\"-1\""}, {"2001-01-01", "\"2001-01-01\""},
        {"- a", "\"- a\""}, {"a: b", "\"a: b\""}, {"a #b", "\"a #b\""}, {"a, b", "\"a, b\""}, {"{a}", "\"{a}\""},
        {"*a", "\"*a\""}, {"&a", "\"&a\""}, {"!a", "\"!a\""}, {"'a'", "\"'a'\""}, {"%a", "\"%a\""}, {"<<", "\"<<\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"a\nb\tc\rd", "\"a\\nb\\tc\\x0Dd\""},
        {"\033[31m\177", "\"\\x1B[31m\\x7F\""},
        {"Übung \xe6\x97\xa5", "\"Übung \xe6\x97\xa5\""},
        {"a\xc2\x85""b\xe2\x80\xa8""c", "\"a\\x85b\\u2028c\""},       /* lines' ends of YAML 1.1 */
        {"\xe2\x80\xae\xef\xbb\xbf\xe2\x80\x8b", "\"\\u202E\\uFEFF\\u200B\""},
        {"\xef\xbf\xbe\xf0\x9f\xbf\xbf", "\"\\uFFFE\\U0001FFFF\""},
        {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
        {"a\xff\xc3", "\"a\\uFFFD\\uFFFD\""},
        {"\xed\xa0\x80", "\"\\uFFFD\\uFFFD\\uFFFD\""},
        {"\xc0\xaf\xf4\x90\x80\x80", "\"\\uFFFD\\uFFFD\\uFFFD\\uFFFD\\uFFFD\\uFFFD\""},
    };
    /* clang-format on */
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_string_equal(put(yaml_put_scalar, cases[i].text), cases[i].expected);
}

/* Whatever stands there, the program's own reader reads the same; in a list, a flow map and before a comment.
 */
static void test_read_back(void **state) {
    (void)state;
    static const char pieces[][5] = {"a",
                                     " ",
                                     "\n",
                                     "\t",
                                     "\r",
                                     "\"",
                                     "'",
                                     "\\",
                                     ":",
                                     "#",
                                     "-",
                                     ",",
                                     "[",
                                     "]",
                                     "{",
                                     "}",
                                     "*",
                                     "&",
                                     "!",
                                     "|",
                                     ">",
                                     "%",
                                     "@",
                                     "`",
                                     "~",
                                     "?",
                                     "1",
                                     ".",
                                     "\1",
                                     "\33",
                                     "\177",
                                     "\xc2\x85",
                                     "\xe2\x80\xa8",
                                     "\xe2\x80\xa9",
                                     "\xef\xbb\xbf",
                                     "é",
                                     "null"};
    unsigned seed = 1;
    for (int round = 0; round < 5000; round++) {
        char text[64] = "";
        size_t count = 1 + (seed >> 16) % 6;
        for (size_t i = 0; i < count; i++) {
            seed = seed * 1103515245U + 12345U;
            strncat(text, pieces[(seed >> 16) % ARRAY_LENGTH(pieces)], sizeof(text) - strlen(text) - 1);
        }
        CLEANUP(cleanup_free) char *quoted = alloc_strdup(put(yaml_put_scalar, text));
        CLEANUP(cleanup_free)
        char *document = alloc_printf("- %s # x\n- {k: %s, l: %s}\n# %s\n- z\n", quoted, quoted, quoted,
                                      put(put_comment, text));
        struct arena *arena = arena_new();
        struct yaml_place place;
        struct error error = {0};
        struct yaml_node *node = yaml_parse(arena, document, strlen(document), &place, &error);
        if (!node)
            fail_msg("%s: %s", document, error.text);
        assert_int_equal(node->count, 3);
        assert_string_equal(node->items[0]->text, text);
        assert_int_equal(node->items[0]->kind, YAML_TEXT);
        assert_int_equal(node->items[1]->count, 2);
        assert_string_equal(node->items[1]->items[1]->text, text);
        arena_free(arena);
    }
}

static void test_comments(void **state) {
    (void)state;
    assert_string_equal(put(put_comment, "a # b"), "a # b");
    assert_string_equal(put(put_comment, "a\nb\r\033\xc2\x85\xe2\x80\xa8\xff"), "a?b?????");
    assert_string_equal(put(put_comment, "123456789012"), "123456789012");
    assert_string_equal(put(put_comment, "1234567890123"), "123456789012…");
    assert_string_equal(put(put_comment, "12345678901é"), "12345678901…"); /* characters stay whole */
}

static void test_names(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"salesforce", "salesforce"},
        {"Sales: EU", "Sales- EU"},
        {"--x-y", "x-y"},
        {" a ", "a"},
        {"a\nb", "a-b"},
        {":", ""},
        {"- : -", ""},
        {"", ""},
        {"\xff\xfe", ""},
        {"a\"b #c", "a\"b #c"},
        {"é\xc2\x9b", "é-"},
        {"123456789012345", "123456789012"},
        {"12345678901é", "12345678901"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_string_equal(put(put_name, cases[i].text), cases[i].expected);
}

static void test_full(void **state) {
    (void)state;
    struct buffer buffer;
    for (size_t size = 0; size < 8; size++) {
        buffer_init(&buffer, size);
        assert_false(yaml_put_scalar(&buffer, "a\033b c"));
        buffer_done(&buffer);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars), cmocka_unit_test(test_read_back), cmocka_unit_test(test_comments),
        cmocka_unit_test(test_names),   cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
