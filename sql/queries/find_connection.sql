-- $1 name. The managed connection of that name.
SELECT id FROM schemasync.connections WHERE name = $1 AND managed
