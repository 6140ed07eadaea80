-- $1 changes of the last so many microseconds or null, $2 or since a time (microseconds since 1970) or null, $3 connection (id) or
-- null, $4 target or null, $5 least severity or null, $6 acknowledged ones too, $7 only ids below this or null, $8 how many. Newest
-- first. Times are microseconds since 1970; old_short and new_short are for people: of a whole field its type.
SELECT x.id, (extract(epoch FROM x.detected_at) * 1000000)::bigint AS detected_at, x.run_id, x.connection_id, c.name AS connection,
       x.target_id, x.kind, x.field_id, x.attribute, x.old_value, x.new_value, x.rule, x.severity, x.severity_if_used,
       (extract(epoch FROM x.previous_seen_at) * 1000000)::bigint AS previous_seen_at, x.related_change, x.incident_id,
       (extract(epoch FROM x.acknowledged_at) * 1000000)::bigint AS acknowledged_at, x.acknowledged_by, x.note,
       left(CASE WHEN x.kind = 'field_removed' THEN coalesce(x.old_value ->> 'type', 'field') ELSE x.old_value::text END, 200) AS old_short,
       left(CASE WHEN x.kind = 'field_added' THEN coalesce(x.new_value ->> 'type', 'field') ELSE x.new_value::text END, 200) AS new_short,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_usec
FROM schemasync.changes x
JOIN schemasync.connections c ON c.id = x.connection_id
WHERE ($1::bigint IS NULL OR x.detected_at >= clock_timestamp() - $1::bigint * interval '1 microsecond')
  AND ($2::bigint IS NULL OR x.detected_at >= schemasync.from_usec($2::bigint))
  AND ($3::uuid IS NULL OR x.connection_id = $3::uuid)
  AND ($4::text IS NULL OR x.target_id = $4::text)
  AND ($5::schemasync.severity IS NULL OR x.severity >= $5::schemasync.severity)
  AND ($6::boolean OR x.acknowledged_at IS NULL)
  AND ($7::bigint IS NULL OR x.id < $7::bigint)
ORDER BY x.id DESC
LIMIT $8::bigint
