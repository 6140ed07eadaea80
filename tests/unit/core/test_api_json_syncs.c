#include "core/api_json_syncs.h"

#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/buffer.h"

#define PASSPHRASE "correct horse battery staple"

static void put(struct buffer *text, const char *before, const char *what) {
    assert_true(buffer_append_text(text, before) && buffer_append_text(text, what ? what : "-"));
}

/* All that is known of a sync, in a line for itself and one for each field. */
static void describe(const struct sync *sync, struct buffer *text) {
    put(text, "", sync->id);
    put(text, " ", sync->name);
    put(text, sync->active ? " active " : " inactive ", sync->mode);
    put(text, " ", sync->connection_id);
    put(text, " ", sync->target_id);
    put(text, sync->creates_target ? " creates " : " ", sync->updated_at);
    put(text, "\n", "");
    for (size_t i = 0; i < sync->field_count; i++) {
        const struct sync_field *field = &sync->fields[i];
        put(text, field->field_id, " ");
        put(text, "", sync_role_names[field->role]);
        put(text, "", field->new_field ? " new" : "");
        put(text, "", field->encrypted ? " encrypted" : "");
        put(text, " ", field->sync_mode);
        put(text, " ", field->function);
        put(text, "\n", "");
    }
}

static void check_sync(const char *data, const char *expected) {
    CLEANUP(cleanup_free) char *body = alloc_printf("{\"data\":%s}", data);
    struct arena *arena = arena_new();
    struct error error = {0};
    struct sync sync;
    struct buffer text;
    buffer_init(&text, 100000);
    if (api_parse_sync(body, strlen(body), "s1", arena, &sync, &error))
        describe(&sync, &text);
    else
        put(&text, "", error.text);
    if (strcmp(buffer_text(&text), expected) != 0)
        fail_msg("%s:\n%s", data, buffer_text(&text));
    assert_true(!error_is_set(&error) || error.cause == CAUSE_SHAPE);
    buffer_done(&text);
    arena_free(arena);
}

