/* The simulator's command line. */
#include "help.h"
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_DATA "tests/simulator/data"

struct options {
    struct sockaddr_in address;
    const char *port_file, *certificate, *key;
    bool parent_death;
    struct seed seed;
};

static void parse_listen(const char *text, struct sockaddr_in *address) {
    const char *colon = strrchr(text, ':');
    char *host = colon ? xstrndup(text, (size_t)(colon - text)) : xstrdup(text), *end = NULL;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;

    if (!colon || !colon[1] || *end || port > 65535)
        die("--listen: HOST:PORT is wanted, as 127.0.0.1:0");
    if (inet_pton(AF_INET, !strcmp(host, "localhost") ? "127.0.0.1" : host, &address->sin_addr) != 1)
        die("--listen: '%s' is no IPv4 address", host);
    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t)port);
    free(host);
}

static void parse_generate(const char *text, struct seed *seed) {
    char rest;
    int parts =
        sscanf(text, "%u:%u:%u:%u%c", &seed->connections, &seed->targets, &seed->fields, &seed->syncs, &rest);
    int colons = 0;

    for (const char *at = text; *at; at++)
        colons += *at == ':';
    if ((parts != 3 && parts != 4) || parts != colons + 1 || strspn(text, "0123456789:") != strlen(text))
        die("--generate: CONNECTIONS:TARGETS:FIELDS[:SYNCS] is wanted, as 1:1000:50");
}

static const char *default_data(void) {
    struct stat info;

    return stat(DEFAULT_DATA, &info) == 0 ? DEFAULT_DATA : NULL;
}

static void parse_options(int argc, char **argv, struct options *options) {
    enum { LISTEN = 1, PORT_FILE, DATA, KEY, BASIC, GENERATE, TLS_CERT, TLS_KEY, PARENT_DEATH, HELP };
    static const struct option known[] = {
        {"listen", required_argument, NULL, LISTEN},
        {"port-file", required_argument, NULL, PORT_FILE},
        {"data", required_argument, NULL, DATA},
        {"key", required_argument, NULL, KEY},
        {"basic", required_argument, NULL, BASIC},
        {"generate", required_argument, NULL, GENERATE},
        {"tls-cert", required_argument, NULL, TLS_CERT},
        {"tls-key", required_argument, NULL, TLS_KEY},
        {"parent-death", no_argument, NULL, PARENT_DEATH},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    int option;

    parse_listen("127.0.0.1:0", &options->address);
    options->seed.data = default_data();
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (option) {
        case LISTEN:
            parse_listen(optarg, &options->address);
            break;
        case PORT_FILE:
            options->port_file = optarg;
            break;
        case DATA:
            options->seed.data = *optarg ? optarg : NULL;
            break;
        case KEY:
            options->seed.key = optarg;
            break;
        case BASIC:
            options->seed.basic = optarg;
            break;
        case GENERATE:
            parse_generate(optarg, &options->seed);
            break;
        case TLS_CERT:
            options->certificate = optarg;
            break;
        case TLS_KEY:
            options->key = optarg;
            break;
        case PARENT_DEATH:
            options->parent_death = true;
            break;
        case HELP:
            print_help();
            exit(0);
        default:
            exit(2);
        }
    }
    if (optind < argc)
        die("'%s': there are no arguments but options; see --help", argv[optind]);
    if (!options->certificate != !options->key)
        die("--tls-cert and --tls-key are wanted together");
    if (!options->seed.data && !options->seed.connections)
        die("no data: there is no " DEFAULT_DATA " here; give --data or --generate");
}

/* The file's content, the caller's; NULL for no file. */
static char *read_text(const char *path) {
    struct buf text = {0};

    if (!path)
        return NULL;
    if (!buf_read_file(&text, path))
        die("%s: %s", path, strerror(errno));
    buf_puts(&text, "");
    return text.data;
}

/* Writes the port beside the file first, so that who reads it finds it whole. */
static void write_port(const char *path, unsigned port) {
    char *temporary = xasprintf("%s.%d", path, (int)getpid());
    FILE *file = fopen(temporary, "we");

    if (!file || fprintf(file, "%u\n", port) < 0 || fclose(file) != 0 || rename(temporary, path) != 0)
        die("%s: %s", path, strerror(errno));
    free(temporary);
}

/* Each connection takes a descriptor: allows as many as may be. */
static void raise_file_limit(void) {
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void follow_parent(pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
        die("--parent-death: %s", strerror(errno));
    if (getppid() != parent)
        exit(0);
}

int main(int argc, char **argv) {
    pid_t parent = getppid();
    struct options options = {0};
    struct simulator simulator = {0};
    struct server *server;
    char *certificate, *key;
    sigset_t ends;
    int signal_number;

    parse_options(argc, argv, &options);
    if (options.parent_death)
        follow_parent(parent);
    raise_file_limit();
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);

    certificate = read_text(options.certificate);
    key = read_text(options.key);
    simulator.seed = options.seed;
    simulator.world = world_new(&simulator.seed);
    simulator.keys = keys_new();
    simulator.faults = faults_new();
    simulator.journal = journal_new();
    server = server_start(&simulator, &options.address, certificate, key);
    if (options.port_file)
        write_port(options.port_file, server_port(server));
    printf("simulator: listening on %s://%s:%u\n", certificate ? "https" : "http",
           inet_ntoa(options.address.sin_addr), server_port(server));
    fflush(stdout);

    sigwait(&ends, &signal_number);
    server_stop(server);
    world_free(simulator.world);
    keys_free(simulator.keys);
    faults_free(simulator.faults);
    journal_free(simulator.journal);
    free(certificate);
    free(key);
    return 0;
}
