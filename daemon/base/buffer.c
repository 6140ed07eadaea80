#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void buffer_init(struct buffer *buffer, size_t maximum) {
    *buffer = (struct buffer){.maximum = maximum};
}

void buffer_done(struct buffer *buffer) {
    free(buffer->data);
    buffer_init(buffer, buffer->maximum);
}

void buffer_clear(struct buffer *buffer) {
    buffer->length = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

/* Makes room for `length` more bytes and the NUL behind; false where the maximum would be passed. */
static bool buffer_reserve(struct buffer *buffer, size_t length) {
    if (length > buffer->maximum || buffer->length > buffer->maximum - length)
        return false;
    size_t needed = buffer->length + length + 1;
    if (needed > buffer->capacity) {
        size_t grown = MAX(buffer->capacity * 2, (size_t)256);
        if (buffer->maximum < SIZE_MAX && grown > buffer->maximum + 1)
            grown = buffer->maximum + 1;
        buffer->capacity = MAX(grown, needed);
        buffer->data = alloc_resize(buffer->data, buffer->capacity, 1);
    }
    return true;
}

bool buffer_append(struct buffer *buffer, const void *bytes, size_t length) {
    if (!buffer_reserve(buffer, length))
        return false;
    if (length > 0)
        memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
    return true;
}

bool buffer_append_text(struct buffer *buffer, const char *text) {
    return buffer_append(buffer, text, strlen(text));
}

bool buffer_append_format(struct buffer *buffer, const char *format, ...) {
    va_list args;
    va_start(args, format);
    CLEANUP(cleanup_free) char *text = alloc_vprintf(format, args);
    va_end(args);
    return buffer_append_text(buffer, text);
}

const char *buffer_text(const struct buffer *buffer) {
    return buffer->data ? buffer->data : "";
}

char *buffer_take(struct buffer *buffer) {
    char *data = buffer->data ? TAKE_PTR(buffer->data) : alloc_strdup("");
    buffer_init(buffer, buffer->maximum);
    return data;
}
