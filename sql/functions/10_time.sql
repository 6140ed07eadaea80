-- A time in microseconds since 1970, as the daemon passes them in arrays; null stays null.
CREATE OR REPLACE FUNCTION schemasync.from_usec(usec bigint) RETURNS timestamptz
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN timestamptz 'epoch' + usec * interval '1 microsecond';
COMMENT ON FUNCTION schemasync.from_usec(bigint) IS 'Inner: microseconds since 1970 as a time.';

-- Fails for a time of which history is not kept any more; else true.
CREATE OR REPLACE FUNCTION schemasync.within_horizon(at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT
SET search_path = pg_catalog
AS $$
DECLARE
  since timestamptz;
BEGIN
  SELECT versions_since INTO since FROM schemasync.horizon;
  IF at < since THEN
    RAISE EXCEPTION 'history before % was deleted (retention.versions)', since
      USING ERRCODE = 'SS004', HINT = 'Ask for a later time.';
  END IF;
  RETURN true;
END
$$;
COMMENT ON FUNCTION schemasync.within_horizon(timestamptz) IS 'Inner: fails for a time of which history is not kept any more.';
