/* URLs as the configuration and secrets hold them: is this one that we may send to? Pure; only http and
 * https. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* What a URL may be. */
enum url_use {
    URL_BASE,  /* of an API: no query */
    URL_SEND,  /* a webhook or heartbeat: a query is fine */
    URL_SHOWN, /* only shown to people: plain http is fine */
    URL_PROXY, /* http, https or socks; plain is fine, the host may stand alone */
};

/* Checks a URL: its scheme, a host, no blanks or control characters, no user or password in it, no fragment,
 * and that plain http goes to a loopback address only, unless `allow_http`. On failure CAUSE_CONFIG with what
 * would be right; the text never repeats the URL, which may hold a secret. */
bool url_check(const char *url, enum url_use use, bool allow_http, struct error *ret_error);

/* True where the URL goes to a loopback address: localhost, 127.0.0.0/8 or [::1]. */
bool url_is_loopback(const char *url);
