-- $1 ids of deliveries (uuid[]), or null; then $2 an alert and $3 since when (an interval)
SELECT id, alert FROM schemasync.redeliver($1::uuid[], $2, $3::interval)
