/* The parts of io/http that have no state: a request's header lines, and what a transfer's failure means.
 * Only for io/http. */
#pragma once

#include <curl/curl.h>

#include "base/error.h"
#include "io/http.h"

/* The header lines of a request, its authorization among them; NULL where there are none. False, with
 * CAUSE_CONFIG or CAUSE_SECRET, where a line or a secret could not be sent without breaking out of its line;
 * the text never holds a value. The caller ends them with http_headers_free(), which overwrites the lines and
 * takes NULL. */
bool http_headers_new(const struct http_request *request, struct curl_slist **ret_headers,
                      struct error *ret_error);
void http_headers_free(struct curl_slist *headers);

/* A URL that libcurl reads without guessing: nothing that ends a request line, a scheme that we speak, a
 * host. *ret_host is "host:port", freed by the caller. False and CAUSE_CONFIG, without the URL, which may
 * hold a secret. */
bool http_url_check(const char *url, char **ret_host, struct error *ret_error);

/* Fills *error with what a transfer's end means. `host` is "host:port"; `detail` is libcurl's own sentence,
 * "" where there is none. */
void http_failure(CURL *easy, CURLcode code, const char *host, const char *detail, struct error *error);

/* Sets all options of a request but its headers, callbacks and body. False where libcurl refuses one. */
bool http_setup(CURL *easy, const struct http_request *request, bool tls);

/* Sets method and body; `body` is a copy that lives as long as the transfer. */
bool http_setup_body(CURL *easy, const struct http_request *request, const char *body);
