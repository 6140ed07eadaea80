#include "service/api_outcome.h"

#include "base/alloc.h"
#include "core/api_json.h"
#include "core/backoff.h"

static const usec_t first_delay = 500 * USEC_PER_MSEC, longest_delay = 30 * USEC_PER_SEC;

/* A longer Retry-After is not waited for: the request fails, and the schedule comes again. */
static const usec_t longest_wait = 10 * USEC_PER_MIN;

static void redirect_error(const char *base_url, const struct http_response *response,
                           const char *const *secrets, struct error *ret_error) {
    CLEANUP(cleanup_free) char *url = NULL;
    CLEANUP(cleanup_free) char *host = NULL;
    if (response->location && http_same_origin(base_url, response->location, &url))
        host = http_host(url);
    else if (response->location)
        host = http_host(response->location);
    CLEANUP(cleanup_free) char *shown = api_redact(host ? host : "another place", secrets);
    error_set(ret_error, CAUSE_REDIRECT, "status %d, a redirect to %s, which is not followed with the key",
              response->status, shown);
}

void outcome_judge(enum api_route route, const char *base_url, const struct http_response *response,
                   const char *const *secrets, struct error *ret_error) {
    int status = response->status;
    bool success = status >= 200 && status < 300;
    if (status == 200 || (success && route_info(route)->method == HTTP_POST)) {
        *ret_error = (struct error){0};
        return;
    }
    if (success) {
        error_set(ret_error, CAUSE_SHAPE, "status %d, where 200 belongs", status);
        return;
    }
    enum error_cause cause = error_cause_of_status(status);
    if (cause == CAUSE_REDIRECT) {
        redirect_error(base_url, response, secrets, ret_error);
        return;
    }
    CLEANUP(cleanup_free) char *words = api_error_words(response->body.data, response->body.length, secrets);
    error_set(ret_error, cause, "status %d%s%s", status, *words ? ": " : "", words);
}

usec_t outcome_retry_after(const struct http_response *response, usec_t now) {
    usec_t delay = 0;
    if (!response || !response->retry_after || (response->status != 429 && response->status < 500))
        return 0;
    /* a date is meant by the server's clock */
    if (!retry_after_parse(response->retry_after, response->date != USEC_NONE ? response->date : now, &delay))
        return 0;
    return delay;
}

bool outcome_retry(enum error_cause cause, unsigned retries, unsigned failures, uint64_t random,
                   usec_t retry_after, usec_t *ret_delay) {
    const struct backoff_policy policy = {.first = first_delay, .maximum = longest_delay, .retries = retries};
    if (error_class(cause)->retry == RETRY_NEVER)
        return false;
    return backoff_delay(&policy, failures, random, retry_after, longest_wait, ret_delay);
}
