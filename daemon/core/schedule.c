#include "core/schedule.h"

#include "base/macros.h"

enum { MILLION = 1000000 };

static usec_t add(usec_t a, usec_t b) {
    usec_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN + 1;
    return sum;
}

/* The difference, kept in bounds: neither time need be sensible. */
static usec_t subtract(usec_t a, usec_t b) {
    usec_t difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return b < 0 ? INT64_MAX : INT64_MIN + 1;
    return difference;
}

/* A seed's share of `span`, from 0 to below it: neighbouring seeds give places far apart (splitmix64). */
static usec_t share_of(usec_t span, uint64_t seed) {
    uint64_t mixed = seed + UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    mixed ^= mixed >> 31;
    return (usec_t)((unsigned __int128)mixed * (uint64_t)MAX(span, 0) >> 64);
}

/* The time after `base` in the schedule's rhythm. */
static usec_t following(const struct schedule *schedule, usec_t base) {
    return schedule->is_cron ? cron_next(&schedule->cron, base) : add(base, schedule->every);
}

/* How much later than `base` it is due: a share of the gap that follows, so that the next time is never
 * reached. */
static usec_t delay_after(const struct schedule *schedule, usec_t base, uint64_t seed) {
    usec_t gap = subtract(following(schedule, base), base);
    unsigned ppm = MIN(schedule->jitter_ppm, (unsigned)MILLION);
    return share_of((usec_t)((__int128)gap * ppm / MILLION), seed);
}

/* The last time of the rhythm that is not after `now`, or where there is none after `last_due`, `last_due`
 * itself. */
static usec_t latest_passed(const struct schedule *schedule, usec_t last_due, usec_t now) {
    if (last_due >= now)
        return last_due;
    if (!schedule->is_cron)
        return (usec_t)(now - ((__int128)now - last_due) % schedule->every);
    usec_t from = subtract(now, cron_longest_gap(&schedule->cron));
    usec_t latest = last_due;
    for (usec_t next = cron_next(&schedule->cron, MAX(last_due, from)); next <= now && next < INT64_MAX;
         next = cron_next(&schedule->cron, next))
        latest = next;
    return latest;
}

usec_t schedule_interval(const struct schedule *schedule) {
    return schedule->is_cron ? cron_longest_gap(&schedule->cron) : schedule->every;
}

double schedule_per_day(const struct schedule *schedule) {
    return schedule->is_cron ? cron_per_day(&schedule->cron) : (double)USEC_PER_DAY / (double)schedule->every;
}

usec_t schedule_next(const struct schedule *schedule, usec_t last_due, usec_t now, uint64_t seed,
                     usec_t *ret_base) {
    if (last_due == USEC_NONE) {
        *ret_base = now;
        return add(now, delay_after(schedule, now, seed));
    }
    if (last_due > add(now, schedule_interval(schedule)))
        last_due =
            now; /* the clock was set back, or the row is not ours: it must not keep us waiting for years */

    /* what was due last may still lie ahead by its jitter; else it is missed, and the next one counts */
    usec_t base = latest_passed(schedule, last_due, now);
    usec_t due = add(base, delay_after(schedule, base, seed));
    if (base <= last_due || due <= now) {
        base = schedule->is_cron ? cron_next(&schedule->cron, MAX(base, now)) : following(schedule, base);
        due = add(base, delay_after(schedule, base, seed));
    }
    *ret_base = base;
    return due;
}
