-- What a program of the first migration had written: a mirror with history, a change that is open and one that is not, a target
-- that is missing, a run that failed. salesforce-prod and Account are the simulator's, as they stood but for Phone and Tier__c.
INSERT INTO schemasync.configuration (digest, loaded_at, loaded_by) VALUES ('\x00', now() - interval '1 hour', 'an old daemon');
INSERT INTO schemasync.connections (id, name, type, status, managed, last_run_at, last_success_at, next_due_at, schedule_interval, lease_token)
VALUES ('248df4b7-aa70-47b8-a036-33ac447e668d', 'salesforce-prod', 'Salesforce', 'healthy', true, now() - interval '1 hour',
        now() - interval '1 hour', now(), '1 hour', 7);
INSERT INTO schemasync.target_state (key, connection_id, target_id, origin, state, field_count, refreshed_at, api_version, first_seen_at,
                                     last_seen_at, last_changed_at, removed_at, schedule_interval)
OVERRIDING SYSTEM VALUE VALUES
  (1, '248df4b7-aa70-47b8-a036-33ac447e668d', 'Lead', 'listed', 'present', 2, '2020-01-01', '2025-09-18', '2025-01-01', '2025-03-01', '2025-02-01', NULL, '1 hour'),
  (2, '248df4b7-aa70-47b8-a036-33ac447e668d', 'Vanished', 'listed', 'missing', 0, '2020-01-01', '2025-09-18', '2025-01-01', '2025-03-01', '2025-02-01', '2025-02-01', '1 hour');
INSERT INTO schemasync.target_version (target_key, name, modes, properties, valid_from, valid_to)
VALUES (1, 'Lead', '[{"mode": "create", "label": "Create"}]', '{"target_creator": true}', '2025-01-01', 'infinity'),
       (2, 'Vanished', '[]', '{}', '2025-01-01', '2025-02-01');
INSERT INTO schemasync.field_version (target_key, ordinal_position, field_id, name, type, required, extra, valid_from, valid_to)
VALUES (1, 1, 'Email', 'Email', 'string', false, NULL, '2025-01-01', '2025-02-01'),
       (1, 1, 'Email', 'Email', 'number', true, NULL, '2025-02-01', 'infinity'),
       (1, 2, 'Company', 'Company', 'string', true, '{"scale": 2}', '2025-01-01', 'infinity'),
       (2, 1, 'Id', 'Id', 'string', true, NULL, '2025-01-01', '2025-02-01');
INSERT INTO schemasync.runs (id, connection_id, trigger, started_at, finished_at, outcome, target_count, change_count, error, worker)
VALUES ('00000000-0000-4000-8000-00000000000a', '248df4b7-aa70-47b8-a036-33ac447e668d', 'schedule', '2025-02-01', '2025-02-01', 'ok', 2, 3, NULL, 'old'),
       ('00000000-0000-4000-8000-00000000000b', '248df4b7-aa70-47b8-a036-33ac447e668d', 'manual', '2025-02-02', '2025-02-02', 'failed', 0, 0, 'no', 'old'),
       ('00000000-0000-4000-8000-00000000000c', '248df4b7-aa70-47b8-a036-33ac447e668d', 'schedule', '2025-02-03', NULL, NULL, 0, 0, NULL, 'old');
INSERT INTO schemasync.changes (detected_at, run_id, connection_id, target_id, kind, field_id, attribute, old_value, new_value, previous_seen_at,
                                acknowledged_at, acknowledged_by)
VALUES ('2025-02-01', '00000000-0000-4000-8000-00000000000a', '248df4b7-aa70-47b8-a036-33ac447e668d', 'Lead', 'field_changed', 'Email', 'type',
        '"string"', '"number"', '2025-01-31', NULL, NULL),
       ('2025-02-01', '00000000-0000-4000-8000-00000000000a', '248df4b7-aa70-47b8-a036-33ac447e668d', 'Lead', 'field_changed', 'Email', 'required',
        'false', 'true', '2025-01-31', '2025-02-01', 'revert'),
       ('2025-02-01', '00000000-0000-4000-8000-00000000000a', '248df4b7-aa70-47b8-a036-33ac447e668d', 'Vanished', 'target_removed', NULL, NULL,
        NULL, NULL, '2025-01-31', NULL, NULL);
INSERT INTO schemasync.staged_target (run_id, batch, target_key, outcome) VALUES ('00000000-0000-4000-8000-00000000000c', 1, 1, 'recorded');
SELECT setval(pg_get_serial_sequence('schemasync.target_state', 'key'), 2);
