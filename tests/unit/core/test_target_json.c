#include "core/target_json.h"

#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"

/* Parses a copy without a NUL behind it, which is gone when the target is looked at. */
static struct target *parse_as(const char *text, const char *id, struct error *ret_error) {
    CLEANUP(cleanup_free) char *copy = malloc(strlen(text) > 0 ? strlen(text) : 1);
    assert_non_null(copy);
    memcpy(copy, text, strlen(text));
    return target_parse(copy, strlen(text), id, ret_error);
}

static struct target *parse(const char *text) {
    struct error error = {0};
    struct target *target = parse_as(text, NULL, &error);
    if (!target)
        fail_msg("%s: %s", text, error.text);
    return target;
}

static const char document[] =
    "{\"x\":[1,{}],\"data\":{\"id\":\"Contact\",\"name\":\"Kontakt \\u00e9\",\"unknown\":{\"fields\":[]},"
    "\"fields\":[{\"id\":\"b\",\"name\":\"B\",\"description\":null,\"type\":\"string\",\"source_type\":\"text\","
    "\"required\":true,\"createable\":false,\"updateable\":null,\"zz\":9007199254740993,\"an\": 1.50 ,"
    "\"identity_functions\":[{\"label\":\"Two\",\"id\":\"2\"},{\"id\":\"1\",\"label\":null}]},"
    "{\"name\":\"no id\"},{\"id\":null},{\"id\":\"\"},"
    "{\"id\":\"a\",\"identity_functions\":null,\"label\":\"\\\"\"},{\"id\":\"b\",\"name\":\"again\"}],"
    "\"modes\":[{\"mode\":\"update\",\"label\":\"Up\",\"requires_identity\":true,\"new\":[]},{\"mode\":\"create\"},"
    "{\"label\":\"none\"},{\"mode\":\"update\",\"label\":\"other\"}],"
    "\"properties\":{\"target_creator\":false,\"new_target_label\":\"L\",\"extra_one\":{\"b\":1,\"a\":2}},"
    "\"refreshed_at\" : \"2026-01-31T12:00:00Z\"}}";

static void test_whole_document(void **state) {
    (void)state;
    struct target *target = parse(document);
    assert_string_equal(target->id, "Contact");
    assert_string_equal(target->name, "Kontakt \xc3\xa9");
    assert_true(target->has_fields && target->has_modes && target->has_properties && target->has_duplicates);
    assert_int_equal(target->refreshed_at, INT64_C(1769860800) * USEC_PER_SEC);
    assert_memory_equal(document + target->refreshed_offset, "2026-01-31T12:00:00Z\"", 21);
    assert_int_equal(target->refreshed_length, 20);

    assert_int_equal(target->field_count, 3);
    assert_int_equal(target->fields_without_id, 3);
    const struct field *a = &target->fields[0], *b = &target->fields[1];
    assert_string_equal(a->id, "a");
    assert_int_equal(a->position, 5);
    assert_string_equal(a->identity_functions.raw, "null");
    assert_string_equal(a->identity_functions.canonical, "");
    assert_int_equal(a->extra_count, 1);
    assert_string_equal(a->extra[0].key, "label");
    assert_string_equal(a->extra[0].value.raw, "\"\\\"\"");
    assert_string_equal(a->raw, "{\"id\":\"a\",\"identity_functions\":null,\"label\":\"\\\"\"}");

    assert_string_equal(b->id, "b");
    assert_int_equal(b->position, 1);
    assert_int_equal(b[1].position, 6);
    assert_string_equal(b[1].texts[FIELD_NAME], "again");
    assert_string_equal(b->texts[FIELD_NAME], "B");
    assert_null(b->texts[FIELD_DESCRIPTION]);
    assert_string_equal(b->texts[FIELD_TYPE], "string");
    assert_string_equal(b->texts[FIELD_SOURCE_TYPE], "text");
    static const enum flag flags[FIELD_FLAG_COUNT] = {
        [FIELD_REQUIRED] = FLAG_TRUE, [FIELD_CREATEABLE] = FLAG_FALSE};
    assert_memory_equal(b->flags, flags, sizeof(flags));
    assert_string_equal(b->identity_functions.canonical, "[{\"id\":\"1\"},{\"id\":\"2\",\"label\":\"Two\"}]");
    assert_int_equal(b->extra_count, 2);
    assert_string_equal(b->extra[0].key, "an");
    assert_string_equal(b->extra[0].value.raw, "1.50");
    assert_string_equal(b->extra[0].value.canonical, "15e-1");
    assert_false(b->extra[0].known);
    assert_string_equal(b->extra[1].value.raw, "9007199254740993");
    target_free(target);
}

