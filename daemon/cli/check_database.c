#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/check_parts.h"
#include "cli/connect.h"
#include "cli/migrate.h"
#include "service/queries.h"

enum { SERVER_OLDEST = 150000 };

/* What the database says of itself. */
struct answer {
    int server_number;
    char *server, *database, *role, *not_writable, *other_owners;
    bool read_only, there, may_make_schema, may_make_temporary, may_use, may_create, all_counted,
        all_callable;
};

static bool is_true(const struct database_result *result, const char *column) {
    return strcmp(database_value(result, 0, column), "t") == 0;
}

static char *copy_of(const struct database_result *result, const char *column) {
    return alloc_strdup(database_value(result, 0, column));
}

static void take_answer(const struct database_result *result, void *userdata) {
    *(struct answer *)userdata = (struct answer){
        .server_number = (int)strtol(database_value(result, 0, "server_number"), NULL, 10),
        .server = copy_of(result, "server"),
        .database = copy_of(result, "database"),
        .role = copy_of(result, "role"),
        .not_writable = copy_of(result, "not_writable"),
        .other_owners = copy_of(result, "other_owners"),
        .read_only = is_true(result, "read_only"),
        .there = is_true(result, "there"),
        .may_make_schema = is_true(result, "may_make_schema"),
        .may_make_temporary = is_true(result, "may_make_temporary"),
        .may_use = is_true(result, "may_use"),
        .may_create = is_true(result, "may_create"),
        .all_counted = strcmp(database_value(result, 0, "sequences_refused"), "0") == 0,
        .all_callable = strcmp(database_value(result, 0, "functions_refused"), "0") == 0,
    };
}

static void answer_done(struct answer *answer) {
    free(answer->server);
    free(answer->database);
    free(answer->role);
    free(answer->not_writable);
    free(answer->other_owners);
}

static void check_server(const struct answer *answer, struct findings *findings) {
    findings_ok(findings, "connected to database %s as role %s", answer->database, answer->role);
    if (answer->server_number < SERVER_OLDEST)
        findings_fail(findings, EXIT_SOME_FAILED, "PostgreSQL %s is too old: 15 or later is needed",
                      answer->server);
    else
        findings_ok(findings, "PostgreSQL %s", answer->server);
    if (answer->read_only)
        findings_fail(
            findings, EXIT_SOME_FAILED,
            "it takes no writes (a standby, or default_transaction_read_only): name the primary, or add "
            "target_session_attrs=read-write to conninfo");
    if (!answer->may_make_temporary)
        findings_fail(findings, EXIT_NOT_PERMITTED,
                      "no temporary tables: GRANT TEMPORARY ON DATABASE %s TO %s", answer->database,
                      answer->role);
}

/* The rights that bringing the schema up to date needs. */
static void check_rights_to_migrate(const struct answer *answer, struct findings *findings) {
    if (!answer->there) {
        if (answer->may_make_schema)
            findings_ok(findings, "the role may create the schema");
        else
            findings_fail(
                findings, EXIT_NOT_PERMITTED,
                "the role may not create the schema: GRANT CREATE ON DATABASE %s TO %s, or have an owner run "
                "CREATE SCHEMA schemasync AUTHORIZATION %s",
                answer->database, answer->role, answer->role);
    } else if (!answer->may_use || !answer->may_create) {
        findings_fail(
            findings, EXIT_NOT_PERMITTED,
            "the role may not create tables in the schema: GRANT USAGE, CREATE ON SCHEMA schemasync TO %s",
            answer->role);
    } else if (answer->other_owners) {
        findings_fail(
            findings, EXIT_NOT_PERMITTED,
            "the schema's tables belong to %s: run 'schemasyncd migrate' as that role, or GRANT it TO %s",
            answer->other_owners, answer->role);
    } else {
        findings_ok(findings, "the role may change the schema");
    }
}

/* The rights that runs need: what the role schemasync_daemon has. */
static void check_rights_to_work(const struct answer *answer, struct findings *findings) {
    struct {
        bool missing;
        const char *what, *more;
    } const wants[] = {
        {!answer->may_use, "use the schema", ""},
        {answer->may_use && answer->not_writable, "read and write ",
         answer->not_writable ? answer->not_writable : ""},
        {answer->may_use && !answer->all_callable, "call all functions", ""},
        {answer->may_use && !answer->all_counted, "use all sequences", ""},
    };
    bool lacks = false;
    for (size_t i = 0; i < ARRAY_LENGTH(wants); i++) {
        if (wants[i].missing)
            findings_fail(
                findings, EXIT_NOT_PERMITTED,
                "the role may not %s%s: GRANT schemasync_daemon TO %s (sql/roles.sql makes that role)",
                wants[i].what, wants[i].more, answer->role);
        lacks = lacks || wants[i].missing;
    }
    if (!lacks)
        findings_ok(findings, "the role may read and write all tables");
}

static void check_old_schema(const struct config *config, int version, const struct answer *answer,
                             struct findings *findings) {
    CLEANUP(cleanup_free)
    char *what = version == 0 ? alloc_printf("there is no schema yet; version %d is to be made",
                                             migrate_program_version())
                              : alloc_printf("the schema has version %d, this program needs %d", version,
                                             migrate_program_version());
    if (config->migrate_auto)
        findings_note(findings, "%s: 'run' and 'pull' do it ('schemasyncd migrate --print' shows the SQL)",
                      what);
    else
        findings_fail(findings, EXIT_FAULTY_CONFIG,
                      "%s: run 'schemasyncd migrate' (database.migrate is check)", what);
    check_rights_to_migrate(answer, findings);
}

static void check_schema(struct session *session, const struct config *config, const struct answer *answer,
                         struct findings *findings) {
    struct error error = {0};
    int version = 0, known = migrate_program_version();
    if (answer->there && !answer->may_use) {
        check_rights_to_work(answer, findings);
        return;
    }
    if (!migrate_database_version(session->event, session->database, &version, &error)) {
        findings_error(findings, &error, "the schema's version");
    } else if (version > known) {
        (void)migrate_check(session->event, session->database, &error);
        findings_fail(findings, EXIT_FAULTY_CONFIG, "%s", error.text);
    } else if (version < known) {
        check_old_schema(config, version, answer, findings);
    } else {
        findings_ok(findings, "the schema has version %d, as this program needs it", version);
        check_rights_to_work(answer, findings);
    }
}

/* What is to be done where it is not reached, by what it failed with. */
static const char *advice(const struct error *error) {
    return error->cause == CAUSE_DB_UNREACHABLE || error->cause == CAUSE_RESOLVE
               ? ": does the server run, and do database.conninfo or the PG* variables name it?"
               : "";
}

void check_database(const struct globals *globals, const struct config *config, struct findings *findings) {
    struct error error = {0};
    findings_about(findings, "database");
    if (!globals->database && !secrets_of_database_are_there(config)) {
        findings_note(findings, "not asked: its secrets cannot be read");
        return;
    }
    CLEANUP(cleanup_session) struct session *session = session_open(globals, config, &error);
    if (!session) {
        findings_fail(findings, error_class(error.cause)->exit_code, "%s%s", error.text, advice(&error));
        return;
    }
    struct answer answer = {0};
    if (!session_run(session, &query_check_database, NULL, 0, take_answer, &answer, &error)) {
        findings_error(findings, &error, "its rights");
        return;
    }
    check_server(&answer, findings);
    check_schema(session, config, &answer, findings);
    answer_done(&answer);
}
