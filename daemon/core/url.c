#include "core/url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/macros.h"

enum { HOST_MAX = 256 };

struct url_parts {
    char scheme[16];
    char host[HOST_MAX]; /* an IPv6 address without its brackets */
    bool bracketed, has_user;
    const char *rest; /* path, query, fragment */
};

static bool has_bad_character(const char *url) {
    for (; *url != '\0'; url++)
        if ((unsigned char)*url <= ' ' || *url == 0x7f || *url == '\\' || *url == '"' || *url == '<' ||
            *url == '>')
            return true;
    return false;
}

static bool copy_part(char *ret, size_t size, const char *text, size_t length) {
    if (length == 0 || length >= size)
        return false;
    memcpy(ret, text, length);
    ret[length] = '\0';
    return true;
}

/* A port is digits up to 65535. */
static bool is_port(const char *text, size_t length) {
    unsigned port = 0;
    if (length == 0 || length > 5)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return port >= 1 && port <= 65535;
}

static bool is_host_name(const char *host) {
    return strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
               strlen(host) &&
           host[0] != '.' && host[0] != '-';
}

/* host[:port] */
static bool split_host(const char *text, size_t length, struct url_parts *parts) {
    const char *end = text + length, *host_end, *colon;
    parts->bracketed = length > 0 && *text == '[';
    if (parts->bracketed) {
        host_end = memchr(text, ']', length);
        struct in6_addr address;
        if (!host_end ||
            !copy_part(parts->host, sizeof(parts->host), text + 1, (size_t)(host_end - text - 1)) ||
            inet_pton(AF_INET6, parts->host, &address) != 1)
            return false;
        colon = host_end + 1;
    } else {
        colon = memchr(text, ':', length);
        host_end = colon ? colon : end;
        colon = host_end;
        if (!copy_part(parts->host, sizeof(parts->host), text, (size_t)(host_end - text)) ||
            !is_host_name(parts->host))
            return false;
    }
    return colon == end || (*colon == ':' && is_port(colon + 1, (size_t)(end - colon - 1)));
}

static bool split(const char *url, bool scheme_needed, struct url_parts *parts) {
    *parts = (struct url_parts){0};
    const char *after = strstr(url, "://");
    if (after) {
        if (!copy_part(parts->scheme, sizeof(parts->scheme), url, (size_t)(after - url)))
            return false;
        url = after + 3;
    } else if (scheme_needed)
        return false;
    size_t length = strcspn(url, "/?#");
    parts->rest = url + length;
    parts->has_user = memchr(url, '@', length) != NULL;
    return parts->has_user || split_host(url, length, parts);
}

static bool is_scheme(const struct url_parts *parts, const char *const *schemes) {
    for (; *schemes; schemes++)
        if (strcasecmp(parts->scheme, *schemes) == 0)
            return true;
    return false;
}

static bool host_is_loopback(const struct url_parts *parts) {
    struct in_addr four;
    struct in6_addr six;
    if (parts->has_user)
        return false;
    if (parts->bracketed)
        return inet_pton(AF_INET6, parts->host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
    if (inet_pton(AF_INET, parts->host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return strcasecmp(parts->host, "localhost") == 0;
}

bool url_is_loopback(const char *url) {
    struct url_parts parts;
    return !has_bad_character(url) && split(url, true, &parts) && host_is_loopback(&parts);
}

bool url_check(const char *url, enum url_use use, bool allow_http, struct error *ret_error) {
    static const char *const web[] = {"https", "http", NULL};
    static const char *const proxies[] = {"http",   "https",   "socks4", "socks4a",
                                          "socks5", "socks5h", "",       NULL};
    struct url_parts parts;
    if (has_bad_character(url))
        return error_set(ret_error, CAUSE_CONFIG, "a URL holds no blanks, quotes or control characters");
    if (!split(url, use != URL_PROXY, &parts) || !is_scheme(&parts, use == URL_PROXY ? proxies : web))
        return error_set(ret_error, CAUSE_CONFIG, "must be %s",
                         use == URL_PROXY ? "a proxy such as http://proxy.example.com:3128"
                                          : "a URL such as https://host.example.com/path");
    if (parts.has_user)
        return error_set(ret_error, CAUSE_CONFIG,
                         "a URL here holds no user or password before its host: leave them out");
    if (strchr(parts.rest, '#') || (use == URL_BASE && strchr(parts.rest, '?')))
        return error_set(ret_error, CAUSE_CONFIG, "must end with the path: leave out what begins with %s",
                         use == URL_BASE ? "? or #" : "#");
    bool plain = strcasecmp(parts.scheme, "http") == 0;
    if (plain && (use == URL_BASE || use == URL_SEND) && !allow_http && !host_is_loopback(&parts))
        return error_set(
            ret_error, CAUSE_CONFIG,
            "plain http is refused but for loopback addresses: write https, or allow_http: true beside it");
    return true;
}
