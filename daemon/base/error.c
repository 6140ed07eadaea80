#include "base/error.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct error_class classes[CAUSE_COUNT] = {
    [CAUSE_NONE]            = {"none", ERROR_KIND_NONE, RETRY_NEVER, COUNTED_NOWHERE, EXIT_DONE, "nothing went wrong"},
    [CAUSE_USAGE]           = {"usage", ERROR_KIND_USAGE, RETRY_NEVER, COUNTED_NOWHERE, EXIT_WRONG_USAGE, "the command line is wrong"},
    [CAUSE_CONFIG]          = {"config", ERROR_KIND_CONFIG, RETRY_NEVER, COUNTED_NOWHERE, EXIT_FAULTY_CONFIG, "the configuration is faulty"},
    [CAUSE_SECRET]          = {"secret", ERROR_KIND_CONFIG, RETRY_NEVER, COUNTED_CONNECTION, EXIT_FAULTY_CONFIG, "a secret that the configuration names cannot be read"},
    [CAUSE_RESOLVE]         = {"resolve", ERROR_KIND_TRANSIENT, RETRY_SAFE, COUNTED_TARGET, EXIT_OUT_OF_REACH, "the host's name was not found"},
    [CAUSE_CONNECT]         = {"connect", ERROR_KIND_TRANSIENT, RETRY_SAFE, COUNTED_TARGET, EXIT_OUT_OF_REACH, "no connection could be made"},
    [CAUSE_TLS]             = {"tls", ERROR_KIND_PERMANENT, RETRY_NEVER, COUNTED_TARGET, EXIT_OUT_OF_REACH, "TLS failed, or the certificate is not trusted"},
    [CAUSE_TIMEOUT]         = {"timeout", ERROR_KIND_TRANSIENT, RETRY_SAFE, COUNTED_TARGET, EXIT_OUT_OF_REACH, "the answer did not end within the time limit"},
    [CAUSE_RESET]           = {"reset", ERROR_KIND_TRANSIENT, RETRY_SAFE, COUNTED_TARGET, EXIT_OUT_OF_REACH, "the connection broke before an answer came"},
    [CAUSE_CUT]             = {"cut", ERROR_KIND_TRANSIENT, RETRY_SAFE, COUNTED_TARGET, EXIT_SOME_FAILED, "the body ended early"},
    [CAUSE_TOO_LARGE]       = {"too-large", ERROR_KIND_PERMANENT, RETRY_NEVER, COUNTED_TARGET, EXIT_SOME_FAILED, "the body is larger than api.max_response"},
    [CAUSE_ENCODING]        = {"encoding", ERROR_KIND_PERMANENT, RETRY_SAFE, COUNTED_TARGET, EXIT_SOME_FAILED, "the body's content encoding is broken"},
    [CAUSE_PROTOCOL]        = {"protocol", ERROR_KIND_PERMANENT, RETRY_SAFE, COUNTED_TARGET, EXIT_SOME_FAILED, "what came back is not HTTP"},
    [CAUSE_REDIRECT]        = {"redirect", ERROR_KIND_PERMANENT, RETRY_NEVER, COUNTED_TARGET, EXIT_SOME_FAILED, "a redirect, which is not followed with a key"},
    [CAUSE_HTTP_400]        = {"http-400", ERROR_KIND_PERMANENT, RETRY_NEVER, COUNTED_TARGET, EXIT_SOME_FAILED, "the API calls the request wrong"},
    [CAUSE_HTTP_401]        = {"http-401", ERROR_KIND_DENIED, RETRY_NEVER, COUNTED_CONNECTION, EXIT_NOT_PERMITTED, "the API refuses the key"},
    [CAUSE_HTTP_403]        = {"http-403", ERROR_KIND_DENIED, RETRY_NEVER, COUNTED_TARGET, EXIT_NOT_PERMITTED, "the key may not see this"},
    [CAUSE_HTTP_404]        = {"http-404", ERROR_KIND_PERMANENT, RETRY_NEVER, COUNTED_TARGET, EXIT_SOME_FAILED, "the API knows no such thing"},
    [CAUSE_HTTP_409]        = {"http-409", ERROR_KIND_TRANSIENT, RETRY_SAFE, COUNTED_TARGET, EXIT_SOME_FAILED, "the first request under this Idempotency-Key is still under way"},
    [CAUSE_HTTP_429]        = {"http-429", ERROR_KIND_TRANSIENT, RETRY_NEWKEY, COUNTED_TARGET, EXIT_SOME_FAILED, "too many requests"},
    [CAUSE_HTTP_4XX]        = {"http-4xx", ERROR_KIND_PERMANENT, RETRY_NEVER, COUNTED_TARGET, EXIT_SOME_FAILED, "another refusal"},
    [CAUSE_HTTP_5XX]        = {"http-5xx", ERROR_KIND_TRANSIENT, RETRY_NEWKEY, COUNTED_TARGET, EXIT_SOME_FAILED, "the API, or a proxy before it, failed"},
    [CAUSE_HTTP_OTHER]      = {"http-other", ERROR_KIND_PERMANENT, RETRY_NEVER, COUNTED_TARGET, EXIT_SOME_FAILED, "a status that nothing is known about"},
    [CAUSE_SHAPE]           = {"shape", ERROR_KIND_PERMANENT, RETRY_NEVER, COUNTED_TARGET, EXIT_SOME_FAILED, "the answer is not of the documented shape"},
    [CAUSE_STALE]           = {"stale", ERROR_KIND_TRANSIENT, RETRY_NEVER, COUNTED_TARGET, EXIT_SOME_FAILED, "nothing proves that the answer is newer than the last one"},
    [CAUSE_REFRESH_FAILED]  = {"refresh-failed", ERROR_KIND_TRANSIENT, RETRY_NEVER, COUNTED_CONNECTION, EXIT_SOME_FAILED, "the schema refresh was refused or failed"},
    [CAUSE_REFRESH_TIMEOUT] = {"refresh-timeout", ERROR_KIND_TRANSIENT, RETRY_NEVER, COUNTED_CONNECTION, EXIT_SOME_FAILED, "the schema refresh was not over within schedule.refresh_timeout"},
    [CAUSE_TARGET_UNKNOWN]  = {"target-unknown", ERROR_KIND_CONFIG, RETRY_NEVER, COUNTED_TARGET, EXIT_SOME_FAILED, "a target that was never seen answers 404: a misspelt id?"},
    [CAUSE_DB_UNREACHABLE]  = {"db-unreachable", ERROR_KIND_TRANSIENT, RETRY_SAFE, COUNTED_NOWHERE, EXIT_OUT_OF_REACH, "the database is away"},
    [CAUSE_DB_RIGHTS]       = {"db-rights", ERROR_KIND_DENIED, RETRY_NEVER, COUNTED_NOWHERE, EXIT_NOT_PERMITTED, "the database role lacks a right"},
    [CAUSE_DB_VALUE]        = {"db-value", ERROR_KIND_PERMANENT, RETRY_NEVER, COUNTED_TARGET, EXIT_SOME_FAILED, "the database refuses a value"},
    [CAUSE_DB_BUSY]         = {"db-busy", ERROR_KIND_TRANSIENT, RETRY_SAFE, COUNTED_NOWHERE, EXIT_OUT_OF_REACH, "the database cannot do it now: out of resources, shutting down, a conflict"},
    [CAUSE_DB_OTHER]        = {"db-other", ERROR_KIND_BUG, RETRY_NEVER, COUNTED_CONNECTION, EXIT_SOME_FAILED, "the database refused a statement"},
    [CAUSE_SCHEMA_OLD]      = {"schema-old", ERROR_KIND_CONFIG, RETRY_NEVER, COUNTED_NOWHERE, EXIT_FAULTY_CONFIG, "the database's schema is older than the program"},
    [CAUSE_SCHEMA_NEW]      = {"schema-new", ERROR_KIND_CONFIG, RETRY_NEVER, COUNTED_NOWHERE, EXIT_FAULTY_CONFIG, "the database's schema is newer than the program"},
    [CAUSE_CONFIG_DIFFERS]  = {"config-differs", ERROR_KIND_CONFIG, RETRY_NEVER, COUNTED_NOWHERE, EXIT_FAULTY_CONFIG, "a living daemon on this database has another configuration"},
    [CAUSE_LEASE_LOST]      = {"lease-lost", ERROR_KIND_TRANSIENT, RETRY_NEVER, COUNTED_NOWHERE, EXIT_SOME_FAILED, "another process took the connection over"},
    [CAUSE_CANCELLED]       = {"cancelled", ERROR_KIND_TRANSIENT, RETRY_NEVER, COUNTED_NOWHERE, EXIT_SOME_FAILED, "the run was stopped on the way"},
    [CAUSE_IO]              = {"io", ERROR_KIND_PERMANENT, RETRY_NEVER, COUNTED_NOWHERE, EXIT_SOME_FAILED, "a file or the terminal failed"},
    [CAUSE_BUG]             = {"bug", ERROR_KIND_BUG, RETRY_NEVER, COUNTED_CONNECTION, EXIT_BUG, "a mistake in this program: please report it"},
};
/* clang-format on */

