#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "cli/table_inside.h"
#include "cli/terminal.h"

enum { READABLE = 6, HEADING_MAX = 64, LINE_MAX_BYTES = 16 * 1024 * 1024 };

/* LAST ERROR of last_error. */
static void heading(const char *name, char ret[static HEADING_MAX]) {
    size_t i = 0;
    for (; name[i] && i + 1 < HEADING_MAX; i++)
        ret[i] = name[i] == '_' ? ' ' : (char)toupper((unsigned char)name[i]);
    ret[i] = '\0';
}

/* The text of a cell as people see it. To be freed. */
static char *shown(const struct table *table, enum column_kind kind, const char *cell) {
    char time[TIMESPAN_TEXT_MAX];
    if (!cell)
        return alloc_strdup(kind == COLUMN_TIME ? "-" : "");
    if (kind == COLUMN_BOOLEAN)
        return alloc_strdup(cell[0] == 't' ? "yes" : "no");
    if (kind != COLUMN_TIME)
        return text_harmless(cell);
    time_relative(strtoll(cell, NULL, 10), table->style->now, time);
    return alloc_strdup(time);
}

/* The widest of the columns that may be shortened to less than they have, and how wide the next one is
 * (`least` where there is none). SIZE_MAX: there is no such column. */
static size_t find_widest(const struct table *table, size_t least, bool firm_too, size_t *ret_second) {
    size_t found = SIZE_MAX, widest = least, second = least;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t width = table->columns[i].firm && !firm_too ? 0 : table->widths[i];
        if (width > widest) {
            second = widest;
            widest = width;
            found = i;
        } else if (width > second) {
            second = width;
        }
    }
    *ret_second = second;
    return found;
}

/* Takes columns from the widest of those that may be shortened, down to `least`, until `excess` is gone;
 * returns what is left of it. */
static size_t shorten(struct table *table, size_t excess, size_t least, bool firm_too) {
    while (excess > 0) {
        size_t second = 0, widest = find_widest(table, least, firm_too, &second);
        if (widest == SIZE_MAX)
            break;
        /* down to the next one; among equals one column each time */
        size_t step = MIN(excess, MAX(table->widths[widest] - second, (size_t)1));
        table->widths[widest] -= step;
        excess -= step;
    }
    return excess;
}

static size_t excess_of(const struct table *table) {
    size_t total = table->gap * (table->column_count - 1);
    for (size_t i = 0; i < table->column_count; i++)
        total += table->widths[i];
    return table->style->width > 0 && total > table->style->width ? total - table->style->width : 0;
}

static void measure(struct table *table, char *const *cells) {
    table->widths = alloc_zero(table->column_count, sizeof(*table->widths));
    table->gap = 2;
    for (size_t i = 0; i < table->column_count; i++) {
        char title[HEADING_MAX];
        heading(table->columns[i].name, title);
        table->widths[i] = strlen(title);
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t *width = &table->widths[i % table->column_count];
        *width = MAX(*width, text_width(cells[i]));
    }
    if (shorten(table, excess_of(table), READABLE, false) == 0)
        return;
    table->gap = 1;
    size_t left = shorten(table, excess_of(table), READABLE, true);
    (void)shorten(table, left, 1, true);
}

/* The colour of a word, as parameters of SGR (ECMA-48); NULL: the terminal's own. */
static const char *color_of(const char *word) {
    static const struct {
        const char *word, *color;
    } colors[] = {
        {"breaking", "1;31"}, {"warning", "33"}, {"failing", "31"}, {"missing", "31"}, {"suspect", "1;33"},
        {"unmanaged", "2"},   {"ok", "32"},      {"present", "32"}, {"running", "36"}, {"acknowledged", "2"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(colors); i++)
        if (strncmp(word, colors[i].word, strlen(colors[i].word)) == 0)
            return colors[i].color;
    return NULL;
}

/* A line under way: spaces are written when something comes behind them, so that none end it. */
struct line {
    const struct table *table;
    struct buffer scratch;
    size_t spaces;
};

static void write_cell(struct line *line, size_t column, const char *text, const char *color) {
    const struct table *table = line->table;
    bool last = column + 1 == table->column_count, right = table->columns[column].kind == COLUMN_NUMBER;
    size_t width = table->widths[column];
    if (table->style->width == 0) /* a later page may have longer ones */
        width = MAX(width, text_width(text));
    buffer_clear(&line->scratch);
    size_t taken = text_fit(&line->scratch, text, width), padding = width - MIN(taken, width);
    line->spaces += right ? padding : 0;
    if (line->scratch.length > 0) {
        fprintf(table->out, "%*s", (int)MIN(line->spaces, (size_t)INT_MAX), "");
        line->spaces = 0;
        if (color && table->style->color)
            fprintf(table->out, "\033[%sm%s\033[0m", color, buffer_text(&line->scratch));
        else
            fputs(buffer_text(&line->scratch), table->out);
    }
    line->spaces += (right ? 0 : padding) + table->gap;
    if (last) {
        fputc('\n', table->out);
        line->spaces = 0;
    }
}

static void write_headings(struct line *line) {
    for (size_t i = 0; i < line->table->column_count; i++) {
        char title[HEADING_MAX];
        heading(line->table->columns[i].name, title);
        write_cell(line, i, title, "1");
    }
}

void table_write_text(struct table *table) {
    struct line line = {.table = table};
    buffer_init(&line.scratch, LINE_MAX_BYTES);
    char **cells = alloc_zero(table->cell_count, sizeof(*cells));
    for (size_t i = 0; i < table->cell_count; i++)
        cells[i] = shown(table, table->columns[i % table->column_count].kind, table->cells[i]);
    if (!table->widths) {
        measure(table, cells);
        write_headings(&line);
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t column = i % table->column_count;
        write_cell(&line, column, cells[i], table->columns[column].accent ? color_of(cells[i]) : NULL);
        free(cells[i]);
    }
    free(cells);
    buffer_done(&line.scratch);
}
