/* A program with a document on its standard input: no shell, a process group of its own, an environment that
 * holds no secrets, and an end within a time limit. What it writes is handed over line by line. One handle,
 * whose destruction kills the whole group. Callbacks never run inside process_start(). The program that uses
 * this must ignore SIGPIPE; SIGCHLD is blocked from the first start on. */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "base/timespan.h"

struct sd_event;
struct process;

/* Lines are cut to so many bytes, and after so many the rest of the output is dropped. */
enum { PROCESS_LINE_MAX = 1024, PROCESS_LINES_MAX = 100 };

struct process_request {
    const char *const
        *arguments;    /* the program's path, which is not searched for, and its arguments; ends with NULL */
    const char *input; /* copied */
    size_t input_length;
    usec_t timeout;
    /* A line of its standard output or standard error, made harmless, without its end. May be NULL. */
    void (*output)(const char *line, void *userdata);
    /* It has ended with this status; or, `error` given, otherwise: by a signal, by the time limit, or it
     * could not be started (CAUSE_IO, CAUSE_TIMEOUT). The handle is to be freed then, perhaps in here. What
     * it left in its group has been killed. */
    void (*done)(int status, const struct error *error, void *userdata);
    void *userdata;
};

/* Starts it; of the environment it gets PATH, HOME, LANG, USER and TZ, of the open files none. Signals are as
 * a shell has them. Never NULL. process_free() kills the group where it still runs, without a callback; takes
 * NULL. */
struct process *process_start(struct sd_event *event, const struct process_request *request) MUST_USE;
void process_free(struct process *process);
