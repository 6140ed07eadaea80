-- Logical replication copies rows and not the sequences that number them: who takes over as the writer calls this first, as the
-- schema's owner. Returns how many sequences were behind.
CREATE OR REPLACE FUNCTION schemasync.continue_numbers() RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
DECLARE
  r record;
  v_highest bigint;
  v_behind integer := 0;
BEGIN
  FOR r IN
    SELECT a.attrelid::regclass AS name, quote_ident(a.attname) AS number, pg_get_serial_sequence(a.attrelid::regclass::text, a.attname) AS sequence
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'schemasync'::regnamespace AND a.attidentity <> ''
  LOOP
    EXECUTE format('SELECT max(%s) FROM %s', r.number, r.name) INTO v_highest;
    IF v_highest >= nextval(r.sequence) THEN
      PERFORM setval(r.sequence, v_highest);
      v_behind := v_behind + 1;
    END IF;
  END LOOP;
  RETURN v_behind;
END
$$;
COMMENT ON FUNCTION schemasync.continue_numbers() IS 'After logical replication, as the schema''s owner: numbers go on behind the highest that there is. Returns how many sequences were behind.';
