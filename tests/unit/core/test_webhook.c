#include "../unit.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/macros.h"
#include "core/webhook.h"

/* 24 bytes, 32, and 64, which is as many as there may be. */
static const char short_secret[] = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
static const char usual_secret[] = "C2FVsBQIhrscChlQIMV+b5sSYspob7oDAAECAwQFBgc=";
static const char long_secret[] =
    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==";

static void secrets_are_read(void **state) {
    (void)state;
    static const struct {
        const char *before, *secret, *behind;
        size_t length;
    } cases[] = {
        {"", short_secret, "", 24},    {"whsec_", short_secret, "", 24},
        {"", usual_secret, "", 32},    {"whsec_", usual_secret, "\n", 32},
        {"", long_secret, "\r\n", 64}, {" \twhsec_", long_secret, " \n\n", 64},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[200];
        unsigned char bytes[WEBHOOK_SECRET_MAX] = {0};
        size_t length = 0;
        snprintf(text, sizeof(text), "%s%s%s", cases[i].before, cases[i].secret, cases[i].behind);
        assert_true(webhook_secret_parse(text, bytes, &length, NULL));
        assert_int_equal(length, cases[i].length);
        assert_int_equal(bytes[0], cases[i].secret == short_secret   ? 0x31
                                   : cases[i].secret == usual_secret ? 0x0b
                                                                     : 0);
    }
}

static void a_secret_is_decoded_exactly(void **state) {
    (void)state;
    unsigned char bytes[WEBHOOK_SECRET_MAX];
    size_t length = 0;
    assert_true(webhook_secret_parse(long_secret, bytes, &length, NULL));
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(bytes[i], i);
    assert_true(webhook_secret_parse("++++////++++////++++////++++////+w==", bytes, &length, NULL));
    assert_int_equal(length, 25);
    assert_memory_equal(bytes, "\xfb\xef\xbe\xff\xff\xff\xfb\xef\xbe", 9);
    assert_int_equal(bytes[24], 0xfb);
}

