#include <stdio.h>

#include "base/alloc.h"
#include "cli/connect.h"
#include "cli/migrate.h"

enum { OPTION_PRINT = 1 };

static const struct option_row rows[] = {{"print", false, OPTION_PRINT}, {0}};

/* The SQL from the version that the database has: so it needs the database. */
static int print_script(struct session *session) {
    struct error error = {0};
    int version = 0, known = migrate_program_version();
    if (!migrate_database_version(session->event, session->database, &version, &error))
        return command_failed(&cmd_migrate, &error);
    if (version > known && !migrate_check(session->event, session->database, &error))
        return command_failed(&cmd_migrate, &error);
    CLEANUP(cleanup_free) char *script = migrate_script(version);
    if (script[0])
        fputs(script, stdout);
    else
        printf("-- The schema is up to date: version %d.\n", version);
    return EXIT_DONE;
}

static int bring_up_to_date(struct session *session) {
    struct error error = {0};
    int from = 0, known = migrate_program_version();
    if (!migrate_run(session->event, session->database, &from, &error))
        return command_failed(&cmd_migrate, &error);
    if (from == known)
        printf("the schema is up to date: version %d\n", known);
    else if (from == 0)
        printf("made the schema: version %d\n", known);
    else
        printf("brought the schema from version %d to %d\n", from, known);
    return EXIT_DONE;
}

static int run(const struct globals *globals, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    bool print = false;
    for (int key; (key = command_next_option(&cmd_migrate, &options)) != OPTION_END;) {
        if (key == OPTION_WRONG)
            return EXIT_WRONG_USAGE;
        print = true;
    }
    if (options.first_word < argc)
        return command_usage_error(&cmd_migrate, "too many arguments");
    struct error error = {0};
    CLEANUP(cleanup_session) struct session *session = session_open(globals, NULL, &error);
    if (!session)
        return command_failed(&cmd_migrate, &error);
    return print ? print_script(session) : bring_up_to_date(session);
}

const struct command cmd_migrate = {
    .name = "migrate",
    .arguments = "[--print]",
    .summary = "Brings the database's schema up to date",
    .details =
        "  --print   prints the SQL that would do it, from the version that the database has now\n"
        "\n"
        "The database is --database's, the configuration's, or the one of the PG* variables. All is done in one\n"
        "transaction; two at once do no harm.\n"
        "\n"
        "Example:\n"
        "  schemasyncd --database 'dbname=schemasync' migrate --print | psql -v ON_ERROR_STOP=1 schemasync\n",
    .options = rows,
    .run = run,
};
