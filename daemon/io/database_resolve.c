#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/database_internal.h"

/* libpq looks host names up inside PQconnectPoll(), and the loop would stand still for as long as the name
 * server is silent. So a thread does it before, and libpq gets addresses beside the names, which it still
 * needs for TLS and .pgpass. getaddrinfo() cannot be interrupted: where the attempt is given up, the thread
 * is left to end by itself. Names that only a service file in the connection string knows are left to libpq.
 */

enum { ADDRESSES_MAX = 16 }; /* of one name */

struct lookup {
    char *host, *port;
    bool is_name;
    int result; /* getaddrinfo()'s */
    struct addrinfo *found;
};

/* Owned by the loop and the thread together. */
struct resolver {
    atomic_int owners;
    int fd; /* an eventfd: the thread is done */
    struct lookup *lookups;
    size_t count;
    struct sd_event_source *source; /* the loop's */
};

static void resolver_unref(struct resolver *resolver) {
    if (atomic_fetch_sub(&resolver->owners, 1) > 1)
        return;
    for (size_t i = 0; i < resolver->count; i++) {
        struct lookup *lookup = &resolver->lookups[i];
        free(lookup->host);
        free(lookup->port);
        if (lookup->found)
            freeaddrinfo(lookup->found);
    }
    free(resolver->lookups);
    if (resolver->fd >= 0)
        close(resolver->fd);
    free(resolver);
}

void resolver_cancel(struct database *database) {
    struct resolver *resolver = TAKE_PTR(database->resolver);
    if (!resolver)
        return;
    resolver->source = sd_event_source_disable_unref(resolver->source);
    resolver_unref(resolver);
}

void endpoints_done(struct endpoints *endpoints) {
    for (size_t i = 0; i < endpoints->count; i++) {
        free(endpoints->items[i].host);
        free(endpoints->items[i].hostaddr);
        free(endpoints->items[i].port);
    }
    free(endpoints->items);
    *endpoints = (struct endpoints){0};
}

static void *look_up(void *argument) {
    struct resolver *resolver = argument;
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    for (size_t i = 0; i < resolver->count; i++) {
        struct lookup *lookup = &resolver->lookups[i];
        if (lookup->is_name)
            lookup->result = getaddrinfo(lookup->host, NULL, &hints, &lookup->found);
    }
    eventfd_write(resolver->fd, 1);
    resolver_unref(resolver);
    return NULL;
}

static void add_endpoint(struct endpoints *endpoints, const struct lookup *lookup, const char *address) {
    endpoints->items =
        alloc_grow(endpoints->items, &endpoints->capacity, endpoints->count + 1, sizeof(*endpoints->items));
    endpoints->items[endpoints->count++] = (struct endpoint){
        .host = alloc_strdup(lookup->host),
        .hostaddr = alloc_strdup(address),
        .port = alloc_strdup(lookup->port),
    };
}

static void add_addresses(struct endpoints *endpoints, const struct lookup *lookup) {
    size_t count = 0;
    for (const struct addrinfo *found = lookup->found; found && count < ADDRESSES_MAX;
         found = found->ai_next) {
        char address[NI_MAXHOST];
        if (getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof(address), NULL, 0,
                        NI_NUMERICHOST) == 0) {
            add_endpoint(endpoints, lookup, address);
            count++;
        }
    }
}

/* What the lookups say becomes the list of addresses. Names that are not found are left out; the last of them
 * is returned. */
static const struct lookup *take_endpoints(struct database *database, const struct resolver *resolver) {
    const struct lookup *failed = NULL;
    endpoints_done(&database->endpoints);
    for (size_t i = 0; i < resolver->count; i++) {
        const struct lookup *lookup = &resolver->lookups[i];
        if (!lookup->is_name)
            add_endpoint(&database->endpoints, lookup, NULL);
        else if (lookup->result == 0)
            add_addresses(&database->endpoints, lookup);
        else
            failed = lookup;
    }
    return failed;
}

