/* What a check finds, a line each: what is in order, what somebody should know, and what fails, with what to
 * do. Lines are held until they are printed, so that checks may go on side by side. */
#pragma once

#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"

struct findings {
    struct buffer lines;
    size_t failed;
    int code; /* the exit code that all failures share, EXIT_SOME_FAILED where they differ; EXIT_FAULTY_CONFIG
                 goes before all */
};

/* Nothing is found yet; findings_done() frees the lines. */
void findings_init(struct findings *findings);
void findings_done(struct findings *findings);

/* A heading; the lines that follow are about it. */
void findings_about(struct findings *findings, const char *format, ...) PRINTF_LIKE(2, 3);

/* Foreign text in the arguments is made harmless. */
void findings_ok(struct findings *findings, const char *format, ...) PRINTF_LIKE(2, 3);
void findings_note(struct findings *findings, const char *format, ...) PRINTF_LIKE(2, 3);
void findings_fail(struct findings *findings, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* A failure with the exit code of its cause: "WHAT: the error's text". */
void findings_error(struct findings *findings, const struct error *error, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Appends the second's lines to the first's and adds up its failures. */
void findings_add(struct findings *findings, const struct findings *more);
