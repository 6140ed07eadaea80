-- What the third added: acts of acknowledging.
INSERT INTO schemasync.acknowledgements (change_id, action, by, at, note)
SELECT min(id), a, 'somebody', '2025-02-02', 'an old note' FROM schemasync.changes, unnest(ARRAY['ack', 'unack']) a GROUP BY a;
