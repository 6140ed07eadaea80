/* Durations, sizes and dates as people and servers write them. Time itself is always an argument: nothing
 * here reads a clock. Durations and times are in microseconds; times count from 1970-01-01 UTC. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t usec_t;

#define USEC_PER_MSEC INT64_C(1000)
#define USEC_PER_SEC  INT64_C(1000000)
#define USEC_PER_MIN  (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)

/* A time that is not known. */
#define USEC_NONE INT64_MIN

enum { TIMESPAN_TEXT_MAX = 40 };

/* "90s", "15m", "6h", "7d" (also "500ms", and sums as "1h30m"): a whole number and a unit each; false for all
 * else, negative ones and overflow. */
bool timespan_parse(const char *text, usec_t *ret_span);

/* The shortest exact form: "15m", "1h30m", "0s". */
void timespan_format(usec_t span, char ret[static TIMESPAN_TEXT_MAX]);

/* For people: two units at most, as "3d 4h", "12m 5s", "1.3s", "340ms". */
void timespan_format_rough(usec_t span, char ret[static TIMESPAN_TEXT_MAX]);

/* "16MiB", "64KiB", "1GiB", "1000B" or a bare number of bytes; false for all else. */
bool size_parse(const char *text, size_t *ret_size);
void size_format(size_t size, char ret[static TIMESPAN_TEXT_MAX]);

/* RFC 3339 date and time ("2026-01-31T12:00:00.123456Z", offsets, lower-case t and z, a space for T; digits
 * beyond microseconds are dropped; second 60 becomes 59.999999). `length` bytes; false for all else. */
bool rfc3339_parse(const char *text, size_t length, usec_t *ret_time);

/* "2026-01-31T12:00:00.123456Z", without the fraction where it is zero. */
void rfc3339_format(usec_t time, char ret[static TIMESPAN_TEXT_MAX]);

/* A calendar date "2026-01-31" to its first moment in UTC; false for all else. */
bool date_parse(const char *text, usec_t *ret_time);

/* Retry-After (RFC 9110, 10.2.3): seconds, or an HTTP date in any of its three forms, against `now`. A date
 * that has passed gives 0. */
bool retry_after_parse(const char *text, usec_t now, usec_t *ret_delay);
