#include "cli/worker.h"

#include <sys/random.h>
#include <unistd.h>

#include "base/alloc.h"

char *worker_name(void) {
    char host[65] = "";
    unsigned random = 0;
    (void)gethostname(host, sizeof(host) - 1);
    (void)!getrandom(&random, sizeof(random), 0);
    return alloc_printf("%s/%d/%08x", host, (int)getpid(), random);
}
