#include "core/target.h"

#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "core/target_json.h"

static struct target *parse(const char *text) {
    struct error error = {0};
    struct target *target = target_parse(text, strlen(text), NULL, &error);
    if (!target)
        fail_msg("%s: %s", text, error.text);
    return target;
}

static struct fingerprint make(enum fingerprint_kind kind, const char *body, usec_t *ret_time) {
    return fingerprint_make(kind, body, strlen(body), "2025-09-18", ret_time);
}

static enum fingerprint_kind choose(const char *body) {
    struct target *target = parse(body);
    enum fingerprint_kind kind = fingerprint_choose(target, body, strlen(body));
    target_free(target);
    return kind;
}

static void test_equalities(void **state) {
    (void)state;
    assert_true(text_equal(NULL, NULL) && text_equal(NULL, "") && text_equal("", NULL) &&
                text_equal("a", "a"));
    assert_false(text_equal(NULL, "a") || text_equal("a", "A") || text_equal("a", NULL));
    assert_true(flag_equal(FLAG_ABSENT, FLAG_FALSE) && flag_equal(FLAG_TRUE, FLAG_TRUE));
    assert_false(flag_equal(FLAG_ABSENT, FLAG_TRUE) || flag_equal(FLAG_TRUE, FLAG_FALSE));
    const struct json_value absent = {NULL, ""}, null = {"null", ""}, one = {"1", "1"},
                            also_one = {"1.0", "1"};
    assert_true(json_value_equal(&absent, &null) && json_value_equal(&one, &also_one));
    assert_false(json_value_equal(&absent, &one));
}

static void test_field_equal(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"{\"id\":\"x\"}", "{\"id\":\"x\"}", true},
        {"{\"id\":\"x\"}", "{\"id\":\"y\"}", false},
        {"{\"id\":\"x\",\"name\":\"a\"}", "{\"id\":\"x\",\"name\":\"b\"}", false},
        {"{\"id\":\"x\",\"source_type\":\"a\"}", "{\"id\":\"x\"}", false},
        {"{\"id\":\"x\"}",
         "{\"id\":\"x\",\"name\":\"\",\"description\":null,\"required\":false,\"encryptable\":null,"
         "\"identity_functions\":[],\"n\":null,\"f\":false,\"t\":\"\",\"l\":[]}",
         true},
        {"{\"id\":\"x\",\"e\":{}}", "{\"id\":\"x\"}", false},
        {"{\"id\":\"x\",\"e\":0}", "{\"id\":\"x\"}", false},
        {"{\"id\":\"x\",\"supports_identity\":true}", "{\"id\":\"x\",\"supports_identity\":false}", false},
        {"{\"id\":\"x\",\"a\":1,\"b\":{\"c\":1,\"d\":null}}", "{\"b\":{\"c\":1.0},\"a\":10e-1,\"id\":\"x\"}",
         true},
        {"{\"id\":\"x\",\"a\":1,\"c\":3}", "{\"id\":\"x\",\"a\":1,\"b\":null,\"c\":3}", true},
        {"{\"id\":\"x\",\"a\":1}", "{\"id\":\"x\",\"b\":1}", false},
        {"{\"id\":\"x\",\"a\":[1,2]}", "{\"id\":\"x\",\"a\":[2,1]}", false},
        {"{\"id\":\"x\",\"identity_functions\":[{\"id\":\"1\"},{\"id\":\"2\",\"label\":\"b\"}]}",
         "{\"id\":\"x\",\"identity_functions\":[{\"label\":\"b\",\"id\":\"2\"},{\"id\":\"1\",\"label\":null}]}",
         true},
        {"{\"id\":\"x\",\"identity_functions\":[{\"id\":\"1\"}]}",
         "{\"id\":\"x\",\"identity_functions\":[{\"id\":\"1\"},{\"id\":\"1\"}]}", false},
        {"{\"id\":\"x\",\"identity_functions\":[{\"id\":\"1\",\"label\":\"a\"}]}",
         "{\"id\":\"x\",\"identity_functions\":[{\"id\":\"1\",\"label\":\"b\"}]}", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free) char *a = alloc_printf("{\"data\":{\"fields\":[%s]}}", cases[i].a);
        CLEANUP(cleanup_free) char *b = alloc_printf("{\"data\":{\"fields\":[{},%s]}}", cases[i].b);
        struct target *left = parse(a), *right = parse(b);
        if (field_equal(left->fields, right->fields) != cases[i].equal ||
            field_equal(right->fields, left->fields) != cases[i].equal)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
        target_free(left);
        target_free(right);
    }
}

