-- A database as it is after years: 1,000 targets of 5 connections, 1,000,000 versions of their 200,000 fields, 100,000 changes of
-- which 2,000 are open, 500 syncs. Made fast: for tests of plans, not for keeps.
SET client_min_messages = warning;
SET synchronous_commit = off;
SET session_replication_role = replica; -- no checks of foreign keys
ALTER TABLE schemasync.field_version SET UNLOGGED;

INSERT INTO schemasync.connections (id, name, schedule_interval, last_run_at, next_due_at)
SELECT ('00000000-0000-4000-8000-00000000000' || c)::uuid, 'connection-' || c, '1 hour', now(), now() + interval '1 hour'
FROM generate_series(1, 5) c;
INSERT INTO schemasync.target_state (key, connection_id, target_id, origin, state, field_count, first_seen_at, last_seen_at,
                                     last_changed_at, schedule_interval)
SELECT k, ('00000000-0000-4000-8000-00000000000' || 1 + k % 5)::uuid, 'target-' || k, 'listed', 'present', 200,
       now() - interval '1000 days', now(), now() - interval '1 hour', '1 hour'
FROM generate_series(1, 1000) k;
INSERT INTO schemasync.target_version (target_key, name, modes, properties, valid_from, valid_to)
SELECT k, 'Target ' || k, '[{"mode": "create", "label": "Create"}, {"mode": "update", "label": "Update"}]',
       '{"supports_identity_field_creation": true, "new_target_label": ""}', now() - v * interval '50 days',
       CASE WHEN v = 1 THEN 'infinity' ELSE now() - (v - 1) * interval '50 days' END
FROM generate_series(1, 1000) k, generate_series(20, 1, -1) v;
INSERT INTO schemasync.field_version (target_key, ordinal_position, field_id, name, type, source_type, required, createable,
                                      updateable, filterable, valid_from, valid_to)
SELECT k, f, to_char(f, '"field-"FM000'), 'Field ' || f, CASE v % 2 WHEN 0 THEN 'string' ELSE 'number' END, 'varchar(80)', f < 3,
       true, true, true, now() - v * interval '200 days',
       CASE WHEN v = 1 THEN 'infinity' ELSE now() - (v - 1) * interval '200 days' END
FROM generate_series(1, 1000) k, generate_series(1, 200) f, generate_series(5, 1, -1) v;

INSERT INTO schemasync.syncs (sync_id, name, active, mode, connection_id, target_id, creates_target, read_at)
SELECT 'sync-' || s, 'Sync ' || s, s % 3 > 0, 'updateOrCreate', ('00000000-0000-4000-8000-00000000000' || 1 + s % 5)::uuid, 'target-' || s,
       false, now()
FROM generate_series(1, 500) s;
INSERT INTO schemasync.sync_fields (sync_id, field_id, role, new_field, encrypted)
SELECT 'sync-' || s, to_char(f, '"field-"FM000'), 'mapping', false, false FROM generate_series(1, 500) s, generate_series(1, 20) f;
INSERT INTO schemasync.sync_problem (sync_id, connection_id, target_id, field_id, problem, severity, since, ended_at)
SELECT 'sync-' || s, ('00000000-0000-4000-8000-00000000000' || 1 + s % 5)::uuid, 'target-' || s, to_char(f, '"field-"FM000'),
       'field-missing', 'breaking', now() - interval '3 days', CASE WHEN f > 1 THEN now() END
FROM generate_series(1, 500) s, generate_series(1, 10) f;

INSERT INTO schemasync.incidents (id, connection_id, cause, severity, state, opened_at, resolved_at, resolved_by)
SELECT md5('incident' || i)::uuid, ('00000000-0000-4000-8000-00000000000' || 1 + i % 5)::uuid, 'drift', 'breaking',
       CASE WHEN i > 5 THEN 'resolved' ELSE 'open' END::schemasync.incident_state, now() - i * interval '1 hour',
       CASE WHEN i > 5 THEN now() - i * interval '1 hour' END, CASE WHEN i > 5 THEN 'revert' END
FROM generate_series(1, 2000) i;
INSERT INTO schemasync.changes (id, detected_at, run_id, connection_id, target_id, kind, field_id, attribute, old_value, new_value,
                                rule, severity, severity_if_used, incident_id, acknowledged_at, acknowledged_by)
SELECT i, now() - (100000 - i) * interval '10 minutes', md5('run' || i / 5)::uuid,
       ('00000000-0000-4000-8000-00000000000' || 1 + (1 + i % 1000) % 5)::uuid, 'target-' || 1 + i % 1000, 'field_changed',
       to_char(1 + i % 200, '"field-"FM000'), 'type', '"string"', '"number"', 'field-type-changed', 'breaking', 'breaking',
       md5('incident' || i / 50)::uuid, CASE WHEN i % 47 > 0 THEN now() END, CASE WHEN i % 47 > 0 THEN 'revert' END
FROM generate_series(1, 100000) i;
INSERT INTO schemasync.acknowledgements (change_id, action, by)
SELECT i, 'ack', 'somebody' FROM generate_series(1, 20000) i WHERE i % 47 > 0;
INSERT INTO schemasync.runs (id, connection_id, trigger, started_at, finished_at, outcome, target_count, change_count, worker)
SELECT md5('run' || r)::uuid, ('00000000-0000-4000-8000-00000000000' || 1 + r % 5)::uuid, 'schedule',
       now() - (20000 - r) * interval '50 minutes', now() - (20000 - r) * interval '50 minutes', 'ok', 200, 5, 'worker'
FROM generate_series(1, 20000) r;
INSERT INTO schemasync.alert_queue (alert) VALUES ('chat'), ('pager');
INSERT INTO schemasync.deliveries (alert, event, created_at, pending_since, delivered_at, next_attempt_at)
SELECT CASE d % 2 WHEN 0 THEN 'chat' ELSE 'pager' END, '{"type": "schema.drift"}', now() - d * interval '1 hour',
       now() - d * interval '1 hour', CASE WHEN d > 20 THEN now() END, CASE WHEN d <= 20 THEN now() END
FROM generate_series(1, 20000) d;
ALTER TABLE schemasync.changes ALTER COLUMN id RESTART WITH 100001;
RESET session_replication_role;
ANALYZE;
