#include "core/diff.h"

#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "core/target_json.h"

static struct target *parse(const char *data) {
    struct error error = {0};
    CLEANUP(cleanup_free) char *text = alloc_printf("{\"data\":%s}", data);
    struct target *target = target_parse(text, strlen(text), NULL, &error);
    if (!target)
        fail_msg("%s: %s", data, error.text);
    return target;
}

static void put(struct buffer *text, const char *before, const char *what) {
    assert_true(buffer_append_text(text, before) && buffer_append_text(text, what ? what : "-"));
}

static void put_field(struct buffer *text, const struct field *field) {
    assert_true(buffer_append_format(text, " %s@%u", field->id, field->position));
}

/* All that a diff says, in one line for each thing. */
static char *describe(const struct diff *diff) {
    static const char *const actions[] = {
        [FIELD_ACTION_ADD] = "add",
        [FIELD_ACTION_REPLACE] = "replace",
        [FIELD_ACTION_REMOVE] = "remove",
        [FIELD_ACTION_MOVE] = "move",
    };
    struct buffer text;
    buffer_init(&text, 100000);
    for (size_t i = 0; i < diff->change_count; i++) {
        const struct change *change = &diff->changes[i];
        put(&text, "", change_kind_names[change->kind]);
        put(&text, " ", change->field_id);
        put(&text, " ", change->attribute);
        put(&text, " ", change->old_value);
        put(&text, " ", change->new_value);
        put(&text, "\n", "");
    }
    for (size_t i = 0; i < diff->edit_count; i++) {
        put(&text, "", actions[diff->edits[i].action]);
        put_field(&text, diff->edits[i].field);
        put(&text, "\n", "");
    }
    if (diff->target_differs) {
        put(&text, "name ", diff->name);
        put(&text, " modes ", diff->modes);
        put(&text, " properties ", diff->properties);
        put(&text, "\n", "");
    }
    for (size_t i = 0; i < diff->taken_in_count; i++) {
        put(&text, "taken in ", diff->taken_in[i]);
        put(&text, "\n", "");
    }
    if (diff->duplicate_ids > 0)
        assert_true(buffer_append_format(&text, "duplicates %zu\n", diff->duplicate_ids));
    if (diff->kept)
        put(&text, "kept\n", "");
    return buffer_take(&text);
}

struct diff_case {
    const char *mirror, *answer;
    struct diff_options options;
    const char *first; /* NULL: none */
    const char *expected;
    size_t field_count;
};

static void run_cases(const struct diff_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct target *mirror = parse(cases[i].mirror), *answer = parse(cases[i].answer);
        struct target *first = cases[i].first ? parse(cases[i].first) : NULL;
        struct diff_options options = cases[i].options;
        options.first = first;
        struct diff diff;
        diff_compute(mirror, answer, &options, &diff);
        CLEANUP(cleanup_free) char *found = describe(&diff);
        if (strcmp(found, cases[i].expected) != 0)
            fail_msg("%s -> %s:\n%s", cases[i].mirror, cases[i].answer, found);
        if (diff.field_count != cases[i].field_count)
            fail_msg("%s -> %s: %zu fields", cases[i].mirror, cases[i].answer, diff.field_count);
        diff_done(&diff);
        target_free(first);
        target_free(mirror);
        target_free(answer);
    }
}

#define RUN(cases)      run_cases(cases, ARRAY_LENGTH(cases))
#define FIELDS(...)     "{\"fields\":[" __VA_ARGS__ "]}"
#define FIELD(id, ...)  "{\"id\":\"" id "\"" __VA_ARGS__ "}"
#define MODES(...)      "{\"fields\":[],\"modes\":[" __VA_ARGS__ "]}"
#define PROPERTIES(...) "{\"fields\":[],\"properties\":{" __VA_ARGS__ "}}"

