-- Whether the database has a schema of ours at all: a query on its table would fail where it has none.
SELECT to_regclass('schemasync.schema_migrations') IS NOT NULL AS there
