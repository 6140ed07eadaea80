/* What was asked and what was answered. */
#ifndef SIMULATOR_JOURNAL_H
#define SIMULATOR_JOURNAL_H

#include "json.h"
#include "request.h"

struct journal;

struct journal *journal_new(void);
void journal_free(struct journal *journal);

/* Notes a request that has come, and sets its number. */
void journal_begin(struct journal *journal, struct request *request, const char *route, bool new_connection);

/* Notes what was answered. */
void journal_answer(struct journal *journal, const struct request *request, int status, bool replayed);

/* Notes that a request is over. */
void journal_end(struct journal *journal);

/* The requests after number `since`, whose path matches the glob (NULL: all). */
cJSON *journal_list(const struct journal *journal, uint64_t since, const char *path);

/* The counts. */
cJSON *journal_counts(const struct journal *journal);

/* Forgets the requests; sets the counts to zero. */
void journal_clear(struct journal *journal);
void journal_clear_counts(struct journal *journal);

#endif
