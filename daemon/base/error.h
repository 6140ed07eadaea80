/* What went wrong, as a value. Each failure has a cause; one table says for each cause what kind of failure
 * it is, whether the request may be tried again, on what it counts and with which code a command ends. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

enum error_kind {
    ERROR_KIND_NONE,
    ERROR_KIND_USAGE,     /* the command line is wrong */
    ERROR_KIND_CONFIG,    /* the configuration, or what it points at, is wrong: somebody must change it */
    ERROR_KIND_TRANSIENT, /* may work the next time by itself */
    ERROR_KIND_PERMANENT, /* will fail again until the other side changes */
    ERROR_KIND_DENIED,    /* a key or right is missing */
    ERROR_KIND_BUG,       /* a mistake in this program */
};

enum error_retry {
    RETRY_NEVER,
    RETRY_SAFE,   /* only a request that may arrive twice: GET, or POST under the same Idempotency-Key */
    RETRY_NEWKEY, /* an answer was recorded: GET as it is, POST under a new Idempotency-Key */
};

enum error_counted {
    COUNTED_NOWHERE,
    COUNTED_TARGET,     /* on the target that was asked for, or, where there is none, on the connection */
    COUNTED_CONNECTION, /* always on the connection: the run ends */
};

enum error_cause {
    CAUSE_NONE,
    CAUSE_USAGE,
    CAUSE_CONFIG,
    CAUSE_SECRET,
    CAUSE_RESOLVE,
    CAUSE_CONNECT,
    CAUSE_TLS,
    CAUSE_TIMEOUT,
    CAUSE_RESET,
    CAUSE_CUT,
    CAUSE_TOO_LARGE,
    CAUSE_ENCODING,
    CAUSE_PROTOCOL,
    CAUSE_REDIRECT,
    CAUSE_HTTP_400,
    CAUSE_HTTP_401,
    CAUSE_HTTP_403,
    CAUSE_HTTP_404,
    CAUSE_HTTP_409,
    CAUSE_HTTP_429,
    CAUSE_HTTP_4XX,
    CAUSE_HTTP_5XX,
    CAUSE_HTTP_OTHER,
    CAUSE_SHAPE,
    CAUSE_STALE,
    CAUSE_REFRESH_FAILED,
    CAUSE_REFRESH_TIMEOUT,
    CAUSE_TARGET_UNKNOWN,
    CAUSE_DB_UNREACHABLE,
    CAUSE_DB_RIGHTS,
    CAUSE_DB_VALUE,
    CAUSE_DB_BUSY,
    CAUSE_DB_OTHER,
    CAUSE_SCHEMA_OLD,
    CAUSE_SCHEMA_NEW,
    CAUSE_CONFIG_DIFFERS,
    CAUSE_LEASE_LOST,
    CAUSE_CANCELLED,
    CAUSE_IO,
    CAUSE_BUG,
    CAUSE_COUNT,
};

enum { ERROR_TEXT_MAX = 512 };

/* A failure. Copied by value; zero means "none". The text is one line of valid UTF-8 without control
 * characters, shortened where it would be longer. */
struct error {
    enum error_cause cause;
    char text[ERROR_TEXT_MAX];
};

/* A row of the table. */
struct error_class {
    const char *name; /* stable, lower-case: for logs and tests */
    enum error_kind kind;
    enum error_retry retry;
    enum error_counted counted;
    int exit_code;
    const char *meaning; /* a sentence for the documentation */
};

/* The row of a cause; never NULL. */
const struct error_class *error_class(enum error_cause cause);

/* Fills *error (which may be NULL: then nothing happens) with a cause and a formatted text. Returns false, so
 * that a failing function can end with `return error_set(...)`. */
bool error_set(struct error *error, enum error_cause cause, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts a formatted text and ": " before the text that stands there. Returns false. */
bool error_prefix(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* True when something is set. */
bool error_is_set(const struct error *error);

/* The cause for an HTTP status that is no success (RFC 9110; 429 RFC 6585). */
enum error_cause error_cause_of_status(int status);

/* The cause for an SQLSTATE (five characters, PostgreSQL's appendix A); NULL means that the connection is
 * gone. */
enum error_cause error_cause_of_sqlstate(const char *sqlstate);

/* Copies `length` bytes of foreign text into `ret` of `size` bytes: control characters and what is not UTF-8
 * become
 * `?`, shortened to fit; always ends with NUL. For everything that a terminal or a log may show. */
void text_sanitize(const char *text, size_t length, char *ret, size_t size);

/* Exit codes of the commands (sysexits(3) where one fits). */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_SOME_FAILED = 1,
    EXIT_DRIFT = 3,
    EXIT_WRONG_USAGE = 64,
    EXIT_OUT_OF_REACH = 69,
    EXIT_BUG = 70,
    EXIT_NOT_KNOWN = 75,
    EXIT_NOT_PERMITTED = 77,
    EXIT_FAULTY_CONFIG = 78,
};
