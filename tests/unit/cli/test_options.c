#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "base/macros.h"

enum { PRINT = 1, SINCE, ARGUMENTS_MAX = 8 };

static const struct option_row rows[] = {{"print", false, PRINT}, {"since", true, SINCE}, {0}};

/* Reads a whole line into text: "print since=VALUE | words that are left", or "! message". */
static void read_line(const char *line, bool stop_at_word, char *ret, size_t size) {
    char copy[256], *argv[ARGUMENTS_MAX + 1] = {NULL}, *rest = NULL;
    snprintf(copy, sizeof(copy), "%s", line);
    struct options options = {.argv = argv, .rows = rows, .stop_at_word = stop_at_word};
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[options.argc++] = word;
    size_t length = 0;
    for (int key; (key = options_next(&options)) != OPTION_END;) {
        if (key == OPTION_WRONG) {
            snprintf(ret, size, "! %s", options.message);
            return;
        }
        if (key == PRINT)
            length += (size_t)snprintf(ret + length, size - length, "print ");
        else
            length += (size_t)snprintf(ret + length, size - length, "since=%s ", options.value);
    }
    length += (size_t)snprintf(ret + length, size - length, "|");
    for (int i = options.first_word; i < options.argc; i++)
        length += (size_t)snprintf(ret + length, size - length, " %s", argv[i]);
}

static void test_lines(void **state) {
    (void)state;
    static const struct {
        const char *line;
        bool stop_at_word;
        const char *expected;
    } cases[] = {
        {"command", false, "|"},
        {"command a b", false, "| a b"},
        {"command --print --since 24h a", false, "print since=24h | a"},
        {"command a --since=24h b --print", false, "since=24h print | a b"},
        {"command a --since=24h", true, "| a --since=24h"},
        {"command --print a --print", true, "print | a --print"},
        {"command -- --print", false, "| --print"},
        {"command --since --print", false,
         "since=--print |"}, /* the next word is the value, whatever it is */
        {"command --prin", false, "print |"},
        {"command --since", false, "! option '--since' needs a value"},
        {"command --print=x", false, "! option '--print' takes no value"},
        {"command --sinec=1", false, "! unknown option '--sinec=1': did you mean '--since'?"},
        {"command --xyz", false, "! unknown option '--xyz'"},
        {"command -x", false, "! unknown option '-x'"},
        {"command -xyz", false, "! unknown option '-x'"},
        {"command --a\033[31m", false, "! unknown option '--a?[31m'"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char text[512] = "";
        read_line(cases[i].line, cases[i].stop_at_word, text, sizeof(text));
        if (strcmp(text, cases[i].expected) != 0)
            fail_msg("%s: '%s', not '%s'", cases[i].line, text, cases[i].expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
