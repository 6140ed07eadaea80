#include "core/severity_types.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"

enum family {
    FAMILY_NONE,
    FAMILY_INTEGER, /* size: bits */
    FAMILY_FLOAT,   /* size: bits of an integer that it holds exactly */
    FAMILY_EXACT,   /* size: which of two without digits holds the other */
    FAMILY_NUMBER,  /* any number */
    FAMILY_STRING,  /* size: its length where none is given */
    FAMILY_OTHER,   /* any other scalar: it can be written as a string */
};

enum { NO_LIMIT = 1000000000 };

struct type_word {
    const char *word;
    enum family family;
    long size;
    const char *same_as; /* the same word in another spelling */
};

/* clang-format off */
static const struct type_word words[] = {
    {"tinyint", FAMILY_INTEGER, 8, NULL},   {"int1", FAMILY_INTEGER, 8, "tinyint"},    {"byteint", FAMILY_INTEGER, 8, NULL},
    {"smallint", FAMILY_INTEGER, 16, NULL}, {"int2", FAMILY_INTEGER, 16, "smallint"},  {"smallserial", FAMILY_INTEGER, 16, NULL},
    {"short", FAMILY_INTEGER, 16, NULL},    {"int16", FAMILY_INTEGER, 16, NULL},       {"year", FAMILY_INTEGER, 16, NULL},
    {"mediumint", FAMILY_INTEGER, 24, NULL},
    {"integer", FAMILY_INTEGER, 32, NULL},  {"int", FAMILY_INTEGER, 32, "integer"},    {"int4", FAMILY_INTEGER, 32, "integer"},
    {"serial", FAMILY_INTEGER, 32, NULL},   {"int32", FAMILY_INTEGER, 32, NULL},
    {"bigint", FAMILY_INTEGER, 64, NULL},   {"int8", FAMILY_INTEGER, 64, "bigint"},    {"bigserial", FAMILY_INTEGER, 64, NULL},
    {"long", FAMILY_INTEGER, 64, NULL},     {"int64", FAMILY_INTEGER, 64, NULL},

    {"real", FAMILY_FLOAT, 24, NULL},       {"float4", FAMILY_FLOAT, 24, "real"},      {"float32", FAMILY_FLOAT, 24, NULL},
    {"double", FAMILY_FLOAT, 53, NULL},     {"float8", FAMILY_FLOAT, 53, "double"},    {"double precision", FAMILY_FLOAT, 53, "double"},
    {"float", FAMILY_FLOAT, 53, NULL},      {"float64", FAMILY_FLOAT, 53, NULL},

    {"decimal", FAMILY_EXACT, 1, NULL},     {"numeric", FAMILY_EXACT, 1, "decimal"},   {"dec", FAMILY_EXACT, 1, "decimal"},
    {"fixed", FAMILY_EXACT, 1, "decimal"},  {"money", FAMILY_EXACT, 1, NULL},          {"smallmoney", FAMILY_EXACT, 0, NULL},
    {"currency", FAMILY_EXACT, 1, NULL},    {"percent", FAMILY_EXACT, 1, NULL},
    {"bignumeric", FAMILY_EXACT, 2, NULL},  {"bigdecimal", FAMILY_EXACT, 2, "bignumeric"},
    {"number", FAMILY_NUMBER, 0, NULL},

    {"string", FAMILY_STRING, NO_LIMIT, NULL},     {"text", FAMILY_STRING, NO_LIMIT, NULL},
    {"varchar", FAMILY_STRING, NO_LIMIT, NULL},    {"character varying", FAMILY_STRING, NO_LIMIT, "varchar"},
    {"char varying", FAMILY_STRING, NO_LIMIT, "varchar"},
    {"nvarchar", FAMILY_STRING, NO_LIMIT, NULL},   {"varchar2", FAMILY_STRING, NO_LIMIT, NULL},
    {"nvarchar2", FAMILY_STRING, NO_LIMIT, NULL},  {"citext", FAMILY_STRING, NO_LIMIT, NULL},
    {"char", FAMILY_STRING, 1, NULL},              {"character", FAMILY_STRING, 1, "char"},
    {"bpchar", FAMILY_STRING, NO_LIMIT, NULL},     {"nchar", FAMILY_STRING, 1, NULL},
    {"tinytext", FAMILY_STRING, 255, NULL},        {"mediumtext", FAMILY_STRING, NO_LIMIT, NULL},
    {"longtext", FAMILY_STRING, NO_LIMIT, NULL},   {"ntext", FAMILY_STRING, NO_LIMIT, NULL},
    {"clob", FAMILY_STRING, NO_LIMIT, NULL},       {"textarea", FAMILY_STRING, NO_LIMIT, NULL},
    {"longtextarea", FAMILY_STRING, NO_LIMIT, NULL},

    {"boolean", FAMILY_OTHER, 0, NULL},     {"bool", FAMILY_OTHER, 0, "boolean"},      {"bit", FAMILY_OTHER, 0, NULL},
    {"booleancheckbox", FAMILY_OTHER, 0, NULL}, {"checkbox", FAMILY_OTHER, 0, NULL},
    {"date", FAMILY_OTHER, 0, NULL},        {"time", FAMILY_OTHER, 0, NULL},           {"datetime", FAMILY_OTHER, 0, NULL},
    {"datetime2", FAMILY_OTHER, 0, NULL},   {"datetimeoffset", FAMILY_OTHER, 0, NULL}, {"smalldatetime", FAMILY_OTHER, 0, NULL},
    {"timestamp", FAMILY_OTHER, 0, NULL},   {"timestamptz", FAMILY_OTHER, 0, NULL},    {"timetz", FAMILY_OTHER, 0, NULL},
    {"timestamp with time zone", FAMILY_OTHER, 0, "timestamptz"},
    {"timestamp without time zone", FAMILY_OTHER, 0, "timestamp"},
    {"time with time zone", FAMILY_OTHER, 0, "timetz"}, {"time without time zone", FAMILY_OTHER, 0, "time"},
    {"timestamp_ntz", FAMILY_OTHER, 0, NULL}, {"timestamp_ltz", FAMILY_OTHER, 0, NULL}, {"timestamp_tz", FAMILY_OTHER, 0, NULL},
    {"interval", FAMILY_OTHER, 0, NULL},    {"uuid", FAMILY_OTHER, 0, NULL},           {"uniqueidentifier", FAMILY_OTHER, 0, NULL},
    {"inet", FAMILY_OTHER, 0, NULL},        {"cidr", FAMILY_OTHER, 0, NULL},           {"macaddr", FAMILY_OTHER, 0, NULL},
    {"enum", FAMILY_OTHER, 0, NULL},        {"enumeration", FAMILY_OTHER, 0, NULL},    {"picklist", FAMILY_OTHER, 0, NULL},
    {"combobox", FAMILY_OTHER, 0, NULL},    {"select", FAMILY_OTHER, 0, NULL},         {"radio", FAMILY_OTHER, 0, NULL},
    {"id", FAMILY_OTHER, 0, NULL},          {"reference", FAMILY_OTHER, 0, NULL},      {"email", FAMILY_OTHER, 0, NULL},
    {"phone", FAMILY_OTHER, 0, NULL},       {"phone_number", FAMILY_OTHER, 0, NULL},   {"url", FAMILY_OTHER, 0, NULL},
};

