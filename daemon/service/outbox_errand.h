/* One delivery that somebody asks for, whatever its turn: waits for its queue where another process works on
 * it, sends it once, marks it, and says what came back. */
#pragma once

#include "service/outbox_queue.h"

struct outbox_errand;

/* Exactly one is given. A result whose status is -1 and whose outcome is delivered: another process has
 * delivered it meanwhile. The error: CAUSE_DB_BUSY where its queue did not become free, CAUSE_USAGE where
 * there is no such delivery, or what the database failed with. */
typedef void outbox_errand_callback(const struct delivery_result *result, const struct error *error,
                                    void *userdata);

/* Waits up to `patience` for the queue. The observer of `context` hears of the try as well. Never NULL;
 * outbox_errand_free() drops it, takes NULL, and may be called in the callback. */
struct outbox_errand *outbox_errand_start(const struct outbox_context *context, const char *delivery_id,
                                          usec_t patience, outbox_errand_callback *callback,
                                          void *userdata) MUST_USE;
void outbox_errand_free(struct outbox_errand *errand);
