/* The SQL API as C functions: what a run asks of the database and what it tells it. Each starts one statement
 * on the control connection and returns its handle (see io/database.h); rows are read by the matching
 * store_read_ function. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"
#include "core/sync.h"
#include "core/target_json.h"
#include "core/verdict.h"
#include "io/database.h"

enum { RUN_ID_SIZE = 37 }; /* a UUID as text, with NUL */

struct store {
    struct database *control; /* claims, renewals, queries: pipeline mode */
    struct database *load;    /* COPY and recording; used through the loader alone */
    struct loader *loader;
    const char *worker; /* this process's name in the database */
    int schema;         /* the schema's version that the program knows */
    usec_t patience;    /* how long a statement waits for a database that is away; < 0: for ever */
};

/* Makes the configuration's connections and targets managed, and its alerts and mutes known; where it was
 * loaded last already, nothing. CAUSE_CONFIG_DIFFERS where a living daemon has another, unless it is a daemon
 * that loads it. Result: loaded (boolean). */
struct database_call *store_load_configuration(struct store *store, const struct config *config,
                                               bool is_daemon, database_callback *callback,
                                               void *userdata) MUST_USE;

/* Takes a connection's lease and begins a run, whatever the schedule says; a result without a row: another
 * process works on it. CAUSE_SCHEMA_NEW where the schema is newer than the program. */
struct database_call *store_claim(struct store *store, const char *connection_id, database_callback *callback,
                                  void *userdata) MUST_USE;

/* Takes the leases of connections that are due, `limit` at most, and leaves a sign of life.
 * CAUSE_CONFIG_DIFFERS where another configuration than that of `digest` was loaded last. */
struct database_call *store_claim_due(struct store *store, const unsigned char digest[static 32],
                                      size_t limit, database_callback *callback, void *userdata) MUST_USE;

/* This daemon ends. */
struct database_call *store_forget_worker(struct store *store, database_callback *callback,
                                          void *userdata) MUST_USE;

/* Deletes what is older than it is kept, `limit` rows at most. CAUSE_CONFIG_DIFFERS where another
 * configuration than that of `digest` was loaded last. Result: how many of what, in columns; no row: another
 * process is at it. */
struct database_call *store_prune(struct store *store, const struct config_retention *kept, size_t limit,
                                  const unsigned char digest[static 32], database_callback *callback,
                                  void *userdata) MUST_USE;

/* What store_claim() answers, without taking anything, for a dry run; a result without a row: the mirror does
 * not know it yet.
 */
struct database_call *store_peek(struct store *store, const char *connection_id, database_callback *callback,
                                 void *userdata) MUST_USE;

enum { CONNECTION_ID_SIZE = 37 };

struct store_claim {
    char connection_id[CONNECTION_ID_SIZE]; /* of store_claim_due() */
    char run_id[RUN_ID_SIZE];               /* "": none, of a dry run */
    int64_t token;
    usec_t now; /* the database's clock */
    bool has_include_digest;
    unsigned char include_digest[32];
    bool refreshes_targets;
    bool syncs_unknown; /* the last run could not list or read all syncs, and said so */
    bool own_due;       /* the connection's own schedule is due, not only that of one of its targets */
};

/* One row of these results. */
void store_read_claim(const struct database_result *result, size_t row, struct store_claim *ret);

/* Result: renewed (boolean). */
struct database_call *store_renew(struct store *store, const char *connection_id, int64_t token,
                                  database_callback *callback, void *userdata) MUST_USE;

/* What is stored of a connection's targets. */
struct database_call *store_load_targets(struct store *store, const char *connection_id,
                                         database_callback *callback, void *userdata) MUST_USE;

/* The rows, sorted by id, in `arena`. */
struct stored_target *store_read_targets(const struct database_result *result, struct arena *arena,
                                         size_t *ret_count) MUST_USE;

/* What is stored of a connection's syncs. */
struct database_call *store_load_syncs(struct store *store, const char *connection_id,
                                       database_callback *callback, void *userdata) MUST_USE;

/* They, sorted by id, in `arena`. */
struct sync *store_read_syncs(const struct database_result *result, struct arena *arena,
                              size_t *ret_count) MUST_USE;

/* Syncs as record_syncs() in sql/functions takes them; to be freed. */
char *store_syncs_json(const struct sync *const *syncs, size_t count) MUST_USE;

/* Registers targets that an include item brings (see register_targets in sql/functions). `digest` NULL: the
 * API was not asked. Result: target_id, key. */
struct database_call *store_register(struct store *store, const char *connection_id, int64_t token,
                                     const unsigned char *digest, const char *const *ids,
                                     const enum target_origin *origins, size_t count,
                                     database_callback *callback, void *userdata) MUST_USE;

/* The mirror's state of one target. */
struct database_call *store_load_snapshot(struct store *store, int target_key, database_callback *callback,
                                          void *userdata) MUST_USE;

/* The snapshot; CAUSE_BUG where the database's content is not what this program wrote. The caller frees it.
 */
struct target *store_read_snapshot(const struct database_result *result, struct error *ret_error) MUST_USE;

/* Bytes as bytea text ("\\x..."), to be freed. */
char *store_bytea(const unsigned char *bytes, size_t length) MUST_USE;
