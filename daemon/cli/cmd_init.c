#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/command.h"
#include "cli/init.h"
#include "core/config_keys.h"
#include "core/url.h"

#define KEY_VARIABLE "POLYTOMIC_API_KEY"

enum { OPTION_KEY_FILE = 1, OPTION_BASE_URL, OPTION_USER, OPTION_CA_FILE };

static const struct option_row rows[] = {{"api-key-file", true, OPTION_KEY_FILE},
                                         {"base-url", true, OPTION_BASE_URL},
                                         {"user", true, OPTION_USER},
                                         {"ca-file", true, OPTION_CA_FILE},
                                         {0}};

struct given {
    const char *key_file, *base_url, *user, *ca_file;
};

/* The places in a configuration do not depend on where it is read. */
static char *absolute(const char *path) {
    return path ? realpath(path, NULL) : NULL;
}

static int find_and_print(const struct config_api *api) {
    struct init_found found;
    struct error error = {0};
    int code = EXIT_DONE;
    if (!init_ask(api, &found, &error)) {
        code = command_failed(&cmd_init, &error);
    } else if (!init_write(stdout, api, &found)) {
        error_set(&error, CAUSE_HTTP_404, "the key sees no connection that could be mirrored");
        code = command_failed(&cmd_init, &error);
    } else if (error_is_set(&found.problem)) {
        fprintf(stderr, "schemasyncd init: not all could be read, so something may be lacking: %s\n",
                found.problem.text);
        code = EXIT_SOME_FAILED;
    }
    init_found_done(&found);
    return code;
}

static int with_key(const struct given *given) {
    CLEANUP(cleanup_free) char *key_file = absolute(given->key_file);
    CLEANUP(cleanup_free) char *ca_file = absolute(given->ca_file);
    struct error error = {0};
    if ((given->key_file && !key_file) || (given->ca_file && !ca_file)) {
        error_set(&error, CAUSE_SECRET, "%s: %s",
                  key_file || !given->key_file ? given->ca_file : given->key_file, strerror(errno));
        return command_failed(&cmd_init, &error);
    }
    const struct secret key = {.kind = key_file ? SECRET_FILE : SECRET_ENV,
                               .value = key_file ? key_file : KEY_VARIABLE};
    CLEANUP(cleanup_free) char *base_url = alloc_strdup(given->base_url);
    while (base_url[0] && base_url[strlen(base_url) - 1] == '/')
        base_url[strlen(base_url) - 1] = '\0';
    if (!url_check(base_url, URL_BASE, false, &error))
        return command_usage_error(&cmd_init, "--base-url %s", error.text);
    const struct config_api api = {
        .base_url = base_url,
        .version = config_key_find(SECTION_API, "version")->fallback,
        .auth = given->user ? AUTH_BASIC : AUTH_BEARER,
        .bearer = key,
        .user = {.kind = SECRET_PLAIN, .value = given->user},
        .password = key,
        .timeout = 30 * USEC_PER_SEC,
        .concurrency = 16,
        .rate = 20,
        .retries = 4,
        .max_response = (size_t)16 * 1024 * 1024,
        .ca_file = ca_file,
    };
    return find_and_print(&api);
}

static int run(const struct globals *globals UNUSED, int argc, char **argv) {
    struct options options = {.argc = argc, .argv = argv, .rows = rows};
    struct given given = {.base_url = config_key_find(SECTION_API, "base_url")->fallback};
    const char **const members[] = {[OPTION_KEY_FILE] = &given.key_file,
                                    [OPTION_BASE_URL] = &given.base_url,
                                    [OPTION_USER] = &given.user,
                                    [OPTION_CA_FILE] = &given.ca_file};
    for (int key; (key = command_next_option(&cmd_init, &options)) != OPTION_END;) {
        if (key == OPTION_WRONG)
            return EXIT_WRONG_USAGE;
        *members[key] = options.value;
    }
    if (options.first_word < argc)
        return command_usage_error(&cmd_init, "it takes no argument");
    const char *variable = getenv(KEY_VARIABLE);
    if (!given.key_file && !(variable && variable[0]))
        return command_usage_error(&cmd_init, "an API key is needed: --api-key-file FILE, or $" KEY_VARIABLE);
    if (given.user && (!given.user[0] || strchr(given.user, ':')))
        return command_usage_error(&cmd_init, "--user takes a name without colon");
    return with_key(&given);
}

const struct command cmd_init = {
    .name = "init",
    .arguments = "[--api-key-file FILE] [--base-url URL] [--user NAME] [--ca-file FILE]",
    .summary = "Prints a configuration for the API key's connections and what their syncs write to",
    .details =
        "Nothing is written, neither here nor upstream. The key is read from FILE, else from $POLYTOMIC_API_KEY; the\n"
        "configuration names the place and never the key.\n"
        "  --api-key-file FILE   holds the API key\n"
        "  --base-url URL        of a self-hosted installation\n"
        "  --user NAME           the key is a password of this user (Basic authentication)\n"
        "  --ca-file FILE        certificate authorities to trust instead of the system's\n"
        "\n"
        "Exit codes: 0 done; 1 done, but not all could be read; 64 wrong usage; 69 out of reach; 77 the key is refused.\n"
        "\n"
        "Example:\n"
        "  schemasyncd init --api-key-file /etc/schemasyncd/api-key >schemasyncd.yaml\n",
    .options = rows,
    .run = run,
};
