/* Allocation that ends the program when small memory is out: callers need no error branch, systemd restarts
 * us. What comes from outside never sets the size of such an allocation: it goes into a buffer with a
 * maximum. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/macros.h"

/* Zeroed memory for `count` objects of `size` bytes; never NULL, aborts when memory is out or the product
 * overflows. The caller frees it with free(). */
void *alloc_zero(size_t count, size_t size) MUST_USE;

/* realloc() to `count` objects of `size` bytes; never NULL. New bytes are not initialised. */
void *alloc_resize(void *memory, size_t count, size_t size) MUST_USE;

/* Makes room in a growing array for at least `needed` items: returns the array, *capacity updated, at least
 * doubled when it grows. */
void *alloc_grow(void *memory, size_t *capacity, size_t needed, size_t size) MUST_USE;

/* A copy of a string (NULL stays NULL), of its first `length` bytes, or a formatted one. The caller frees it.
 */
char *alloc_strdup(const char *text) MUST_USE;
char *alloc_strndup(const char *text, size_t length) MUST_USE;
char *alloc_printf(const char *format, ...) PRINTF_LIKE(1, 2) MUST_USE;
char *alloc_vprintf(const char *format, va_list args) PRINTF_LIKE(1, 0) MUST_USE;

/* For CLEANUP(): frees a pointer variable of any type. */
void cleanup_free(void *pointer_to_pointer);

/* An arena: many small objects with one life, freed together. */
struct arena;

/* A new, empty arena; arena_free() frees it and all that was taken from it, and takes NULL. */
struct arena *arena_new(void) MUST_USE;
void arena_free(struct arena *arena);

/* `size` zeroed bytes, aligned for any type, that live as long as the arena. */
void *arena_alloc(struct arena *arena, size_t size) MUST_USE;

/* A copy of `length` bytes with a NUL behind, that lives as long as the arena. */
char *arena_strndup(struct arena *arena, const char *text, size_t length) MUST_USE;

/* The bytes that the arena holds, for limits on what is in flight. */
size_t arena_size(const struct arena *arena);
