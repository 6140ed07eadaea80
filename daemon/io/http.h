/* HTTP on the event loop: one request, one callback, one handle whose destruction cancels. libcurl's multi
 * socket interface on sd-event; one multi handle and one connection pool for the life of the process.
 * Callbacks never run inside the call that started the request, nor inside http_cancel(). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/timespan.h"

struct sd_event;
struct http_client;
struct http_call;

enum http_method { HTTP_GET, HTTP_POST };

/* A request; everything is copied by http_start(). */
struct http_request {
    enum http_method method;
    const char *url;
    const char *const *headers;  /* "Name: value" lines, ends with NULL; may be NULL */
    const char *user, *password; /* Basic authentication where `user` is given (RFC 7617) */
    const char *bearer;          /* RFC 6750, where given */
    const char *body;            /* of a POST; NULL: empty */
    size_t body_length;
    usec_t timeout;      /* from start to last byte */
    size_t max_response; /* after inflating; a larger body ends the request with CAUSE_TOO_LARGE */
    bool truncate_body;  /* true: the status is the answer. What is beyond max_response is dropped with the
                            connection, a body that breaks off or takes too long ends where it is; the
                            request succeeds */
    const char *ca_file; /* NULL: the system's bundle */
    const char *proxy;   /* NULL: as curl reads the environment */
};

/* An answer of any status. Valid during the callback; the body may be taken with buffer_take(). */
struct http_response {
    int status;
    struct buffer body;
    const char *api_version;  /* X-Polytomic-Version; NULL: absent */
    const char *location;     /* NULL: absent */
    const char *retry_after;  /* NULL: absent */
    const char *content_type; /* NULL: absent */
    usec_t date;              /* the Date header, in microseconds since 1970; USEC_NONE: absent */
};

/* Exactly one of `response` and `error` is given. Where an error came after the status was known, the error's
 * cause is that of the transfer (cut, too large...). The handle is freed by the client after the callback
 * returns. */
typedef void http_callback(struct http_response *response, const struct error *error, void *userdata);

/* A client on this loop; `user_agent` is sent with each request, `max_connections` idle ones are kept. NULL
 * and CAUSE_IO/CAUSE_BUG on failure. http_client_free() cancels what is under way; it takes NULL and may be
 * called in a callback. The program must ignore SIGPIPE. */
struct http_client *http_client_new(struct sd_event *event, const char *user_agent, unsigned max_connections,
                                    struct error *ret_error) MUST_USE;
void http_client_free(struct http_client *client);

/* Starts a request. Redirects are never followed. TLS 1.2 at least, verified; HTTP/2 where offered; gzip
 * accepted. Errors are told through the callback too, so that a caller has one path for them. */
struct http_call *http_start(struct http_client *client, const struct http_request *request,
                             http_callback *callback, void *userdata) MUST_USE;

/* The bytes of bodies that the client holds now, for limits on what is in flight. */
size_t http_client_held(const struct http_client *client);

/* Ends a request without a callback; takes NULL. */
void http_cancel(struct http_call *call);

/* Percent-encodes everything but unreserved characters (RFC 3986). The caller frees it. */
char *http_escape(const char *text) MUST_USE;

/* Base64 with padding (RFC 4648, 4). The caller frees it. */
char *http_base64(const char *bytes, size_t length) MUST_USE;

/* "host:port" of a URL, for messages; NULL where it is none. The caller frees it. */
char *http_host(const char *text) MUST_USE;

/* Is `location`, resolved against `base`, of the same origin (scheme, host, port)? On success *ret_url is the
 * resolved URL, freed by the caller. */
bool http_same_origin(const char *base, const char *location, char **ret_url) MUST_USE;
