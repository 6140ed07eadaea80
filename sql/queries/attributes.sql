-- $1 connection (id), $2 target, $3 field or null: of the target itself and of all its fields. field_id is null where it is about
-- the target itself. `origin`: change: a change says so; first-look: it was already so; noted: it was taken in without a change, or
-- the change was deleted. Times are microseconds since 1970.
SELECT a.connection, a.connection_id, a.target_id, a.field_id, a.attribute, a.value, left(a.value::text, 500) AS short,
       (extract(epoch FROM a.since) * 1000000)::bigint AS since, a.since_is_exact, a.change_id,
       CASE WHEN a.since_is_exact THEN 'change' WHEN a.since <= t.first_seen_at THEN 'first-look' ELSE 'noted' END AS origin,
       (extract(epoch FROM x.previous_seen_at) * 1000000)::bigint AS previous_seen_at,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_usec
FROM (
  SELECT x.connection, x.connection_id, x.target_id, NULL AS field_id, x.attribute, x.value, x.since, x.since_is_exact, x.change_id,
         0 AS ordinal_position
  FROM schemasync.target_attributes x
  WHERE x.connection_id = $1::uuid AND x.target_id = $2 AND $3::text IS NULL
  UNION ALL
  SELECT x.connection, x.connection_id, x.target_id, x.field_id, x.attribute, x.value, x.since, x.since_is_exact, x.change_id,
         f.ordinal_position
  FROM schemasync.field_attributes x
  JOIN schemasync.fields f ON f.connection_id = x.connection_id AND f.target_id = x.target_id AND f.field_id = x.field_id
  WHERE x.connection_id = $1::uuid AND x.target_id = $2 AND ($3::text IS NULL OR x.field_id = $3)) a
JOIN schemasync.target_state t ON t.connection_id = a.connection_id AND t.target_id = a.target_id
LEFT JOIN schemasync.changes x ON x.id = a.change_id
ORDER BY a.ordinal_position, a.field_id, a.attribute
