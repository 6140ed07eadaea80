SELECT schemasync.in_order() AS why
