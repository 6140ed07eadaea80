#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "io/http_parts.h"

static bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~", c));
}

char *http_escape(const char *text) {
    static const char digits[] = "0123456789ABCDEF";
    size_t length = strlen(text);
    char *escaped = alloc_zero(length + 1, 3);
    char *end = escaped;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (is_unreserved(text[i])) {
            *end++ = text[i];
        } else {
            *end++ = '%';
            *end++ = digits[byte >> 4];
            *end++ = digits[byte & 15];
        }
    }
    return escaped;
}

char *http_base64(const char *bytes, size_t length) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *encoded = alloc_zero(length / 3 + 2, 4);
    char *end = encoded;
    for (size_t i = 0; i < length; i += 3) {
        size_t have = MIN(length - i, (size_t)3);
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < have ? (unsigned char)bytes[i + k] : 0U);
        for (size_t k = 0; k < 4; k++)
            *end++ = k <= have ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
    return encoded;
}

static void free_url(CURLU **url) {
    curl_url_cleanup(*url);
}

static void free_part(char **part) {
    curl_free(*part);
}

/* A part of a URL, owned by libcurl; NULL where there is none. */
static char *url_part(CURLU *url, CURLUPart which) {
    char *part = NULL;
    unsigned flags = which == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0;
    return curl_url_get(url, which, &part, flags) == CURLUE_OK ? part : NULL;
}

static CURLU *url_parse(const char *text) {
    CURLU *url = curl_url();
    if (url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK)
        return url;
    curl_url_cleanup(url);
    return NULL;
}

static char *host_of(CURLU *url) {
    CLEANUP(free_part) char *host = url_part(url, CURLUPART_HOST);
    CLEANUP(free_part) char *port = url_part(url, CURLUPART_PORT);
    return host && port ? alloc_printf("%s:%s", host, port) : NULL;
}

char *http_host(const char *text) {
    CLEANUP(free_url) CURLU *url = url_parse(text);
    return url ? host_of(url) : NULL;
}

bool http_url_check(const char *url, char **ret_host, struct error *ret_error) {
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7f)
            return error_set(ret_error, CAUSE_CONFIG, "the URL has a space or a control character in it");
    if (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0)
        return error_set(ret_error, CAUSE_CONFIG, "the URL begins with neither https:// nor http://");
    CLEANUP(free_url) CURLU *parsed = url_parse(url);
    CLEANUP(cleanup_free) char *host = parsed ? host_of(parsed) : NULL;
    if (!host)
        return error_set(ret_error, CAUSE_CONFIG, "the URL is malformed");
    CLEANUP(free_part) char *user = url_part(parsed, CURLUPART_USER);
    if (user)
        return error_set(ret_error, CAUSE_CONFIG, "the URL has a user's name in it");
    *ret_host = TAKE_PTR(host);
    return true;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart which) {
    CLEANUP(free_part) char *first = url_part(a, which);
    CLEANUP(free_part) char *second = url_part(b, which);
    return first && second && strcasecmp(first, second) == 0;
}

bool http_same_origin(const char *base, const char *location, char **ret_url) {
    CLEANUP(free_url) CURLU *from = url_parse(base);
    CLEANUP(free_url) CURLU *to = url_parse(base);
    if (!from || !to || curl_url_set(to, CURLUPART_URL, location, 0) != CURLUE_OK)
        return false;
    CLEANUP(free_part) char *user = url_part(to, CURLUPART_USER);
    if (user || !same_part(from, to, CURLUPART_SCHEME) || !same_part(from, to, CURLUPART_HOST) ||
        !same_part(from, to, CURLUPART_PORT))
        return false;
    CLEANUP(free_part) char *whole = url_part(to, CURLUPART_URL);
    if (!whole)
        return false;
    *ret_url = alloc_strdup(whole);
    return true;
}
