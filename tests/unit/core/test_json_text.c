#include "core/json_text.h"

#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* A copy without a NUL behind, so that a sanitizer sees each byte that is read too many. */
static char *exact(const char *text, size_t length) {
    char *copy = malloc(length > 0 ? length : 1);
    assert_non_null(copy);
    memcpy(copy, text, length);
    return copy;
}

static bool check(const char *text, size_t length, struct error *ret_error) {
    CLEANUP(cleanup_free) char *copy = exact(text, length);
    return json_check(copy, length, ret_error);
}

static void test_accepted(void **state) {
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        " 1 ",
        "1.5e+3",
        "1E-5",
        "-0.0",
        "true",
        "false",
        "null",
        "\"\"",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "\t\r\n[1,\"a\",{\"b\":[null]}]\n",
        "{\"a\":1,\"a\":2}",
        "{\"\":0}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0001\\u00e9\\uD83D\\uDE00\\uFFFF\"",
        "\"\x7f\"",
        "\"\xc3\xa9 \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80\"",
        "\"\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\"",
        "\"12345678\"",
        "\"1234567\\n12345678 12345678\"",
        /* numbers at the limits of numeric */
        "1e131071",
        "-9.99e131071",
        "0.0001e131075",
        "1e-16383",
        "0.5e-16382",
        "0e999999",
        "1e0000000000000000005",
        "0e1073741822",
        "1.0000e-16379",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct error error = {0};
        if (!check(texts[i], strlen(texts[i]), &error))
            fail_msg("%s: %s", texts[i], error.text);
    }
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t length;    /* 0: strlen() */
        const char *part; /* of the error */
    } cases[] = {
        {"", 0, "empty"},
        {" ", 0, "at byte 1 the text ends"},
        {"\xef\xbb\xbf{}", 0, "at byte 0 no value"},
        {"{\"a\":1}x", 0, "at byte 7 something stands after"},
        {"{}{}", 0, "at byte 2 something"},
        {"1 2", 0, "at byte 2 something"},
        {"{}\0", 3, "at byte 2 something"},
        {"[1,]", 0, "at byte 3 no value"},
        {"[1 2]", 0, "at byte 3 neither"},
        {"[1}", 0, "at byte 2 neither"},
        {"{\"a\":1]", 0, "at byte 6 neither"},
        {"[", 0, "at byte 1 the text ends"},
        {"[1", 0, "at byte 2 the text ends"},
        {"{\"a\":1", 0, "at byte 6 the text ends"},
        {"{a:1}", 0, "no member's name"},
        {"{\"a\" 1}", 0, "no colon"},
        {"{\"a\":1,}", 0, "no member's name"},
        {"{\"a\":}", 0, "no value"},
        {"{,}", 0, "no member's name"},
        {"]", 0, "no value"},
        {"nul", 0, "no value"},
        {"nullx", 0, "at byte 4 something"},
        {"True", 0, "no value"},
        {"'a'", 0, "no value"},
        {"NaN", 0, "no value"},
        {"\"abc", 0, "at byte 4 the text ends within a string"},
        {"\"abc\\", 0, "the text ends within a string"},
        {"\"a\nb\"", 0, "at byte 2 a control character"},
        {"\"12345678\x1f\"", 0, "at byte 9 a control character"},
        {"\"a\0b\"", 5, "a control character"},
        {"\"\\x\"", 0, "unknown escape"},
        {"\"\\\0\"", 4, "unknown escape"},
        {"\"\\u12g4\"", 0, "four hexadecimal"},
        {"\"\\u12", 0, "four hexadecimal"},
        {"\"\\u0000\"", 0, "at byte 1 \\u0000"},
        {"{\"a\\u0000\":1}", 0, "\\u0000"},
        {"\"\\ud800\"", 0, "lone surrogate"},
        {"\"\\ud800\\u0041\"", 0, "lone surrogate"},
        {"\"\\ud800x\\udc00\"", 0, "lone surrogate"},
        {"\"\\udc00\"", 0, "lone surrogate"},
        {"\"\\udc00\\ud800\"", 0, "lone surrogate"},
        {"\"\x80\"", 0, "invalid UTF-8"},
        {"\"\xc3\"", 0, "invalid UTF-8"},
        {"\"\xc0\x80\"", 0, "invalid UTF-8"},
        {"\"\xc1\xbf\"", 0, "invalid UTF-8"},
        {"\"\xe0\x9f\xbf\"", 0, "invalid UTF-8"},
        {"\"\xed\xa0\x80\"", 0, "invalid UTF-8"},
        {"\"\xf0\x8f\xbf\xbf\"", 0, "invalid UTF-8"},
        {"\"\xf4\x90\x80\x80\"", 0, "invalid UTF-8"},
        {"\"\xf5\x80\x80\x80\"", 0, "invalid UTF-8"},
        {"\"\xe2\x82\"", 0, "invalid UTF-8"},
        {"\"\xe2\x82", 3, "invalid UTF-8"},
        {"01", 0, "begins with 0"},
        {"-01", 0, "begins with 0"},
        {"-", 0, "no digit"},
        {"+1", 0, "no value"},
        {".5", 0, "no value"},
        {"1.", 0, "no digit behind"},
        {"1.e5", 0, "no digit behind"},
        {"1e", 0, "exponent without"},
        {"1e+", 0, "exponent without"},
        {"0x10", 0, "something stands after"},
        {"1e131072", 0, "at byte 0 a number that"},
        {"[1e999999]", 0, "at byte 1 a number that"},
        {"10e131071", 0, "numeric"},
        {"0.0001e131076", 0, "numeric"},
        {"1e-16384", 0, "numeric"},
        {"0e-16384", 0, "numeric"},
        {"0.0e-16383", 0, "numeric"},
        {"0e1073741823", 0, "numeric"},
        {"1e99999999999999999999", 0, "numeric"},
        {"1e-99999999999999999999", 0, "numeric"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        size_t length = cases[i].length > 0 ? cases[i].length : strlen(cases[i].text);
        if (check(cases[i].text, length, &error))
            fail_msg("accepted: %s", cases[i].text);
        assert_int_equal(error.cause, CAUSE_SHAPE);
        if (!strstr(error.text, cases[i].part))
            fail_msg("%s: \"%s\" lacks \"%s\"", cases[i].text, error.text, cases[i].part);
    }
    assert_false(json_check("x", 1, NULL));
}

