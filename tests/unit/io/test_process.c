#include "io/process.h"

#include "../unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "io/timer.h"

/* What was told of a program. */
struct outcome {
    sd_event *event;
    bool over;
    int status;
    struct error error;
    struct buffer lines; /* each ends with a newline */
    size_t line_count;
};

static struct outcome outcome;

static void on_output(const char *line, void *userdata) {
    struct outcome *to = userdata;
    to->line_count++;
    assert_true(buffer_append_format(&to->lines, "%s\n", line));
}

static void on_done(int status, const struct error *error, void *userdata) {
    struct outcome *to = userdata;
    assert_false(to->over);
    to->over = true;
    to->status = status;
    if (error)
        to->error = *error;
}

static struct process *start_program(const char *const *arguments, const char *input, size_t length,
                                     usec_t timeout) {
    struct process_request request = {.arguments = arguments,
                                      .input = input,
                                      .input_length = length,
                                      .timeout = timeout,
                                      .output = on_output,
                                      .done = on_done,
                                      .userdata = &outcome};
    return process_start(outcome.event, &request);
}

static struct process *start_shell(const char *script, const char *input, usec_t timeout) {
    const char *arguments[] = {"/bin/sh", "-c", script, NULL};
    return start_program(arguments, input, strlen(input), timeout);
}

static void await_end(void) {
    usec_t until = timer_now() + 20 * USEC_PER_SEC;
    while (!outcome.over) {
        assert_true(timer_now() < until);
        assert_true(sd_event_run(outcome.event, USEC_PER_SEC) >= 0);
    }
}

static void run_shell(const char *script, const char *input) {
    struct process *process = start_shell(script, input, 10 * USEC_PER_SEC);
    assert_false(outcome.over);
    await_end();
    process_free(process);
}

static int begin(void **state) {
    (void)state;
    outcome = (struct outcome){0};
    buffer_init(&outcome.lines, 1024 * 1024);
    return sd_event_new(&outcome.event) < 0;
}

static int end(void **state) {
    (void)state;
    buffer_done(&outcome.lines);
    sd_event_unref(outcome.event);
    return 0;
}

static void test_input_and_output(void **state) {
    (void)state;
    run_shell("cat; echo; echo oops >&2; printf unended; exit 3", "{\"type\": \"alert.test\"}");
    assert_int_equal(outcome.status, 3);
    assert_false(error_is_set(&outcome.error));
    assert_string_equal(buffer_text(&outcome.lines), "{\"type\": \"alert.test\"}\noops\nunended\n");
}

/* No shell: an argument is an argument. */
static void test_arguments(void **state) {
    (void)state;
    const char *arguments[] = {"/usr/bin/printf", "%s|", "a b", "$HOME", "*", "", NULL};
    struct process *process = start_program(arguments, "", 0, USEC_PER_SEC);
    await_end();
    process_free(process);
    assert_int_equal(outcome.status, 0);
    assert_string_equal(buffer_text(&outcome.lines), "a b|$HOME|*||\n");
}

static void test_large_input(void **state) {
    (void)state;
    enum { SIZE = 1024 * 1024 };
    char *input = alloc_zero(SIZE, 1);
    memset(input, 'x', SIZE);
    const char *arguments[] = {"/bin/sh", "-c", "sleep 0.05; wc -c", NULL};
    struct process *process = start_program(arguments, input, SIZE, 10 * USEC_PER_SEC);
    free(input); /* it was copied */
    await_end();
    process_free(process);
    assert_string_equal(buffer_text(&outcome.lines), "1048576\n");
}

static void test_input_that_nobody_reads(void **state) {
    (void)state;
    enum { SIZE = 1024 * 1024 };
    char *input = alloc_zero(SIZE, 1);
    const char *arguments[] = {"/bin/sh", "-c", "exec <&-; sleep 0.1; exit 0", NULL};
    struct process *process = start_program(arguments, input, SIZE, 10 * USEC_PER_SEC);
    free(input);
    await_end();
    process_free(process);
    assert_int_equal(outcome.status, 0);
    assert_false(error_is_set(&outcome.error));
}

static void test_output_is_bounded_and_harmless(void **state) {
    (void)state;
    run_shell("printf '\\033[31mred\\nx\\000y\\n'; head -c 5000 /dev/zero | tr '\\0' a; echo; i=0;"
              " while [ $i -lt 500 ]; do echo $i; i=$((i+1)); done",
              "");
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.line_count, PROCESS_LINES_MAX + 1);
    assert_true(strncmp(buffer_text(&outcome.lines), "?[31mred\nx?y\naaaa", 17) == 0);
    assert_true(outcome.lines.length < 2 * PROCESS_LINE_MAX + PROCESS_LINES_MAX * 10);
    assert_non_null(strstr(buffer_text(&outcome.lines), "\n(more output is dropped)\n"));
}

/* Megabytes are read on, so that who writes them is not held up. */
static void test_much_output(void **state) {
    (void)state;
    run_shell("yes | head -c 8000000; exit 5", "");
    assert_int_equal(outcome.status, 5);
}

