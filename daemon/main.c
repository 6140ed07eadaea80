/* The command line: what stands before the command, and the table of commands. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "base/log.h"
#include "base/suggest.h"
#include "cli/command.h"
#include "cli/migrate.h"
#include "cli/terminal.h"

#define DEFAULT_CONFIG "/etc/schemasyncd/schemasyncd.yaml"

static const struct command *const table[] = {
    &cmd_run,     &cmd_pull,       &cmd_check,     &cmd_init,      &cmd_migrate,  &cmd_status, &cmd_drift,
    &cmd_fields,  &cmd_history,    &cmd_accept,    &cmd_problems,  &cmd_gate,     &cmd_ack,    &cmd_unack,
    &cmd_compare, &cmd_alert_test, &cmd_redeliver, &cmd_run_graph, &cmd_describe,
};

enum { OPTION_CONFIG = 1, OPTION_DATABASE, OPTION_LOG_LEVEL, OPTION_LOG_FORMAT, OPTION_HELP, OPTION_VERSION };

static const struct option_row global_rows[] = {
    {"config", true, OPTION_CONFIG},
    {"database", true, OPTION_DATABASE},
    {"log-level", true, OPTION_LOG_LEVEL},
    {"log-format", true, OPTION_LOG_FORMAT},
    {"help", false, OPTION_HELP},
    {"version", false, OPTION_VERSION},
    {0},
};

const struct command *command_listed(size_t index) {
    return index < ARRAY_LENGTH(table) ? table[index] : NULL;
}

const struct option_row *command_global_options(void) {
    return global_rows;
}

/* Secrets stand in this process's memory: no file and no other process of the user shall get at it. (A
 * sanitizer's search for leaks has to.) */
static void keep_memory_private(void) {
    const struct rlimit none = {0};
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

static usec_t now_real(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

static void print_help(void) {
    printf(
        "schemasyncd keeps a mirror of destination schemas in PostgreSQL, with their history, and tells of changes.\n"
        "\n"
        "usage: schemasyncd [GLOBAL OPTION...] COMMAND [ARGUMENT...]\n"
        "\n"
        "commands ('schemasyncd COMMAND --help' tells more):\n");
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (!table[i]->hidden)
            printf("  %-12s %s\n", table[i]->name, table[i]->summary);
    printf(
        "\n"
        "global options, before the command:\n"
        "  --config FILE         the configuration; else $SCHEMASYNCD_CONFIG, else " DEFAULT_CONFIG "\n"
        "  --database CONNINFO   the database, as libpq is told; else the configuration's, else the PG* variables\n"
        "  --log-level LEVEL     error, warning, notice, info (default) or debug\n"
        "  --log-format FORMAT   auto (default: the journal where stderr leads to it, else text), text, json or journal\n"
        "  --help, --version\n"
        "\n"
        "exit codes: 0 done, 1 some of it failed, 3 drift (with --exit-code), 64 wrong usage, 69 database or API out of\n"
        "reach, 75 not known now, 77 not permitted, 78 faulty configuration or a database schema that is too new\n");
}

static int usage_error(const char *message) {
    fprintf(
        stderr,
        "schemasyncd: %s\nusage: schemasyncd [GLOBAL OPTION...] COMMAND [ARGUMENT...]; see 'schemasyncd --help'\n",
        message);
    return EXIT_WRONG_USAGE;
}

static const struct command *find_command(const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++)
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    return NULL;
}

static int unknown_command(const char *name) {
    const char *names[ARRAY_LENGTH(table) + 1] = {NULL};
    for (size_t i = 0, count = 0; i < ARRAY_LENGTH(table); i++)
        if (!table[i]->hidden)
            names[count++] = table[i]->name;
    const char *near = suggest(name, names);
    char shown[200], message[300];
    text_sanitize(name, strlen(name), shown, sizeof(shown));
    snprintf(message, sizeof(message),
             near ? "unknown command '%s': did you mean '%s'?" : "unknown command '%s'", shown, near);
    return usage_error(message);
}

/* True where a word before "--" asks for help. */
static bool asks_for_help(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0)
            return true;
    return false;
}

static int run_command(const struct globals *globals, int argc, char **argv) {
    const struct command *command = find_command(argv[0]);
    if (!command)
        return unknown_command(argv[0]);
    return asks_for_help(argc, argv) ? command_help(command) : command->run(globals, argc, argv);
}

struct log_choice {
    enum log_level level;
    enum log_format format;
};

/* Takes one global option over; false where its value is wrong. */
static bool take_option(int key, const char *value, struct globals *globals, struct log_choice *log) {
    switch (key) {
    case OPTION_CONFIG:
        globals->config_path = value;
        globals->config_is_default = false;
        return true;
    case OPTION_DATABASE:
        globals->database = value;
        return true;
    case OPTION_LOG_LEVEL:
        return log_parse_level(value, &log->level);
    default:
        return log_parse_format(value, &log->format);
    }
}

static int print_version(void) {
    printf("schemasyncd %s (database schema %d)\n", SCHEMASYNCD_VERSION, migrate_program_version());
    return EXIT_DONE;
}

static int run_all(int argc, char **argv) {
    const char *path = getenv("SCHEMASYNCD_CONFIG");
    bool named = path && path[0];
    struct globals globals = {.config_path = named ? path : DEFAULT_CONFIG, .config_is_default = !named};
    struct log_choice log = {LOG_LEVEL_INFO, LOG_FORMAT_AUTO};
    struct options options = {.argc = argc, .argv = argv, .rows = global_rows, .stop_at_word = true};
    for (int key; (key = options_next(&options)) != OPTION_END;) {
        if (key == OPTION_WRONG)
            return usage_error(options.message);
        if (key == OPTION_HELP)
            return print_help(), EXIT_DONE;
        if (key == OPTION_VERSION)
            return print_version();
        if (!take_option(key, options.value, &globals, &log))
            return usage_error(key == OPTION_LOG_LEVEL
                                   ? "--log-level is error, warning, notice, info or debug"
                                   : "--log-format is auto, text, json or journal");
    }
    log_setup(log.level, log.format);
    log_set_clock(now_real);
    if (options.first_word >= argc)
        return usage_error("a command is missing");
    return run_command(&globals, argc - options.first_word, argv + options.first_word);
}

/* What was written must have arrived: a full disk is found out about here. */
static int finish_output(int code) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "schemasyncd: cannot write to standard output%s%s\n", errno ? ": " : "",
            errno ? strerror(errno) : "");
    return code == EXIT_DONE ? EXIT_SOME_FAILED : code;
}

int main(int argc, char **argv) {
    keep_memory_private();
    terminal_setup();
    return finish_output(run_all(argc, argv));
}
