/* The other half of json_text.h: JSON that is written, not read. */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "core/json_scan.h"
#include "core/json_text.h"

/* A member of an object that is being written, as offsets into the output. */
struct piece {
    size_t start, key_length, length;
    bool empty;
};

struct canonical {
    const char *at, *end;
    struct buffer *out;
    struct piece *pieces; /* of all objects that are open, the innermost last */
    size_t piece_count, piece_capacity;
    struct buffer sorted; /* an object's members in their new order */
};

static bool write_value(struct canonical *work);

static void cut_back(struct buffer *buffer, size_t length) {
    buffer->length = length;
    if (buffer->data)
        buffer->data[length] = '\0';
}

/* A character as it stands in a string: only what must be is escaped. */
static bool write_byte(struct buffer *out, unsigned char byte) {
    static const char *const short_escapes[] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
        ['\n'] = "\\n", ['\r'] = "\\r",  ['\t'] = "\\t",
    };
    if (byte < ARRAY_LENGTH(short_escapes) && short_escapes[byte])
        return buffer_append_text(out, short_escapes[byte]);
    if (byte < 0x20)
        return buffer_append_format(out, "\\u%04x", (unsigned)byte);
    return buffer_append(out, &byte, 1);
}

static bool write_code_point(struct buffer *out, unsigned code) {
    if (code < 0x80)
        return write_byte(out, (unsigned char)code);
    unsigned char bytes[4];
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {[2] = 0xc0, [3] = 0xe0, [4] = 0xf0};
    for (size_t i = length - 1; i > 0; i--, code >>= 6)
        bytes[i] = (unsigned char)(0x80 | (code & 0x3f));
    bytes[0] = (unsigned char)(leads[length] | code);
    return buffer_append(out, bytes, length);
}

/* Writes the character that the escape at `*at` stands for, and moves behind it. */
static bool write_escape(struct buffer *out, const char **at) {
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    char kind = (*at)[1];
    if (kind != 'u') {
        const char *found = strchr(from, kind);
        *at += 2;
        return write_byte(out, (unsigned char)(found ? to[found - from] : kind));
    }
    unsigned code = (unsigned)scan_hex4(*at + 2);
    *at += 6;
    if (code >= 0xd800 && code <= 0xdbff) {
        code = 0x10000 + ((code - 0xd800) << 10) + ((unsigned)scan_hex4(*at + 2) - 0xdc00);
        *at += 6;
    }
    return write_code_point(out, code);
}

static bool write_string(struct canonical *work) {
    const char *at = work->at + 1, *behind = scan_string(work->at, work->end), *end = behind - 1;
    work->at = behind;
    if (!buffer_append(work->out, "\"", 1))
        return false;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        if (!buffer_append(work->out, at, (size_t)((escape ? escape : end) - at)))
            return false;
        at = escape ? escape : end;
        if (escape && !write_escape(work->out, &at))
            return false;
    }
    return buffer_append(work->out, "\"", 1);
}

/* The number behind an "e", which json_check() has bounded. */
static int64_t read_exponent(const char *at, const char *end) {
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    int64_t value = 0;
    for (; at < end; at++)
        value = value * 10 + (*at - '0');
    return negative ? -value : value;
}

/* "1", "1.0" and "10e-1" are one number: the digits without zeros at either end, and the power of ten behind.
 */
static bool write_number(struct canonical *work) {
    const char *at = work->at, *behind = scan_word(at, work->end), *digits_end = at;
    work->at = behind;
    bool negative = *at == '-';
    if (negative)
        at++;
    while (digits_end < behind && *digits_end != 'e' && *digits_end != 'E')
        digits_end++;
    const char *point = at;
    while (point < digits_end && *point != '.')
        point++;
    point = point < digits_end ? point : NULL;
    int64_t power = digits_end < behind ? read_exponent(digits_end + 1, behind) : 0;
    power -= point ? digits_end - point - 1 : 0;

    while (at < digits_end && (*at == '0' || *at == '.'))
        at++;
    if (at == digits_end)
        return buffer_append(work->out, "0", 1);
    for (; digits_end[-1] == '0' || digits_end[-1] == '.'; digits_end--)
        power += digits_end[-1] == '0';
    if (negative && !buffer_append(work->out, "-", 1))
        return false;
    if (point && point > at && point < digits_end) {
        if (!buffer_append(work->out, at, (size_t)(point - at)))
            return false;
        at = point + 1;
    }
    return buffer_append(work->out, at, (size_t)(digits_end - at)) &&
           (power == 0 || buffer_append_format(work->out, "e%" PRId64, power));
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as json_check() allows */
static bool write_array(struct canonical *work) {
    if (!buffer_append(work->out, "[", 1))
        return false;
    work->at = scan_space(work->at + 1, work->end);
    while (*work->at != ']') {
        if (!write_value(work))
            return false;
        work->at = scan_space(work->at, work->end);
        if (*work->at == ',') {
            work->at = scan_space(work->at + 1, work->end);
            if (!buffer_append(work->out, ",", 1))
                return false;
        }
    }
    work->at++;
    return buffer_append(work->out, "]", 1);
}

static bool is_empty(const char *text, size_t length) {
    static const char *const empty[] = {"null", "false", "\"\"", "[]"};
    for (size_t i = 0; i < ARRAY_LENGTH(empty); i++)
        if (length == strlen(empty[i]) && memcmp(text, empty[i], length) == 0)
            return true;
    return false;
}

static int compare_keys(const char *data, const struct piece *a, const struct piece *b) {
    int order = memcmp(data + a->start, data + b->start, MIN(a->key_length, b->key_length));
    return order != 0 ? order : (a->key_length > b->key_length) - (a->key_length < b->key_length);
}

/* Of equal keys the last comes first. */
static int compare_pieces(const void *a, const void *b, void *data) {
    const struct piece *left = a, *right = b;
    int order = compare_keys(data, left, right);
    return order != 0 ? order : (left->start < right->start) - (left->start > right->start);
}

/* Writes the members from `first` on anew: sorted, of equal keys the last, without the empty ones. */
static bool sort_members(struct canonical *work, size_t first) {
    struct piece *pieces = work->pieces + first;
    size_t count = work->piece_count - first, start = pieces[0].start;
    char *data = work->out->data;
    qsort_r(pieces, count, sizeof(*pieces), compare_pieces, data);
    buffer_clear(&work->sorted);
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].empty || (i > 0 && compare_keys(data, &pieces[i - 1], &pieces[i]) == 0))
            continue;
        if ((work->sorted.length > 0 && !buffer_append(&work->sorted, ",", 1)) ||
            !buffer_append(&work->sorted, data + pieces[i].start, pieces[i].length))
            return false;
    }
    cut_back(work->out, start);
    return buffer_append(work->out, work->sorted.data, work->sorted.length);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as json_check() allows */
