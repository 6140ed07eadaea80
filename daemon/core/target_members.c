#include "core/target_members.h"

#include <stdlib.h>
#include <string.h>

const char *const member_type_expected[] = {
    [TYPE_TEXT] = "a string or null was expected",
    [TYPE_FLAG] = "a boolean or null was expected",
    [TYPE_LIST] = "an array or null was expected",
    [TYPE_OBJECT] = "an object or null was expected",
};

/* clang-format off */
static const struct known data_members[] = {
    [DATA_ID]           = {"id", TYPE_TEXT},
    [DATA_NAME]         = {"name", TYPE_TEXT},
    [DATA_REFRESHED_AT] = {"refreshed_at", TYPE_TEXT},
    [DATA_FIELDS]       = {"fields", TYPE_LIST},
    [DATA_MODES]        = {"modes", TYPE_LIST},
    [DATA_PROPERTIES]   = {"properties", TYPE_OBJECT},
};

static const struct known field_members[] = {
    [IN_FIELD_ID]                              = {"id", TYPE_TEXT},
    [IN_FIELD_TEXTS + FIELD_NAME]              = {"name", TYPE_TEXT},
    [IN_FIELD_TEXTS + FIELD_DESCRIPTION]       = {"description", TYPE_TEXT},
    [IN_FIELD_TEXTS + FIELD_TYPE]              = {"type", TYPE_TEXT},
    [IN_FIELD_TEXTS + FIELD_SOURCE_TYPE]       = {"source_type", TYPE_TEXT},
    [IN_FIELD_FLAGS + FIELD_REQUIRED]          = {"required", TYPE_FLAG},
    [IN_FIELD_FLAGS + FIELD_CREATEABLE]        = {"createable", TYPE_FLAG},
    [IN_FIELD_FLAGS + FIELD_UPDATEABLE]        = {"updateable", TYPE_FLAG},
    [IN_FIELD_FLAGS + FIELD_FILTERABLE]        = {"filterable", TYPE_FLAG},
    [IN_FIELD_FLAGS + FIELD_ASSOCIATION]       = {"association", TYPE_FLAG},
    [IN_FIELD_FLAGS + FIELD_ENCRYPTABLE]       = {"encryptable", TYPE_FLAG},
    [IN_FIELD_FLAGS + FIELD_SUPPORTS_IDENTITY] = {"supports_identity", TYPE_FLAG},
    [IN_FIELD_FUNCTIONS]                       = {"identity_functions", TYPE_LIST},
};

static const struct known function_members[] = {
    [FUNCTION_ID]    = {"id", TYPE_TEXT},
    [FUNCTION_LABEL] = {"label", TYPE_TEXT},
};

static const struct known mode_members[] = {
    [MODE_ID] = {"mode", TYPE_TEXT},
    {"label", TYPE_TEXT},
    {"description", TYPE_TEXT},
    {"requires_identity", TYPE_FLAG},
    {"supports_field_sync_mode", TYPE_FLAG},
    {"supports_target_filters", TYPE_FLAG},
};

static const struct known properties_members[] = {
    {"does_not_report_operation_counts", TYPE_FLAG},
    {"mappings_not_required", TYPE_FLAG},
    {"optional_target_mappings", TYPE_FLAG},
    {"requires_configuration", TYPE_FLAG},
    {"supports_field_creation", TYPE_FLAG},
    {"supports_field_encryption", TYPE_FLAG},
    {"supports_field_type_selection", TYPE_FLAG},
    {"supports_identity_field_creation", TYPE_FLAG},
    {"supports_target_filters", TYPE_FLAG},
    {"target_creator", TYPE_FLAG},
    {"use_field_names_as_labels", TYPE_FLAG},
    {"new_target_label", TYPE_TEXT},
    {"primary_metadata_object", TYPE_TEXT},
};

#define TABLE(array) {(array), ARRAY_LENGTH(array)}; \
    _Static_assert(ARRAY_LENGTH(array) <= KNOWN_MAX, "KNOWN_MAX is too small")
const struct known_table known_data = TABLE(data_members);
const struct known_table known_field = TABLE(field_members);
const struct known_table known_function = TABLE(function_members);
const struct known_table known_mode = TABLE(mode_members);
const struct known_table known_properties = TABLE(properties_members);
/* clang-format on */

size_t known_find(const struct known_table *table, const char *name, size_t hint) {
    for (size_t i = 0; i < table->count; i++) {
        size_t at = hint + i < table->count ? hint + i : hint + i - table->count;
        if (table->members[at].name[0] == name[0] && strcmp(table->members[at].name, name) == 0)
            return at;
    }
    return table->count;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as a target's documented members */
static bool append_place(struct buffer *path, const struct place *place) {
    if (!place)
        return true;
    if (!append_place(path, place->outer) || (place->outer && !buffer_append_text(path, ".")) ||
        !buffer_append_text(path, place->name))
        return false;
    return place->index == PLACE_NO_INDEX || buffer_append_format(path, "[%zu]", place->index);
}

bool place_refuse(const struct place *place, const char *name, const char *expected, const char *found,
                  struct error *ret_error) {
    struct buffer path;
    buffer_init(&path, ERROR_TEXT_MAX); /* the places are few and their names ours: it cannot be reached */
    bool complete = append_place(&path, place);
    if (complete && name)
        complete = (!place || buffer_append_text(&path, ".")) && buffer_append_text(&path, name);
    error_set(ret_error, CAUSE_SHAPE, "%s%s: %s, %s stands there", buffer_text(&path), complete ? "" : "…",
              expected, found);
    buffer_done(&path);
    return false;
}

const char *json_keep_canonical(struct arena *arena, struct span raw, struct buffer *scratch) {
    buffer_clear(scratch);
    if (!json_canonical(raw, scratch) || scratch->length == 0)
        return "";
    return arena_strndup(arena, scratch->data, scratch->length);
}

struct json_value json_keep(struct arena *arena, struct span raw, struct buffer *scratch) {
    struct json_value kept = {.raw = arena_strndup(arena, raw.data, raw.length), .canonical = ""};
    bool plain_text = raw.data[0] == '"' && raw.length > 2 && !memchr(raw.data, '\\', raw.length);
    if (plain_text || raw.data[0] == 't')
        kept.canonical = kept.raw;
    else if (raw.data[0] != 'f' && raw.data[0] != 'n')
        kept.canonical = json_keep_canonical(arena, raw, scratch);
    return kept;
}

static int compare_functions(const void *a, const void *b) {
    const struct function *left = a, *right = b;
    int order = strcmp(left->id, right->id);
    return order != 0 ? order : strcmp(left->canonical, right->canonical);
}

const char *functions_join(struct arena *arena, struct function *functions, size_t count) {
    if (count == 0)
        return "";
    qsort(functions, count, sizeof(*functions), compare_functions);
    size_t length = 1;
    for (size_t i = 0; i < count; i++)
        length += strlen(functions[i].canonical) + 1;
    char *joined = arena_alloc(arena, length + 1), *at = joined;
    for (size_t i = 0; i < count; i++) {
        *at++ = i == 0 ? '[' : ',';
        at = stpcpy(at, functions[i].canonical);
    }
    *at = ']';
    return joined;
}
