/* Long options from a table of rows, with messages that say what was meant. The only file that knows getopt.
 */
#pragma once

#include <stdbool.h>

enum { OPTION_END = -1, OPTION_WRONG = -2 };

/* An option "--NAME"; `key` (above 0) is what options_next() returns for it. A table ends with a row without
 * a name. */
struct option_row {
    const char *name;
    bool takes_value;
    int key;
};

/* The state of one pass over a command line; set the first members, leave the rest zero. argv is reordered:
 * what is no option comes to stand last. */
struct options {
    int argc;
    char **argv; /* argv[0] is the program or the command */
    const struct option_row *rows;
    bool stop_at_word; /* the first word that is no option ends the options */

    bool started;
    const char *value; /* of the option found, where it takes one */
    int first_word;    /* at the end: the index of the first word that is no option */
    char message[256]; /* what is wrong, where OPTION_WRONG was returned */
};

/* The key of the next option, OPTION_END or OPTION_WRONG. */
int options_next(struct options *options);