static void test_modes_and_properties(void **state) {
    (void)state;
    struct target *target = parse(document);
    assert_int_equal(target->mode_count, 2);
    assert_int_equal(target->modes_without_id, 1);
    const struct mode *create = &target->modes[0], *update = &target->modes[1];
    assert_string_equal(create->id, "create");
    assert_int_equal(create->position, 2);
    assert_int_equal(create->member_count, 0);
    assert_string_equal(create->raw, "{\"mode\":\"create\"}");
    assert_ptr_equal(target_find_mode(target, "update"), update);
    assert_null(target_find_mode(target, "updat"));
    static const struct {
        const char *key, *raw, *canonical;
        bool known;
    } members[] = {{"label", "\"Up\"", "\"Up\"", true},
                   {"new", "[]", "", false},
                   {"requires_identity", "true", "true", true}};
    assert_int_equal(update->member_count, ARRAY_LENGTH(members));
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        assert_string_equal(update->members[i].key, members[i].key);
        assert_string_equal(update->members[i].value.raw, members[i].raw);
        assert_string_equal(update->members[i].value.canonical, members[i].canonical);
        assert_int_equal(update->members[i].known, members[i].known);
    }
    assert_memory_equal(target->modes_raw, "[{\"mode\":\"update\",", 18);
    assert_int_equal(target->property_count, 3);
    const struct member *extra = member_find(target->properties, target->property_count, "extra_one");
    assert_string_equal(extra->value.raw, "{\"b\":1,\"a\":2}");
    assert_string_equal(extra->value.canonical, "{\"a\":2,\"b\":1}");
    assert_false(extra->known);
    const struct member *creator = member_find(target->properties, target->property_count, "target_creator");
    assert_true(creator->known);
    assert_string_equal(creator->value.canonical, "");
    assert_string_equal(creator->value.raw, "false");
    assert_null(member_find(target->properties, target->property_count, "nothing"));
    target_free(target);
}

static void test_absent(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{\"data\":{}}",
        " {\"data\" : { \"id\":null,\"name\":null,\"fields\":null,\"modes\":null,\"properties\":null,"
        "\"refreshed_at\":null } }\n ",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct target *target = parse(texts[i]);
        assert_null(target->id);
        assert_null(target->name);
        assert_false(target->has_fields || target->has_modes || target->has_properties);
        assert_null(target->modes_raw);
        assert_null(target->properties_raw);
        assert_int_equal(target->field_count + target->mode_count + target->property_count, 0);
        assert_true(target->refreshed_at == USEC_NONE);
        assert_int_equal(target->refreshed_offset + target->refreshed_length, 0);
        target_free(target);
    }
    struct target *empty = parse("{\"data\":{\"fields\":[],\"modes\":[],\"properties\":{}}}");
    assert_true(empty->has_fields && empty->has_modes && empty->has_properties);
    assert_string_equal(empty->modes_raw, "[]");
    assert_string_equal(empty->properties_raw, "{}");
    target_free(empty);
}

static void test_last_member_counts(void **state) {
    (void)state;
    struct target *target = parse(
        "{\"data\":7,\"data\":{\"fields\":3,\"name\":\"x\",\"n\\u0061me\":\"y\",\"fields\":[{\"id\":\"a\","
        "\"required\":\"wrong\",\"required\":true,\"e\":1,\"d\":0,\"\\u0065\":2,\"NAME\":\"z\",\"id\":\"b\"}],"
        "\"Fields\":[1]}}");
    assert_string_equal(target->name, "y");
    assert_int_equal(target->field_count, 1);
    const struct field *field = target->fields;
    assert_string_equal(field->id, "b");
    assert_int_equal(field->flags[FIELD_REQUIRED], FLAG_TRUE);
    assert_null(field->texts[FIELD_NAME]);
    assert_int_equal(field->extra_count, 3);
    assert_string_equal(field->extra[0].key, "NAME");
    assert_string_equal(field->extra[1].key, "d");
    assert_string_equal(field->extra[2].key, "e");
    assert_string_equal(field->extra[2].value.raw, "2");
    target_free(target);
}