static void test_find_field(void **state) {
    (void)state;
    struct target *target =
        parse("{\"data\":{\"fields\":[{\"id\":\"c\"},{\"id\":\"\xc3\xa9\"},{\"id\":\"a\"},"
              "{\"id\":\"c\",\"name\":\"2\"},{\"id\":\"B\"},{\"id\":\"c\",\"name\":\"3\"}]}}");
    static const struct {
        const char *id;
        size_t count;
    } cases[] = {{"a", 1}, {"B", 1}, {"c", 3}, {"\xc3\xa9", 1}, {"", 0}, {"b", 0}, {"cc", 0}, {"\xff", 0}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        size_t count = 99;
        const struct field *found = target_find_field(target, cases[i].id, &count);
        assert_int_equal(count, cases[i].count);
        assert_int_equal(found != NULL, count > 0);
        for (size_t j = 0; j < count; j++)
            assert_string_equal(found[j].id, cases[i].id);
        for (size_t j = 1; j < count; j++)
            assert_true(found[j - 1].position < found[j].position);
    }
    target_free(target);
    target_free(NULL);
}

#define BODY(fields, time) \
    "{\"data\":{\"id\":\"a\",\"fields\":[" fields "],\"refreshed_at\":" time ",\"z\":1}}"

static const char plain[] = BODY("{\"id\":\"x\"}", "\"2026-01-31T12:00:00Z\"");

static void test_same_but_for_the_time(void **state) {
    (void)state;
    static const struct {
        const char *body;
        usec_t time; /* seconds beyond 2026-01-31 12:00 UTC */
    } same[] = {
        {BODY("{\"id\":\"x\"}", "\"2026-01-31T12:00:01Z\""), 1},
        {BODY("{\"id\":\"x\"}", "\"2026-01-31t13:00:02.000+01:00\""), 2},
        {BODY("{\"id\":\"x\"}", "\"2026-01-31 11:00:03-01:00\""), 3},
    };
    struct fingerprint first = make(FINGERPRINT_CUT, plain, NULL);
    assert_int_equal(choose(plain), FINGERPRINT_CUT);
    assert_int_equal(fingerprint_kind(&first), FINGERPRINT_CUT);
    for (size_t i = 0; i < ARRAY_LENGTH(same); i++) {
        usec_t time;
        struct fingerprint other = make(FINGERPRINT_CUT, same[i].body, &time);
        assert_true(fingerprint_equal(&first, &other));
        assert_true(time == (1769860800 + same[i].time) * USEC_PER_SEC);
        struct fingerprint whole = make(FINGERPRINT_WHOLE, same[i].body, &time);
        assert_true(time == USEC_NONE);
        assert_int_equal(fingerprint_kind(&whole), FINGERPRINT_WHOLE);
        assert_false(fingerprint_equal(&first, &whole));
    }
}

/* Whatever byte is changed, added or left out: the fingerprint is another, or it was the time that changed.
 */
