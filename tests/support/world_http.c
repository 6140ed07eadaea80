#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "world_parts.h"

enum { ANSWER_MAX = 256 * 1024 * 1024 };

static size_t on_body(char *bytes, size_t size, size_t count, void *userdata) {
    return buffer_append(userdata, bytes, size * count) ? size * count : 0;
}

static const char *request(struct world_place place, const char *method, const char *path, const char *body) {
    if (!world.http)
        world.http = curl_easy_init();
    CURL *curl = world.http;
    struct buffer answer;
    buffer_init(&answer, ANSWER_MAX);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, world_text("%s%s", world.url, path));
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    if (strcmp(method, "POST") == 0)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)world_patience());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    const char *text = arena_strndup(world.arena, buffer_text(&answer), answer.length);
    buffer_done(&answer);
    if (code != CURLE_OK || status >= 300)
        world_fail(place, "simulator: %s %s: %s, status %ld\n%s\n%s", method, path, curl_easy_strerror(code),
                   status, body, text);
    return text;
}

void world_http_done(void) {
    if (world.http)
        curl_easy_cleanup(world.http);
    world.http = NULL;
}

const char *world_control_at(struct world_place place, const char *method, const char *path,
                             const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *body = world_json(format, args);
    va_end(args);
    return request(place, method, path, body);
}

const char *world_get_at(struct world_place place, const char *connection) {
    const char *text = request(place, "GET", world_text("/_control/truth?connection=%s", connection), "");
    struct buffer escaped; /* so that it can be sent back: there ' means " */
    buffer_init(&escaped, ANSWER_MAX);
    for (; *text; text++)
        (void)!buffer_append(&escaped, *text == '\'' ? "\\u0027" : text, *text == '\'' ? 6 : 1);
    text = world_text("%s", buffer_text(&escaped));
    buffer_done(&escaped);
    return text;
}

const char *world_log(void) {
    return request(WORLD_HERE, "GET", "/_control/log", "");
}

void world_forget_requests(void) {
    (void)request(WORLD_HERE, "DELETE", "/_control/log", "");
    (void)request(WORLD_HERE, "DELETE", "/_control/counts", "");
}

static const char *member(const cJSON *object, const char *name) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

size_t world_requests(const char *glob) {
    cJSON *log = cJSON_Parse(world_log());
    const cJSON *entry;
    size_t count = 0;
    cJSON_ArrayForEach(entry, log) {
        const char *query = member(entry, "query");
        char *line = alloc_printf("%s %s%s%s", member(entry, "method"), member(entry, "path"),
                                  *query ? "?" : "", query);
        count += fnmatch(glob, line, 0) == 0;
        free(line);
    }
    cJSON_Delete(log);
    return count;
}

void world_await_requests_at(struct world_place place, const char *glob, size_t count) {
    long long deadline = world_now() + world_patience();
    while (world_requests(glob) < count)
        world_pause(place, deadline, glob);
}
