#include "service/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "core/json_text.h"
#include "io/secret.h"

enum part { PART_BEARER, PART_USER, PART_PASSWORD, PARTS };

struct credentials {
    const struct config_api *config;
    unsigned generation; /* 0: nothing is loaded */
    char *parts[PARTS];
    char **secrets; /* old ones too: an answer to them may still come */
    size_t secret_count, secret_capacity;
};

struct credentials *credentials_new(const struct config_api *config) {
    struct credentials *credentials = alloc_zero(1, sizeof(*credentials));
    credentials->config = config;
    credentials->secrets = alloc_grow(NULL, &credentials->secret_capacity, 1, sizeof(*credentials->secrets));
    credentials->secrets[0] = NULL;
    return credentials;
}

void credentials_free(struct credentials *credentials) {
    if (!credentials)
        return;
    for (size_t i = 0; i < PARTS; i++)
        secret_free(credentials->parts[i]);
    for (size_t i = 0; i < credentials->secret_count; i++)
        secret_free(credentials->secrets[i]);
    free(credentials->secrets);
    free(credentials);
}

/* Takes the text over. */
static void add_secret(struct credentials *credentials, char *text) {
    for (size_t i = 0; i < credentials->secret_count; i++) {
        if (strcmp(credentials->secrets[i], text) == 0) {
            secret_free(text);
            return;
        }
    }
    credentials->secrets = alloc_grow(credentials->secrets, &credentials->secret_capacity,
                                      credentials->secret_count + 2, sizeof(*credentials->secrets));
    credentials->secrets[credentials->secret_count++] = text;
    credentials->secrets[credentials->secret_count] = NULL;
}

/* %2F as %2f. */
static char *lower_escapes(const char *escaped) {
    char *lower = alloc_strdup(escaped);
    for (char *c = lower; *c; c++)
        for (size_t i = 1; *c == '%' && i <= 2 && c[i]; i++)
            c[i] = (char)(c[i] >= 'A' && c[i] <= 'F' ? c[i] - 'A' + 'a' : c[i]);
    return lower;
}

static void add_base64(struct credentials *credentials, const char *text) {
    char *encoded = http_base64(text, strlen(text));
    encoded[strcspn(encoded, "=")] = '\0'; /* matches with and without padding */
    char *for_urls = alloc_strdup(encoded);
    for (char *c = for_urls; *c; c++)
        *c = (char)(*c == '+' ? '-' : *c == '/' ? '_' : *c);
    add_secret(credentials, encoded);
    add_secret(credentials, for_urls);
}

static void add_json_form(struct credentials *credentials, const char *text) {
    struct buffer quoted;
    buffer_init(&quoted, SIZE_MAX);
    if (json_quote(text, &quoted) && quoted.length > 2)
        add_secret(credentials, alloc_strndup(quoted.data + 1, quoted.length - 2));
    if (quoted.data)
        explicit_bzero(quoted.data, quoted.length);
    buffer_done(&quoted);
}

static void add_forms(struct credentials *credentials, const char *text) {
    if (!text || !*text)
        return;
    add_secret(credentials, alloc_strdup(text));
    char *escaped = http_escape(text);
    add_secret(credentials, lower_escapes(escaped));
    add_secret(credentials, escaped);
    add_base64(credentials, text);
    add_json_form(credentials, text);
}

/* A user's name that stands in the configuration as it is, is no secret; the pair that is sent is. */
static void remember(struct credentials *credentials) {
    char *const *parts = credentials->parts;
    add_forms(credentials, parts[PART_BEARER]);
    add_forms(credentials, parts[PART_PASSWORD]);
    if (credentials->config->user.kind != SECRET_PLAIN)
        add_forms(credentials, parts[PART_USER]);
    if (!parts[PART_USER])
        return;
    char *pair = alloc_printf("%s:%s", parts[PART_USER], parts[PART_PASSWORD]);
    add_base64(credentials, pair);
    secret_free(pair);
}

static bool read_parts(const struct config_api *config, char *ret[static PARTS], struct error *ret_error) {
    if (config->auth == AUTH_BEARER) {
        ret[PART_BEARER] = secret_read(&config->bearer, ret_error);
        return ret[PART_BEARER] != NULL;
    }
    ret[PART_USER] = secret_read(&config->user, ret_error);
    if (!ret[PART_USER])
        return false;
    ret[PART_PASSWORD] = secret_read(&config->password, ret_error);
    return ret[PART_PASSWORD] != NULL;
}

static bool same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Reads all parts. True where they could be read; *ret_changed says whether they are others than before. */
static bool reload(struct credentials *credentials, bool *ret_changed, struct error *ret_error) {
    char *parts[PARTS] = {NULL};
    bool done = read_parts(credentials->config, parts, ret_error);
    bool changed = false;
    for (size_t i = 0; i < PARTS; i++)
        changed = changed || !same_text(parts[i], credentials->parts[i]);
    for (size_t i = 0; i < PARTS; i++) {
        if (done && changed) {
            char *old = credentials->parts[i];
            credentials->parts[i] = parts[i];
            parts[i] = old;
        }
        secret_free(parts[i]);
    }
    if (done && changed) {
        credentials->generation++;
        remember(credentials);
    }
    *ret_changed = changed;
    return done;
}

bool credentials_load(struct credentials *credentials, struct error *ret_error) {
    bool changed;
    return credentials->generation > 0 || reload(credentials, &changed, ret_error);
}

unsigned credentials_generation(const struct credentials *credentials) {
    return credentials->generation;
}

bool credentials_renew(struct credentials *credentials, unsigned generation) {
    if (credentials->generation != generation)
        return true;
    bool changed = false;
    return reload(credentials, &changed, NULL) && changed;
}

void credentials_apply(const struct credentials *credentials, struct http_request *request) {
    request->bearer = credentials->parts[PART_BEARER];
    request->user = credentials->parts[PART_USER];
    request->password = credentials->parts[PART_PASSWORD];
}

const char *const *credentials_secrets(const struct credentials *credentials) {
    return (const char *const *)credentials->secrets;
}
