#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/http_parts.h"

/* Nothing that ends a line or that a server might take for its end. */
static bool is_one_line(const char *text) {
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
            return false;
    return true;
}

/* The length of a header's name (RFC 9110, 5.6.2) where a colon follows it, else 0. */
static size_t name_length(const char *line) {
    static const char token[] =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t length = strspn(line, token);
    return line[length] == ':' ? length : 0;
}

static void append(struct curl_slist **headers, const char *line) {
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (!longer)
        abort();
    *headers = longer;
}

static bool append_line(struct curl_slist **headers, const char *line, struct error *ret_error) {
    size_t length = name_length(line);
    if (length == 0)
        return error_set(ret_error, CAUSE_CONFIG, "a header line has no name");
    if (!is_one_line(line))
        return error_set(ret_error, CAUSE_CONFIG, "the header %.*s has a control character in its value",
                         (int)MIN(length, (size_t)60), line);
    if (line[length + 1 + strspn(line + length + 1, " \t")]) {
        append(headers, line);
        return true;
    }
    /* libcurl takes "Name:" as "leave this header out", and "Name;" as one without value */
    CLEANUP(cleanup_free) char *empty = alloc_printf("%.*s;", (int)length, line);
    append(headers, empty);
    return true;
}

static void wipe(char **text) {
    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
}

static bool append_bearer(struct curl_slist **headers, const char *bearer, struct error *ret_error) {
    if (!is_one_line(bearer) || !*bearer)
        return error_set(ret_error, CAUSE_SECRET,
                         "the key is empty or has a line break or another control character in it");
    CLEANUP(wipe) char *line = alloc_printf("Authorization: Bearer %s", bearer);
    append(headers, line);
    return true;
}

static bool append_basic(struct curl_slist **headers, const char *user, const char *password,
                         struct error *ret_error) {
    if (!is_one_line(user) || strchr(user, ':'))
        return error_set(ret_error, CAUSE_SECRET,
                         "the user's name has a colon, a line break or another control character in it");
    if (!is_one_line(password))
        return error_set(ret_error, CAUSE_SECRET,
                         "the password has a line break or another control character in it");
    CLEANUP(wipe) char *pair = alloc_printf("%s:%s", user, password);
    CLEANUP(wipe) char *encoded = http_base64(pair, strlen(pair));
    CLEANUP(wipe) char *line = alloc_printf("Authorization: Basic %s", encoded);
    append(headers, line);
    return true;
}

/* What libcurl would add to a POST by itself and nobody asked for: a content type that is not true, and a
 * round trip. */
static void append_post(struct curl_slist **headers, const struct http_request *request) {
    append(headers, "Expect:");
    for (const char *const *line = request->headers; line && *line; line++)
        if (strncasecmp(*line, "Content-Type:", strlen("Content-Type:")) == 0)
            return;
    append(headers, "Content-Type:");
}

bool http_headers_new(const struct http_request *request, struct curl_slist **ret_headers,
                      struct error *ret_error) {
    struct curl_slist *headers = NULL;
    bool done = true;
    for (const char *const *line = request->headers; done && line && *line; line++)
        done = append_line(&headers, *line, ret_error);
    if (done && request->user)
        done = append_basic(&headers, request->user, request->password ? request->password : "", ret_error);
    if (done && request->bearer)
        done = append_bearer(&headers, request->bearer, ret_error);
    if (done && request->method == HTTP_POST)
        append_post(&headers, request);
    if (!done) {
        http_headers_free(headers);
        return false;
    }
    *ret_headers = headers;
    return true;
}

void http_headers_free(struct curl_slist *headers) {
    for (struct curl_slist *line = headers; line; line = line->next)
        explicit_bzero(line->data, strlen(line->data));
    curl_slist_free_all(headers);
}
