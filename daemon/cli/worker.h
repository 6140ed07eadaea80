/* This process's name in the database. */
#pragma once

#include "base/macros.h"

/* HOST/PID/RANDOM: no two processes have the same, over restarts too. The caller frees it. */
char *worker_name(void) MUST_USE;
