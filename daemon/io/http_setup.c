#include <limits.h>
#include <unistd.h>

#include "io/http_parts.h"

enum {
    RECEIVE_SIZE = 128 * 1024, /* one recv() for a usual body */
    CONNECT_SECONDS = 30,      /* of one connection, where the request's own limit is longer */
    KEEPALIVE_SECONDS = 30,
};

/* libcurl keeps a parsed CA store from one connection to the next only where there is a file and no
 * directory. */
static const char *ca_bundle(const struct http_request *request) {
    static const char fallback[] = "/etc/ssl/certs/ca-certificates.crt";
    if (request->ca_file)
        return request->ca_file;
    const char *built_in = curl_version_info(CURLVERSION_NOW)->cainfo;
    return built_in && access(fallback, R_OK) != 0 ? built_in : fallback;
}

/* libcurl's milliseconds: rounded up, since 0 would be no limit. */
static long milliseconds(usec_t timeout) {
    if (timeout >= INT_MAX * USEC_PER_MSEC)
        return INT_MAX;
    return timeout <= USEC_PER_MSEC ? 1 : (long)((timeout + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
}

#define SET(option, value) (curl_easy_setopt(easy, (option), (value)) == CURLE_OK)

static bool setup_tls(CURL *easy, const struct http_request *request) {
    return SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && SET(CURLOPT_SSL_VERIFYPEER, 1L) &&
           SET(CURLOPT_SSL_VERIFYHOST, 2L) && SET(CURLOPT_CAINFO, ca_bundle(request)) &&
           SET(CURLOPT_CAPATH, NULL) && SET(CURLOPT_PROXY_CAINFO, ca_bundle(request)) &&
           SET(CURLOPT_PROXY_CAPATH, NULL);
}

/* HTTP/2 is offered inside TLS only; there a request waits for a connection being made, to share it. Without
 * TLS it would wait for the first answer. */
static bool setup_connection(CURL *easy, const struct http_request *request, bool tls) {
    long limit = milliseconds(request->timeout);
    return SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_QUICK_EXIT, 1L) &&
           SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
           SET(CURLOPT_HTTP_VERSION, (long)(tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1)) &&
           SET(CURLOPT_PIPEWAIT, tls ? 1L : 0L) && SET(CURLOPT_BUFFERSIZE, (long)RECEIVE_SIZE) &&
           SET(CURLOPT_TCP_KEEPALIVE, 1L) && SET(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_SECONDS) &&
           SET(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_SECONDS) && SET(CURLOPT_TIMEOUT_MS, limit) &&
           SET(CURLOPT_CONNECTTIMEOUT_MS, MIN(limit, CONNECT_SECONDS * 1000L)) &&
           (!request->proxy || SET(CURLOPT_PROXY, request->proxy)) &&
           SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

/* A declared length beyond the limit ends the request before the body. */
static bool setup_request(CURL *easy, const struct http_request *request) {
    bool limited = !request->truncate_body && request->max_response > 0 && request->max_response < INT64_MAX;
    return SET(CURLOPT_URL, request->url) && SET(CURLOPT_PATH_AS_IS, 1L) && SET(CURLOPT_FOLLOWLOCATION, 0L) &&
           SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) && SET(CURLOPT_ACCEPT_ENCODING, "gzip") &&
           (!limited || SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->max_response));
}

bool http_setup(CURL *easy, const struct http_request *request, bool tls) {
    return setup_tls(easy, request) && setup_connection(easy, request, tls) && setup_request(easy, request);
}

bool http_setup_body(CURL *easy, const struct http_request *request, const char *body) {
    if (request->method == HTTP_GET)
        return SET(CURLOPT_HTTPGET, 1L);
    return SET(CURLOPT_POST, 1L) && SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length) &&
           SET(CURLOPT_POSTFIELDS, body);
}
