/* The parsers of single values. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "core/config_parse.h"

enum { TEXT_MAX = 4096 };

static void store_text(struct config_loader *loader, const char *text, void *target) {
    const char *copy = arena_strndup(loader->config->arena, text, strlen(text));
    memcpy(target, &copy, sizeof(copy));
}

/* Complains of a value that is text but not the right one. */
static void complain_value(struct config_loader *loader, const struct config_key *key,
                           const struct yaml_node *node) {
    config_complain(loader, node->place, "\"%s\" is wrong; must be %s", node->text,
                    config_type_expects(key->type));
}

/* Text without control characters that is not empty. */
static const char *clean_text(struct config_loader *loader, const struct config_key *key,
                              const struct yaml_node *node) {
    const char *text = config_text(loader, key, node);
    if (!text)
        return NULL;
    size_t most = key->most > 0 ? (size_t)key->most : TEXT_MAX;
    if (text[0] == '\0')
        config_complain(loader, node->place, "is empty; must be %s", config_type_expects(key->type));
    else if (strlen(text) > most)
        config_complain(loader, node->place, "is longer than %zu bytes", most);
    else {
        for (const char *c = text; *c != '\0'; c++)
            if ((unsigned char)*c < ' ' || *c == 0x7f) {
                config_complain(loader, node->place, "holds a control character; must be %s",
                                config_type_expects(key->type));
                return NULL;
            }
        return text;
    }
    return NULL;
}

void config_parse_text(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                       void *target) {
    const char *text = clean_text(loader, key, node);
    if (text)
        store_text(loader, text, target);
}

void config_parse_name(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                       void *target) {
    const char *text = clean_text(loader, key, node);
    if (!text)
        return;
    if (text[0] == '-' || strchr(text, ':'))
        complain_value(loader, key, node);
    else
        store_text(loader, text, target);
}

void config_parse_target_id(struct config_loader *loader, const struct config_key *key,
                            struct yaml_node *node, void *target) {
    const char *text = clean_text(loader, key, node);
    if (!text)
        return;
    if (strncmp(text, "new:", 4) == 0)
        config_complain(
            loader, node->place,
            "an id does not begin with \"new:\"; a target that is not created yet is {new: {...}, label: %s}",
            text[4] != '\0' ? text + 4 : "NAME");
    else
        store_text(loader, text, target);
}

void config_parse_uuid(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                       void *target) {
    const char *text = config_text(loader, key, node);
    if (!text)
        return;
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    char id[sizeof(form)];
    bool good = strlen(text) == sizeof(form) - 1;
    for (size_t i = 0; good && i < sizeof(form); i++) {
        good = form[i] == 'x' ? isxdigit((unsigned char)text[i]) != 0 : text[i] == form[i];
        id[i] = (char)tolower((unsigned char)text[i]);
    }
    if (good)
        store_text(loader, id, target);
    else
        complain_value(loader, key, node);
}

void config_parse_path(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                       void *target) {
    const char *text = clean_text(loader, key, node);
    if (text) {
        const char *path = config_resolve_path(loader, text);
        memcpy(target, &path, sizeof(path));
    }
}

void config_parse_day(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                      void *target) {
    const char *text = config_text(loader, key, node);
    usec_t time;
    if (!text)
        return;
    if (date_parse(text, &time))
        store_text(loader, text, target);
    else
        complain_value(loader, key, node);
}

/* A whole number without sign; false for all else and what is too large. */
static bool parse_number(const char *text, int64_t *ret) {
    int64_t number = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++)
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (int64_t)(*text - '0'), &number))
            return false;
    *ret = number;
    return true;
}

/* "12" or "12.5" in millionths; false for all else. */
static bool parse_millionths(const char *text, size_t length, int64_t *ret) {
    int64_t number = 0, scale = 0; /* 0: no point yet */
    bool digits = false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.' && scale == 0 && digits) {
            scale = 1000000;
            digits = false;
            continue;
        }
        if (text[i] < '0' || text[i] > '9' || scale == 1 || number > INT64_C(100000000000))
            return false;
        number = number * 10 + (text[i] - '0');
        digits = true;
        scale /= 10;
    }
    *ret = number * (scale == 0 ? 1000000 : scale);
    return digits;
}

