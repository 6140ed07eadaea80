/* The table of keys as a JSON Schema: what an editor needs to complete, explain and check a configuration. */
#pragma once

#include "core/json_writer.h"

/* Writes the schema (draft 2020-12), an object. It knows less than the program: what must hold between the
 * values of several maps, and of a duration that it is in its range, is not in it. It refuses nothing that
 * the program takes. */
void config_schema_write(struct json_writer *writer);
