-- Whether schedule and deliveries are in order; null: they are
SELECT schemasync.in_order() AS why
