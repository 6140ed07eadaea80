/* What a terminal can show: its width, its colours, how many columns a text takes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buffer.h"

/* Makes this process read texts as UTF-8, whatever the environment says: all that it writes is. Called once
 * at the start. */
void terminal_setup(void);

/* The columns of a terminal: what it says itself, else $COLUMNS, else 80. 0: the stream leads to no terminal.
 */
size_t terminal_width(FILE *stream);

/* True for a terminal that knows colours where nobody asked for none ($NO_COLOR, TERM=dumb). */
bool terminal_has_color(FILE *stream);

/* How many columns a text takes; what is not UTF-8 or not printable counts one. */
size_t text_width(const char *text);

/* A copy fit for a terminal: one line, without control characters; line ends and tabs become spaces. To be
 * freed. */
char *text_harmless(const char *text) MUST_USE;

/* Appends the text, shortened with … where it takes more than `columns`; returns the columns taken. Where the
 * buffer is full nothing is appended. */
size_t text_fit(struct buffer *buffer, const char *text, size_t columns);
