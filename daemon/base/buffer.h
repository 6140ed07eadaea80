/* Bytes with a maximum, for everything that comes from outside: the limit is given at birth and cannot be
 * forgotten. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct buffer {
    char *data;    /* NUL-terminated where anything was appended; may be NULL when empty */
    size_t length; /* without that NUL */
    size_t capacity;
    size_t maximum;
};

/* An empty buffer that takes at most `maximum` bytes. Nothing is allocated yet. */
void buffer_init(struct buffer *buffer, size_t maximum);

/* Frees the bytes; the buffer is empty afterwards and can be used again. */
void buffer_done(struct buffer *buffer);

/* Empties the buffer but keeps its memory. */
void buffer_clear(struct buffer *buffer);

/* Appends bytes, a string or formatted text. False, with the buffer unchanged, where the maximum would be
 * passed. */
bool buffer_append(struct buffer *buffer, const void *bytes, size_t length) MUST_USE;
bool buffer_append_text(struct buffer *buffer, const char *text) MUST_USE;
bool buffer_append_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* The content as a string: "" where nothing was appended. Owned by the buffer, valid until it changes. */
const char *buffer_text(const struct buffer *buffer);

/* Hands the bytes (NUL-terminated, to be freed with free()) over; the buffer is empty afterwards. */
char *buffer_take(struct buffer *buffer) MUST_USE;
