#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/api_json.h"

static void assert_text(const char *text, const char *wanted) {
    if (!wanted)
        assert_null(text);
    else
        assert_string_equal(text, wanted);
}

/* A parser failed as it should: with CAUSE_SHAPE and these words. */
static void assert_shape(const char *body, bool done, const struct error *error, const char *words) {
    if (done || error->cause != CAUSE_SHAPE || !strstr(error->text, words))
        fail_msg("%s: %d, %s, not \"%s\"", body, done, error->text, words);
}

static void a_connection_is_read(void **state) {
    (void)state;
    static const struct {
        const char *body;
        struct {
            const char *id, *name, *type, *status, *status_error;
        } wanted;
    } cases[] = {
        {"{\"data\":{\"id\":\"i\",\"name\":\"n\",\"status\":\"healthy\",\"status_error\":\"e\",\"type\":{\"id\":\"sf\",\"name\":\"Salesforce\"}}}",
         {.id = "i", .name = "n", .status = "healthy", .status_error = "e", .type = "Salesforce"}},
        {"{\"data\":{}}", {0}},
        {"{\"data\":{\"id\":null,\"status_error\":null,\"type\":null}}", {0}},
        {"{\"data\":{\"type\":{\"id\":\"sf\"}}}", {.type = "sf"}},
        {"{\"data\":{\"type\":\"sf\",\"new\":[1,{\"x\":2}]},\"more\":0}", {.type = "sf"}},
        {"{\"data\":{\"ID\":\"no\",\"id\":\"first\",\"id\":\"last\"}}", {.id = "last"}},
        {"{\"data\":{\"name\":\"\\u00fc\\n\"}}", {.name = "\xc3\xbc\n"}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct api_connection connection;
        assert_true(api_parse_connection(cases[i].body, strlen(cases[i].body), &connection, NULL));
        assert_text(connection.id, cases[i].wanted.id);
        assert_text(connection.name, cases[i].wanted.name);
        assert_text(connection.type, cases[i].wanted.type);
        assert_text(connection.status, cases[i].wanted.status);
        assert_text(connection.status_error, cases[i].wanted.status_error);
        api_connection_done(&connection);
        api_connection_done(&connection); /* and once more, which does nothing */
    }
}

static void what_is_no_connection_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *body, *words;
    } cases[] = {
        {"", ""},
        {"<html>", ""},
        {"{\"data\":{\"id\":\"x\"}", ""},
        {"{\"data\":{\"id\":\"x\"}} x", ""},
        {"{\"data\":{\"id\":\"\\u0000\"}}", ""},
        {"{\"data\":{\"id\":\"\xff\"}}", ""},
        {"[]", "object"},
        {"{}", "data is not"},
        {"{\"data\":null}", "data is not"},
        {"{\"data\":[]}", "data is not"},
        {"{\"data\":{\"id\":1}}", "data.id is not a string"},
        {"{\"data\":{\"type\":[]}}", "data.type is not"},
        {"{\"data\":{\"type\":{\"name\":1}}}", "data.type.name is not"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct api_connection connection = {.id = (char *)(uintptr_t)1};
        struct error error = {0};
        bool done = api_parse_connection(cases[i].body, strlen(cases[i].body), &connection, &error);
        assert_shape(cases[i].body, done, &error, cases[i].words);
        assert_ptr_equal(connection.id, (char *)(uintptr_t)1); /* untouched */
    }
}

static void a_list_of_connections_is_read(void **state) {
    (void)state;
    static const char body[] = "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\",\"name\":\"B\"}]}",
                      empty[] = "{\"data\":[]}";
    struct api_connection_list list;
    assert_true(api_parse_connections(body, strlen(body), &list, NULL));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.connections[0].id, "a");
    assert_string_equal(list.connections[1].name, "B");
    api_connection_list_done(&list);
    assert_true(api_parse_connections(empty, strlen(empty), &list, NULL));
    assert_int_equal(list.count, 0);
    api_connection_list_done(&list);
    static const struct {
        const char *body, *words;
    } cases[] = {
        {"{\"data\":{}}", "data is not a list"},
        {"{\"data\":[{},7]}", "data[1] is not an object"},
        {"{\"data\":[{},{},{\"status\":{}}]}", "data[2].status is not a string"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct error error = {0};
        bool done = api_parse_connections(cases[i].body, strlen(cases[i].body), &list, &error);
        assert_shape(cases[i].body, done, &error, cases[i].words);
    }
}

