-- Each configured alert's events on their way. Times are microseconds since 1970.
SELECT alert, pending, given_up, last_error,
       (extract(epoch FROM paused_at) * 1000000)::bigint AS paused_at,
       (extract(epoch FROM oldest) * 1000000)::bigint AS oldest,
       (extract(epoch FROM next_attempt_at) * 1000000)::bigint AS next_attempt_at
FROM schemasync.pending_deliveries()
