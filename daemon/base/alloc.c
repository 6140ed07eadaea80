#include "base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_CHUNK = 16 * 1024, ARENA_ALIGNMENT = 16 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used;
    _Alignas(ARENA_ALIGNMENT) unsigned char bytes[];
};

struct arena {
    struct arena_chunk *chunks; /* the one that is being filled first */
    size_t size;
};

static _Noreturn void out_of_memory(void) {
    fputs("schemasyncd: out of memory\n", stderr);
    abort();
}

void *alloc_zero(size_t count, size_t size) {
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

void *alloc_resize(void *memory, size_t count, size_t size) {
    void *resized = reallocarray(memory, count > 0 ? count : 1, size > 0 ? size : 1);
    if (!resized)
        out_of_memory();
    return resized;
}

void *alloc_grow(void *memory, size_t *capacity, size_t needed, size_t size) {
    if (needed <= *capacity)
        return memory;
    size_t grown = *capacity > 0 ? *capacity * 2 : 8;
    if (grown < needed)
        grown = needed;
    memory = alloc_resize(memory, grown, size);
    *capacity = grown;
    return memory;
}

char *alloc_strdup(const char *text) {
    return text ? alloc_strndup(text, strlen(text)) : NULL;
}

char *alloc_strndup(const char *text, size_t length) {
    char *copy = alloc_zero(length + 1, 1);
    memcpy(copy, text, length);
    return copy;
}

char *alloc_vprintf(const char *format, va_list args) {
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        out_of_memory();
    return text;
}

char *alloc_printf(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = alloc_vprintf(format, args);
    va_end(args);
    return text;
}

void cleanup_free(void *pointer_to_pointer) {
    void *pointer;
    memcpy(&pointer, pointer_to_pointer, sizeof(pointer));
    free(pointer);
}

struct arena *arena_new(void) {
    return alloc_zero(1, sizeof(struct arena));
}

void arena_free(struct arena *arena) {
    if (!arena)
        return;
    for (struct arena_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(arena);
}

static struct arena_chunk *arena_add_chunk(struct arena *arena, size_t size) {
    struct arena_chunk *chunk = malloc(sizeof(*chunk) + size);
    if (!chunk)
        out_of_memory();
    chunk->size = size;
    chunk->used = 0;
    arena->size += sizeof(*chunk) + size;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size) {
    if (size > SIZE_MAX / 2)
        out_of_memory();
    size = (size + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
    struct arena_chunk *chunk = arena->chunks;

    /* A large object gets a chunk of its own, behind the one that is being filled. */
    if (size > ARENA_CHUNK / 4) {
        struct arena_chunk *own = arena_add_chunk(arena, size);
        own->used = size;
        own->next = chunk ? chunk->next : NULL;
        if (chunk)
            chunk->next = own;
        else
            arena->chunks = own;
        return memset(own->bytes, 0, size);
    }
    if (!chunk || chunk->size - chunk->used < size) {
        chunk = arena_add_chunk(arena, ARENA_CHUNK);
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    void *memory = chunk->bytes + chunk->used;
    chunk->used += size;
    return memset(memory, 0, size);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length) {
    char *copy = arena_alloc(arena, length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    return copy;
}

size_t arena_size(const struct arena *arena) {
    return arena->size;
}