/* clang-format off */
static void test_attributes(void **state) {
    (void)state;
    static const struct diff_case cases[] = {
        {.mirror = FIELDS(FIELD("a", ",\"name\":\"A\"")), .answer = FIELDS(FIELD("a", ",\"name\":\"A\"")), .expected = "", .field_count = 1},
        {.mirror = FIELDS(FIELD("a", ",\"name\":\"A\"")), .answer = FIELDS(FIELD("a", ",\"name\":\"B\\\"\\n\"")),
         .expected = "field_changed a name \"A\" \"B\\\"\\n\"\nreplace a@1\n", .field_count = 1},
        {.mirror = FIELDS(FIELD("a", ",\"type\":\"t\"")), .answer = FIELDS(FIELD("a")),
         .expected = "field_changed a type \"t\" -\nreplace a@1\n", .field_count = 1},
        {.mirror = FIELDS(FIELD("a")), .answer = FIELDS(FIELD("a", ",\"required\":true")),
         .expected = "field_changed a required - true\nreplace a@1\n", .field_count = 1},
        {.mirror = FIELDS(FIELD("a", ",\"required\":true")), .answer = FIELDS(FIELD("a", ",\"required\":false")),
         .expected = "field_changed a required true false\nreplace a@1\n", .field_count = 1},
        {.mirror = FIELDS(FIELD("a", ",\"required\":false,\"name\":\"\",\"identity_functions\":[]")),
         .answer = FIELDS(FIELD("a", ",\"required\":null,\"description\":\"\"")), .expected = "", .field_count = 1},
        {.mirror = FIELDS(FIELD("a", ",\"identity_functions\":[{\"id\":\"1\"},{\"id\":\"2\"}]")),
         .answer = FIELDS(FIELD("a", ",\"identity_functions\":[{\"id\":\"2\"},{\"id\":\"1\"}]")), .expected = "", .field_count = 1},
        {.mirror = FIELDS(FIELD("a", ",\"identity_functions\":[{\"id\":\"1\"}]")),
         .answer = FIELDS(FIELD("a", ",\"identity_functions\":null")),
         .expected = "field_changed a identity_functions [{\"id\":\"1\"}] -\nreplace a@1\n", .field_count = 1},
        /* all at once: one row each, sorted by id and attribute */
        {.mirror = FIELDS(FIELD("b") "," FIELD("a", ",\"x\":1,\"type\":\"t\"")),
         .answer = FIELDS(FIELD("b", ",\"updateable\":true") ","
                          FIELD("a", ",\"x\":2,\"name\":\"n\",\"description\":\"d\",\"association\":true,\"filterable\":true,"
                                "\"identity_functions\":[{\"id\":\"i\"}],\"type\":\"u\",\"source_type\":\"s\"")),
         .expected = "field_changed a association - true\nfield_changed a description - \"d\"\nfield_changed a extra.x 1 2\n"
                     "field_changed a filterable - true\nfield_changed a identity_functions - [{\"id\":\"i\"}]\n"
                     "field_changed a name - \"n\"\nfield_changed a source_type - \"s\"\nfield_changed a type \"t\" \"u\"\n"
                     "field_changed b updateable - true\nreplace a@2\nreplace b@1\n", .field_count = 2},
        /* the order is no change, but the position is kept up to date */
        {.mirror = FIELDS(FIELD("a") "," FIELD("b") "," FIELD("c")), .answer = FIELDS(FIELD("b") "," FIELD("a") "," FIELD("c")),
         .expected = "move a@2\nmove b@1\n", .field_count = 3},
        /* integers that a double cannot tell apart */
        {.mirror = FIELDS(FIELD("a", ",\"x\":9007199254740992")), .answer = FIELDS(FIELD("a", ",\"x\":9007199254740993")),
         .expected = "field_changed a extra.x 9007199254740992 9007199254740993\nreplace a@1\n", .field_count = 1},
        {.mirror = FIELDS(FIELD("a", ",\"x\":{\"b\":1,\"c\":null}")), .answer = FIELDS(FIELD("a", ",\"x\":{\"d\":false,\"b\":1.0}")),
         .expected = "", .field_count = 1},
    };
    RUN(cases);
}

static void test_added_and_removed(void **state) {
    (void)state;
    static const struct diff_case cases[] = {
        {.mirror = FIELDS(FIELD("a")), .answer = FIELDS(FIELD("a") "," FIELD("b", ", \"n\" : 1.50")),
         .expected = "field_added b - - {\"id\":\"b\", \"n\" : 1.50}\nadd b@2\n", .field_count = 2},
        {.mirror = FIELDS(FIELD("a") "," FIELD("b", ",\"name\":\"B\"")), .answer = FIELDS(FIELD("a")), .options = {.removals = REMOVAL_BELIEF},
         .expected = "field_removed b - {\"id\":\"b\",\"name\":\"B\"} -\nremove b@2\n", .field_count = 1},
        {.mirror = FIELDS(FIELD("a") "," FIELD("b")), .answer = FIELDS(FIELD("a")), .options = {.removals = REMOVAL_STAYS},
         .expected = "kept\n", .field_count = 2},
        {.mirror = FIELDS(FIELD("a") "," FIELD("b")), .answer = FIELDS(FIELD("a")), .options = {.removals = REMOVAL_BOTH},
         .expected = "kept\n", .field_count = 2}, /* the first answer was a 404 */
        {.mirror = FIELDS(FIELD("a") "," FIELD("b")), .answer = FIELDS(FIELD("a")), .options = {.removals = REMOVAL_BOTH}, .first = FIELDS(),
         .expected = "field_removed b - {\"id\":\"b\"} -\nremove b@2\n", .field_count = 1},
        {.mirror = FIELDS(FIELD("a") "," FIELD("b")), .answer = FIELDS(FIELD("a")), .options = {.removals = REMOVAL_BOTH},
         .first = FIELDS(FIELD("a") "," FIELD("b")), .expected = "kept\n", .field_count = 2},
        {.mirror = FIELDS(FIELD("a") "," FIELD("b")), .answer = FIELDS(FIELD("a") "," FIELD("b")), .options = {.removals = REMOVAL_BOTH},
         .first = FIELDS(FIELD("c")), .expected = "", .field_count = 2}, /* what only the first answer had or lacked */
        {.mirror = FIELDS(FIELD("a") "," FIELD("b")), .answer = FIELDS(FIELD("a")), .options = {.removals = REMOVAL_BOTH},
         .first = FIELDS(FIELD("a") "," "{\"id\":null}"), .expected = "kept\n", .field_count = 2},
        {.mirror = FIELDS(FIELD("a") "," FIELD("b")), .answer = FIELDS(FIELD("a")), .options = {.removals = REMOVAL_BOTH},
         .first = "{}", .expected = "kept\n", .field_count = 2},
        {.mirror = FIELDS(FIELD("a") "," FIELD("b")), .answer = FIELDS(FIELD("a") "," "{\"id\":\"\"}"), .options = {.removals = REMOVAL_BELIEF},
         .expected = "kept\n", .field_count = 2},
        {.mirror = FIELDS(FIELD("a") "," FIELD("b")), .answer = "{}", .options = {.removals = REMOVAL_BELIEF},
         .expected = "kept\n", .field_count = 2},
        {.mirror = FIELDS(FIELD("a")), .answer = FIELDS(), .options = {.removals = REMOVAL_BELIEF},
         .expected = "field_removed a - {\"id\":\"a\"} -\nremove a@1\n", .field_count = 0},
        {.mirror = FIELDS(FIELD("a")), .answer = FIELDS(FIELD("A")), .options = {.removals = REMOVAL_BELIEF},
         .expected = "field_added A - - {\"id\":\"A\"}\nfield_removed a - {\"id\":\"a\"} -\nadd A@1\nremove a@1\n", .field_count = 1},
    };
    RUN(cases);
}

