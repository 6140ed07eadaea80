/* Deletes what is older than the configuration keeps it, a small batch at a time, so that runs need not wait.
 * What may go and what stays is decided in the database (sql/functions/66_retention.sql). */
#pragma once

#include "core/config.h"

struct sd_event;
struct store;
struct retention;

/* Begins. What it needs of the configuration is copied. Daemons whose configuration does not count delete
 * nothing; of those whose does, one at a time does. */
struct retention *retention_new(struct sd_event *event, struct store *store,
                                const struct config *config) MUST_USE;

/* Goes on with another configuration. Takes no NULL. */
void retention_reload(struct retention *retention, const struct config *config);

/* Ends it; a statement under way may still run. Takes NULL. */
void retention_free(struct retention *retention);
