/* A glob as the database reads it matches what fnmatch(3) says: random ones, and texts made of them. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/glob.h"
#include "core/json_text.h"
#include "world.h"

enum { GLOBS = 3000, TEXTS = 16, PIECES = 6, TEXT_MAX = 7 };

static const char *const pieces[] = {
    "[",  "]",    "[",     "]",     "!",         "^",         "-",      "\\",    "*",     "?",    ":",
    "[:", "[=",   "=]",    "[.",    ".]",        "=",         ".",      "a",     "b",     "c",    "z",
    "y",  "Z",    "[a-c]", "|",     "(",         ")",         "{2}",    "+",     "$",     "/",    " ",
    "_",  "#",    "'",     "\\[",   "[:alpha:]", "[:digit:]", "[:ab:]", "[=a=]", "[.b.]", "[!a]", "[^",
    "[]", "[a-z", "[z-a]", "[--/]", "1",         "\"",        "\n"};

/* Always the same ones: what fails once fails again. */
static uint64_t random_state;

static size_t random_below(size_t limit) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(random_state >> 33) % limit;
}

static void make_glob(char *glob) {
    for (size_t count = 1 + random_below(PIECES); count > 0; count--)
        glob = stpcpy(glob, pieces[random_below(ARRAY_LENGTH(pieces))]);
}

/* Some characters of the glob in their order, now and then another one: such a text often matches. */
static void make_text(const char *glob, char *text) {
    static const char others[] = "abcyzZ1-]^!\\.:=[*?/ \n";
    size_t length = 0, share = 1 + random_below(4);
    for (; *glob && length < TEXT_MAX; glob++) {
        if (random_below(6) == 0)
            text[length++] = others[random_below(sizeof(others) - 1)];
        else if (random_below(4) < share)
            text[length++] = *glob;
    }
    text[length] = '\0';
}

/* A range that ends where a class begins is read by fnmatch() in one way by what it matches and in another by
 * what not. */
static bool is_fit(const char *glob) {
    return !strstr(glob, "-[:") && !strstr(glob, "-[=") && !strstr(glob, "-[.");
}

static void quote(struct buffer *json, const char *text, const char *after) {
    assert_true(json_quote(text, json) && buffer_append_text(json, after));
}

static void random_globs(void **state) {
    (void)state;
    struct buffer json;
    buffer_init(&json, 64 * 1024 * 1024);
    assert_true(buffer_append_text(&json, "[null"));
    size_t matching = 0;
    for (size_t i = 0; i < GLOBS; i++) {
        char glob[PIECES * 16], text[TEXT_MAX + 1];
        make_glob(glob);
        if (!is_fit(glob))
            continue;
        const char *one[] = {glob};
        CLEANUP(cleanup_free) char *regex = glob_regex(one, 1);
        assert_true(buffer_append_text(&json, ",["));
        quote(&json, glob, ",");
        quote(&json, regex, "");
        for (size_t j = 0; j < TEXTS; j++) {
            make_text(glob, text);
            bool matches = fnmatch(glob, text, 0) == 0;
            matching += matches;
            assert_true(buffer_append_text(&json, ","));
            quote(&json, text, matches ? ",true" : ",false");
        }
        assert_true(buffer_append_text(&json, "]"));
    }
    assert_true(buffer_append_text(&json, "]"));
    assert_true(matching > GLOBS / 2);
    assert_same(
        world_value(
            "SELECT coalesce(string_agg(format('%%s and %%s: %%s', g ->> 0, g ->> n, g ->> (n + 1)), E'\\n'), 'none')"
            " FROM jsonb_array_elements($json$%s$json$) g, generate_series(2, %d, 2) n"
            " WHERE g <> 'null' AND ((g ->> n) COLLATE \"C\" ~ (g ->> 1)) <> (g -> (n + 1))::boolean",
            buffer_text(&json), 2 * TEXTS),
        "none");
    buffer_done(&json);
}

static void characters_not_bytes(void **state) {
    (void)state;
    static const struct {
        const char *globs[3], *text;
        bool matches;
    } rows[] = {
        {{"?"}, "é", true},
        {{"??"}, "é", false},
        {{"[é-ü]"}, "ö", true},
        {{"[é-ü]"}, "z", false},
        {{"[!é]*"}, "ü", true},
        {{"*ü*"}, "grün", true},
        {{"[\U0001F600]"}, "\U0001F600", true},
        {{"a*", "*b"}, "xb", true},
        {{"a*", "*b"}, "xa", false},
        {{"a", "b"}, "ab", false},
        {{"[!a]"}, "\n", true},
        {{"*"}, "two\nlines", true},
        {{"***"}, "", true},
        {{"sandbox"}, "Sandbox", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        size_t count = rows[i].globs[1] ? 2 : 1;
        CLEANUP(cleanup_free) char *regex = glob_regex(rows[i].globs, count);
        assert_same(world_value("SELECT $t$%s$t$ COLLATE \"C\" ~ $r$%s$r$", rows[i].text, regex),
                    rows[i].matches ? "t" : "f");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(random_globs),
        world_test(characters_not_bytes),
    };
    return world_run_tests("globs", tests);
}
