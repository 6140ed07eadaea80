#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "world_parts.h"

enum { RESULT_MAX = 64 * 1024 * 1024 };

static PGconn *open_connection(void) {
    PGconn *connection = PQconnectdb(
        "connect_timeout=20 options='-c client_min_messages=warning -c statement_timeout=30s -c TimeZone=UTC "
        "-c search_path=schemasync,public'");
    if (PQstatus(connection) != CONNECTION_OK)
        fail_msg("the database: %s", PQerrorMessage(connection));
    return connection;
}

void world_sql_connect(void) {
    world.sql = open_connection();
}

void world_sql_close(void) {
    PQfinish(world.sql);
    world.sql = NULL;
}

void world_sql_admin(const char *statement) {
    PGconn *connection = open_connection();
    PGresult *result = PQexec(connection, statement);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", statement, PQerrorMessage(connection));
    PQclear(result);
    PQfinish(connection);
}

static const char *rows_text(const PGresult *result) {
    struct buffer text;
    buffer_init(&text, RESULT_MAX);
    for (int row = 0; row < PQntuples(result); row++)
        for (int column = 0; column < PQnfields(result); column++) {
            const char *separator = column > 0 ? "|" : row > 0 ? "\n" : "";
            (void)!buffer_append_text(&text, separator);
            (void)!buffer_append_text(
                &text, PQgetisnull(result, row, column) ? "-" : PQgetvalue(result, row, column));
        }
    const char *kept = arena_strndup(world.arena, buffer_text(&text), text.length);
    buffer_done(&text);
    return kept;
}

static const char *query(struct world_place place, const char *statement) {
    PGresult *result = PQexec(world.sql, statement);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        PQclear(result);
        world_fail(place, "%s\n%s", statement, PQerrorMessage(world.sql));
    }
    const char *text = rows_text(result);
    PQclear(result);
    return text;
}

const char *world_query_at(struct world_place place, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *statement = alloc_vprintf(format, args);
    va_end(args);
    const char *kept = arena_strndup(world.arena, statement, strlen(statement));
    free(statement);
    return query(place, kept);
}

void assert_sql_at(struct world_place place, const char *statement, const char *expected) {
    const char *actual = query(place, statement);
    if (strcmp(actual, expected) != 0)
        world_fail(place, "%s\nexpected:\n%s\ncame:\n%s", statement, expected, actual);
}

void world_await_at(struct world_place place, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *statement = alloc_vprintf(format, args);
    va_end(args);
    const char *kept = arena_strndup(world.arena, statement, strlen(statement));
    free(statement);
    long long deadline = world_now() + world_patience();
    while (strcmp(query(place, kept), "t") != 0)
        world_pause(place, deadline, kept);
}

/* What changed, without the times and numbers that differ from run to run. */
void assert_changes_at(struct world_place place, const char *expected) {
    const char *statement =
        world_text("SELECT target_id, kind, field_id, attribute,"
                   " CASE WHEN jsonb_typeof(old_value) = 'object' THEN '{}' ELSE old_value::text END,"
                   " CASE WHEN jsonb_typeof(new_value) = 'object' THEN '{}' ELSE new_value::text END"
                   " FROM changes WHERE id > %lld ORDER BY id",
                   world.last_change);
    const char *actual = query(place, statement);
    world.last_change = strtoll(query(place, "SELECT coalesce(max(id), 0) FROM changes"), NULL, 10);
    if (strcmp(actual, expected) != 0)
        world_fail(place, "changes expected:\n%s\ncame:\n%s", expected, actual);
}

const char *world_mirror(void) {
    const char *fields = query(WORLD_HERE, "SELECT * FROM field_versions ORDER BY id");
    const char *targets =
        query(WORLD_HERE, "SELECT * FROM target_versions ORDER BY connection_id, target_id, valid_from");
    return world_text("%s\n%s", fields, targets);
}
