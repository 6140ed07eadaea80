#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static void test_strings(void **state) {
    (void)state;
    assert_null(alloc_strdup(NULL));
    CLEANUP(cleanup_free) char *copy = alloc_strdup("abc");
    assert_string_equal(copy, "abc");
    CLEANUP(cleanup_free) char *cut = alloc_strndup("abcdef", 3);
    assert_string_equal(cut, "abc");
    CLEANUP(cleanup_free) char *made = alloc_printf("%s-%d", "x", 7);
    assert_string_equal(made, "x-7");
    char *taken = TAKE_PTR(made);
    assert_null(made);
    free(taken);
}

static void test_grow(void **state) {
    (void)state;
    int *numbers = NULL;
    size_t capacity = 0, grown = 0;
    for (int i = 0; i < 10000; i++) {
        size_t before = capacity;
        numbers = alloc_grow(numbers, &capacity, (size_t)i + 1, sizeof(*numbers));
        assert_true(capacity > (size_t)i);
        grown += capacity != before;
        numbers[i] = i;
    }
    assert_true(grown < 20);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(numbers[i], i);
    free(numbers);
}

static void test_arena(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 0, 17, 4000, 16, 100000, 3, 5000, 16000};
    struct arena *arena = arena_new();
    unsigned char *objects[900];
    for (size_t i = 0; i < 900; i++) {
        size_t size = sizes[i % 9];
        objects[i] = arena_alloc(arena, size);
        assert_int_equal((uintptr_t)objects[i] % 16, 0);
        for (size_t j = 0; j < size; j++)
            assert_int_equal(objects[i][j], 0);
        memset(objects[i], (int)(i % 251), size);
    }
    for (size_t i = 0; i < 900; i++) /* none lies over another */
        for (size_t j = 0; j < sizes[i % 9]; j++)
            assert_int_equal(objects[i][j], i % 251);
    assert_true(arena_size(arena) >= 100 * 125037);
    assert_string_equal(arena_strndup(arena, "abcdef", 3), "abc");
    arena_free(arena);
    arena_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
