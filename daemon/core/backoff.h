/* How long to wait before the next try. Pure: (policy, attempt, random) -> delay, or give up. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/timespan.h"

struct backoff_policy {
    usec_t first;     /* the delay after the first failure */
    usec_t maximum;   /* doubling stops here */
    unsigned retries; /* tries after the first; more are given up */
};

/* The delay after `failures` failures (1 for the first), with full jitter in its upper half: between half of
 * it and all of it, as `random` says. At least `retry_after` where the server asked for that (0: it did not);
 * a Retry-After beyond `longest_wait` is not waited for. False: give up. */
bool backoff_delay(const struct backoff_policy *policy, unsigned failures, uint64_t random,
                   usec_t retry_after, usec_t longest_wait, usec_t *ret_delay);
