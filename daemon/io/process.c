#include "io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "io/timer.h"

struct process {
    struct sd_event *event;
    struct process_request request; /* without arguments and input */
    char *input;
    size_t written;
    pid_t pid; /* 0: none was started */
    int in, out;
    sd_event_source *child, *in_source, *out_source;
    struct timer *timer; /* the time limit; or, where it could not be started, until that is told */
    struct error error;
    char line[PROCESS_LINE_MAX];
    size_t line_length, lines;
};

/* What it writes */

static void end_line(struct process *process) {
    char harmless[PROCESS_LINE_MAX + 1];
    text_sanitize(process->line, process->line_length, harmless, sizeof(harmless));
    process->line_length = 0;
    process->lines++;
    if (!process->request.output || process->lines > PROCESS_LINES_MAX + 1)
        return;
    process->request.output(process->lines > PROCESS_LINES_MAX ? "(more output is dropped)" : harmless,
                            process->request.userdata);
}

static void take_output(struct process *process, const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n')
            end_line(process);
        else if (process->line_length < sizeof(process->line))
            process->line[process->line_length++] = bytes[i];
    }
}

/* Reads what is there now, but not for ever: who writes without a pause is read on in the loop's next turn.
 */
static void read_output(struct process *process) {
    char block[4096];
    for (int blocks = 0; process->out >= 0 && blocks < 64; blocks++) {
        ssize_t got = read(process->out, block, sizeof(block));
        if (got > 0) {
            take_output(process, block, (size_t)got);
        } else if (got < 0 && errno == EINTR) {
            continue;
        } else {
            if (got == 0 || errno != EAGAIN)
                process->out_source = sd_event_source_disable_unref(process->out_source);
            return;
        }
    }
}

static int on_output(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *userdata) {
    read_output(userdata);
    return 0;
}

/* What it reads */

static void end_input(struct process *process) {
    process->in_source = sd_event_source_disable_unref(process->in_source);
    if (process->in >= 0)
        close(process->in);
    process->in = -1;
}

/* Who reads no more is given no more: that is no failure. */
static int on_input(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *userdata) {
    struct process *process = userdata;
    size_t length = process->request.input_length;
    while (process->written < length) {
        ssize_t put = write(process->in, process->input + process->written, length - process->written);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN)
            return 0;
        if (put < 0)
            break;
        process->written += (size_t)put;
    }
    end_input(process);
    return 0;
}

/* The end */

static void tell(struct process *process, int status) {
    process->timer = (timer_free(process->timer), NULL);
    process->request.done(status, error_is_set(&process->error) ? &process->error : NULL,
                          process->request.userdata);
}

/* Here it is not reaped yet, so that its number is nobody else's. NULL: the handle is gone, it was killed. */
static int on_child(sd_event_source *source UNUSED, const siginfo_t *info, void *userdata) {
    struct process *process = userdata;
    if (!process)
        return 0;
    kill(-process->pid, SIGKILL);
    process->pid = 0;
    read_output(process);
    if (process->line_length > 0)
        end_line(process);
    if (info->si_code != CLD_EXITED && !error_is_set(&process->error))
        error_set(&process->error, CAUSE_IO, "killed by signal %d", info->si_status);
    tell(process, info->si_code == CLD_EXITED ? info->si_status : -1);
    return 0;
}

static void on_timer(void *userdata) {
    struct process *process = userdata;
    if (process->pid == 0) {
        tell(process, -1);
        return;
    }
    char limit[TIMESPAN_TEXT_MAX];
    timespan_format(process->request.timeout, limit);
    error_set(&process->error, CAUSE_TIMEOUT, "still running after %s: killed", limit);
    kill(-process->pid, SIGKILL);
}

/* The start */

static char **make_environment(void) {
    static const char *const names[] = {"PATH", "HOME", "LANG", "USER", "TZ"};
    char **environment = alloc_zero(ARRAY_LENGTH(names) + 1, sizeof(*environment));
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const char *value = getenv(names[i]);
        if (value)
            environment[count++] = alloc_printf("%s=%s", names[i], value);
    }
    return environment;
}

static void free_environment(char **environment) {
    for (size_t i = 0; environment[i]; i++)
        free(environment[i]);
    free(environment);
}

/* posix_spawn() with all that must be set; 0 or an errno. */
static int spawn(struct process *process, char *const *arguments, int in, int out) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    int result = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    if (result == 0)
        result = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    if (result == 0)
        result = posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
    if (result == 0)
        result = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    char **environment = make_environment();
    if (result == 0)
        result = posix_spawn(&process->pid, arguments[0], &files, &attributes, arguments, environment);
    if (result != 0)
        process->pid = 0;
    free_environment(environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return result;
}

static bool watch(struct process *process) {
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD); /* sd-event asks for it */
    sigprocmask(SIG_BLOCK, &child, NULL);
    return fcntl(process->in, F_SETFL, O_NONBLOCK) == 0 && fcntl(process->out, F_SETFL, O_NONBLOCK) == 0 &&
           sd_event_add_child(process->event, &process->child, process->pid, WEXITED, on_child, process) >=
               0 &&
           sd_event_add_io(process->event, &process->in_source, process->in, EPOLLOUT, on_input, process) >=
               0 &&
           sd_event_add_io(process->event, &process->out_source, process->out, EPOLLIN, on_output, process) >=
               0;
}

static bool start(struct process *process, const char *const *arguments) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) < 0)
        return error_set(&process->error, CAUSE_IO, "cannot be started: %s", strerrordesc_np(errno));
    process->in = in[1];
    if (pipe2(out, O_CLOEXEC) < 0) {
        close(in[0]);
        return error_set(&process->error, CAUSE_IO, "cannot be started: %s", strerrordesc_np(errno));
    }
    process->out = out[0];
    size_t count = 0;
    while (arguments[count])
        count++;
    char **copy = alloc_zero(count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = alloc_strdup(arguments[i]);
    int result = spawn(process, copy, in[0], out[1]);
    free_environment(copy);
    close(in[0]);
    close(out[1]);
    if (result != 0)
        return error_set(&process->error, CAUSE_IO, "cannot be started: %s", strerrordesc_np(result));
    if (watch(process))
        return true;
    kill(-process->pid, SIGKILL);
    waitpid(process->pid, NULL, 0);
    process->pid = 0;
    return error_set(&process->error, CAUSE_BUG, "the event loop takes no more sources");
}

struct process *process_start(struct sd_event *event, const struct process_request *request) {
    struct process *process = alloc_zero(1, sizeof(*process));
    process->event = event;
    process->request = *request;
    process->request.arguments = NULL;
    process->request.input = NULL;
    process->input = alloc_strndup(request->input, request->input_length);
    process->in = process->out = -1;
    process->timer = timer_new(event, on_timer, process);
    timer_set(process->timer, start(process, request->arguments) ? request->timeout : 0);
    return process;
}

void process_free(struct process *process) {
    if (!process)
        return;
    end_input(process);
    sd_event_source_disable_unref(process->out_source);
    if (process->out >= 0)
        close(process->out);
    if (process->pid > 0) {
        kill(-process->pid, SIGKILL);
        sd_event_source_set_userdata(process->child, NULL); /* the loop reaps it when it is dead */
        sd_event_source_set_floating(process->child, true);
        sd_event_source_unref(process->child);
    } else {
        sd_event_source_disable_unref(process->child);
    }
    timer_free(process->timer);
    free(process->input);
    free(process);
}
