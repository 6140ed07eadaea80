/* Pieces of YAML written so that every reader takes them for what they are, whatever text the upstream sent.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Appends the text as one scalar on one line: plain where nothing could take it for anything else, also in a
 * comment's line, a flow map or a list, else in double quotes with escapes for all that is not printable.
 * What is not UTF-8 becomes U+FFFD. False where the buffer is full. */
bool yaml_put_scalar(struct buffer *buffer, const char *text) MUST_USE;

/* Appends the text for a comment: `?` for all that is not printable or would end the line, cut with … behind
 * `most` bytes. False where the buffer is full. */
bool yaml_put_comment(struct buffer *buffer, const char *text, size_t most) MUST_USE;

/* Appends the text as a name that the configuration takes (no colon, no dash in front, nothing unprintable,
 * at most `most` bytes):
 * - for each character that cannot stay, nothing where nothing is left. False where the buffer is full. */
bool yaml_put_name(struct buffer *buffer, const char *text, size_t most) MUST_USE;
