-- What people read. COMMENTs of the columns stand in 90_comments.sql.

CREATE OR REPLACE VIEW schemasync.targets AS
SELECT t.connection_id, t.target_id, v.name, t.origin, t.creation_properties, t.state, t.managed, v.modes, v.properties,
       t.field_count, t.refreshed_at, t.first_seen_at, t.last_seen_at, t.last_changed_at, t.next_due_at,
       t.consecutive_failures, t.last_error, t.held_since, t.accepted_at
FROM schemasync.target_state t
LEFT JOIN schemasync.target_version v ON v.target_key = t.key AND v.valid_to = coalesce(t.removed_at, 'infinity');

CREATE OR REPLACE VIEW schemasync.target_versions AS
SELECT t.connection_id, t.target_id, v.name, v.modes, v.properties, v.valid_from,
       nullif(v.valid_to, 'infinity') AS valid_to
FROM schemasync.target_version v JOIN schemasync.target_state t ON t.key = v.target_key;

CREATE OR REPLACE VIEW schemasync.field_versions AS
SELECT v.id, t.connection_id, t.target_id, v.field_id, v.ordinal_position, v.name, v.description, v.type, v.source_type,
       v.required, v.createable, v.updateable, v.filterable, v.association, v.encryptable, v.supports_identity,
       v.identity_functions, v.extra, v.valid_from, nullif(v.valid_to, 'infinity') AS valid_to
FROM schemasync.field_version v JOIN schemasync.target_state t ON t.key = v.target_key;

CREATE OR REPLACE VIEW schemasync.fields AS
SELECT v.id, t.connection_id, t.target_id, v.field_id, v.ordinal_position, v.name, v.description, v.type, v.source_type,
       v.required, v.createable, v.updateable, v.filterable, v.association, v.encryptable, v.supports_identity,
       v.identity_functions, v.extra, v.valid_from, c.name AS connection, t.last_seen_at
FROM schemasync.field_version v
JOIN schemasync.target_state t ON t.key = v.target_key
JOIN schemasync.connections c ON c.id = t.connection_id
WHERE v.valid_to = 'infinity';

-- drift and coverage stand in 20_syncs.sql.
