#include "io/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

/* Room for the longest secret, its newline, and one byte more that shows that it is too long. */
enum { READ_MAX = SECRET_MAX + 3 };

char *secret_describe(const struct secret *secret) {
    static const char *const kinds[] = {
        [SECRET_CREDENTIAL] = "credential", [SECRET_FILE] = "file", [SECRET_ENV] = "environment variable"};
    if (secret->kind == SECRET_NONE)
        return alloc_strdup("no secret");
    if (secret->kind == SECRET_PLAIN)
        return alloc_strdup("plain text in the configuration");
    return alloc_printf("%s %s", kinds[secret->kind], secret->value);
}

void secret_free(char *text) {
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

static bool refuse(const struct secret *secret, struct error *error, const char *what) {
    CLEANUP(cleanup_free) char *where = secret_describe(secret);
    return error_set(error, CAUSE_SECRET, "%s %s", where, what);
}

/* Takes one newline off, and says what is wrong with the rest; NULL: nothing. */
static const char *judge(const char *text, size_t *length) {
    if (*length > 0 && text[*length - 1] == '\n')
        *length -= *length > 1 && text[*length - 2] == '\r' ? 2 : 1;
    if (*length == 0)
        return "is empty";
    if (*length > SECRET_MAX)
        return "is longer than 64KiB";
    return memchr(text, '\0', *length) ? "contains a NUL" : NULL;
}

/* Opens a regular file; never waits for a pipe. */
static int open_file(const struct secret *secret, const char *path, struct error *error) {
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        CLEANUP(cleanup_free) char *what = alloc_printf("cannot be read: %s", strerror(errno));
        refuse(secret, error, what);
        return -1;
    }
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
        return file;
    close(file);
    refuse(secret, error, "is no regular file");
    return -1;
}

/* Fills `block`; -1 where reading fails. */
static ssize_t read_block(int file, char *block, size_t size) {
    size_t length = 0;
    while (length < size) {
        ssize_t got = read(file, block + length, size - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

static char *read_file(const struct secret *secret, const char *path, struct error *error) {
    int file = open_file(secret, path, error);
    if (file < 0)
        return NULL;
    char *block = alloc_zero(READ_MAX, 1), *text = NULL;
    ssize_t got = read_block(file, block, READ_MAX);
    size_t length = got > 0 ? (size_t)got : 0;
    const char *wrong = got < 0 ? "cannot be read" : judge(block, &length);
    if (wrong)
        refuse(secret, error, wrong);
    else
        text = alloc_strndup(block, length);
    explicit_bzero(block, READ_MAX);
    free(block);
    close(file);
    return text;
}

static char *read_credential(const struct secret *secret, struct error *error) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (!directory || directory[0] == '\0') {
        refuse(secret, error,
               "cannot be read: $CREDENTIALS_DIRECTORY is not set; systemd sets it for LoadCredential=");
        return NULL;
    }
    if (strchr(secret->value, '/') || secret->value[0] == '.' || secret->value[0] == '\0') {
        refuse(secret, error, "is no credential's name");
        return NULL;
    }
    CLEANUP(cleanup_free) char *path = alloc_printf("%s/%s", directory, secret->value);
    return read_file(secret, path, error);
}

static char *read_text(const struct secret *secret, const char *text, struct error *error) {
    if (!text) {
        refuse(secret, error, "is not set");
        return NULL;
    }
    size_t length = strlen(text);
    const char *wrong = judge(text, &length);
    if (!wrong)
        return alloc_strndup(text, length);
    refuse(secret, error, wrong);
    return NULL;
}

char *secret_read(const struct secret *secret, struct error *ret_error) {
    switch (secret->kind) {
    case SECRET_PLAIN:
        return read_text(secret, secret->value, ret_error);
    case SECRET_ENV:
        return read_text(secret, getenv(secret->value), ret_error);
    case SECRET_FILE:
        return read_file(secret, secret->value, ret_error);
    case SECRET_CREDENTIAL:
        return read_credential(secret, ret_error);
    case SECRET_NONE:
        break;
    }
    refuse(secret, ret_error, "is configured");
    return NULL;
}
