#include "cli/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/table_inside.h"
#include "cli/terminal.h"
#include "io/database.h"

bool table_parse_format(const char *text, enum table_format *ret_format) {
    static const char *const names[] = {[TABLE_TEXT] = "table", [TABLE_JSON] = "json", [TABLE_CSV] = "csv"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (strcmp(text, names[i]) == 0) {
            *ret_format = (enum table_format)i;
            return true;
        }
    return false;
}

struct table_style table_style_for(FILE *out, enum table_format format) {
    size_t width = terminal_width(out);
    return (struct table_style){
        .format = format, .width = width, .terminal = width > 0, .color = terminal_has_color(out)};
}

struct table *table_new(FILE *out, const struct table_style *style, const struct table_column *columns,
                        size_t count) {
    struct table *table = alloc_zero(1, sizeof(*table));
    table->out = out;
    table->style = style;
    table->columns = columns;
    table->column_count = count;
    return table;
}

static void forget_rows(struct table *table) {
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i]);
    table->cell_count = 0;
}

void table_free(struct table *table) {
    if (!table)
        return;
    forget_rows(table);
    free(table->cells);
    free(table->widths);
    free(table);
}

void table_add(struct table *table, const char *value) {
    table->cells =
        alloc_grow(table->cells, &table->cell_capacity, table->cell_count + 1, sizeof(*table->cells));
    table->cells[table->cell_count++] = alloc_strdup(value);
}

void table_add_row(struct table *table, const struct database_result *result, size_t row) {
    for (size_t i = 0; i < table->column_count; i++)
        table_add(table, database_value(result, row, table->columns[i].name));
}

void time_relative(usec_t time, usec_t now, char ret[static TIMESPAN_TEXT_MAX]) {
    static const struct {
        usec_t unit, until;
        char letter;
    } units[] = {
        {USEC_PER_SEC, 2 * USEC_PER_MIN, 's'},
        {USEC_PER_MIN, 2 * USEC_PER_HOUR, 'm'},
        {USEC_PER_HOUR, 2 * USEC_PER_DAY, 'h'},
        {USEC_PER_DAY, INT64_MAX, 'd'},
    };
    usec_t distance = 0;
    if (__builtin_sub_overflow(now, time, &distance) || distance == INT64_MIN)
        distance = INT64_MAX;
    bool past = distance >= 0;
    distance = past ? distance : -distance;
    if (distance < USEC_PER_SEC) {
        memcpy(ret, "now", sizeof("now"));
        return;
    }
    size_t i = 0;
    while (i + 1 < ARRAY_LENGTH(units) && distance >= units[i].until)
        i++;
    snprintf(ret, TIMESPAN_TEXT_MAX, past ? "%" PRId64 "%c ago" : "in %" PRId64 "%c",
             distance / units[i].unit, units[i].letter);
}

/* The length of what must not reach a terminal though JSON would allow it: DEL, the C1 controls, separators
 * of lines, and the marks that reorder them (UTF-8). 0: harmless. */
static size_t hidden(const unsigned char *text, unsigned *ret_code) {
    if (text[0] == 0x7f) {
        *ret_code = 0x7f;
        return 1;
    }
    if (text[0] == 0xc2 && text[1] >= 0x80 && text[1] < 0xa0) {
        *ret_code = text[1];
        return 2;
    }
    if ((text[0] != 0xe2 && text[0] != 0xef) || !text[1] || !text[2])
        return 0;
    unsigned code = (text[0] & 0xfU) << 12 | (text[1] & 0x3fU) << 6 | (text[2] & 0x3fU);
    *ret_code = code;
    return (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0xfeff ? 3 : 0;
}

/* Embeds JSON as it is: what is hidden can only stand inside its strings, where an escape means the same. */
static void write_json(FILE *out, const char *json) {
    for (const unsigned char *c = (const unsigned char *)json; *c;) {
        unsigned code = 0;
        size_t length = hidden(c, &code);
        if (length > 0)
            fprintf(out, "\\u%04x", code);
        else
            fputc(*c, out);
        c += length > 0 ? length : 1;
    }
}

void json_write_string(FILE *out, const char *text) {
    static const char shorts[0x20] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        unsigned code = 0;
        size_t length = hidden(c, &code);
        if (length > 0)
            fprintf(out, "\\u%04x", code);
        else if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20 && shorts[*c])
            fprintf(out, "\\%c", shorts[*c]);
        else if (*c < 0x20)
            fprintf(out, "\\u%04x", *c);
        else
            fputc(*c, out);
        c += length > 0 ? length : 1;
    }
    fputc('"', out);
}

