#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/suggest.h"

enum { ROWS_MAX = 24, UNKNOWN = '?', NO_VALUE = ':' };

/* What getopt stopped at, as foreign text may be shown: a letter of a cluster, or a word. */
static void describe(const struct options *options, char *ret, size_t size) {
    char letter[] = {'-', (char)optopt, '\0'};
    const char *word = optind > 0 && optind <= options->argc ? options->argv[optind - 1] : "";
    if (optopt > 0 && optopt < 0x100)
        word = letter;
    text_sanitize(word, strlen(word), ret, size);
}

static void explain_unknown(struct options *options, const char *word) {
    const char *names[ROWS_MAX + 1] = {NULL};
    size_t count = 0;
    for (const struct option_row *row = options->rows; row->name && count < ROWS_MAX; row++)
        names[count++] = row->name;
    char name[sizeof(options->message)] = "";
    if (strncmp(word, "--", 2) == 0)
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *near = suggest(name, names);
    bool exact = near && strcmp(near, name) == 0;
    if (exact) /* getopt refuses a known one only for this */
        snprintf(options->message, sizeof(options->message), "option '--%s' takes no value", near);
    else if (near)
        snprintf(options->message, sizeof(options->message), "unknown option '%.100s': did you mean '--%s'?",
                 word, near);
    else
        snprintf(options->message, sizeof(options->message), "unknown option '%.100s'", word);
}

int options_next(struct options *options) {
    struct option longs[ROWS_MAX + 1] = {0};
    for (size_t i = 0; i < ROWS_MAX && options->rows[i].name; i++)
        longs[i] = (struct option){.name = options->rows[i].name,
                                   .has_arg = options->rows[i].takes_value ? required_argument : no_argument,
                                   .val = options->rows[i].key + 0x100}; /* apart from getopt's characters */
    if (!options->started)
        optind = 0; /* getopt begins anew */
    options->started = true;
    opterr = 0;
    int found = getopt_long(options->argc, options->argv, options->stop_at_word ? "+:" : ":", longs, NULL);
    options->value = optarg;
    if (found == -1) {
        options->first_word = optind;
        return OPTION_END;
    }
    if (found >= 0x100)
        return found - 0x100;
    char word[200];
    describe(options, word, sizeof(word));
    if (found == NO_VALUE)
        snprintf(options->message, sizeof(options->message), "option '%s' needs a value", word);
    else
        explain_unknown(options, word);
    return OPTION_WRONG;
}
