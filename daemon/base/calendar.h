/* The Gregorian calendar in UTC, without a clock and without time zones. Days count from 1970-01-01. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A day as people write it. */
struct calendar_date {
    int64_t year;
    int month, day; /* from 1 */
};

/* The day's number. The date must exist. */
int64_t calendar_days(struct calendar_date date);

/* The date of a day's number. */
struct calendar_date calendar_date(int64_t days);

/* 0 for Sunday to 6 for Saturday. */
int calendar_weekday(int64_t days);

/* 28 to 31; `month` from 1 to 12. */
int calendar_month_length(int64_t year, int month);

/* True where the date exists. */
bool calendar_exists(struct calendar_date date);

/* "jan" to "dec" and "sun" to "sat": the names that cron expressions and HTTP dates use. */
extern const char *const calendar_month_names[12];
extern const char *const calendar_weekday_names[7];