static void test_wrong_shape(void **state) {
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"[]", "the document: an object was expected, an array stands there"},
        {"null", "the document: an object was expected, null stands there"},
        {"{}", "data: an object was expected, nothing stands there"},
        {"{\"Data\":{}}", "data: an object was expected, nothing stands there"},
        {"{\"data\":null}", "data: an object was expected, null stands there"},
        {"{\"data\":[]}", "data: an object was expected, an array stands there"},
        {"{\"data\":{},\"data\":true}", "data: an object was expected, true stands there"},
        {"{\"data\":{\"id\":7}}", "data.id: a string or null was expected, a number stands there"},
        {"{\"data\":{\"name\":{}}}", "data.name: a string or null was expected, an object stands there"},
        {"{\"data\":{\"fields\":{}}}", "data.fields: an array or null was expected, an object stands there"},
        {"{\"data\":{\"fields\":\"\"}}", "data.fields: an array or null was expected, a string stands there"},
        {"{\"data\":{\"modes\":false}}", "data.modes: an array or null was expected, false stands there"},
        {"{\"data\":{\"properties\":[]}}",
         "data.properties: an object or null was expected, an array stands there"},
        {"{\"data\":{\"fields\":[null]}}", "data.fields[0]: an object was expected, null stands there"},
        {"{\"data\":{\"fields\":[{\"id\":\"a\"},7]}}",
         "data.fields[1]: an object was expected, a number stands there"},
        {"{\"data\":{\"fields\":[{},{\"id\":7}]}}",
         "data.fields[1].id: a string or null was expected, a number stands there"},
        {"{\"data\":{\"fields\":[{},{},{},{\"required\":\"yes\"}]}}",
         "data.fields[3].required: a boolean or null was expected, a string stands there"},
        {"{\"data\":{\"fields\":[{\"type\":[]}]}}",
         "data.fields[0].type: a string or null was expected, an array stands there"},
        {"{\"data\":{\"fields\":[{\"identity_functions\":{}}]}}",
         "data.fields[0].identity_functions: an array or null was expected, an object stands there"},
        {"{\"data\":{\"fields\":[{\"identity_functions\":[{},\"x\"]}]}}",
         "data.fields[0].identity_functions[1]: an object was expected, a string stands there"},
        {"{\"data\":{\"fields\":[{\"identity_functions\":[{\"label\":1}]}]}}",
         "data.fields[0].identity_functions[0].label: a string or null was expected, a number stands there"},
        {"{\"data\":{\"modes\":[\"create\"]}}",
         "data.modes[0]: an object was expected, a string stands there"},
        {"{\"data\":{\"modes\":[{\"mode\":[]}]}}",
         "data.modes[0].mode: a string or null was expected, an array stands there"},
        {"{\"data\":{\"modes\":[{\"supports_target_filters\":0}]}}",
         "data.modes[0].supports_target_filters: a boolean or null was expected, a number stands there"},
        {"{\"data\":{\"properties\":{\"target_creator\":\"\"}}}",
         "data.properties.target_creator: a boolean or null was expected, a string stands there"},
        {"{\"data\":{\"properties\":{\"new_target_label\":true}}}",
         "data.properties.new_target_label: a string or null was expected, true stands there"},
        {"{\"data\":{\"refreshed_at\":1769860800}}",
         "data.refreshed_at: a string or null was expected, a number stands there"},
        {"{\"data\":{\"refreshed_at\":\"yesterday\"}}",
         "data.refreshed_at: an RFC 3339 time was expected, another text stands there"},
        {"{\"data\":{\"id\":\"Account\\n\"}}",
         "data.id: \"Contact\" was expected, \"Account?\" stands there"},
        {"{\"data\":{\"id\":\"contact\"}}", "data.id: \"Contact\" was expected, \"contact\" stands there"},
        {"{\"data\":{}", "not JSON that can be stored: at byte 10 the text ends within a list or object"},
        {"", "not JSON: the text is empty"},
        {"<html>", "not JSON that can be stored: at byte 0 no value"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        if (parse_as(cases[i].text, "Contact", &error))
            fail_msg("accepted: %s", cases[i].text);
        assert_string_equal(error.text, cases[i].error);
        assert_int_equal(error.cause, CAUSE_SHAPE);
    }
}

static void test_expected_id(void **state) {
    (void)state;
    static const char *const fine[] = {"{\"data\":{\"id\":\"Contact\"}}",
                                       "{\"data\":{\"id\":\"C\\u006fntact\"}}", "{\"data\":{\"id\":null}}",
                                       "{\"data\":{}}"};
    for (size_t i = 0; i < ARRAY_LENGTH(fine); i++) {
        struct target *target = parse_as(fine[i], "Contact", NULL);
        assert_non_null(target);
        target_free(target);
    }
    target_free(parse("{\"data\":{\"id\":\"any\"}}"));
}

