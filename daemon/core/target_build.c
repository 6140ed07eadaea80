#include "core/target_build.h"

#include <stdlib.h>
#include <string.h>

void builder_init(struct builder *builder, size_t maximum, struct error *error) {
    struct arena *arena = arena_new();
    *builder = (struct builder){.target = arena_alloc(arena, sizeof(*builder->target)), .error = error};
    builder->target->arena = arena;
    builder->target->refreshed_at = USEC_NONE;
    buffer_init(&builder->scratch, maximum);
}

void builder_done(struct builder *builder) {
    free(builder->unknown);
    free(builder->functions);
    json_index_done(&builder->index);
    buffer_done(&builder->scratch);
}

bool builder_refuse(struct builder *builder, const struct place *place, const char *name,
                    const char *expected, const struct value *found) {
    static const char *const kinds[] = {
        [VALUE_ABSENT] = "nothing", [VALUE_NULL] = "null",        [VALUE_FALSE] = "false",
        [VALUE_TRUE] = "true",      [VALUE_NUMBER] = "a number",  [VALUE_TEXT] = "a string",
        [VALUE_LIST] = "an array",  [VALUE_OBJECT] = "an object",
    };
    return place_refuse(place, name, expected, kinds[found->kind], builder->error);
}

void object_begin(struct builder *builder, const struct known_table *table, struct object *ret) {
    *ret = (struct object){.table = table};
    builder->unknown_count = 0;
}

void object_add(struct builder *builder, struct object *object, const struct value *value) {
    size_t at = known_find(object->table, value->key, object->hint);
    if (at < object->table->count) {
        object->known[at] = *value;
        object->hint = at + 1 < object->table->count ? at + 1 : 0;
        return;
    }
    builder->unknown = alloc_grow(builder->unknown, &builder->unknown_capacity, builder->unknown_count + 1,
                                  sizeof(*builder->unknown));
    builder->unknown[builder->unknown_count++] = *value;
}

static int compare_unknown(const void *a, const void *b) {
    const struct value *left = a, *right = b;
    int order = strcmp(left->key, right->key);
    return order != 0 ? order : (left->raw.data > right->raw.data) - (left->raw.data < right->raw.data);
}

/* Sorts the unknown members by name; of each name the last stays. */
static void sort_unknown(struct builder *builder) {
    struct value *unknown = builder->unknown;
    size_t count = builder->unknown_count, kept = 0;
    if (count > 1)
        qsort(unknown, count, sizeof(*unknown), compare_unknown);
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || strcmp(unknown[i].key, unknown[i + 1].key) != 0)
            unknown[kept++] = unknown[i];
    builder->unknown_count = kept;
}

static bool has_type(const struct value *value, enum member_type type) {
    static const enum value_kind kinds[] = {
        [TYPE_TEXT] = VALUE_TEXT,
        [TYPE_FLAG] = VALUE_TRUE,
        [TYPE_LIST] = VALUE_LIST,
        [TYPE_OBJECT] = VALUE_OBJECT,
    };
    return value->kind <= VALUE_NULL || value->kind == kinds[type] ||
           (type == TYPE_FLAG && value->kind == VALUE_FALSE);
}

bool object_end(struct builder *builder, struct object *object, const struct place *place) {
    sort_unknown(builder);
    for (size_t i = 0; i < object->table->count; i++) {
        const struct known *known = &object->table->members[i];
        if (!has_type(&object->known[i], known->type))
            return builder_refuse(builder, place, known->name, member_type_expected[known->type],
                                  &object->known[i]);
    }
    return true;
}

static const char *keep(struct builder *builder, const char *text, size_t length) {
    return arena_strndup(builder->target->arena, text, length);
}

const char *builder_keep_text(struct builder *builder, const struct value *value) {
    return value->kind == VALUE_TEXT ? keep(builder, value->text, strlen(value->text)) : NULL;
}

const char *builder_keep_raw(struct builder *builder, const struct value *value) {
    return value->kind > VALUE_NULL ? keep(builder, value->raw.data, value->raw.length) : NULL;
}

