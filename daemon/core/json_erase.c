#include "core/json_erase.h"

#include <stdbool.h>
#include <string.h>

#include "base/buffer.h"
#include "core/json_scan.h"
#include "core/json_text.h"

/* The byte behind the value that begins at `at`. */
static const char *scan_value(const char *at, const char *end) {
    if (*at == '"')
        return scan_string(at, end);
    if (*at != '{' && *at != '[')
        return scan_word(at, end);
    size_t open = 0;
    while (at < end) {
        if (*at == '"') {
            at = scan_string(at, end);
            continue;
        }
        open += *at == '{' || *at == '[';
        open -= *at == '}' || *at == ']';
        at++;
        if (open == 0)
            break;
    }
    return at;
}

/* `name` with its quotes. */
static bool has_word(struct span name, const char *word) {
    CLEANUP(buffer_done) struct buffer plain;
    buffer_init(&plain, name.length * 2); /* an escape is never longer in its canonical form */
    return json_canonical(name, &plain) && strcasestr(buffer_text(&plain), word) != NULL;
}

void json_erase(char *text, size_t length, const char *word) {
    const char *at = text, *end = text + length;
    while (at < end) {
        if (*at != '"') {
            at++;
            continue;
        }
        struct span string = {at, (size_t)(scan_string(at, end) - at)};
        at = scan_space(at + string.length, end);
        if (at == end || *at != ':' || !has_word(string, word))
            continue;
        at = scan_space(at + 1, end);
        size_t start = (size_t)(at - text);
        at = scan_value(at, end);
        memset(text + start, ' ', (size_t)(at - text) - start);
        text[start] = '0';
    }
}
