-- The roles of schemasyncd, in this database. As a superuser (or the owner of the schema with CREATEROLE), before or after
-- 'schemasyncd migrate', as often as one likes: psql DATABASE -f roles.sql. None can log in: grant them to those who do.
--
--   schemasync_daemon     run and pull, with database.migrate: check; the schema is brought up to date by its owner
--   schemasync_reader     reads: tables, views, and the commands that only look
--   schemasync_operator   reads, and acknowledges changes and problems
--
-- Their rights on what is in the schema stand in views/99_rights.sql; each migration renews them.
DO $$
DECLARE
  v_role text;
  v_owner name := (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'schemasync');
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('schemasync.roles', 0));
  IF v_owner IS NOT NULL AND NOT pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'schemasync'), 'USAGE') THEN
    RAISE EXCEPTION 'the schema schemasync belongs to %: run this as a superuser, or as that role', v_owner;
  END IF;
  FOREACH v_role IN ARRAY ARRAY['schemasync_daemon', 'schemasync_reader', 'schemasync_operator'] LOOP
    IF to_regrole(v_role) IS NULL THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', v_role);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN -- from another database of the cluster, just now
        NULL;
      END;
    END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), v_role);
  END LOOP;
  IF NOT pg_has_role('schemasync_operator', 'schemasync_reader', 'USAGE') THEN
    GRANT schemasync_reader TO schemasync_operator;
  END IF;
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO schemasync_daemon', current_database());
  IF to_regprocedure('schemasync.grant_rights()') IS NOT NULL THEN
    EXECUTE 'SET LOCAL ROLE ' || v_owner; -- what stands in the schema runs with no more rights than its owner's
    PERFORM schemasync.grant_rights();
    RESET ROLE;
  END IF;
END
$$;
