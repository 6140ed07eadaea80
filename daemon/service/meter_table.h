/* The table of metrics: names, help, labels. README.md repeats it for people. */
#pragma once

#include "core/metrics.h"

enum meter {
    METER_BUILD_INFO,
    METER_RUNS,
    METER_RUN_DURATION,
    METER_REQUESTS,
    METER_REQUEST_DURATION,
    METER_CHANGES,
    METER_DELIVERIES,
    METER_DATABASE_UP,
    METER_RELOAD_GOOD,
    METER_RELOAD_TIME,
    METER_CPU,
    METER_RESIDENT,
    METER_VIRTUAL,
    METER_OPEN_FDS,
    METER_MAX_FDS,
    METER_START_TIME,
    /* of the mirror: read from the database, the same from each daemon */
    METER_OPEN_CHANGES,
    METER_OPEN_INCIDENTS,
    METER_TARGETS,
    METER_STALE,
    METER_UNWATCHED,
    METER_FIELDS,
    METER_LAST_SUCCESS,
    METER_INTERVAL,
    METER_PENDING,
    METER_OLDEST_PENDING,
    METER_PAUSED,
    METER_COUNT,
};

extern const struct metric meter_table[METER_COUNT];

/* What a delivery came to, where it is not what a try came to (core/delivery.h). */
#define METER_GIVEN_UP "given_up"
