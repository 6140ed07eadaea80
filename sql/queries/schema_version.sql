-- The number of the last migration.
SELECT coalesce(max(version), 0) AS version FROM schemasync.schema_migrations
