#include "base/suggest.h"

#include <string.h>

#include "../unit.h"
#include "base/macros.h"

static const char *const commands[] = {"run",   "pull",   "check",  "migrate", "status",
                                       "drift", "fields", "accept", NULL};

static void check(const char *word, const char *const *candidates, const char *expected) {
    const char *found = suggest(word, candidates);
    if ((found == NULL) != (expected == NULL) || (found && strcmp(found, expected) != 0))
        fail_msg("suggest(\"%s\") is %s, not %s", word, found ? found : "nothing",
                 expected ? expected : "nothing");
}

static void test_nearest(void **state) {
    (void)state;
    static const struct {
        const char *word, *expected;
    } cases[] = {
        {"status", "status"},  /* itself */
        {"statsu", "status"},  /* two changed places */
        {"staus", "status"},   /* one missing */
        {"sttatus", "status"}, /* one too much */
        {"stetus", "status"},  /* one wrong */
        {"stetuz", "status"},  /* two of six: a third */
        {"stezuz", NULL},      /* three of six */
        {"STATUS", "status"},  /* case does not count */
        {"drfit", "drift"},    /* changed places are one step, two would be too many */
        {"rnu", "run"},        /* a short word may still be one step away */
        {"pool", NULL},        /* two of four */
        {"migr", "migrate"},   /* a beginning */
        {"mi", NULL},          /* too short for one */
        {"xigr", NULL},        /* no beginning */
        {"", NULL},
        {"compare", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        check(cases[i].word, commands, cases[i].expected);
}

static void test_choice(void **state) {
    (void)state;
    static const char *const names[] = {"salesforce-prod", "salesforce-prod2", "salesforce-test", NULL};
    check("salesforce-prod3", names, "salesforce-prod"); /* the first of equals */
    check("salesforce-tset", names, "salesforce-test");
    check("salesforce-prod2", names, "salesforce-prod2"); /* what is nearer goes before what is first */
    check("sales", names, "salesforce-prod");
    static const char *const none[] = {NULL};
    check("sales", none, NULL);
}

static void test_long_words(void **state) {
    (void)state;
    char word[SUGGEST_MAX + 2], same[SUGGEST_MAX + 2], longer[4 * SUGGEST_MAX];
    memset(word, 'a', sizeof(word));
    memset(same, 'a', sizeof(same));
    memset(longer, 'a', sizeof(longer));
    word[SUGGEST_MAX] = same[SUGGEST_MAX] = longer[sizeof(longer) - 1] = '\0';
    const char *const candidates[] = {longer, same, NULL};
    assert_ptr_equal(suggest(word, candidates), same);
    word[SUGGEST_MAX] = 'a';
    word[SUGGEST_MAX + 1] = '\0';
    assert_null(suggest(word, candidates));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_long_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
