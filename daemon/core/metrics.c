#include "core/metrics.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

enum { NUMBER_SIZE = 32, LE_SIZE = NUMBER_SIZE + sizeof("le=\"\"") };

/* What a metric has of one subject, or of none: for each combination of its fixed words (a cell) one value,
 * or of a histogram the counts of its buckets, +Inf the last, and the sum. */
struct row {
    char *subject; /* as it is compared; "" where the metric has none */
    char *label;   /* name and value, escaped; "" where the metric has none */
    double *values;
    bool moved; /* other rows have it now */
};

struct family {
    const struct metric *metric;
    size_t cells, buckets, stride; /* how many cells; of each, buckets (with +Inf) and values */
    char **fixed;                  /* each cell's labels as text */
    struct row *rows;              /* in the order in which they came */
    size_t row_count;
    uint32_t *slots; /* of a hash table on subjects: a row's number and 1; 0: free */
    size_t slot_count;
};

struct metrics {
    struct family *families;
    size_t count;
};

/* Rows */

static uint64_t hash_of(const char *text) { /* FNV-1a; names are the administrator's */
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

/* The slot of a subject, or the free one where it would stand. */
static uint32_t *find_slot(const struct family *family, const char *subject) {
    size_t mask = family->slot_count - 1;
    for (size_t i = (size_t)hash_of(subject) & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &family->slots[i];
        if (*slot == 0 || strcmp(family->rows[*slot - 1].subject, subject) == 0)
            return slot;
    }
}

/* `"`, `\` and line ends may stand in a label's value only so. */
static char *escape(const char *text, bool quotes) {
    char *escaped = alloc_zero(2 * strlen(text) + 1, 1), *end = escaped;
    for (; *text; text++) {
        if (*text == '\\' || *text == '\n' || (*text == '"' && quotes))
            *end++ = '\\';
        *end++ = *text == '\n' ? 'n' : *text;
    }
    return escaped;
}

static double *values_new(const struct family *family) {
    double *values = alloc_zero(family->cells * family->stride, sizeof(*values));
    for (size_t i = 0; family->metric->type == METRIC_GAUGE && i < family->cells; i++)
        values[i] = NAN;
    return values;
}

static struct row row_new(const struct family *family, const char *subject) {
    CLEANUP(cleanup_free) char *value = escape(subject, true);
    const char *label = family->metric->subject;
    return (struct row){.subject = alloc_strdup(subject),
                        .label = label ? alloc_printf("%s=\"%s\"", label, value) : alloc_strdup(""),
                        .values = values_new(family)};
}

static void row_done(struct row *row) {
    free(row->subject);
    free(row->label);
    free(row->values);
}

/* Room for `count` rows, none of them there yet. */
static void rows_begin(struct family *family, size_t count) {
    size_t slots = 4;
    while (slots < 2 * count)
        slots *= 2;
    family->rows = alloc_zero(count + 1, sizeof(*family->rows));
    family->row_count = 0;
    family->slots = alloc_zero(slots, sizeof(*family->slots));
    family->slot_count = slots;
}

static void rows_done(struct family *family) {
    for (size_t i = 0; i < family->row_count; i++)
        if (!family->rows[i].moved)
            row_done(&family->rows[i]);
    free(family->rows);
    free(family->slots);
}

/* Families */

static size_t words_count(const struct metric_label *label) {
    size_t count = 0;
    while (label->words && label->words[count])
        count++;
    return count;
}

static char *number_text(double value, char buffer[static NUMBER_SIZE]) {
    if (isinf(value)) {
        snprintf(buffer, NUMBER_SIZE, "%sInf", value < 0 ? "-" : "+");
    } else if (value >= 0 && value < 1e15 && value == (double)(uint64_t)value) {
        char *end =
            buffer + NUMBER_SIZE - 1; /* nearly all values are such; printf() takes ten times as long */
        uint64_t rest = (uint64_t)value;
        *end = '\0';
        do
            *--end = (char)('0' + rest % 10);
        while ((rest /= 10) > 0);
        return end;
    } else {
        for (int digits = 15; digits <= 17; digits++) { /* as many as it takes to read the same value back */
            snprintf(buffer, NUMBER_SIZE, "%.*g", digits, value);
            if (strtod(buffer, NULL) == value)
                break;
        }
    }
    return buffer;
}

static void family_init(struct family *family, const struct metric *metric) {
    size_t first = words_count(&metric->labels[0]), second = words_count(&metric->labels[1]);
    family->metric = metric;
    family->cells = MAX(first, 1) * MAX(second, 1);
    if (metric->type == METRIC_HISTOGRAM)
        while (family->buckets < METRIC_BOUNDS_MAX && metric->bounds[family->buckets] > 0)
            family->buckets++;
    family->buckets += metric->type == METRIC_HISTOGRAM;
    family->stride = metric->type == METRIC_HISTOGRAM ? family->buckets + 1 : 1;
    family->fixed = alloc_zero(family->cells, sizeof(*family->fixed));
    for (size_t i = 0; i < family->cells; i++) {
        if (second > 0)
            family->fixed[i] = alloc_printf("%s=\"%s\",%s=\"%s\"", metric->labels[0].name,
                                            metric->labels[0].words[i / second], metric->labels[1].name,
                                            metric->labels[1].words[i % second]);
        else if (first > 0)
            family->fixed[i] = alloc_printf("%s=\"%s\"", metric->labels[0].name, metric->labels[0].words[i]);
        else
            family->fixed[i] = alloc_strdup("");
    }
    rows_begin(family, 1);
    if (!metric->subject) {
        family->rows[family->row_count++] = row_new(family, "");
        *find_slot(family, "") = 1;
    }
}

struct metrics *metrics_new(const struct metric *table, size_t count) {
    struct metrics *metrics = alloc_zero(1, sizeof(*metrics));
    metrics->families = alloc_zero(count, sizeof(*metrics->families));
    metrics->count = count;
    for (size_t i = 0; i < count; i++)
        family_init(&metrics->families[i], &table[i]);
    return metrics;
}

void metrics_free(struct metrics *metrics) {
    if (!metrics)
        return;
    for (size_t i = 0; i < metrics->count; i++) {
        struct family *family = &metrics->families[i];
        rows_done(family);
        for (size_t cell = 0; cell < family->cells; cell++)
            free(family->fixed[cell]);
        free(family->fixed);
    }
    free(metrics->families);
    free(metrics);
}

/* What stands in the text must be what is compared: else two series could look the same. */
static void clean(const char *subject, char ret[static METRICS_SUBJECT_BYTES + 1]) {
    text_sanitize(subject, strlen(subject), ret, METRICS_SUBJECT_BYTES + 1);
}

void metrics_set_subjects(struct metrics *metrics, size_t metric, const char *const *subjects, size_t count) {
    struct family *family = &metrics->families[metric], before = *family;
    count = MIN(count, METRICS_SUBJECTS_MAX);
    rows_begin(family, count);
    for (size_t i = 0; i < count; i++) {
        char subject[METRICS_SUBJECT_BYTES + 1];
        clean(subjects[i], subject);
        uint32_t *slot = find_slot(family, subject);
        if (*slot != 0) /* twice in the list */
            continue;
        uint32_t old = *find_slot(&before, subject);
        if (old != 0) {
            family->rows[family->row_count] = before.rows[old - 1];
            before.rows[old - 1].moved = true;
        } else {
            family->rows[family->row_count] = row_new(family, subject);
        }
        *slot = (uint32_t)++family->row_count;
    }
    rows_done(&before);
}

void metrics_add_subject(struct metrics *metrics, size_t metric, const char *subject) {
    const struct family *family = &metrics->families[metric];
    size_t count = family->row_count;
    CLEANUP(cleanup_free) const char **subjects = alloc_zero(count + 1, sizeof(*subjects));
    for (size_t i = 0; i < count; i++)
        subjects[i] = family->rows[i].subject;
    subjects[count] = subject;
    metrics_set_subjects(metrics, metric, subjects, count + 1);
}

/* Values */

static size_t word_index(const struct metric_label *label, const char *word) {
    size_t i = 0;
    while (word && label->words[i] && strcmp(label->words[i], word) != 0)
        i++;
    return word && label->words[i] ? i : SIZE_MAX;
}

/* Where a series has its values; NULL: there is no such series. */
static double *find_values(const struct metrics *metrics, const struct metric_series *series) {
    const struct family *family = &metrics->families[series->metric];
    char subject[METRICS_SUBJECT_BYTES + 1] = "";
    if (family->metric->subject)
        clean(series->subject ? series->subject : "", subject);
    uint32_t slot = *find_slot(family, subject);
    if (slot == 0)
        return NULL;
    size_t cell = 0;
    for (size_t i = 0; i < METRIC_LABELS && family->metric->labels[i].words; i++) {
        size_t word = word_index(&family->metric->labels[i], series->words[i]);
        if (word == SIZE_MAX)
            return NULL;
        cell = cell * words_count(&family->metric->labels[i]) + word;
    }
    return &family->rows[slot - 1].values[cell * family->stride];
}

bool metrics_add(struct metrics *metrics, struct metric_series series, double by) {
    double *value = find_values(metrics, &series);
    if (value)
        *value += by;
    return value;
}

bool metrics_set(struct metrics *metrics, struct metric_series series, double set) {
    double *value = find_values(metrics, &series);
    if (value)
        *value = set;
    return value;
}

bool metrics_observe(struct metrics *metrics, struct metric_series series, double value) {
    double *values = find_values(metrics, &series);
    if (!values)
        return false;
    const struct family *family = &metrics->families[series.metric];
    size_t bucket = 0;
    while (bucket + 1 < family->buckets && value > family->metric->bounds[bucket])
        bucket++;
    values[bucket]++;
    values[family->buckets] += value;
    return true;
}

/* Text */

/* Up to three labels, of which any may be "". */
static bool write_sample(struct buffer *text, const char *name, const char *suffix,
                         const char *const labels[3], double value) {
    bool fits = buffer_append_text(text, name) && buffer_append_text(text, suffix);
    char before = '{';
    for (size_t i = 0; i < 3; i++) {
        if (labels[i][0] == '\0')
            continue;
        fits = fits && buffer_append(text, &before, 1) && buffer_append_text(text, labels[i]);
        before = ',';
    }
    if (before == ',')
        fits = fits && buffer_append(text, "}", 1);
    char number[NUMBER_SIZE];
    return fits && buffer_append(text, " ", 1) && buffer_append_text(text, number_text(value, number)) &&
           buffer_append(text, "\n", 1);
}

static bool write_histogram(const struct family *family, const struct row *row, size_t cell,
                            struct buffer *text) {
    const char *name = family->metric->name;
    const double *values = &row->values[cell * family->stride];
    bool fits = true;
    double count = 0;
    for (size_t i = 0; i < family->buckets; i++) {
        char le[LE_SIZE], number[NUMBER_SIZE];
        snprintf(le, sizeof(le), "le=\"%s\"",
                 number_text(i + 1 < family->buckets ? family->metric->bounds[i] : (double)INFINITY, number));
        count += values[i];
        fits = fits && write_sample(text, name, "_bucket",
                                    (const char *const[]){row->label, family->fixed[cell], le}, count);
    }
    const char *const labels[3] = {row->label, family->fixed[cell], ""};
    return fits && write_sample(text, name, "_sum", labels, values[family->buckets]) &&
           write_sample(text, name, "_count", labels, count);
}

static bool write_head(const struct metric *metric, struct buffer *text) {
    static const char *const types[] = {"counter", "gauge", "histogram"};
    CLEANUP(cleanup_free) char *help = escape(metric->help, false);
    return buffer_append_format(text, "# HELP %s %s\n# TYPE %s %s\n", metric->name, help, metric->name,
                                types[metric->type]);
}

/* A metric without samples is left out whole. */
static bool write_family(const struct family *family, struct buffer *text) {
    bool begun = false;
    for (size_t i = 0; i < family->row_count; i++) {
        const struct row *row = &family->rows[i];
        for (size_t cell = 0; cell < family->cells; cell++) {
            bool histogram = family->metric->type == METRIC_HISTOGRAM;
            double value = histogram ? 0 : row->values[cell];
            if (isnan(value))
                continue;
            if (!begun && !write_head(family->metric, text))
                return false;
            begun = true;
            const char *const labels[3] = {row->label, family->fixed[cell], ""};
            if (!(histogram ? write_histogram(family, row, cell, text)
                            : write_sample(text, family->metric->name, "", labels, value)))
                return false;
        }
    }
    return true;
}

bool metrics_write(const struct metrics *metrics, struct buffer *text) {
    for (size_t i = 0; i < metrics->count; i++)
        if (!write_family(&metrics->families[i], text))
            return false;
    return true;
}
