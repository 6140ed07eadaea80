-- $1 connection. What a run must know of each target that it may look at, sorted by id.
SELECT t.key, t.target_id, t.origin, t.state, t.managed, t.not_listed_at IS NOT NULL AS announced,
       t.first_seen_at IS NOT NULL AS has_history, coalesce(t.field_count, 0) AS field_count,
       (extract(epoch FROM t.refreshed_at) * 1000000)::bigint AS refreshed_at,
       t.api_version, t.fingerprint,
       (extract(epoch FROM t.held_since) * 1000000)::bigint AS held_since, t.held_gone,
       t.held_fields, t.accepted_at IS NOT NULL AS accepted,
       t.next_due_at <= clock_timestamp() AS due,
       coalesce(t.synced_at > clock_timestamp() - interval '7 days', t.origin = 'synced') AS synced_lately
FROM schemasync.target_state t
WHERE t.connection_id = $1::uuid
ORDER BY t.target_id
