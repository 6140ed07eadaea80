#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/verdict.h"

static const struct verdict_limits limits = {.over_ppm = 500000, .hold = 24 * USEC_PER_HOUR};

/* Freshness */

static void proof_of_freshness(void **state) {
    (void)state;
    static const struct {
        bool asked;
        usec_t last_seen, refresh_started, refreshed_at;
        bool fresh;
        const char *why;
    } cases[] = {
        {false, 100, 200, 50, true, "no proof is asked"},
        {true, USEC_NONE, 200, 50, true, "none was seen before"},
        {true, USEC_NONE, 200, USEC_NONE, true, "none was seen before, none now"},
        {true, 100, USEC_NONE, 101, true, "newer than the last answer"},
        {true, 100, USEC_NONE, 100, false, "the same as the last answer"},
        {true, 100, USEC_NONE, 99, false, "older than the last answer"},
        {true, 100, 100, 100, true,
         "not older than the refresh, which began when the last answer was refreshed"},
        {true, 100, 90, 95, true, "not older than this refresh"},
        {true, 100, 200, 100, false, "older than this refresh, and not newer than the last answer"},
        {true, 100, 200, 150, true, "newer than the last answer is enough"},
        {true, 100, 50, USEC_NONE, false, "one was seen before, and now there is none"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct proof proof = {cases[i].asked, cases[i].last_seen, cases[i].refresh_started};
        if (verdict_is_fresh(&proof, cases[i].refreshed_at) != cases[i].fresh)
            fail_msg("%s", cases[i].why);
    }
}

/* Limits */

static void mass_of_fields(void **state) {
    (void)state;
    static const struct {
        size_t lacking, of;
        bool mass;
    } cases[] = {
        {0, 0, false},  {0, 20, false}, {1, 1, true},   {2, 2, true},     {8, 9, false},   {9, 9, true},
        {5, 10, false}, {6, 10, true},  {10, 10, true}, {50, 100, false}, {51, 100, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (verdict_is_mass(cases[i].lacking, cases[i].of, &limits) != cases[i].mass)
            fail_msg("%zu of %zu", cases[i].lacking, cases[i].of);
}

static void mass_of_targets(void **state) {
    (void)state;
    static const struct {
        size_t managed, looked, gone;
        bool mass;
    } cases[] = {
        {5, 5, 0, false},   {5, 1, 1, false},  /* the only one that was looked at */
        {5, 2, 2, true},                       /* all that were looked at, and two */
        {5, 3, 2, false},   {9, 9, 8, false},  /* fewer than ten */
        {10, 10, 5, false}, {10, 10, 6, true}, /* more than half of ten */
        {20, 12, 11, true}, {20, 12, 10, false}, {1, 1, 1, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (verdict_is_mass_gone(cases[i].managed, cases[i].looked, cases[i].gone, &limits) != cases[i].mass)
            fail_msg("managed %zu, looked at %zu, gone %zu", cases[i].managed, cases[i].looked,
                     cases[i].gone);
}

/* Answers. A field is written as one letter. */

struct letters {
    const char *ids[26];
    char texts[26][2];
    size_t count;
};

static void spell(const char *text, struct letters *ret) {
    ret->count = strlen(text);
    for (size_t i = 0; i < ret->count; i++) {
        ret->texts[i][0] = text[i];
        ret->texts[i][1] = '\0';
        ret->ids[i] = ret->texts[i];
    }
}

static void verdicts_on_answers(void **state) {
    (void)state;
    static const usec_t held = 1000 * USEC_PER_HOUR;
    static const struct {
        const char *why;
        enum target_state state;
        const char *held_fields; /* NULL: the target itself */
        bool accepted, second_look;
        const char *lacking;
        size_t modes, of;
        usec_t age;
        enum verdict verdict;
    } cases[] = {
        {"nothing is lacking", STATE_PRESENT, "", false, false, "", 0, 20, 0, VERDICT_RECORD},
        {"a field is lacking", STATE_PRESENT, "", false, false, "a", 0, 20, 0, VERDICT_SECOND_LOOK},
        {"a mode is lacking", STATE_PRESENT, "", false, false, "", 1, 20, 0, VERDICT_SECOND_LOOK},
        {"a field is lacking twice", STATE_PRESENT, "", false, true, "a", 0, 20, 0, VERDICT_RECORD},
        {"most are lacking, not looked again yet", STATE_PRESENT, "", false, false, "abcdefghijk", 0, 20, 0,
         VERDICT_SECOND_LOOK},
        {"most are lacking twice", STATE_PRESENT, "", false, true, "abcdefghijk", 0, 20, 0, VERDICT_HOLD},
        {"all two are lacking twice", STATE_PRESENT, "", false, true, "ab", 0, 2, 0, VERDICT_HOLD},
        {"one that comes back is not held", STATE_MISSING, "", false, true, "ab", 0, 2, 0, VERDICT_RECORD},
        {"one that comes back is looked at again too", STATE_MISSING, "", false, false, "ab", 0, 2, 0,
         VERDICT_SECOND_LOOK},
        {"held, the same again", STATE_SUSPECT, "ab", false, false, "ab", 0, 2, 0, VERDICT_STAYS_HELD},
        {"held, the same again, one microsecond early", STATE_SUSPECT, "ab", false, false, "ab", 0, 2,
         24 * USEC_PER_HOUR - 1, VERDICT_STAYS_HELD},
        {"held, the same at hold", STATE_SUSPECT, "ab", false, false, "ab", 0, 2, 24 * USEC_PER_HOUR,
         VERDICT_APPLY},
        {"held, the same, accepted", STATE_SUSPECT, "ab", true, false, "ab", 0, 2, 0, VERDICT_APPLY},
        {"held, some are back but too few", STATE_SUSPECT, "abcdefghijkl", false, false, "abcdefghijk", 0, 20,
         0, VERDICT_STAYS_HELD},
        {"held, something more is lacking", STATE_SUSPECT, "abcdefghijk", false, false, "abcdefghijkz", 0, 20,
         0, VERDICT_HOLD},
        {"held, something more is lacking though it was accepted", STATE_SUSPECT, "abcdefghijk", true, false,
         "bcdefghijkxyz", 0, 20, 0, VERDICT_HOLD},
        {"held, something more is lacking though its time has come", STATE_SUSPECT, "abcdefghijk", false,
         false, "abcdefghijkz", 0, 20, 48 * USEC_PER_HOUR, VERDICT_HOLD},
        {"held as gone, now most fields are lacking: no more than all", STATE_SUSPECT, NULL, false, false,
         "abcdefghijk", 0, 20, 0, VERDICT_STAYS_HELD},
        {"held, few are lacking now: as usual", STATE_SUSPECT, "abcdefghijk", false, false, "a", 0, 20, 0,
         VERDICT_SECOND_LOOK},
        {"held, few are lacking twice", STATE_SUSPECT, "abcdefghijk", false, true, "a", 0, 20, 0,
         VERDICT_RECORD},
        {"held, all is back", STATE_SUSPECT, "abcdefghijk", false, false, "", 0, 20, 0, VERDICT_RECORD},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct letters held_fields, lacks;
        spell(cases[i].held_fields ? cases[i].held_fields : "", &held_fields);
        spell(cases[i].lacking, &lacks);
        struct stored_target stored = {.state = cases[i].state,
                                       .accepted = cases[i].accepted,
                                       .held_since = held,
                                       .held_gone = !cases[i].held_fields,
                                       .held_fields = held_fields.ids,
                                       .held_count = held_fields.count};
        struct lacking lacking = {.field_ids = lacks.ids,
                                  .field_count = lacks.count,
                                  .mode_count = cases[i].modes,
                                  .mirror_fields = cases[i].of};
        enum verdict verdict =
            verdict_on_answer(&stored, &lacking, cases[i].second_look, &limits, held + cases[i].age);
        if (verdict != cases[i].verdict)
            fail_msg("%s: %d instead of %d", cases[i].why, (int)verdict, (int)cases[i].verdict);
    }
}

static void verdicts_on_absence(void **state) {
    (void)state;
    static const struct {
        const char *why;
        enum target_state state;
        bool held_gone, accepted, second_look;
        usec_t age;
        enum verdict verdict;
    } cases[] = {
        {"never seen", STATE_PENDING, false, false, false, 0, VERDICT_UNKNOWN},
        {"still missing", STATE_MISSING, false, false, false, 0, VERDICT_ABSENT},
        {"gone at the first look", STATE_PRESENT, false, false, false, 0, VERDICT_SECOND_LOOK},
        {"gone at both", STATE_PRESENT, false, false, true, 0, VERDICT_GONE},
        {"held for its fields, now it is gone itself", STATE_SUSPECT, false, false, false, 0, VERDICT_HOLD},
        {"the same, though that was accepted", STATE_SUSPECT, false, true, false, 0, VERDICT_HOLD},
        {"held as gone, still gone", STATE_SUSPECT, true, false, false, 0, VERDICT_STAYS_HELD},
        {"held as gone, at hold", STATE_SUSPECT, true, false, false, 24 * USEC_PER_HOUR, VERDICT_APPLY},
        {"held as gone, accepted", STATE_SUSPECT, true, true, false, 0, VERDICT_APPLY},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct stored_target stored = {.state = cases[i].state,
                                       .held_gone = cases[i].held_gone,
                                       .accepted = cases[i].accepted,
                                       .held_since = 0};
        enum verdict verdict = verdict_on_absence(&stored, cases[i].second_look, &limits, cases[i].age);
        if (verdict != cases[i].verdict)
            fail_msg("%s: %d instead of %d", cases[i].why, (int)verdict, (int)cases[i].verdict);
    }
}

static void no_waiting_at_all(void **state) {
    (void)state;
    const struct verdict_limits at_once = {.over_ppm = 500000, .hold = 0};
    struct stored_target stored = {.state = STATE_SUSPECT, .held_gone = true, .held_since = 5};
    assert_int_equal(verdict_on_absence(&stored, false, &at_once, 5), VERDICT_APPLY);
}

static void what_both_lack(void **state) {
    (void)state;
    static const struct {
        const char *first, *second, *both;
    } cases[] = {{"", "", ""},   {"abc", "", ""},          {"abc", "bcd", "bc"},
                 {"a", "b", ""}, {"abcd", "abcd", "abcd"}, {"az", "bz", "z"}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct letters a, b;
        spell(cases[i].first, &a);
        spell(cases[i].second, &b);
        struct lacking first = {.field_ids = a.ids, .field_count = a.count, .mode_count = 2},
                       second = {.field_ids = b.ids,
                                 .field_count = b.count,
                                 .mode_count = 1,
                                 .mirror_fields = 7},
                       both;
        verdict_both_lack(&first, &second, &both);
        assert_int_equal(both.field_count, strlen(cases[i].both));
        for (size_t j = 0; j < both.field_count; j++)
            assert_int_equal(both.field_ids[j][0], cases[i].both[j]);
        assert_int_equal(both.mode_count, 1);
        assert_int_equal(both.mirror_fields, 7);
        free(both.field_ids);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_of_freshness),  cmocka_unit_test(mass_of_fields),
        cmocka_unit_test(mass_of_targets),     cmocka_unit_test(verdicts_on_answers),
        cmocka_unit_test(verdicts_on_absence), cmocka_unit_test(no_waiting_at_all),
        cmocka_unit_test(what_both_lack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
