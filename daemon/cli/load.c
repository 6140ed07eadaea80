#include "cli/load.h"

#include <stdio.h>
#include <time.h>

struct config *load_config_or_report(const struct globals *globals) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct config_errors errors = {0};
    struct config *config =
        config_load(globals->config_path, now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000, &errors);
    for (size_t i = 0; i < errors.count; i++)
        fprintf(stderr, "%s\n", errors.lines[i]);
    config_errors_done(&errors);
    return config;
}
