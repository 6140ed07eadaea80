#define SD_JOURNAL_SUPPRESS_LOCATION \
    1 /* the fields name the object that a line is about, that is what helps */

#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"

enum {
    MESSAGE_MAX = 4096,
    VALUE_MAX = 1024,
    KEY_MAX = 40,
    FIELDS_MAX = 16,
    LINE_MAX_BYTES = 64 * 1024,
};

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTICE] = "notice",
    [LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_DEBUG] = "debug",
};
static const char *const format_names[] = {
    [LOG_FORMAT_AUTO] = "auto",
    [LOG_FORMAT_TEXT] = "text",
    [LOG_FORMAT_JSON] = "json",
    [LOG_FORMAT_JOURNAL] = "journal",
};

static enum log_level chosen_level = LOG_LEVEL_INFO;
static enum log_format chosen_format = LOG_FORMAT_TEXT;
static usec_t (*chosen_clock)(void);

/* True where stderr is the stream that systemd connected to the journal: $JOURNAL_STREAM has its device and
 * inode. */
static bool stderr_is_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

void log_setup(enum log_level level, enum log_format format) {
    chosen_level = level;
    if (format == LOG_FORMAT_AUTO)
        format = stderr_is_journal() ? LOG_FORMAT_JOURNAL : LOG_FORMAT_TEXT;
    chosen_format = format;
}

void log_set_clock(usec_t (*clock)(void)) {
    chosen_clock = clock;
}

/* The index of a name in a table with gaps; false where it is not in it. */
static bool find_name(const char *const *names, size_t count, const char *text, size_t *ret) {
    for (size_t i = 0; i < count; i++)
        if (names[i] && strcmp(names[i], text) == 0) {
            *ret = i;
            return true;
        }
    return false;
}

bool log_parse_level(const char *text, enum log_level *ret_level) {
    size_t found;
    if (!find_name(level_names, ARRAY_LENGTH(level_names), text, &found))
        return false;
    *ret_level = (enum log_level)found;
    return true;
}

bool log_parse_format(const char *text, enum log_format *ret_format) {
    size_t found;
    if (!find_name(format_names, ARRAY_LENGTH(format_names), text, &found))
        return false;
    *ret_format = (enum log_format)found;
    return true;
}

bool log_enabled(enum log_level level) {
    return level <= chosen_level;
}

/* The fields that have a value, made harmless. */
struct line {
    enum log_level level;
    char message[MESSAGE_MAX];
    size_t count;
    const char *keys[FIELDS_MAX];
    char values[FIELDS_MAX][VALUE_MAX];
};

/* A line always fits: its parts are bounded, and escaping at most doubles them. */
static void append(struct buffer *buffer, const char *text, size_t length) {
    bool fits = buffer_append(buffer, text, length);
    (void)fits;
}

static void append_quoted(struct buffer *buffer, const char *text) {
    append(buffer, "\"", 1);
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): text_sanitize() has ended it */
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            append(buffer, "\\", 1);
        append(buffer, text, 1);
    }
    append(buffer, "\"", 1);
}

static void append_text(struct buffer *buffer, const char *text) {
    append(buffer, text, strlen(text));
}

static void append_json_member(struct buffer *buffer, const char *key, const char *value) {
    append_text(buffer, ",\"");
    append_text(buffer, key);
    append_text(buffer, "\":");
    append_quoted(buffer, value);
}

static void make_text(const struct line *line, const char *time, struct buffer *buffer) {
    if (time)
        append_text(buffer, time);
    append_text(buffer, time ? " " : "");
    append_text(buffer, level_names[line->level]);
    append_text(buffer, ": ");
    append_text(buffer, line->message);
    for (size_t i = 0; i < line->count; i++) {
        if (strcmp(line->keys[i], LOG_MESSAGE_ID) == 0)
            continue;
        bool bare = line->values[i][0] != '\0' && !strpbrk(line->values[i], " \"\\=");
        append_text(buffer, " ");
        append_text(buffer, line->keys[i]);
        append_text(buffer, "=");
        (bare ? append_text : append_quoted)(buffer, line->values[i]);
    }
    append_text(buffer, "\n");
}