/* The decimal digits that the largest integer of so many bits has. */
static const struct { long bits, digits; } integer_digits[] = {{8, 3}, {16, 5}, {24, 8}, {32, 10}, {64, 19}};
/* clang-format on */

/* "character varying(255) collate x" in its parts. */
struct type_parts {
    char *base, *suffix; /* in lower case, spaces made one */
    char *unit;          /* of the length: "byte", "char"; "" where none is named */
    long numbers[2];     /* a precision and its scale, or a length */
    size_t count;        /* of the numbers; what stands in brackets otherwise belongs to the suffix */
};

static void parts_done(struct type_parts *parts) {
    free(parts->base);
    free(parts->suffix);
    free(parts->unit);
}

/* A copy in lower case, without spaces at its ends, with one space where there were several. */
static char *normalize(const char *text, size_t length) {
    char *copy = alloc_zero(length + 1, 1), *at = copy;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (!isspace(byte))
            *at++ = (char)tolower(byte);
        else if (at > copy && at[-1] != ' ')
            *at++ = ' ';
    }
    if (at > copy && at[-1] == ' ')
        *--at = '\0';
    return copy;
}

static const char *skip_spaces(const char *at) {
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

/* A number or "max"; NULL where there is none, else what stands behind it. */
static const char *read_number(const char *at, long *ret) {
    at = skip_spaces(at);
    if (strncasecmp(at, "max", 3) == 0) {
        *ret = NO_LIMIT;
        return skip_spaces(at + 3);
    }
    const char *digits = *at == '-' ? at + 1 : at, *end = digits;
    long value = 0;
    for (; isdigit((unsigned char)*end); end++)
        value = value < NO_LIMIT / 10 ? value * 10 + (*end - '0') : NO_LIMIT;
    if (end == digits)
        return NULL;
    *ret = *at == '-' ? -value : value;
    return skip_spaces(end);
}

/* What stands in the brackets that open at `open`: false where it is no length or precision. */
static bool read_numbers(const char *open, struct type_parts *parts, const char **ret_behind) {
    const char *at = open + 1;
    while (parts->count < ARRAY_LENGTH(parts->numbers)) {
        at = read_number(at, &parts->numbers[parts->count]);
        if (!at)
            return false;
        parts->count++;
        if (*at != ',')
            break;
        at++;
    }
    size_t letters = 0;
    while (isalpha((unsigned char)at[letters]))
        letters++;
    parts->unit = normalize(at, letters);
    at = skip_spaces(at + letters);
    *ret_behind = at + 1;
    return *at == ')';
}

static const struct type_word *find_word(const char *word) {
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcmp(words[i].word, word) == 0)
            return &words[i];
    return NULL;
}

