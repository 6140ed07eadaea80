/* Bytes that must be JSON which PostgreSQL's jsonb also takes: checked before anything is built from them,
 * and walked without building anything, so that the bytes that the API sent can be kept (integers above 2^53,
 * fractions). RFC 8259. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Values bound what a parser makes of a small body: an empty string is three bytes here and 64 in its tree. A
 * real answer of 16 MiB holds about 800,000. */
enum { JSON_DEPTH_MAX = 1000, JSON_VALUES_MAX = 2000000 };

/* A run of bytes in somebody else's memory. `data` is NULL where there is none. */
struct span {
    const char *data;
    size_t length;
};

/* Checks a whole document: the grammar, nothing behind it, at most JSON_DEPTH_MAX levels and JSON_VALUES_MAX
 * values, valid UTF-8, no \u0000, no lone surrogate, no number that `numeric` cannot hold. On failure
 * CAUSE_SHAPE, with the byte's offset and what is wrong. */
bool json_check(const char *text, size_t length, struct error *ret_error);

/* Where each object and array of a document stands, in the order of their beginnings: a walk that has it
 * passes over them at once. */
struct json_index {
    struct span *spans;
    size_t count, capacity;
};

/* json_check(), which fills *index besides: an empty one (all zero), for json_index_done() in any case. */
bool json_check_index(const char *text, size_t length, struct json_index *index, struct error *ret_error);
void json_index_done(struct json_index *index);

/* Walks the members of an object, or the items of an array, in a document that json_check() has passed. */
struct json_walk {
    const char *next, *end;
    const struct json_index *index; /* may be set after json_walk_init(); NULL: none */
};

/* Starts at an object or array: false where `value` is neither. */
bool json_walk_init(struct json_walk *walk, struct span value);

/* The next member: its key as it stands between the quotes, escapes and all (NULL data in an array), and its
 * value's bytes. False at the end. */
bool json_walk_next(struct json_walk *walk, struct span *ret_key, struct span *ret_value);

/* Appends the canonical form of a value: two values have the same where jsonb calls them equal, and besides,
 * in objects, where they differ only by members that are null, false, "" or []. Keys are sorted, of equal
 * keys the last counts, numbers stand in one notation, strings are unescaped as far as possible. Empty for
 * null, false, "" and [] themselves. False where the buffer's maximum is reached. */
bool json_canonical(struct span value, struct buffer *buffer) MUST_USE;

/* Appends text as a JSON string, with its quotes. NULL becomes null. */
bool json_quote(const char *text, struct buffer *buffer) MUST_USE;
