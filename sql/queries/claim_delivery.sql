-- $1 worker, $2 delivery
SELECT alert, token, delivery_id, event, type, attempts, due_before FROM schemasync.claim_delivery($1, $2::uuid)