static void test_duplicates(void **state) {
    (void)state;
    static const struct diff_case cases[] = {
        {.mirror = FIELDS(FIELD("a", ",\"type\":\"t\"")),
         .answer = FIELDS(FIELD("a", ",\"type\":\"u\"") "," FIELD("a", ",\"type\":\"t\"")),
         .expected = "move a@2\nduplicates 1\n", .field_count = 1},
        {.mirror = FIELDS(FIELD("a", ",\"type\":\"t\"")),
         .answer = FIELDS(FIELD("a", ",\"type\":\"u\"") "," FIELD("a", ",\"type\":\"v\"")),
         .expected = "field_changed a type \"t\" \"u\"\nreplace a@1\nduplicates 1\n", .field_count = 1},
        {.mirror = FIELDS(), .answer = FIELDS(FIELD("a", ",\"type\":\"u\"") "," FIELD("a") "," FIELD("a")),
         .expected = "field_added a - - {\"id\":\"a\",\"type\":\"u\"}\nadd a@1\nduplicates 2\n", .field_count = 1},
        /* the mirror's one, with a member besides that all fields gain */
        {.mirror = FIELDS(FIELD("a", ",\"type\":\"t\"")),
         .answer = FIELDS(FIELD("a", ",\"type\":\"u\",\"n\":1") "," FIELD("a", ",\"type\":\"t\",\"n\":1")),
         .expected = "replace a@2\ntaken in extra.n\nduplicates 1\n", .field_count = 1},
        {.mirror = FIELDS(FIELD("a", ",\"type\":\"t\"")),
         .answer = FIELDS(FIELD("a", ",\"type\":\"t\",\"n\":1") "," FIELD("a", ",\"type\":\"t\"")),
         .expected = "move a@2\nduplicates 1\n", .field_count = 1},
    };
    RUN(cases);
}

