/* Standard Webhooks signatures: HMAC-SHA256 over id, time and body, so that a receiver knows who sent it, and
 * when. Secrets are base64 of 24 to 64 random bytes, with or without `whsec_` before it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

enum { WEBHOOK_SECRET_MIN = 24, WEBHOOK_SECRET_MAX = 64 };

/* A signing secret's bytes from how it is written; blanks and ends of lines around it do not count. On
 * failure CAUSE_SECRET with what would be right; the text never repeats the secret. The caller overwrites
 * `ret` (explicit_bzero) after use. */
bool webhook_secret_parse(const char *text, unsigned char ret[static WEBHOOK_SECRET_MAX], size_t *ret_length,
                          struct error *ret_error) MUST_USE;

/* Appends the signature under one secret to the value of the header webhook-signature: `v1,` and base64,
 * behind a space where another one stands there. `id` is the value of webhook-id, which may not hold a point;
 * `unix_seconds` that of webhook-timestamp. False, with the header as it was, where its maximum would be
 * passed or libcrypto fails. */
bool webhook_sign(const unsigned char *secret, size_t secret_length, const char *id, int64_t unix_seconds,
                  const char *body, size_t body_length, struct buffer *header) MUST_USE;
