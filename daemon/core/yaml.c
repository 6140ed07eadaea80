#include "core/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* A list or map that is not closed yet, with what it has so far. */
struct frame {
    struct yaml_node *node;
    struct yaml_node **items, **keys;
    size_t item_capacity, key_capacity, key_count;
};

struct builder {
    yaml_parser_t parser;
    struct arena *arena;
    const char *text;
    size_t length;
    struct frame frames[YAML_DEPTH_MAX];
    size_t depth;
    struct yaml_node *root;
    struct yaml_place place; /* of what is wrong */
    struct error *error;
};

static struct yaml_place place_of(yaml_mark_t mark) {
    return (struct yaml_place){mark.line + 1, mark.column + 1};
}

static bool refuse(struct builder *builder, yaml_mark_t mark, const char *what) {
    builder->place = place_of(mark);
    return error_set(builder->error, CAUSE_CONFIG, "%s", what);
}

/* Where a byte stands: libyaml gives bytes it cannot read by their offset only. */
static struct yaml_place place_of_byte(const char *text, size_t length, size_t offset) {
    struct yaml_place place = {1, 1};
    for (size_t i = 0; i < offset && i < length; i++) {
        bool starts = ((unsigned char)text[i] & 0xc0) != 0x80;
        place.column += starts;
        if (text[i] == '\n')
            place = (struct yaml_place){place.line + 1, 1};
    }
    return place;
}

/* libyaml's complaint: "while parsing a block mapping (begun at line 3): did not find expected key". */
static bool refuse_syntax(struct builder *builder) {
    const yaml_parser_t *parser = &builder->parser;
    const char *problem = parser->problem ? parser->problem : "cannot be parsed";
    if (parser->error == YAML_READER_ERROR) {
        builder->place = place_of_byte(builder->text, builder->length, parser->problem_offset);
        return error_set(builder->error, CAUSE_CONFIG, "no valid YAML: %s", problem);
    }
    builder->place = place_of(parser->problem_mark);
    if (parser->context && parser->context_mark.line != parser->problem_mark.line)
        return error_set(builder->error, CAUSE_CONFIG, "no valid YAML: %s (%s that begins in line %zu)",
                         problem, parser->context, parser->context_mark.line + 1);
    return error_set(builder->error, CAUSE_CONFIG, "no valid YAML: %s%s%s%s", problem,
                     parser->context ? " (" : "", parser->context ? parser->context : "",
                     parser->context ? ")" : "");
}

static struct yaml_node *node_new(struct builder *builder, enum yaml_kind kind, yaml_mark_t mark) {
    struct yaml_node *node = arena_alloc(builder->arena, sizeof(*node));
    node->kind = kind;
    node->place = place_of(mark);
    node->text = "";
    return node;
}

/* Puts a finished or just opened node where it belongs: the root, an item, a key or the value of the last
 * key. */
static bool place_node(struct builder *builder, struct yaml_node *node, yaml_mark_t mark) {
    if (builder->depth == 0) {
        builder->root = node;
        return true;
    }
    struct frame *frame = &builder->frames[builder->depth - 1];
    if (frame->node->kind == YAML_MAP && frame->key_count == frame->node->count) {
        if (node->kind != YAML_TEXT)
            return refuse(builder, mark, "a key must be a word");
        frame->keys =
            alloc_grow(frame->keys, &frame->key_capacity, frame->key_count + 1, sizeof(*frame->keys));
        frame->keys[frame->key_count++] = node;
        return true;
    }
    frame->items =
        alloc_grow(frame->items, &frame->item_capacity, frame->node->count + 1, sizeof(*frame->items));
    frame->items[frame->node->count++] = node;
    return true;
}

static bool add_scalar(struct builder *builder, const yaml_event_t *event) {
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (event->data.scalar.anchor)
        return refuse(builder, event->start_mark,
                      "anchors (&) are not supported: write the value where it is needed");
    if (event->data.scalar.tag)
        return refuse(builder, event->start_mark, "tags (!) are not supported: leave it out");
    if (memchr(text, '\0', length))
        return refuse(builder, event->start_mark, "a NUL character is not allowed");
    bool empty = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                 (length == 0 || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
    struct yaml_node *node = node_new(builder, empty ? YAML_EMPTY : YAML_TEXT, event->start_mark);
    if (!empty)
        node->text = arena_strndup(builder->arena, text, length);
    return place_node(builder, node, event->start_mark);
}

static bool open_frame(struct builder *builder, enum yaml_kind kind, const yaml_event_t *event) {
    bool map = kind == YAML_MAP;
    if (map ? event->data.mapping_start.anchor != NULL : event->data.sequence_start.anchor != NULL)
        return refuse(builder, event->start_mark,
                      "anchors (&) are not supported: write the value where it is needed");
    if (map ? event->data.mapping_start.tag != NULL : event->data.sequence_start.tag != NULL)
        return refuse(builder, event->start_mark, "tags (!) are not supported: leave it out");
    if (builder->depth == YAML_DEPTH_MAX)
        return refuse(builder, event->start_mark, "nested too deeply");
    struct yaml_node *node = node_new(builder, kind, event->start_mark);
    if (!place_node(builder, node, event->start_mark))
        return false;
    builder->frames[builder->depth++] = (struct frame){.node = node};
    return true;
}

static struct yaml_node **move_to_arena(struct arena *arena, struct yaml_node **nodes, size_t count) {
    struct yaml_node **moved = arena_alloc(arena, count * sizeof(struct yaml_node *));
    if (count > 0)
        memcpy(moved, nodes, count * sizeof(struct yaml_node *));
    free(nodes);
    return moved;
}

static void close_frame(struct builder *builder) {
    struct frame *frame = &builder->frames[--builder->depth];
    frame->node->items = move_to_arena(builder->arena, frame->items, frame->node->count);
    frame->node->keys = move_to_arena(builder->arena, frame->keys, frame->key_count);
}

/* One event; false ends the parse. */
static bool take_event(struct builder *builder, const yaml_event_t *event) {
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (builder->root)
            return refuse(builder, event->start_mark, "a second document (---): one file holds one");
        return true;
    case YAML_ALIAS_EVENT:
        return refuse(builder, event->start_mark,
                      "aliases (*) are not supported: write the value where it is needed");
    case YAML_SCALAR_EVENT:
        return add_scalar(builder, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_frame(builder, YAML_LIST, event);
    case YAML_MAPPING_START_EVENT:
        return open_frame(builder, YAML_MAP, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_frame(builder);
        return true;
    default:
        return true;
    }
}

static bool build(struct builder *builder) {
    yaml_parser_set_input_string(&builder->parser, (const unsigned char *)builder->text, builder->length);
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&builder->parser, &event))
            return refuse_syntax(builder);
        bool good = take_event(builder, &event), last = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (!good || last)
            return good;
    }
}

struct yaml_node *yaml_parse(struct arena *arena, const char *text, size_t length,
                             struct yaml_place *ret_place, struct error *ret_error) {
    CLEANUP(cleanup_free) struct builder *builder = alloc_zero(1, sizeof(*builder));
    *builder = (struct builder){.arena = arena, .text = text, .length = length, .error = ret_error};
    if (!yaml_parser_initialize(&builder->parser))
        abort(); /* memory is out */
    bool good = build(builder);
    while (builder->depth > 0)
        close_frame(builder);
    yaml_parser_delete(&builder->parser);
    if (!good) {
        *ret_place = builder->place;
        return NULL;
    }
    if (!builder->root)
        builder->root = node_new(builder, YAML_EMPTY, (yaml_mark_t){0});
    return builder->root;
}
