/* Sends what the database has for the alerts: claims queues that have something to send, works each by
 * itself, and has the database settle what time alone brings about. All that is pending stands in PostgreSQL:
 * what is here is what is in flight. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "service/outbox_queue.h"

struct outbox;

/* Claims nothing yet. `config` is used until outbox_reload() brings another. Never NULL. outbox_free() drops
 * what is in flight (it will be sent again, when the leases have run out) and takes NULL. */
struct outbox *outbox_new(const struct outbox_context *context) MUST_USE;
void outbox_free(struct outbox *outbox);

/* Works from now on: looks each second, and settles every five. */
void outbox_start(struct outbox *outbox);

/* There may be something to send: looks now. */
void outbox_poke(struct outbox *outbox);

/* Another configuration counts. What is being sent ends under the one before, and its queue is claimed anew;
 * the one before is used no more when this returns. */
void outbox_reload(struct outbox *outbox, const struct config *config);

/* Instead of outbox_start(): settles once, tries each event once that is due now, and calls back; not from
 * within. */
void outbox_flush(struct outbox *outbox, void (*done)(void *userdata), void *userdata);

/* Claims nothing more, gives what is being sent a moment to end, breaks off the rest, gives the leases back,
 * and calls back once, perhaps from within. A flush is not called back any more. */
void outbox_stop(struct outbox *outbox, void (*stopped)(void *userdata), void *userdata);

/* Queues that this process works on now. */
size_t outbox_under_way(const struct outbox *outbox);
