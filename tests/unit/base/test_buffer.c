#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static void test_append(void **state) {
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10);
    assert_string_equal(buffer_text(&buffer), "");
    assert_true(buffer_append_text(&buffer, "abc"));
    assert_true(buffer_append_format(&buffer, "%d", 42));
    assert_string_equal(buffer_text(&buffer), "abc42");
    assert_int_equal(buffer.length, 5);
    buffer_done(&buffer);
    assert_string_equal(buffer_text(&buffer), "");
    assert_int_equal(buffer.maximum, 10);
}

static void test_maximum(void **state) {
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10);
    assert_true(buffer_append(&buffer, "0123456789", 10));
    assert_false(buffer_append(&buffer, "x", 1));
    assert_true(buffer_append(&buffer, "", 0));
    assert_string_equal(buffer_text(&buffer), "0123456789");
    buffer_clear(&buffer);
    assert_int_equal(buffer.length, 0);
    assert_false(buffer_append_text(&buffer, "0123456789a"));
    assert_string_equal(buffer_text(&buffer), "");
    assert_false(buffer_append(&buffer, "x", SIZE_MAX)); /* no overflow */
    buffer_done(&buffer);

    buffer_init(&buffer, 0);
    assert_false(buffer_append_text(&buffer, "x"));
    buffer_done(&buffer);
}

static void test_growth(void **state) {
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1000000);
    for (int i = 0; i < 100000; i++)
        assert_true(buffer_append(&buffer, "0123456789", 10));
    assert_false(buffer_append(&buffer, "x", 1));
    assert_int_equal(buffer.length, 1000000);
    assert_true(buffer.capacity <= 1000001);
    char *taken = buffer_take(&buffer);
    assert_int_equal(strlen(taken), 1000000);
    assert_memory_equal(taken + 999990, "0123456789", 10);
    free(taken);
    taken = buffer_take(&buffer);
    assert_string_equal(taken, "");
    free(taken);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_growth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
