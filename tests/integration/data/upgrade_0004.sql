-- What the fourth added: incidents, alerts and events on their way.
INSERT INTO schemasync.incidents (id, connection_id, cause, severity, state, opened_at)
VALUES ('00000000-0000-4000-8000-0000000000ff', '248df4b7-aa70-47b8-a036-33ac447e668d', 'drift', 'breaking', 'open', '2025-02-01');
UPDATE schemasync.changes SET incident_id = '00000000-0000-4000-8000-0000000000ff' WHERE attribute = 'type';
INSERT INTO schemasync.alert_queue (alert) VALUES ('old');
INSERT INTO schemasync.deliveries (alert, incident_id, event, created_at, pending_since, delivered_at)
VALUES ('old', '00000000-0000-4000-8000-0000000000ff', '{"type": "schema.drift"}', '2025-02-01', '2025-02-01', '2025-02-01');
