-- Since when is it so? A value reaches back over the unbroken row of versions that hold an equal one, as contents are compared
-- (null, false, "" and [] are the same). The time is exact where the log of changes says that it came then; what the first look
-- found, or what was taken in without a change, may be older. An attribute that never was is there with a null value.
--
-- For one field or target both views go by the primary keys; over all of them they read every version.

CREATE OR REPLACE VIEW schemasync.field_attributes AS
SELECT c.name AS connection, t.target_id, v.field_id, s.attribute, nullif(s.value, 'null') AS value, s.since,
       x.id IS NOT NULL AS since_is_exact, x.id AS change_id, t.connection_id
FROM schemasync.field_version v
JOIN schemasync.target_state t ON t.key = v.target_key
JOIN schemasync.connections c ON c.id = t.connection_id
CROSS JOIN LATERAL (
  WITH past AS MATERIALIZED (
    SELECT h.valid_from, h.valid_to, lead(h.valid_from) OVER (ORDER BY h.valid_to) IS DISTINCT FROM h.valid_to AS gap_follows,
           to_jsonb(h) - '{id, valid_from, valid_to, target_key, ordinal_position, field_id, extra}'::text[]
             || CASE WHEN jsonb_typeof(h.extra) = 'object'
                  THEN (SELECT coalesce(jsonb_object_agg('extra.' || e.key, e.value), '{}') FROM jsonb_each(h.extra) e)
                  ELSE '{}' END AS contents
    FROM schemasync.field_version h WHERE h.target_key = v.target_key AND h.field_id = v.field_id)
  SELECT a.key COLLATE "C" AS attribute, a.value,
         (SELECT min(p.valid_from) FROM past p
          WHERE p.valid_from >= coalesce(
            (SELECT max(o.valid_to) FROM past o
             WHERE o.valid_to < 'infinity'
               AND (o.gap_follows OR (o.contents -> a.key IS DISTINCT FROM a.value
                    AND schemasync.essence(o.contents -> a.key) IS DISTINCT FROM schemasync.essence(a.value)))),
            '-infinity')) AS since
  FROM past n CROSS JOIN LATERAL jsonb_each(n.contents) a
  WHERE n.valid_to = 'infinity') s
LEFT JOIN LATERAL (
  SELECT o.id FROM schemasync.changes o
  WHERE s.since > t.first_seen_at AND o.detected_at = s.since AND o.connection_id = t.connection_id AND o.target_id = t.target_id
    AND CASE o.kind
          WHEN 'field_changed' THEN o.field_id = v.field_id AND o.attribute = s.attribute
          WHEN 'field_added' THEN o.field_id = v.field_id
          WHEN 'target_added' THEN true -- it came back
        END
  ORDER BY o.kind DESC, o.id LIMIT 1) x ON true
WHERE v.valid_to = 'infinity';

CREATE OR REPLACE VIEW schemasync.target_attributes AS
SELECT c.name AS connection, t.target_id, s.attribute, nullif(s.value, 'null') AS value, s.since,
       x.id IS NOT NULL AS since_is_exact, x.id AS change_id, t.connection_id
FROM schemasync.target_version v
JOIN schemasync.target_state t ON t.key = v.target_key
JOIN schemasync.connections c ON c.id = t.connection_id
CROSS JOIN LATERAL (
  WITH past AS MATERIALIZED (
    SELECT h.valid_from, h.valid_to, lead(h.valid_from) OVER (ORDER BY h.valid_to) IS DISTINCT FROM h.valid_to AS gap_follows,
           jsonb_build_object('name', h.name)
             || (SELECT coalesce(jsonb_object_agg('properties.' || p.key, p.value), '{}')
                 FROM jsonb_each(CASE WHEN jsonb_typeof(h.properties) = 'object' THEN h.properties END) p)
             || (SELECT coalesce(jsonb_object_agg('modes.' || (m.value ->> 'mode'), m.value), '{}')
                 FROM jsonb_array_elements(CASE WHEN jsonb_typeof(h.modes) = 'array' THEN h.modes END) m
                 WHERE m.value ->> 'mode' IS NOT NULL) AS contents
    FROM schemasync.target_version h WHERE h.target_key = v.target_key)
  SELECT a.key COLLATE "C" AS attribute, a.value,
         (SELECT min(p.valid_from) FROM past p
          WHERE p.valid_from >= coalesce(
            (SELECT max(o.valid_to) FROM past o
             WHERE o.valid_to < 'infinity'
               AND (o.gap_follows OR (o.contents -> a.key IS DISTINCT FROM a.value
                    AND schemasync.essence(o.contents -> a.key) IS DISTINCT FROM schemasync.essence(a.value)))),
            '-infinity')) AS since
  FROM past n CROSS JOIN LATERAL jsonb_each(n.contents) a
  WHERE n.valid_to = 'infinity') s
LEFT JOIN LATERAL (
  SELECT o.id FROM schemasync.changes o
  WHERE s.since > t.first_seen_at AND o.detected_at = s.since AND o.connection_id = t.connection_id AND o.target_id = t.target_id
    AND CASE o.kind
          WHEN 'target_changed' THEN o.attribute = s.attribute
          WHEN 'mode_added' THEN 'modes.' || o.attribute = s.attribute
          WHEN 'mode_changed' THEN 'modes.' || o.attribute = s.attribute OR starts_with('modes.' || o.attribute, s.attribute || '.')
          WHEN 'target_added' THEN true -- it came back
        END
  ORDER BY o.kind DESC, o.id LIMIT 1) x ON true
WHERE v.valid_to = 'infinity';
