#include <stdio.h>

#include "cli/command.h"
#include "flow/run.h"

static int run(const struct globals *globals, int argc, char **argv) {
    (void)globals;
    struct options options = {.argc = argc, .argv = argv, .rows = (const struct option_row[]){{0}}};
    if (command_next_option(&cmd_run_graph, &options) != OPTION_END)
        return EXIT_WRONG_USAGE;
    if (options.first_word < argc)
        return command_usage_error(&cmd_run_graph, "it takes no argument: '%s'", argv[options.first_word]);
    run_print_graph(stdout);
    return EXIT_DONE;
}

const struct command cmd_run_graph = {
    .name = "run-graph",
    .arguments = "",
    .summary = "the states of a run as a Graphviz graph, for those who work on schemasyncd",
    .details = "daemon/README.md holds its output.\n"
               "\n"
               "Example:\n"
               "  schemasyncd run-graph | dot -Tsvg > run.svg\n",
    .run = run,
    .hidden = true,
};
