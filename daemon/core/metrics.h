/* Counters, gauges and histograms, and their text in Prometheus' exposition format 0.0.4. A table says what
 * there is; the labels' values are fixed words of the table, but for one label at most whose values come and
 * go (the subjects: connections, alerts). So the number of series is bounded: nothing but the owner of the
 * registry adds subjects, and there are METRICS_SUBJECTS_MAX of a metric at most. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/macros.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

enum {
    METRIC_LABELS = 2, /* with fixed words, of one metric */
    METRIC_BOUNDS_MAX = 16,
    METRICS_SUBJECTS_MAX = 20000,
    METRICS_SUBJECT_BYTES = 256, /* a longer one is shortened */
};

/* A label with fixed words; the list ends with NULL. */
struct metric_label {
    const char *name;
    const char *const *words;
};

/* A row of the table; static storage. */
struct metric {
    const char *name, *help;
    enum metric_type type;
    const char *subject; /* the label whose values come and go; NULL: none */
    struct metric_label labels[METRIC_LABELS];
    double bounds[METRIC_BOUNDS_MAX]; /* of a histogram's buckets, growing; a 0 ends them, +Inf is added */
};

struct metrics;

/* A registry of `count` metrics. Those without subject begin at once: counters and histograms at 0, gauges
 * without a value. metrics_free() takes NULL. */
struct metrics *metrics_new(const struct metric *table, size_t count) MUST_USE;
void metrics_free(struct metrics *metrics);

/* A metric has these subjects and no others: those that stay keep their values, new ones begin (as above). Of
 * more than METRICS_SUBJECTS_MAX the rest is left out. */
void metrics_set_subjects(struct metrics *metrics, size_t metric, const char *const *subjects, size_t count);

/* One subject more; nothing where it is there already, or there is no room. */
void metrics_add_subject(struct metrics *metrics, size_t metric, const char *subject);

/* One series: a metric of the table by its number, its subject (NULL where it has none), and a word for each
 * of its fixed labels. */
struct metric_series {
    size_t metric;
    const char *subject;
    const char *words[METRIC_LABELS];
};

/* Adds to a counter, sets a gauge (NAN: it has no value and is left out), or puts a value into a histogram.
 * False, and nothing done, where there is no such subject or word: it comes from outside. */
bool metrics_add(struct metrics *metrics, struct metric_series series, double by);
bool metrics_set(struct metrics *metrics, struct metric_series series, double value);
bool metrics_observe(struct metrics *metrics, struct metric_series series, double value);

/* Appends the text. False where the buffer's maximum is passed: what stands in it is cut then. */
bool metrics_write(const struct metrics *metrics, struct buffer *text) MUST_USE;