const struct error_class *error_class(enum error_cause cause) {
    return cause < CAUSE_COUNT ? &classes[cause] : &classes[CAUSE_BUG];
}

bool error_is_set(const struct error *error) {
    return error->cause != CAUSE_NONE;
}

static void error_format(struct error *error, const char *format, va_list args) PRINTF_LIKE(2, 0);

static void error_format(struct error *error, const char *format, va_list args) {
    char text[ERROR_TEXT_MAX * 2];
    int length = vsnprintf(text, sizeof(text), format, args);
    if (length < 0)
        length = 0;
    text_sanitize(text, MIN((size_t)length, sizeof(text) - 1), error->text, sizeof(error->text));
}

bool error_set(struct error *error, enum error_cause cause, const char *format, ...) {
    if (!error)
        return false;
    va_list args;
    va_start(args, format);
    error_format(error, format, args);
    va_end(args);
    error->cause = cause;
    return false;
}

bool error_prefix(struct error *error, const char *format, ...) {
    if (!error)
        return false;
    char before[ERROR_TEXT_MAX], whole[2 * ERROR_TEXT_MAX + 2];
    va_list args;
    va_start(args, format);
    vsnprintf(before, sizeof(before), format, args);
    va_end(args);
    int length = snprintf(whole, sizeof(whole), "%s: %s", before, error->text);
    text_sanitize(whole, MIN((size_t)length, sizeof(whole) - 1), error->text, sizeof(error->text));
    return false;
}

