#include "io/secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "base/alloc.h"

static char directory[] = "/tmp/schemasyncd-secret-XXXXXX";

static char *path_of(const char *name) {
    return alloc_printf("%s/%s", directory, name);
}

static void write_file(const char *name, const char *bytes, size_t length) {
    CLEANUP(cleanup_free) char *path = path_of(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static int make_directory(void **state) {
    (void)state;
    return mkdtemp(directory) && setenv("CREDENTIALS_DIRECTORY", directory, 1) == 0 ? 0 : -1;
}

static int remove_directory(void **state) {
    (void)state;
    static const char *const names[] = {"key", "empty", "newline", "large", "largest",
                                        "nul", "crlf",  "two",     "pipe",  "link"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        CLEANUP(cleanup_free) char *path = path_of(names[i]);
        unlink(path);
    }
    CLEANUP(cleanup_free) char *inner = path_of("inner");
    rmdir(inner);
    return rmdir(directory);
}

static void expect(enum secret_kind kind, const char *value, const char *text) {
    struct error error = {0};
    char *found = secret_read(&(struct secret){kind, value}, &error);
    if (!found)
        fail_msg("%s: %s", value, error.text);
    assert_string_equal(found, text);
    secret_free(found);
}

static void expect_refused(enum secret_kind kind, const char *value, const char *says) {
    struct error error = {0};
    assert_null(secret_read(&(struct secret){kind, value}, &error));
    assert_int_equal(error.cause, CAUSE_SECRET);
    if (!strstr(error.text, says))
        fail_msg("%s: %s", value, error.text);
    assert_null(strstr(error.text, "topsecret"));
}

static void test_places(void **state) {
    (void)state;
    write_file("key", "topsecret\n", 10);
    CLEANUP(cleanup_free) char *path = path_of("key");
    expect(SECRET_CREDENTIAL, "key", "topsecret");
    expect(SECRET_FILE, path, "topsecret");
    setenv("A_SECRET", "topsecret", 1);
    expect(SECRET_ENV, "A_SECRET", "topsecret");
    expect(SECRET_PLAIN, "topsecret", "topsecret");

    CLEANUP(cleanup_free) char *link = path_of("link"); /* as Kubernetes mounts them */
    assert_int_equal(symlink("key", link), 0);
    expect(SECRET_FILE, link, "topsecret");

    write_file("key", "another", 7); /* read each time */
    expect(SECRET_FILE, path, "another");
}

static void test_one_newline(void **state) {
    (void)state;
    write_file("two", "topsecret\n\n", 11);
    expect(SECRET_CREDENTIAL, "two", "topsecret\n");
    write_file("crlf", "topsecret\r\n", 11);
    expect(SECRET_CREDENTIAL, "crlf", "topsecret");
}

static void test_refused(void **state) {
    (void)state;
    CLEANUP(cleanup_free) char *inner = path_of("inner");
    assert_int_equal(mkdir(inner, 0700), 0);
    expect_refused(SECRET_FILE, inner, "is no regular file");
    expect_refused(SECRET_CREDENTIAL, "inner", "credential inner is no regular file");
    CLEANUP(cleanup_free) char *pipe_path = path_of("pipe");
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    expect_refused(SECRET_FILE, pipe_path, "is no regular file"); /* and does not wait */
    expect_refused(SECRET_FILE, "/nonexistent/file", "file /nonexistent/file cannot be read: No such file");
    expect_refused(SECRET_FILE, "/dev/zero", "is no regular file");
    expect_refused(SECRET_CREDENTIAL, "missing", "credential missing cannot be read: No such file");
    expect_refused(SECRET_CREDENTIAL, "../etc/passwd", "is no credential's name");
    write_file("empty", "", 0);
    expect_refused(SECRET_CREDENTIAL, "empty", "is empty");
    write_file("newline", "\n", 1);
    expect_refused(SECRET_CREDENTIAL, "newline", "is empty");
    write_file("nul", "topsecret\0more", 14);
    expect_refused(SECRET_CREDENTIAL, "nul", "contains a NUL");
    unsetenv("NO_SUCH_SECRET");
    expect_refused(SECRET_ENV, "NO_SUCH_SECRET", "environment variable NO_SUCH_SECRET is not set");
    setenv("EMPTY_SECRET", "", 1);
    expect_refused(SECRET_ENV, "EMPTY_SECRET", "is empty");
    expect_refused(SECRET_PLAIN, "", "is empty");
    expect_refused(SECRET_NONE, NULL, "no secret is configured");
}

static void test_bounded(void **state) {
    (void)state;
    char *large = alloc_zero(SECRET_MAX + 100, 1);
    memset(large, 'x', SECRET_MAX + 99);
    large[SECRET_MAX] = '\n';
    write_file("largest", large, SECRET_MAX + 1);
    struct error error = {0};
    char *found = secret_read(&(struct secret){SECRET_CREDENTIAL, "largest"}, &error);
    assert_non_null(found);
    assert_int_equal(strlen(found), SECRET_MAX);
    secret_free(found);
    large[SECRET_MAX] = 'x';
    write_file("large", large, SECRET_MAX + 1);
    expect_refused(SECRET_CREDENTIAL, "large", "is longer than 64KiB");
    write_file("large", large, SECRET_MAX + 99);
    expect_refused(SECRET_CREDENTIAL, "large", "is longer than 64KiB");
    free(large);
}

static void test_without_credentials(void **state) {
    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    expect_refused(SECRET_CREDENTIAL, "key", "$CREDENTIALS_DIRECTORY is not set");
    setenv("CREDENTIALS_DIRECTORY", directory, 1);
}

/* No descriptor is left open, on no way out. */
static void test_no_descriptor_leaks(void **state) {
    (void)state;
    int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(before);
    struct error error;
    secret_free(secret_read(&(struct secret){SECRET_CREDENTIAL, "key"}, &error));
    secret_free(secret_read(&(struct secret){SECRET_CREDENTIAL, "inner"}, &error));
    secret_free(secret_read(&(struct secret){SECRET_CREDENTIAL, "empty"}, &error));
    int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(after);
    assert_int_equal(before, after);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_one_newline),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_without_credentials),
        cmocka_unit_test(test_no_descriptor_leaks),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
