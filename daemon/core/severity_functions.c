/* What has happened to a field's identity functions. Both lists are canonical: an id stands in one way only.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/macros.h"
#include "core/json_text.h"
#include "core/severity_rules.h"

/* A function's id and label as JSON; NULL data where it has none. */
struct identity_function {
    struct span id, label;
};

static bool is_key(struct span key, const char *name) {
    return key.length == strlen(name) && memcmp(key.data, name, key.length) == 0;
}

/* A list's functions, sorted by their ids' bytes. */
struct function_list {
    struct identity_function *functions;
    size_t count, capacity;
};

static void function_list_done(struct function_list *list) {
    free(list->functions);
}

static int compare_spans(struct span a, struct span b) {
    size_t shorter = MIN(a.length, b.length);
    int order = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_functions(const void *a, const void *b) {
    return compare_spans(((const struct identity_function *)a)->id,
                         ((const struct identity_function *)b)->id);
}

static struct identity_function read_function(struct span item) {
    struct identity_function function = {0};
    struct json_walk members;
    struct span key, value;
    if (json_walk_init(&members, item))
        while (json_walk_next(&members, &key, &value)) {
            if (is_key(key, "id"))
                function.id = value;
            else if (is_key(key, "label"))
                function.label = value;
        }
    return function;
}

static void read_functions(const struct field *field, struct function_list *ret) {
    const char *text = field ? field->identity_functions.canonical : NULL;
    struct span key, item;
    struct json_walk items;
    *ret = (struct function_list){0};
    if (!text || *text == '\0' || !json_walk_init(&items, (struct span){text, strlen(text)}))
        return;
    while (json_walk_next(&items, &key, &item)) {
        ret->functions = alloc_grow(ret->functions, &ret->capacity, ret->count + 1, sizeof(*ret->functions));
        ret->functions[ret->count++] = read_function(item);
    }
    if (ret->count > 0)
        qsort(ret->functions, ret->count, sizeof(*ret->functions), compare_functions);
}

static const struct identity_function *find_function(const struct function_list *list, struct span id) {
    const struct identity_function wanted = {.id = id};
    if (list->count == 0)
        return NULL;
    return bsearch(&wanted, list->functions, list->count, sizeof(*list->functions), compare_functions);
}

struct functions_change functions_compare(const struct field *old, const struct field *new) {
    CLEANUP(function_list_done) struct function_list before, after;
    read_functions(old, &before);
    read_functions(new, &after);
    struct functions_change change = {.remain = after.count > 0};
    for (size_t i = 0; i < before.count; i++)
        change.gone = change.gone || !find_function(&after, before.functions[i].id);
    for (size_t i = 0; i < after.count; i++) {
        const struct identity_function *known = find_function(&before, after.functions[i].id);
        change.gained = change.gained || !known || compare_spans(known->label, after.functions[i].label) != 0;
    }
    return change;
}

bool function_is_gone(const struct field *old, const struct field *new, const char *id) {
    CLEANUP(function_list_done) struct function_list before, after;
    CLEANUP(buffer_done) struct buffer quoted;
    read_functions(old, &before);
    read_functions(new, &after);
    buffer_init(&quoted, strlen(id) * 6 + 2); /* each byte may become \u001f */
    if (!json_quote(id, &quoted))
        return false;
    struct span name = {quoted.data, quoted.length};
    return find_function(&before, name) && !find_function(&after, name);
}