static void test_environment(void **state) {
    (void)state;
    setenv("POLYTOMIC_API_KEY", "sk-secret", 1);
    setenv("CREDENTIALS_DIRECTORY", "/run/credentials", 1);
    setenv("TZ", "UTC", 1);
    const char *arguments[] = {"/usr/bin/env", NULL};
    struct process *process = start_program(arguments, "", 0, USEC_PER_SEC);
    await_end();
    process_free(process);
    const char *text = buffer_text(&outcome.lines);
    assert_non_null(strstr(text, "PATH="));
    assert_non_null(strstr(text, "TZ=UTC\n"));
    assert_null(strstr(text, "secret"));
    assert_null(strstr(text, "CREDENTIALS"));
    unsetenv("POLYTOMIC_API_KEY");
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void test_nothing_of_ours_is_open(void **state) {
    (void)state;
    int files[20];
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
        files[i] = open("/dev/null", O_RDONLY); /* not close-on-exec */
    run_shell("ls /proc/self/fd | tr '\\n' ' '", "");
    assert_string_equal(buffer_text(&outcome.lines), "0 1 2 3 \n"); /* 3: the folder itself */
    for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
        close(files[i]);
}

static void test_signals_are_as_usual(void **state) {
    (void)state;
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, &before);
    run_shell("grep -E '^Sig(Blk|Ign)' /proc/self/status", ""); /* SIGPIPE is ignored here */
    sigprocmask(SIG_SETMASK, &before, NULL);
    unsigned long long blocked = 0, ignored = 0;
    assert_int_equal(sscanf(buffer_text(&outcome.lines), "SigBlk:?%llx SigIgn:?%llx", &blocked, &ignored), 2);
    assert_int_equal(blocked, 0);
    assert_int_equal(ignored & 0x7fffffff, 0); /* glibc keeps 32 and 33 for itself */
}

static void test_killed_by_a_signal(void **state) {
    (void)state;
    run_shell("kill -TERM $$", "");
    assert_int_equal(outcome.error.cause, CAUSE_IO);
    assert_string_equal(outcome.error.text, "killed by signal 15");
}

static void test_cannot_be_started(void **state) {
    (void)state;
    const char *arguments[] = {"/nowhere/to/be/found", NULL};
    struct process *process = start_program(arguments, "x", 1, USEC_PER_SEC);
    assert_false(outcome.over); /* told by the loop, never inside the start */
    await_end();
    process_free(process);
    assert_int_equal(outcome.error.cause, CAUSE_IO);
    assert_string_equal(outcome.error.text, "cannot be started: No such file or directory");
}

/* Waits until `pid` is no process any more, or a dead one. */
static void await_gone(pid_t pid) {
    for (int i = 0; i < 1000; i++) {
        char path[64], state = 'X';
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        FILE *file = fopen(path, "re");
        if (!file)
            return;
        int got = fscanf(file, "%*d %*s %c", &state);
        fclose(file);
        if (got == 1 && (state == 'Z' || state == 'X'))
            return;
        usleep(10000);
    }
    fail_msg("process %d lives", (int)pid);
}

static pid_t last_number(void) {
    const char *text = buffer_text(&outcome.lines);
    return (pid_t)strtol(text, NULL, 10);
}

static void await_lines(size_t count) {
    usec_t until = timer_now() + 20 * USEC_PER_SEC;
    while (outcome.line_count < count) {
        assert_true(timer_now() < until);
        assert_true(sd_event_run(outcome.event, USEC_PER_SEC) >= 0);
    }
}

static void test_time_limit_kills_the_group(void **state) {
    (void)state;
    struct process *process =
        start_shell("trap '' TERM; sleep 1000 & echo $!; wait", "", 300 * USEC_PER_MSEC);
    await_end();
    process_free(process);
    assert_int_equal(outcome.error.cause, CAUSE_TIMEOUT);
    assert_string_equal(outcome.error.text, "still running after 300ms: killed");
    await_gone(last_number());
}

static void test_what_is_left_is_killed(void **state) {
    (void)state;
    run_shell("sleep 1000 & echo $!", "");
    assert_int_equal(outcome.status, 0);
    await_gone(last_number());
}

static void test_free_kills_the_group(void **state) {
    (void)state;
    struct process *process = start_shell("sleep 1000 & echo $!; wait", "", 10 * USEC_PER_SEC);
    await_lines(1);
    process_free(process);
    await_gone(last_number());
    for (int i = 0; i < 100 && waitpid(-1, NULL, WNOHANG) != -1; i++) /* the loop reaps it: no zombie stays */
        sd_event_run(outcome.event, 10000);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_false(outcome.over);
    process_free(NULL);
}

static void test_free_before_anything(void **state) {
    (void)state;
    process_free(start_shell("exit 0", "x", USEC_PER_SEC));
    const char *arguments[] = {"/nowhere", NULL};
    process_free(start_program(arguments, "", 0, USEC_PER_SEC));
    for (int i = 0; i < 5; i++)
        sd_event_run(outcome.event, 10000);
    assert_false(outcome.over);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_input_and_output),
        TEST(test_arguments),
        TEST(test_large_input),
        TEST(test_input_that_nobody_reads),
        TEST(test_output_is_bounded_and_harmless),
        TEST(test_much_output),
        TEST(test_environment),
        TEST(test_nothing_of_ours_is_open),
        TEST(test_signals_are_as_usual),
        TEST(test_killed_by_a_signal),
        TEST(test_cannot_be_started),
        TEST(test_time_limit_kills_the_group),
        TEST(test_what_is_left_is_killed),
        TEST(test_free_kills_the_group),
        TEST(test_free_before_anything),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
