/* What the files of the table share. Nobody else includes this. */
#pragma once

#include "cli/table.h"

struct table {
    FILE *out;
    const struct table_style *style;
    const struct table_column *columns;
    size_t column_count;
    char **cells; /* row by row */
    size_t cell_count, cell_capacity;
    size_t rows_written;
    bool begun;
    size_t *widths; /* for people, since the first flush */
    size_t gap;
};

/* table_text.c: writes the rows held for people. */
void table_write_text(struct table *table);
