/* A command: one row of the table in main.c, one file cmd_NAME.c each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cli/options.h"

struct config;

/* What stands on the command line before the command. */
struct globals {
    const char *config_path; /* --config, $SCHEMASYNCD_CONFIG or the default */
    bool config_is_default;  /* neither was given: the file may be missing where a command can do without */
    const char *database;    /* --database; NULL: the configuration's, or the PG* variables */
};

struct command {
    const char *name;
    const char *arguments;            /* as the usage line shows them */
    const char *summary;              /* one line */
    const char *details;              /* options, one a line, and one example */
    const struct option_row *options; /* NULL: none */
    int (*run)(const struct globals *globals, int argc,
               char **argv); /* argv[0] is the command; returns the exit code */
    bool hidden;
};

extern const struct command cmd_run, cmd_pull, cmd_check, cmd_init, cmd_migrate, cmd_status, cmd_drift,
    cmd_fields, cmd_history, cmd_accept, cmd_problems, cmd_gate, cmd_ack, cmd_unack, cmd_compare,
    cmd_alert_test, cmd_redeliver, cmd_run_graph, cmd_describe;

/* The table of commands, which is main.c's: the one at `index`, NULL behind the last; and the options before
 * a command. */
const struct command *command_listed(size_t index);
const struct option_row *command_global_options(void);

/* The next option of a command: a key of its rows, OPTION_END or OPTION_WRONG; in the second case the message
 * is written.
 * "--help" is known to every command: main.c answers it before the command runs. */
int command_next_option(const struct command *command, struct options *options);

/* Prints "schemasyncd COMMAND: message" and where help is to be had to stderr; returns EXIT_WRONG_USAGE. */
int command_usage_error(const struct command *command, const char *format, ...) PRINTF_LIKE(2, 3);

/* Prints "schemasyncd COMMAND: what went wrong" to stderr; returns the exit code that belongs to its cause.
 */
int command_failed(const struct command *command, const struct error *error);

/* "unknown KIND 'WORD'", and which of the candidates (ends with NULL) is meant, or what there is. Returns
 * EXIT_WRONG_USAGE. */
int command_unknown(const struct command *command, const char *kind, const char *word,
                    const char *const *candidates);

/* Prints the help of one command to stdout; returns EXIT_DONE. */
int command_help(const struct command *command);