static void test_any_other_byte(void **state) {
    (void)state;
    size_t length = strlen(plain), start = (size_t)(strstr(plain, "2026") - plain), end = start + 20;
    struct fingerprint cut = make(FINGERPRINT_CUT, plain, NULL), whole = make(FINGERPRINT_WHOLE, plain, NULL);
    for (size_t i = 0; i < length; i++) {
        char changed[sizeof(plain)];
        memcpy(changed, plain, sizeof(plain));
        changed[i] ^= 1;
        struct fingerprint other = fingerprint_make(FINGERPRINT_WHOLE, changed, length, "2025-09-18", NULL);
        assert_false(fingerprint_equal(&whole, &other));
        other = fingerprint_make(FINGERPRINT_CUT, changed, length, "2025-09-18", NULL);
        if (i < start || i >= end)
            assert_false(fingerprint_equal(&cut, &other));
        memmove(changed + i, changed + i + 1, length - i);
        other = fingerprint_make(FINGERPRINT_CUT, changed, length - 1, "2025-09-18", NULL);
        assert_false(fingerprint_equal(&cut, &other));
        CLEANUP(cleanup_free) char *longer = alloc_printf("%.*s %s", (int)i, plain, plain + i);
        other = make(FINGERPRINT_CUT, longer, NULL);
        if (i <= start || i > end)
            assert_false(fingerprint_equal(&cut, &other));
    }
}

static void test_none(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "",
        "{}",
        "\"refreshed_at\":",
        "\"refreshed_at\":\"",
        "\"refreshed_at\":\"2026-01-31T12:00:00Z",
        "\"refreshed_at\" :\"2026-01-31T12:00:00Z\"",
        BODY("", "null"),
        BODY("", "12"),
        BODY("", "\"\""),
        BODY("", "\"2026\""),
        BODY("", "\"2026-01-31T12:00:00Z \""),
        BODY("", "\"2026-01-31T12:00:00\\u005a\""),
        BODY("", "\"2026-02-31T12:00:00Z\""),
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        usec_t time = 7;
        struct fingerprint none = make(FINGERPRINT_CUT, bodies[i], &time);
        static const struct fingerprint zero;
        assert_memory_equal(none.bytes, zero.bytes, sizeof(zero.bytes));
        assert_true(time == USEC_NONE);
        assert_int_equal(fingerprint_kind(&none), FINGERPRINT_NONE);
        assert_false(fingerprint_equal(&none, &none));
    }
    struct fingerprint none = make(FINGERPRINT_NONE, plain, NULL);
    assert_int_equal(fingerprint_kind(&none), FINGERPRINT_NONE);
    struct fingerprint other_rule = make(FINGERPRINT_CUT, plain, NULL);
    other_rule.bytes[0] = (unsigned char)(other_rule.bytes[0] + 0x10); /* another version of the rule */
    assert_int_equal(fingerprint_kind(&other_rule), FINGERPRINT_NONE);
    assert_false(fingerprint_equal(&other_rule, &other_rule));
}

static void test_white_space_before_the_time(void **state) {
    (void)state;
    static const char body[] = BODY("", " \t\r\n \"2026-01-31T12:00:00Z\"");
    assert_int_equal(choose(body), FINGERPRINT_CUT);
    struct fingerprint fingerprint = make(FINGERPRINT_CUT, body, NULL);
    assert_int_equal(fingerprint_kind(&fingerprint), FINGERPRINT_CUT);
}

/* A time of its own that stands where the rule does not look, or that is not its own: then all bytes count.
 */
