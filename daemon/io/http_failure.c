#include <string.h>

#include "io/http_parts.h"

/* What a transfer's end means. The groups say whether the request may have reached the server: only the first
 * cannot have. `before` and `after` make a sentence around "host:port"; `with_detail` adds libcurl's
 * sentence, which names hosts and certificates, no headers and no paths. */
static const struct {
    CURLcode code;
    enum error_cause cause;
    bool with_detail;
    const char *before, *after;
} failures[] = {
    /* clang-format off */
    /* it never arrived */
    {CURLE_URL_MALFORMAT,           CAUSE_CONFIG,    false, "the URL for ", " is malformed"},
    {CURLE_UNSUPPORTED_PROTOCOL,    CAUSE_PROTOCOL,  false, "what ", " sent is not HTTP that this program speaks"},
    {CURLE_COULDNT_RESOLVE_HOST,    CAUSE_RESOLVE,   false, "the host name of ", " was not found"},
    {CURLE_COULDNT_RESOLVE_PROXY,   CAUSE_RESOLVE,   false, "the host name of the proxy to ", " was not found"},
    {CURLE_COULDNT_CONNECT,         CAUSE_CONNECT,   false, "cannot connect to ", ""},
    {CURLE_INTERFACE_FAILED,        CAUSE_CONNECT,   false, "cannot connect to ", ""},
    {CURLE_PROXY,                   CAUSE_CONNECT,   true,  "the proxy gives no connection to ", ""},
    {CURLE_SSL_CONNECT_ERROR,       CAUSE_TLS,       true,  "TLS with ", " failed"},
    {CURLE_PEER_FAILED_VERIFICATION, CAUSE_TLS,      true,  "the certificate of ", " is not trusted"},
    {CURLE_SSL_INVALIDCERTSTATUS,   CAUSE_TLS,       true,  "the certificate of ", " is not trusted"},
    {CURLE_SSL_ISSUER_ERROR,        CAUSE_TLS,       true,  "the certificate of ", " is not trusted"},
    {CURLE_SSL_CIPHER,              CAUSE_TLS,       true,  "no common cipher with ", ""},
    {CURLE_SSL_CACERT_BADFILE,      CAUSE_CONFIG,    true,  "the CA file for ", " cannot be used"},
    {CURLE_SSL_CERTPROBLEM,         CAUSE_CONFIG,    true,  "the certificates for ", " cannot be used"},
    {CURLE_SSL_ENGINE_NOTFOUND,     CAUSE_TLS,       true,  "TLS with ", " failed"},
    {CURLE_SSL_ENGINE_SETFAILED,    CAUSE_TLS,       true,  "TLS with ", " failed"},
    {CURLE_SSL_ENGINE_INITFAILED,   CAUSE_TLS,       true,  "TLS with ", " failed"},
    {CURLE_USE_SSL_FAILED,          CAUSE_TLS,       true,  "TLS with ", " failed"},
    /* it may have arrived */
    {CURLE_OPERATION_TIMEDOUT,      CAUSE_TIMEOUT,   false, "the answer of ", " did not end within the time limit"},
    {CURLE_SEND_ERROR,              CAUSE_RESET,     false, "the connection to ", " broke while the request was sent"},
    {CURLE_RECV_ERROR,              CAUSE_RESET,     false, "the connection to ", " broke before the answer ended"},
    {CURLE_GOT_NOTHING,             CAUSE_RESET,     false, "", " closed the connection without an answer"},
    {CURLE_HTTP2,                   CAUSE_RESET,     false, "the HTTP/2 connection to ", " broke"},
    {CURLE_HTTP2_STREAM,            CAUSE_RESET,     false, "", " ended the HTTP/2 stream early"},
    {CURLE_SSL_SHUTDOWN_FAILED,     CAUSE_RESET,     false, "the connection to ", " broke"},
    {CURLE_AGAIN,                   CAUSE_RESET,     false, "the connection to ", " broke"},
    {CURLE_NO_CONNECTION_AVAILABLE, CAUSE_CONNECT,   false, "no connection to ", " was free"},
    /* it did arrive */
    {CURLE_PARTIAL_FILE,            CAUSE_CUT,       false, "the body from ", " ended early"},
    {CURLE_FILESIZE_EXCEEDED,       CAUSE_TOO_LARGE, false, "the body from ", " is larger than the limit"},
    {CURLE_BAD_CONTENT_ENCODING,    CAUSE_ENCODING,  false, "the content encoding of the body from ", " is broken"},
    {CURLE_WRITE_ERROR,             CAUSE_ENCODING,  false, "the content encoding of the body from ", " is broken"}, /* our own refusals are told apart before */
    {CURLE_WEIRD_SERVER_REPLY,      CAUSE_PROTOCOL,  false, "what ", " sent is not HTTP"},
    /* mistakes and want of memory */
    {CURLE_OUT_OF_MEMORY,           CAUSE_IO,        false, "no memory for the request to ", ""},
    /* clang-format on */
};

/* A connection that breaks during the handshake is libcurl's CURLE_SSL_CONNECT_ERROR too, and yet nothing is
 * wrong with the certificates: its sentence then says so. */
static bool handshake_broke(CURLcode code, const char *detail) {
    static const char *const signs[] = {"Recv failure", "Send failure", "SSL_connect: ", "unexpected eof"};
    for (size_t i = 0; code == CURLE_SSL_CONNECT_ERROR && i < ARRAY_LENGTH(signs); i++)
        if (strstr(detail, signs[i]))
            return true;
    return false;
}

static bool status_came(CURL *easy) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200;
}

/* A proxy that refuses the tunnel is reported as a broken connection. */
static long tunnel_status(CURL *easy) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status >= 300 ? status : 0;
}

static void add_system_error(CURL *easy, struct error *error) {
    long number = 0;
    if (curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number) != CURLE_OK || number == 0)
        return;
    char before[ERROR_TEXT_MAX];
    memcpy(before, error->text, sizeof(before));
    error_set(error, error->cause, "%s: %s", before, strerrordesc_np((int)number));
}

static size_t find_failure(CURLcode code) {
    size_t i = 0;
    while (i < ARRAY_LENGTH(failures) && failures[i].code != code)
        i++;
    return i;
}

void http_failure(CURL *easy, CURLcode code, const char *host, const char *detail, struct error *error) {
    size_t row = find_failure(code);
    if (row == ARRAY_LENGTH(failures)) {
        error_set(error, CAUSE_BUG, "the request to %s failed: %s", host,
                  *detail ? detail : curl_easy_strerror(code));
        return;
    }
    if (tunnel_status(easy)) {
        error_set(error, CAUSE_CONNECT, "the proxy to %s answered %ld", host, tunnel_status(easy));
        return;
    }
    enum error_cause cause = failures[row].cause;
    if (handshake_broke(code, detail))
        cause = CAUSE_CONNECT;
    if (cause == CAUSE_RESET && status_came(easy))
        cause = CAUSE_CUT;
    error_set(error, cause, "%s%s%s%s%s", failures[row].before, host, failures[row].after,
              failures[row].with_detail && *detail ? ": " : "", failures[row].with_detail ? detail : "");
    if (cause == CAUSE_CONNECT)
        add_system_error(easy, error);
}