static bool check_length(struct builder *builder, const struct place *place, const char *name,
                         const char *text) {
    if (strlen(text) <= TARGET_ID_MAX)
        return true;
    return place_refuse(place, name,
                        name ? "at most 1000 bytes were expected"
                             : "at most 1000 bytes in a member's name were expected",
                        "a longer one", builder->error);
}

bool build_id(struct builder *builder, const struct value *value, const char *expected_id,
              const struct place *data) {
    const char *id = builder->target->id = builder_keep_text(builder, value);
    char expected[80], found[80];
    if (!id || id[0] == '\0')
        return true;
    if (!check_length(builder, data, "id", id))
        return false;
    if (!expected_id || strcmp(id, expected_id) == 0)
        return true;
    text_sanitize(id, strlen(id), found, sizeof(found));
    text_sanitize(expected_id, strlen(expected_id), expected, sizeof(expected));
    return error_set(builder->error, CAUSE_SHAPE, "data.id: \"%s\" was expected, \"%s\" stands there",
                     expected, found);
}

bool build_refreshed_at(struct builder *builder, const struct value *value, const char *body,
                        const struct place *data) {
    struct target *target = builder->target;
    if (value->kind != VALUE_TEXT)
        return true;
    if (!rfc3339_parse(value->text, strlen(value->text), &target->refreshed_at))
        return place_refuse(data, "refreshed_at", "an RFC 3339 time was expected", "another text",
                            builder->error);
    target->refreshed_offset = (size_t)(value->raw.data - body) + 1;
    target->refreshed_length = value->raw.length - 2;
    return true;
}

/* Keeps the unknown members in `ret`, which has room for them. */
static bool keep_unknown(struct builder *builder, const struct place *place, struct member *ret) {
    for (size_t i = 0; i < builder->unknown_count; i++) {
        const struct value *value = &builder->unknown[i];
        if (!check_length(builder, place, NULL, value->key))
            return false;
        ret[i] = (struct member){.key = keep(builder, value->key, strlen(value->key)),
                                 .value = json_keep(builder->target->arena, value->raw, &builder->scratch)};
    }
    return true;
}