static char *repeat(const char *before, char middle, size_t count, const char *behind) {
    char *text = alloc_zero(strlen(before) + count + strlen(behind) + 1, 1);
    memcpy(text, before, strlen(before));
    memset(text + strlen(before), middle, count);
    memcpy(text + strlen(before) + count, behind, strlen(behind));
    return text;
}

static void test_long_numbers(void **state) {
    (void)state;
    static const struct {
        const char *before;
        size_t digits;
        bool accepted;
    } cases[] = {
        {"9", 131071, true},  {"9", 131072, false},  {"0.", 16383, true},
        {"0.", 16384, false}, {"-1.", 16384, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free) char *text = repeat(cases[i].before, '7', cases[i].digits, "");
        assert_int_equal(check(text, strlen(text), NULL), cases[i].accepted);
    }
}

static void test_depth(void **state) {
    (void)state;
    for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        CLEANUP(cleanup_free) char *text = alloc_zero(depth * 2 + 1, 1);
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct error error = {0};
        assert_int_equal(check(text, depth * 2, &error), depth == JSON_DEPTH_MAX);
        assert_int_equal(strstr(error.text, "1000 levels") != NULL, depth > JSON_DEPTH_MAX);
    }
    CLEANUP(cleanup_free) char *endless = repeat("", '[', 5000000, "");
    assert_false(check(endless, 5000000, NULL));
}

static void test_cut_short(void **state) {
    (void)state;
    static const char text[] = "{\"a\\u00e9\":[1.5e-3,true,null,\"\xc3\xa9\\ud83d\\ude00\"],\"b\":{}}";
    for (size_t length = 0; length < strlen(text); length++)
        assert_false(check(text, length, NULL));
    assert_true(check(text, strlen(text), NULL));
}

static struct span span_of(const char *text) {
    return (struct span){.data = text, .length = strlen(text)};
}

/* "key=value;key=value;", an array's items without the equals sign. */
static char *walk_all(const char *text, const struct json_index *index) {
    struct json_walk walk;
    struct span key, value;
    struct buffer found;
    buffer_init(&found, 10000);
    if (!json_walk_init(&walk, span_of(text)))
        return alloc_strdup("neither");
    walk.index = index;
    while (json_walk_next(&walk, &key, &value)) {
        if (key.data)
            assert_true(buffer_append(&found, key.data, key.length) && buffer_append_text(&found, "="));
        assert_true(buffer_append(&found, value.data, value.length) && buffer_append_text(&found, ";"));
    }
    assert_false(json_walk_next(&walk, &key, &value));
    return buffer_take(&found);
}

