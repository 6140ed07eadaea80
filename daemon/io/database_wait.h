/* A statement as a call that returns with its result, for commands: the loop runs meanwhile, with everything
 * else on it. */
#pragma once

#include "io/database.h"

/* Runs `statement` as database_query() does and turns the loop until it has its answer; `use` (may be NULL)
 * is called with the result. False where the statement failed, or where somebody ended the loop meanwhile
 * (CAUSE_CANCELLED). Not to be called from a callback of the same loop. */
bool database_run(struct sd_event *event, struct database *database, const struct statement *statement,
                  const char *const *params, size_t param_count, usec_t patience,
                  void (*use)(const struct database_result *result, void *userdata), void *userdata,
                  struct error *ret_error);