static void make_json(const struct line *line, const char *time, struct buffer *buffer) {
    append_text(buffer, "{\"level\":");
    append_quoted(buffer, level_names[line->level]);
    if (time)
        append_json_member(buffer, "time", time);
    append_json_member(buffer, "message", line->message);
    for (size_t i = 0; i < line->count; i++)
        append_json_member(buffer, line->keys[i], line->values[i]);
    append_text(buffer, "}\n");
}

/* One write() a line, so that lines of several processes do not mix. What cannot be written is lost. */
static void write_stderr(const struct buffer *buffer) {
    const char *at = buffer_text(buffer);
    for (size_t left = buffer->length; left > 0;) {
        ssize_t written = write(STDERR_FILENO, at, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        at += written;
        left -= (size_t)written;
    }
}

/* "connection" becomes SCHEMASYNCD_CONNECTION; the catalog's key has a name of its own. */
static char *journal_field(const char *key, const char *value) {
    if (strcmp(key, LOG_MESSAGE_ID) == 0)
        return alloc_printf("MESSAGE_ID=%s", value);
    char name[KEY_MAX];
    size_t length = 0;
    for (; key[length] != '\0' && length + 1 < sizeof(name); length++) {
        char c = key[length];
        bool letter = c >= 'a' && c <= 'z', other = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
        name[length] = letter ? (char)(c - 'a' + 'A') : other ? c : '_';
    }
    name[length] = '\0';
    return alloc_printf("SCHEMASYNCD_%s=%s", name, value);
}

static bool write_journal(const struct line *line) {
    char *texts[FIELDS_MAX + 2];
    struct iovec fields[FIELDS_MAX + 2];
    size_t count = 0;
    texts[count++] = alloc_printf("MESSAGE=%s", line->message);
    texts[count++] = alloc_printf("PRIORITY=%d", (int)line->level);
    for (size_t i = 0; i < line->count; i++)
        texts[count++] = journal_field(line->keys[i], line->values[i]);
    for (size_t i = 0; i < count; i++)
        fields[i] = (struct iovec){.iov_base = texts[i], .iov_len = strlen(texts[i])};
    bool sent = sd_journal_sendv(fields, (int)count) >= 0;
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    return sent;
}

static void collect_fields(struct line *line, const struct log_field *fields) {
    for (; fields && fields->key && line->count < FIELDS_MAX; fields++) {
        if (!fields->value)
            continue;
        line->keys[line->count] = fields->key;
        text_sanitize(fields->value, strlen(fields->value), line->values[line->count], VALUE_MAX);
        line->count++;
    }
}

void log_write(enum log_level level, const struct log_field *fields, const char *format, ...) {
    if (!log_enabled(level))
        return;
    va_list args;
    va_start(args, format);
    CLEANUP(cleanup_free) char *message = alloc_vprintf(format, args);
    va_end(args);
    CLEANUP(cleanup_free) struct line *line = alloc_zero(1, sizeof(*line));
    line->level = level;
    text_sanitize(message, strlen(message), line->message, sizeof(line->message));
    collect_fields(line, fields);
    if (chosen_format == LOG_FORMAT_JOURNAL && write_journal(line))
        return;

    char time[TIMESPAN_TEXT_MAX];
    if (chosen_clock)
        rfc3339_format(chosen_clock(), time);
    struct buffer buffer;
    buffer_init(&buffer, LINE_MAX_BYTES);
    (chosen_format == LOG_FORMAT_JSON ? make_json : make_text)(line, chosen_clock ? time : NULL, &buffer);
    write_stderr(&buffer);
    buffer_done(&buffer);
}