static void test_taken_in(void **state) {
    (void)state;
    static const struct diff_case cases[] = {
        /* gained by all, even where null */
        {.mirror = FIELDS(FIELD("a") "," FIELD("b")), .answer = FIELDS(FIELD("a", ",\"n\":1") "," FIELD("b", ",\"n\":null")),
         .expected = "replace a@1\nreplace b@2\ntaken in extra.n\n", .field_count = 2},
        /* lost by all, even where null */
        {.mirror = FIELDS(FIELD("a", ",\"n\":1") "," FIELD("b", ",\"n\":null")), .answer = FIELDS(FIELD("a") "," FIELD("b")),
         .expected = "replace a@1\nreplace b@2\ntaken in extra.n\n", .field_count = 2},
        /* by some only */
        {.mirror = FIELDS(FIELD("a") "," FIELD("b")), .answer = FIELDS(FIELD("a", ",\"n\":1") "," FIELD("b")),
         .expected = "field_changed a extra.n - 1\nreplace a@1\n", .field_count = 2},
        {.mirror = FIELDS(FIELD("a", ",\"n\":1") "," FIELD("b", ",\"n\":2")), .answer = FIELDS(FIELD("a", ",\"n\":1") "," FIELD("b")),
         .expected = "field_changed b extra.n 2 -\nreplace b@2\n", .field_count = 2},
        {.mirror = FIELDS(FIELD("a", ",\"n\":1") "," FIELD("b")), .answer = FIELDS(FIELD("a") "," FIELD("b")),
         .expected = "field_changed a extra.n 1 -\nreplace a@1\n", .field_count = 2},
        {.mirror = FIELDS(FIELD("a") "," FIELD("b", ",\"n\":null")), .answer = FIELDS(FIELD("a", ",\"n\":1") "," FIELD("b", ",\"n\":1")),
         .expected = "field_changed a extra.n - 1\nfield_changed b extra.n - 1\nreplace a@1\nreplace b@2\n", .field_count = 2},
        {.mirror = FIELDS(FIELD("a") "," FIELD("b")), .answer = FIELDS(FIELD("a", ",\"n\":null") "," FIELD("b")), .expected = "", .field_count = 2},
        /* only fields that both have decide */
        {.mirror = FIELDS(FIELD("a") "," FIELD("b", ",\"n\":1")), .answer = FIELDS(FIELD("a", ",\"n\":1") "," FIELD("c")),
         .options = {.removals = REMOVAL_BELIEF},
         .expected = "field_removed b - {\"id\":\"b\",\"n\":1} -\nfield_added c - - {\"id\":\"c\"}\nreplace a@1\nremove b@2\nadd c@2\n"
                     "taken in extra.n\n", .field_count = 2},
        {.mirror = FIELDS(FIELD("b")), .answer = FIELDS(FIELD("c", ",\"n\":1")), .options = {.removals = REMOVAL_BELIEF},
         .expected = "field_removed b - {\"id\":\"b\"} -\nfield_added c - - {\"id\":\"c\",\"n\":1}\nremove b@1\nadd c@1\n", .field_count = 1},
        /* several, beside a change */
        {.mirror = FIELDS(FIELD("a", ",\"o\":1,\"p\":1,\"type\":\"t\"")), .answer = FIELDS(FIELD("a", ",\"n\":1,\"m\":1,\"p\":2")),
         .expected = "field_changed a extra.p 1 2\nfield_changed a type \"t\" -\nreplace a@1\n"
                     "taken in extra.m\ntaken in extra.n\ntaken in extra.o\n", .field_count = 1},
        /* a member that is known compares as usual */
        {.mirror = FIELDS(FIELD("a") "," FIELD("b")), .answer = FIELDS(FIELD("a", ",\"encryptable\":true") "," FIELD("b", ",\"encryptable\":false")),
         .expected = "field_changed a encryptable - true\nreplace a@1\n", .field_count = 2},
        /* properties and modes */
        {.mirror = PROPERTIES(), .answer = PROPERTIES("\"n\":null"),
         .expected = "name - modes - properties {\"n\":null}\ntaken in properties.n\n"},
        {.mirror = PROPERTIES("\"n\":1,\"new_target_label\":\"L\""), .answer = PROPERTIES("\"new_target_label\":\"L\""),
         .expected = "name - modes - properties {\"new_target_label\":\"L\"}\ntaken in properties.n\n"},
        {.mirror = MODES("{\"mode\":\"m\"}"), .answer = MODES("{\"mode\":\"m\",\"n\":[1]}"),
         .expected = "name - modes [{\"mode\":\"m\",\"n\":[1]}] properties -\ntaken in m.n\n"},
        /* another API version: everything but what is added or removed */
        {.mirror = "{\"name\":\"N\",\"fields\":[" FIELD("a", ",\"type\":\"t\",\"x\":1") "," FIELD("b") "],"
                   "\"modes\":[{\"mode\":\"m\"},{\"mode\":\"n\"}],\"properties\":{\"target_creator\":true}}",
         .answer = "{\"name\":\"O\",\"fields\":[" FIELD("a", ",\"type\":\"u\",\"x\":2,\"required\":true") "," FIELD("c") "],"
                   "\"modes\":[{\"mode\":\"m\",\"label\":\"l\"},{\"mode\":\"o\"}],\"properties\":{}}",
         .options = {.removals = REMOVAL_BELIEF, .take_in = true},
         .expected = "mode_removed - n {\"mode\":\"n\"} -\nmode_added - o - {\"mode\":\"o\"}\n"
                     "field_removed b - {\"id\":\"b\"} -\nfield_added c - - {\"id\":\"c\"}\nreplace a@1\nremove b@2\nadd c@2\n"
                     "name O modes [{\"mode\":\"m\",\"label\":\"l\"},{\"mode\":\"o\"}] properties {}\n", .field_count = 2},
    };
    RUN(cases);
}

