/* For the tests of the configuration: writes texts to files of a directory of their own, and loads them. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "base/alloc.h"
#include "core/config.h"

static char config_directory[] = "/tmp/schemasyncd-config-XXXXXX";

static int make_config_directory(void **state) {
    (void)state;
    return mkdtemp(config_directory) ? 0 : -1;
}

static int remove_config_directory(void **state) {
    (void)state;
    CLEANUP(cleanup_free) char *command = alloc_printf("rm -rf '%s'", config_directory);
    return system(command);
}

static UNUSED void write_config(const char *name, const char *text, size_t length) {
    CLEANUP(cleanup_free) char *path = alloc_printf("%s/%s", config_directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* Loads a file that must be good. */
static UNUSED struct config *load_good(const char *path) {
    struct config_errors errors = {0};
    struct config *config = config_load(path, 0, &errors);
    if (!config)
        fail_msg("%s", errors.count > 0 ? errors.lines[0] : "no message");
    assert_int_equal(errors.count, 0);
    config_errors_done(&errors);
    return config;
}

/* The same for a text. */
static UNUSED struct config *load_text(const char *text) {
    CLEANUP(cleanup_free) char *path = alloc_printf("%s/main.yaml", config_directory);
    write_config("main.yaml", text, strlen(text));
    return load_good(path);
}

/* The messages of a faulty text, a line each without the file's path, in one string to be freed; "" where it
 * is good. */
static UNUSED char *complaints_about(const char *text, size_t length) {
    CLEANUP(cleanup_free) char *path = alloc_printf("%s/main.yaml", config_directory);
    size_t prefix = strlen(config_directory) + 1;
    write_config("main.yaml", text, length);
    struct config_errors errors = {0};
    struct config *config = config_load(path, 0, &errors);
    assert_int_equal(config == NULL, errors.count > 0);
    char *all = alloc_strdup("");
    for (size_t i = 0; i < errors.count; i++) {
        char *longer = alloc_printf("%s%s\n", all, errors.lines[i] + prefix);
        free(all);
        all = longer;
    }
    config_errors_done(&errors);
    config_free(config);
    return all;
}
