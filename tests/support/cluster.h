/* A PostgreSQL of the test's own, which it may stop, kill and start again: made inside the suite's directory,
 * which ends with the suite. Commits are flushed to the server's log before they are answered, so that a
 * server that is killed loses nothing. PGHOST points at it. */
#pragma once

#include "daemons.h"

/* How a server ends: at once with its clients cut off; like a crash, all processes told to quit; SIGKILL to
 * the main process. */
enum cluster_end { CLUSTER_FAST, CLUSTER_IMMEDIATE, CLUSTER_KILLED };

/* Setup and teardown of a group, around the world's. */
int cluster_begin(void **state);
int cluster_end_group(void **state);
int cluster_fresh(void **state);
#define cluster_test(function) cmocka_unit_test_setup(function, cluster_fresh)
#define cluster_run_tests(name, tests) \
    cmocka_run_group_tests_name(name, tests, cluster_begin, cluster_end_group)

/* Both wait until it is done. The world's own connection is closed and made anew. */
void cluster_stop(enum cluster_end how);
void cluster_start(void);

/* Runs a statement as superuser on a connection of its own, in the world's database. */
void cluster_admin(const char *format, ...) PRINTF_LIKE(1, 2);
