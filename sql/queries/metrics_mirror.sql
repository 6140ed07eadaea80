-- What /metrics shows of the mirror: a row for each managed connection; one without a name for what concerns them all (a refused
-- key, an API that is away); one for each alert. Times are seconds since 1970.
WITH target AS (
  SELECT t.connection_id,
         count(*) FILTER (WHERE t.state = 'pending') AS pending, count(*) FILTER (WHERE t.state = 'present') AS present,
         count(*) FILTER (WHERE t.state = 'suspect') AS suspect, count(*) FILTER (WHERE t.state = 'missing') AS missing,
         count(*) FILTER (WHERE t.last_seen_at < clock_timestamp() - 2 * t.schedule_interval) AS stale,
         sum(t.field_count) AS fields
  FROM schemasync.target_state t WHERE t.managed GROUP BY t.connection_id),
change AS (
  SELECT x.connection_id,
         count(*) FILTER (WHERE x.severity = 'info') AS info, count(*) FILTER (WHERE x.severity = 'warning') AS warning,
         count(*) FILTER (WHERE x.severity = 'breaking') AS breaking
  FROM schemasync.changes x WHERE x.acknowledged_at IS NULL GROUP BY x.connection_id),
incident AS (
  SELECT i.connection_id,
         count(*) FILTER (WHERE i.cause = 'drift') AS drift, count(*) FILTER (WHERE i.cause = 'access_reduced') AS access_reduced,
         count(*) FILTER (WHERE i.cause = 'suspect') AS suspect, count(*) FILTER (WHERE i.cause = 'failing') AS failing
  FROM schemasync.incidents i WHERE i.state = 'open' GROUP BY i.connection_id),
unwatched AS (
  SELECT s.connection_id, count(DISTINCT s.target_id) AS targets
  FROM schemasync.syncs s
  WHERE s.target_id IS NOT NULL AND NOT s.creates_target
    AND NOT EXISTS (SELECT FROM schemasync.target_state t
                    WHERE t.connection_id = s.connection_id AND t.target_id = s.target_id AND t.managed)
  GROUP BY s.connection_id)
SELECT 'connection' AS subject, c.name,
       coalesce(t.pending, 0) AS pending, coalesce(t.present, 0) AS present, coalesce(t.suspect, 0) AS suspect,
       coalesce(t.missing, 0) AS missing, coalesce(t.stale, 0) AS stale, coalesce(t.fields, 0) AS fields,
       coalesce(u.targets, 0) AS unwatched,
       coalesce(x.info, 0) AS changes_info, coalesce(x.warning, 0) AS changes_warning, coalesce(x.breaking, 0) AS changes_breaking,
       coalesce(i.drift, 0) AS incidents_drift, coalesce(i.access_reduced, 0) AS incidents_access_reduced,
       coalesce(i.suspect, 0) AS incidents_suspect, coalesce(i.failing, 0) AS incidents_failing,
       extract(epoch FROM c.last_success_at) AS last_success, extract(epoch FROM c.schedule_interval) AS schedule_interval,
       NULL::bigint AS deliveries_pending, NULL::numeric AS oldest_pending, NULL::integer AS paused
FROM schemasync.connections c
LEFT JOIN target t ON t.connection_id = c.id
LEFT JOIN change x ON x.connection_id = c.id
LEFT JOIN incident i ON i.connection_id = c.id
LEFT JOIN unwatched u ON u.connection_id = c.id
WHERE c.managed
UNION ALL
SELECT 'all', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       (SELECT count(*) FROM schemasync.incidents i WHERE i.state = 'open' AND i.connection_id IS NULL AND i.cause = 'failing'),
       NULL, NULL, NULL, NULL, NULL
UNION ALL
SELECT 'alert', a.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       p.pending, extract(epoch FROM p.oldest), (q.paused_at IS NOT NULL)::integer
FROM schemasync.alert a LEFT JOIN schemasync.alert_queue q ON q.alert = a.name
CROSS JOIN LATERAL (
  SELECT count(*) AS pending, min(d.pending_since) AS oldest FROM schemasync.deliveries d
  WHERE d.alert = a.name AND d.delivered_at IS NULL AND d.given_up_at IS NULL) p
