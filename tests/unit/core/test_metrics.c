#include "../unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "core/metrics.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

enum { RUNS, LEVEL, PLAIN, TOOK, CROSSED, METRICS };

static const struct metric table[METRICS] = {
    /* clang-format off */
    [RUNS]    = {"runs_total", "Runs, by \"end\".", METRIC_COUNTER, "connection", {{"outcome", WORDS("ok", "failed")}}, {0}},
    [LEVEL]   = {"level", "A back\\slash\nand a line end.", METRIC_GAUGE, "connection", {{0}}, {0}},
    [PLAIN]   = {"plain", "Alone.", METRIC_GAUGE, NULL, {{0}}, {0}},
    [TOOK]    = {"took_seconds", "Time.", METRIC_HISTOGRAM, NULL, {{"route", WORDS("a")}}, {0.5, 1, 2.5}},
    [CROSSED] = {"crossed_total", "Two labels.", METRIC_COUNTER, NULL, {{"kind", WORDS("x", "y")}, {"severity", WORDS("p", "q", "r")}}, {0}},
    /* clang-format on */
};

#define HEAD_RUNS  "# HELP runs_total Runs, by \"end\".\n# TYPE runs_total counter\n"
#define HEAD_LEVEL "# HELP level A back\\\\slash\\nand a line end.\n# TYPE level gauge\n"
#define HEAD_PLAIN "# HELP plain Alone.\n# TYPE plain gauge\n"
#define TOOK_ZERO                                                                                     \
    "# HELP took_seconds Time.\n# TYPE took_seconds histogram\n"                                      \
    "took_seconds_bucket{route=\"a\",le=\"0.5\"} 0\ntook_seconds_bucket{route=\"a\",le=\"1\"} 0\n"    \
    "took_seconds_bucket{route=\"a\",le=\"2.5\"} 0\ntook_seconds_bucket{route=\"a\",le=\"+Inf\"} 0\n" \
    "took_seconds_sum{route=\"a\"} 0\ntook_seconds_count{route=\"a\"} 0\n"

/* What a registry says. */
static char *text_of(const struct metrics *metrics) {
    struct buffer text;
    buffer_init(&text, 1 << 24);
    assert_true(metrics_write(metrics, &text));
    return text.length > 0 ? buffer_take(&text) : alloc_strdup("");
}

static void assert_text(const struct metrics *metrics, const char *expected) {
    CLEANUP(cleanup_free) char *text = text_of(metrics);
    assert_string_equal(text, expected);
}

static void assert_says(const struct metrics *metrics, const char *line) {
    CLEANUP(cleanup_free) char *text = text_of(metrics);
    if (!strstr(text, line))
        fail_msg("not there: %s\nin: %s", line, text);
}

static void what_is_known_begins_at_zero(void **state) {
    (void)state;
    struct metrics *metrics = metrics_new(table, METRICS);
    assert_text(metrics, TOOK_ZERO
                "# HELP crossed_total Two labels.\n# TYPE crossed_total counter\n"
                "crossed_total{kind=\"x\",severity=\"p\"} 0\ncrossed_total{kind=\"x\",severity=\"q\"} 0\n"
                "crossed_total{kind=\"x\",severity=\"r\"} 0\ncrossed_total{kind=\"y\",severity=\"p\"} 0\n"
                "crossed_total{kind=\"y\",severity=\"q\"} 0\ncrossed_total{kind=\"y\",severity=\"r\"} 0\n");
    metrics_free(metrics);
    metrics = metrics_new(table, PLAIN + 1);
    assert_text(metrics, "");
    metrics_set_subjects(metrics, RUNS, (const char *const[]){"crm", "ads"}, 2);
    metrics_set_subjects(metrics, LEVEL, (const char *const[]){"crm"}, 1);
    assert_text(metrics, HEAD_RUNS "runs_total{connection=\"crm\",outcome=\"ok\"} 0\n"
                                   "runs_total{connection=\"crm\",outcome=\"failed\"} 0\n"
                                   "runs_total{connection=\"ads\",outcome=\"ok\"} 0\n"
                                   "runs_total{connection=\"ads\",outcome=\"failed\"} 0\n");
    metrics_free(metrics);
    metrics_free(NULL);
}

