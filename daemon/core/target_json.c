#include "core/target_json.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/alloc.h"
#include "core/json_scan.h"
#include "core/target_build.h"

/* Each read_x() reads one part of the document and hands it to the builder. cJSON finds the structure and
 * decodes texts (its numbers are never looked at); a walk over the same bytes goes in step with it, for the
 * values as they came. */

static enum value_kind kind_of(const cJSON *item) {
    /* clang-format off */
    static const struct { int type; enum value_kind kind; } kinds[] = {
        {cJSON_String, VALUE_TEXT}, {cJSON_True, VALUE_TRUE}, {cJSON_False, VALUE_FALSE}, {cJSON_NULL, VALUE_NULL},
        {cJSON_Number, VALUE_NUMBER}, {cJSON_Array, VALUE_LIST}, {cJSON_Object, VALUE_OBJECT},
    };
    /* clang-format on */
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if ((item->type & 0xff) == kinds[i].type)
            return kinds[i].kind;
    return VALUE_ABSENT;
}

static struct value value_of(const cJSON *item, struct span raw) {
    return (struct value){
        .kind = kind_of(item), .key = item->string, .text = item->valuestring, .raw = raw, .node = item};
}

/* The members of an object or items of an array, one by one. */
struct children {
    const cJSON *next;
    struct json_walk walk;
};

static struct children children_of(const struct builder *builder, const struct value *value) {
    struct children children = {.next = ((const cJSON *)value->node)->child};
    if (!json_walk_init(&children.walk, value->raw))
        children.next = NULL;
    children.walk.index = &builder->index;
    return children;
}

static bool children_next(struct children *children, struct value *ret) {
    struct span key, raw;
    if (!children->next || !json_walk_next(&children->walk, &key, &raw))
        return false;
    *ret = value_of(children->next, raw);
    children->next = children->next->next;
    return true;
}

static size_t children_count(const struct value *value) {
    size_t count = 0;
    for (const cJSON *child = ((const cJSON *)value->node)->child; child; child = child->next)
        count++;
    return count;
}

static bool read_object(struct builder *builder, const struct value *value, const struct place *place,
                        const struct known_table *table, struct object *ret) {
    struct value member;
    if (value->kind != VALUE_OBJECT)
        return builder_refuse(builder, place, NULL, "an object was expected", value);
    object_begin(builder, table, ret);
    for (struct children members = children_of(builder, value); children_next(&members, &member);)
        object_add(builder, ret, &member);
    return object_end(builder, ret, place);
}

static bool read_functions(struct builder *builder, const struct value *list, const struct place *field,
                           struct json_value *ret) {
    struct place place = {.outer = field, .name = "identity_functions"};
    struct value item;
    struct object object;
    functions_begin(builder);
    if (list->kind == VALUE_LIST) {
        for (struct children items = children_of(builder, list); children_next(&items, &item);
             place.index++) {
            if (!read_object(builder, &item, &place, &known_function, &object))
                return false;
            functions_add(builder, &object, &item);
        }
    }
    *ret = functions_end(builder, list);
    return true;
}

static bool read_field(struct builder *builder, const struct value *value, const struct place *place,
                       struct field *ret) {
    struct object object;
    return read_object(builder, value, place, &known_field, &object) &&
           build_field(builder, &object, value, place, ret) &&
           read_functions(builder, &object.known[IN_FIELD_FUNCTIONS], place, &ret->identity_functions);
}

static bool read_fields(struct builder *builder, const struct value *list, const struct place *data) {
    struct place place = {.outer = data, .name = "fields"};
    size_t count = 0;
    struct value item;
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): builder_refuse() is always false */
    if (list->kind != VALUE_LIST)
        return true;
    struct field *fields = arena_alloc(builder->target->arena, (children_count(list) + 1) * sizeof(*fields));
    for (struct children items = children_of(builder, list); children_next(&items, &item); place.index++) {
        if (!read_field(builder, &item, &place, &fields[count]))
            return false;
        if (fields[count].id)
            count++;
        else
            builder->target->fields_without_id++;
    }
    build_fields(builder, fields, count);
    return true;
}

static bool read_modes(struct builder *builder, const struct value *list, const struct place *data) {
    struct place place = {.outer = data, .name = "modes"};
    size_t count = 0;
    struct value item;
    struct object object;
    if (list->kind != VALUE_LIST)
        return true;
    struct mode *modes = arena_alloc(builder->target->arena, (children_count(list) + 1) * sizeof(*modes));
    for (struct children items = children_of(builder, list); children_next(&items, &item); place.index++) {
        if (!read_object(builder, &item, &place, &known_mode, &object) ||
            !build_mode(builder, &object, &item, &place, &modes[count]))
            return false;
        if (modes[count].id)
            count++;
        else
            builder->target->modes_without_id++;
    }
    build_modes(builder, modes, count, list);
    return true;
}

static bool read_properties(struct builder *builder, const struct value *value, const struct place *data) {
    struct place place = {.outer = data, .name = "properties", .index = PLACE_NO_INDEX};
    struct object object;
    if (value->kind != VALUE_OBJECT)
        return true;
    return read_object(builder, value, &place, &known_properties, &object) &&
           build_properties(builder, &object, value, &place);
}

static bool read_data(struct builder *builder, const struct value *value, const char *body,
                      const char *expected_id) {
    const struct place data = {.name = "data", .index = PLACE_NO_INDEX};
    struct object object;
    const struct value *known = object.known;
    if (!read_object(builder, value, &data, &known_data, &object))
        return false;
    builder->target->name = builder_keep_text(builder, &known[DATA_NAME]);
    return build_id(builder, &known[DATA_ID], expected_id, &data) &&
           build_refreshed_at(builder, &known[DATA_REFRESHED_AT], body, &data) &&
           read_fields(builder, &known[DATA_FIELDS], &data) &&
           read_modes(builder, &known[DATA_MODES], &data) &&
           read_properties(builder, &known[DATA_PROPERTIES], &data);
}

/* The last `data` counts, as in jsonb. */
static bool read_document(struct builder *builder, const cJSON *root, const char *body, size_t length,
                          const char *expected_id) {
    if (!root)
        return error_set(builder->error, CAUSE_SHAPE, "a JSON document that cJSON cannot read");
    const char *start = scan_space(body, body + length);
    struct value document =
        value_of(root, (struct span){.data = start, .length = (size_t)(body + length - start)});
    if (document.kind != VALUE_OBJECT)
        return builder_refuse(builder, NULL, "the document", "an object was expected", &document);
    while (start[document.raw.length - 1] != '}') /* white space behind it */
        document.raw.length--;
    struct value member, data = {.kind = VALUE_ABSENT};
    for (struct children members = children_of(builder, &document); children_next(&members, &member);)
        if (strcmp(member.key, "data") == 0)
            data = member;
    return read_data(builder, &data, body, expected_id);
}

struct target *target_parse(const char *body, size_t length, const char *expected_id,
                            struct error *ret_error) {
    struct builder builder;
    bool read = false;
    builder_init(&builder, length * 2 + 16, ret_error); /* canonical numbers may be longer: 10 is 1e1 */
    if (json_check_index(body, length, &builder.index, ret_error)) {
        cJSON *root = cJSON_ParseWithLengthOpts(body, length, NULL, false);
        read = read_document(&builder, root, body, length, expected_id);
        cJSON_Delete(root);
    }
    builder_done(&builder);
    if (read)
        return builder.target;
    target_free(builder.target);
    return NULL;
}
