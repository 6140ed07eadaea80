#include "core/api_json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "core/json_text.h"

enum {
    WORDS_MAX = 300,         /* of what is shown */
    SEARCHED_MAX = 64 * 1024 /* of a body: more is no error's words */
};

/* Marks the bytes that belong to a secret. */
static void mark(const char *text, size_t length, const char *secret, char *marks) {
    size_t size = strlen(secret);
    if (size == 0)
        return;
    const char *found = text;
    while ((found = memmem(found, length - (size_t)(found - text), secret, size))) {
        memset(marks + (found - text), 1, size);
        found++;
    }
}

/* First all are marked, then what is marked is replaced: so nothing of a secret stays where two of them
 * overlap. */
char *api_redact(const char *text, const char *const *secrets) {
    size_t length = strlen(text);
    CLEANUP(cleanup_free) char *marks = alloc_zero(length + 1, 1);
    for (const char *const *secret = secrets; secret && *secret; secret++)
        mark(text, length, *secret, marks);
    char *redacted = alloc_zero(length + 1, 3); /* one byte becomes three at most */
    char *end = redacted;
    for (size_t i = 0; i < length; i++) {
        if (!marks[i])
            *end++ = text[i];
        else if (i == 0 || !marks[i - 1])
            end = stpcpy(end, "***");
    }
    return redacted;
}

static const char *json_string(const cJSON *object, const char *name) {
    const char *text = NULL;
    for (const cJSON *item = object->child; item; item = item->next)
        if (cJSON_IsString(item) && strcmp(item->string, name) == 0)
            text = item->valuestring;
    return text && *text ? text : NULL;
}

/* "message (key)", or what of it is there; NULL: not the API's shape. */
static char *words_of_json(const char *body, size_t length) {
    if (length > SEARCHED_MAX || !json_check(body, length, NULL))
        return NULL;
    cJSON *json = cJSON_ParseWithLength(body, length);
    char *words = NULL;
    if (cJSON_IsObject(json)) {
        const char *key = json_string(json, "key"), *message = json_string(json, "message");
        if (message && key)
            words = alloc_printf("%s (%s)", message, key);
        else if (message || key)
            words = alloc_strdup(message ? message : key);
    }
    cJSON_Delete(json);
    return words;
}

/* What an error page calls itself. */
static char *words_of_html(const char *text) {
    const char *title = strcasestr(text, "<title>");
    const char *end = title ? strcasestr(title, "</title>") : NULL;
    return end ? alloc_strndup(title + strlen("<title>"), (size_t)(end - title) - strlen("<title>")) : NULL;
}

static char *words_of_text(const char *body, size_t length) {
    CLEANUP(cleanup_free) char *text = alloc_strndup(body, MIN(length, (size_t)SEARCHED_MAX));
    char *start = text + strspn(text, " \t\r\n");
    if (*start == '<') {
        char *title = words_of_html(start);
        if (title)
            return title;
    }
    return alloc_strndup(start, strcspn(start, "\r\n"));
}

char *api_error_words(const char *body, size_t length, const char *const *secrets) {
    if (!body || length == 0)
        return alloc_strdup("");
    CLEANUP(cleanup_free) char *words = words_of_json(body, length);
    if (!words)
        words = words_of_text(body, length);
    CLEANUP(cleanup_free) char *redacted = api_redact(words, secrets);
    char *harmless = alloc_zero(WORDS_MAX + 1, 1);
    text_sanitize(redacted, strlen(redacted), harmless, WORDS_MAX + 1);
    return harmless;
}