static int compare_members(const void *a, const void *b) {
    return strcmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

/* All members of an object, known ones from row `first` of their table on. */
static bool keep_members(struct builder *builder, const struct object *object, size_t first,
                         const struct place *place, const struct member **ret, size_t *ret_count) {
    struct arena *arena = builder->target->arena;
    size_t count = 0;
    struct member *members =
        arena_alloc(arena, (builder->unknown_count + object->table->count) * sizeof(*members));
    for (size_t i = first; i < object->table->count; i++) {
        if (object->known[i].kind == VALUE_ABSENT)
            continue;
        members[count++] = (struct member){
            .key = object->table->members[i].name,
            .value = json_keep(arena, object->known[i].raw, &builder->scratch),
            .known = true,
        };
    }
    if (!keep_unknown(builder, place, members + count))
        return false;
    count += builder->unknown_count;
    if (count > 1)
        qsort(members, count, sizeof(*members), compare_members);
    *ret = members;
    *ret_count = count;
    return true;
}

/* A text that may be an id: NULL where it is empty. */
static const char *keep_id(struct builder *builder, const struct value *value) {
    return value->kind == VALUE_TEXT && value->text[0] != '\0' ? builder_keep_text(builder, value) : NULL;
}

static enum flag read_flag(const struct value *value) {
    return value->kind == VALUE_TRUE ? FLAG_TRUE : value->kind == VALUE_FALSE ? FLAG_FALSE : FLAG_ABSENT;
}

bool build_field(struct builder *builder, const struct object *object, const struct value *value,
                 const struct place *place, struct field *ret) {
    const struct value *known = object->known;
    *ret =
        (struct field){.id = keep_id(builder, &known[IN_FIELD_ID]), .position = (unsigned)place->index + 1};
    if (!ret->id)
        return true;
    for (size_t i = 0; i < FIELD_TEXT_COUNT; i++)
        ret->texts[i] = builder_keep_text(builder, &known[IN_FIELD_TEXTS + i]);
    for (size_t i = 0; i < FIELD_FLAG_COUNT; i++)
        ret->flags[i] = read_flag(&known[IN_FIELD_FLAGS + i]);
    ret->raw = builder_keep_raw(builder, value);
    if (builder->unknown_count > 0) {
        struct member *extra = arena_alloc(builder->target->arena, builder->unknown_count * sizeof(*extra));
        if (!keep_unknown(builder, place, extra))
            return false;
        ret->extra = extra;
        ret->extra_count = builder->unknown_count;
    }
    return check_length(builder, place, "id", ret->id);
}

void functions_begin(struct builder *builder) {
    builder->function_count = 0;
}

void functions_add(struct builder *builder, const struct object *object, const struct value *value) {
    const struct value *id = &object->known[FUNCTION_ID];
    builder->functions = alloc_grow(builder->functions, &builder->function_capacity,
                                    builder->function_count + 1, sizeof(*builder->functions));
    builder->functions[builder->function_count++] = (struct function){
        .id = id->kind == VALUE_TEXT ? id->text : "",
        .canonical = json_keep_canonical(builder->target->arena, value->raw, &builder->scratch),
    };
}

struct json_value functions_end(struct builder *builder, const struct value *list) {
    if (list->kind != VALUE_LIST)
        return (struct json_value){.raw = list->kind == VALUE_NULL ? "null" : NULL, .canonical = ""};
    return (struct json_value){
        .raw = builder_keep_raw(builder, list),
        .canonical = functions_join(builder->target->arena, builder->functions, builder->function_count),
    };
}

bool build_mode(struct builder *builder, const struct object *object, const struct value *value,
                const struct place *place, struct mode *ret) {
    *ret = (struct mode){.id = keep_id(builder, &object->known[MODE_ID]),
                         .position = (unsigned)place->index + 1};
    if (!ret->id)
        return true;
    ret->raw = builder_keep_raw(builder, value);
    return check_length(builder, place, "mode", ret->id) &&
           keep_members(builder, object, MODE_ID + 1, place, &ret->members, &ret->member_count);
}

bool build_properties(struct builder *builder, const struct object *object, const struct value *value,
                      const struct place *place) {
    struct target *target = builder->target;
    target->properties_raw = builder_keep_raw(builder, value);
    target->has_properties = true;
    return keep_members(builder, object, 0, place, &target->properties, &target->property_count);
}

static int compare_places(const char *left_id, unsigned left, const char *right_id, unsigned right) {
    int order = strcmp(left_id, right_id);
    return order != 0 ? order : (left > right) - (left < right);
}

static int compare_fields(const void *a, const void *b) {
    const struct field *left = a, *right = b;
    return compare_places(left->id, left->position, right->id, right->position);
}

static int compare_modes(const void *a, const void *b) {
    const struct mode *left = a, *right = b;
    return compare_places(left->id, left->position, right->id, right->position);
}

void build_fields(struct builder *builder, struct field *fields, size_t count) {
    struct target *target = builder->target;
    if (count > 1)
        qsort(fields, count, sizeof(*fields), compare_fields);
    for (size_t i = 1; i < count && !target->has_duplicates; i++)
        target->has_duplicates = strcmp(fields[i - 1].id, fields[i].id) == 0;
    target->fields = fields;
    target->field_count = count;
    target->has_fields = true;
}

void build_modes(struct builder *builder, struct mode *modes, size_t count, const struct value *list) {
    struct target *target = builder->target;
    if (count > 1)
        qsort(modes, count, sizeof(*modes), compare_modes);
    for (size_t i = 0; i < count; i++)
        if (target->mode_count == 0 || strcmp(modes[i].id, modes[target->mode_count - 1].id) != 0)
            modes[target->mode_count++] = modes[i];
    target->modes = modes;
    target->modes_raw = builder_keep_raw(builder, list);
    target->has_modes = true;
}