static void test_lengths(void **state) {
    (void)state;
    static const struct {
        const char *format, *error;
    } cases[] = {
        {"{\"data\":{\"id\":\"%0*d\"}}", "data.id: at most 1000 bytes"},
        {"{\"data\":{\"fields\":[{\"id\":\"%0*d\"}]}}", "data.fields[0].id: at most 1000 bytes"},
        {"{\"data\":{\"modes\":[{\"mode\":\"%0*d\"}]}}", "data.modes[0].mode: at most 1000 bytes"},
        {"{\"data\":{\"fields\":[{\"id\":\"a\",\"%0*d\":1}]}}",
         "data.fields[0]: at most 1000 bytes in a member's"},
        {"{\"data\":{\"modes\":[{\"mode\":\"a\",\"%0*d\":1}]}}",
         "data.modes[0]: at most 1000 bytes in a member's"},
        {"{\"data\":{\"properties\":{\"%0*d\":1}}}", "data.properties: at most 1000 bytes in a member's"},
    };
    _Static_assert(TARGET_ID_MAX == 1000, "the texts say so");
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (int length = TARGET_ID_MAX; length <= TARGET_ID_MAX + 1; length++) {
            char text[1200];
            struct error error = {0};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            (void)snprintf(text, sizeof(text), cases[i].format, length, 0);
#pragma GCC diagnostic pop
            struct target *target = parse_as(text, NULL, &error);
            assert_int_equal(target != NULL, length == TARGET_ID_MAX);
            if (!target)
                assert_memory_equal(error.text, cases[i].error, strlen(cases[i].error));
            target_free(target);
        }
    }
}

/* Numbers that no double and no fixed buffer of a parser holds (cJSON before 1.7.19 fails above 63
 * characters, where the distribution has not mended it). */
static void test_long_numbers(void **state) {
    (void)state;
    static const size_t lengths[] = {20, 63, 64, 100, 131072};
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        CLEANUP(cleanup_free) char *number = alloc_zero(lengths[i] + 1, 1);
        memset(number, '7', lengths[i]);
        CLEANUP(cleanup_free)
        char *text = alloc_printf(
            "{\"data\":{\"fields\":[{\"id\":\"a\",\"big\":%s,\"list\":[-%s,1]}],\"name\":\"N\"}}", number,
            number);
        struct target *target = parse(text);
        const struct field *field = target->fields;
        assert_string_equal(target->name, "N");
        assert_string_equal(member_find(field->extra, field->extra_count, "big")->value.raw, number);
        assert_string_equal(member_find(field->extra, field->extra_count, "big")->value.canonical, number);
        assert_memory_equal(member_find(field->extra, field->extra_count, "list")->value.raw + 2, number,
                            lengths[i]);
        target_free(target);
    }
}

static void test_depth(void **state) {
    (void)state;
    for (size_t depth = JSON_DEPTH_MAX - 2; depth <= JSON_DEPTH_MAX - 1;
         depth++) { /* the document and data besides */
        struct buffer text;
        buffer_init(&text, 10000);
        assert_true(buffer_append_text(&text, "{\"data\":{\"deep\":"));
        for (size_t i = 0; i < depth; i++)
            assert_true(buffer_append_text(&text, "["));
        for (size_t i = 0; i < depth; i++)
            assert_true(buffer_append_text(&text, "]"));
        assert_true(buffer_append_text(&text, "}}"));
        struct target *target = parse_as(buffer_text(&text), NULL, NULL);
        assert_int_equal(target != NULL, depth == JSON_DEPTH_MAX - 2);
        target_free(target);
        buffer_done(&text);
    }
}

/* Of an answer that is cut anywhere nothing is ever taken. */
static void test_cut_short(void **state) {
    (void)state;
    for (size_t length = 0; length < strlen(document); length++)
        assert_null(target_parse(document, length, NULL, NULL));
}

static void test_many_fields(void **state) {
    (void)state;
    enum { FIELDS = 20000 };
    struct buffer text;
    buffer_init(&text, 10000000);
    assert_true(buffer_append_text(&text, "{\"data\":{\"fields\":["));
    for (int i = 0; i < FIELDS; i++)
        assert_true(buffer_append_format(&text, "%s{\"id\":\"%05d\"}", i > 0 ? "," : "", FIELDS - 1 - i));
    assert_true(buffer_append_text(&text, "]}}"));
    struct target *target = parse(buffer_text(&text));
    assert_int_equal(target->field_count, FIELDS);
    assert_false(target->has_duplicates);
    assert_string_equal(target->fields[0].id, "00000");
    assert_int_equal(target->fields[0].position, FIELDS);
    target_free(target);
    buffer_done(&text);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_document), cmocka_unit_test(test_modes_and_properties),
        cmocka_unit_test(test_absent),         cmocka_unit_test(test_last_member_counts),
        cmocka_unit_test(test_wrong_shape),    cmocka_unit_test(test_expected_id),
        cmocka_unit_test(test_lengths),        cmocka_unit_test(test_long_numbers),
        cmocka_unit_test(test_depth),          cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_many_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
