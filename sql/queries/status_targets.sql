-- Each target, with what is held back of it. Times are microseconds since 1970.
SELECT c.name AS connection, t.connection_id, t.target_id, v.name, t.origin, t.state, t.managed AND c.managed AS managed,
       w.verdict, t.field_count,
       (extract(epoch FROM t.refreshed_at) * 1000000)::bigint AS refreshed_at,
       (extract(epoch FROM t.first_seen_at) * 1000000)::bigint AS first_seen_at,
       (extract(epoch FROM t.last_seen_at) * 1000000)::bigint AS last_seen_at,
       (extract(epoch FROM t.last_changed_at) * 1000000)::bigint AS last_changed_at,
       (extract(epoch FROM coalesce(t.next_due_at, c.next_due_at)) * 1000000)::bigint AS next_due_at,
       t.consecutive_failures, t.last_error,
       (extract(epoch FROM t.held_since) * 1000000)::bigint AS held_since, t.held_gone,
       cardinality(t.held_fields) AS held_field_count,
       (extract(epoch FROM t.accepted_at) * 1000000)::bigint AS accepted_at
FROM schemasync.target_state t
JOIN schemasync.connections c ON c.id = t.connection_id
LEFT JOIN schemasync.target_version v ON v.target_key = t.key AND v.valid_to = coalesce(t.removed_at, 'infinity')
LEFT JOIN schemasync.coverage w ON t.managed AND c.managed AND w.connection = c.name AND w.target_id = t.target_id
ORDER BY t.managed AND c.managed DESC, c.name, c.id, t.target_id
