/* A configuration file: taken, or refused with messages that each name a place. */
#include <sys/mman.h>
#include <unistd.h>

#include "core/config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int fd = memfd_create("config", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct config_errors errors = {0};
    struct config *config = config_load(path, INT64_C(1790000000000000), &errors);
    REQUIRE((config != NULL) == (errors.count == 0));
    for (size_t i = 0; i < errors.count; i++)
        REQUIRE(strncmp(errors.lines[i], path, strlen(path)) == 0 && !strchr(errors.lines[i], '\n'));
    for (size_t i = 0; config && i < config->connection_count; i++)
        REQUIRE(config_find_connection(config, config->connections[i].name) == &config->connections[i]);
    config_free(config);
    config_errors_done(&errors);
    close(fd);
    return 0;
}
