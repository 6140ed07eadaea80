/* What those who watch see: listens where the configuration says, answers /metrics and /readyz, asks the
 * database for the mirror's part of it. */
#pragma once

#include <stdbool.h>

#include "core/config.h"
#include "flow/run.h"
#include "service/meters.h"

struct sd_event;
struct monitor;

/* Begins to count, and to listen where the configuration has `metrics.listen`; what it needs of it is copied.
 * Where that address cannot be had, it is told and tried again. Never NULL. monitor_free() takes NULL. */
struct monitor *monitor_new(struct sd_event *event, const struct config *config) MUST_USE;
void monitor_free(struct monitor *monitor);

/* The configuration was read again. NULL: it was faulty, the one before stays. */
void monitor_reload(struct monitor *monitor, const struct config *config);

/* Whether the connections to the database are up. */
void monitor_database(struct monitor *monitor, bool up);

/* The database has been prepared: from now on it is asked, through the control connection of `store`. Until
 * then /readyz says that it is waited for. */
void monitor_begin(struct monitor *monitor, struct store *store);

/* For what counts (service/meters.h); lives as long as the monitor. */
struct meters *monitor_meters(struct monitor *monitor);

/* A run has ended, after so long: it is counted, and as soon as the database answers what it has recorded. */
void monitor_run_ended(struct monitor *monitor, const struct run *run, const struct run_report *report,
                       usec_t took);
