#include "core/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "core/api_json.h"

/* Shorter parts of a URL are words. */
enum { SECRET_PART_MIN = 8 };

const char *const delivery_outcome_names[DELIVERY_OUTCOME_COUNT] = {"delivered", "held", "refused", "gone"};

static enum delivery_outcome outcome_of(int status) {
    if (status >= 200 && status < 300)
        return DELIVERY_DELIVERED;
    if (status == 410)
        return DELIVERY_GONE;
    return status == 429 || status >= 500 ? DELIVERY_HELD : DELIVERY_REFUSED;
}

void delivery_judge_answer(int status, const char *host, const struct buffer *body, const char *retry_after,
                           usec_t now, const char *const *secrets, struct delivery_result *ret) {
    *ret = (struct delivery_result){.outcome = outcome_of(status), .status = status};
    CLEANUP(cleanup_free) char *words = api_error_words(buffer_text(body), body->length, secrets);
    char text[2 * ERROR_TEXT_MAX];
    int length = snprintf(text, sizeof(text), "%s answered %d%s%s", host, status, *words ? ": " : "", words);
    text_sanitize(text, MIN((size_t)length, sizeof(text) - 1), ret->text, sizeof(ret->text));
    if (ret->outcome == DELIVERY_HELD && retry_after &&
        !retry_after_parse(retry_after, now, &ret->retry_after))
        ret->retry_after = 0;
}

void delivery_judge_exit(int status, const char *program, struct delivery_result *ret) {
    *ret = (struct delivery_result){.outcome = status == 0 ? DELIVERY_DELIVERED : DELIVERY_HELD,
                                    .status = status};
    char text[2 * ERROR_TEXT_MAX];
    int length = snprintf(text, sizeof(text), "%s ended with status %d", program, status);
    text_sanitize(text, MIN((size_t)length, sizeof(text) - 1), ret->text, sizeof(ret->text));
}

void delivery_judge_failure(const struct error *error, struct delivery_result *ret) {
    bool unfit = error->cause == CAUSE_SHAPE || error->cause == CAUSE_TOO_LARGE;
    *ret = (struct delivery_result){
        .outcome = unfit ? DELIVERY_REFUSED : DELIVERY_HELD, .status = -1, .cause = error->cause};
    memcpy(ret->text, error->text, sizeof(ret->text));
}

struct secret_list {
    char **items;
    size_t count, capacity;
};

/* The list always ends with NULL. */
static void add(struct secret_list *list, const char *text, size_t length) {
    list->items = alloc_grow(list->items, &list->capacity, list->count + 2, sizeof(*list->items));
    if (length > 0)
        list->items[list->count++] = alloc_strndup(text, length);
    list->items[list->count] = NULL;
}

char **delivery_secrets(const char *url, const char *const *more) {
    struct secret_list list = {0};
    add(&list, url, strlen(url));
    const char *host = strstr(url, "://");
    const char *rest = host ? host + 3 + strcspn(host + 3, "/?#") : "";
    if (strlen(rest) >= SECRET_PART_MIN)
        add(&list, rest, strlen(rest));
    while (*rest) {
        size_t length = strcspn(rest, "/?#&=;");
        if (length >= SECRET_PART_MIN)
            add(&list, rest, length);
        rest += length + (rest[length] != '\0');
    }
    for (size_t i = 0; more && more[i]; i++) {
        add(&list, more[i], strlen(more[i]));
        if (strncmp(more[i], "whsec_", 6) == 0) /* a signing secret is the same without it */
            add(&list, more[i] + 6, strlen(more[i] + 6));
    }
    return list.items;
}

void delivery_secrets_free(char **secrets) {
    for (size_t i = 0; secrets && secrets[i]; i++) {
        explicit_bzero(secrets[i], strlen(secrets[i]));
        free(secrets[i]);
    }
    free(secrets);
}
