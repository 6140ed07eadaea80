/* Foreign text made harmless for Slack: what would be a mention, a link or formatting there is shown as it is
 * written. Slack reads `&`, `<` and `>` in every text, and in mrkdwn `*`, `_`, `~` and backticks besides,
 * which cannot be escaped: foreign text stands in plain text or between backticks only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Appends `text` for a plain_text object: control characters become `?`, and it is cut before a character,
 * never within an escape, with "…" where more than `limit` bytes would be appended. False where the buffer is
 * full. */
bool slack_plain(struct buffer *buffer, const char *text, size_t limit) MUST_USE;

/* Appends `text` between backticks, which in it become apostrophes; `limit` as above, without the two. */
bool slack_code(struct buffer *buffer, const char *text, size_t limit) MUST_USE;

/* Appends "<URL|label>". The URL must have passed url_check(); the label is the program's own. */
bool slack_link(struct buffer *buffer, const char *url, const char *label) MUST_USE;
