/* The API's smaller documents; the first byte chooses which. */
#include "core/api_json.h"
#include "fuzz.h"

static void connection(const char *body, size_t size, struct error *error) {
    struct api_connection value;
    if (api_parse_connection(body, size, &value, error))
        api_connection_done(&value);
    else
        REQUIRE(error_is_set(error));
}

static void connections(const char *body, size_t size, struct error *error) {
    struct api_connection_list value;
    if (api_parse_connections(body, size, &value, error))
        api_connection_list_done(&value);
    else
        REQUIRE(error_is_set(error));
}

static void status(const char *body, size_t size, struct error *error) {
    struct api_refresh_status value;
    if (api_parse_refresh_status(body, size, &value, error))
        api_refresh_status_done(&value);
    else
        REQUIRE(error_is_set(error));
}

static void targets(const char *body, size_t size, struct error *error) {
    struct api_target_list value;
    if (!api_parse_target_list(body, size, &value, error)) {
        REQUIRE(error_is_set(error));
        return;
    }
    for (size_t i = 1; i < value.target_count; i++)
        REQUIRE(strcmp(value.targets[i - 1].id, value.targets[i].id) < 0);
    api_target_list_done(&value);
}

static void me(const char *body, size_t size, struct error *error) {
    char *who = NULL;
    if (api_parse_me(body, size, &who, error))
        REQUIRE(who);
    free(who);
}

static void words(const char *body, size_t size, struct error *error) {
    (void)error;
    static const char *const secrets[] = {"hunter2", "er2h", NULL};
    char *text = api_error_words(body, size, secrets);
    REQUIRE(!strstr(text, "hunter2") && strlen(text) < ERROR_TEXT_MAX);
    for (const char *at = text; *at; at++)
        REQUIRE((unsigned char)*at >= 0x20 && *at != 0x7f);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const parsers[])(const char *, size_t, struct error *) = {connection, connections, status,
                                                                            targets,    me,          words};
    if (size == 0)
        return 0;
    char *body = fuzz_text(data + 1, size - 1);
    struct error error = {0};
    parsers[data[0] % (sizeof(parsers) / sizeof(*parsers))](body, size - 1, &error);
    free(body);
    return 0;
}
