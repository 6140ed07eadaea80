-- Each configured alert's events on their way
SELECT alert, paused_at, pending, oldest, next_attempt_at, last_error, given_up FROM schemasync.pending_deliveries()