/* "timestamp(3) with time zone" is the word "timestamp with time zone" with a precision. */
static void join_word(struct type_parts *parts) {
    if (*parts->suffix == '\0')
        return;
    CLEANUP(cleanup_free) char *whole = alloc_printf("%s %s", parts->base, parts->suffix);
    if (!find_word(whole))
        return;
    free(parts->base);
    parts->base = TAKE_PTR(whole);
    *parts->suffix = '\0';
}

static void parse_type(const char *text, struct type_parts *ret) {
    struct type_parts parts = {0};
    const char *open = strchr(text, '('), *behind = open;
    if (open && !read_numbers(open, &parts, &behind)) {
        parts.count = 0;
        behind = open;
    }
    if (!parts.unit || parts.count == 0) {
        free(parts.unit);
        parts.unit = alloc_strdup("");
    }
    parts.base = normalize(text, open ? (size_t)(open - text) : strlen(text));
    parts.suffix = behind ? normalize(behind, strlen(behind)) : alloc_strdup("");
    join_word(&parts);
    *ret = parts;
}

/* The spelling that stands for a word. */
static const char *spelling(const struct type_parts *parts) {
    const struct type_word *word = find_word(parts->base);
    return word && word->same_as ? word->same_as : parts->base;
}

/* How much fits before the point, or in all; and behind it. */
struct room {
    long whole, fraction;
};

/* Where nothing is stated, a string has its word's length and all else no limit. */
static struct room room_of(const struct type_parts *parts) {
    const struct type_word *word = find_word(parts->base);
    bool string = word && word->family == FAMILY_STRING;
    if (parts->count == 0)
        return (struct room){string ? word->size : NO_LIMIT, string ? 0 : NO_LIMIT};
    long scale = parts->count == 2 ? parts->numbers[1] : 0;
    return (struct room){parts->numbers[0] >= NO_LIMIT ? NO_LIMIT : parts->numbers[0] - scale, scale};
}