static void only_what_is_known_counts(void **state) {
    (void)state;
    static const struct {
        struct metric_series series;
        bool known;
    } cases[] = {
        {{RUNS, "crm", {"ok", NULL}}, true},       {{RUNS, "crm", {"worse", NULL}}, false},
        {{RUNS, "crm", {NULL, NULL}}, false},      {{RUNS, "crm", {"", NULL}}, false},
        {{RUNS, "other", {"ok", NULL}}, false},    {{RUNS, "", {"ok", NULL}}, false},
        {{RUNS, NULL, {"ok", NULL}}, false},       {{CROSSED, NULL, {"y", "r"}}, true},
        {{CROSSED, NULL, {"y", NULL}}, false},     {{CROSSED, NULL, {"r", "y"}}, false},
        {{CROSSED, "anything", {"x", "p"}}, true}, {{TOOK, NULL, {"b", NULL}}, false},
    };
    struct metrics *metrics = metrics_new(table, METRICS);
    metrics_set_subjects(metrics, RUNS, (const char *const[]){"crm"}, 1);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        print_message("case %zu\n", i);
        assert_int_equal(metrics_add(metrics, cases[i].series, 2), cases[i].known);
    }
    assert_false(metrics_observe(metrics, (struct metric_series){TOOK, NULL, {"b", NULL}}, 1));
    assert_says(metrics, "runs_total{connection=\"crm\",outcome=\"ok\"} 2\n");
    assert_says(metrics, "crossed_total{kind=\"y\",severity=\"r\"} 2\n");
    assert_says(metrics, "crossed_total{kind=\"x\",severity=\"p\"} 2\n");
    metrics_free(metrics);
}

static void subjects_come_and_go(void **state) {
    (void)state;
    struct metrics *metrics = metrics_new(table, RUNS + 1);
    const struct metric_series crm = {RUNS, "crm", {"ok", NULL}}, ads = {RUNS, "ads", {"ok", NULL}};
    metrics_set_subjects(metrics, RUNS, (const char *const[]){"crm", "ads", "crm"},
                         3); /* one of them twice */
    metrics_add(metrics, crm, 5);
    metrics_add(metrics, ads, 7);
    metrics_set_subjects(metrics, RUNS, (const char *const[]){"new", "ads"}, 2);
    assert_text(metrics, HEAD_RUNS "runs_total{connection=\"new\",outcome=\"ok\"} 0\n"
                                   "runs_total{connection=\"new\",outcome=\"failed\"} 0\n"
                                   "runs_total{connection=\"ads\",outcome=\"ok\"} 7\n"
                                   "runs_total{connection=\"ads\",outcome=\"failed\"} 0\n");
    assert_false(metrics_add(metrics, crm, 1));
    metrics_add_subject(metrics, RUNS, "crm");
    metrics_add_subject(metrics, RUNS, "ads");
    assert_says(metrics,
                "runs_total{connection=\"crm\",outcome=\"ok\"} 0\n"); /* forgotten: it begins again */
    assert_says(metrics, "runs_total{connection=\"ads\",outcome=\"ok\"} 7\n");
    metrics_set_subjects(metrics, RUNS, NULL, 0);
    assert_text(metrics, "");
    metrics_free(metrics);
}

static void labels_are_escaped_and_bounded(void **state) {
    (void)state;
    char longest[400], shortened[METRICS_SUBJECT_BYTES + 1];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    snprintf(shortened, sizeof(shortened), "%.*s…", METRICS_SUBJECT_BYTES - (int)strlen("…"), longest);
    const struct {
        const char *subject, *label;
    } cases[] = {
        {"plain", "plain"},
        {"a\"b", "a\\\"b"},
        {"a\\b", "a\\\\b"},
        {"\\\"", "\\\\\\\""},
        {"\"} 1\nx{y=\"", "\\\"} 1?x{y=\\\""}, /* control characters are made harmless before */
        {"ü名🙂", "ü名🙂"},
        {"\xff\xc3-", "?"
                      "?-"},
        {"", ""},
        {longest, shortened},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct metrics *metrics = metrics_new(table, LEVEL + 1);
        metrics_set_subjects(metrics, LEVEL, &cases[i].subject, 1);
        assert_true(metrics_set(metrics, (struct metric_series){LEVEL, cases[i].subject, {NULL, NULL}}, 1));
        CLEANUP(cleanup_free)
        char *expected = alloc_printf(HEAD_LEVEL "level{connection=\"%s\"} 1\n", cases[i].label);
        assert_text(metrics, expected);
        metrics_free(metrics);
    }
    /* two that would look the same are one */
    struct metrics *metrics = metrics_new(table, LEVEL + 1);
    metrics_set_subjects(metrics, LEVEL, (const char *const[]){"a\x01", "a?"}, 2);
    metrics_set(metrics, (struct metric_series){LEVEL, "a\x01", {NULL, NULL}}, 3);
    assert_text(metrics, HEAD_LEVEL "level{connection=\"a?\"} 3\n");
    metrics_free(metrics);
}