static void test_ignored(void **state) {
    (void)state;
    static const char *const globs[] = {"extra.last_*", "descript?on", "properties.n*", "m.l*", "update*"};
    static const struct diff_case cases[] = {
        {.mirror = FIELDS(FIELD("a", ",\"last_used\":1,\"description\":\"d\",\"lasting\":1")),
         .answer = FIELDS(FIELD("a", ",\"last_used\":2,\"description\":\"e\",\"lasting\":2")),
         .options = {.ignored = globs, .ignored_count = ARRAY_LENGTH(globs)},
         .expected = "field_changed a extra.lasting 1 2\nreplace a@1\n", .field_count = 1},
        {.mirror = PROPERTIES("\"new_target_label\":\"a\""), .answer = PROPERTIES("\"new_target_label\":\"b\""),
         .options = {.ignored = globs, .ignored_count = ARRAY_LENGTH(globs)},
         .expected = "name - modes - properties {\"new_target_label\":\"b\"}\n"},
        {.mirror = MODES("{\"mode\":\"m\",\"label\":\"a\"}"), .answer = MODES("{\"mode\":\"m\",\"label\":\"b\"}"),
         .options = {.ignored = globs, .ignored_count = ARRAY_LENGTH(globs)},
         .expected = "name - modes [{\"mode\":\"m\",\"label\":\"b\"}] properties -\n"},
        /* a mode that comes is no attribute */
        {.mirror = MODES(), .answer = MODES("{\"mode\":\"update\"}"),
         .options = {.ignored = globs, .ignored_count = ARRAY_LENGTH(globs)},
         .expected = "mode_added - update - {\"mode\":\"update\"}\nname - modes [{\"mode\":\"update\"}] properties -\n"},
    };
    RUN(cases);
}

static void test_exact(void **state) {
    (void)state;
    static const struct diff_case cases[] = {
        {.mirror = FIELDS(FIELD("a", ",\"gone\":1")), .answer = FIELDS(FIELD("a", ",\"novel\":2")),
         .options = {.exact = true},
         .expected = "field_changed a extra.gone 1 -\nfield_changed a extra.novel - 2\nreplace a@1\n", .field_count = 1},
        {.mirror = PROPERTIES("\"gone\":1"), .answer = PROPERTIES("\"novel\":false"), .options = {.exact = true},
         .expected = "target_changed - properties.gone 1 -\nname - modes - properties {}\n"},
        {.mirror = MODES("{\"mode\":\"m\"}"), .answer = MODES("{\"mode\":\"m\",\"novel\":1}"), .options = {.exact = true},
         .expected = "mode_changed - m.novel - 1\nname - modes [{\"mode\":\"m\",\"novel\":1}] properties -\n"},
    };
    RUN(cases);
}

static void test_target_and_modes(void **state) {
    (void)state;
    static const struct diff_case cases[] = {
        {.mirror = "{\"name\":\"\",\"fields\":[]}", .answer = "{\"fields\":[]}", .expected = ""},
        {.mirror = "{\"name\":\"a\",\"fields\":[]}", .answer = "{\"name\":\"b\",\"fields\":[]}",
         .expected = "target_changed - name \"a\" \"b\"\nname b modes - properties -\n"},
        {.mirror = PROPERTIES("\"target_creator\":false"), .answer = PROPERTIES(), .expected = ""},
        {.mirror = PROPERTIES("\"target_creator\":false,\"new_target_label\":null"),
         .answer = PROPERTIES("\"supports_target_filters\":true"), /* what is equal stays as it is stored */
         .expected = "target_changed - properties.supports_target_filters - true\n"
                     "name - modes - properties {\"new_target_label\":null,\"supports_target_filters\":true,\"target_creator\":false}\n"},
        {.mirror = PROPERTIES("\"n\":{\"a\":1}"), .answer = PROPERTIES("\"n\":{\"a\":2}"),
         .expected = "target_changed - properties.n {\"a\":1} {\"a\":2}\nname - modes - properties {\"n\":{\"a\":2}}\n"},
        {.mirror = PROPERTIES("\"target_creator\":true"), .answer = "{\"fields\":[]}", .expected = ""}, /* says nothing */
        {.mirror = MODES("{\"mode\":\"a\"},{\"mode\":\"b\"}"), .answer = MODES("{\"mode\":\"b\"},{\"label\":\"\",\"mode\":\"a\"}"), .expected = ""},
        {.mirror = MODES("{\"mode\":\"a\"},{\"label\":null,\"mode\":\"b\"}"), .answer = MODES("{\"mode\":\"c\"},{\"mode\":\"b\"},{\"mode\":\"a\",\"label\":\"l\"}"),
         .expected = "mode_changed - a.label - \"l\"\nmode_added - c - {\"mode\":\"c\"}\n"
                     "name - modes [{\"mode\":\"c\"},{\"label\":null,\"mode\":\"b\"},{\"mode\":\"a\",\"label\":\"l\"}] properties -\n"},
        {.mirror = MODES("{\"mode\":\"a\"}"), .answer = MODES(), .options = {.removals = REMOVAL_BELIEF},
         .expected = "mode_removed - a {\"mode\":\"a\"} -\nname - modes [] properties -\n"},
        {.mirror = MODES("{\"mode\":\"a\"}"), .answer = MODES(), .options = {.removals = REMOVAL_STAYS}, .expected = "kept\n"},
        {.mirror = MODES("{\"mode\":\"a\"}"), .answer = MODES("{\"mode\":\"\"}"), .options = {.removals = REMOVAL_BELIEF}, .expected = "kept\n"},
        {.mirror = MODES("{\"mode\":\"a\"}"), .answer = MODES(), .options = {.removals = REMOVAL_BOTH}, .expected = "kept\n"},
        {.mirror = MODES("{\"mode\":\"a\"},{\"mode\":\"b\"}"), .answer = MODES("{\"mode\":\"c\"}"), .options = {.removals = REMOVAL_BOTH},
         .first = MODES("{\"mode\":\"a\"}"),
         .expected = "mode_removed - b {\"mode\":\"b\"} -\nmode_added - c - {\"mode\":\"c\"}\n"
                     "name - modes [{\"mode\":\"c\"},{\"mode\":\"a\"}] properties -\nkept\n"},
        {.mirror = MODES("{\"mode\":\"a\"}"), .answer = MODES(), .options = {.removals = REMOVAL_BOTH}, .first = MODES("{}"), .expected = "kept\n"},
        {.mirror = MODES("{\"mode\":\"a\"}"), .answer = MODES(), .options = {.removals = REMOVAL_BOTH}, .first = FIELDS(), .expected = "kept\n"},
        {.mirror = MODES("{\"mode\":\"a\",\"requires_identity\":true}"), .answer = MODES("{\"mode\":\"a\"}"),
         .expected = "mode_changed - a.requires_identity true -\nname - modes [{\"mode\":\"a\"}] properties -\n"},
    };
    RUN(cases);
}
/* clang-format on */

