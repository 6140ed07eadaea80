#include "request.h"

#include <stdlib.h>
#include <string.h>

static void add_argument(struct request *request, const char *text, size_t len) {
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals ? (size_t)(equals - text) : len;
    struct argument *argument;

    if (!len)
        return;
    request->arguments =
        xrealloc(request->arguments, (request->argument_count + 1) * sizeof *request->arguments);
    argument = &request->arguments[request->argument_count++];
    argument->name = percent_decode(text, name_len, true);
    argument->value = equals ? percent_decode(equals + 1, len - name_len - 1, true) : xstrdup("");
}

void request_init(struct request *request, const char *uri) {
    const char *mark = strchr(uri, '?'), *at;

    *request = (struct request){0};
    request->path = mark ? xstrndup(uri, (size_t)(mark - uri)) : xstrdup(uri);
    request->query = xstrdup(mark ? mark + 1 : "");
    for (at = request->query; *at;) {
        size_t len = strcspn(at, "&");

        add_argument(request, at, len);
        at += len + (at[len] == '&');
    }
}

void request_free(struct request *request) {
    for (size_t i = 0; i < request->argument_count; i++) {
        free(request->arguments[i].name);
        free(request->arguments[i].value);
    }
    free(request->arguments);
    free(request->method);
    free(request->path);
    free(request->query);
    buf_free(&request->body);
}

const char *request_argument(const struct request *request, const char *name) {
    for (size_t i = 0; i < request->argument_count; i++)
        if (!strcmp(request->arguments[i].name, name))
            return request->arguments[i].value;
    return NULL;
}

size_t request_argument_count(const struct request *request, const char *name) {
    size_t count = 0;

    for (size_t i = 0; i < request->argument_count; i++)
        count += !strcmp(request->arguments[i].name, name);
    return count;
}

bool path_matches(const char *path, const char *pattern, char **params) {
    char **first = params;

    for (;;) {
        size_t len = strcspn(path, "/");

        if (len && !strncmp(pattern, "{}", 2)) {
            *params++ = percent_decode(path, len, false);
            path += len;
            pattern += 2;
        } else if (*path != *pattern) {
            break;
        } else if (!*path) {
            return true;
        } else {
            path++;
            pattern++;
        }
    }
    while (params > first) {
        free(*--params);
        *params = NULL;
    }
    return false;
}
