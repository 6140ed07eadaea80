#include "io/timer.h"

#include <stdlib.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "base/alloc.h"

struct timer {
    sd_event_source *later, *soon; /* one of them is enabled while the timer runs */
    timer_callback *callback;
    void *userdata;
};

static int on_later(sd_event_source *source UNUSED, uint64_t time UNUSED, void *userdata) {
    struct timer *timer = userdata;
    timer->callback(timer->userdata);
    return 0;
}

static int on_soon(sd_event_source *source UNUSED, void *userdata) {
    struct timer *timer = userdata;
    timer->callback(timer->userdata);
    return 0;
}

/* The sources can only be refused when memory is out or the loop has ended: both end the program anyway. */
static void require(int result) {
    if (result < 0)
        abort();
}

struct timer *timer_new(struct sd_event *event, timer_callback *callback, void *userdata) {
    struct timer *timer = alloc_zero(1, sizeof(*timer));
    timer->callback = callback;
    timer->userdata = userdata;
    require(sd_event_add_time(event, &timer->later, CLOCK_MONOTONIC, 0, USEC_PER_MSEC, on_later, timer));
    require(sd_event_add_defer(event, &timer->soon, on_soon, timer));
    timer_stop(timer);
    return timer;
}

void timer_free(struct timer *timer) {
    if (!timer)
        return;
    sd_event_source_disable_unref(timer->later);
    sd_event_source_disable_unref(timer->soon);
    free(timer);
}

void timer_set(struct timer *timer, usec_t delay) {
    timer_stop(timer);
    if (delay <= 0) {
        sd_event_source_set_enabled(timer->soon, SD_EVENT_ONESHOT);
        return;
    }
    usec_t now = timer_now();
    uint64_t end = (uint64_t)(delay > INT64_MAX - now ? INT64_MAX : now + delay);
    sd_event_source_set_time(timer->later, end);
    sd_event_source_set_enabled(timer->later, SD_EVENT_ONESHOT);
}

void timer_stop(struct timer *timer) {
    sd_event_source_set_enabled(timer->later, SD_EVENT_OFF);
    sd_event_source_set_enabled(timer->soon, SD_EVENT_OFF);
}

usec_t timer_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}
