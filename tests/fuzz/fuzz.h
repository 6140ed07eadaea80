/* An entry point for libFuzzer: hostile bytes go through one parser, and what must hold of its result is
 * checked. Each fuzz_NAME.c is built twice: by `make fuzz` with libFuzzer under ASan and UBSan, and by `make
 * tests` with replay.c, which runs it over the seeds and over every input that has ever found something
 * (tests/fuzz/corpus/NAME/). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold; else the input is a finding. */
#define REQUIRE(condition)                                                                 \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

/* A copy that ends with NUL; the caller frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}
