#include "core/yaml_write.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { REPLACEMENT = 0xfffd };

/* One character (RFC 3629): its code and how many bytes it takes; REPLACEMENT and 1 for a byte that begins
 * none. */
static size_t next_code(const char *text, uint32_t *ret_code) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)text;
    *ret_code = bytes[0];
    if (bytes[0] < 0x80)
        return 1;
    size_t size = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : bytes[0] >= 0xc2 ? 2 : 0;
    uint32_t code = bytes[0] & (0x7fU >> size);
    bool good = size > 0 && bytes[0] <= 0xf4;
    for (size_t i = 1; good && i < size; i++) {
        good = (bytes[i] & 0xc0) == 0x80; /* NUL is none: never behind the end */
        code = code << 6 | (bytes[i] & 0x3fU);
    }
    good = good && code >= least[size] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    *ret_code = good ? code : REPLACEMENT;
    return good ? size : 1;
}

/* Controls, what YAML takes for a line's end, what reorders or hides text, and what YAML's readers refuse. */
static bool is_printable(uint32_t code) {
    return code >= 0x20 && (code < 0x7f || code >= 0xa0) && !(code >= 0x200b && code <= 0x200f) &&
           !(code >= 0x2028 && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069) && code != 0xfeff &&
           (code & 0xfffe) != 0xfffe;
}

/* What some reader of YAML takes for a truth value, a null or a number. */
static bool is_special(const char *text) {
    static const char *const words[] = {"true", "false", "yes", "no",  "on", "off",
                                        "null", "y",     "n",   "nan", "inf"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool is_plain(const char *text) {
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/";
    static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/0123456789.-";
    return text[0] && strchr(first, text[0]) && !text[strspn(text, all)] && !is_special(text);
}

static bool put_quoted(struct buffer *buffer, uint32_t code, const char *bytes, size_t size) {
    if (code == '"' || code == '\\')
        return buffer_append_format(buffer, "\\%c", (int)code);
    if (code == '\n' || code == '\t')
        return buffer_append_text(buffer, code == '\n' ? "\\n" : "\\t");
    if (code == REPLACEMENT)
        return buffer_append_text(buffer, "\\uFFFD");
    if (is_printable(code))
        return buffer_append(buffer, bytes, size);
    return buffer_append_format(buffer,
                                code <= 0xff     ? "\\x%02X"
                                : code <= 0xffff ? "\\u%04X"
                                                 : "\\U%08X",
                                code);
}

bool yaml_put_scalar(struct buffer *buffer, const char *text) {
    if (is_plain(text))
        return buffer_append_text(buffer, text);
    bool done = buffer_append_text(buffer, "\"");
    while (done && *text) {
        uint32_t code;
        size_t size = next_code(text, &code);
        done = put_quoted(buffer, code, text, size);
        text += size;
    }
    return done && buffer_append_text(buffer, "\"");
}

bool yaml_put_comment(struct buffer *buffer, const char *text, size_t most) {
    bool done = true;
    for (size_t length = 0; done && *text;) {
        uint32_t code;
        size_t size = next_code(text, &code);
        if (length + size > most)
            return buffer_append_text(buffer, "…");
        done = code != REPLACEMENT && is_printable(code) ? buffer_append(buffer, text, size)
                                                         : buffer_append_text(buffer, "?");
        length += size;
        text += size;
    }
    return done;
}

bool yaml_put_name(struct buffer *buffer, const char *text, size_t most) {
    size_t begin = buffer->length;
    for (uint32_t code; *text;) {
        size_t size = next_code(text, &code);
        bool stays = code != ':' && code != REPLACEMENT && is_printable(code);
        bool skipped = buffer->length == begin && (code == ' ' || code == '-' || !stays); /* in front */
        if (buffer->length - begin + size > most)
            break;
        if (!skipped && !(stays ? buffer_append(buffer, text, size) : buffer_append_text(buffer, "-")))
            return false;
        text += size;
    }
    while (buffer->length > begin && buffer->data[buffer->length - 1] == ' ')
        buffer->data[--buffer->length] = '\0';
    return true;
}
