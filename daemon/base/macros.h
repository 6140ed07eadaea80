/* The few macros that every file may use: cleanup attributes, array lengths, attributes of functions. */
#pragma once

#include <stddef.h>

#define CLEANUP(function)       __attribute__((cleanup(function)))
#define PRINTF_LIKE(text, args) __attribute__((format(printf, text, args)))
#define MUST_USE                __attribute__((warn_unused_result))
#define UNUSED                  __attribute__((unused))

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b)           ((a) < (b) ? (a) : (b))
#define MAX(a, b)           ((a) > (b) ? (a) : (b))

/* Hands a pointer over to somebody else: the variable is NULL afterwards, so that its cleanup does nothing.
 */
#define TAKE_PTR(pointer)                       \
    __extension__({                             \
        __typeof__(pointer) taken_ = (pointer); \
        (pointer) = NULL;                       \
        taken_;                                 \
    })

/* Defines cleanup_NAME(TYPE **) for CLEANUP(), which calls free_function on the pointer. */
#define DEFINE_CLEANUP(type, name, free_function)             \
    static inline UNUSED void cleanup_##name(type *pointer) { \
        free_function(*pointer);                              \
    }
