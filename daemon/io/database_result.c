#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/database_internal.h"

size_t database_rows(const struct database_result *result) {
    return (size_t)PQntuples(result->pg);
}

size_t database_columns(const struct database_result *result) {
    return (size_t)PQnfields(result->pg);
}

const char *database_column_name(const struct database_result *result, size_t column) {
    return PQfname(result->pg, (int)column);
}

const char *database_cell(const struct database_result *result, size_t row, size_t column) {
    int r = (int)row, c = (int)column;
    return PQgetisnull(result->pg, r, c) ? NULL : PQgetvalue(result->pg, r, c);
}

/* Not PQfnumber(): that folds case and allocates each time. */
static int column_number(const struct database_result *result, const char *name) {
    int count = PQnfields(result->pg);
    for (int i = 0; i < count; i++)
        if (strcmp(PQfname(result->pg, i), name) == 0)
            return i;
    fprintf(stderr, "schemasyncd: bug: a result has no column \"%s\"\n", name);
    abort();
}

const char *database_value(const struct database_result *result, size_t row, const char *column) {
    return database_cell(result, row, (size_t)column_number(result, column));
}

size_t database_value_length(const struct database_result *result, size_t row, const char *column) {
    return (size_t)PQgetlength(result->pg, (int)row, column_number(result, column));
}

/* A FATAL error ends the connection, whatever its SQLSTATE: administrators' shutdowns, crashes, time limits
 * of sessions. */
static enum error_cause cause_of(const PGresult *result) {
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
        return CAUSE_DB_UNREACHABLE;
    return error_cause_of_sqlstate(PQresultErrorField(result, PG_DIAG_SQLSTATE));
}

static void append_field(struct buffer *text, const PGresult *result, int field) {
    const char *value = PQresultErrorField(result, field);
    if (value && !(buffer_append_text(text, text->length > 0 ? ": " : "") && buffer_append_text(text, value)))
        return; /* long enough */
}

/* PostgreSQL's DETAIL quotes rows; that of our own functions (class SS) was written for people to read. */
static void message_of(const PGresult *result, const char *sqlstate, struct buffer *text) {
    append_field(text, result, PG_DIAG_MESSAGE_PRIMARY);
    if (strncmp(sqlstate, "SS", 2) == 0) {
        append_field(text, result, PG_DIAG_MESSAGE_DETAIL);
        append_field(text, result, PG_DIAG_MESSAGE_HINT);
    }
    char ignored[6], line[ERROR_TEXT_MAX];
    if (text->length == 0) { /* libpq's own */
        connection_message(PQresultErrorMessage(result), line, sizeof(line), ignored);
        if (!buffer_append_text(text, line))
            buffer_clear(text);
    }
}

void call_take_error(struct database_call *call, const PGresult *result) {
    if (error_is_set(&call->error)) /* the first one is the reason */
        return;
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    snprintf(call->sqlstate, sizeof(call->sqlstate), "%s", sqlstate ? sqlstate : "");
    struct buffer text;
    buffer_init(&text, (size_t)4 * ERROR_TEXT_MAX);
    message_of(result, call->sqlstate, &text);
    error_set(&call->error, cause_of(result), "%s", buffer_text(&text));
    buffer_done(&text);
}

/* "FATAL:  28P01: text" of PQERRORS_VERBOSE: the length of the part to leave out at ":  28P01: ", and the
 * code. */
static size_t find_sqlstate(const char *text, char ret_sqlstate[6]) {
    if (strncmp(text, ":  ", 3) != 0)
        return 0;
    const char *code = text + 3;
    for (size_t i = 0; i < 5; i++)
        if (!isdigit((unsigned char)code[i]) && !isupper((unsigned char)code[i]))
            return 0;
    if (code[5] != ':' || code[6] != ' ')
        return 0;
    memcpy(ret_sqlstate, code, 5);
    ret_sqlstate[5] = '\0';
    return 9;
}

/* Lines that explain (they begin with a tab) or that tell a place in PostgreSQL's source. */
static bool is_for_developers(const char *line) {
    return line[0] == '\t' || strncmp(line, "LOCATION:", 9) == 0;
}

void connection_message(const char *message, char *ret, size_t size, char ret_sqlstate[6]) {
    size_t used = 0;
    ret_sqlstate[0] = '\0';
    for (const char *line = message; *line;) {
        size_t length = strcspn(line, "\n");
        const char *end = line + length;
        bool wanted = length > 0 && !is_for_developers(line);
        if (wanted && used > 0 && used + 3 < size) {
            memcpy(ret + used, "; ", 2);
            used += 2;
        }
        for (const char *at = line; wanted && at < end && used + 1 < size; at++) {
            size_t skip = find_sqlstate(at, ret_sqlstate);
            ret[used++] = *at;
            at += skip > 0 ? skip - 1 : 0;
        }
        line = *end ? end + 1 : end;
    }
    ret[used] = '\0';
}

/* An array that outgrows its buffer is left empty: the server refuses that, and no array arrives that lacks
 * an item. */
static bool array_append(struct buffer *array, const char *text, size_t length) {
    if (buffer_append(array, text, length))
        return true;
    buffer_clear(array);
    return false;
}

bool text_array_begin(struct buffer *array) {
    return array_append(array, "{", 1);
}

static bool append_quoted(struct buffer *array, const char *item) {
    if (!array_append(array, "\"", 1))
        return false;
    for (const char *at = item; *at;) {
        size_t plain = strcspn(at, "\"\\");
        if (!array_append(array, at, plain))
            return false;
        at += plain;
        if (!*at)
            break;
        char escaped[] = {'\\', *at++};
        if (!array_append(array, escaped, sizeof(escaped)))
            return false;
    }
    return array_append(array, "\"", 1);
}

bool text_array_add(struct buffer *array, const char *item) {
    if (array->length == 0)
        return false;
    if (array->data[array->length - 1] != '{' && !array_append(array, ",", 1))
        return false;
    return item ? append_quoted(array, item) : array_append(array, "NULL", 4);
}

bool text_array_end(struct buffer *array) {
    return array->length > 0 && array_append(array, "}", 1);
}

static char **items_free(char **items, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(items[i]);
    free(items);
    return NULL;
}

char **text_array_parse(const char *literal, size_t *ret_count) {
    size_t count = 0, capacity = 0;
    char **items = NULL;
    *ret_count = 0;
    if (*literal++ != '{')
        return NULL;
    CLEANUP(cleanup_free) char *item = alloc_zero(strlen(literal) + 1, 1);
    while (*literal && *literal != '}') {
        bool quoted = *literal == '"';
        size_t length = 0;
        for (literal += quoted; *literal && (quoted ? *literal != '"' : *literal != ',' && *literal != '}');
             literal++) {
            if (*literal == '\\' && literal[1])
                literal++;
            item[length++] = *literal;
        }
        literal += quoted && *literal == '"';
        literal += *literal == ',';
        item[length] = '\0';
        if (!quoted && strcmp(item, "NULL") == 0)
            continue;
        items = alloc_grow(items, &capacity, count + 1, sizeof(*items));
        items[count++] = alloc_strndup(item, length);
    }
    if (strcmp(literal, "}") != 0)
        return items_free(items, count);
    *ret_count = count;
    return items;
}