enum error_cause error_cause_of_status(int status) {
    switch (status) {
    case 400:
        return CAUSE_HTTP_400;
    case 401:
        return CAUSE_HTTP_401;
    case 403:
        return CAUSE_HTTP_403;
    case 404:
        return CAUSE_HTTP_404;
    case 409:
        return CAUSE_HTTP_409;
    case 429:
        return CAUSE_HTTP_429;
    default:
        if (status >= 300 && status < 400)
            return CAUSE_REDIRECT;
        if (status >= 400 && status < 500)
            return CAUSE_HTTP_4XX;
        if (status >= 500 && status < 600)
            return CAUSE_HTTP_5XX;
        return CAUSE_HTTP_OTHER;
    }
}

enum error_cause error_cause_of_sqlstate(const char *sqlstate) {
    /* clang-format off */
    static const struct {
        const char *prefix; /* a class of two characters, or a whole code, which goes first */
        enum error_cause cause;
    } causes[] = {
        {"SS001", CAUSE_LEASE_LOST},   /* raised by our own functions, as is the next */
        {"SS002", CAUSE_SCHEMA_NEW},
        {"SS003", CAUSE_CONFIG_DIFFERS},
        {"SS004", CAUSE_USAGE},        /* asked for something that is not there: an unknown name, beyond the horizon */
        {"42501", CAUSE_DB_RIGHTS},
        {"3D000", CAUSE_DB_UNREACHABLE}, /* no such database (yet) */
        {"08", CAUSE_DB_UNREACHABLE},
        {"22", CAUSE_DB_VALUE},
        {"23", CAUSE_DB_VALUE},
        {"25006", CAUSE_DB_BUSY},      /* read-only: a standby, or an administrator's choice for a while */
        {"28", CAUSE_DB_RIGHTS},
        {"40", CAUSE_DB_BUSY},
        {"53", CAUSE_DB_BUSY},
        {"54", CAUSE_DB_VALUE},
        {"55", CAUSE_DB_BUSY},
        {"57P", CAUSE_DB_UNREACHABLE}, /* shutting down, crashed, starting up: the connection ends with it */
        {"57", CAUSE_DB_BUSY},
        {"58", CAUSE_DB_BUSY},
    };
    /* clang-format on */
    if (!sqlstate || !sqlstate[0])
        return CAUSE_DB_UNREACHABLE;
    for (size_t i = 0; i < ARRAY_LENGTH(causes); i++)
        if (strncmp(sqlstate, causes[i].prefix, strlen(causes[i].prefix)) == 0)
            return causes[i].cause;
    return CAUSE_DB_OTHER;
}

/* The length of the UTF-8 sequence at `text` (RFC 3629), 0 where there is none or it is a control character.
 */
static size_t printable_length(const unsigned char *text, size_t length) {
    unsigned char first = text[0];
    if (first < 0x80)
        return first >= 0x20 && first != 0x7f;
    size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    if (size == 0 || first > 0xf4 || size > length)
        return 0;
    uint32_t code = first & (0x7fU >> size);
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    /* C1 controls, line and paragraph separators, and the marks that reorder a line on a terminal */
    if (code < 0xa0 || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
        code == 0xfeff)
        return 0;
    return size;
}

void text_sanitize(const char *text, size_t length, char *ret, size_t size) {
    static const char ellipsis[] = "…";
    size_t written = 0, fits = 0; /* `fits`: how much can stay when the ellipsis must go behind it */
    for (size_t i = 0; i < length;) {
        size_t step = printable_length((const unsigned char *)text + i, length - i);
        size_t needed = step > 0 ? step : 1;
        if (written + needed >= size) {
            if (size >= sizeof(ellipsis)) {
                memcpy(ret + fits, ellipsis, sizeof(ellipsis));
                return;
            }
            break;
        }
        if (step > 0)
            memcpy(ret + written, text + i, step);
        else
            ret[written] = '?';
        written += needed;
        if (written + sizeof(ellipsis) <= size)
            fits = written;
        i += needed;
    }
    ret[written] = '\0';
}
