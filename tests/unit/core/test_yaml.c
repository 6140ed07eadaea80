#include "core/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "base/buffer.h"

/* A tree in one line: kind, place, content. */
static void dump(const struct yaml_node *node, struct buffer *buffer) {
    static const char *const kinds[] = {
        [YAML_EMPTY] = "~", [YAML_TEXT] = "", [YAML_LIST] = "[", [YAML_MAP] = "{"};
    assert_true(buffer_append_format(buffer, "%zu:%zu%s%s", node->place.line, node->place.column,
                                     kinds[node->kind], node->kind == YAML_TEXT ? "'" : ""));
    if (node->kind == YAML_TEXT)
        assert_true(buffer_append_format(buffer, "%s'", node->text));
    for (size_t i = 0; i < node->count; i++) {
        assert_true(buffer_append_text(buffer, i > 0 ? " " : ""));
        if (node->kind == YAML_MAP) {
            dump(node->keys[i], buffer);
            assert_true(buffer_append_text(buffer, "="));
        }
        dump(node->items[i], buffer);
    }
    if (node->kind == YAML_LIST || node->kind == YAML_MAP)
        assert_true(buffer_append_text(buffer, node->kind == YAML_LIST ? "]" : "}"));
}

static const struct {
    const char *text, *tree; /* a tree, or "!line:column" and what is wrong */
} rows[] = {
    {"", "1:1~"},
    {"# only a comment\n", "1:1~"},
    {"a: 1\nb:\n  - x\n  - {c: d}\n", "1:1{1:1'a'=1:4'1' 2:1'b'=3:3[3:5'x' 4:5{4:6'c'=4:9'd'}]}"},
    {"a: 1\na: 2\n", "1:1{1:1'a'=1:4'1' 2:1'a'=2:4'2'}"},
    {"[~, null, '', \"~\", 'null', Null]", "1:1[1:2~ 1:5~ 1:11'' 1:15'~' 1:20'null' 1:28'Null']"},
    {"ä: ö\n", "1:1{1:1'ä'=1:4'ö'}"},
    {"\xef\xbb\xbf"
     "a: b\n",
     "1:1{1:1'a'=1:4'b'}"},
    {"a: |\n  one\n  two\n", "1:1{1:1'a'=1:4'one\ntwo\n'}"},
    {"a:\n", "1:1{1:1'a'=1:3~}"},
    {"a: [1, 2",
     "!2:1 no valid YAML: did not find expected ',' or ']' (while parsing a flow sequence that begins in line 1)"},
    {"a:\n\tb: 1\n",
     "!2:1 no valid YAML: found character that cannot start any token (while scanning for the next token)"},
    {"a: 'x", "!1:6 no valid YAML: found unexpected end of stream (while scanning a quoted scalar)"},
    {"a: &x 1\nb: *x\n", "!1:4 anchors (&) are not supported: write the value where it is needed"},
    {"a: &x [1]\n", "!1:4 anchors (&) are not supported: write the value where it is needed"},
    {"a: &x {b: 1}\n", "!1:4 anchors (&) are not supported: write the value where it is needed"},
    {"b: *x\n", "!1:4 aliases (*) are not supported: write the value where it is needed"},
    {"a: !!int 1\n", "!1:4 tags (!) are not supported: leave it out"},
    {"a: !x {b: 1}\n", "!1:4 tags (!) are not supported: leave it out"},
    {"{[a]: b}\n", "!1:2 a key must be a word"},
    {"{~: b}\n", "!1:2 a key must be a word"},
    {"{a: b}\n---\n{a: b}\n", "!2:1 a second document (---): one file holds one"},
    {"a: \"x\\0y\"\n", "!1:4 a NUL character is not allowed"},
    {"a: \"\\xZZ\"\n",
     "!1:7 no valid YAML: did not find expected hexdecimal number (while parsing a quoted scalar)"},
    {"ä\n\xff", "!2:1 no valid YAML: invalid leading UTF-8 octet"},
};

static void test_rows(void **state) {
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct arena *arena = arena_new();
        struct yaml_place place = {0};
        struct error error = {0};
        struct buffer buffer;
        buffer_init(&buffer, 4096);
        struct yaml_node *root = yaml_parse(arena, rows[i].text, strlen(rows[i].text), &place, &error);
        if (root)
            dump(root, &buffer);
        else {
            assert_int_equal(error.cause, CAUSE_CONFIG);
            assert_true(buffer_append_format(&buffer, "!%zu:%zu %s", place.line, place.column, error.text));
        }
        if (strcmp(buffer_text(&buffer), rows[i].tree) != 0)
            print_error("row %zu: %s\n", i, buffer_text(&buffer));
        wrong += strcmp(buffer_text(&buffer), rows[i].tree) != 0;
        buffer_done(&buffer);
        arena_free(arena);
    }
    assert_int_equal(wrong, 0);
}

static char *repeat(const char *text, size_t times) {
    size_t length = strlen(text);
    char *all = alloc_zero(length * times + 1, 1);
    for (size_t i = 0; i < times; i++)
        memcpy(all + i * length, text, length);
    return all;
}

/* Parses a text that must be refused; the message is compared. */
static void expect_refused(const char *text, const char *says) {
    struct arena *arena = arena_new();
    struct yaml_place place = {0};
    struct error error = {0};
    assert_null(yaml_parse(arena, text, strlen(text), &place, &error));
    assert_string_equal(error.text, says);
    arena_free(arena);
}

/* However deep, it neither recurses nor grows: it is refused at the limit. */
static void test_depth(void **state) {
    (void)state;
    static const char *const nests[] = {"[", "{a: ", "- "};
    static const size_t depths[] = {YAML_DEPTH_MAX + 1, 1000, 200000};
    for (size_t i = 0; i < ARRAY_LENGTH(nests); i++)
        for (size_t j = 0; j < ARRAY_LENGTH(depths); j++) {
            CLEANUP(cleanup_free) char *text = repeat(nests[i], depths[j]);
            expect_refused(text, "nested too deeply");
        }
    struct arena *arena = arena_new();
    struct yaml_place place = {0};
    CLEANUP(cleanup_free) char *open = repeat("[", YAML_DEPTH_MAX), *close = repeat("]", YAML_DEPTH_MAX);
    CLEANUP(cleanup_free) char *deepest = alloc_printf("%s%s", open, close);
    assert_non_null(yaml_parse(arena, deepest, strlen(deepest), &place, NULL));
    arena_free(arena);
}

/* As many nodes as a file of a megabyte can have: in bounded memory. */
static void test_many_nodes(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct yaml_place place = {0};
    struct error error = {0};
    CLEANUP(cleanup_free) char *items = repeat("a,", 1 << 19);
    CLEANUP(cleanup_free) char *text = alloc_printf("[%s]", items);
    struct yaml_node *root = yaml_parse(arena, text, strlen(text), &place, &error);
    assert_non_null(root);
    assert_int_equal(root->count, 1 << 19);
    assert_true(arena_size(arena) < 100 << 20);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_many_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
