#include "util.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void die(const char *format, ...) {
    va_list args;

    fputs("simulator: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

void *xcalloc(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size ? size : 1);

    if (!memory)
        die("out of memory");
    return memory;
}

void *xrealloc(void *old, size_t size) {
    void *memory = realloc(old, size ? size : 1);

    if (!memory)
        die("out of memory");
    return memory;
}

char *xstrndup(const char *text, size_t len) {
    char *copy = xcalloc(len + 1, 1);

    memcpy(copy, text, len);
    return copy;
}

char *xstrdup(const char *text) {
    return xstrndup(text, strlen(text));
}

char *xasprintf(const char *format, ...) {
    char *text = NULL;
    va_list args;
    int rc;

    va_start(args, format);
    rc = vasprintf(&text, format, args);
    va_end(args);
    if (rc < 0)
        die("out of memory");
    return text;
}

static void buf_reserve(struct buf *buf, size_t more) {
    size_t need = buf->len + more + 1;

    if (need <= buf->cap)
        return;
    buf->cap = need > 2 * buf->cap ? need : 2 * buf->cap;
    buf->data = xrealloc(buf->data, buf->cap);
}

void buf_add(struct buf *buf, const void *bytes, size_t len) {
    buf_reserve(buf, len);
    if (len) /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): buf_reserve() has made room */
        memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_puts(struct buf *buf, const char *text) {
    buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...) {
    char *text = NULL;
    va_list args;
    int rc;

    va_start(args, format);
    rc = vasprintf(&text, format, args);
    va_end(args);
    if (rc < 0)
        die("out of memory");
    buf_add(buf, text, (size_t)rc);
    free(text);
}

void buf_free(struct buf *buf) {
    free(buf->data);
    *buf = (struct buf){0};
}

size_t buf_replace(struct buf *buf, const char *from, const char *to) {
    size_t from_len = strlen(from), count = 0, at = 0;
    struct buf out = {0};

    if (!from_len || !buf->len)
        return 0;
    while (at < buf->len) {
        char *hit = memmem(buf->data + at, buf->len - at, from, from_len);
        size_t upto = hit ? (size_t)(hit - buf->data) : buf->len;

        buf_add(&out, buf->data + at, upto - at);
        at = upto;
        if (hit) {
            buf_puts(&out, to);
            at += from_len;
            count++;
        }
    }
    buf_free(buf);
    *buf = out;
    return count;
}

bool buf_read_file(struct buf *buf, const char *path) {
    char chunk[16384];
    FILE *file = fopen(path, "re");
    size_t got;
    bool ok;

    if (!file)
        return false;
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        buf_add(buf, chunk, got);
    ok = !ferror(file);
    fclose(file);
    return ok;
}

static int64_t clock_ns(clockid_t clock) {
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t now_us(void) {
    return clock_ns(CLOCK_REALTIME) / 1000;
}

int64_t monotonic_ms(void) {
    return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

char *time_text(int64_t us, char text[TIME_TEXT]) {
    time_t seconds = (time_t)(us / 1000000);
    struct tm parts;
    size_t len;

    gmtime_r(&seconds, &parts);
    len = strftime(text, TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + len, TIME_TEXT - len, ".%06dZ", (int)(us % 1000000));
    return text;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

char *percent_decode(const char *text, size_t len, bool plus) {
    char *out = xcalloc(len + 1, 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        int high = i + 2 < len && text[i] == '%' ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

        if (low >= 0) {
            out[n++] = (char)(high * 16 + low);
            i += 2;
        } else {
            out[n++] = plus && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *buf, const void *bytes, size_t len) {
    const unsigned char *in = bytes;

    for (size_t i = 0; i < len; i += 3) {
        unsigned three = (unsigned)in[i] << 16;
        char four[4];

        if (i + 1 < len)
            three |= (unsigned)in[i + 1] << 8;
        if (i + 2 < len)
            three |= in[i + 2];
        for (int k = 0; k < 4; k++)
            four[k] = BASE64[(three >> (18 - 6 * k)) & 63];
        if (i + 1 >= len)
            four[2] = '=';
        if (i + 2 >= len)
            four[3] = '=';
        buf_add(buf, four, 4);
    }
}

bool base64_decode(struct buf *buf, const char *text) {
    unsigned bits = 0, have = 0;

    for (; *text && *text != '='; text++) {
        const char *digit = strchr(BASE64, *text);
        char byte;

        if (!digit)
            return false;
        bits = (bits << 6 | (unsigned)(digit - BASE64)) & 0xffff;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        byte = (char)((bits >> have) & 255);
        buf_add(buf, &byte, 1);
    }
    return strspn(text, "=") == strlen(text);
}
