#include "../unit.h"

#include <string.h>

#include "base/macros.h"
#include "core/slack_text.h"

static void text_is_made_harmless(void **state) {
    (void)state;
    static const struct {
        const char *text, *plain, *code;
    } cases[] = {
        {"Account", "Account", "`Account`"},
        {"", "", "` `"},
        {"<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;", "`&lt;!channel&gt; &amp; &lt;@U1&gt;`"},
        {"&lt;", "&amp;lt;", "`&amp;lt;`"},
        {"a`b``", "a`b``", "`a'b''`"},
        {"*b* _i_ ~s~", "*b* _i_ ~s~", "`*b* _i_ ~s~`"}, /* neither reads them */
        {"a\nb\r\tc\x1b[1m\x7f", "a?b??c?[1m?", "`a?b??c?[1m?`"},
        {"\xe2\x80\xae"
         "x",
         "???x", "`???x`"},
        {"gr\xc3\xb6\xc3\x9f"
         "e \xf0\x9f\x94\xa5",
         "gr\xc3\xb6\xc3\x9f"
         "e \xf0\x9f\x94\xa5",
         "`gr\xc3\xb6\xc3\x9f"
         "e \xf0\x9f\x94\xa5`"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(buffer_done) struct buffer plain, code;
        buffer_init(&plain, 1000);
        buffer_init(&code, 1000);
        assert_true(slack_plain(&plain, cases[i].text, 500));
        assert_true(slack_code(&code, cases[i].text, 500));
        assert_string_equal(buffer_text(&plain), cases[i].plain);
        assert_string_equal(buffer_text(&code), cases[i].code);
    }
}

static void long_text_is_cut_between_characters(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t limit;
        const char *plain;
    } cases[] = {
        {"abcdef", 6, "abcdef"},
        {"abcdef", 5, "ab…"},
        {"abcdef", 3, "…"},
        {"ab&ef", 9, "ab&amp;ef"},
        {"ab&efg", 9, "ab…"}, /* never within an escape */
        {"ab&efgh", 10, "ab&amp;…"},
        {"\xc3\xa4\xc3\xb6\xc3\xbc", 6, "\xc3\xa4\xc3\xb6\xc3\xbc"},
        {"\xc3\xa4\xc3\xb6\xc3\xbc", 5, "\xc3\xa4…"},
        {"a\xf0\x9f\x94\xa5"
         "bcd",
         7, "a…"}, /* never within a character */
        {"<<<<<<", 11, "&lt;&lt;…"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(buffer_done) struct buffer plain;
        buffer_init(&plain, 1000);
        assert_true(slack_plain(&plain, cases[i].text, cases[i].limit));
        assert_string_equal(buffer_text(&plain), cases[i].plain);
        assert_true(plain.length <= cases[i].limit);
    }
}

static void a_full_buffer_is_told(void **state) {
    (void)state;
    CLEANUP(buffer_done) struct buffer buffer;
    buffer_init(&buffer, 5);
    assert_true(slack_plain(&buffer, "abcde", 10));
    assert_false(slack_plain(&buffer, "f", 10));
    buffer_clear(&buffer);
    assert_false(slack_code(&buffer, "abcd", 10));
    buffer_clear(&buffer);
    assert_false(slack_link(&buffer, "https://x.example", "x"));
}

static void links_stay_one(void **state) {
    (void)state;
    static const struct {
        const char *url, *link;
    } cases[] = {
        {"https://x.example/a?b=1&c=2", "<https://x.example/a?b=1&amp;c=2|More>"},
        {"https://x.example/a|b>c<d", "<https://x.example/a%7Cb%3Ec%3Cd|More>"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(buffer_done) struct buffer link;
        buffer_init(&link, 1000);
        assert_true(slack_link(&link, cases[i].url, "More"));
        assert_string_equal(buffer_text(&link), cases[i].link);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_made_harmless),
        cmocka_unit_test(long_text_is_cut_between_characters),
        cmocka_unit_test(a_full_buffer_is_told),
        cmocka_unit_test(links_stay_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
