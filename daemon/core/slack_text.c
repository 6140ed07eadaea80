#include "core/slack_text.h"

#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

static const char ellipsis[] = "…";

/* The length of the character at `text`, which is valid UTF-8. */
static size_t character_length(const char *text) {
    size_t length = 1;
    while (((unsigned char)text[length] & 0xc0) == 0x80)
        length++;
    return length;
}

struct piece {
    const char *text;
    size_t length, step; /* bytes that are written, and how many are read for them */
};

static struct piece next_piece(const char *text, bool code) {
    static const struct {
        char byte;
        const char *escape;
    } escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}};
    for (size_t i = 0; i < ARRAY_LENGTH(escapes); i++)
        if (*text == escapes[i].byte)
            return (struct piece){escapes[i].escape, strlen(escapes[i].escape), 1};
    if (code && *text == '`')
        return (struct piece){"'", 1, 1};
    size_t length = character_length(text);
    return (struct piece){text, length, length};
}

/* How many bytes of the text can be written as `limit` bytes at most. */
static size_t measure(const char *text, bool code, size_t limit) {
    size_t written = 0, read = 0;
    while (text[read] != '\0') {
        struct piece piece = next_piece(text + read, code);
        if (written + piece.length > limit)
            break;
        written += piece.length;
        read += piece.step;
    }
    return read;
}

static bool append(struct buffer *buffer, const char *text, bool code, size_t limit) {
    size_t size = strlen(text) + 1;
    CLEANUP(cleanup_free) char *clean = alloc_zero(size, 1);
    text_sanitize(text, size - 1, clean, size);
    size_t end = measure(clean, code, limit);
    bool cut = clean[end] != '\0';
    if (cut)
        end = measure(clean, code, limit > sizeof(ellipsis) - 1 ? limit - (sizeof(ellipsis) - 1) : 0);
    for (size_t i = 0; i < end;) {
        struct piece piece = next_piece(clean + i, code);
        if (!buffer_append(buffer, piece.text, piece.length))
            return false;
        i += piece.step;
    }
    return !cut || buffer_append_text(buffer, ellipsis);
}

bool slack_plain(struct buffer *buffer, const char *text, size_t limit) {
    return append(buffer, text, false, limit);
}

bool slack_code(struct buffer *buffer, const char *text, size_t limit) {
    /* Two backticks with nothing between are shown as such. */
    return buffer_append_text(buffer, "`") && append(buffer, *text ? text : " ", true, limit) &&
           buffer_append_text(buffer, "`");
}

bool slack_link(struct buffer *buffer, const char *url, const char *label) {
    static const struct {
        char byte;
        const char *escape;
    } escapes[] = {{'&', "&amp;"}, {'<', "%3C"}, {'>', "%3E"}, {'|', "%7C"}};
    if (!buffer_append_text(buffer, "<"))
        return false;
    for (; *url != '\0'; url++) {
        const char *escape = NULL;
        for (size_t i = 0; i < ARRAY_LENGTH(escapes); i++)
            if (*url == escapes[i].byte)
                escape = escapes[i].escape;
        if (!(escape ? buffer_append_text(buffer, escape) : buffer_append(buffer, url, 1)))
            return false;
    }
    return buffer_append_format(buffer, "|%s>", label);
}
