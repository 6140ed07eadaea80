#include "core/glob.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"

enum { REGEX_MAX = 64 * 1024 * 1024 };

/* A glob comes from the configuration, which is limited itself. */
static void put(struct buffer *regex, const char *text, size_t length) {
    if (!buffer_append(regex, text, length))
        abort();
}

static void put_text(struct buffer *regex, const char *text) {
    put(regex, text, strlen(text));
}

/* Takes a character of UTF-8 off; 0 at the end. What is not UTF-8 is taken byte by byte. */
static uint32_t next_character(const char **text) {
    const unsigned char *at = (const unsigned char *)*text;
    unsigned char first = at[0];
    if (first == 0)
        return 0;
    size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
    uint32_t code = size == 1 ? first : first & (0x7fU >> size);
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) { /* the NUL among them */
            size = 1;
            code = first;
            break;
        }
        code = code << 6 | (at[i] & 0x3f);
    }
    *text += size;
    return code;
}

/* What stands between brackets, as it is read. */
struct bracket {
    const char *at;
    struct buffer set;  /* the inside of a regular expression's brackets */
    struct buffer dead; /* likewise: what is in the set and yet does not match */
    bool inverted;
    bool opening;      /* '[' is in the set ... */
    bool opening_dead; /* ... and does not match */
    bool broken;       /* something is wrong: what follows it holds nothing */
};

/* Each character as \u or \U: nothing is special then. A range that goes backwards holds nothing. */
static void add_range(struct bracket *bracket, uint32_t first, uint32_t last) {
    char text[40];
    if (bracket->broken || first > last)
        return;
    bracket->opening |= first <= '[' && '[' <= last;
    snprintf(text, sizeof(text), "\\U%08x-\\U%08x", (unsigned)first, (unsigned)last);
    put(&bracket->set, text, first == last ? 10 : 21);
}

