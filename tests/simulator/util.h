/* Memory that cannot fail, growing buffers, times, and the encodings of URLs. */
#ifndef SIMULATOR_UTIL_H
#define SIMULATOR_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing byte buffer; all zero is an empty one. `data` is always followed by a NUL once something was
 * added. */
struct buf {
    char *data;
    size_t len;
    size_t cap;
};

enum { TIME_TEXT = 40 };

/* Ends the process with status 1 after printing "simulator: " and the message. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* calloc(3), realloc(3), strdup(3), strndup(3), asprintf(3); they end the process when memory is short. */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Appends bytes, a string, or formatted text. */
void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Frees what the buffer holds and makes it empty. */
void buf_free(struct buf *buf);

/* Replaces each `from` in the buffer by `to`; returns how many there were. */
size_t buf_replace(struct buf *buf, const char *from, const char *to);

/* Reads a whole file into the buffer; false, with errno set, when that fails. */
bool buf_read_file(struct buf *buf, const char *path);

/* The time of day in microseconds since 1970, and a clock in milliseconds that never jumps. */
int64_t now_us(void);
int64_t monotonic_ms(void);

/* Writes a time as RFC 3339 with microseconds, in UTC; returns `text`. */
char *time_text(int64_t us, char text[TIME_TEXT]);

/* Decodes %XX, and `+` to a space where `plus` is set. A malformed escape stays as it is. The result is the
 * caller's. */
char *percent_decode(const char *text, size_t len, bool plus);

/* Appends the text in base64. */
void base64_encode(struct buf *buf, const void *bytes, size_t len);

/* Appends what the base64 text stands for; false when it is not base64. */
bool base64_decode(struct buf *buf, const char *text);

#endif
