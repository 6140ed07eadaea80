#include "cli/connect.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "cli/load.h"
#include "cli/migrate.h"
#include "io/database_wait.h"
#include "io/secret.h"

#define CONNECT_TIMEOUT (10 * USEC_PER_SEC)

DEFINE_CLEANUP(char *, secret, secret_free)

static void on_state(bool up, const struct error *error, void *userdata) {
    struct session *session = userdata;
    if (session->known) /* the first word counts; a loss later is told to the statements */
        return;
    session->known = true;
    session->up = up;
    if (error)
        session->failure = *error;
}

/* The configuration's file, or none (true and NULL) where there need not be one. */
static bool load_config(const struct globals *globals, struct config **ret_config, struct error *ret_error) {
    if (access(globals->config_path, R_OK) < 0) {
        if (globals->config_is_default && (errno == ENOENT || errno == ENOTDIR || errno == EACCES)) {
            *ret_config = NULL;
            return true;
        }
        return error_set(ret_error, CAUSE_CONFIG, "cannot read the configuration %s: %s",
                         globals->config_path, strerror(errno));
    }
    struct config *config = load_config_or_report(globals);
    if (!config)
        return error_set(ret_error, CAUSE_CONFIG,
                         "the configuration %s is faulty (--database CONNINFO does without it)",
                         globals->config_path);
    *ret_config = config;
    return true;
}

/* A secret's text; NULL, and true, where the configuration has none, or an empty conninfo: libpq's defaults.
 */
static bool read_secret(const struct secret *secret, char **ret_text, struct error *ret_error) {
    if (secret->kind == SECRET_NONE || (secret->kind == SECRET_PLAIN && secret->value[0] == '\0')) {
        *ret_text = NULL;
        return true;
    }
    *ret_text = secret_read(secret, ret_error);
    return *ret_text ||
           error_prefix(ret_error, "database (--database CONNINFO does without the configuration)");
}

/* Turns the loop until the connection is up or has failed once. */
static bool wait_for(struct session *session, struct error *ret_error) {
    while (!session->known) {
        int turned = sd_event_run(session->event, UINT64_MAX);
        if (turned < 0)
            return error_set(ret_error, CAUSE_IO, "the event loop failed: %s", strerror(-turned));
    }
    if (!session->up)
        *ret_error = session->failure;
    return session->up;
}

static struct database *session_connect(const struct session *session, bool pipeline,
                                        database_state_callback *state, void *userdata) {
    const struct database_options options = {
        .conninfo = session->conninfo,
        .password = session->password,
        .application_name = "schemasyncd",
        .pipeline = pipeline,
        .connect_timeout = CONNECT_TIMEOUT,
        .on_state = state,
        .userdata = userdata,
    };
    return database_new(session->event, &options);
}

struct database *session_another(const struct session *session, bool pipeline,
                                 database_state_callback *on_state_of_it, void *userdata) {
    return session_connect(session, pipeline, on_state_of_it, userdata);
}

/* The loop and the connection, which connects in its own time. */
static struct session *begin(const char *conninfo, const char *password, database_state_callback *state,
                             void *userdata, struct error *ret_error) {
    CLEANUP(cleanup_session) struct session *session = alloc_zero(1, sizeof(*session));
    int made = sd_event_new(&session->event);
    if (made < 0) {
        error_set(ret_error, CAUSE_IO, "cannot make an event loop: %s", strerror(-made));
        return NULL;
    }
    session->conninfo = alloc_strdup(conninfo);
    session->password = alloc_strdup(password);
    session->database = session_connect(session, false, state, userdata ? userdata : session);
    return TAKE_PTR(session);
}

/* Where the database is: --database, the configuration, or the PG* variables alone. The caller frees both. */
static bool find_database(const struct globals *globals, const struct config *config, char **ret_conninfo,
                          char **ret_password, struct error *ret_error) {
    *ret_conninfo = *ret_password = NULL;
    if (globals->database) {
        *ret_conninfo = alloc_strdup(globals->database);
        return true;
    }
    CLEANUP(cleanup_config) struct config *own = NULL;
    if (!config && !load_config(globals, &own, ret_error))
        return false;
    const struct config *used = config ? config : own;
    return !used || (read_secret(&used->conninfo, ret_conninfo, ret_error) &&
                     read_secret(&used->database_password, ret_password, ret_error));
}

struct session *session_begin(const struct globals *globals, const struct config *config,
                              database_state_callback *state, void *userdata, struct error *ret_error) {
    CLEANUP(cleanup_secret) char *conninfo = NULL;
    CLEANUP(cleanup_secret) char *password = NULL;
    if (!find_database(globals, config, &conninfo, &password, ret_error))
        return NULL;
    return begin(conninfo, password, state, userdata, ret_error);
}

struct session *session_open(const struct globals *globals, const struct config *config,
                             struct error *ret_error) {
    CLEANUP(cleanup_session)
    struct session *session = session_begin(globals, config, on_state, NULL, ret_error);
    return session && wait_for(session, ret_error) ? TAKE_PTR(session) : NULL;
}

struct session *session_open_checked(const struct globals *globals, struct error *ret_error) {
    CLEANUP(cleanup_session) struct session *session = session_open(globals, NULL, ret_error);
    if (!session || !migrate_check(session->event, session->database, ret_error))
        return NULL;
    return TAKE_PTR(session);
}

void session_close(struct session *session) {
    if (!session)
        return;
    database_free(session->database);
    sd_event_unref(session->event);
    secret_free(session->conninfo);
    secret_free(session->password);
    free(session);
}

bool session_run(struct session *session, const struct statement *statement, const char *const *params,
                 size_t param_count, void (*use)(const struct database_result *result, void *userdata),
                 void *userdata, struct error *ret_error) {
    return database_run(session->event, session->database, statement, params, param_count, 0, use, userdata,
                        ret_error);
}
