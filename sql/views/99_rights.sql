-- Who may do what. PUBLIC nothing; the roles that sql/roles.sql makes, where they are there, what they need and no more. Each
-- migration ends with this, so that what it added is covered; sql/roles.sql calls it for a schema that was there before.
CREATE OR REPLACE FUNCTION schemasync.grant_rights() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  r record;
BEGIN
  FOR r IN
    WITH relation AS (
      SELECT c.oid::regclass::text AS name, c.relname, c.relkind IN ('r', 'p') AS is_table FROM pg_class c
      WHERE c.relnamespace = 'schemasync'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
        AND pg_has_role(c.relowner, 'USAGE')),
    routine AS (
      SELECT p.oid::regprocedure::text AS name, p.proname, p.provolatile <> 'v' AS only_reads FROM pg_proc p
      WHERE p.pronamespace = 'schemasync'::regnamespace AND pg_has_role(p.proowner, 'USAGE')),
    granted (role, "right", kind, name) AS (
      SELECT 'schemasync_daemon', 'SELECT', 'TABLE', name FROM relation
      UNION ALL
      SELECT 'schemasync_daemon', 'INSERT, UPDATE, DELETE', 'TABLE', name FROM relation
      WHERE is_table AND relname NOT IN ('schema_migrations', 'acknowledgements')
      UNION ALL
      SELECT 'schemasync_daemon', 'INSERT', 'TABLE', name FROM relation WHERE relname = 'acknowledgements'
      UNION ALL
      SELECT 'schemasync_daemon', 'EXECUTE', 'FUNCTION', name FROM routine WHERE proname NOT IN ('grant_rights', 'continue_numbers')
      UNION ALL -- not what a run under way has found
      SELECT 'schemasync_reader', 'SELECT', 'TABLE', name FROM relation
      WHERE relname <> 'run_batch' AND NOT starts_with(relname::text, 'staged_')
      UNION ALL
      SELECT 'schemasync_reader', 'EXECUTE', 'FUNCTION', name FROM routine WHERE only_reads
      UNION ALL -- who is a member of schemasync_reader besides
      SELECT 'schemasync_operator', 'EXECUTE', 'FUNCTION', name FROM routine
      WHERE proname IN ('acknowledge', 'acknowledge_problems', 'acknowledge_where', 'unacknowledge')),
    names AS (
      SELECT 'TABLE' AS kind, string_agg(name, ', ') AS names FROM relation
      UNION ALL
      SELECT 'FUNCTION', string_agg(name, ', ') FROM routine),
    steps (step, command) AS (
      SELECT 1, format('REVOKE ALL ON %s %s FROM %s', n.kind, n.names,
                       (SELECT string_agg(o.rolname, ', ') FROM (
                          SELECT 'PUBLIC' UNION ALL
                          SELECT a.rolname FROM pg_roles a
                          WHERE a.rolname IN ('schemasync_daemon', 'schemasync_reader', 'schemasync_operator')) o (rolname)))
      FROM names n WHERE n.names IS NOT NULL
      UNION ALL
      SELECT 2, format('GRANT %s ON %s %s TO %s', g."right", g.kind, string_agg(g.name, ', '), g.role)
      FROM granted g WHERE to_regrole(g.role) IS NOT NULL GROUP BY g.role, g."right", g.kind
      UNION ALL
      SELECT 2, format('GRANT USAGE ON SCHEMA schemasync TO %s', a.rolname)
      FROM pg_roles a, pg_namespace n
      WHERE a.rolname IN ('schemasync_daemon', 'schemasync_reader', 'schemasync_operator')
        AND n.nspname = 'schemasync' AND pg_has_role(n.nspowner, 'USAGE'))
    SELECT s.command FROM steps s ORDER BY s.step, s.command
  LOOP
    EXECUTE r.command;
  END LOOP;
END
$$;
COMMENT ON FUNCTION schemasync.grant_rights() IS 'Inner: gives the roles of sql/roles.sql their rights, and takes PUBLIC''s.';

DO $$ BEGIN PERFORM schemasync.grant_rights(); END $$;
