-- A value without what is as good as absent: null, false, "" and [] are one, also as members of an object.
CREATE OR REPLACE FUNCTION schemasync.essence(value jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$
  SELECT CASE
    WHEN value IN ('null', 'false', '""', '[]') THEN NULL
    WHEN jsonb_typeof(value) = 'object' THEN
      (SELECT coalesce(jsonb_object_agg(m.key, m.value), '{}')
       FROM jsonb_each(value) m WHERE m.value NOT IN ('null', 'false', '""', '[]'))
    ELSE value
  END
$$;
COMMENT ON FUNCTION schemasync.essence(jsonb) IS 'Inner: a value without what is as good as absent.';

-- Changes of this run that bring a value back which an open change took away: the earliest such change and all after it of
-- the same attribute (field, mode) are acknowledged. A removal brings nothing back, and what is worse than all that it takes
-- back stays open.
CREATE OR REPLACE FUNCTION schemasync.record_reverts(p_run uuid, p_now timestamptz) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  WITH taken AS (
    SELECT n.id AS new_id, n.connection_id, n.target_id, n.field_id, n.attribute, n.severity_if_used, o.first_id,
           split_part(n.kind::text, '_', 1) AS of
    FROM schemasync.changes n
    CROSS JOIN LATERAL (
      SELECT min(x.id) AS first_id FROM schemasync.changes x
      WHERE x.connection_id = n.connection_id AND x.target_id = n.target_id AND x.id < n.id AND x.run_id <> p_run
        AND x.acknowledged_at IS NULL AND split_part(x.kind::text, '_', 1) = split_part(n.kind::text, '_', 1)
        AND x.field_id IS NOT DISTINCT FROM n.field_id AND x.attribute IS NOT DISTINCT FROM n.attribute
        AND (x.kind = n.kind OR x.kind IN ('field_removed', 'mode_removed'))
        AND schemasync.essence(x.old_value) IS NOT DISTINCT FROM schemasync.essence(n.new_value)) o
    WHERE n.run_id = p_run AND n.acknowledged_at IS NULL AND o.first_id IS NOT NULL
      AND n.kind IN ('target_changed', 'mode_changed', 'field_changed', 'field_added', 'mode_added')),
  back AS (
    SELECT t.* FROM taken t
    WHERE coalesce(t.severity_if_used, 'info') <= (
      SELECT coalesce(max(x.severity_if_used), 'info') FROM schemasync.changes x
      WHERE x.connection_id = t.connection_id AND x.target_id = t.target_id AND x.id >= t.first_id AND x.id < t.new_id
        AND x.acknowledged_at IS NULL AND split_part(x.kind::text, '_', 1) = t.of
        AND x.field_id IS NOT DISTINCT FROM t.field_id AND x.attribute IS NOT DISTINCT FROM t.attribute))
  UPDATE schemasync.changes x SET acknowledged_at = p_now, acknowledged_by = 'revert'
  FROM back b
  WHERE x.connection_id = b.connection_id AND x.target_id = b.target_id AND x.id BETWEEN b.first_id AND b.new_id
    AND x.acknowledged_at IS NULL AND split_part(x.kind::text, '_', 1) = b.of
    AND x.field_id IS NOT DISTINCT FROM b.field_id AND x.attribute IS NOT DISTINCT FROM b.attribute;
$$;
COMMENT ON FUNCTION schemasync.record_reverts(uuid, timestamptz) IS 'Inner: acknowledges what a run took back.';

-- Links the two halves of likely renamings: of one target in one run a removed and an added field with the same types and
-- the same name or description, where there is just one such pair. Both stay what they are.
CREATE OR REPLACE FUNCTION schemasync.record_renames(p_run uuid) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog
AS $$
  WITH pairs AS (
    SELECT r.id AS removed, a.id AS added,
           count(*) OVER (PARTITION BY r.id) AS of_removed, count(*) OVER (PARTITION BY a.id) AS of_added
    FROM schemasync.changes r
    JOIN schemasync.changes a ON a.run_id = p_run AND a.target_id = r.target_id AND a.kind = 'field_added'
    WHERE r.run_id = p_run AND r.kind = 'field_removed'
      AND coalesce(r.old_value ->> 'type', '') = coalesce(a.new_value ->> 'type', '')
      AND coalesce(r.old_value ->> 'source_type', '') = coalesce(a.new_value ->> 'source_type', '')
      AND (nullif(r.old_value ->> 'name', '') = a.new_value ->> 'name'
           OR (r.old_value ->> 'description' = a.new_value ->> 'description' AND r.old_value ->> 'description' <> '')))
  UPDATE schemasync.changes c SET related_change = CASE WHEN c.id = p.removed THEN p.added ELSE p.removed END
  FROM pairs p
  WHERE p.of_removed = 1 AND p.of_added = 1 AND c.id IN (p.removed, p.added);
$$;
COMMENT ON FUNCTION schemasync.record_renames(uuid) IS 'Inner: links the two halves of likely renamings.';