/* A time as RFC 3339. */
static void exact_time(const char *cell, char ret[static TIMESPAN_TEXT_MAX]) {
    rfc3339_format(strtoll(cell, NULL, 10), ret);
}

/* JSON's numbers (RFC 8259, 6) are narrower than PostgreSQL's, which knows NaN and Infinity. */
static bool is_number(const char *cell) {
    size_t sign = cell[0] == '-', digits = strspn(cell + sign, "0123456789");
    const char *rest = cell + sign + digits;
    if (digits == 0 || (digits > 1 && cell[sign] == '0'))
        return false;
    if (*rest != '.')
        return !*rest;
    size_t decimals = strspn(rest + 1, "0123456789");
    return decimals > 0 && !rest[1 + decimals];
}

static void write_json_cell(FILE *out, enum column_kind kind, const char *cell) {
    char time[TIMESPAN_TEXT_MAX];
    if (!cell)
        fputs("null", out);
    else if (kind == COLUMN_BOOLEAN)
        fputs(cell[0] == 't' ? "true" : "false", out);
    else if (kind == COLUMN_JSON)
        write_json(out, cell);
    else if (kind == COLUMN_NUMBER && is_number(cell))
        fputs(cell, out);
    else if (kind == COLUMN_TIME) {
        exact_time(cell, time);
        json_write_string(out, time);
    } else
        json_write_string(out, cell);
}

static void write_json_rows(struct table *table) {
    if (!table->begun)
        fputc('[', table->out);
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t column = i % table->column_count;
        if (column == 0)
            fputs(table->rows_written++ > 0 ? ",\n {" : "{", table->out);
        json_write_string(table->out, table->columns[column].name);
        fputs(": ", table->out);
        write_json_cell(table->out, table->columns[column].kind, table->cells[i]);
        fputs(column + 1 == table->column_count ? "}" : ", ", table->out);
    }
}

/* RFC 4180: what holds a comma, a quote or a line end stands in quotes; so does "", which is not null. */
static void write_csv_text(struct table *table, const char *text) {
    CLEANUP(cleanup_free) char *harmless = table->style->terminal ? text_harmless(text) : NULL;
    if (harmless)
        text = harmless;
    if (*text && !strpbrk(text, ",\"\r\n")) {
        fputs(text, table->out);
        return;
    }
    fputc('"', table->out);
    for (; *text; text++)
        fprintf(table->out, *text == '"' ? "\"\"" : "%c", *text);
    fputc('"', table->out);
}

static void write_csv_cell(struct table *table, enum column_kind kind, const char *cell) {
    char time[TIMESPAN_TEXT_MAX];
    if (!cell)
        return;
    if (kind == COLUMN_TIME)
        exact_time(cell, time);
    write_csv_text(table, kind == COLUMN_TIME      ? time
                          : kind != COLUMN_BOOLEAN ? cell
                          : cell[0] == 't'         ? "true"
                                                   : "false");
}

static void write_csv_rows(struct table *table) {
    size_t last = table->column_count - 1;
    for (size_t i = 0; i <= last && !table->begun; i++)
        fprintf(table->out, "%s%s", table->columns[i].name, i == last ? "\r\n" : ",");
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t column = i % (last + 1);
        write_csv_cell(table, table->columns[column].kind, table->cells[i]);
        fputs(column == last ? "\r\n" : ",", table->out);
    }
}

void table_flush(struct table *table) {
    static void (*const writers[])(struct table *) = {
        [TABLE_TEXT] = table_write_text, [TABLE_JSON] = write_json_rows, [TABLE_CSV] = write_csv_rows};
    if (table->style->format == TABLE_TEXT && table->cell_count == 0)
        return;
    writers[table->style->format](table);
    table->begun = true;
    forget_rows(table);
}

void table_end(struct table *table) {
    table_flush(table);
    if (table->style->format == TABLE_JSON)
        fputs("]\n", table->out);
}