static int on_resolved(struct sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED,
                       void *userdata) {
    struct database *database = userdata;
    const struct lookup *failed = take_endpoints(database, database->resolver);
    CLEANUP(cleanup_free) char *failure = NULL;
    if (database->endpoints.count == 0 && failed)
        failure =
            alloc_printf("the host name %s was not found: %s", failed->host, gai_strerror(failed->result));
    resolver_cancel(database);
    link_resolved(database, failure);
    return 0;
}

/* A setting as libpq will see it: from the connection string, else from the environment. NULL: nowhere. */
/* NOLINTNEXTLINE(misc-no-recursion): once, for the defaults */
static const char *setting(const PQconninfoOption *given, const PQconninfoOption *defaults, const char *key) {
    for (const PQconninfoOption *option = given; option && option->keyword; option++)
        if (strcmp(option->keyword, key) == 0 && option->val && option->val[0])
            return option->val;
    return defaults ? setting(defaults, NULL, key) : NULL;
}

static size_t count_items(const char *list) {
    size_t count = 1;
    for (; *list; list++)
        count += *list == ',';
    return count;
}

static char *item_of(const char *list, size_t index) {
    for (size_t i = 0; i < index; i++)
        list += strcspn(list, ",") + 1;
    return alloc_strndup(list, strcspn(list, ","));
}

/* No socket directory, no empty default and no address. */
static bool is_name(const char *host) {
    unsigned char address[16];
    return host[0] && host[0] != '/' && host[0] != '@' && inet_pton(AF_INET, host, address) != 1 &&
           inet_pton(AF_INET6, host, address) != 1;
}

/* True where a name is among the hosts. */
static bool read_hosts(struct resolver *resolver, const char *hosts, const char *ports) {
    bool names = false;
    size_t port_count = ports ? count_items(ports) : 0;
    resolver->count = count_items(hosts);
    resolver->lookups = alloc_zero(resolver->count, sizeof(*resolver->lookups));
    for (size_t i = 0; i < resolver->count; i++) {
        struct lookup *lookup = &resolver->lookups[i];
        lookup->host = item_of(hosts, i);
        lookup->port = port_count > 0 ? item_of(ports, port_count > 1 ? i : 0) : NULL;
        lookup->is_name = is_name(lookup->host);
        names |= lookup->is_name;
    }
    return names;
}

static bool start_thread(struct resolver *resolver) {
    sigset_t all, before;
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    atomic_fetch_add(&resolver->owners, 1);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loop's */
    bool started = pthread_create(&thread, &attributes, look_up, resolver) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (!started)
        atomic_fetch_sub(&resolver->owners, 1);
    return started;
}

static struct resolver *resolver_new(void) {
    struct resolver *resolver = alloc_zero(1, sizeof(*resolver));
    atomic_init(&resolver->owners, 1);
    resolver->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return resolver;
}

/* True where the thread runs. Hosts without names become addresses to try at once. */
static bool begin(struct database *database, const char *hosts, const char *ports) {
    struct resolver *resolver = database->resolver = resolver_new();
    if (!read_hosts(resolver, hosts, ports))
        take_endpoints(database, resolver);
    else if (resolver->fd >= 0 &&
             sd_event_add_io(database->event, &resolver->source, resolver->fd, EPOLLIN, on_resolved,
                             database) >= 0 &&
             start_thread(resolver))
        return true;
    resolver_cancel(database);
    return false;
}

bool resolver_start(struct database *database) {
    endpoints_done(&database->endpoints);
    PQconninfoOption *given = PQconninfoParse(database->conninfo, NULL), *defaults = PQconndefaults();
    const char *hosts = setting(given, defaults, "host"), *ports = setting(given, defaults, "port");
    bool mine = hosts && !setting(given, defaults, "hostaddr") && !setting(given, NULL, "service");
    if (mine && ports && count_items(ports) > 1 && count_items(ports) != count_items(hosts))
        mine = false; /* libpq says what is wrong */
    bool started = mine && begin(database, hosts, ports);
    PQconninfoFree(given);
    PQconninfoFree(defaults);
    return started;
}
