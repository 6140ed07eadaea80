/* What the program counts of itself, and what /metrics shows of the mirror. Knows no clock and no loop. */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"
#include "base/timespan.h"
#include "core/config.h"
#include "io/database.h"

struct meters;

/* All counters at 0. meters_free() takes NULL. */
struct meters *meters_new(void) MUST_USE;
void meters_free(struct meters *meters);

/* The configuration was read at `now` (microseconds since 1970): its connections and alerts have counters
 * from now on, those that are gone have none. NULL: it was faulty, the one before stays. */
void meters_set_config(struct meters *meters, const struct config *config, usec_t now);

/* A pass over a connection has ended: "ok", "partial", "failed" or "cancelled". */
void meters_count_run(struct meters *meters, const char *connection, const char *outcome, usec_t took);

/* What it has recorded: the answer to metrics_changes.sql. */
void meters_count_changes(struct meters *meters, const char *connection,
                          const struct database_result *result);

/* An api_observer (service/api.h), with the meters as userdata. */
void meters_count_request(const char *route, int status, usec_t duration, void *userdata);

/* A delivery: "delivered", "held", "refused" or "gone" (core/delivery.h); or given up, whatever it came to.
 */
void meters_count_delivery(struct meters *meters, const char *alert, const char *outcome, bool given_up);

/* The answer to metrics_mirror.sql. NULL: it is not known, and no metric of the mirror is shown. */
void meters_set_mirror(struct meters *meters, const struct database_result *result);

/* Whether the database answers. */
void meters_set_database(struct meters *meters, bool up);

/* Appends all, with what the kernel says of the process. False: the buffer's maximum is passed. */
bool meters_write(struct meters *meters, struct buffer *text) MUST_USE;