/* Between equal values the stored one stays. */
static void test_merged_field(void **state) {
    (void)state;
    struct target *mirror =
        parse(FIELDS(FIELD("a", ",\"name\":\"N\",\"description\":\"\",\"type\":\"t\",\"required\":"
                                "false,\"identity_functions\":[{\"id\":\"2\"},{\"id\":\"1\"}],"
                                "\"e\":null,\"f\":1.0,\"g\":7,\"h\":8") "," FIELD("b", ",\"h\":1")));
    struct target *answer = parse(
        FIELDS(FIELD("a", ",\"name\":\"N\",\"type\":\"u\",\"required\":null,"
                          "\"identity_functions\":[{\"id\":\"1\"},{\"id\":\"2\"}],"
                          "\"f\":1,\"i\":null,\"j\":false,\"h\":9") "," FIELD("b", ",\"j\":null,\"h\":1")));
    struct diff diff;
    diff_compute(mirror, answer, &(struct diff_options){.removals = REMOVAL_BELIEF}, &diff);
    assert_int_equal(diff.edit_count, 2);
    const struct field *a = diff.edits[0].field;
    assert_string_equal(a->texts[FIELD_NAME], "N");
    assert_string_equal(a->texts[FIELD_DESCRIPTION], "");
    assert_string_equal(a->texts[FIELD_TYPE], "u");
    assert_int_equal(a->flags[FIELD_REQUIRED], FLAG_FALSE);
    assert_string_equal(a->identity_functions.raw, "[{\"id\":\"2\"},{\"id\":\"1\"}]");
    static const struct {
        const char *key, *raw;
    } extra[] = {{"e", "null"}, {"f", "1.0"}, {"h", "9"}, {"j", "false"}};
    assert_int_equal(a->extra_count, ARRAY_LENGTH(extra));
    for (size_t i = 0; i < ARRAY_LENGTH(extra); i++) {
        assert_string_equal(a->extra[i].key, extra[i].key);
        assert_string_equal(a->extra[i].value.raw, extra[i].raw);
    }
    diff_done(&diff);
    diff_done(&diff); /* nothing is left to free */
    target_free(mirror);
    target_free(answer);
}

static void test_baseline(void **state) {
    (void)state;
    struct target *answer =
        parse("{\"name\":\"N\",\"fields\":[{\"id\":\"b\"},{\"id\":\"a\"},{\"id\":\"b\",\"name\":\"2\"},"
              "{}],\"modes\":[ ],\"properties\":{\"x\":1}}");
    struct diff diff;
    diff_baseline(answer, &diff);
    CLEANUP(cleanup_free) char *found = describe(&diff);
    assert_string_equal(found, "add a@2\nadd b@1\nname N modes [ ] properties {\"x\":1}\nduplicates 1\n");
    assert_int_equal(diff.field_count, 2);
    diff_done(&diff);
    target_free(answer);
}

