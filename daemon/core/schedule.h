/* When is it due next? Pure: (every or cron, jitter, last due time, now, seed) -> next due time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/timespan.h"

/* A cron expression of five fields as cron(8) reads it, in UTC: one bit a value. */
struct cron {
    uint64_t minutes;
    uint32_t hours, days, months, weekdays; /* weekdays: bit 0 is Sunday */
    bool any_day, any_weekday; /* the field began with `*`: where neither did, either of the two is enough */
};

/* A schedule: `every` microseconds, or a cron expression where `is_cron`. */
struct schedule {
    bool is_cron;
    usec_t every;
    struct cron cron;
    unsigned jitter_ppm; /* delays each due time by up to this share of the interval, in parts per million */
};

/* Parses five fields: lists, ranges, steps, names of months and weekdays, 7 for Sunday. On failure *ret_error
 * says which field is wrong and what would be right; an expression that can never come true (February 30th)
 * is refused too. */
bool cron_parse(const char *text, struct cron *ret, struct error *ret_error);

/* The first minute after `after` that the expression names. */
usec_t cron_next(const struct cron *cron, usec_t after);

/* The most time that ever lies between two of its times, over the calendar's whole cycle of 400 years. */
usec_t cron_longest_gap(const struct cron *cron);

/* How often a day it comes true, on average over that cycle. */
double cron_per_day(const struct cron *cron);

/* The schedule's interval: `every`, or a cron expression's longest gap. */
usec_t schedule_interval(const struct schedule *schedule);

/* How often a day it is due, on average. */
double schedule_per_day(const struct schedule *schedule);

/* The next due time. `last_due` is the time, without its jitter, that was due before (USEC_NONE: never; then
 * `now` is the answer, spread by up to `jitter`); times that were missed are skipped, and the rhythm is kept.
 * `seed` chooses the jitter: the same seed gives the same time. *ret_base is the due time without jitter, to
 * be given as `last_due` the next time. */
usec_t schedule_next(const struct schedule *schedule, usec_t last_due, usec_t now, uint64_t seed,
                     usec_t *ret_base);
