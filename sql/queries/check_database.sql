-- What the server is, and what this role may do there. Asks the catalog alone: it answers without a schema of ours, and without any right.
SELECT current_setting('server_version_num')::integer AS server_number,
       current_setting('server_version') AS server,
       current_database() AS database, current_user AS role,
       pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS read_only,
       s.oid IS NOT NULL AS there,
       has_database_privilege(current_database(), 'CREATE') AS may_make_schema,
       has_database_privilege(current_database(), 'TEMPORARY') AS may_make_temporary,
       coalesce(has_schema_privilege(s.oid, 'USAGE'), false) AS may_use,
       coalesce(has_schema_privilege(s.oid, 'CREATE'), false) AS may_create,
       (SELECT string_agg(format('%I', c.relname), ', ' ORDER BY c.relname)
          FROM pg_class c
         WHERE c.relnamespace = s.oid AND c.relkind IN ('r', 'p', 'v')
           AND NOT (has_table_privilege(c.oid, 'SELECT')
                    AND (c.relkind = 'v' OR c.relname = 'schema_migrations'
                         OR (has_table_privilege(c.oid, 'INSERT')
                             AND (c.relname = 'acknowledgements' -- rows are only ever added
                                  OR (has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))))))) AS not_writable,
       (SELECT count(*)
          FROM pg_class c
         WHERE c.relnamespace = s.oid AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') END
               -- those of identity columns ask for no right
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i'))
         AS sequences_refused,
       (SELECT count(*)
          FROM pg_proc p
         WHERE p.pronamespace = s.oid AND p.proname NOT IN ('grant_rights', 'continue_numbers') AND NOT has_function_privilege(p.oid, 'EXECUTE')) AS functions_refused,
       (SELECT string_agg(DISTINCT format('%I', r.rolname), ', ')
          FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
         WHERE c.relnamespace = s.oid AND c.relkind IN ('r', 'p', 'v') AND NOT pg_has_role(c.relowner, 'USAGE')) AS other_owners
  FROM (SELECT to_regnamespace('schemasync')::oid AS oid) s