static void numbers(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "1"},
        {-1, "-1"},
        {0.5, "0.5"},
        {0.1, "0.1"},
        {1e-9, "1e-09"},
        {1732445788.123456, "1732445788.123456"},
        {123456789012345, "123456789012345"},
        {9007199254740993.0, "9007199254740992"},
        {1e22, "1e+22"},
        {(double)INFINITY, "+Inf"},
        {-(double)INFINITY, "-Inf"},
        {1.0 / 3, "0.3333333333333333"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct metrics *metrics = metrics_new(table, PLAIN + 1);
        metrics_set(metrics, (struct metric_series){PLAIN, NULL, {NULL, NULL}}, cases[i].value);
        CLEANUP(cleanup_free) char *expected = alloc_printf(HEAD_PLAIN "plain %s\n", cases[i].text);
        assert_text(metrics, expected);
        metrics_set(metrics, (struct metric_series){PLAIN, NULL, {NULL, NULL}}, (double)NAN);
        assert_text(metrics, "");
        metrics_free(metrics);
    }
}

static void buckets_add_up(void **state) {
    (void)state;
    static const double values[] = {0, 0.5, 0.500001, 1, 2, 2.5, 3, 1000};
    struct metrics *metrics = metrics_new(table, TOOK + 1);
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
        assert_true(metrics_observe(metrics, (struct metric_series){TOOK, NULL, {"a", NULL}}, values[i]));
    assert_says(metrics, "took_seconds_bucket{route=\"a\",le=\"0.5\"} 2\n"
                         "took_seconds_bucket{route=\"a\",le=\"1\"} 4\n"
                         "took_seconds_bucket{route=\"a\",le=\"2.5\"} 6\n"
                         "took_seconds_bucket{route=\"a\",le=\"+Inf\"} 8\n"
                         "took_seconds_sum{route=\"a\"} 1009.500001\n"
                         "took_seconds_count{route=\"a\"} 8\n");
    metrics_free(metrics);
}

static void there_is_an_end_of_it(void **state) {
    (void)state;
    static char names[METRICS_SUBJECTS_MAX + 10][8];
    static const char *subjects[METRICS_SUBJECTS_MAX + 10];
    for (size_t i = 0; i < ARRAY_LENGTH(subjects); i++) {
        snprintf(names[i], sizeof(names[i]), "%zu", i);
        subjects[i] = names[i];
    }
    struct metrics *metrics = metrics_new(table, RUNS + 1);
    metrics_set_subjects(metrics, RUNS, subjects, ARRAY_LENGTH(subjects));
    metrics_add_subject(metrics, RUNS, "more");
    assert_true(metrics_add(metrics, (struct metric_series){RUNS, "19999", {"ok", NULL}}, 1));
    assert_false(metrics_add(metrics, (struct metric_series){RUNS, "20000", {"ok", NULL}}, 1));
    assert_false(metrics_add(metrics, (struct metric_series){RUNS, "more", {"ok", NULL}}, 1));
    struct buffer text;
    for (size_t maximum = 0; maximum < 400; maximum += 13) {
        buffer_init(&text, maximum);
        assert_false(metrics_write(metrics, &text));
        assert_true(text.length <= maximum);
        buffer_done(&text);
    }
    metrics_free(metrics);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_begins_at_zero),
        cmocka_unit_test(only_what_is_known_counts),
        cmocka_unit_test(subjects_come_and_go),
        cmocka_unit_test(labels_are_escaped_and_bounded),
        cmocka_unit_test(numbers),
        cmocka_unit_test(buckets_add_up),
        cmocka_unit_test(there_is_an_end_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
