/* A listening TCP socket from what the configuration says of it. */
#pragma once

#include "base/error.h"
#include "base/macros.h"

/* "127.0.0.1:9477", "[::1]:9477", "[::]:9477" (all addresses, IPv4 too) or "localhost:9477" (127.0.0.1), as
 * the configuration has checked it; port 0: one that is free. No other names, so nothing is resolved. The
 * socket does not block; the caller closes it. -1 on failure. */
int listen_open(const char *text, struct error *ret_error) MUST_USE;

/* The port that the socket has; 0 where there is none. */
unsigned listen_port(int fd);
