/* The outbox in a system test: alerts that send to the receiver, events as a run writes them, hours that
 * pass. */
#pragma once

#include "daemons.h"
#include "receiver.h"

#define OUTBOX_PENDING "delivered_at IS NULL AND given_up_at IS NULL"

/* An item of alerts: sends to the receiver, at a path of its name; `more` of webhook, as ", secret: …". */
const char *outbox_hook(const char *name, const char *more);
/* A configuration with these alerts; and a daemon that has it, with nothing due. */
void outbox_tell(const char *alerts);
struct daemon *outbox_begin(const char *alerts);

/* An event whose summary is a number. */
void outbox_event(const char *alert, int number);
/* The next try of all that is pending is due. */
void outbox_hours_pass(void);

#define await_delivered(alert, count)                                                                   \
    world_await("SELECT count(*) = %d FROM deliveries WHERE alert = '%s' AND delivered_at IS NOT NULL", \
                count, alert)
#define await_attempts(alert, count) \
    world_await("SELECT coalesce(max(attempts), 0) >= %d FROM deliveries WHERE alert = '%s'", count, alert)

int outbox_fresh(void **state);
int outbox_end(void **state);
#define outbox_test(function)         cmocka_unit_test_setup(function, outbox_fresh)
#define outbox_run_tests(name, tests) cmocka_run_group_tests_name(name, tests, world_begin, outbox_end)
