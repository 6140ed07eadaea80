/* Moving over the bytes of a JSON document that json_check() has passed: shared by the files that read such
 * bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The first byte from `at` that is no white space, or `end`. */
static inline const char *scan_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* The byte behind a string whose opening quote stands at `at`: behind the first quote with an even number of
 * backslashes before it. */
static inline const char *scan_string(const char *at, const char *end) {
    const char *start = at + 1, *quote = start;
    while (quote < end && (quote = memchr(quote, '"', (size_t)(end - quote)))) {
        const char *escape = quote++;
        while (escape > start && escape[-1] == '\\')
            escape--;
        if ((quote - 1 - escape) % 2 == 0)
            return quote;
    }
    return end;
}

/* The byte behind a number, true, false or null. */
static inline const char *scan_word(const char *at, const char *end) {
    while (at < end && *at != ',' && *at != ']' && *at != '}' && *at != ' ' && *at != '\n' && *at != '\r' &&
           *at != '\t')
        at++;
    return at;
}

static inline bool scan_is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

/* The value of four hexadecimal digits; -1 where they are none. */
static inline int scan_hex4(const char *at) {
    int value = 0;
    for (size_t i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit =
            at[i] != '\0' ? strchr(digits, at[i] >= 'A' && at[i] <= 'F' ? at[i] + 32 : at[i]) : NULL;
        if (!digit)
            return -1;
        value = value * 16 + (int)(digit - digits);
    }
    return value;
}
