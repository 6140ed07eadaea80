/* An event as a message for a Slack incoming webhook: Block Kit, readable on a phone. What changed, where,
 * how bad, which syncs break, and the commands that show more and that acknowledge. */
#pragma once

#include "base/buffer.h"
#include "core/event.h"

/* Slack's limits, in characters; they are held in bytes here, which are never fewer. */
enum { SLACK_BODY_MAX = 13000, SLACK_SECTION_MAX = 3000, SLACK_HEADER_MAX = 150, SLACK_BLOCKS_MAX = 50 };

/* Appends the body. What does not fit is left out, and counted in the message ("and N more"). False where the
 * buffer's maximum (SLACK_BODY_MAX is enough) would be passed; the buffer is as it was then. */
bool slack_body(const struct event *event, struct buffer *buffer) MUST_USE;
