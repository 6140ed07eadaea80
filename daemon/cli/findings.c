#include "cli/findings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* What a thousand connections with all their findings need, and no more. */
enum { LINES_MAX = 64 * 1024 * 1024 };

void findings_init(struct findings *findings) {
    *findings = (struct findings){.code = EXIT_DONE};
    buffer_init(&findings->lines, LINES_MAX);
}

void findings_done(struct findings *findings) {
    buffer_done(&findings->lines);
}

static void PRINTF_LIKE(3, 0)
    add_line(struct findings *findings, const char *mark, const char *format, va_list args) {
    CLEANUP(cleanup_free) char *text = alloc_vprintf(format, args);
    size_t size = strlen(text) + 1;
    CLEANUP(cleanup_free) char *harmless = alloc_zero(size, 1);
    text_sanitize(text, size - 1, harmless, size);
    (void)!buffer_append_format(&findings->lines, "%s%s\n", mark, harmless);
}

static void count(struct findings *findings, int code) {
    findings->failed++;
    if (findings->code == EXIT_DONE || code == EXIT_FAULTY_CONFIG)
        findings->code = code;
    else if (findings->code != code && findings->code != EXIT_FAULTY_CONFIG)
        findings->code = EXIT_SOME_FAILED;
}

void findings_about(struct findings *findings, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_line(findings, "", format, args);
    va_end(args);
}

void findings_ok(struct findings *findings, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_line(findings, "  ok      ", format, args);
    va_end(args);
}

void findings_note(struct findings *findings, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_line(findings, "  note    ", format, args);
    va_end(args);
}

void findings_fail(struct findings *findings, int code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_line(findings, "  FAILED  ", format, args);
    va_end(args);
    count(findings, code);
}

void findings_error(struct findings *findings, const struct error *error, const char *format, ...) {
    va_list args;
    va_start(args, format);
    CLEANUP(cleanup_free) char *what = alloc_vprintf(format, args);
    va_end(args);
    findings_fail(findings, error_class(error->cause)->exit_code, "%s: %s", what, error->text);
}

void findings_add(struct findings *findings, const struct findings *more) {
    (void)!buffer_append(&findings->lines, buffer_text(&more->lines), more->lines.length);
    if (more->failed > 0) {
        size_t failed = findings->failed + more->failed;
        count(findings, more->code);
        findings->failed = failed;
    }
}
