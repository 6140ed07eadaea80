/* What the kernel says of this process. */
#pragma once

#include <stdbool.h>

struct self_usage {
    double cpu_seconds;                   /* of all threads, in user and kernel mode */
    double resident_bytes, virtual_bytes; /* memory */
    double open_fds, max_fds;             /* max_fds: INFINITY where there is no limit */
    double start_time;                    /* seconds since 1970 */
};

/* False where /proc cannot be read. */
bool self_read(struct self_usage *ret);
