-- The names that a command may be given.
SELECT name FROM schemasync.connections WHERE managed ORDER BY name
