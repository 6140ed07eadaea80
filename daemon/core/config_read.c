/* Reads maps by the table of keys, and collects what is wrong with its place. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/suggest.h"
#include "core/config_parse.h"

static bool complain(struct config_loader *loader, struct yaml_place place, const char *format, va_list args)
    PRINTF_LIKE(3, 0);

static bool complain(struct config_loader *loader, struct yaml_place place, const char *format,
                     va_list args) {
    if (loader->message_count == CONFIG_ERRORS_MAX)
        return false;
    CLEANUP(cleanup_free) char *raw = alloc_vprintf(format, args);
    char text[1024], path[CONFIG_PATH_MAX];
    text_sanitize(raw, strlen(raw), text, sizeof(text));
    text_sanitize(loader->path, loader->path_length, path, sizeof(path));
    loader->messages = alloc_grow(loader->messages, &loader->message_capacity, loader->message_count + 1,
                                  sizeof(*loader->messages));
    loader->messages[loader->message_count] = (struct config_message){
        .file = loader->file_index,
        .place = place,
        .order = loader->message_count,
        .line = alloc_printf("%s:%zu:%zu: %s%s%s", loader->file, place.line, place.column, path,
                             path[0] != '\0' ? ": " : "", text),
    };
    loader->message_count++;
    return false;
}

bool config_complain(struct config_loader *loader, struct yaml_place place, const char *format, ...) {
    va_list args;
    va_start(args, format);
    complain(loader, place, format, args);
    va_end(args);
    return false;
}

bool config_complain_child(struct config_loader *loader, const char *child, struct yaml_place place,
                           const char *format, ...) {
    size_t mark = config_enter(loader, child);
    va_list args;
    va_start(args, format);
    complain(loader, place, format, args);
    va_end(args);
    config_leave(loader, mark);
    return false;
}

/* Appends to the path; what does not fit is cut. */
static size_t extend(struct config_loader *loader, const char *text) {
    size_t before = loader->path_length, room = sizeof(loader->path) - 1 - before,
           length = MIN(strlen(text), room);
    memcpy(loader->path + before, text, length);
    loader->path_length += length;
    loader->path[loader->path_length] = '\0';
    return before;
}

size_t config_enter(struct config_loader *loader, const char *name) {
    size_t before = extend(loader, loader->path_length > 0 ? "." : "");
    extend(loader, name);
    return before;
}

size_t config_enter_item(struct config_loader *loader, size_t index) {
    char text[32];
    snprintf(text, sizeof(text), "[%zu]", index);
    return extend(loader, text);
}

void config_leave(struct config_loader *loader, size_t length) {
    loader->path_length = length;
    loader->path[length] = '\0';
}

void config_complain_type(struct config_loader *loader, const struct config_key *key,
                          const struct yaml_node *node) {
    static const char *const kinds[] = {[YAML_EMPTY] = "has no value",
                                        [YAML_TEXT] = "is text",
                                        [YAML_LIST] = "is a list",
                                        [YAML_MAP] = "is a map"};
    config_complain(loader, node->place, "%s; must be %s", kinds[node->kind],
                    key->words ? "one word" : config_type_expects(key->type));
}

const char *config_text(struct config_loader *loader, const struct config_key *key,
                        const struct yaml_node *node) {
    if (node->kind == YAML_TEXT)
        return node->text;
    config_complain_type(loader, key, node);
    return NULL;
}

/* The names that a map takes, for suggestions. */
static const char *nearest_key(const char *name, const struct config_part *parts, size_t part_count) {
    const char *names[CONFIG_KEYS_MAX + 1] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < config_key_count; i++)
        for (size_t j = 0; j < part_count && count < CONFIG_KEYS_MAX; j++)
            if (config_keys[i].section == parts[j].section)
                names[count++] = config_keys[i].name;
    return suggest(name, names);
}

