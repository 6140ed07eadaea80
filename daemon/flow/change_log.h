/* What a run has recorded, in the log: the most severe changes, so many at most, and a sum. */
#pragma once

#include "base/macros.h"

struct store;
struct change_log;

/* Asks the database of `store` for what it tells. */
struct change_log *change_log_new(struct store *store) MUST_USE;

/* Tells of a run of a connection that has recorded changes, as soon as the database answers; the strings are
 * copied. What the database does not answer is not told: the log of record is the table. */
void change_log_tell(struct change_log *log, const char *connection, const char *run_id);

/* Forgets what has not been told yet; takes NULL. */
void change_log_free(struct change_log *log);
