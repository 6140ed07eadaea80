#include "io/self.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double seconds_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The directory's own descriptor and the names . and .. are not counted. */
static double count_fds(void) {
    DIR *directory = opendir("/proc/self/fd");
    double count = -3;
    if (!directory)
        return NAN;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* The fields of /proc/self/stat behind the program's name, which may hold anything: the first is the third.
 */
static bool read_stat(char *ret, size_t size, const char **ret_fields) {
    FILE *file = fopen("/proc/self/stat", "re");
    if (!file)
        return false;
    size_t length = fread(ret, 1, size - 1, file);
    fclose(file);
    ret[length] = '\0';
    const char *end = strrchr(ret, ')');
    *ret_fields = end ? end + 2 : NULL;
    return end && end[1] == ' ';
}

bool self_read(struct self_usage *ret) {
    char stat[1024];
    const char *fields;
    unsigned long long start, size;
    long pages;
    struct rlimit limit;
    if (!read_stat(stat, sizeof(stat), &fields) ||
        sscanf(fields, /* starttime, vsize, rss: 22 to 24 */
               "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu %ld",
               &start, &size, &pages) != 3 ||
        getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return false;
    /* counted from the boot, which a sandbox may hide: so by the age */
    double age = seconds_of(CLOCK_BOOTTIME) - (double)start / (double)sysconf(_SC_CLK_TCK);
    *ret = (struct self_usage){.cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID),
                               .resident_bytes = (double)pages * (double)sysconf(_SC_PAGESIZE),
                               .virtual_bytes = (double)size,
                               .open_fds = count_fds(),
                               .max_fds = limit.rlim_cur == RLIM_INFINITY ? (double)INFINITY
                                                                          : (double)limit.rlim_cur,
                               .start_time = seconds_of(CLOCK_REALTIME) - age};
    return true;
}
