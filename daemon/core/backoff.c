#include "core/backoff.h"

#include "base/macros.h"

/* The first delay doubled for each failure after the first, up to the maximum. */
static usec_t doubled(const struct backoff_policy *policy, unsigned failures) {
    usec_t delay = policy->first;
    for (unsigned i = 1; i < failures && delay < policy->maximum; i++)
        delay = delay > policy->maximum / 2 ? policy->maximum : delay * 2;
    return MIN(delay, policy->maximum);
}

bool backoff_delay(const struct backoff_policy *policy, unsigned failures, uint64_t random,
                   usec_t retry_after, usec_t longest_wait, usec_t *ret_delay) {
    if (failures > policy->retries || retry_after > longest_wait)
        return false;
    usec_t whole = MAX(doubled(policy, failures), 0);
    usec_t half = whole / 2;
    usec_t delay = whole - half + (usec_t)(random % ((uint64_t)half + 1));
    *ret_delay = MAX(delay, retry_after);
    return true;
}