static const struct {
    const char *name;
    int (*holds)(int character);
} classes[] = {{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
               {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
               {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit}};

/* "[:alpha:]", whose name has letters only, and none that is 'z': else the bracket in it is a character as
 * any. `at` stands on the colon. */
static bool take_class(struct bracket *bracket) {
    const char *name = bracket->at + 1;
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxy");
    if (name[length] != ':' || name[length + 1] != ']')
        return false;
    bracket->at = name + length + 2;
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++) {
        if (strlen(classes[i].name) != length || memcmp(classes[i].name, name, length) != 0)
            continue;
        for (int character = 1; character < 128; character++)
            if (classes[i].holds(character))
                add_range(bracket, (uint32_t)character, (uint32_t)character);
        return true;
    }
    bracket->broken = true;
    return true;
}

/* "[=a=]": the character alone, as in the C locale. `at` stands on the first sign. */
static bool take_equivalents(struct bracket *bracket) {
    const char *at = bracket->at + 1;
    uint32_t character = next_character(&at);
    if (character == 0 || at[0] != '=' || at[1] != ']') {
        /* fnmatch() stumbles over it where it skips what follows a match */
        bracket->opening_dead |= bracket->opening;
        if (!bracket->inverted)
            put(&bracket->dead, buffer_text(&bracket->set), bracket->set.length);
        return false;
    }
    bracket->at = at + 2;
    add_range(bracket, character, character);
    return true;
}

/* "[.a.]", which may begin and end a range. `at` stands on the first dot. */
static uint32_t take_symbol(struct bracket *bracket) {
    const char *end = *bracket->at && bracket->at[1] ? strstr(bracket->at + 1, ".]") : NULL;
    const char *at = bracket->at + 1;
    uint32_t character = end ? next_character(&at) : 0;
    if (!end || at != end)
        bracket->broken = true; /* no name that is known */
    bracket->at = end ? end + 2 : bracket->at + strlen(bracket->at);
    return character;
}

/* Takes a character that may begin or end a range; false where the glob ends. */
static bool take_character(struct bracket *bracket, uint32_t *ret_character) {
    *ret_character = next_character(&bracket->at);
    if (*ret_character == '[' && *bracket->at == '.')
        *ret_character = take_symbol(bracket);
    else if (*ret_character == '\\')
        *ret_character = next_character(&bracket->at);
    return *ret_character != 0;
}

static void take_item(struct bracket *bracket) {
    uint32_t first, last;
    if (bracket->at[0] == '[' && (bracket->at[1] == ':' || bracket->at[1] == '=')) {
        bracket->at++;
        if (*bracket->at == ':' ? take_class(bracket) : take_equivalents(bracket))
            return;
        bracket->at--;
    }
    if (!take_character(bracket, &first)) {
        bracket->broken = true;
        return;
    }
    last = first;
    if (bracket->at[0] == '-' && bracket->at[1] != ']') {
        bool cut = bracket->at[1] == '\0';
        bracket->at++;
        if (cut)
            add_range(bracket, first, first);
        if (!take_character(bracket, &last))
            bracket->broken = true;
    }
    add_range(bracket, first, last);
}

static const char nothing[] = "(?!.*)";

static void put_set(struct buffer *regex, const char *before, const struct buffer *set, const char *after) {
    put_text(regex, before);
    put(regex, set->data, set->length);
    put_text(regex, after);
}

/* Writes what a bracket stands for. Returns where the glob goes on. */
static const char *put_bracket(struct buffer *regex, const char *opening) {
    struct bracket bracket = {.at = opening + 1};
    buffer_init(&bracket.set, REGEX_MAX);
    buffer_init(&bracket.dead, REGEX_MAX);
    bracket.inverted = *bracket.at == '!' || *bracket.at == '^';
    bracket.at += bracket.inverted;
    bool closed = false;
    if (*bracket.at != '\0') {
        do
            take_item(&bracket); /* a ']' that comes first is a character */
        while (*bracket.at != ']' && *bracket.at != '\0');
        closed = *bracket.at == ']';
    }
    const char *rest = closed ? bracket.at + 1 : opening + 1;
    bool empty = bracket.set.length == 0;
    if (!closed) /* the '[' is a character as any */
        put_text(regex, bracket.opening_dead || (bracket.broken && !bracket.opening) ? nothing : "\\[");
    else if (bracket.inverted ? bracket.broken : empty)
        put_text(regex, nothing);
    else if (empty)
        put_text(regex, ".");
    else {
        if (bracket.dead.length > 0)
            put_set(regex, "(?![", &bracket.dead, "])");
        put_set(regex, bracket.inverted ? "[^" : "[", &bracket.set, "]");
    }
    buffer_done(&bracket.set);
    buffer_done(&bracket.dead);
    return rest;
}

static void put_literal(struct buffer *regex, const char *bytes, size_t length) {
    if (length == 1 && ispunct((unsigned char)*bytes) && *bytes != '_')
        put_text(regex, "\\");
    put(regex, bytes, length);
}

static void put_glob(struct buffer *regex, const char *glob) {
    while (*glob) {
        const char *at = glob;
        switch (*glob) {
        case '*':
            put_text(regex, ".*");
            glob += strspn(glob, "*");
            break;
        case '?':
            put_text(regex, ".");
            glob++;
            break;
        case '[':
            glob = put_bracket(regex, glob);
            break;
        case '\\':
            at = ++glob;
            if (*glob == '\0') { /* it escapes nothing: no text matches */
                put_text(regex, nothing);
                break;
            }
            __attribute__((fallthrough));
        default:
            next_character(&glob);
            put_literal(regex, at, (size_t)(glob - at));
        }
    }
}

char *glob_regex(const char *const *globs, size_t count) {
    if (count == 0)
        return NULL;
    struct buffer regex;
    buffer_init(&regex, REGEX_MAX);
    put_text(&regex, "^(?:");
    for (size_t i = 0; i < count; i++) {
        put_text(&regex, i > 0 ? "|" : "");
        put_glob(&regex, globs[i]);
    }
    put_text(&regex, ")$");
    return buffer_take(&regex);
}