static void test_walk(void **state) {
    (void)state;
    static const struct {
        const char *text, *found;
    } cases[] = {
        {"{}", ""},
        {"[ ]", ""},
        {"12", "neither"},
        {"\"[]\"", "neither"},
        {"", "neither"},
        {"[1, -2.50e1 ,true,[ 1,2 ],{\"a\":\"]\"},\"x\\\"]\"]",
         "1;-2.50e1;true;[ 1,2 ];{\"a\":\"]\"};\"x\\\"]\";"},
        {" {\"a\":1}", "neither"},
        {"{ \"a\" : 1 , \"b\\\"}\" :{\"c\":[[]]},\"a\":\"\" ,\"\":null\n}",
         "a=1;b\\\"}={\"c\":[[]]};a=\"\";=null;"},
        {"[[[[]]],\"\\\\\",9007199254740993]", "[[[]]];\"\\\\\";9007199254740993;"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct json_index index = {0};
        (void)json_check_index(cases[i].text, strlen(cases[i].text), &index, NULL);
        CLEANUP(cleanup_free) char *found = walk_all(cases[i].text, NULL);
        CLEANUP(cleanup_free) char *faster = walk_all(cases[i].text, &index);
        assert_string_equal(found, cases[i].found);
        assert_string_equal(faster, cases[i].found);
        json_index_done(&index);
    }
}

static void test_index(void **state) {
    (void)state;
    static const char text[] = " [{\"a\":[],\"b\":[1]}, \"[\" ,{}] ";
    static const char *const spans[] = {"[{\"a\":[],\"b\":[1]}, \"[\" ,{}]", "{\"a\":[],\"b\":[1]}", "[]",
                                        "[1]", "{}"};
    struct json_index index = {0};
    assert_true(json_check_index(text, strlen(text), &index, NULL));
    assert_int_equal(index.count, ARRAY_LENGTH(spans));
    for (size_t i = 0; i < index.count; i++) {
        assert_int_equal(index.spans[i].length, strlen(spans[i]));
        assert_memory_equal(index.spans[i].data, spans[i], strlen(spans[i]));
    }
    json_index_done(&index);
    assert_false(json_check_index("[[{", 3, &index, NULL));
    json_index_done(&index);
    json_index_done(&index);
}

static char *canonical(const char *text) {
    struct buffer buffer;
    buffer_init(&buffer, 100000000);
    CLEANUP(cleanup_free) char *copy = exact(text, strlen(text));
    assert_true(json_check(copy, strlen(text), NULL));
    assert_true(json_canonical((struct span){.data = copy, .length = strlen(text)}, &buffer));
    return buffer_take(&buffer);
}

static void test_canonical(void **state) {
    (void)state;
    static const struct {
        const char *text, *form;
    } cases[] = {
        {"null", ""},
        {"false", ""},
        {"\"\"", ""},
        {"[]", ""},
        {"[  ]", ""},
        {"true", "true"},
        {"{}", "{}"},
        {"0", "0"},
        {"-0", "0"},
        {"0.00e5", "0"},
        {"1", "1"},
        {"1.0", "1"},
        {"10e-1", "1"},
        {"0.1E+1", "1"},
        {"100", "1e2"},
        {"10", "1e1"},
        {"1e1", "1e1"},
        {"1.50", "15e-1"},
        {"15e-1", "15e-1"},
        {"-12.340e-3", "-1234e-5"},
        {"0.00120", "12e-4"},
        {"100.001", "100001e-3"},
        {"9007199254740993", "9007199254740993"},
        {"\"a\"", "\"a\""},
        {"\"\\u0061\\/\\\"\\\\\"", "\"a/\\\"\\\\\""},
        {"\"\\u000a\\n\\u0001\\b\"", "\"\\n\\n\\u0001\\b\""},
        {"\"\\u00e9\\u20ac\\ud83d\\ude00\"", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"[null,false,\"\",[],{}]", "[null,false,\"\",[],{}]"},
        {"[ 1 , 1.0 ]", "[1,1]"},
        {"{\"b\":1,\"a\":2}", "{\"a\":2,\"b\":1}"},
        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}"},
        {"{\"a\":1,\"a\":2}", "{\"a\":2}"},
        {"{\"a\":1,\"\\u0061\":null}", "{}"},
        {"{\"a\":null,\"a\":1}", "{\"a\":1}"},
        {"{\"b\":1,\"a\":null,\"c\":false,\"d\":\"\",\"e\":[],\"f\":{},\"g\":0}",
         "{\"b\":1,\"f\":{},\"g\":0}"},
        {"{\"a\":{\"b\":null}}", "{\"a\":{}}"},
        {"[{\"b\":null,\"a\":1},{\"c\":false}]", "[{\"a\":1},{}]"},
        {"{\"z\":{\"y\":1,\"x\":[{\"b\":2,\"a\":1}]},\"\":3}",
         "{\"\":3,\"z\":{\"x\":[{\"a\":1,\"b\":2}],\"y\":1}}"},
        {"{\"aa\":1,\"a\":2,\"aaa\":3}", "{\"a\":2,\"aa\":1,\"aaa\":3}"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free) char *form = canonical(cases[i].text);
        if (strcmp(form, cases[i].form) != 0)
            fail_msg("%s: %s, not %s", cases[i].text, form, cases[i].form);
        if (form[0] != '\0') { /* and the form of a form is itself */
            CLEANUP(cleanup_free) char *again = canonical(form);
            assert_string_equal(again, form);
        }
    }
}

