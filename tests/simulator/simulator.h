/* All that one simulator holds. */
#ifndef SIMULATOR_SIMULATOR_H
#define SIMULATOR_SIMULATOR_H

#include "faults.h"
#include "idempotency.h"
#include "journal.h"
#include "world.h"

struct simulator {
    struct seed seed;
    struct world *world;
    struct keys *keys;
    struct faults *faults;
    struct journal *journal;
    int64_t second; /* for the rate limit: this second, and the requests in it */
    int in_second;
};

#endif
