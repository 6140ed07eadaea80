/* The parts of a snapshot, built from an object's members that somebody else reads one by one. Knows no JSON
 * library. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "core/target.h"
#include "core/target_members.h"

enum value_kind {
    VALUE_ABSENT,
    VALUE_NULL,
    VALUE_FALSE,
    VALUE_TRUE,
    VALUE_NUMBER,
    VALUE_TEXT,
    VALUE_LIST,
    VALUE_OBJECT,
};

/* A value as it was read; all memory is the reader's. */
struct value {
    enum value_kind kind;
    const char *key;  /* NULL: an item of a list */
    const char *text; /* of a text: decoded */
    struct span raw;
    const void *node; /* the reader's own */
};

/* An object's members: of each name the last. Those that the table does not name are the builder's, until the
 * next object begins. */
struct object {
    const struct known_table *table;
    struct value known[KNOWN_MAX];
    size_t hint;
};

struct builder {
    struct target *target;   /* what is being built, in target->arena */
    struct json_index index; /* of the document */
    struct error *error;
    struct value *unknown;
    size_t unknown_count, unknown_capacity;
    struct function *functions;
    size_t function_count, function_capacity;
    struct buffer scratch;
};

/* A builder with an empty target. `maximum`: bytes of the longest canonical form. builder_done() leaves the
 * target. */
void builder_init(struct builder *builder, size_t maximum, struct error *error);
void builder_done(struct builder *builder);

/* Sets an error as place_refuse() does, of a value that stands there. Returns false. */
bool builder_refuse(struct builder *builder, const struct place *place, const char *name,
                    const char *expected, const struct value *found);

/* Reads an object: begin, add each member, end, which checks the types. */
void object_begin(struct builder *builder, const struct known_table *table, struct object *ret);
void object_add(struct builder *builder, struct object *object, const struct value *value);
bool object_end(struct builder *builder, struct object *object, const struct place *place);

/* A copy of a text, or of a value's bytes; NULL where it is absent or null. */
const char *builder_keep_text(struct builder *builder, const struct value *value);
const char *builder_keep_raw(struct builder *builder, const struct value *value);

/* The target's id and time. `body` is where the value's bytes begin to count; `expected_id` may be NULL. */
bool build_id(struct builder *builder, const struct value *value, const char *expected_id,
              const struct place *data);
bool build_refreshed_at(struct builder *builder, const struct value *value, const char *body,
                        const struct place *data);

/* A field from its members; its identity functions are the next step. ret->id is NULL where it has none. */
bool build_field(struct builder *builder, const struct object *object, const struct value *value,
                 const struct place *place, struct field *ret);

/* The functions of one field: begin, add each, then the value of the list. */
void functions_begin(struct builder *builder);
void functions_add(struct builder *builder, const struct object *object, const struct value *value);
struct json_value functions_end(struct builder *builder, const struct value *list);

/* A mode; ret->id is NULL where it has none. */
bool build_mode(struct builder *builder, const struct object *object, const struct value *value,
                const struct place *place, struct mode *ret);

/* The properties of the target; false with the builder's error where they are no object or too large. */
bool build_properties(struct builder *builder, const struct object *object, const struct value *value,
                      const struct place *place);

/* Sorts what was built and gives it to the target; of modes with the same id the first stays. */
void build_fields(struct builder *builder, struct field *fields, size_t count);
void build_modes(struct builder *builder, struct mode *modes, size_t count, const struct value *list);
