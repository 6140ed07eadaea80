-- What the second migration added to that: severities, syncs and what is wrong with them.
UPDATE schemasync.connections SET syncs_known = true;
UPDATE schemasync.changes SET rule = 'field-type-changed', severity = 'breaking', severity_if_used = 'breaking' WHERE attribute = 'type';
INSERT INTO schemasync.syncs (sync_id, name, active, mode, connection_id, target_id, creates_target, read_at)
VALUES ('old-sync', 'An old sync', true, 'create', '248df4b7-aa70-47b8-a036-33ac447e668d', 'Lead', false, '2025-02-01');
INSERT INTO schemasync.sync_fields (sync_id, field_id, role, new_field, encrypted) VALUES ('old-sync', 'Email', 'mapping', false, false);
INSERT INTO schemasync.sync_problem (sync_id, connection_id, target_id, field_id, problem, severity, since)
VALUES ('old-sync', '248df4b7-aa70-47b8-a036-33ac447e668d', 'Lead', 'Email', 'field-read-only', 'breaking', '2025-02-01');