static bool write_member(struct canonical *work, struct piece *ret) {
    *ret = (struct piece){.start = work->out->length};
    if (!write_string(work))
        return false;
    ret->key_length = work->out->length - ret->start;
    if (!buffer_append(work->out, ":", 1))
        return false;
    size_t value = work->out->length;
    work->at = scan_space(scan_space(work->at, work->end) + 1, work->end); /* the colon */
    if (!write_value(work))
        return false;
    ret->length = work->out->length - ret->start;
    ret->empty = is_empty(work->out->data + value, work->out->length - value);
    return true;
}

/* Members that come in order are written where they stay; only others are sorted at the end. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as json_check() allows */
static bool write_object(struct canonical *work) {
    size_t first = work->piece_count;
    bool ordered = true;
    if (!buffer_append(work->out, "{", 1))
        return false;
    work->at = scan_space(work->at + 1, work->end);
    while (*work->at != '}') {
        struct piece piece;
        size_t before = work->out->length;
        if ((work->piece_count > first && !buffer_append(work->out, ",", 1)) || !write_member(work, &piece))
            return false;
        const struct piece *previous =
            work->piece_count > first ? &work->pieces[work->piece_count - 1] : NULL;
        ordered = ordered && (!previous || compare_keys(work->out->data, previous, &piece) < 0);
        if (ordered && piece.empty) {
            cut_back(work->out, before); /* a later one of the same name would count instead of it */
        } else {
            work->pieces =
                alloc_grow(work->pieces, &work->piece_capacity, work->piece_count + 1, sizeof(piece));
            work->pieces[work->piece_count++] = piece;
        }
        work->at = scan_space(work->at, work->end);
        if (*work->at == ',')
            work->at = scan_space(work->at + 1, work->end);
    }
    work->at++;
    bool sorted = ordered || sort_members(work, first);
    work->piece_count = first;
    return sorted && buffer_append(work->out, "}", 1);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as json_check() allows */
static bool write_value(struct canonical *work) {
    switch (*work->at) {
    case '{':
        return write_object(work);
    case '[':
        return write_array(work);
    case '"':
        return write_string(work);
    case 't':
    case 'f':
    case 'n': {
        const char *start = work->at;
        work->at = scan_word(start, work->end);
        return buffer_append(work->out, start, (size_t)(work->at - start));
    }
    default:
        return write_number(work);
    }
}

bool json_canonical(struct span value, struct buffer *buffer) {
    struct canonical work = {.at = value.data, .end = value.data + value.length, .out = buffer};
    size_t start = buffer->length;
    buffer_init(&work.sorted, buffer->maximum);
    bool written = write_value(&work);
    free(work.pieces);
    buffer_done(&work.sorted);
    if (!written || is_empty(buffer->data + start, buffer->length - start))
        cut_back(buffer, start);
    return written;
}

bool json_quote(const char *text, struct buffer *buffer) {
    if (!text)
        return buffer_append_text(buffer, "null");
    size_t start = buffer->length;
    bool written = buffer_append(buffer, "\"", 1);
    for (const char *at = text; written && *at != '\0';) {
        size_t plain = 0;
        while ((unsigned char)at[plain] >= 0x20 && at[plain] != '"' && at[plain] != '\\')
            plain++;
        written = buffer_append(buffer, at, plain);
        at += plain;
        if (written && *at != '\0')
            written = write_byte(buffer, (unsigned char)*at++);
    }
    if (!written || !buffer_append(buffer, "\"", 1)) {
        cut_back(buffer, start);
        return false;
    }
    return true;
}
