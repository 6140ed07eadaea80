/* Cron expressions: parsing, the next time, the longest gap. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/calendar.h"
#include "base/macros.h"
#include "core/schedule.h"

enum { CYCLE_DAYS = 146097, CYCLE_YEARS = 400, HORIZON_DAYS = CYCLE_DAYS + 366 };

/* The five fields: what they may hold. Weekdays go to 7, which is Sunday again. */
static const struct cron_field {
    const char *name;
    unsigned least, most;
    const char *const *names; /* NULL: numbers only; else the name of `least` first */
    unsigned name_count;
    const char *example;
} cron_fields[5] = {
    {"minute", 0, 59, NULL, 0, "0-59, as 0, */15 or 10-50/20"},
    {"hour", 0, 23, NULL, 0, "0-23, as 6, */4 or 6-20"},
    {"day of the month", 1, 31, NULL, 0, "1-31, as 1, 1,15 or *"},
    {"month", 1, 12, calendar_month_names, 12, "1-12 or jan-dec, as * or 1,4,7,10"},
    {"day of the week", 0, 7, calendar_weekday_names, 7,
     "0-7 (0 and 7: Sunday) or sun-sat, as 1-5 or mon-fri"},
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Reads a number or a name of the field at *text, and moves *text behind it. */
static bool take_value(const struct cron_field *field, const char **text, unsigned *ret) {
    size_t length = strcspn(*text, "-,/ \t");
    unsigned value = 0;
    for (unsigned i = 0; i < field->name_count; i++)
        if (length == strlen(field->names[i]) && strncasecmp(*text, field->names[i], length) == 0) {
            *text += length;
            *ret = field->least + i;
            return true;
        }
    if (length == 0 || length > 3)
        return false;
    for (size_t i = 0; i < length; i++) {
        if ((*text)[i] < '0' || (*text)[i] > '9')
            return false;
        value = value * 10 + (unsigned)((*text)[i] - '0');
    }
    *text += length;
    *ret = value;
    return true;
}

/* One item of a list: `*`, a value or a range, the first and the last with a step behind if wanted. */
static bool take_item(const struct cron_field *field, const char **text, uint64_t *bits) {
    unsigned first, last, step = 1;
    bool single = false;
    if (**text == '*') {
        first = field->least;
        last = field->most;
        (*text)++;
    } else {
        if (!take_value(field, text, &first))
            return false;
        last = first;
        single = **text != '-';
        if (!single) {
            (*text)++;
            if (!take_value(field, text, &last))
                return false;
            if (last == 0 && first > 0 && field->most == 7)
                last = 7; /* fri-sun: the week ends with Sunday where it does not begin with it */
        }
    }
    if (**text == '/') {
        static const struct cron_field steps = {.name = "step", .least = 1, .most = 999};
        (*text)++;
        if (single || !take_value(&steps, text, &step) || step == 0)
            return false;
    }
    if (first < field->least || last > field->most || first > last)
        return false;
    for (unsigned value = first; value <= last; value += step)
        *bits |= UINT64_C(1) << value;
    return true;
}

/* One field: a list of items that ends at a blank or the end. */
static bool take_field(const struct cron_field *field, const char **text, uint64_t *ret_bits) {
    uint64_t bits = 0;
    for (;;) {
        if (!take_item(field, text, &bits))
            return false;
        if (**text != ',')
            break;
        (*text)++;
    }
    if (**text != '\0' && !is_blank(**text))
        return false;
    *ret_bits = bits;
    return true;
}

static bool day_matches(const struct cron *cron, int day, int weekday) {
    bool in_month = cron->days >> day & 1, in_week = cron->weekdays >> weekday & 1;
    return cron->any_day || cron->any_weekday ? in_month && in_week : in_month || in_week;
}

/* Is there a month that has one of the days? Of the weekdays each comes true in any month, February 29th
 * included. */
static bool can_come_true(const struct cron *cron) {
    if (!cron->any_day && !cron->any_weekday)
        return true;
    for (int month = 1; month <= 12; month++)
        for (int day = 1; day <= calendar_month_length(2000, month); day++)
            if (cron->months >> month & 1 && cron->days >> day & 1)
                return true;
    return false;
}

bool cron_parse(const char *text, struct cron *ret, struct error *ret_error) {
    uint64_t bits[5];
    bool star[5];
    for (size_t i = 0; i < ARRAY_LENGTH(cron_fields); i++) {
        const struct cron_field *field = &cron_fields[i];
        while (is_blank(*text))
            text++;
        if (*text == '\0')
            return error_set(
                ret_error, CAUSE_CONFIG,
                "%zu of five fields (minute hour day-of-month month day-of-week); right would be \"0 6 * * 1-5\"",
                i);
        star[i] = *text == '*';
        if (!take_field(field, &text, &bits[i]))
            return error_set(ret_error, CAUSE_CONFIG, "the %s (field %zu) must be %s", field->name, i + 1,
                             field->example);
    }
    while (is_blank(*text))
        text++;
    if (*text != '\0')
        return error_set(ret_error, CAUSE_CONFIG,
                         "more than five fields (minute hour day-of-month month day-of-week)");
    struct cron cron = {
        .minutes = bits[0],
        .hours = (uint32_t)bits[1],
        .days = (uint32_t)bits[2],
        .months = (uint32_t)bits[3],
        .weekdays = (uint32_t)((bits[4] | bits[4] >> 7) & 0x7f),
        .any_day = star[2],
        .any_weekday = star[4],
    };
    if (!can_come_true(&cron))
        return error_set(ret_error, CAUSE_CONFIG, "no month named has such a day, so this never comes");
    *ret = cron;
    return true;
}

/* The first minute of the day from `minute` on that the expression names; -1 where there is none. */
static int next_minute(const struct cron *cron, int minute) {
    for (int hour = minute / 60; hour < 24; hour++) {
        int first = hour == minute / 60 ? minute % 60 : 0;
        uint64_t left = cron->hours >> hour & 1 ? cron->minutes >> first : 0;
        if (left != 0)
            return hour * 60 + first + __builtin_ctzll(left);
    }
    return -1;
}

usec_t cron_next(const struct cron *cron, usec_t after) {
    if (after > INT64_MAX - (HORIZON_DAYS + 1) * USEC_PER_DAY)
        return INT64_MAX;
    usec_t rest = after % USEC_PER_DAY;
    int64_t day = after / USEC_PER_DAY - (rest < 0);
    int minute = (int)((rest < 0 ? rest + USEC_PER_DAY : rest) / USEC_PER_MIN) + 1; /* 1440: the next day */
    struct calendar_date date = calendar_date(day);
    int weekday = calendar_weekday(day);
    for (int64_t last = day + HORIZON_DAYS; day <= last; day++) {
        int found = -1;
        if (cron->months >> date.month & 1 && day_matches(cron, date.day, weekday))
            found = next_minute(cron, minute);
        if (found >= 0)
            return day * USEC_PER_DAY + found * USEC_PER_MIN;
        minute = 0;
        weekday = (weekday + 1) % 7;
        if (++date.day > calendar_month_length(date.year, date.month)) {
            date.day = 1;
            date.year += date.month == 12;
            date.month = date.month % 12 + 1;
        }
    }
    return INT64_MAX;
}

/* The days that match, over the whole of the calendar's cycle. */
struct cycle {
    int64_t days;    /* of CYCLE_DAYS */
    int64_t longest; /* the most days from one to the next */
};

/* The calendar repeats after 400 years, weekdays included. */
static struct cycle walk_cycle(const struct cron *cron) {
    int64_t first = -1, previous = -1, day = 0;
    int64_t start = calendar_days((struct calendar_date){2000, 1, 1});
    uint32_t all_months = 0x1ffe, all_days = 0xfffffffe;
    struct cycle cycle = {0, 1};
    if ((cron->months & all_months) == all_months && (cron->days & all_days) == all_days &&
        (cron->weekdays & 0x7f) == 0x7f)
        return (struct cycle){CYCLE_DAYS, 1}; /* every day: the usual case needs no walk */
    for (int64_t year = 2000; year < 2000 + CYCLE_YEARS; year++)
        for (int month = 1; month <= 12; month++) {
            int length = calendar_month_length(year, month), weekday = calendar_weekday(start + day);
            for (int i = 0; cron->months >> month & 1 && i < length; i++) {
                if (!day_matches(cron, i + 1, (weekday + i) % 7))
                    continue;
                if (first < 0)
                    first = day + i;
                else
                    cycle.longest = MAX(cycle.longest, day + i - previous);
                previous = day + i;
                cycle.days++;
            }
            day += length;
        }
    cycle.longest = MAX(cycle.longest, first + CYCLE_DAYS - previous);
    return cycle;
}

usec_t cron_longest_gap(const struct cron *cron) {
    int first = next_minute(cron, 0), last = first, longest = 0;
    for (int minute = first; minute >= 0; minute = minute < 1439 ? next_minute(cron, minute + 1) : -1) {
        longest = MAX(longest, minute - last);
        last = minute;
    }
    int64_t over_night = walk_cycle(cron).longest * 1440 - last + first;
    return MAX((int64_t)longest, over_night) * USEC_PER_MIN;
}

double cron_per_day(const struct cron *cron) {
    int times = __builtin_popcountll(cron->minutes & UINT64_C(0xfffffffffffffff)) *
                __builtin_popcount(cron->hours & 0xffffff);
    return (double)times * (double)walk_cycle(cron).days / CYCLE_DAYS;
}
