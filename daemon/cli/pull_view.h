/* What `pull` prints while its runs go on, and how far it has come. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/timespan.h"
#include "flow/run.h"

struct progress;

struct pull_view {
    bool dry_run;
    struct progress *progress;
    size_t done, total; /* targets of the runs under way */
    size_t targets, changed,
        failures; /* of the runs that are over; a run that failed as a whole is a failure too */
};

/* One run's part of it. */
struct run_view {
    struct pull_view *view;
    void *owner; /* whoever started the run */
    size_t done, total, shown, hidden;
    bool waiting;
    usec_t started; /* CLOCK_MONOTONIC */
};

/* Where a progress bar may be drawn, it is; pull_view_done() takes it away. */
void pull_view_init(struct pull_view *view, bool dry_run);
void pull_view_done(struct pull_view *view);

/* Takes the bar off the terminal, before something else is written there. */
void pull_view_clear(struct pull_view *view);

/* What an observer of a run is told, but `done`; its userdata is a struct run_view. */
extern const struct run_observer pull_view_observer;

/* A run begins now, or is over: its report is printed. */
void run_view_begin(struct run_view *run_view, struct pull_view *view, void *owner);
void run_view_end(struct run_view *run_view, const struct run *run, const struct run_report *report);
