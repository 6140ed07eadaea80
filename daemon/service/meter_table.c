#include "service/meter_table.h"

#include <stddef.h>

#define WORDS(...)          ((const char *const[]){__VA_ARGS__, NULL})
#define NAMED(name, help)   "schemasyncd_" name, help
#define PROCESS(name, help) "process_" name, help

/* clang-format off */
/* the routes are those of service/api_route.c; a test compares them */
#define ROUTE     {"route", WORDS("me", "connections", "connection", "refresh", "status", "targets", "fields", "property", "syncs", "sync")}
#define OUTCOME   {"outcome", WORDS("ok", "partial", "failed", "cancelled")}
#define TRY       {"outcome", WORDS("delivered", "held", "refused", METER_GIVEN_UP)}
#define SEVERITY  {"severity", WORDS("info", "warning", "breaking")}
#define KIND      {"kind", WORDS("target_added", "target_removed", "target_changed", "mode_added", "mode_removed", \
                                 "mode_changed", "field_added", "field_removed", "field_changed")}
#define STATE     {"state", WORDS("pending", "present", "suspect", "missing")}
#define CAUSE     {"cause", WORDS("drift", "access_reduced", "suspect", "failing")}
#define VERSION   {"version", WORDS(SCHEMASYNCD_VERSION)}
#define OF_A_RUN  {0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600}
#define OF_A_CALL {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}

const struct metric meter_table[METER_COUNT] = {
    [METER_BUILD_INFO]       = {NAMED("build_info", "Always 1; the version of the program."), METRIC_GAUGE, NULL, {VERSION}, {0}},
    [METER_RUNS]             = {NAMED("runs_total", "Passes over a connection that this process has ended, by how they ended."), METRIC_COUNTER, "connection", {OUTCOME}, {0}},
    [METER_RUN_DURATION]     = {NAMED("run_duration_seconds", "How long this process's passes over a connection took."), METRIC_HISTOGRAM, NULL, {{0}}, OF_A_RUN},
    [METER_REQUESTS]         = {NAMED("api_requests_total", "Requests to the API that were answered, by status; none: no answer came."), METRIC_COUNTER, "code", {ROUTE}, {0}},
    [METER_REQUEST_DURATION] = {NAMED("api_request_duration_seconds", "How long requests to the API took."), METRIC_HISTOGRAM, NULL, {ROUTE}, OF_A_CALL},
    [METER_CHANGES]          = {NAMED("changes_total", "Changes that this process has recorded."), METRIC_COUNTER, "connection", {KIND, SEVERITY}, {0}},
    [METER_DELIVERIES]       = {NAMED("deliveries_total", "Tries of this process to deliver an event, by what they came to; held and refused are tried again."), METRIC_COUNTER, "alert", {TRY}, {0}},
    [METER_DATABASE_UP]      = {NAMED("database_up", "Whether the database answers this process; while it does not, there are no metrics of the mirror."), METRIC_GAUGE, NULL, {{0}}, {0}},
    [METER_RELOAD_GOOD]      = {NAMED("config_last_reload_successful", "Whether the configuration was in order when it was read last."), METRIC_GAUGE, NULL, {{0}}, {0}},
    [METER_RELOAD_TIME]      = {NAMED("config_last_reload_success_timestamp_seconds", "When the configuration in use was read."), METRIC_GAUGE, NULL, {{0}}, {0}},
    [METER_CPU]              = {PROCESS("cpu_seconds_total", "Total user and system CPU time spent in seconds."), METRIC_COUNTER, NULL, {{0}}, {0}},
    [METER_RESIDENT]         = {PROCESS("resident_memory_bytes", "Resident memory size in bytes."), METRIC_GAUGE, NULL, {{0}}, {0}},
    [METER_VIRTUAL]          = {PROCESS("virtual_memory_bytes", "Virtual memory size in bytes."), METRIC_GAUGE, NULL, {{0}}, {0}},
    [METER_OPEN_FDS]         = {PROCESS("open_fds", "Number of open file descriptors."), METRIC_GAUGE, NULL, {{0}}, {0}},
    [METER_MAX_FDS]          = {PROCESS("max_fds", "Maximum number of open file descriptors."), METRIC_GAUGE, NULL, {{0}}, {0}},
    [METER_START_TIME]       = {PROCESS("start_time_seconds", "Start time of the process since unix epoch in seconds."), METRIC_GAUGE, NULL, {{0}}, {0}},

    [METER_OPEN_CHANGES]     = {NAMED("open_changes", "Changes that nobody has acknowledged."), METRIC_GAUGE, "connection", {SEVERITY}, {0}},
    [METER_OPEN_INCIDENTS]   = {NAMED("open_incidents", "Open incidents; no connection: the API key is refused, or the API is away."), METRIC_GAUGE, "connection", {CAUSE}, {0}},
    [METER_TARGETS]          = {NAMED("targets", "Mirrored targets."), METRIC_GAUGE, "connection", {STATE}, {0}},
    [METER_STALE]            = {NAMED("targets_stale", "Mirrored targets that were last seen longer ago than twice their interval."), METRIC_GAUGE, "connection", {{0}}, {0}},
    [METER_UNWATCHED]        = {NAMED("targets_unwatched", "Targets that a sync writes to and the configuration does not name."), METRIC_GAUGE, "connection", {{0}}, {0}},
    [METER_FIELDS]           = {NAMED("fields", "Fields of the mirrored targets."), METRIC_GAUGE, "connection", {{0}}, {0}},
    [METER_LAST_SUCCESS]     = {NAMED("last_success_timestamp_seconds", "When the last pass that did not fail as a whole ended; absent before the first."), METRIC_GAUGE, "connection", {{0}}, {0}},
    [METER_INTERVAL]         = {NAMED("schedule_interval_seconds", "The time between two passes: every, or a cron expression's longest gap."), METRIC_GAUGE, "connection", {{0}}, {0}},
    [METER_PENDING]          = {NAMED("deliveries_pending", "Events on their way."), METRIC_GAUGE, "alert", {{0}}, {0}},
    [METER_OLDEST_PENDING]   = {NAMED("oldest_pending_delivery_timestamp_seconds", "Since when the oldest of them is; absent where there is none."), METRIC_GAUGE, "alert", {{0}}, {0}},
    [METER_PAUSED]           = {NAMED("alert_paused", "Whether an alert is paused, since its receiver wants no more: alert-test ends that."), METRIC_GAUGE, "alert", {{0}}, {0}},
};
/* clang-format on */
