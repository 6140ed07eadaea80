/* A receiver of webhooks beside the world (tests/support/webhook_receiver): what it got, and how it is to
 * answer. */
#pragma once

#include "world.h"

/* Signing secrets for it: 32 bytes each, in base64. */
#define RECEIVER_SECRET "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define RECEIVER_OTHER  "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="

/* Starts it, or, where it runs, has it forget everything; it verifies nothing until it is told secrets. */
void receiver_fresh(void);
void receiver_stop(void);
/* Its URL, without a path. A stopped one comes back under the same. */
const char *receiver_url(void);

/* A rule, or secrets: see there. ' means ". */
#define receiver_control(...) receiver_control_at(WORLD_HERE, __VA_ARGS__)
void receiver_control_at(struct world_place place, const char *format, ...) PRINTF_LIKE(2, 3);

/* Waits until so many deliveries to the paths have come; exactly as many must be there then. */
#define receiver_await(path, count) receiver_await_at(WORLD_HERE, path, count)
void receiver_await_at(struct world_place place, const char *path, size_t count);
size_t receiver_count(const char *path);
/* A member of one of them, as "headers.webhook-id", "event.type" or "verified"; of text the text itself, else
 * JSON; "": none. */
const char *receiver_value(const char *path, size_t index, const char *member);
void receiver_forget(void);
