-- $1 connection, $2 target or null
SELECT target_id, held_gone, held_fields FROM schemasync.accept_held($1, $2)