/* What is listened on must be known without asking a name server. */
static bool is_address(const char *host, size_t length) {
    char text[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    bool bracketed = length > 2 && host[0] == '[' && host[length - 1] == ']';
    if (bracketed) {
        host++;
        length -= 2;
    }
    if (length >= sizeof(text))
        return false;
    snprintf(text, sizeof(text), "%.*s", (int)length, host);
    return inet_pton(bracketed ? AF_INET6 : AF_INET, text, address) == 1 ||
           (!bracketed && strcmp(text, "localhost") == 0);
}

void config_parse_listen(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                         void *target) {
    const char *text = clean_text(loader, key, node);
    if (!text)
        return;
    const char *colon = strrchr(text, ':');
    int64_t port;
    if (colon && is_address(text, (size_t)(colon - text)) && parse_number(colon + 1, &port) && port <= 65535)
        store_text(loader, text, target);
    else
        complain_value(loader, key, node);
}

void config_parse_bool(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                       void *target) {
    const char *text = config_text(loader, key, node);
    if (!text)
        return;
    bool value = strcmp(text, "true") == 0;
    if (value || strcmp(text, "false") == 0)
        memcpy(target, &value, sizeof(value));
    else
        complain_value(loader, key, node);
}

void config_parse_true(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                       void *target) {
    (void)target;
    const char *text = config_text(loader, key, node);
    if (text && strcmp(text, "true") != 0)
        complain_value(loader, key, node);
}

int config_word_index(const char *words, const char *text) {
    size_t length = strlen(text);
    for (int index = 0;; index++) {
        size_t word = strcspn(words, "|");
        if (word == length && memcmp(words, text, length) == 0)
            return index;
        if (words[word] == '\0')
            return -1;
        words += word + 1;
    }
}

static int parse_word(struct config_loader *loader, const struct config_key *key,
                      const struct yaml_node *node) {
    const char *text = config_text(loader, key, node);
    int index = text ? config_word_index(key->words, text) : -1;
    if (!text || index >= 0)
        return index;
    struct buffer words;
    buffer_init(&words, 200);
    bool fits = true;
    for (const char *word = key->words; fits && *word != '\0';) {
        int length = (int)strcspn(word, "|");
        fits = buffer_append_format(&words, "%s%.*s", word == key->words ? "" : ", ", length, word);
        word += length + (word[length] == '|');
    }
    config_complain(loader, node->place, "\"%s\" is wrong; must be one of %s", text, buffer_text(&words));
    buffer_done(&words);
    return -1;
}

void config_parse_choice(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                         void *target) {
    int index = parse_word(loader, key, node);
    unsigned value = (unsigned)index;
    if (index >= 0)
        memcpy(target, &value, sizeof(value));
}

void config_parse_migrate(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                          void *target) {
    int index = parse_word(loader, key, node);
    bool value = index == 1;
    if (index >= 0)
        memcpy(target, &value, sizeof(value));
}

/* Text in the unit of the key's range, for messages. */
static void format_limit(const struct config_key *key, int64_t limit, char ret[static TIMESPAN_TEXT_MAX]) {
    switch (key->type) {
    case TYPE_COUNT:
    case TYPE_RATE:
        snprintf(ret, TIMESPAN_TEXT_MAX, "%lld", (long long)limit);
        break;
    case TYPE_SIZE:
        size_format((size_t)limit, ret);
        break;
    case TYPE_PERCENT:
        snprintf(ret, TIMESPAN_TEXT_MAX, "%lld%%", (long long)(limit / 10000));
        break;
    default:
        timespan_format(limit, ret);
    }
}

static bool in_range(struct config_loader *loader, const struct config_key *key, const struct yaml_node *node,
                     int64_t value) {
    if (value >= key->least && value <= key->most)
        return true;
    char least[TIMESPAN_TEXT_MAX], most[TIMESPAN_TEXT_MAX];
    format_limit(key, key->least, least);
    format_limit(key, key->most, most);
    return config_complain(loader, node->place, "%s is out of range; must be from %s to %s", node->text,
                           least, most);
}

void config_parse_count(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                        void *target) {
    const char *text = config_text(loader, key, node);
    int64_t number;
    if (!text)
        return;
    if (!parse_number(text, &number))
        complain_value(loader, key, node);
    else if (in_range(loader, key, node, number)) {
        unsigned value = (unsigned)number;
        memcpy(target, &value, sizeof(value));
    }
}

static bool parse_span(struct config_loader *loader, const struct config_key *key,
                       const struct yaml_node *node, usec_t *ret) {
    const char *text = config_text(loader, key, node);
    usec_t span;
    if (!text)
        return false;
    if (!timespan_parse(text, &span)) {
        complain_value(loader, key, node);
        return false;
    }
    if (!in_range(loader, key, node, span))
        return false;
    *ret = span;
    return true;
}

void config_parse_duration(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                           void *target) {
    usec_t span;
    if (parse_span(loader, key, node, &span))
        memcpy(target, &span, sizeof(span));
}

void config_parse_every(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                        void *target) {
    struct schedule *schedule = target;
    usec_t span;
    if (!parse_span(loader, key, node, &span))
        return;
    schedule->is_cron = false;
    schedule->every = span;
    schedule->cron = (struct cron){0};
}

void config_parse_cron(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                       void *target) {
    struct schedule *schedule = target;
    const char *text = config_text(loader, key, node);
    struct error error;
    struct cron cron;
    if (!text)
        return;
    if (!cron_parse(text, &cron, &error)) {
        config_complain(loader, node->place, "\"%s\" is wrong: %s", text, error.text);
        return;
    }
    schedule->is_cron = true;
    schedule->every = 0;
    schedule->cron = cron;
}

/* A word that stands for a value of its own, else a duration. */
static void parse_word_or_span(struct config_loader *loader, const struct config_key *key,
                               const struct yaml_node *node, const char *word, usec_t meaning, void *target) {
    usec_t span = meaning;
    if ((node->kind == YAML_TEXT && strcmp(node->text, word) == 0) || parse_span(loader, key, node, &span))
        memcpy(target, &span, sizeof(span));
}

void config_parse_repeat(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                         void *target) {
    parse_word_or_span(loader, key, node, "never", 0, target);
}

void config_parse_kept(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                       void *target) {
    parse_word_or_span(loader, key, node, "forever", USEC_NONE, target);
}

void config_parse_until(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                        void *target) {
    const char *text = config_text(loader, key, node);
    usec_t time;
    if (!text)
        return;
    if (date_parse(text, &time) || rfc3339_parse(text, strlen(text), &time))
        memcpy(target, &time, sizeof(time));
    else
        complain_value(loader, key, node);
}

void config_parse_size(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                       void *target) {
    const char *text = config_text(loader, key, node);
    size_t size;
    if (!text)
        return;
    if (!size_parse(text, &size))
        complain_value(loader, key, node);
    else if (in_range(loader, key, node, size > INT64_MAX ? INT64_MAX : (int64_t)size))
        memcpy(target, &size, sizeof(size));
}

void config_parse_rate(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                       void *target) {
    const char *text = config_text(loader, key, node);
    int64_t millionths = 0;
    if (!text)
        return;
    size_t length = strlen(text);
    bool per_second = length > 2 && strcmp(text + length - 2, "/s") == 0;
    if (strcmp(text, "0") != 0 && (!per_second || !parse_millionths(text, length - 2, &millionths)))
        complain_value(loader, key, node);
    else if (in_range(loader, key, node, millionths / 1000000 + (millionths % 1000000 != 0))) {
        double rate = (double)millionths / 1e6;
        memcpy(target, &rate, sizeof(rate));
    }
}

void config_parse_percent(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                          void *target) {
    const char *text = config_text(loader, key, node);
    int64_t millionths = 0;
    if (!text)
        return;
    size_t length = strlen(text);
    if (length < 2 || text[length - 1] != '%' || !parse_millionths(text, length - 1, &millionths))
        complain_value(loader, key, node);
    else if (in_range(loader, key, node, millionths / 100 + (millionths % 100 != 0))) {
        unsigned ppm = (unsigned)(millionths / 100);
        memcpy(target, &ppm, sizeof(ppm));
    }
}
