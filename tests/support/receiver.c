#include "receiver.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "world_parts.h"

enum { ANSWER_MAX = 64 * 1024 * 1024 };

static struct {
    pid_t pid;
    int port;
} receiver;

static size_t on_body(char *bytes, size_t size, size_t count, void *userdata) {
    return buffer_append(userdata, bytes, size * count) ? size * count : 0;
}

static const char *request(struct world_place place, const char *method, const char *path, const char *body) {
    CURL *curl = curl_easy_init();
    struct buffer answer;
    buffer_init(&answer, ANSWER_MAX);
    curl_easy_setopt(curl, CURLOPT_URL, world_text("%s%s", receiver_url(), path));
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    if (body)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)world_patience());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    const char *text = arena_strndup(world.arena, buffer_text(&answer), answer.length);
    buffer_done(&answer);
    if (code != CURLE_OK || status != 200)
        world_fail(place, "receiver: %s %s: %s, status %ld: %s", method, path, curl_easy_strerror(code),
                   status, text);
    return text;
}

static void start(void) {
    const char *port_file = world_text("%s/receiver-port", world.directory);
    unlink(port_file);
    const char *arguments[] = {
        "/usr/bin/python3", "tests/support/webhook_receiver",          "--port-file",    port_file,
        "--listen",         world_text("127.0.0.1:%d", receiver.port), "--parent-death", NULL};
    receiver.pid = world_spawn(arguments, NULL);
    long long deadline = world_now() + world_patience();
    for (int port = 0; port == 0;) {
        FILE *file = fopen(port_file, "re");
        if (file && fscanf(file, "%d", &port) != 1)
            port = 0;
        if (file)
            fclose(file);
        receiver.port = port > 0 ? port : receiver.port;
        if (port == 0)
            world_pause(WORLD_HERE, deadline, "the receiver's port");
    }
}

void receiver_fresh(void) {
    if (receiver.pid <= 0)
        start();
    receiver_control("{'clear': true, 'secrets': []}");
    receiver_forget();
}

void receiver_stop(void) {
    if (receiver.pid <= 0)
        return;
    kill(receiver.pid, SIGKILL);
    waitpid(receiver.pid, NULL, 0);
    receiver.pid = 0;
}

const char *receiver_url(void) {
    return world_text("http://127.0.0.1:%d", receiver.port);
}

void receiver_control_at(struct world_place place, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *body = world_json(format, args);
    va_end(args);
    (void)request(place, "POST", "/control", body);
}

void receiver_forget(void) {
    (void)request(WORLD_HERE, "DELETE", "/received", NULL);
}

static cJSON *received(const char *path, size_t wait) {
    const char *query =
        world_text("/received?path=%s&wait=%zu&timeout=%lld", path, wait, world_patience() / 1000);
    return cJSON_Parse(request(WORLD_HERE, "GET", query, NULL));
}

static void print_all(const cJSON *list) {
    const cJSON *entry;
    cJSON_ArrayForEach(entry, list) {
        char *text = cJSON_PrintUnformatted(entry);
        print_error("%s\n", text);
        free(text);
    }
}

void receiver_await_at(struct world_place place, const char *path, size_t count) {
    cJSON *list = received(path, count);
    size_t came = (size_t)cJSON_GetArraySize(list);
    if (came != count)
        print_all(list);
    cJSON_Delete(list);
    if (came != count)
        world_fail(place, "%zu deliveries to %s where %zu were expected", came, path, count);
}

size_t receiver_count(const char *path) {
    cJSON *list = received(path, 0);
    size_t count = (size_t)cJSON_GetArraySize(list);
    cJSON_Delete(list);
    return count;
}

const char *receiver_value(const char *path, size_t index, const char *member) {
    cJSON *list = received(path, 0);
    const cJSON *value = cJSON_GetArrayItem(list, (int)index);
    for (char *rest = world_text("%s", member), *name; value && (name = strsep(&rest, "."));)
        value = cJSON_GetObjectItemCaseSensitive(value, name);
    const char *result = "";
    if (cJSON_IsString(value)) {
        result = world_text("%s", value->valuestring);
    } else if (value) {
        char *text = cJSON_PrintUnformatted(value);
        result = world_text("%s", text);
        free(text);
    }
    cJSON_Delete(list);
    return result;
}
