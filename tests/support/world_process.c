#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "world_parts.h"

enum { OUTPUT_MAX = 64 * 1024 * 1024 };

struct world_process {
    struct world_process *next;
    pid_t pid;
    int output;
    struct buffer text;
    const char *command;
};

struct world_process *world_start_at(struct world_place place, const char *const *arguments) {
    enum { ARGUMENTS_MAX = 64 };
    const char *all[ARGUMENTS_MAX + 2] = {getenv("SCHEMASYNCD")};
    const char *command = "schemasyncd";
    size_t count = 0;
    for (; arguments[count]; count++) {
        if (count >= ARGUMENTS_MAX)
            world_fail(place, "too many arguments");
        all[count + 1] = arguments[count];
        command = world_text("%s %s", command, arguments[count]);
    }
    struct world_process *process = alloc_zero(1, sizeof(*process));
    buffer_init(&process->text, OUTPUT_MAX);
    process->command = command;
    process->pid = world_spawn(all, &process->output);
    process->next = world.processes;
    world.processes = process;
    return process;
}

static void forget(struct world_process *process) {
    struct world_process **link = &world.processes;
    while (*link && *link != process)
        link = &(*link)->next;
    if (*link)
        *link = process->next;
    close(process->output);
    buffer_done(&process->text);
    free(process);
}

/* Reads until the end of the output; false when the deadline has come. */
static bool drain(struct world_process *process, long long deadline) {
    for (;;) {
        long long left = deadline - world_now();
        struct pollfd poller = {.fd = process->output, .events = POLLIN};
        if (left <= 0 || (poll(&poller, 1, (int)left) < 0 && errno != EINTR))
            return false;
        if (!poller.revents)
            continue;
        char bytes[65536];
        ssize_t length = read(process->output, bytes, sizeof(bytes));
        if (length <= 0)
            return true;
        (void)!buffer_append(&process->text, bytes, (size_t)length);
    }
}

const char *world_wait_at(struct world_place place, struct world_process *process, int expected) {
    bool ended = drain(process, world_now() + world_patience());
    if (!ended)
        kill(process->pid, SIGABRT);
    int status = 0;
    struct rusage usage = {0};
    while (wait4(process->pid, &status, 0, &usage) < 0 && errno == EINTR)
        ;
    world.peak_kib = usage.ru_maxrss;
    const char *text = world_text("%s", buffer_text(&process->text)), *command = process->command;
    forget(process);
    if (!ended)
        world_fail(place, "%s: did not end in time\n%s", command, text);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (code != expected)
        world_fail(place, "%s: exit code %d where %d was expected\n%s", command, code, expected, text);
    return text;
}

const char *world_run_at(struct world_place place, int expected, const char *const *arguments) {
    return world_wait_at(place, world_start_at(place, arguments), expected);
}

void world_signal(struct world_process *process, int signal) {
    kill(process->pid, signal);
}

int world_pid(const struct world_process *process) {
    return process->pid;
}

long world_peak_kib(void) {
    return world.peak_kib;
}

void world_kill_all(void) {
    while (world.processes) {
        kill(world.processes->pid, SIGKILL);
        waitpid(world.processes->pid, NULL, 0);
        forget(world.processes);
    }
}
