/* An event as a body of PagerDuty's Events API v2. An incident here is one alert there: its id is the
 * dedup_key, under which drift, suspect and failing trigger and the end resolves. */
#pragma once

#include "base/buffer.h"
#include "core/event.h"

/* PagerDuty's limits: bytes of a body, characters of a summary (held in bytes here, which are never fewer).
 */
enum { PAGERDUTY_BODY_MAX = 512 * 1000, PAGERDUTY_SUMMARY_MAX = 1024 };

/* Appends the body. A test is two: one that triggers, and, with `resolve_test`, one that resolves the same,
 * so that nothing stays open; of other events `resolve_test` says nothing. The body holds the routing key, a
 * secret: the caller overwrites it after use. On failure the buffer is as it was: CAUSE_SHAPE for an event
 * without an incident, which never goes there; CAUSE_SECRET for an empty key; CAUSE_TOO_LARGE. */
bool pagerduty_body(const struct event *event, const char *routing_key, bool resolve_test,
                    struct buffer *buffer, struct error *ret_error) MUST_USE;