static void a_refresh_status_is_read(void **state) {
    (void)state;
    static const struct {
        const char *body, *cache_status;
        usec_t started, finished;
    } cases[] = {
        {"{\"data\":{\"cache_status\":\"fresh\",\"last_refresh_started\":\"1970-01-01T00:00:01Z\",\"last_refresh_finished\":\"1970-01-01T00:00:02.5Z\"}}",
         "fresh", 1000000, 2500000},
        {"{\"data\":{\"cache_status\":\"whatever\",\"last_refresh_started\":null}}", "whatever", USEC_NONE,
         USEC_NONE},
        {"{\"data\":{\"last_refresh_finished\":\"\"}}", NULL, USEC_NONE, USEC_NONE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct api_refresh_status status;
        assert_true(api_parse_refresh_status(cases[i].body, strlen(cases[i].body), &status, NULL));
        assert_text(status.cache_status, cases[i].cache_status);
        assert_int_equal(status.started, cases[i].started);
        assert_int_equal(status.finished, cases[i].finished);
        api_refresh_status_done(&status);
    }
    static const struct {
        const char *body, *words;
    } faults[] = {
        {"{\"data\":[]}", "data is not"},
        {"{\"data\":{\"cache_status\":true}}", "data.cache_status"},
        {"{\"data\":{\"last_refresh_started\":12}}", "data.last_refresh_started"},
        {"{\"data\":{\"last_refresh_finished\":\"yesterday\"}}", "data.last_refresh_finished"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        struct api_refresh_status status;
        struct error error = {0};
        bool done = api_parse_refresh_status(faults[i].body, strlen(faults[i].body), &status, &error);
        assert_shape(faults[i].body, done, &error, faults[i].words);
    }
}

static void a_list_of_targets_is_sorted(void **state) {
    (void)state;
    static const char body[] =
        "{\"data\":[{\"id\":\"b\",\"name\":\"B\"},{\"id\":\"a\"},{\"name\":\"none\"},{\"id\":\"\"},{\"id\":\"b\"},{\"id\":\"Z\",\"modes\":[]}],"
        "\"target_creation\":{\"supported\":true,\"properties\":["
        "{\"id\":\"account\",\"title\":\"Account\",\"enum\":true,\"values\":[{\"value\":\"act_1\",\"label\":\"One\"},{\"label\":\"none\"},{\"value\":\"act_2\"}]},"
        "{\"id\":\"name\",\"enum\":false}]}}";
    struct api_target_list list;
    assert_true(api_parse_target_list(body, strlen(body), &list, NULL));
    assert_int_equal(list.target_count, 3);
    assert_int_equal(list.without_id, 2);
    assert_string_equal(list.targets[0].id, "Z");
    assert_string_equal(list.targets[1].id, "a");
    assert_null(list.targets[1].name);
    assert_string_equal(list.targets[2].id, "b");
    assert_true(list.creation_supported);
    assert_int_equal(list.creation_count, 2);
    assert_string_equal(list.creation[0].title, "Account");
    assert_true(list.creation[0].is_enum);
    assert_int_equal(list.creation[0].value_count, 2);
    assert_string_equal(list.creation[0].values[1], "act_2");
    assert_string_equal(list.creation[1].id, "name");
    assert_int_equal(list.creation[1].value_count, 0);
    api_target_list_done(&list);
    api_target_list_done(&list);

    static const char least[] = "{\"data\":[],\"target_creation\":null}";
    assert_true(api_parse_target_list(least, strlen(least), &list, NULL));
    assert_int_equal(list.target_count, 0);
    assert_false(list.creation_supported);
    api_target_list_done(&list);

    static const struct {
        const char *body, *words;
    } faults[] = {
        {"{}", "data is not"},
        {"{\"data\":null}", "data is not"},
        {"{\"data\":[\"a\"]}", "data[0] is not"},
        {"{\"data\":[{\"id\":\"a\"},{\"id\":5}]}", "data[1].id is not"},
        {"{\"data\":[],\"target_creation\":[]}", "target_creation is not"},
        {"{\"data\":[],\"target_creation\":{\"supported\":\"yes\"}}", "target_creation.supported is not"},
        {"{\"data\":[],\"target_creation\":{\"properties\":{}}}", "target_creation.properties is not"},
        {"{\"data\":[],\"target_creation\":{\"properties\":[{\"values\":[{\"value\":1}]}]}}",
         "target_creation.properties[0].values[0].value is not"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        struct error error = {0};
        bool done = api_parse_target_list(faults[i].body, strlen(faults[i].body), &list, &error);
        assert_shape(faults[i].body, done, &error, faults[i].words);
    }
}

static void a_creation_property_is_read(void **state) {
    (void)state;
    static const char body[] = "{\"data\":{\"id\":\"schema\",\"title\":\"Schema\",\"enum\":true,"
                               "\"values\":[{\"value\":\"public\",\"label\":\"Public\"},{\"label\":\"?\"}]}}";
    static const char *const faults[][2] = {
        {"{\"data\":[]}", "data is not"},
        {"{\"data\":{\"enum\":1}}", "data.enum is not"},
        {"{\"data\":{\"values\":[\"public\"]}}", "data.values[0] is not"},
    };
    struct arena *arena = arena_new();
    struct api_creation_property property;
    assert_true(api_parse_property(body, strlen(body), arena, &property, NULL));
    assert_string_equal(property.id, "schema");
    assert_true(property.is_enum);
    assert_int_equal(property.value_count, 1);
    assert_string_equal(property.values[0], "public");
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        struct error error = {0};
        bool done = api_parse_property(faults[i][0], strlen(faults[i][0]), arena, &property, &error);
        assert_shape(faults[i][0], done, &error, faults[i][1]);
    }
    arena_free(arena);
}

static void an_identity_has_a_name(void **state) {
    (void)state;
    static const struct {
        const char *body, *who;
    } cases[] = {
        {"{\"data\":{\"id\":\"1\",\"email\":\"a@b\",\"name\":\"A\"}}", "a@b"},
        {"{\"data\":{\"id\":\"1\",\"name\":\"A\",\"email\":\"\"}}", "A"},
        {"{\"data\":{\"id\":\"1\",\"email\":null}}", "1"},
        {"{\"data\":{\"organization\":{\"id\":\"o\",\"name\":\"Org\"}}}", "Org"},
        {"{\"data\":{\"organization_id\":\"o\"}}", "o"},
        {"{\"email\":\"flat@b\"}", "flat@b"},
        {"{\"data\":{}}", NULL},
        {"[]", NULL},
        {"{\"data\":{\"id\":4}}", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free) char *who = NULL;
        struct error error = {0};
        bool done = api_parse_me(cases[i].body, strlen(cases[i].body), &who, &error);
        assert_text(who, cases[i].who);
        if (!cases[i].who)
            assert_shape(cases[i].body, done, &error, "");
    }
}

static void an_error_has_words(void **state) {
    (void)state;
    static const char *const secrets[] = {"s3cret", "cretin", "", "long&key", NULL};
    static const struct {
        const char *body, *words;
    } cases[] = {
        {"", ""},
        {"{\"key\":\"unhealthy\",\"message\":\"Connection is not healthy\",\"status\":400}",
         "Connection is not healthy (unhealthy)"},
        {"{\"message\":\"only\"}", "only"},
        {"{\"key\":\"only\",\"message\":null}", "only"},
        {"{\"message\":\"bad key s3cret, s3cret\"}", "bad key ***, ***"},
        {"{\"message\":\"\\u00733cret\"}", "***"},
        {"{\"message\":\"s3cretin\"}", "***"},
        {"{\"message\":\"a\\u001b[31m\\nb\"}", "a?[31m?b"},
        {"plain words s3cret\nsecond line", "plain words ***"},
        {"\r\n  <html><head><title>502 Bad Gateway</title></head>", "502 Bad Gateway"},
        {"<p>no title s3cret", "<p>no title ***"},
        {"long&key", "***"},
        {"{\"message\": broken", "{\"message\": broken"},
        {"[1]", "[1]"},
        {"\xff\xfe", "??"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free) char *words = api_error_words(cases[i].body, strlen(cases[i].body), secrets);
        assert_string_equal(words, cases[i].words);
    }
    CLEANUP(cleanup_free) char *none = api_error_words(NULL, 0, NULL);
    assert_string_equal(none, "");
}

/* Where words are shortened, a secret at the cut does not show its beginning. */
static void words_are_short_and_cut_after_redaction(void **state) {
    (void)state;
    static const char *const secrets[] = {"SECRETSECRETSECRET", NULL};
    for (size_t before = 250; before < 320; before++) {
        char body[600];
        memset(body, 'x', sizeof(body));
        memcpy(body + before, "SECRETSECRETSECRET", 18);
        CLEANUP(cleanup_free) char *words = api_error_words(body, sizeof(body), secrets);
        assert_in_range(strlen(words), 290, 300);
        assert_null(strchr(words, 'S'));
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_read),
        cmocka_unit_test(what_is_no_connection_is_refused),
        cmocka_unit_test(a_list_of_connections_is_read),
        cmocka_unit_test(a_refresh_status_is_read),
        cmocka_unit_test(a_list_of_targets_is_sorted),
        cmocka_unit_test(a_creation_property_is_read),
        cmocka_unit_test(an_identity_has_a_name),
        cmocka_unit_test(an_error_has_words),
        cmocka_unit_test(words_are_short_and_cut_after_redaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