/* Where else a key of that name stands: NULL where nowhere. */
static const struct config_key *key_elsewhere(const char *name) {
    for (size_t i = 0; i < config_key_count; i++)
        if (strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    return NULL;
}

static void complain_unknown(struct config_loader *loader, const struct yaml_node *key,
                             const struct config_part *parts, size_t part_count) {
    if (loader->message_count == CONFIG_ERRORS_MAX)
        return;
    const char *near = nearest_key(key->text, parts, part_count);
    const struct config_key *elsewhere = near ? NULL : key_elsewhere(key->text);
    if (near)
        config_complain_child(loader, key->text, key->place, "unknown key; did you mean %s?", near);
    else if (elsewhere)
        config_complain_child(loader, key->text, key->place, "unknown key here; it belongs %s%s",
                              elsewhere->section == SECTION_TOP ? "at the top level of the file" : "under ",
                              config_section_path(elsewhere->section));
    else
        config_complain_child(loader, key->text, key->place, "unknown key; leave it out");
}

static const struct config_key *find_key(const struct config_part *parts, size_t part_count,
                                         const char *name) {
    for (size_t i = 0; i < part_count; i++) {
        const struct config_key *key = config_key_find(parts[i].section, name);
        if (key)
            return key;
    }
    return NULL;
}

static size_t found_index(const struct config_found *found, const struct config_key *key) {
    size_t i = 0;
    while (i < found->count && found->keys[i] != key)
        i++;
    return i;
}

/* An included file holds what can be listed, not what there is one of. */
static bool allowed_here(const struct config_loader *loader, const struct config_key *key) {
    return !loader->included || key->section != SECTION_TOP || key->type == TYPE_CONNECTIONS ||
           key->type == TYPE_ALERTS;
}

/* Sorts out the keys of a map. */
static void collect(struct config_loader *loader, const struct yaml_node *node,
                    const struct config_part *parts, size_t part_count, struct config_found *found) {
    struct yaml_place first[CONFIG_KEYS_MAX];
    for (size_t i = 0; i < node->count; i++) {
        const struct config_key *key = find_key(parts, part_count, node->keys[i]->text);
        if (!key) {
            complain_unknown(loader, node->keys[i], parts, part_count);
            continue;
        }
        size_t index = found_index(found, key);
        if (index < found->count)
            config_complain_child(loader, key->name, node->keys[i]->place,
                                  "stands here twice, first in line %zu; leave one out", first[index].line);
        else if (!allowed_here(loader, key))
            config_complain_child(
                loader, key->name, node->keys[i]->place,
                "an included file holds connections and alerts only; move it to the main file");
        else if (found->count < CONFIG_KEYS_MAX) {
            first[found->count] = node->keys[i]->place;
            found->keys[found->count] = key;
            found->values[found->count++] = node->items[i];
        }
    }
}

/* Parses in the order of the table, so that what others build on comes first. */
static void read_part(struct config_loader *loader, const struct config_part *part,
                      const struct config_found *found) {
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        if (key->section != part->section)
            continue;
        size_t index = found_index(found, key), mark = config_enter(loader, key->name);
        if (index < found->count)
            config_read_value(loader, key, found->values[index], part->base);
        else if (key->required)
            config_complain(loader, found->map->place, "is missing; must be %s",
                            config_type_expects(key->type));
        config_leave(loader, mark);
    }
}

bool config_read_map(struct config_loader *loader, struct yaml_node *node, const struct config_part *parts,
                     size_t part_count, struct config_found *ret_found) {
    static const struct config_key any_map = {.type = TYPE_SECTION};
    struct config_found found = {.map = node};
    if (node->kind != YAML_MAP &&
        node->kind != YAML_EMPTY) { /* a map of nothing: all its keys are comments */
        config_complain_type(loader, &any_map, node);
        return false;
    }
    collect(loader, node, parts, part_count, &found);
    for (size_t i = 0; i < part_count; i++)
        read_part(loader, &parts[i], &found);
    for (size_t i = 0; i < part_count; i++)
        config_check_section(loader, parts[i].section, &found, parts[i].base);
    if (ret_found)
        *ret_found = found;
    return true;
}

struct yaml_node *config_found_value(const struct config_found *found, const char *name) {
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->keys[i]->name, name) == 0)
            return found->values[i];
    return NULL;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table of keys */
void config_apply_defaults(struct config_loader *loader, enum config_section section, void *base) {
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        if (key->section != section)
            continue;
        if (key->type == TYPE_SECTION)
            config_apply_defaults(loader, key->inner, (char *)base + key->offset);
        if (!key->fallback)
            continue;
        struct yaml_node node = {.kind = YAML_TEXT, .text = key->fallback};
        config_read_value(loader, key, &node, base);
    }
}

const char *config_exactly_one(struct config_loader *loader, const struct config_found *found,
                               const char *const *names) {
    const char *first = NULL;
    struct buffer list;
    buffer_init(&list, 256);
    bool fits = true;
    for (size_t i = 0; names[i]; i++)
        fits = fits && buffer_append_format(&list, "%s%s",
                                            i == 0         ? ""
                                            : names[i + 1] ? ", "
                                                           : " and ",
                                            names[i]);
    for (size_t i = 0; i < found->count; i++)
        for (size_t j = 0; names[j]; j++) {
            if (strcmp(found->keys[i]->name, names[j]) != 0)
                continue;
            if (first)
                config_complain_child(loader, names[j], found->values[i]->place,
                                      "stands beside %s; exactly one of %s is right", first,
                                      buffer_text(&list));
            else
                first = names[j];
        }
    if (!first)
        config_complain(loader, found->map->place, "has none of %s; exactly one is right",
                        buffer_text(&list));
    buffer_done(&list);
    return first;
}
