#include "core/delivery.h"

#include <string.h>

#include "../unit.h"
#include "base/macros.h"

static void body_of(struct buffer *body, const char *text) {
    buffer_init(body, 4096);
    assert_true(buffer_append_text(body, text));
}

static void test_statuses(void **state) {
    (void)state;
    static const struct {
        int status;
        enum delivery_outcome outcome;
    } rows[] = {
        {200, DELIVERY_DELIVERED}, {202, DELIVERY_DELIVERED}, {204, DELIVERY_DELIVERED},
        {299, DELIVERY_DELIVERED}, {301, DELIVERY_REFUSED},   {304, DELIVERY_REFUSED},
        {307, DELIVERY_REFUSED},   {400, DELIVERY_REFUSED},   {401, DELIVERY_REFUSED},
        {404, DELIVERY_REFUSED},   {408, DELIVERY_REFUSED},   {410, DELIVERY_GONE},
        {413, DELIVERY_REFUSED},   {429, DELIVERY_HELD},      {500, DELIVERY_HELD},
        {501, DELIVERY_HELD},      {503, DELIVERY_HELD},      {599, DELIVERY_HELD},
        {100, DELIVERY_REFUSED},   {0, DELIVERY_REFUSED},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct delivery_result result;
        struct buffer body;
        body_of(&body, "");
        delivery_judge_answer(rows[i].status, "hooks.example.com:443", &body, NULL, 0, NULL, &result);
        assert_int_equal(result.outcome, rows[i].outcome);
        assert_int_equal(result.status, rows[i].status);
        assert_int_equal(result.retry_after, 0);
        buffer_done(&body);
    }
}

static void test_words(void **state) {
    (void)state;
    static const struct {
        const char *body, *text;
    } rows[] = {
        {"", "h:443 answered 500"},
        {"invalid_payload", "h:443 answered 500: invalid_payload"},
        {"line one\nline two", "h:443 answered 500: line one"},
        {"{\"status\":\"invalid event\",\"message\":\"Event object is invalid\"}",
         "h:443 answered 500: Event object is invalid"},
        {"bad \033[31mthing", "h:443 answered 500: bad ?[31mthing"},
        {"no such token T0KEN-T0KEN here", "h:443 answered 500: no such token *** here"},
    };
    char **secrets = delivery_secrets("https://hooks.example.com/services/T0KEN-T0KEN?a=b", NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct delivery_result result;
        struct buffer body;
        body_of(&body, rows[i].body);
        delivery_judge_answer(500, "h:443", &body, NULL, 0, (const char *const *)secrets, &result);
        assert_string_equal(result.text, rows[i].text);
        buffer_done(&body);
    }
    delivery_secrets_free(secrets);
}

static void test_retry_after(void **state) {
    (void)state;
    const usec_t now = 1767225600 * USEC_PER_SEC; /* 2026-01-01 */
    static const struct {
        int status;
        const char *header;
        usec_t delay;
    } rows[] = {
        {503, "120", 120 * USEC_PER_SEC},
        {429, "Thu, 01 Jan 2026 00:01:00 GMT", 60 * USEC_PER_SEC},
        {429, "Wed, 31 Dec 2025 00:00:00 GMT", 0},
        {503, "soon", 0},
        {503, "-1", 0},
        {400, "120", 0}, /* only who is held waits */
        {410, "120", 0},
        {200, "120", 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct delivery_result result;
        struct buffer body;
        body_of(&body, "");
        delivery_judge_answer(rows[i].status, "h", &body, rows[i].header, now, NULL, &result);
        assert_int_equal(result.retry_after, rows[i].delay);
        buffer_done(&body);
    }
}

static void test_programs(void **state) {
    (void)state;
    struct delivery_result result;
    delivery_judge_exit(0, "/usr/local/bin/page", &result);
    assert_int_equal(result.outcome, DELIVERY_DELIVERED);
    delivery_judge_exit(7, "/usr/local/bin/page", &result);
    assert_int_equal(result.outcome, DELIVERY_HELD);
    assert_int_equal(result.status, 7);
    assert_string_equal(result.text, "/usr/local/bin/page ended with status 7");
}

static void test_failures(void **state) {
    (void)state;
    static const struct {
        enum error_cause cause;
        enum delivery_outcome outcome;
    } rows[] = {
        {CAUSE_RESOLVE, DELIVERY_HELD},      {CAUSE_CONNECT, DELIVERY_HELD}, {CAUSE_TLS, DELIVERY_HELD},
        {CAUSE_TIMEOUT, DELIVERY_HELD},      {CAUSE_RESET, DELIVERY_HELD},   {CAUSE_SECRET, DELIVERY_HELD},
        {CAUSE_CONFIG, DELIVERY_HELD},       {CAUSE_IO, DELIVERY_HELD},      {CAUSE_SHAPE, DELIVERY_REFUSED},
        {CAUSE_TOO_LARGE, DELIVERY_REFUSED},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct error error = {.cause = rows[i].cause, .text = "what went wrong"};
        struct delivery_result result;
        delivery_judge_failure(&error, &result);
        assert_int_equal(result.outcome, rows[i].outcome);
        assert_int_equal(result.status, -1);
        assert_int_equal(result.cause, rows[i].cause);
        assert_string_equal(result.text, "what went wrong");
    }
}

static void test_secrets_of_a_url(void **state) {
    (void)state;
    static const char url[] =
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXX?key=abcdefgh&x=y";
    static const char *const expected[] = {url,         url + 23,       "services", "T00000000",
                                           "B00000000", "XXXXXXXXXXXX", "abcdefgh", "routing-key",
                                           "whsec_abc", "abc",          NULL};
    const char *more[] = {"routing-key", "", "whsec_abc", NULL};
    char **secrets = delivery_secrets(url, more);
    for (size_t i = 0; expected[i]; i++)
        assert_string_equal(secrets[i], expected[i]);
    assert_null(secrets[ARRAY_LENGTH(expected) - 1]);
    delivery_secrets_free(secrets);
    secrets = delivery_secrets("https://hooks.example.com", NULL);
    assert_null(secrets[1]);
    delivery_secrets_free(secrets);
    delivery_secrets_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),    cmocka_unit_test(test_words),
        cmocka_unit_test(test_retry_after), cmocka_unit_test(test_programs),
        cmocka_unit_test(test_failures),    cmocka_unit_test(test_secrets_of_a_url),
    };
    return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