static bool has_room(struct room room, struct room needed) {
    return room.whole >= needed.whole && room.fraction >= needed.fraction;
}

static bool same_word(const struct type_parts *old, const struct type_parts *new) {
    bool same_unit = old->count == 0 || new->count == 0 || strcmp(old->unit, new->unit) == 0;
    return same_unit && strcmp(spelling(old), spelling(new)) == 0 && strcmp(old->suffix, new->suffix) == 0;
}

static enum type_growth growth_of(const struct type_parts *old, const struct type_parts *new) {
    if (!same_word(old, new))
        return TYPE_OTHER;
    struct room before = room_of(old), after = room_of(new);
    if (!has_room(after, before))
        return TYPE_SHRANK;
    return has_room(before, after) ? TYPE_OTHER : TYPE_GREW;
}

enum type_growth type_growth(const char *old_type, const char *new_type) {
    if (!old_type || !new_type)
        return TYPE_OTHER;
    CLEANUP(parts_done) struct type_parts old, new;
    parse_type(old_type, &old);
    parse_type(new_type, &new);
    return growth_of(&old, &new);
}

static long digits_of_integer(long bits) {
    for (size_t i = 0; i < ARRAY_LENGTH(integer_digits); i++)
        if (bits <= integer_digits[i].bits)
            return integer_digits[i].digits;
    return NO_LIMIT;
}

static bool exact_holds(const struct type_word *old_word, const struct type_parts *old,
                        const struct type_word *new_word, const struct type_parts *new) {
    if (old_word->family == FAMILY_INTEGER)
        return room_of(new).whole >= digits_of_integer(old_word->size);
    return old_word->family == FAMILY_EXACT && new_word->size >= old_word->size &&
           has_room(room_of(new), room_of(old));
}

static bool string_holds(const struct type_word *old_word, const struct type_parts *old,
                         const struct type_parts *new) {
    long needed = old_word->family == FAMILY_STRING ? room_of(old).whole : NO_LIMIT;
    return room_of(new).whole >= needed;
}

/* The row of a type's word. A number with a precision is an exact one. */
static struct type_word word_of(const struct type_parts *parts) {
    static const struct type_word none, exact = {"", FAMILY_EXACT, 1, NULL};
    const struct type_word *word = *parts->suffix == '\0' ? find_word(parts->base) : NULL;
    if (!word)
        return none;
    return word->family == FAMILY_NUMBER && parts->count > 0 ? exact : *word;
}

static bool holds(const struct type_parts *old, const struct type_parts *new) {
    struct type_word old_word = word_of(old), new_word = word_of(new);
    bool numeric = old_word.family >= FAMILY_INTEGER && old_word.family <= FAMILY_NUMBER;
    if (old_word.family == FAMILY_NONE)
        return false;
    switch (new_word.family) {
    case FAMILY_INTEGER:
        return old_word.family == FAMILY_INTEGER && new_word.size >= old_word.size;
    case FAMILY_FLOAT:
        return numeric && old_word.family <= FAMILY_FLOAT && new_word.size >= old_word.size;
    case FAMILY_EXACT:
        return exact_holds(&old_word, old, &new_word, new);
    case FAMILY_NUMBER:
        return numeric;
    case FAMILY_STRING:
        return string_holds(&old_word, old, new);
    default:
        return false;
    }
}

bool type_is_wider(const char *old_type, const char *new_type) {
    if (!old_type || !new_type)
        return false;
    CLEANUP(parts_done) struct type_parts old, new;
    parse_type(old_type, &old);
    parse_type(new_type, &new);
    return same_word(&old, &new) ? growth_of(&old, &new) != TYPE_SHRANK : holds(&old, &new);
}
