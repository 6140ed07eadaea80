#include "cli/migrate.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "io/database.h"
#include "io/database_wait.h"
#include "service/queries.h"
#include "service/sql_files.h"

#define PATIENCE (15 * USEC_PER_SEC) /* with a connection that is lost on the way */

enum { SCRIPT_MAX = 64 * 1024 * 1024, TRIES = 5 };

static const char head[] =
    "-- Brings the schema of schemasyncd from version %1$d to %2$d, in one transaction.\n"
    "BEGIN ISOLATION LEVEL READ COMMITTED;\n"
    "SET LOCAL search_path = pg_catalog, pg_temp;\n"
    "SET LOCAL standard_conforming_strings = on;\n"
    "SET LOCAL check_function_bodies = off;\n"
    "SET LOCAL client_min_messages = warning;\n"
    "SET LOCAL statement_timeout = 0;\n"
    "DO $guard$ BEGIN PERFORM pg_advisory_xact_lock(hashtextextended('schemasync.migrate', 0)); END $guard$;\n";

/* Looks first: CREATE SCHEMA IF NOT EXISTS asks for the right to create one even where it is there. */
static const char first_steps[] =
    "DO $guard$ BEGIN\n"
    "  IF to_regclass('schemasync.schema_migrations') IS NOT NULL THEN\n"
    "    RAISE EXCEPTION 'the schema is not empty any more: another process was faster' USING ERRCODE = 'SS006';\n"
    "  END IF;\n"
    "  IF to_regnamespace('schemasync') IS NULL THEN\n"
    "    CREATE SCHEMA schemasync;\n"
    "    COMMENT ON SCHEMA schemasync IS 'A mirror of destination schemas with their history, kept by schemasyncd.';\n"
    "  END IF;\n"
    "END $guard$;\n"
    "CREATE TABLE schemasync.schema_migrations (\n"
    "  version integer PRIMARY KEY,\n"
    "  name text NOT NULL,\n"
    "  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()\n"
    ");\n"
    "COMMENT ON TABLE schemasync.schema_migrations IS 'Inner: the migrations that were applied; the highest version is the schema''s.';\n"
    "COMMENT ON COLUMN schemasync.schema_migrations.version IS 'The migration''s number.';\n"
    "COMMENT ON COLUMN schemasync.schema_migrations.name IS 'Its name.';\n"
    "COMMENT ON COLUMN schemasync.schema_migrations.applied_at IS 'When it was applied.';\n";

static const char next_steps[] =
    "DO $guard$ BEGIN\n"
    "  IF (SELECT max(version) FROM schemasync.schema_migrations) IS DISTINCT FROM %1$d THEN\n"
    "    RAISE EXCEPTION 'the schema is not of version %1$d any more: another process was faster' USING ERRCODE = 'SS006';\n"
    "  END IF;\n"
    "END $guard$;\n";

static int version_of(const struct sql_file *file) {
    return (int)strtol(file->name, NULL, 10);
}

int migrate_program_version(void) {
    int version = 0;
    for (const struct sql_file *file = sql_migrations; file->name; file++)
        version = MAX(version, version_of(file));
    return version;
}

/* The script's parts come out of this program: they fit, or the program is wrong. */
static void require(bool fits) {
    if (!fits)
        abort();
}

static void add_file(struct buffer *script, const char *folder, const struct sql_file *file) {
    require(buffer_append_format(script, "\n-- %s/%s.sql\n", folder, file->name));
    require(buffer_append_text(script, file->text));
}

char *migrate_script(int from) {
    int to = migrate_program_version();
    if (from >= to)
        return alloc_strdup("");
    struct buffer script;
    buffer_init(&script, SCRIPT_MAX);
    require(buffer_append_format(&script, head, from, to));
    require(from == 0 ? buffer_append_text(&script, first_steps)
                      : buffer_append_format(&script, next_steps, from));
    for (const struct sql_file *file = sql_migrations; file->name; file++)
        if (version_of(file) > from)
            add_file(&script, "migrations", file);
    for (const struct sql_file *file = sql_functions; file->name; file++)
        add_file(&script, "functions", file);
    for (const struct sql_file *file = sql_views; file->name; file++)
        add_file(&script, "views", file);
    require(buffer_append_text(&script, "\n"));
    for (const struct sql_file *file = sql_migrations; file->name; file++)
        if (version_of(file) > from)
            require(buffer_append_format(
                &script, "INSERT INTO schemasync.schema_migrations (version, name) VALUES (%d, '%s');\n",
                version_of(file), file->name));
    require(buffer_append_text(&script, "COMMIT;\n"));
    return buffer_take(&script);
}

static void take_there(const struct database_result *result, void *userdata) {
    *(bool *)userdata = strcmp(database_value(result, 0, "there"), "t") == 0;
}

static void take_version(const struct database_result *result, void *userdata) {
    *(int *)userdata = (int)strtol(database_value(result, 0, "version"), NULL, 10);
}

bool migrate_database_version(struct sd_event *event, struct database *database, int *ret_version,
                              struct error *ret_error) {
    bool there = false;
    int version = 0;
    if (!database_run(event, database, &query_schema_exists, NULL, 0, PATIENCE, take_there, &there,
                      ret_error))
        return false;
    if (there && !database_run(event, database, &query_schema_version, NULL, 0, PATIENCE, take_version,
                               &version, ret_error))
        return false;
    *ret_version = version;
    return true;
}

static bool set_newer(int version, struct error *ret_error) {
    return error_set(
        ret_error, CAUSE_SCHEMA_NEW,
        "the database's schema has version %d, this program knows %d at most: install a newer schemasyncd",
        version, migrate_program_version());
}

/* Where it fails the session stands in a failed transaction, which is ended here. */
static bool run_script(struct sd_event *event, struct database *database, int from, struct error *ret_error) {
    CLEANUP(cleanup_free) char *text = migrate_script(from);
    const struct statement script = {NULL, text}, rollback = {NULL, "ROLLBACK"};
    struct error ignored = {0};
    if (database_run(event, database, &script, NULL, 0, PATIENCE, NULL, NULL, ret_error))
        return true;
    (void)database_run(event, database, &rollback, NULL, 0, PATIENCE, NULL, NULL, &ignored);
    return false;
}

bool migrate_run(struct sd_event *event, struct database *database, int *ret_from, struct error *ret_error) {
    int known = migrate_program_version(), first = 0, before = -1;
    struct error error = {0};
    for (int tries = 0; tries < TRIES; tries++) {
        int version = 0;
        if (!migrate_database_version(event, database, &version, ret_error))
            return false;
        if (tries == 0)
            first = version;
        if (version > known)
            return set_newer(version, ret_error);
        if (version == before) /* nobody was faster: it failed by itself */
            break;
        if (version == known || run_script(event, database, version, &error)) {
            *ret_from = first;
            return true;
        }
        before = version;
    }
    *ret_error = error;
    return error_prefix(ret_error, "cannot bring the database's schema up to date");
}

bool migrate_check(struct sd_event *event, struct database *database, struct error *ret_error) {
    int version = 0, known = migrate_program_version();
    if (!migrate_database_version(event, database, &version, ret_error))
        return false;
    if (version > known)
        return set_newer(version, ret_error);
    if (version == known)
        return true;
    if (version == 0)
        return error_set(ret_error, CAUSE_SCHEMA_OLD,
                         "the database has no schema of schemasyncd yet: run 'schemasyncd migrate'");
    return error_set(ret_error, CAUSE_SCHEMA_OLD,
                     "the database's schema has version %d, this program needs %d: run 'schemasyncd migrate'",
                     version, known);
}