static void test_canonical_maximum(void **state) {
    (void)state;
    static const char *const texts[] = {"{\"b\":[1,2],\"a\":\"x\\n\"}", "\"\\u20ac\"", "-12.5e7",
                                        "{\"a\":{\"b\":1}}"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        CLEANUP(cleanup_free) char *form = canonical(texts[i]);
        for (size_t maximum = 0; maximum < strlen(form); maximum++) {
            struct buffer buffer;
            buffer_init(&buffer, maximum);
            assert_false(json_canonical(span_of(texts[i]), &buffer));
            assert_int_equal(buffer.length, 0);
            buffer_done(&buffer);
        }
    }
    struct buffer buffer;
    buffer_init(&buffer, 100);
    assert_true(buffer_append_text(&buffer, "before") &&
                json_canonical(span_of("{\"b\":2,\"a\":1}"), &buffer) &&
                json_canonical(span_of("[]"), &buffer));
    assert_string_equal(buffer_text(&buffer), "before{\"a\":1,\"b\":2}");
    buffer_done(&buffer);
}

static void test_canonical_hostile(void **state) {
    (void)state;
    enum { KEYS = 100000 };
    struct buffer text;
    buffer_init(&text, 10000000);
    for (int i = KEYS; i > 0; i--) /* each key twice, backwards */
        assert_true(buffer_append_format(&text, "%s\"%d\":%d", i == KEYS ? "{" : ",", i / 2, i));
    assert_true(buffer_append_text(&text, "}"));
    CLEANUP(cleanup_free) char *form = canonical(buffer_text(&text));
    assert_non_null(strstr(form, ",\"49999\":99998,"));
    assert_null(strstr(form, "99999}"));

    buffer_clear(&text);
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        assert_true(buffer_append_text(&text, "{\"b\":"));
    assert_true(buffer_append_text(&text, "1"));
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        assert_true(buffer_append_text(&text, ",\"a\":1}"));
    CLEANUP(cleanup_free) char *deep = canonical(buffer_text(&text));
    assert_int_equal(strlen(deep), text.length);
    assert_memory_equal(deep, "{\"a\":1,\"b\":{\"a\":1,\"b\":", 22);
    buffer_done(&text);
}

static void test_quote(void **state) {
    (void)state;
    static const struct {
        const char *text, *quoted;
    } cases[] = {
        {NULL, "null"},
        {"", "\"\""},
        {"a \"b\" \\ /", "\"a \\\"b\\\" \\\\ /\""},
        {"\n\t\x01\x1f\x7f\xc3\xa9", "\"\\n\\t\\u0001\\u001f\x7f\xc3\xa9\""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct buffer buffer;
        buffer_init(&buffer, strlen(cases[i].quoted));
        assert_true(json_quote(cases[i].text, &buffer));
        assert_string_equal(buffer_text(&buffer), cases[i].quoted);
        buffer_done(&buffer);
        buffer_init(&buffer, strlen(cases[i].quoted) - 1);
        assert_false(json_quote(cases[i].text, &buffer));
        assert_int_equal(buffer.length, 0);
        buffer_done(&buffer);
    }
}

static void test_too_many_values(void **state) {
    (void)state;
    const size_t most = JSON_VALUES_MAX;
    char *text = malloc(2 * most + 2);
    assert_non_null(text);
    for (size_t i = 0; i < most; i++) {
        text[2 * i] = i == 0 ? '[' : ',';
        text[2 * i + 1] = '0';
    }
    text[2 * most] = ']'; /* the list and as many numbers as there may be values: one too many */
    struct error error = {0};
    assert_false(json_check(text, 2 * most + 1, &error));
    assert_int_equal(error.cause, CAUSE_SHAPE);
    assert_non_null(strstr(error.text, "more than 2000000 values"));
    text[2 * most - 2] = ']';
    assert_true(json_check(text, 2 * most - 1, &error));
    free(text);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_many_values),
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_long_numbers),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_canonical),
        cmocka_unit_test(test_canonical_maximum),
        cmocka_unit_test(test_canonical_hostile),
        cmocka_unit_test(test_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
