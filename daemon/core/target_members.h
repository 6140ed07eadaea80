/* What the documentation names of a target's JSON, as tables; where in a document an error is; how values are
 * kept. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/error.h"
#include "core/json_text.h"
#include "core/target.h"

/* Null is allowed for each. */
enum member_type { TYPE_TEXT, TYPE_FLAG, TYPE_LIST, TYPE_OBJECT };

/* "a string or null was expected", … */
extern const char *const member_type_expected[];

/* A member that the documentation names. */
struct known {
    const char *name;
    enum member_type type;
};

/* The members of one kind of object. */
struct known_table {
    const struct known *members;
    size_t count; /* at most KNOWN_MAX */
};

enum { KNOWN_MAX = 16 };

/* The rows of the tables that are asked for by name. */
enum { DATA_ID, DATA_NAME, DATA_REFRESHED_AT, DATA_FIELDS, DATA_MODES, DATA_PROPERTIES };
enum { FUNCTION_ID, FUNCTION_LABEL };
enum { MODE_ID };
enum {
    IN_FIELD_ID,
    IN_FIELD_TEXTS,
    IN_FIELD_FLAGS = IN_FIELD_TEXTS + FIELD_TEXT_COUNT,
    IN_FIELD_FUNCTIONS = IN_FIELD_FLAGS + FIELD_FLAG_COUNT,
};

extern const struct known_table known_data, known_field, known_function, known_mode, known_properties;

/* The row of a name, table->count where there is none. `hint`: where to look first; members come in the same
 * order again and again. */
size_t known_find(const struct known_table *table, const char *name, size_t hint);

/* Where in the document we are: an object, or an item of a list, inside another place. */
struct place {
    const struct place *outer; /* NULL: the document */
    const char *name;
    size_t index; /* PLACE_NO_INDEX: no list */
};

#define PLACE_NO_INDEX SIZE_MAX

/* Sets CAUSE_SHAPE, "data.fields[3].required: a boolean or null was expected, a string stands there". `name`
 * (may be NULL) is the member of that place. Returns false. */
bool place_refuse(const struct place *place, const char *name, const char *expected, const char *found,
                  struct error *ret_error);

/* A copy in the arena of a value's bytes, with its canonical form. The bytes have passed json_check();
 * `scratch` is an empty buffer, which is emptied before each use. */
struct json_value json_keep(struct arena *arena, struct span raw, struct buffer *scratch);

/* The canonical form alone. */
const char *json_keep_canonical(struct arena *arena, struct span raw, struct buffer *scratch);

/* An identity function in its canonical form. */
struct function {
    const char *id, *canonical; /* id: "" where it has none */
};

/* Sorts them by id, as their order means nothing: the canonical form of the list, in the arena. */
const char *functions_join(struct arena *arena, struct function *functions, size_t count);
