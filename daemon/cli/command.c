#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "base/suggest.h"

enum { WORD_SHOWN = 200, LISTED = 5 };

int command_usage_error(const struct command *command, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "schemasyncd %s: ", command->name);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nusage: schemasyncd %s%s%s; see 'schemasyncd %s --help'\n", command->name,
            command->arguments[0] ? " " : "", command->arguments, command->name);
    va_end(args);
    return EXIT_WRONG_USAGE;
}

int command_failed(const struct command *command, const struct error *error) {
    fprintf(stderr, "schemasyncd %s: %s\n", command->name, error->text);
    return error_class(error->cause)->exit_code;
}

int command_next_option(const struct command *command, struct options *options) {
    int key = options_next(options);
    if (key != OPTION_WRONG)
        return key;
    static const char *const globals[] = {"--config", "--database", "--log-level", "--log-format", NULL};
    for (size_t i = 0; globals[i]; i++)
        if (strstr(options->message, globals[i])) {
            command_usage_error(command, "%s (the options for all commands stand before the command)",
                                options->message);
            return key;
        }
    command_usage_error(command, "%s", options->message);
    return key;
}

int command_unknown(const struct command *command, const char *kind, const char *word,
                    const char *const *candidates) {
    char shown[WORD_SHOWN];
    text_sanitize(word, strlen(word), shown, sizeof(shown));
    fprintf(stderr, "schemasyncd %s: unknown %s '%s'", command->name, kind, shown);
    const char *near = suggest(word, candidates);
    if (near) {
        text_sanitize(near, strlen(near), shown, sizeof(shown));
        fprintf(stderr, ": did you mean '%s'?", shown);
    } else if (candidates[0]) {
        fputs("; there is ", stderr);
        for (size_t i = 0; i < LISTED && candidates[i]; i++) {
            text_sanitize(candidates[i], strlen(candidates[i]), shown, sizeof(shown));
            fprintf(stderr, "%s%s", i > 0 ? ", " : "", shown);
            if (i + 1 == LISTED && candidates[i + 1])
                fputs(", ...", stderr);
        }
    }
    fputc('\n', stderr);
    return EXIT_WRONG_USAGE;
}

int command_help(const struct command *command) {
    printf("usage: schemasyncd [GLOBAL OPTION...] %s%s%s\n\n%s.\n", command->name,
           command->arguments[0] ? " " : "", command->arguments, command->summary);
    if (command->details)
        printf("\n%s", command->details);
    return EXIT_DONE;
}