static void what_is_no_secret_is_refused_without_telling_it(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "is empty"},
        {" \n", "is empty"},
        {"whsec_", "is empty"},
        {"whsec_\n", "is empty"},
        {"c2hvcnQ=", "is too short"},
        {"AAECAwQFBgcICQoLDA0ODxAREhMUFRY=", "is too short"}, /* 23 bytes */
        {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=",
         "is too long"},
        {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BB",
         "is too long"},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
         "is too long"},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "multiple of four"},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwA", "multiple of four"},
        {"C2FVsBQIhrscChlQIMV+b5sSYspob7oDAAECAwQFBgc", "multiple of four"}, /* its padding is missing */
        {"=", "multiple of four"},
        {"====", "is too short"},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaL===", "is too short"},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwM===", "is not base64"},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwM=A=", "is not base64"},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw====", "is not base64"},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_-", "is not base64"}, /* the alphabet of URLs */
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w", "is not base64"},
        {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa\xc3\xa4", "is not base64"},
        {"MfKQ9r8GKYqrTwjU\nPD8ILPZIo2LaLaSw", "white space"},
        {"whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "white space"},
        {"whsec_whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "multiple of four"},
        {"WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "multiple of four"},
        {"whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "asymmetric"},
        {"whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "asymmetric"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        unsigned char bytes[WEBHOOK_SECRET_MAX];
        size_t length = 7;
        struct error error = {0};
        memset(bytes, 0xa5, sizeof(bytes));
        bool done = webhook_secret_parse(cases[i].text, bytes, &length, &error);
        if (done || error.cause != CAUSE_SECRET || !strstr(error.text, cases[i].words))
            fail_msg("%s: %d, %s, not \"%s\"", cases[i].text, done, error.text, cases[i].words);
        assert_non_null(strstr(error.text, "base64 of 24 to 64 bytes"));
        assert_null(strstr(error.text, "MfKQ"));
        assert_null(strstr(error.text, "AAEC"));
        assert_int_equal(length, 7); /* untouched */
        for (size_t at = 0; at < sizeof(bytes); at++)
            assert_int_equal(bytes[at], 0xa5);
    }
}

static void sign(const char *secret, const char *id, int64_t time, const char *body, struct buffer *header) {
    unsigned char bytes[WEBHOOK_SECRET_MAX];
    size_t length = 0;
    assert_true(webhook_secret_parse(secret, bytes, &length, NULL));
    assert_true(webhook_sign(bytes, length, id, time, body, strlen(body), header));
}

/* The first is the vector of the specification's own libraries, the others are by `openssl dgst -mac HMAC`.
 */
static void signatures_are_right(void **state) {
    (void)state;
    static const struct {
        const char *secret, *id;
        int64_t time;
        const char *body, *header;
    } cases[] = {
        {short_secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}",
         "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {usual_secret, "0b5e2b1c-7d1c-4b55-9f0e-0c2d3f1a9b77", 1767225600, "{}",
         "v1,7r6N+TeKuPcf1kOYqVd3PXnGjTQkqwuY+ZyGygNrZoM="},
        {long_secret, "0b5e2b1c-7d1c-4b55-9f0e-0c2d3f1a9b77", 0, "",
         "v1,NVhpV7g8/EBG0D7vaP7N2ZIwrYV/M6RiZ0f3t+WDptY="},
        {long_secret, "m", 1767225600,
         "{\"name\":\"Gr\xc3\xb6\xc3\x9f"
         "e\"}",
         "v1,T49dBf3aKGqgE3VnKhppumQfaP5qKDkKo639un4QJ0s="},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(buffer_done) struct buffer header;
        buffer_init(&header, 1000);
        sign(cases[i].secret, cases[i].id, cases[i].time, cases[i].body, &header);
        assert_string_equal(buffer_text(&header), cases[i].header);
    }
}

static void several_signatures_are_separated_by_a_space(void **state) {
    (void)state;
    CLEANUP(buffer_done) struct buffer first, second, both;
    buffer_init(&first, 1000);
    buffer_init(&second, 1000);
    buffer_init(&both, 1000);
    sign(short_secret, "id", 1, "body", &first);
    sign(long_secret, "id", 1, "body", &second);
    sign(short_secret, "id", 1, "body", &both);
    sign(long_secret, "id", 1, "body", &both);
    char wanted[200];
    snprintf(wanted, sizeof(wanted), "%s %s", buffer_text(&first), buffer_text(&second));
    assert_string_equal(buffer_text(&both), wanted);
    assert_string_not_equal(buffer_text(&first), buffer_text(&second));
}

/* Whatever is signed differs when it is changed. */
static void everything_counts(void **state) {
    (void)state;
    static const struct {
        const char *id;
        int64_t time;
        const char *body;
    } cases[] = {
        {"id", 1, "body"}, {"iD", 1, "body"}, {"id", 2, "body"}, {"id", 1, "bodY"}, {"id", 1, "body\n"}};
    char seen[ARRAY_LENGTH(cases)][64];
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(buffer_done) struct buffer header;
        buffer_init(&header, 1000);
        sign(short_secret, cases[i].id, cases[i].time, cases[i].body, &header);
        snprintf(seen[i], sizeof(seen[i]), "%s", buffer_text(&header));
        for (size_t before = 0; before < i; before++)
            assert_string_not_equal(seen[before], seen[i]);
    }
}

static void what_cannot_be_signed_leaves_the_header(void **state) {
    (void)state;
    unsigned char secret[WEBHOOK_SECRET_MAX + 1] = {1};
    CLEANUP(buffer_done) struct buffer header;
    buffer_init(&header, 47 + 47); /* one, and not quite another */
    assert_true(webhook_sign(secret, 24, "id", 1, "", 0, &header));
    assert_int_equal(header.length, 47);
    assert_false(webhook_sign(secret, 24, "id", 1, "", 0, &header));
    assert_int_equal(header.length, 47);
    buffer_clear(&header);
    assert_false(webhook_sign(secret, 24, "a.b", 1, "", 0, &header)); /* it could be taken for id a, time b */
    assert_false(webhook_sign(secret, sizeof(secret), "id", 1, "", 0, &header));
    assert_int_equal(header.length, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_read),
        cmocka_unit_test(a_secret_is_decoded_exactly),
        cmocka_unit_test(what_is_no_secret_is_refused_without_telling_it),
        cmocka_unit_test(signatures_are_right),
        cmocka_unit_test(several_signatures_are_separated_by_a_space),
        cmocka_unit_test(everything_counts),
        cmocka_unit_test(what_cannot_be_signed_leaves_the_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
