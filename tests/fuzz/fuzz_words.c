/* Durations, sizes, times, cron expressions, URLs and Retry-After, as people and servers write them. */
#include "base/timespan.h"
#include "core/glob.h"
#include "core/schedule.h"
#include "core/url.h"
#include "core/webhook.h"
#include "fuzz.h"

static const usec_t now = INT64_C(1790000000000000);

static void spans(const char *text) {
    usec_t span, again;
    char written[TIMESPAN_TEXT_MAX];
    if (timespan_parse(text, &span)) {
        REQUIRE(span >= 0);
        timespan_format(span, written);
        REQUIRE(timespan_parse(written, &again) && again == span);
    }
    size_t bytes, bytes_again;
    if (size_parse(text, &bytes)) {
        size_format(bytes, written);
        REQUIRE(size_parse(written, &bytes_again) && bytes_again == bytes);
    }
}

static void times(const char *text) {
    usec_t time, again;
    char written[TIMESPAN_TEXT_MAX];
    if (rfc3339_parse(text, strlen(text), &time)) {
        rfc3339_format(time, written);
        REQUIRE(rfc3339_parse(written, strlen(written), &again) && again == time);
    }
    if (date_parse(text, &time))
        REQUIRE(time % USEC_PER_DAY == 0);
    if (retry_after_parse(text, now, &time))
        REQUIRE(time >= 0);
}

static void crons(const char *text) {
    struct cron cron;
    struct error error = {0};
    if (!cron_parse(text, &cron, &error)) {
        REQUIRE(error_is_set(&error));
        return;
    }
    usec_t first = cron_next(&cron, now), second = cron_next(&cron, first);
    REQUIRE(first > now && second > first && first % USEC_PER_MIN == 0);
    REQUIRE(cron_next(&cron, first - 1) == first);
}

static void others(const char *text) {
    struct error error = {0};
    for (int use = URL_BASE; use <= URL_PROXY; use++) {
        error = (struct error){0};
        if (!url_check(text, (enum url_use)use, false, &error))
            REQUIRE(error_is_set(&error));
    }
    unsigned char secret[WEBHOOK_SECRET_MAX];
    size_t length;
    if (webhook_secret_parse(text, secret, &length, &error))
        REQUIRE(length >= WEBHOOK_SECRET_MIN && length <= WEBHOOK_SECRET_MAX);
    char *regex = glob_regex((const char *const[]){text, "*"}, 2);
    REQUIRE(regex && regex[0] == '^');
    free(regex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    spans(text);
    times(text);
    crons(text);
    others(text);
    free(text);
    return 0;
}