static void test_lacking(void **state) {
    (void)state;
    static const struct {
        const char *mirror, *answer, *ids;
        size_t modes, mirror_fields;
    } cases[] = {
        {FIELDS(FIELD("c") "," FIELD("a") "," FIELD("b")), FIELDS(FIELD("b") "," FIELD("x")), "ac", 0, 3},
        {FIELDS(FIELD("c") "," FIELD("a")),
         FIELDS(FIELD("c") ","
                           "{}"),
         "", 0, 2},
        {FIELDS(FIELD("a")), "{}", "", 0, 1},
        {FIELDS(FIELD("a")), FIELDS(), "a", 0, 1},
        {FIELDS(), FIELDS(FIELD("a")), "", 0, 0},
        {MODES("{\"mode\":\"a\"},{\"mode\":\"b\"}"), MODES("{\"mode\":\"b\"}"), "", 1, 0},
        {MODES("{\"mode\":\"a\"},{\"mode\":\"b\"}"), MODES("{}"), "", 0, 0},
        {MODES("{\"mode\":\"a\"}"), FIELDS(), "", 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct target *mirror = parse(cases[i].mirror), *answer = parse(cases[i].answer);
        struct lacking lacking;
        diff_lacking(mirror, answer, &lacking);
        assert_int_equal(lacking.field_count, strlen(cases[i].ids));
        for (size_t j = 0; j < lacking.field_count; j++)
            assert_int_equal(lacking.field_ids[j][0], cases[i].ids[j]);
        assert_int_equal(lacking.mode_count, cases[i].modes);
        assert_int_equal(lacking.mirror_fields, cases[i].mirror_fields);
        free(lacking.field_ids);
        target_free(mirror);
        target_free(answer);
    }
}

static void test_missing_member(void **state) {
    (void)state;
    static const struct {
        const char *mirror, *answer, *missing;
    } cases[] = {
        {"{}", "{}", NULL},
        {"{}", "{\"fields\":[],\"modes\":[],\"properties\":{}}", NULL},
        {"{\"fields\":[]}", "{\"fields\":null}", "fields"},
        {"{\"fields\":[],\"modes\":[]}", "{\"fields\":[]}", "modes"},
        {"{\"properties\":{}}", "{\"properties\":null}", "properties"},
        {"{\"modes\":[],\"properties\":{}}", "{\"modes\":[],\"properties\":{}}", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct target *mirror = parse(cases[i].mirror), *answer = parse(cases[i].answer);
        const char *missing = diff_missing_member(mirror, answer);
        assert_true(text_equal(missing, cases[i].missing));
        target_free(mirror);
        target_free(answer);
    }
}

/* A small generator of its own, so that a failure comes again (xorshift64). */
static uint64_t draw(uint64_t *seed, uint64_t below) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed % below;
}

static void put_member(struct buffer *text, uint64_t *seed, const char *key, const char *const *values,
                       size_t count) {
    size_t which = (size_t)draw(seed, count * 2);
    if (which < count) /* else absent */
        assert_true(buffer_append_format(text, ",\"%s\":%s", key, values[which]));
}

/* A target whose fields share ids and members often. */
static struct target *random_target(uint64_t *seed) {
    static const char *const texts[] = {"\"\"", "null", "\"a\"", "\"b\""};
    static const char *const flags[] = {"true", "false", "null"};
    static const char *const lists[] = {"[]", "[{\"id\":\"1\"},{\"id\":\"2\"}]",
                                        "[{\"id\":\"2\"},{\"id\":\"1\"}]"};
    static const char *const extras[] = {"null", "1", "1.0", "[]", "{\"a\":null}", "{}"};
    struct buffer text;
    buffer_init(&text, 100000);
    assert_true(buffer_append_text(&text, "{\"fields\":["));
    size_t count = (size_t)draw(seed, 9);
    for (size_t i = 0; i < count; i++) {
        assert_true(
            buffer_append_format(&text, "%s{\"id\":\"%c\"", i > 0 ? "," : "", (char)('a' + draw(seed, 8))));
        put_member(&text, seed, "name", texts, ARRAY_LENGTH(texts));
        put_member(&text, seed, "source_type", texts, ARRAY_LENGTH(texts));
        put_member(&text, seed, "required", flags, ARRAY_LENGTH(flags));
        put_member(&text, seed, "supports_identity", flags, ARRAY_LENGTH(flags));
        put_member(&text, seed, "identity_functions", lists, ARRAY_LENGTH(lists));
        put_member(&text, seed, "x", extras, ARRAY_LENGTH(extras));
        put_member(&text, seed, "y", extras, ARRAY_LENGTH(extras));
        assert_true(buffer_append_text(&text, "}"));
    }
    assert_true(buffer_append_text(&text, "]}"));
    struct target *target = parse(buffer_text(&text));
    buffer_done(&text);
    return target;
}

static int compare_ids(const void *a, const void *b) {
    return strcmp(((const struct field *)a)->id, ((const struct field *)b)->id);
}

/* The mirror's fields after the edits of a diff, in `fields`. */
static struct target apply(const struct target *mirror, const struct diff *diff, struct field *fields) {
    size_t count = 0;
    for (size_t i = 0; i < mirror->field_count; i++) {
        bool edited = i > 0 && strcmp(mirror->fields[i - 1].id, mirror->fields[i].id) == 0; /* a duplicate */
        for (size_t j = 0; j < diff->edit_count; j++)
            edited = edited || strcmp(diff->edits[j].field->id, mirror->fields[i].id) == 0;
        if (!edited)
            fields[count++] = mirror->fields[i];
    }
    for (size_t j = 0; j < diff->edit_count; j++)
        if (diff->edits[j].action != FIELD_ACTION_REMOVE)
            fields[count++] = *diff->edits[j].field;
    qsort(fields, count, sizeof(*fields), compare_ids);
    return (struct target){.has_fields = true, .fields = fields, .field_count = count};
}

static void test_edits_lead_to_the_answer(void **state) {
    (void)state;
    uint64_t seed = 20260131;
    const struct diff_options options = {.removals = REMOVAL_BELIEF};
    for (int round = 0; round < 5000; round++) {
        struct target *mirror = random_target(&seed), *answer = random_target(&seed);
        struct field fields[32];
        struct diff diff, again;
        diff_compute(mirror, answer, &options, &diff);
        struct target after = apply(mirror, &diff, fields);
        assert_int_equal(after.field_count, diff.field_count);
        assert_int_equal(after.field_count + diff.duplicate_ids, answer->field_count);
        for (size_t i = 0; i < after.field_count; i++) {
            size_t count, equal = 0;
            const struct field *candidates = target_find_field(answer, fields[i].id, &count);
            for (size_t j = 0; j < count; j++)
                equal +=
                    field_equal(&fields[i], &candidates[j]) && fields[i].position == candidates[j].position;
            if (equal == 0)
                fail_msg("round %d: field %s", round, fields[i].id);
        }
        diff_compute(&after, answer, &options, &again); /* nothing is left to do */
        if (again.change_count > 0 || again.edit_count > 0 || again.taken_in_count > 0 || again.kept)
            fail_msg("round %d: not done after one pass", round);
        diff_done(&again);
        diff_done(&diff);
        target_free(mirror);
        target_free(answer);
    }
}

static void test_equal_snapshots(void **state) {
    (void)state;
    uint64_t seed = 42;
    for (int round = 0; round < 1000; round++) {
        uint64_t same_seed = seed;
        struct target *mirror = random_target(&seed), *answer = random_target(&same_seed);
        struct field fields[32];
        struct diff nothing = {0}, diff;
        struct target stored = apply(mirror, &nothing, fields); /* without duplicates */
        diff_compute(&stored, answer, &(struct diff_options){.removals = REMOVAL_BELIEF}, &diff);
        assert_int_equal(diff.change_count + diff.edit_count + diff.taken_in_count, 0);
        assert_int_equal(diff.field_count, stored.field_count);
        assert_false(diff.kept || diff.target_differs);
        diff_done(&diff);
        target_free(mirror);
        target_free(answer);
    }
}

/* Many members in many fields: the time grows with the size only. */
static void test_many_members(void **state) {
    (void)state;
    enum { FIELD_NUMBER = 200, MEMBER_NUMBER = 500 };
    struct target *targets[2];
    for (int side = 0; side < 2; side++) {
        struct buffer text;
        buffer_init(&text, 100000000);
        for (int i = 0; i < FIELD_NUMBER; i++) {
            assert_true(buffer_append_format(&text, "%s{\"id\":\"%d\"", i > 0 ? "," : "{\"fields\":[", i));
            for (int j = 0; j < MEMBER_NUMBER; j++)
                assert_true(buffer_append_format(&text, ",\"%d\":%d", j + side * MEMBER_NUMBER / 2, j));
            assert_true(buffer_append_text(&text, "}"));
        }
        assert_true(buffer_append_text(&text, "]}"));
        targets[side] = parse(buffer_text(&text));
        buffer_done(&text);
    }
    struct diff diff;
    diff_compute(targets[0], targets[1], &(struct diff_options){.removals = REMOVAL_BELIEF}, &diff);
    assert_int_equal(diff.taken_in_count, MEMBER_NUMBER);
    assert_int_equal(diff.edit_count, FIELD_NUMBER);
    assert_int_equal(diff.change_count, FIELD_NUMBER * MEMBER_NUMBER / 2);
    diff_done(&diff);
    target_free(targets[0]);
    target_free(targets[1]);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attributes),       cmocka_unit_test(test_added_and_removed),
        cmocka_unit_test(test_duplicates),       cmocka_unit_test(test_taken_in),
        cmocka_unit_test(test_ignored),          cmocka_unit_test(test_exact),
        cmocka_unit_test(test_target_and_modes), cmocka_unit_test(test_merged_field),
        cmocka_unit_test(test_baseline),         cmocka_unit_test(test_lacking),
        cmocka_unit_test(test_missing_member),   cmocka_unit_test(test_edits_lead_to_the_answer),
        cmocka_unit_test(test_equal_snapshots),  cmocka_unit_test(test_many_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
