#include "core/glob.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "base/macros.h"

/* Whether the database reads them as fnmatch(3) reads the globs is tested there
 * (tests/integration/test_globs.c). */
static void test_regex(void **state) {
    (void)state;
    static const struct {
        const char *globs[4];
        const char *regex;
    } rows[] = {
        /* clang-format off */
        {{"salesforce-*"},       "^(?:salesforce\\-.*)$"},
        {{"a", "b*", "?"},       "^(?:a|b.*|.)$"},
        {{"*"},                  "^(?:.*)$"},
        {{"a***b"},              "^(?:a.*b)$"},
        {{""},                   "^(?:)$"},
        {{"schema.*"},           "^(?:schema\\..*)$"},
        {{"a|b)(c{2}+$^"},       "^(?:a\\|b\\)\\(c\\{2\\}\\+\\$\\^)$"},
        {{"My_Field__c"},        "^(?:My_Field__c)$"},
        {{"\\*\\a\\\\"},         "^(?:\\*a\\\\)$"},
        {{"é?"},                 "^(?:é.)$"},
        {{"[a-c]"},              "^(?:[\\U00000061-\\U00000063])$"},
        {{"[!a]"},               "^(?:[^\\U00000061])$"},
        {{"[^é]"},               "^(?:[^\\U000000e9])$"},
        {{"[]-]"},               "^(?:[\\U0000005d\\U0000002d])$"},
        {{"[[.-.]]"},            "^(?:[\\U0000002d])$"},
        {{"[[=x=]]"},            "^(?:[\\U00000078])$"},
        {{"[[:digit:]]"},        "^(?:[\\U00000030\\U00000031\\U00000032\\U00000033\\U00000034"
                                 "\\U00000035\\U00000036\\U00000037\\U00000038\\U00000039])$"},
        {{"[z-a]"},              "^(?:(?!.*))$"}, /* backwards: holds nothing */
        {{"[!z-a]"},             "^(?:.)$"},
        {{"[[:nonsense:]]"},     "^(?:(?!.*))$"},
        {{"[abc"},               "^(?:\\[abc)$"}, /* not closed: a character as any */
        {{"["},                  "^(?:\\[)$"},
        {{"[!"},                 "^(?:\\[\\!)$"},
        {{"a\\"},                "^(?:a(?!.*))$"},
        /* clang-format on */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        size_t count = 0;
        while (count < 4 && rows[i].globs[count])
            count++;
        char *regex = glob_regex(rows[i].globs, count);
        assert_string_equal(regex, rows[i].regex);
        free(regex);
    }
}

static void test_none_lets_all_through(void **state) {
    (void)state;
    assert_null(glob_regex(NULL, 0));
}

/* What is cut short anywhere is read to its end and no further. */
static void test_every_beginning(void **state) {
    (void)state;
    static const char glob[] = "[!\\]a-[.z.][:alpha:][=b=]é-ü]x[[:]\\";
    for (size_t length = 0; length < sizeof(glob); length++) {
        char *copy = strndup(glob, length);
        const char *one[] = {copy};
        char *regex = glob_regex(one, 1);
        assert_non_null(regex);
        free(regex);
        free(copy);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regex),
        cmocka_unit_test(test_none_lets_all_through),
        cmocka_unit_test(test_every_beginning),
    };
    return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
