#include "base/timespan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/calendar.h"
#include "base/macros.h"

/* Largest first: parsing wants them in this order, formatting gives them in it. */
static const struct unit {
    const char *name;
    usec_t length;
} units[] = {
    {"d", USEC_PER_DAY}, {"h", USEC_PER_HOUR},  {"m", USEC_PER_MIN},
    {"s", USEC_PER_SEC}, {"ms", USEC_PER_MSEC}, {"us", 1},
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Reads digits at *text, which it moves behind them; false where there are none or the number is too large.
 */
static bool take_number(const char **text, int64_t *ret) {
    const char *at = *text;
    int64_t number = 0;
    if (!is_digit(*at))
        return false;
    for (; is_digit(*at); at++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (int64_t)(*at - '0'), &number))
            return false;
    *text = at;
    *ret = number;
    return true;
}

/* The unit that stands at *text and ends before a digit or the end, looked for from units[first] on. */
static bool take_unit(const char **text, size_t first, size_t *ret_unit) {
    size_t length = 0;
    while ((*text)[length] != '\0' && !is_digit((*text)[length]))
        length++;
    for (size_t i = first; i < ARRAY_LENGTH(units); i++)
        if (strlen(units[i].name) == length && memcmp(units[i].name, *text, length) == 0) {
            *text += length;
            *ret_unit = i;
            return true;
        }
    return false;
}

bool timespan_parse(const char *text, usec_t *ret_span) {
    usec_t span = 0;
    size_t next = 0; /* each unit is smaller than the one before */
    if (*text == '\0')
        return false;
    while (*text != '\0') {
        int64_t number;
        size_t unit;
        if (!take_number(&text, &number) || !take_unit(&text, next, &unit) ||
            __builtin_mul_overflow(number, units[unit].length, &number) ||
            __builtin_add_overflow(span, number, &span))
            return false;
        next = unit + 1;
    }
    *ret_span = span;
    return true;
}

/* Writes at most `most` units that are not zero, beginning with the largest, with `gap` between them. */
static void format_units(usec_t span, size_t most, const char *gap, char ret[static TIMESPAN_TEXT_MAX]) {
    uint64_t rest = span < 0 ? -(uint64_t)span : (uint64_t)span;
    size_t length = 0, first = ARRAY_LENGTH(units);
    if (span < 0)
        ret[length++] = '-';
    for (size_t i = 0; i < ARRAY_LENGTH(units) && rest > 0; i++) {
        uint64_t number = rest / (uint64_t)units[i].length;
        rest %= (uint64_t)units[i].length;
        if (first == ARRAY_LENGTH(units) && number > 0)
            first = i;
        if (number == 0)
            continue;
        if (i - first >= most)
            break;
        length += (size_t)snprintf(ret + length, TIMESPAN_TEXT_MAX - length, "%s%" PRIu64 "%s",
                                   i > first ? gap : "", number, units[i].name);
    }
    if (first == ARRAY_LENGTH(units))
        snprintf(ret, TIMESPAN_TEXT_MAX, "0s");
}

void timespan_format(usec_t span, char ret[static TIMESPAN_TEXT_MAX]) {
    format_units(span, ARRAY_LENGTH(units), "", ret);
}

void timespan_format_rough(usec_t span, char ret[static TIMESPAN_TEXT_MAX]) {
    usec_t size = span < 0 ? -(span + (span == INT64_MIN)) : span;
    if (size >= USEC_PER_SEC && size < USEC_PER_MIN)
        snprintf(ret, TIMESPAN_TEXT_MAX, "%s%" PRId64 ".%" PRId64 "s", span < 0 ? "-" : "",
                 size / USEC_PER_SEC, size % USEC_PER_SEC / (USEC_PER_SEC / 10));
    else
        format_units(span, size < USEC_PER_SEC ? 1 : 2, " ", ret);
}

