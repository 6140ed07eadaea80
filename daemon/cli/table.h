/* Rows of cells as a table for people, as JSON or as CSV. Rows are held until they are flushed, so that much
 * can be written in pages. In a table for people long cells are shortened to the terminal's width and nothing
 * of them can act on it; JSON and CSV are exact (of CSV nothing is prefixed against spreadsheets that take
 * cells for formulas: it is for programs). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/macros.h"
#include "base/timespan.h"

enum table_format { TABLE_TEXT, TABLE_JSON, TABLE_CSV };

/* What a cell's text is: as PostgreSQL writes it; a time is a number of microseconds since 1970 (RFC 3339 in
 * JSON and CSV, "3m ago" for people). */
enum column_kind { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_BOOLEAN, COLUMN_JSON, COLUMN_TIME };

struct table_column {
    const char *name; /* "last_error": the key in JSON; LAST ERROR is the heading for people */
    enum column_kind kind;
    bool firm;   /* for people: shortened only when nothing else is left to shorten */
    bool accent; /* for people: words such as "breaking" have their colour */
};

struct table_style {
    enum table_format format;
    size_t width;  /* of the terminal; 0: no limit */
    bool terminal; /* what is written goes to a terminal: CSV is made harmless then too */
    bool color;
    usec_t now; /* what times are compared with; may be set until the first flush */
};

struct table;
struct database_result;

/* "table", "json" or "csv"; false for all else. */
bool table_parse_format(const char *text, enum table_format *ret_format);

/* The style for a stream: its width and colours, if it is a terminal. */
struct table_style table_style_for(FILE *out, enum table_format format);

/* An empty table on a stream; columns and style are not copied and must outlive it. Never NULL. table_free()
 * takes NULL and writes nothing. */
struct table *table_new(FILE *out, const struct table_style *style, const struct table_column *columns,
                        size_t count) MUST_USE;
void table_free(struct table *table);

/* The next cell, row by row; NULL: null. Copied. */
void table_add(struct table *table, const char *value);

/* A row whose cells are the columns of the same names in a row of a result. */
void table_add_row(struct table *table, const struct database_result *result, size_t row);

/* Writes the rows held and forgets them. For people the first flush sets the widths; without rows it writes
 * nothing. */
void table_flush(struct table *table);

/* Flushes, and ends the document: an empty one is "[]" in JSON, the headings alone in CSV, nothing for
 * people. */
void table_end(struct table *table);

/* For people: "3m ago", "in 2h", "now"; `ret` of TIMESPAN_TEXT_MAX bytes. */
void time_relative(usec_t time, usec_t now, char ret[static TIMESPAN_TEXT_MAX]);

/* A string as JSON with its quotes; also escapes what could act on a terminal. */
void json_write_string(FILE *out, const char *text);
