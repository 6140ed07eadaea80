/* A command's connection to the database, and the loop that it waits on. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "cli/command.h"
#include "io/database.h"

struct sd_event;
struct config;

struct session {
    struct sd_event *event;
    struct database *database; /* not in pipeline mode */
    bool known, up;            /* whether the first attempt to connect has ended, and how */
    struct error failure;
    char *conninfo, *password; /* for a second connection */
};

/* Connects: --database counts first, then the `database` section of `config`, else (config NULL) of the file
 * that the globals name, else the PG* variables. Without `config`, a default file that is not there, or that
 * may not be read, is none; a faulty one is CAUSE_CONFIG, and its errors are written to stderr one a line. It
 * is over at the first failure: nothing is tried again. NULL on failure; session_close() frees it and takes
 * NULL. */
struct session *session_open(const struct globals *globals, const struct config *config,
                             struct error *ret_error) MUST_USE;

/* The same without a configuration at hand, and the database's schema must be of this program's version. */
struct session *session_open_checked(const struct globals *globals, struct error *ret_error) MUST_USE;

/* The same for a daemon: waits for nothing and goes on trying; `on_state` is told when the first connection
 * comes up or goes. NULL where a secret cannot be had. */
struct session *session_begin(const struct globals *globals, const struct config *config,
                              database_state_callback *on_state, void *userdata,
                              struct error *ret_error) MUST_USE;

/* A second connection to the same database, which connects in its own time and tells `on_state` (NULL:
 * nobody); the caller frees it before the session. */
struct database *session_another(const struct session *session, bool pipeline,
                                 database_state_callback *on_state, void *userdata) MUST_USE;

void session_close(struct session *session);
DEFINE_CLEANUP(struct session *, session, session_close)

/* Runs a statement on it until its answer is there, see database_run(). */
bool session_run(struct session *session, const struct statement *statement, const char *const *params,
                 size_t param_count, void (*use)(const struct database_result *result, void *userdata),
                 void *userdata, struct error *ret_error);
