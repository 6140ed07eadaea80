#include "io/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than that do not wait to be accepted; the kernel has a limit of its own too. */
enum { BACKLOG = 256 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool parse(const char *listen, union address *ret) {
    char host[INET6_ADDRSTRLEN + 3];
    const char *colon = strrchr(listen, ':');
    if (!colon || (size_t)(colon - listen) >= sizeof(host))
        return false;
    snprintf(host, sizeof(host), "%.*s", (int)(colon - listen), listen);
    in_port_t port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    size_t length = strlen(host);
    *ret = (union address){0};
    if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = port;
        return inet_pton(AF_INET6, host + 1, &ret->v6.sin6_addr) == 1;
    }
    ret->v4.sin_family = AF_INET;
    ret->v4.sin_port = port;
    return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &ret->v4.sin_addr) == 1;
}

int listen_open(const char *text, struct error *ret_error) {
    union address address;
    if (!parse(text, &address)) {
        error_set(ret_error, CAUSE_CONFIG, "'%s' is no address and port", text);
        return -1;
    }
    socklen_t size = address.any.sa_family == AF_INET6 ? sizeof(address.v6) : sizeof(address.v4);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, off = 0;
    /* a restart need not wait for what is left of old connections; "[::]" takes IPv4 in whatever the system's
     * default is */
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        (address.any.sa_family != AF_INET6 ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0) &&
        bind(fd, &address.any, size) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    error_set(ret_error, CAUSE_IO, "cannot listen on %s: %s", text, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

unsigned listen_port(int fd) {
    union address address = {0};
    socklen_t size = sizeof(address);
    if (getsockname(fd, &address.any, &size) < 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}