static void syncs_become_values(void **state) {
    (void)state;
    static const struct {
        const char *data, *expected;
    } cases[] = {
        {"{\"id\":\"s1\"}", "s1 s1 inactive - - - -\n"},
        {"{\"id\":\"s1\",\"name\":null,\"active\":null,\"mode\":null,\"target\":null,\"fields\":null,\"override_fields\":null,"
         "\"identity\":null,\"filters\":null,\"updated_at\":null}",
         "s1 s1 inactive - - - -\n"},
        {"{\"id\":\"s1\",\"name\":\"\",\"mode\":\"\",\"target\":{\"connection_id\":\"\",\"object\":\"\",\"new_name\":\"\",\"create\":{}},"
         "\"fields\":[],\"identity\":{},\"updated_at\":\"\"}",
         "s1 s1 inactive - - - -\n"},
        {"{\"id\":\"s1\",\"name\":\"N\",\"active\":true,\"mode\":\"updateOrCreate\",\"updated_at\":\"2026-05-12T08:30:00Z\","
         "\"target\":{\"connection_id\":\"c\",\"object\":\"o\"},"
         "\"fields\":[{\"source\":{\"model_id\":\"m\",\"field\":\"x\"},\"target\":\"b\",\"new\":false,\"encryption_enabled\":true,"
         "\"sync_mode\":\"create\",\"override_value\":null},{\"target\":\"a\",\"new\":true}],"
         "\"override_fields\":[{\"source\":null,\"target\":\"a\",\"override_value\":\"v\"}],"
         "\"identity\":{\"source\":{},\"target\":\"a\",\"function\":{\"id\":\"Equality\",\"label\":\"Equals\"},\"new_field\":true},"
         "\"filters\":[{\"field_id\":\"a\",\"field_type\":\"Target\",\"function\":\"Equality\"},"
         "{\"field_id\":\"z\",\"field_type\":\"Model\",\"function\":\"IsNull\"},{\"field_id\":\"y\"}],\"overrides\":[{\"field_id\":\"q\"}]}",
         "s1 N active updateOrCreate c o 2026-05-12T08:30:00Z\n"
         "a mapping new - -\na override - -\na identity new - Equality\na filter - -\nb mapping encrypted create -\n"},
        {"{\"id\":\"s1\",\"identity\":{\"target\":\"i\",\"function\":\"Equality\"}}",
         "s1 s1 inactive - - - -\ni identity - Equality\n"},
        {"{\"id\":\"s1\",\"identity\":{\"target\":\"i\",\"function\":null}}",
         "s1 s1 inactive - - - -\ni identity - -\n"},
        {"{\"id\":\"s1\",\"identity\":{\"target\":\"i\",\"function\":{\"label\":\"L\"}}}",
         "s1 s1 inactive - - - -\ni identity - -\n"},
        /* what names no field of the target is none */
        {"{\"id\":\"s1\",\"fields\":[{},{\"target\":null},{\"target\":\"\"}],\"identity\":{\"new_field\":false}}",
         "s1 s1 inactive - - - -\n"},
        {"{\"id\":\"s1\",\"target\":{\"object\":\"o\",\"new_name\":\"n\"}}",
         "s1 s1 inactive - - o creates -\n"},
        {"{\"id\":\"s1\",\"target\":{\"create\":{\"account\":\"a\"}}}", "s1 s1 inactive - - - creates -\n"},
        {"{\"id\":\"s1\",\"target\":{\"create\":true}}", "s1 s1 inactive - - - creates -\n"},
        {"{\"id\":\"s1\",\"target\":{\"create\":false}}", "s1 s1 inactive - - - -\n"},
        /* the last of two counts, and case does */
        {"{\"id\":\"s1\",\"name\":\"a\",\"name\":\"b\",\"Name\":\"c\"}", "s1 b inactive - - - -\n"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        check_sync(cases[i].data, cases[i].expected);
}

static void other_shapes_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *data, *expected;
    } cases[] = {
        {"[]", "data is not an object"},
        {"null", "data is not an object"},
        {"{}", "data.id is not there"},
        {"{\"id\":\"\"}", "data.id is not there"},
        {"{\"id\":\"s2\"}", "data.id is not the one that was asked for"},
        {"{\"id\":1}", "data.id is not a string"},
        {"{\"id\":\"s1\",\"active\":\"yes\"}", "data.active is not true or false"},
        {"{\"id\":\"s1\",\"mode\":{}}", "data.mode is not a string"},
        {"{\"id\":\"s1\",\"updated_at\":5}", "data.updated_at is not a string"},
        {"{\"id\":\"s1\",\"target\":\"t\"}", "data.target is not an object"},
        {"{\"id\":\"s1\",\"target\":{\"object\":{}}}", "data.target.object is not a string"},
        {"{\"id\":\"s1\",\"fields\":{\"a\":1}}", "data.fields is not a list"},
        {"{\"id\":\"s1\",\"fields\":[{},3]}", "data.fields[1] is not an object"},
        {"{\"id\":\"s1\",\"fields\":[{\"target\":3}]}", "data.fields[0].target is not a string"},
        {"{\"id\":\"s1\",\"fields\":[{\"target\":\"a\",\"new\":0}]}",
         "data.fields[0].new is not true or false"},
        {"{\"id\":\"s1\",\"override_fields\":[null]}", "data.override_fields[0] is not an object"},
        {"{\"id\":\"s1\",\"identity\":[]}", "data.identity is not an object"},
        {"{\"id\":\"s1\",\"identity\":{\"target\":\"a\",\"function\":5}}",
         "data.identity.function is not a string"},
        {"{\"id\":\"s1\",\"identity\":{\"target\":\"a\",\"function\":{\"id\":5}}}",
         "data.identity.function.id is not a string"},
        {"{\"id\":\"s1\",\"filters\":\"x\"}", "data.filters is not a list"},
        {"{\"id\":\"s1\",\"filters\":[{\"field_type\":1}]}", "data.filters[0].field_type is not a string"},
        {"{\"id\":\"s1\",\"filters\":[{\"field_type\":\"Target\",\"field_id\":1}]}",
         "data.filters[0].field_id is not a string"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        check_sync(cases[i].data, cases[i].expected);
}

/* An id that no index takes. */
static void ids_have_a_longest(void **state) {
    (void)state;
    char id[1002];
    memset(id, 'x', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    CLEANUP(cleanup_free) char *field = alloc_printf("{\"id\":\"s1\",\"fields\":[{\"target\":\"%s\"}]}", id);
    check_sync(field, "data.fields[0].target is not at most 1000 bytes long");
    CLEANUP(cleanup_free) char *target = alloc_printf("{\"id\":\"s1\",\"target\":{\"object\":\"%s\"}}", id);
    check_sync(target, "data.target.object is not at most 1000 bytes long");
    CLEANUP(cleanup_free) char *fits = alloc_printf("{\"id\":\"s1\",\"target\":{\"object\":\"%s\"}}", id + 1);
    CLEANUP(cleanup_free) char *expected = alloc_printf("s1 s1 inactive - - %s -\n", id + 1);
    check_sync(fits, expected);
}

static void check_list(const char *text, const char *expected) {
    CLEANUP(cleanup_free) char *body = alloc_strdup(text);
    struct arena *arena = arena_new();
    struct error error = {0};
    struct api_sync_list list;
    struct buffer found;
    buffer_init(&found, 100000);
    if (api_parse_sync_list(body, strlen(body), arena, &list, &error)) {
        for (size_t i = 0; i < list.count; i++) {
            put(&found, "", list.syncs[i].id);
            put(&found, " ", list.syncs[i].connection_id);
            put(&found, " ", list.syncs[i].updated_at);
            put(&found, "\n", "");
            if (list.syncs[i].whole)
                describe(list.syncs[i].whole, &found);
        }
        put(&found, "next ", list.next_page);
    } else {
        put(&found, "", error.text);
    }
    if (strcmp(buffer_text(&found), expected) != 0)
        fail_msg("%s:\n%s", text, buffer_text(&found));
    buffer_done(&found);
    arena_free(arena);
}

static void lists_of_both_versions(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"{\"data\":[]}", "next -"},
        {"{\"data\":[],\"pagination\":null}", "next -"},
        {"{\"data\":[],\"pagination\":{}}", "next -"},
        {"{\"data\":[],\"pagination\":{\"next_page_token\":null}}", "next -"},
        {"{\"data\":[],\"pagination\":{\"next_page_token\":\"\"}}", "next -"},
        {"{\"data\":[{\"id\":\"a\",\"name\":\"A\",\"active\":true,\"mode\":\"create\",\"target_connection_id\":\"c\",\"target_object\":\"o\","
         "\"updated_at\":\"u\"},{\"id\":\"b\"}],\"pagination\":{\"next_page_token\":\"after/50+==\"}}",
         "a c u\nb - -\nnext after/50+=="},
        /* whole syncs, no pages */
        {"{\"data\":[{\"id\":\"a\",\"name\":\"A\",\"active\":true,\"mode\":\"create\",\"target\":{\"connection_id\":\"c\",\"object\":\"o\"},"
         "\"fields\":[{\"target\":\"f\"}],\"updated_at\":\"u\"}]}",
         "a c u\na A active create c o u\nf mapping - -\nnext -"},
        /* one that does not say what it writes must be read */
        {"{\"data\":[{\"id\":\"a\",\"target\":{\"connection_id\":\"c\",\"object\":\"o\"}}]}",
         "a - -\nnext -"},
        {"{\"data\":[{\"id\":\"a\",\"target\":{\"connection_id\":\"c\"},\"fields\":null}]}", "a - -\nnext -"},

        {"{}", "data is not a list"},
        {"{\"data\":null}", "data is not a list"},
        {"{\"data\":{}}", "data is not a list"},
        {"{\"data\":[1]}", "data[0] is not an object"},
        {"{\"data\":[{\"id\":\"a\"},{\"name\":\"b\"}]}", "data[1].id is not there"},
        {"{\"data\":[{\"id\":\"a\",\"updated_at\":1}]}", "data[0].updated_at is not a string"},
        {"{\"data\":[{\"id\":\"a\",\"target_connection_id\":1}]}",
         "data[0].target_connection_id is not a string"},
        {"{\"data\":[{\"id\":\"a\",\"target\":{},\"fields\":[1]}]}", "data[0].fields[0] is not an object"},
        {"{\"data\":[],\"pagination\":[]}", "pagination is not an object"},
        {"{\"data\":[],\"pagination\":{\"next_page_token\":5}}",
         "pagination.next_page_token is not a string"},
        {"[]", "the document is not an object"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        check_list(cases[i].text, cases[i].expected);
}

/* cJSON's memory is looked at as it is given back: its size stands before it. */
static bool seen_in_freed;

static void *hook_alloc(size_t size) {
    size_t *memory = alloc_zero(1, sizeof(max_align_t) + size);
    *memory = size;
    return (char *)memory + sizeof(max_align_t);
}

static void hook_free(void *memory) {
    if (!memory)
        return;
    void *start = (char *)memory - sizeof(max_align_t);
    if (memmem(memory, *(size_t *)start, "staple", 6))
        seen_in_freed = true;
    free(start);
}

static void check_gone(const char *text, bool list, bool parsed) {
    size_t length = strlen(text);
    CLEANUP(cleanup_free) char *body = alloc_strndup(text, length);
    struct arena *arena = arena_new();
    struct error error = {0};
    struct api_sync_list syncs;
    struct sync sync;
    bool done = list ? api_parse_sync_list(body, length, arena, &syncs, &error)
                     : api_parse_sync(body, length, "s1", arena, &sync, &error);
    assert_int_equal(done, parsed);
    if (memmem(body, length, "horse", 5) || memmem(body, length, "staple", 6))
        fail_msg("the body still has it: %s", body);
    assert_null(strstr(error.text, "horse"));
    arena_free(arena);
}

static void the_passphrase_is_gone(void **state) {
    (void)state;
    cJSON_Hooks hooks = {.malloc_fn = hook_alloc, .free_fn = hook_free};
    cJSON_InitHooks(&hooks);
    seen_in_freed = false;
#define SECRET "\"encryption_passphrase\":\"" PASSPHRASE "\""
    check_gone("{\"data\":{\"id\":\"s1\"," SECRET "}}", false, true);
    check_gone("{\"data\":{" SECRET ",\"id\":\"s1\"," SECRET "}}", false, true);
    check_gone("{\"data\":{\"id\":\"s1\",\"encryption_pass\\u0070hrase\" : \"" PASSPHRASE "\"}}", false,
               true);
    check_gone("{\"data\":{\"id\":\"s1\",\"encryption_passphrase\":{\"value\":\"" PASSPHRASE "\"}}}", false,
               true);
    check_gone("{\"data\":[{\"id\":\"a\"," SECRET "},{\"id\":\"b\",\"target\":{},\"fields\":[]," SECRET "}]}",
               true, true);
    /* and where the parse fails, before or after it began */
    check_gone("{\"data\":{\"id\":\"s2\"," SECRET "}}", false, false);
    check_gone("{\"data\":{\"id\":\"s1\",\"fields\":7," SECRET "}}", false, false);
    check_gone("{\"data\":{\"id\":\"s1\"," SECRET ",", false, false);
    check_gone("{\"data\":[{\"id\":\"s1\"," SECRET "}]} x", true, false);
    check_gone(SECRET, false, false);
    cJSON_InitHooks(NULL);
    assert_false(seen_in_freed);
    struct arena *arena = arena_new();
    struct sync sync;
    struct error error = {0};
    assert_false(api_parse_sync(NULL, 0, "s1", arena, &sync, &error));
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syncs_become_values),    cmocka_unit_test(other_shapes_are_refused),
        cmocka_unit_test(ids_have_a_longest),     cmocka_unit_test(lists_of_both_versions),
        cmocka_unit_test(the_passphrase_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
