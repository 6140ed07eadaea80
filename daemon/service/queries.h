/* The statements of sql/queries, compiled in by sql/embed.awk: one for each file. Each file's first line says
 * what its parameters are. */
#pragma once

#include "io/database.h"

extern const struct statement query_accept_held;
extern const struct statement query_acknowledge;
extern const struct statement query_attributes;
extern const struct statement query_begin_batch;
extern const struct statement query_changes_to_log;
extern const struct statement query_check_database;
extern const struct statement query_claim_connection;
extern const struct statement query_claim_deliveries;
extern const struct statement query_claim_delivery;
extern const struct statement query_claim_due;
extern const struct statement query_compare_targets;
extern const struct statement query_connection_names;
extern const struct statement query_delivery_state;
extern const struct statement query_drift_page;
extern const struct statement query_field_ids;
extern const struct statement query_fields_now;
extern const struct statement query_fields_then;
extern const struct statement query_find_connection;
extern const struct statement query_finish_batch;
extern const struct statement query_forget_worker;
extern const struct statement query_gate_reasons;
extern const struct statement query_in_order;
extern const struct statement query_load_configuration;
extern const struct statement query_load_snapshot;
extern const struct statement query_load_syncs;
extern const struct statement query_mark_delivery;
extern const struct statement query_metrics_changes;
extern const struct statement query_metrics_mirror;
extern const struct statement query_peek_connection;
extern const struct statement query_pending_deliveries;
extern const struct statement query_ping;
extern const struct statement query_prune;
extern const struct statement query_record_run;
extern const struct statement query_redeliver;
extern const struct statement query_register_targets;
extern const struct statement query_release_alert;
extern const struct statement query_renew_lease;
extern const struct statement query_run_targets;
extern const struct statement query_schema_exists;
extern const struct statement query_schema_version;
extern const struct statement query_settle;
extern const struct statement query_status_connections;
extern const struct statement query_status_incidents;
extern const struct statement query_status_targets;
extern const struct statement query_sync_gate;
extern const struct statement query_sync_problems;
extern const struct statement query_target_ids;
extern const struct statement query_target_summary;
extern const struct statement query_unacknowledge;
extern const struct statement query_write_test;
