/* One timer on the event loop, for files that know no sd-event: destroying it cancels. */
#pragma once

#include "base/macros.h"
#include "base/timespan.h"

struct sd_event;
struct timer;

typedef void timer_callback(void *userdata);

/* A timer that does not run yet; never NULL. timer_free() may be called inside the callback; it takes NULL.
 */
struct timer *timer_new(struct sd_event *event, timer_callback *callback, void *userdata) MUST_USE;
void timer_free(struct timer *timer);

/* Calls back once, `delay` microseconds from now (0: in the loop's next turn, never inside this call). An
 * earlier setting is replaced. Takes no NULL. */
void timer_set(struct timer *timer, usec_t delay);
void timer_stop(struct timer *timer);

/* CLOCK_MONOTONIC in microseconds. */
usec_t timer_now(void);
