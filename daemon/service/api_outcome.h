/* What an answer, or its absence, means for a request: success, a second try, or the end. Decides and does
 * nothing. Only for service/api. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "io/http.h"
#include "service/api_route.h"

/* The error that an answer is, with the API's words (`secrets`, which end with NULL, left out); CAUSE_NONE
 * for a success. */
void outcome_judge(enum api_route route, const char *base_url, const struct http_response *response,
                   const char *const *secrets, struct error *ret_error);

/* How long the server asks us to wait, where it answered 429 or 5xx; else 0. `now` (since 1970) is for a date
 * where the answer names no own. */
usec_t outcome_retry_after(const struct http_response *response, usec_t now);

/* Is the next try worth it? `failures` counts this one. On success *ret_delay is the time until then. */
bool outcome_retry(enum error_cause cause, unsigned retries, unsigned failures, uint64_t random,
                   usec_t retry_after, usec_t *ret_delay);
