/* A YAML text as a tree of nodes that know their line and column. Bounded: the caller bounds the text, this
 * file its depth; anchors, aliases, tags and further documents are refused, so that a node stands in the tree
 * once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"
#include "base/error.h"

enum { YAML_DEPTH_MAX = 24 };

/* Line and column in characters, from 1. */
struct yaml_place {
    size_t line, column;
};

enum yaml_kind {
    YAML_EMPTY, /* nothing, or a bare `null` or `~` */
    YAML_TEXT,
    YAML_LIST,
    YAML_MAP,
};

struct yaml_node {
    enum yaml_kind kind;
    struct yaml_place place;
    const char *text; /* YAML_TEXT: valid UTF-8 without NUL; YAML_EMPTY: "" */

    /* YAML_LIST: its items. YAML_MAP: its values, and at the same index their keys, in the file's order; a
     * key may stand there twice, which is for the caller to see. */
    struct yaml_node **items, **keys;
    size_t count;
};

/* Parses one document into `arena`. An empty text gives a YAML_EMPTY node. NULL on failure, with *ret_error
 * (CAUSE_CONFIG) and its place. */
struct yaml_node *yaml_parse(struct arena *arena, const char *text, size_t length,
                             struct yaml_place *ret_place, struct error *ret_error) MUST_USE;
