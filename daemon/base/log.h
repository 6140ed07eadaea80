/* Log lines with a level and key=value fields, to the journal, or to stderr as text or JSON lines. An error
 * is logged once, by the layer that decides what it means; nothing in base, core, io or service logs above
 * debug. */
#pragma once

#include <stdbool.h>

#include "base/macros.h"
#include "base/timespan.h"

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
}; /* as syslog(3) */
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_JSON, LOG_FORMAT_JOURNAL };

/* A field of a line: key in lower case, as "connection"; the journal gets SCHEMASYNCD_CONNECTION. A field
 * whose value is NULL is left out. */
struct log_field {
    const char *key, *value;
};

/* Sets level and format. Auto: the journal where stderr is connected to it ($JOURNAL_STREAM), else text. */
void log_setup(enum log_level level, enum log_format format);

/* Where lines on stderr have their time from, microseconds since 1970 (the journal has its own); NULL, as at
 * the start: they have none. This file knows no clock of its own. */
void log_set_clock(usec_t (*clock)(void));

/* A field of this key is the journal's MESSAGE_ID, which leads to the catalog's text; a line of text leaves
 * it out. */
#define LOG_MESSAGE_ID "message_id"

/* "error", "warning", "notice", "info" or "debug" to a level, "auto", "text", "json" or "journal" to a
 * format; false where it is none. */
bool log_parse_level(const char *text, enum log_level *ret_level);
bool log_parse_format(const char *text, enum log_format *ret_format);

/* True where a line of that level would be written: to save the work of making one. */
bool log_enabled(enum log_level level);

/* Writes one line. `fields` ends with a row whose key is NULL, or is NULL. Foreign text in the message and
 * the fields is made harmless for terminals and line-based readers. */
void log_write(enum log_level level, const struct log_field *fields, const char *format, ...)
    PRINTF_LIKE(3, 4);

#define LOG_FIELDS(...)  ((const struct log_field[]){__VA_ARGS__, {NULL, NULL}})
#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
