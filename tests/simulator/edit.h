/* The ops of POST /_control/edit. */
#ifndef SIMULATOR_EDIT_H
#define SIMULATOR_EDIT_H

#include "world.h"

/* Performs one op. What is wrong with it is returned, in the caller's hands, else NULL. */
char *edit(struct world *world, const cJSON *op);

/* Changes one type in that share of the connection's targets upstream; returns what was changed. */
cJSON *drift(struct connection *connection, double share, unsigned seed);

/* Ops on the document of a target; those of the whole are in edit.c. Returns false if there is no such op. */
bool edit_document(cJSON *target, const cJSON *op, char **error);

#endif
