#include "cli/terminal.h"

#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/alloc.h"
#include "base/error.h"

enum { USUAL_WIDTH = 80, WIDEST = 10000 };

void terminal_setup(void) {
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "");
}

size_t terminal_width(FILE *stream) {
    int fd = fileno(stream);
    if (!isatty(fd))
        return 0;
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *text = getenv("COLUMNS");
    char *end = NULL;
    long columns = text ? strtol(text, &end, 10) : 0;
    return text && end != text && !*end && columns > 0 && columns <= WIDEST ? (size_t)columns : USUAL_WIDTH;
}

bool terminal_has_color(FILE *stream) {
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fileno(stream)) && !(no_color && no_color[0]) && term && term[0] &&
           strcmp(term, "dumb") != 0;
}

/* The bytes of the character at `text` (at least 1), and its columns. */
static size_t next_character(const char *text, size_t length, size_t *ret_columns) {
    mbstate_t state = {0};
    wchar_t character = 0;
    size_t bytes = mbrtowc(&character, text, length, &state);
    *ret_columns = 1;
    if (bytes == 0 || bytes > length)
        return 1;
    int columns = wcwidth(character);
    if (columns >= 0)
        *ret_columns = (size_t)columns;
    return bytes;
}

/* The bytes of the longest beginning that takes at most `columns`, which it returns too. */
static size_t prefix(const char *text, size_t columns, size_t *ret_columns) {
    size_t length = strlen(text), at = 0, taken = 0;
    while (at < length) {
        size_t width = 0, bytes = next_character(text + at, length - at, &width);
        if (taken + width > columns)
            break;
        taken += width;
        at += bytes;
    }
    *ret_columns = taken;
    return at;
}

size_t text_width(const char *text) {
    size_t columns = 0;
    (void)prefix(text, SIZE_MAX / 2, &columns);
    return columns;
}

char *text_harmless(const char *text) {
    size_t length = strlen(text);
    CLEANUP(cleanup_free) char *line = alloc_strndup(text, length);
    for (char *c = line; *c; c++)
        if (*c == '\n' || *c == '\t' || *c == '\r')
            *c = ' ';
    char *copy = alloc_zero(length + 1, 1);
    text_sanitize(line, length, copy, length + 1);
    return copy;
}

size_t text_fit(struct buffer *buffer, const char *text, size_t columns) {
    size_t taken = 0, bytes = prefix(text, columns, &taken);
    bool whole = !text[bytes];
    if (!whole && columns > 0)
        bytes = prefix(text, columns - 1, &taken);
    if (!buffer_append(buffer, text, bytes))
        return 0;
    if (whole || columns == 0 || !buffer_append_text(buffer, "…"))
        return taken;
    return taken + 1;
}