static void test_choose_whole(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "{\"data\":{\"id\":\"a\"}}",
        "{\"data\":{\"id\":\"a\",\"refreshed_at\":null}}",
        "{\"data\":{\"refreshed_at\":\"2026-01-31T12:00:00Z\",\"fields\":[{\"refreshed_at\":\"2026-01-31\"}]}}",
        "{\"data\":{\"refreshed_at\":\"2026-01-31T12:00:00Z\",\"modes\":[{\"refreshed_at\":\"2026-01-31T12:00:00Z\"}]}}",
        "{\"data\":{\"refreshed_at\":\"2026-01-31T12:00:00Z\",\"properties\":{\"refreshed_at\":\"2026-01-31\"}}}",
        "{\"data\":{\"fields\":[{\"id\":\"x\",\"refreshed_at\":\"2026-01-31T12:00:00Z\"}]}}",
        "{\"data\":{\"refreshed_at\":\"2026-01-31T12:00:00Z\"},\"refreshed_at\":\"2026-01-31T12:00:00Z\"}",
        "{\"data\":{\"refreshed_at\":\"2026-01-31T12:00:00Z\",\"x\\\"refreshed_at\":\"2026-01-31T12:00:00Z\"}}",
        "{\"data\":{\"refreshed_at\":\"2026-01-31T12:00:00Z\"},\"data\":{}}",
        "{\"data\":{\"refreshed_at\":\"2026-01-31T12:00:00Z\",\"refreshed_\\u0061t\":\"2026-01-31T12:00:00Z\"}}",
        "{\"data\":{\"refreshed_at\":\"2026-01-31T12:00:00\\u005a\"}}",
        "{\"data\":{\"refreshed_at\" :\"2026-01-31T12:00:00Z\"}}",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++)
        if (choose(bodies[i]) != FINGERPRINT_WHOLE)
            fail_msg("%s", bodies[i]);
    assert_int_equal(
        choose("{\"data\":{\"fields\":[{\"id\":\"x\",\"refreshed_at\":\"2026-01-31T12:00:00Z\"}],"
               "\"refreshed_at\":\"2026-01-31T12:00:00Z\"}}"),
        FINGERPRINT_CUT);
    assert_int_equal(
        choose("{\"data\":{\"name\":\"\\\"refreshed_at\\\":\",\"refreshed_at\":\"2026-01-31T12:00:00Z\","
               "\"fields\":[{\"id\":\"\\\"refreshed_at\\\":\\\"2026-01-31T12:00:00Z\\\"\"}]}}"),
        FINGERPRINT_CUT);
}

/* The same bytes around a cut at another place of the document are another answer. */
static void test_place_of_the_cut(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "[\"refreshed_at\":\"2026-01-31T12:00:00Z\",\"2026-01-31T12:00:00Z\"]",
        "[\"refreshed_at\":\"2026-01-31T12:00:00Z\",\"refreshed_at\":\"2026-01-31T12:00:00Z\"]",
        "[\"refreshed_at\":\"\",\"refreshed_at\":\"2026-01-31T12:00:00Z\"]",
        "[\"refreshed_at\": \"2026-01-31T12:00:00Z\",\"2026-01-31T12:00:00Z\"]",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++)
        for (size_t j = 0; j < i; j++) {
            struct fingerprint a = make(FINGERPRINT_CUT, bodies[i], NULL),
                               b = make(FINGERPRINT_CUT, bodies[j], NULL);
            assert_false(fingerprint_equal(&a, &b));
        }
}

static void test_api_version(void **state) {
    (void)state;
    static const char *const versions[] = {"", "2025-09-18", "2025-09-19"};
    for (size_t i = 0; i < ARRAY_LENGTH(versions); i++)
        for (size_t j = 0; j < ARRAY_LENGTH(versions); j++)
            for (enum fingerprint_kind kind = FINGERPRINT_WHOLE; kind <= FINGERPRINT_CUT; kind++) {
                struct fingerprint a = fingerprint_make(kind, plain, strlen(plain), versions[i], NULL);
                struct fingerprint b = fingerprint_make(kind, plain, strlen(plain), versions[j], NULL);
                assert_int_equal(fingerprint_equal(&a, &b), i == j);
            }
    struct fingerprint unknown = fingerprint_make(FINGERPRINT_WHOLE, plain, strlen(plain), NULL, NULL);
    struct fingerprint empty = fingerprint_make(FINGERPRINT_WHOLE, plain, strlen(plain), "", NULL);
    assert_true(fingerprint_equal(&unknown, &empty));
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equalities),
        cmocka_unit_test(test_field_equal),
        cmocka_unit_test(test_find_field),
        cmocka_unit_test(test_same_but_for_the_time),
        cmocka_unit_test(test_any_other_byte),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_white_space_before_the_time),
        cmocka_unit_test(test_choose_whole),
        cmocka_unit_test(test_place_of_the_cut),
        cmocka_unit_test(test_api_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
