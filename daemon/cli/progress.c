#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/timespan.h"
#include "cli/terminal.h"

#define TERMINAL_PAUSE (USEC_PER_SEC / 10)
#define LINE_PAUSE     (10 * USEC_PER_SEC)

enum { BAR = 20, TEXT_MAX = 4096 };

struct progress {
    bool quiet, terminal;
    bool drawn;      /* a bar stands on the line, or lines have been written */
    bool shown_once; /* shown_at counts */
    usec_t shown_at; /* CLOCK_MONOTONIC */
    struct buffer last;
};

static usec_t now_monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

struct progress *progress_new(bool quiet) {
    struct progress *progress = alloc_zero(1, sizeof(*progress));
    progress->quiet = quiet;
    progress->terminal = terminal_width(stderr) > 0;
    buffer_init(&progress->last, TEXT_MAX);
    /* a bar at once; a first line only when it takes a while */
    progress->shown_once = !progress->terminal;
    progress->shown_at = now_monotonic();
    return progress;
}

static void add_bar(struct buffer *text, size_t done, size_t total) {
    char bar[BAR + 1] = "";
    double share = (double)MIN(done, total) / (double)total;
    for (size_t i = 0; i < BAR; i++)
        bar[i] = (double)i < share * BAR ? '#' : '-';
    (void)!buffer_append_format(text, "[%s] ", bar);
}

/* "[######--------------] 12/40, 2 failed, 5 changed  what is under way". What does not fit any more is left
 * out. */
static void compose(struct buffer *text, bool bar, size_t done, size_t total, size_t failed, size_t changed,
                    const char *under_way) {
    CLEANUP(cleanup_free) char *harmless = text_harmless(under_way ? under_way : "");
    buffer_clear(text);
    if (bar && total > 0)
        add_bar(text, done, total);
    if (total > 0)
        (void)!buffer_append_format(text, "%zu/%zu", done, total);
    else
        (void)!buffer_append_format(text, "%zu", done);
    if (failed > 0)
        (void)!buffer_append_format(text, ", %zu failed", failed);
    if (changed > 0)
        (void)!buffer_append_format(text, ", %zu changed", changed);
    if (harmless[0])
        (void)!buffer_append_format(text, "  %s", harmless);
}

static void show(struct progress *progress) {
    if (!progress->terminal) {
        fprintf(stderr, "%s\n", buffer_text(&progress->last));
        progress->drawn = true;
        return;
    }
    struct buffer line;
    buffer_init(&line, TEXT_MAX);
    size_t width = terminal_width(stderr);
    (void)text_fit(&line, buffer_text(&progress->last), width > 1 ? width - 1 : 1);
    fprintf(stderr, "\r%s\033[K", buffer_text(&line));
    fflush(stderr);
    buffer_done(&line);
    progress->drawn = true;
}

void progress_update(struct progress *progress, size_t done, size_t total, size_t failed, size_t changed,
                     const char *text) {
    if (progress->quiet)
        return;
    compose(&progress->last, progress->terminal, done, total, failed, changed, text);
    usec_t now = now_monotonic();
    if (progress->shown_once && now - progress->shown_at < (progress->terminal ? TERMINAL_PAUSE : LINE_PAUSE))
        return;
    progress->shown_once = true;
    progress->shown_at = now;
    show(progress);
}

void progress_clear(struct progress *progress) {
    if (!progress->terminal || !progress->drawn)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->drawn = false;
    progress->shown_once = false;
}

void progress_done(struct progress *progress) {
    if (!progress)
        return;
    if (progress->terminal)
        progress_clear(progress);
    else if (progress->drawn)
        show(progress);
    buffer_done(&progress->last);
    free(progress);
}
