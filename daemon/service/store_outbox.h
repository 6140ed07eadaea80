/* The SQL API's part about what is sent to whom (sql/functions/75_outbox.sql). See service/store.h. */
#pragma once

#include "core/delivery.h"
#include "service/store.h"

/* A time of the database as it wrote it, for its own eyes. */
enum { DUE_BEFORE_SIZE = 48 };

/* An alert's queue that is leased to this process, and the event in it whose turn it is. Owns its texts. */
struct store_delivery {
    char *alert, *id, *event, *type;
    int64_t token;
    int attempts; /* before this one */
};

/* Takes the queues of alerts that have something to send, `limit` at most. `due_before` NULL: what is due
 * now; else what was due before that time. CAUSE_SCHEMA_NEW and CAUSE_CONFIG_DIFFERS as store_claim_due().
 * Each row is a store_delivery, and due_before. */
struct database_call *store_claim_deliveries(struct store *store, const unsigned char digest[static 32],
                                             size_t limit, const char *due_before,
                                             database_callback *callback, void *userdata) MUST_USE;

/* Takes the queue of one delivery, whatever its turn. No row: another process works on the queue, or the
 * delivery is not pending. */
struct database_call *store_claim_delivery(struct store *store, const char *id, database_callback *callback,
                                           void *userdata) MUST_USE;

/* One row of these results; and the next one of a mark's result, of the same queue: false where there is
 * none. */
void store_read_delivery(const struct database_result *result, size_t row, struct store_delivery *ret);
bool store_read_next_delivery(const struct database_result *result, struct store_delivery *delivery);
void store_delivery_done(struct store_delivery *delivery);

/* Notes what a try came to; `only_this`: does not go on with the next. Waits for a database that is away for
 * `patience` (0: not). Result: given_up (boolean), and the next (store_read_next_delivery()).
 * CAUSE_LEASE_LOST where another process has the queue. */
struct database_call *store_mark_delivery(struct store *store, const struct store_delivery *delivery,
                                          const struct delivery_result *result, const char *due_before,
                                          bool only_this, usec_t patience, database_callback *callback,
                                          void *userdata) MUST_USE;

/* Gives the lease back; not waited for where the database is away. */
struct database_call *store_release_alert(struct store *store, const struct store_delivery *delivery,
                                          database_callback *callback, void *userdata) MUST_USE;

/* What time alone brings about. Result: what, subject, detail. */
struct database_call *store_settle(struct store *store, const unsigned char digest[static 32],
                                   database_callback *callback, void *userdata) MUST_USE;

/* How one delivery stands. Result: alert, delivered, given_up (booleans), last_error; no row: there is none.
 */
struct database_call *store_delivery_state(struct store *store, const char *id, database_callback *callback,
                                           void *userdata) MUST_USE;

/* Result: why (null: database, schedule and deliveries are in order). Not waited for where the database is
 * away. */
struct database_call *store_in_order(struct store *store, database_callback *callback,
                                     void *userdata) MUST_USE;
