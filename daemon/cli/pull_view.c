#include "cli/pull_view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "cli/progress.h"

/* Changes of one connection that are printed; a dry run prints all, since they stand nowhere else. */
enum { CHANGES_SHOWN = 20 };

static usec_t monotonic_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

/* A line on standard output, around the progress bar. */
static void PRINTF_LIKE(2, 3) say(struct pull_view *view, const char *format, ...) {
    va_list args;
    va_start(args, format);
    CLEANUP(cleanup_free) char *line = alloc_vprintf(format, args);
    va_end(args);
    size_t size = strlen(line) + 1;
    CLEANUP(cleanup_free) char *shown = alloc_zero(size, 1);
    text_sanitize(line, size - 1, shown, size);
    progress_clear(view->progress);
    puts(shown);
}

/* Told while a run goes on */

static void on_progress(struct run *run, size_t done, size_t total, void *userdata) {
    struct run_view *run_view = userdata;
    struct pull_view *view = run_view->view;
    view->done += done - run_view->done;
    view->total += total - run_view->total;
    run_view->done = done;
    run_view->total = total;
    progress_update(view->progress, view->targets + view->done, view->targets + view->total, view->failures,
                    view->changed, run_connection(run)->name);
}

/* Values are shown short: who wants them whole asks the database. */
static void shorten(const char *value, char ret[64]) {
    text_sanitize(value ? value : "null", value ? strlen(value) : 4, ret, 64);
}

static void on_changes(struct run *run, const char *target_id, const struct change *changes, size_t count,
                       void *userdata) {
    struct run_view *run_view = userdata;
    for (size_t i = 0; i < count; i++) {
        const struct change *change = &changes[i];
        if (!run_view->view->dry_run && run_view->shown >= CHANGES_SHOWN) {
            run_view->hidden += count - i;
            return;
        }
        run_view->shown++;
        char before[64], after[64];
        shorten(change->old_value, before);
        shorten(change->new_value, after);
        bool whole = change->kind != CHANGE_FIELD_CHANGED && change->kind != CHANGE_MODE_CHANGED &&
                     change->kind != CHANGE_TARGET_CHANGED;
        say(run_view->view, "  %s %s: %s%s%s%s%s%s%s%s%s", run_connection(run)->name, target_id,
            change_kind_names[change->kind], change->field_id ? " " : "",
            change->field_id ? change->field_id : "", change->attribute ? " " : "",
            change->attribute ? change->attribute : "", whole ? "" : ": ", whole ? "" : before,
            whole ? "" : " → ", whole ? "" : after);
    }
}

static void on_failed(struct run *run, const char *target_id, const struct error *error, void *userdata) {
    struct run_view *run_view = userdata;
    say(run_view->view, "  %s %s: failed: %s", run_connection(run)->name, target_id, error->text);
}

static void on_held(struct run *run, const char *target_id, bool gone, size_t fields, void *userdata) {
    struct run_view *run_view = userdata;
    const char *name = run_connection(run)->name;
    if (gone)
        say(run_view->view,
            "  %s %s: suspect: it is gone with many others; held back. If it is true: schemasyncd accept %s %s",
            name, target_id, name, target_id);
    else
        say(run_view->view,
            "  %s %s: suspect: %zu fields are gone at once; held back. If it is true: schemasyncd accept %s %s",
            name, target_id, fields, name, target_id);
}

static void on_waiting(struct run *run, void *userdata) {
    struct run_view *run_view = userdata;
    if (!run_view->waiting)
        say(run_view->view, "%s: another process works on it, waiting", run_connection(run)->name);
    run_view->waiting = true;
}

const struct run_observer pull_view_observer = {.progress = on_progress,
                                                .changes = on_changes,
                                                .failed = on_failed,
                                                .held = on_held,
                                                .waiting = on_waiting};

/* How it ended */

static void print_count(struct buffer *line, size_t count, const char *what) {
    if (count > 0)
        (void)!buffer_append_format(line, "%s%zu %s", line->length > 0 ? ", " : "", count, what);
}

static void print_report(struct pull_view *view, const char *name, const struct run_report *report,
                         usec_t took) {
    char span[TIMESPAN_TEXT_MAX];
    timespan_format_rough(took, span);
    if (report->outcome == RUN_FAILED && error_is_set(&report->error)) {
        say(view, "%s: failed: %s", name, report->error.text);
        return;
    }
    if (report->outcome == RUN_CANCELLED) {
        say(view, "%s: stopped, nothing recorded", name);
        return;
    }
    struct buffer line;
    buffer_init(&line, 4096);
    print_count(&line, report->baselines,
                view->dry_run ? "would be mirrored for the first time" : "mirrored for the first time");
    print_count(&line, report->unchanged, "unchanged");
    print_count(&line, report->changed, "changed");
    print_count(&line, report->held, "suspect");
    print_count(&line, report->absent, "still missing");
    print_count(&line, report->failed, "failed");
    say(view, "%s: %zu target%s%s%s; %zu change%s; %s", name, report->targets,
        report->targets == 1 ? "" : "s", line.length > 0 ? ": " : "", buffer_text(&line), report->changes,
        report->changes == 1 ? "" : "s", span);
    buffer_done(&line);
}

void run_view_begin(struct run_view *run_view, struct pull_view *view, void *owner) {
    *run_view = (struct run_view){.view = view, .owner = owner, .started = monotonic_now()};
}

void run_view_end(struct run_view *run_view, const struct run *run, const struct run_report *report) {
    struct pull_view *view = run_view->view;
    const char *name = run_connection(run)->name;
    if (run_view->hidden > 0)
        say(view, "  %s: … and %zu more changes: schemasyncd drift --connection %s", name, run_view->hidden,
            name);
    print_report(view, name, report, monotonic_now() - run_view->started);
    view->done -= run_view->done;
    view->total -= run_view->total;
    view->targets += report->targets;
    view->changed += report->changed;
    view->failures += report->failed + (error_is_set(&report->error) ? 1 : 0);
}

void pull_view_init(struct pull_view *view, bool dry_run) {
    *view = (struct pull_view){.dry_run = dry_run, .progress = progress_new(false)};
}

void pull_view_clear(struct pull_view *view) {
    progress_clear(view->progress);
}

void pull_view_done(struct pull_view *view) {
    progress_done(view->progress);
    *view = (struct pull_view){0};
}
