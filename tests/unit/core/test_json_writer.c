#include "../unit.h"

#include <string.h>

#include "base/macros.h"
#include "core/json_text.h"
#include "core/json_writer.h"

static void write_all(struct json_writer *writer) {
    json_open(writer, NULL, '{');
    json_write_text(writer, "text", "a\"b\n[");
    json_write_text(writer, "none", NULL);
    json_open(writer, "empty", '[');
    json_close(writer, ']');
    json_open(writer, "list", '[');
    json_write_number(writer, NULL, INT64_MIN);
    json_open(writer, NULL, '{');
    json_close(writer, '}');
    json_write_flag(writer, NULL, false);
    json_write_raw(writer, NULL, "[1, 2]");
    json_write_raw(writer, NULL, NULL);
    json_close(writer, ']');
    json_write_flag(writer, "yes", true);
    json_close(writer, '}');
}

static const char whole[] =
    "{\"text\":\"a\\\"b\\n[\",\"none\":null,\"empty\":[],\"list\":[-9223372036854775808,{},false,[1, 2],null],"
    "\"yes\":true}";

static void commas_come_by_themselves(void **state) {
    (void)state;
    CLEANUP(buffer_done) struct buffer buffer;
    buffer_init(&buffer, 1000);
    assert_true(buffer_append_text(&buffer, "x ")); /* what stands there before is nobody's business */
    struct json_writer writer = {.buffer = &buffer};
    write_all(&writer);
    assert_false(writer.full);
    assert_string_equal(buffer_text(&buffer) + 2, whole);
    assert_true(json_check(whole, strlen(whole), NULL));
}

static void what_does_not_fit_is_noticed(void **state) {
    (void)state;
    for (size_t maximum = 0; maximum <= sizeof(whole); maximum++) {
        CLEANUP(buffer_done) struct buffer buffer;
        buffer_init(&buffer, maximum);
        struct json_writer writer = {.buffer = &buffer};
        write_all(&writer);
        assert_int_equal(writer.full, maximum < strlen(whole));
        assert_true(buffer.length <= maximum);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_come_by_themselves),
        cmocka_unit_test(what_does_not_fit_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
