-- $1 delivery
SELECT alert, delivered_at IS NOT NULL AS delivered, given_up_at IS NOT NULL AS given_up, last_error
FROM schemasync.deliveries WHERE id = $1::uuid
