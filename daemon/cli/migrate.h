/* The database's schema: its version, and the SQL that brings it up to date. Migrations are applied forward
 * only, under an advisory lock, in one transaction, with all functions and views made anew (CREATE OR
 * REPLACE: a migration that changes the columns of one must drop it). The database must not be in pipeline
 * mode: the script is one simple query. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

struct sd_event;
struct database;

/* The schema's version that this program works with: the number of the last migration compiled in. */
int migrate_program_version(void);

/* The version that the database has; 0: none. */
bool migrate_database_version(struct sd_event *event, struct database *database, int *ret_version,
                              struct error *ret_error);

/* The SQL that brings a schema of version `from` up to date, as one transaction; to be freed. "" where there
 * is nothing to do. */
char *migrate_script(int from);

/* Brings the schema up to date. CAUSE_SCHEMA_NEW where it is newer than the program; *ret_from is the version
 * that was found. Two processes may do so at once. */
bool migrate_run(struct sd_event *event, struct database *database, int *ret_from, struct error *ret_error);

/* Compares only: CAUSE_SCHEMA_NEW or CAUSE_SCHEMA_OLD (with what to do) where it is not the program's. */
bool migrate_check(struct sd_event *event, struct database *database, struct error *ret_error);
