#include "core/json_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "core/json_scan.h"

/* What PostgreSQL's numeric can hold (numeric_in of PostgreSQL 15). */
enum {
    NUMERIC_WEIGHT_MAX = 131071,      /* of the first digit that is not 0: 131,072 digits before the point */
    NUMERIC_SCALE_MAX = 16383,        /* digits behind the point, as they are written */
    NUMERIC_EXPONENT_END = 1073741823 /* from here on it is refused whatever the mantissa */
};

struct check {
    const char *start, *at, *end;
    struct json_index *index; /* NULL: none is wanted */
    struct error *error;
};

static bool refuse(const struct check *check, const char *what) {
    return error_set(check->error, CAUSE_SHAPE, "not JSON that can be stored: at byte %zu %s",
                     (size_t)(check->at - check->start), what);
}

static bool at_byte(const struct check *check, char byte) {
    return check->at < check->end && *check->at == byte;
}

/* The bytes of a UTF-8 sequence beyond ASCII at `at`, 0 where it is none (RFC 3629: nothing overlong, no
 * surrogates). */
static size_t utf8_length(const char *at, size_t left) {
    unsigned char lead = (unsigned char)at[0];
    size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || left < length)
        return 0;
    unsigned char second = (unsigned char)at[1];
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (((unsigned char)at[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

static bool check_unicode_escape(struct check *check) {
    int unit = check->end - check->at >= 6 ? scan_hex4(check->at + 2) : -1;
    if (unit < 0)
        return refuse(check, "\\u without four hexadecimal digits");
    if (unit == 0)
        return refuse(check, "\\u0000, which no text can hold");
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return refuse(check, "a lone surrogate");
    if (unit >= 0xd800 && unit <= 0xdbff) {
        bool paired = check->end - check->at >= 12 && check->at[6] == '\\' && check->at[7] == 'u';
        int low = paired ? scan_hex4(check->at + 8) : -1;
        if (low < 0xdc00 || low > 0xdfff)
            return refuse(check, "a lone surrogate");
        check->at += 6;
    }
    check->at += 6;
    return true;
}

static bool check_escape(struct check *check) {
    if (check->end - check->at < 2)
        return refuse(check, "the text ends within a string");
    if (check->at[1] == 'u')
        return check_unicode_escape(check);
    if (check->at[1] == '\0' || !strchr("\"\\/bfnrt", check->at[1]))
        return refuse(check, "an unknown escape");
    check->at += 2;
    return true;
}

/* True for bytes that stand in a string as they are and need no look at their neighbours. */
static bool is_plain(char byte) {
    unsigned char value = (unsigned char)byte;
    return value >= 0x20 && value < 0x80 && value != '"' && value != '\\';
}

/* Eight bytes at once: true where all are plain. Each term sets the top bit of a byte that is not; a borrow
 * from a neighbour can only make a plain byte look otherwise, never the reverse. */
static bool are_plain(const char *at) {
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
    return ((word | (word - ones * 0x20) | (quote - ones) | (backslash - ones)) & tops) == 0;
}

static bool check_string(struct check *check) {
    check->at++;
    for (;;) {
        while (check->end - check->at >= 8 && are_plain(check->at))
            check->at += 8;
        while (check->at < check->end && is_plain(*check->at))
            check->at++;
        if (check->at == check->end)
            return refuse(check, "the text ends within a string");
        if (*check->at == '"')
            break;
        if (*check->at == '\\') {
            if (!check_escape(check))
                return false;
        } else if ((unsigned char)*check->at < 0x20) {
            return refuse(check, "a control character within a string");
        } else {
            size_t length = utf8_length(check->at, (size_t)(check->end - check->at));
            if (length == 0)
                return refuse(check, "invalid UTF-8");
            check->at += length;
        }
    }
    check->at++;
    return true;
}

static size_t count_digits(struct check *check) {
    const char *start = check->at;
    while (check->at < check->end && scan_is_digit(*check->at))
        check->at++;
    return (size_t)(check->at - start);
}

/* "e-12" and the like; *ret is 0 where there is none, and never beyond NUMERIC_EXPONENT_END. */
static bool check_exponent(struct check *check, int64_t *ret) {
    *ret = 0;
    if (!at_byte(check, 'e') && !at_byte(check, 'E'))
        return true;
    check->at++;
    bool negative = at_byte(check, '-');
    if (negative || at_byte(check, '+'))
        check->at++;
    const char *digits = check->at;
    if (count_digits(check) == 0)
        return refuse(check, "an exponent without digits");
    int64_t value = 0;
    for (; digits < check->at && value < NUMERIC_EXPONENT_END; digits++)
        value = MIN(value * 10 + (*digits - '0'), (int64_t)NUMERIC_EXPONENT_END);
    *ret = negative ? -value : value;
    return true;
}

static bool check_number(struct check *check) {
    const char *start = check->at;
    if (at_byte(check, '-'))
        check->at++;
    const char *whole = check->at, *fraction = NULL;
    size_t whole_digits = count_digits(check), fraction_digits = 0;
    if (whole_digits == 0 || (*whole == '0' && whole_digits > 1))
        return refuse(check, whole_digits == 0 ? "no digit after the minus" : "a number that begins with 0");
    if (at_byte(check, '.')) {
        fraction = ++check->at;
        fraction_digits = count_digits(check);
        if (fraction_digits == 0)
            return refuse(check, "no digit behind the point");
    }
    int64_t exponent;
    if (!check_exponent(check, &exponent))
        return false;

    int64_t weight = (int64_t)whole_digits - 1; /* of the first digit that is not 0 */
    if (*whole == '0') {
        size_t zeros = 0;
        while (zeros < fraction_digits && fraction[zeros] == '0')
            zeros++;
        weight = zeros < fraction_digits ? -1 - (int64_t)zeros : INT32_MIN;
    }
    if (exponent >= NUMERIC_EXPONENT_END || exponent <= -NUMERIC_EXPONENT_END ||
        weight + exponent > NUMERIC_WEIGHT_MAX || (int64_t)fraction_digits - exponent > NUMERIC_SCALE_MAX) {
        check->at = start;
        return refuse(check, "a number that PostgreSQL's numeric cannot hold");
    }
    return true;
}

static bool check_word(struct check *check) {
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        size_t length = strlen(words[i]);
        if ((size_t)(check->end - check->at) >= length && memcmp(check->at, words[i], length) == 0) {
            check->at += length;
            return true;
        }
    }
    return refuse(check, check->at == check->end ? "the text ends where a value was expected" : "no value");
}

static bool check_scalar(struct check *check) {
    if (at_byte(check, '"'))
        return check_string(check);
    if (check->at < check->end && (*check->at == '-' || scan_is_digit(*check->at)))
        return check_number(check);
    return check_word(check);
}

static bool check_key(struct check *check) {
    check->at = scan_space(check->at, check->end);
    if (!at_byte(check, '"'))
        return refuse(check, "no member's name");
    if (!check_string(check))
        return false;
    check->at = scan_space(check->at, check->end);
    if (!at_byte(check, ':'))
        return refuse(check, "no colon after a member's name");
    check->at++;
    return true;
}

/* The objects and arrays that are open: what ends each, and which of the index it is. */
struct nesting {
    char ends[JSON_DEPTH_MAX];
    size_t numbers[JSON_DEPTH_MAX];
    size_t depth;
};

static size_t note_open(struct check *check) {
    struct json_index *index = check->index;
    if (!index)
        return 0;
    index->spans = alloc_grow(index->spans, &index->capacity, index->count + 1, sizeof(*index->spans));
    index->spans[index->count].data = check->at;
    return index->count++;
}

/* Called at the byte behind it. */
static void note_closed(const struct check *check, size_t number) {
    if (check->index)
        check->index->spans[number].length = (size_t)(check->at - check->index->spans[number].data);
}

/* Opens what begins here. *ret_closed: it was empty and is closed again. */
static bool check_open(struct check *check, struct nesting *open, bool *ret_closed) {
    if (open->depth == JSON_DEPTH_MAX)
        return refuse(check, "more than 1000 levels");
    char end = *check->at == '{' ? '}' : ']';
    size_t number = note_open(check);
    check->at = scan_space(check->at + 1, check->end);
    *ret_closed = at_byte(check, end);
    if (*ret_closed) {
        check->at++;
        note_closed(check, number);
        return true;
    }
    open->numbers[open->depth] = number;
    open->ends[open->depth++] = end;
    return end == ']' || check_key(check);
}

/* After a value: closes what ends here, up to a comma, or the end of the document. */
static bool check_after_value(struct check *check, struct nesting *open) {
    for (;;) {
        check->at = scan_space(check->at, check->end);
        if (open->depth == 0)
            return check->at == check->end || refuse(check, "something stands after the document");
        char end = open->ends[open->depth - 1];
        if (at_byte(check, ',')) {
            check->at++;
            return end == ']' || check_key(check);
        }
        if (!at_byte(check, end))
            return refuse(check, check->at == check->end
                                     ? "the text ends within a list or object"
                                     : "neither a comma nor the end of the list or object");
        check->at++;
        note_closed(check, open->numbers[--open->depth]);
    }
}

bool json_check_index(const char *text, size_t length, struct json_index *index, struct error *ret_error) {
    if (length == 0)
        return error_set(ret_error, CAUSE_SHAPE, "not JSON: the text is empty");
    struct check check = {
        .start = text, .at = text, .end = text + length, .index = index, .error = ret_error};
    struct nesting open;
    open.depth = 0; /* the rest of it is written before it is read */
    size_t values = 0;
    do {
        bool closed = true;
        if (++values > JSON_VALUES_MAX)
            return error_set(ret_error, CAUSE_SHAPE, "JSON of more than %d values", JSON_VALUES_MAX);
        check.at = scan_space(check.at, check.end);
        if (at_byte(&check, '{') || at_byte(&check, '[')) {
            if (!check_open(&check, &open, &closed))
                return false;
        } else if (!check_scalar(&check)) {
            return false;
        }
        if (closed && !check_after_value(&check, &open))
            return false;
    } while (open.depth > 0);
    return true;
}

bool json_check(const char *text, size_t length, struct error *ret_error) {
    return json_check_index(text, length, NULL, ret_error);
}

void json_index_done(struct json_index *index) {
    free(index->spans);
    *index = (struct json_index){0};
}

bool json_walk_init(struct json_walk *walk, struct span value) {
    if (value.length < 2 || (value.data[0] != '{' && value.data[0] != '['))
        return false;
    *walk = (struct json_walk){.next = value.data + 1, .end = value.data + value.length - 1};
    return true;
}

/* What scan_container() must look at: 1 and -1 open and close, 2 begins a string. */
static const signed char container_bytes[256] = {['{'] = 1, ['['] = 1, ['}'] = -1, [']'] = -1, ['"'] = 2};

/* The byte behind the object or array that begins at `at`. */
static const char *scan_container(const char *at, const char *end) {
    size_t depth = 0;
    while (at < end) {
        signed char class = container_bytes[(unsigned char)*at];
        if (class == 2) {
            at = scan_string(at, end);
            continue;
        }
        at++;
        if (class == 1)
            depth++;
        else if (class == -1 && --depth == 0)
            break;
    }
    return at;
}

static int compare_starts(const void *at, const void *span) {
    const char *start = ((const struct span *)span)->data;
    return ((const char *)at > start) - ((const char *)at < start);
}

static const char *scan_value(const struct json_walk *walk, const char *at) {
    if (*at == '"')
        return scan_string(at, walk->end);
    if (*at != '{' && *at != '[')
        return scan_word(at, walk->end);
    if (!walk->index)
        return scan_container(at, walk->end);
    const struct span *found =
        bsearch(at, walk->index->spans, walk->index->count, sizeof(*walk->index->spans), compare_starts);
    return found ? found->data + found->length : walk->end;
}

bool json_walk_next(struct json_walk *walk, struct span *ret_key, struct span *ret_value) {
    const char *at = scan_space(walk->next, walk->end);
    if (at < walk->end && *at == ',')
        at = scan_space(at + 1, walk->end);
    if (at >= walk->end)
        return false;
    bool is_object = *walk->end == '}';
    *ret_key = (struct span){0};
    if (is_object) {
        const char *behind = scan_string(at, walk->end);
        *ret_key = (struct span){.data = at + 1, .length = (size_t)(behind - at) - 2};
        at = scan_space(behind, walk->end);
        at = scan_space(at < walk->end ? at + 1 : at, walk->end); /* the colon */
        if (at >= walk->end)
            return false;
    }
    walk->next = scan_value(walk, at);
    *ret_value = (struct span){.data = at, .length = (size_t)(walk->next - at)};
    return true;
}
