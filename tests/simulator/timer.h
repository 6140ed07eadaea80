/*
 * Requests that wait: they are suspended, and a thread resumes them when it is time. A request that waits for
 * a time is run even if its client has gone, as a real server would; one that waits forever is dropped then.
 */
#ifndef SIMULATOR_TIMER_H
#define SIMULATOR_TIMER_H

#include "util.h"

struct MHD_Connection;

enum { WAIT_FOREVER = -1 };

/* How a wait ended; it must live as long as the wait. */
struct wait {
    bool over; /* not because it was time: the client is gone, or hanging requests are let go, or all ends */
};

/* Starts and ends the thread. At the end all waits are over, and so is each later one at once. */
void timer_start(void);
void timer_stop(void);

/* Suspends the connection until then (in milliseconds of monotonic_ms, or WAIT_FOREVER). */
void timer_wait(struct MHD_Connection *connection, int64_t until_ms, struct wait *wait);

/* Lets go the requests that wait forever. */
void timer_release(void);

#endif
