/* The files of sql/, compiled in: made by sql/embed.awk. */
#pragma once

#include "io/database.h"

struct sql_file {
    const char *name, *text;
};

/* Each ends with a row whose name is NULL; sorted by name. */
extern const struct sql_file sql_migrations[], sql_functions[], sql_views[], sql_queries[];