static const struct {
    const char *name;
    unsigned shift;
} size_units[] = {{"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}, {"", 0}};

bool size_parse(const char *text, size_t *ret_size) {
    int64_t number;
    if (!take_number(&text, &number))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(size_units); i++) {
        size_t size;
        if (strcmp(text, size_units[i].name) != 0)
            continue;
        if (__builtin_mul_overflow((uint64_t)number, UINT64_C(1) << size_units[i].shift, &size))
            return false;
        *ret_size = size;
        return true;
    }
    return false;
}

void size_format(size_t size, char ret[static TIMESPAN_TEXT_MAX]) {
    size_t unit = 0;
    while (size_units[unit].shift > 0 && (size == 0 || size % ((size_t)1 << size_units[unit].shift) != 0))
        unit++;
    snprintf(ret, TIMESPAN_TEXT_MAX, "%zu%s", size >> size_units[unit].shift, size_units[unit].name);
}

/* Text that is being read from the left; it need not end with a NUL. */
struct cursor {
    const char *at, *end;
};

/* Exactly `count` digits. */
static bool take_digits(struct cursor *cursor, int count, int *ret) {
    int number = 0;
    if (cursor->end - cursor->at < count)
        return false;
    for (int i = 0; i < count; i++, cursor->at++) {
        if (!is_digit(*cursor->at))
            return false;
        number = number * 10 + (*cursor->at - '0');
    }
    *ret = number;
    return true;
}

/* One character of a set. */
static bool take_one_of(struct cursor *cursor, const char *set, char *ret) {
    if (cursor->at == cursor->end || *cursor->at == '\0' || !strchr(set, *cursor->at))
        return false;
    char taken = *cursor->at++;
    if (ret)
        *ret = taken;
    return true;
}

static bool take_text(struct cursor *cursor, const char *text) {
    size_t length = strlen(text);
    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, text, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

static bool take_date(struct cursor *cursor, int64_t *ret_days) {
    int year;
    struct calendar_date date;
    if (!take_digits(cursor, 4, &year) || !take_text(cursor, "-") || !take_digits(cursor, 2, &date.month) ||
        !take_text(cursor, "-") || !take_digits(cursor, 2, &date.day))
        return false;
    date.year = year;
    if (!calendar_exists(date))
        return false;
    *ret_days = calendar_days(date);
    return true;
}

/* hh:mm:ss to microseconds since midnight. The leap second becomes the last moment of the second before. */
static bool take_clock(struct cursor *cursor, usec_t *ret_time, bool *ret_leap) {
    int hour, minute, second;
    if (!take_digits(cursor, 2, &hour) || !take_text(cursor, ":") || !take_digits(cursor, 2, &minute) ||
        !take_text(cursor, ":") || !take_digits(cursor, 2, &second) || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    *ret_leap = second == 60;
    *ret_time = hour * USEC_PER_HOUR + minute * USEC_PER_MIN + second * USEC_PER_SEC - (second == 60);
    return true;
}

/* A fraction of a second, if there is one; what is finer than a microsecond is dropped. */
static bool take_fraction(struct cursor *cursor, usec_t *ret_fraction) {
    usec_t fraction = 0, scale = USEC_PER_SEC / 10;
    if (!take_text(cursor, ".")) {
        *ret_fraction = 0;
        return true;
    }
    const char *start = cursor->at;
    for (; cursor->at < cursor->end && is_digit(*cursor->at); cursor->at++, scale /= 10)
        fraction += (*cursor->at - '0') * scale;
    *ret_fraction = fraction;
    return cursor->at > start;
}

static bool take_offset(struct cursor *cursor, usec_t *ret_offset) {
    char sign;
    int hour, minute;
    if (take_one_of(cursor, "Zz", NULL)) {
        *ret_offset = 0;
        return true;
    }
    if (!take_one_of(cursor, "+-", &sign) || !take_digits(cursor, 2, &hour) || !take_text(cursor, ":") ||
        !take_digits(cursor, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *ret_offset = (hour * USEC_PER_HOUR + minute * USEC_PER_MIN) * (sign == '-' ? -1 : 1);
    return true;
}

bool rfc3339_parse(const char *text, size_t length, usec_t *ret_time) {
    struct cursor cursor = {text, text + length};
    int64_t days;
    usec_t clock, fraction, offset;
    bool leap;
    if (!take_date(&cursor, &days) || !take_one_of(&cursor, "Tt ", NULL) ||
        !take_clock(&cursor, &clock, &leap) || !take_fraction(&cursor, &fraction) ||
        !take_offset(&cursor, &offset) || cursor.at != cursor.end)
        return false;
    *ret_time = days * USEC_PER_DAY + clock + (leap ? 0 : fraction) - offset;
    return true;
}

void rfc3339_format(usec_t time, char ret[static TIMESPAN_TEXT_MAX]) {
    int64_t days = time / USEC_PER_DAY - (time % USEC_PER_DAY < 0);
    usec_t rest = time % USEC_PER_DAY + (time % USEC_PER_DAY < 0 ? USEC_PER_DAY : 0);
    struct calendar_date date = calendar_date(days);
    int length = snprintf(ret, TIMESPAN_TEXT_MAX, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d", date.year,
                          date.month, date.day, (int)(rest / USEC_PER_HOUR), (int)(rest / USEC_PER_MIN % 60),
                          (int)(rest / USEC_PER_SEC % 60));
    if (rest % USEC_PER_SEC != 0)
        length +=
            snprintf(ret + length, (size_t)(TIMESPAN_TEXT_MAX - length), ".%06d", (int)(rest % USEC_PER_SEC));
    snprintf(ret + length, (size_t)(TIMESPAN_TEXT_MAX - length), "Z");
}

bool date_parse(const char *text, usec_t *ret_time) {
    struct cursor cursor = {text, text + strlen(text)};
    int64_t days;
    if (!take_date(&cursor, &days) || cursor.at != cursor.end)
        return false;
    *ret_time = days * USEC_PER_DAY;
    return true;
}

/* An English name of three letters, as HTTP writes it: "Nov". */
static bool take_name(struct cursor *cursor, const char *const *names, int count, int *ret) {
    if (cursor->end - cursor->at < 3)
        return false;
    for (int i = 0; i < count; i++)
        if (cursor->at[0] == names[i][0] - 'a' + 'A' && cursor->at[1] == names[i][1] &&
            cursor->at[2] == names[i][2]) {
            cursor->at += 3;
            *ret = i;
            return true;
        }
    return false;
}

/* "Sun, 06 Nov 1994 " or, of RFC 850, "Sunday, 06-Nov-94 " behind the comma. */
static bool take_http_date(struct cursor *cursor, usec_t now, struct calendar_date *ret) {
    char separator, again;
    int month, year;
    if (!take_text(cursor, ", ") || !take_digits(cursor, 2, &ret->day) ||
        !take_one_of(cursor, " -", &separator) || !take_name(cursor, calendar_month_names, 12, &month) ||
        !take_one_of(cursor, " -", &again) || again != separator)
        return false;
    ret->month = month + 1;
    if (separator == ' ') {
        if (!take_digits(cursor, 4, &year))
            return false;
        ret->year = year;
    } else {
        if (!take_digits(cursor, 2, &year))
            return false;
        /* two digits mean the latest such year that is not more than 50 years ahead (RFC 9110, 5.6.7) */
        int64_t latest = calendar_date(now / USEC_PER_DAY).year + 50;
        ret->year = latest - ((latest - year) % 100 + 100) % 100;
    }
    return take_text(cursor, " ");
}

/* "Sun Nov  6 08:49:37 1994" behind the day's name. */
static bool take_asctime(struct cursor *cursor, struct calendar_date *ret, usec_t *ret_clock) {
    int month, year;
    bool leap;
    if (!take_text(cursor, " ") || !take_name(cursor, calendar_month_names, 12, &month) ||
        !take_text(cursor, " ") ||
        !(take_text(cursor, " ") ? take_digits(cursor, 1, &ret->day) : take_digits(cursor, 2, &ret->day)) ||
        !take_text(cursor, " ") || !take_clock(cursor, ret_clock, &leap) || !take_text(cursor, " ") ||
        !take_digits(cursor, 4, &year))
        return false;
    ret->month = month + 1;
    ret->year = year;
    return true;
}

static bool http_date_parse(struct cursor cursor, usec_t now, usec_t *ret_time) {
    struct calendar_date date;
    usec_t clock;
    int weekday;
    bool leap;
    if (!take_name(&cursor, calendar_weekday_names, 7, &weekday))
        return false;
    struct cursor short_form = cursor;
    bool found = take_asctime(&short_form, &date, &clock);
    if (found)
        cursor = short_form;
    else {
        while (cursor.at < cursor.end && *cursor.at >= 'a' && *cursor.at <= 'z')
            cursor.at++; /* the rest of RFC 850's long name */
        found = take_http_date(&cursor, now, &date) && take_clock(&cursor, &clock, &leap) &&
                take_text(&cursor, " GMT");
    }
    if (!found || cursor.at != cursor.end || !calendar_exists(date))
        return false;
    *ret_time = calendar_days(date) * USEC_PER_DAY + clock;
    return true;
}

bool retry_after_parse(const char *text, usec_t now, usec_t *ret_delay) {
    struct cursor cursor = {text, text + strlen(text)};
    while (cursor.at < cursor.end && (*cursor.at == ' ' || *cursor.at == '\t'))
        cursor.at++;
    while (cursor.end > cursor.at && strchr(" \t\r\n", cursor.end[-1]))
        cursor.end--;
    size_t digits = 0;
    while (cursor.at + digits < cursor.end && is_digit(cursor.at[digits]))
        digits++;
    if (digits > 0 && cursor.at + digits == cursor.end) {
        int64_t seconds;
        const char *at = cursor.at;
        if (!take_number(&at, &seconds) || __builtin_mul_overflow(seconds, USEC_PER_SEC, &seconds))
            seconds = INT64_MAX; /* a number without end is a very long time, not a mistake */
        *ret_delay = seconds;
        return true;
    }
    usec_t time;
    if (!http_date_parse(cursor, now, &time))
        return false;
    *ret_delay = time > now ? time - now : 0;
    return true;
}
