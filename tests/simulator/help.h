/* What --help prints. */
#ifndef SIMULATOR_HELP_H
#define SIMULATOR_HELP_H

/* Prints it on standard output. */
void print_help(void);

#endif
