/* The parsers of secrets, lists and maps of words. */
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/suggest.h"
#include "core/config_parse.h"
#include "core/rules.h"

enum { LIST_MAX = 10000 };

static const char *const event_types[] = {"schema.drift",
                                          "schema.resolved",
                                          "mirror.suspect",
                                          "mirror.failing",
                                          "mirror.recovered",
                                          "alert.test",
                                          NULL};
static const char *const change_kinds[] = {
    "target_added", "target_removed", "target_changed", "mode_added",    "mode_removed",
    "mode_changed", "field_added",    "field_removed",  "field_changed", NULL};

static const char *keep(struct config_loader *loader, const char *text) {
    return arena_strndup(loader->config->arena, text, strlen(text));
}

/* One of {credential: NAME}, {file: PATH}, {env: NAME}; or, where the key allows it, plain text. */

static bool is_variable_name(const char *text) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return text[0] != '\0' && strspn(text, letters) == strlen(text) && (text[0] < '0' || text[0] > '9');
}

static bool is_credential_name(const char *text) {
    return text[0] != '\0' && text[0] != '.' && !strpbrk(text, "/:") && strlen(text) <= 255;
}

static const struct secret_word {
    const char *name;
    enum secret_kind kind;
    const char *expects;
} secret_words[] = {
    {"credential", SECRET_CREDENTIAL, "a credential's name, a file in $CREDENTIALS_DIRECTORY"},
    {"file", SECRET_FILE, "a file's path"},
    {"env", SECRET_ENV, "an environment variable's name"},
};

static const struct secret_word *find_secret_word(const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(secret_words); i++)
        if (strcmp(secret_words[i].name, name) == 0)
            return &secret_words[i];
    return NULL;
}

static void read_secret_word(struct config_loader *loader, const struct secret_word *word,
                             const struct yaml_node *node, struct secret *secret) {
    const char *text = node->kind == YAML_TEXT ? node->text : "";
    bool good = word->kind == SECRET_ENV          ? is_variable_name(text)
                : word->kind == SECRET_CREDENTIAL ? is_credential_name(text)
                                                  : text[0] != '\0';
    if (!good) {
        config_complain_child(loader, word->name, node->place, "is wrong; must be %s", word->expects);
        return;
    }
    secret->kind = word->kind;
    secret->value = word->kind == SECRET_FILE ? config_resolve_path(loader, text) : keep(loader, text);
}

/* {sk-live-...} is a map with an unknown key, which must not be shown; one that is nearly right may be. */
static void complain_secret_key(struct config_loader *loader, const struct config_key *key,
                                const struct yaml_node *node) {
    static const char *const names[] = {"credential", "file", "env", NULL};
    const char *near = suggest(node->text, names);
    if (near)
        config_complain_child(loader, node->text, node->place, "unknown key; did you mean %s?", near);
    else
        config_complain(loader, node->place, "unknown key in it; must be %s", config_type_expects(key->type));
}

void config_parse_secret(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                         void *target) {
    struct secret secret = {0};
    if (node->kind == YAML_TEXT && key->type == TYPE_SECRET_OR_TEXT) {
        secret = (struct secret){SECRET_PLAIN, keep(loader, node->text)};
        memcpy(target, &secret, sizeof(secret));
        return;
    }
    if (node->kind == YAML_TEXT) {
        config_complain(loader, node->place, "a secret does not stand here in plain text; must be %s",
                        config_type_expects(TYPE_SECRET));
        return;
    }
    if (node->kind != YAML_MAP || node->count != 1) {
        config_complain(loader, node->place, "must be exactly one of %s", config_type_expects(key->type));
        return;
    }
    const struct secret_word *word = find_secret_word(node->keys[0]->text);
    if (!word) {
        complain_secret_key(loader, key, node->keys[0]);
        return;
    }
    read_secret_word(loader, word, node->items[0], &secret);
    if (secret.kind != SECRET_NONE)
        memcpy(target, &secret, sizeof(secret));
}

/* alerts[].webhook.secret: one, or a list of them. */
void config_parse_secrets(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                          void *target) {
    struct config_alert *alert = target;
    bool list = node->kind == YAML_LIST;
    size_t count = list ? node->count : 1;
    if (count == 0 || count > 8) {
        config_complain(loader, node->place, "must name one secret, or 2 to 8 during a rotation");
        return;
    }
    alert->signing = arena_alloc(loader->config->arena, count * sizeof(*alert->signing));
    alert->signing_count = count;
    for (size_t i = 0; i < count; i++) {
        size_t mark = list ? config_enter_item(loader, i) : loader->path_length;
        config_parse_secret(loader, key, list ? node->items[i] : node, &alert->signing[i]);
        config_leave(loader, mark);
    }
}

/* A list of texts; `check` may refuse one of them. Stored as items and count, one behind the other. */
typedef bool item_check(struct config_loader *loader, const struct yaml_node *node);

static bool parse_list(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                       item_check *check, void *target) {
    if (node->kind != YAML_LIST || node->count > LIST_MAX) {
        config_complain_type(loader, key, node);
        return false;
    }
    if (node->count == 0 && (key->section == SECTION_ALERT || key->section == SECTION_MUTE) &&
        key->type != TYPE_COMMAND)
        return config_complain(loader, node->place,
                               "is empty, which would match nothing; leave it out for all");
    struct string_list list = {arena_alloc(loader->config->arena, node->count * sizeof(char *)), 0};
    for (size_t i = 0; i < node->count; i++) {
        static const struct config_key item_key = {.type = TYPE_TEXT};
        size_t mark = config_enter_item(loader, i);
        const char *text = config_text(loader, &item_key, node->items[i]);
        if (text && text[0] == '\0' && key->type != TYPE_COMMAND)
            config_complain(loader, node->items[i]->place, "is empty; must be text");
        else if (text && (!check || check(loader, node->items[i])))
            list.items[list.count++] = keep(loader, text);
        config_leave(loader, mark);
    }
    memcpy(target, &list.items, sizeof(list.items));
    memcpy((char *)target + sizeof(list.items), &list.count, sizeof(list.count));
    return true;
}

_Static_assert(offsetof(struct string_list, count) == sizeof(const char **), "a list is items, then count");
_Static_assert(offsetof(struct target_item, exclude_count) ==
                   offsetof(struct target_item, exclude) + sizeof(const char **),
               "as a string_list");
_Static_assert(offsetof(struct config_drift, ignore_attribute_count) ==
                   offsetof(struct config_drift, ignore_attributes) + sizeof(const char **),
               "as a string_list");

void config_parse_texts(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                        void *target) {
    if (!parse_list(loader, key, node, NULL, target))
        return;
    if (key->type == TYPE_COMMAND &&
        (node->count == 0 || (node->items[0]->kind == YAML_TEXT && node->items[0]->text[0] == '\0')))
        config_complain(loader, node->place, "names no program; must be %s",
                        config_type_expects(TYPE_COMMAND));
}

/* Does a glob match any of the words? If not, it is a mistake, and the nearest word may be what was meant. */
static bool check_glob(struct config_loader *loader, const struct yaml_node *node, const char *const *words,
                       const char *what) {
    for (size_t i = 0; words[i]; i++)
        if (fnmatch(node->text, words[i], 0) == 0)
            return true;
    const char *near = suggest(node->text, words);
    return config_complain(loader, node->place, "\"%s\" matches no %s%s%s%s", node->text, what,
                           near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static bool check_event(struct config_loader *loader, const struct yaml_node *node) {
    return check_glob(loader, node, event_types, "event type; right would be \"schema.*\"");
}

static bool check_kind(struct config_loader *loader, const struct yaml_node *node) {
    return check_glob(loader, node, change_kinds, "kind of change; right would be \"field_*\"");
}

static bool check_rule(struct config_loader *loader, const struct yaml_node *node) {
    return check_glob(loader, node, rule_ids, "rule; right would be \"field-*\"");
}

void config_parse_globs(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                        void *target) {
    item_check *check = key->type == TYPE_EVENT_GLOBS  ? check_event
                        : key->type == TYPE_KIND_GLOBS ? check_kind
                                                       : check_rule;
    parse_list(loader, key, node, check, target);
}

/* Complains of keys that stand twice in a map whose keys are the user's; true where this one is the first. */
static bool first_of_its_name(struct config_loader *loader, const struct yaml_node *node, size_t index,
                              bool any_case) {
    for (size_t i = 0; i < index; i++)
        if ((any_case ? strcasecmp : strcmp)(node->keys[i]->text, node->keys[index]->text) == 0)
            return config_complain(loader, node->keys[index]->place,
                                   "stands here twice, first in line %zu; leave one out",
                                   node->keys[i]->place.line);
    return true;
}

static bool is_map(struct config_loader *loader, const struct config_key *key, const struct yaml_node *node) {
    bool nothing = node->kind == YAML_EMPTY && key->type != TYPE_INPUTS; /* all its lines are comments */
    if (nothing || (node->kind == YAML_MAP && node->count <= LIST_MAX))
        return true;
    config_complain_type(loader, key, node);
    return false;
}

static void read_rule(struct config_loader *loader, struct yaml_node *node, size_t index,
                      struct config_drift *drift) {
    static const struct config_key severity = {.type = TYPE_CHOICE, .words = "breaking|warning|info|ignore"};
    const char *id = node->keys[index]->text;
    if (!first_of_its_name(loader, node, index, false))
        return;
    if (rule_find(id) < 0) {
        const char *near = suggest(id, rule_ids);
        config_complain(loader, node->keys[index]->place, "unknown rule; %s%s%s",
                        near ? "did you mean " : "the documentation lists them", near ? near : "",
                        near ? "?" : "");
        return;
    }
    struct config_rule rule = {.rule = keep(loader, id)};
    size_t before = loader->message_count;
    config_parse_choice(loader, &severity, node->items[index], &rule.severity);
    if (loader->message_count == before)
        drift->rules[drift->rule_count++] = rule;
}

void config_parse_rules(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                        void *target) {
    struct config_drift *drift = target;
    if (!is_map(loader, key, node))
        return;
    drift->rules = arena_alloc(loader->config->arena, node->count * sizeof(*drift->rules));
    for (size_t i = 0; i < node->count; i++) {
        size_t mark = config_enter(loader, node->keys[i]->text);
        read_rule(loader, node, i, drift);
        config_leave(loader, mark);
    }
}

/* RFC 9110: a token. */
static bool is_header_name(const char *text) {
    static const char token[] =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return text[0] != '\0' && strspn(text, token) == strlen(text);
}

/* Headers that the program sets. */
static const char *const own_headers[] = {
    "webhook-id",       "webhook-timestamp", "webhook-signature", "content-type", "content-length",
    "content-encoding", "transfer-encoding", "connection",        "expect",       "host",
};

/* Headers that would be a secret in plain text. */
static const char *const secret_headers[] = {
    "*authorization*", "*cookie*", "*api?key*", "*apikey*", "*token*", "*secret*", "*password*",
};

static bool check_header(struct config_loader *loader, const struct yaml_node *name,
                         const struct yaml_node *value) {
    static const struct config_key text_key = {.type = TYPE_TEXT};
    if (!is_header_name(name->text))
        return config_complain(loader, name->place, "is no header's name; must be as X-Team");
    for (size_t i = 0; i < ARRAY_LENGTH(own_headers); i++)
        if (strcasecmp(name->text, own_headers[i]) == 0)
            return config_complain(loader, name->place, "is set by the program; leave it out");
    for (size_t i = 0; i < ARRAY_LENGTH(secret_headers); i++)
        if (fnmatch(secret_headers[i], name->text, FNM_CASEFOLD) == 0)
            return config_complain(
                loader, name->place,
                "would be a secret in plain text; let the receiver check the signature (secret), or "
                "use a URL from a secret");
    const char *text = config_text(loader, &text_key, value);
    for (const char *c = text; c && *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return config_complain(loader, value->place,
                                   "holds a control character; must be text in one line");
    return text != NULL;
}

void config_parse_headers(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                          void *target) {
    struct config_alert *alert = target;
    if (!is_map(loader, key, node))
        return;
    alert->headers = arena_alloc(loader->config->arena, node->count * sizeof(*alert->headers));
    for (size_t i = 0; i < node->count; i++) {
        size_t mark = config_enter(loader, node->keys[i]->text);
        if (first_of_its_name(loader, node, i, true) && check_header(loader, node->keys[i], node->items[i]))
            alert->headers[alert->header_count++] =
                (struct config_header){keep(loader, node->keys[i]->text), keep(loader, node->items[i]->text)};
        config_leave(loader, mark);
    }
}

/* One input of a target that is not created yet: a value or a list of values. */
static void read_input(struct config_loader *loader, struct yaml_node *value, struct new_input *input) {
    static const struct config_key list_key = {.type = TYPE_TEXTS}, text_key = {.type = TYPE_TEXT};
    if (value->kind == YAML_LIST) {
        struct string_list list = {0};
        if (value->count == 0)
            config_complain(loader, value->place, "is an empty list; must be a value or a list of values");
        else if (parse_list(loader, &list_key, value, NULL, &list))
            *input = (struct new_input){input->key, list.items, list.count};
        return;
    }
    const char *text = config_text(loader, &text_key, value);
    if (!text)
        return;
    input->values = arena_alloc(loader->config->arena, sizeof(char *));
    input->values[0] = keep(loader, text);
    input->value_count = 1;
}

void config_parse_inputs(struct config_loader *loader, const struct config_key *key, struct yaml_node *node,
                         void *target) {
    struct target_item *item = target;
    if (!is_map(loader, key, node))
        return;
    if (node->count == 0)
        config_complain(loader, node->place, "is empty; must be %s", config_type_expects(key->type));
    item->inputs = arena_alloc(loader->config->arena, node->count * sizeof(*item->inputs));
    for (size_t i = 0; i < node->count; i++) {
        size_t mark = config_enter(loader, node->keys[i]->text);
        struct new_input *input = &item->inputs[item->input_count];
        input->key = keep(loader, node->keys[i]->text);
        if (first_of_its_name(loader, node, i, false)) {
            read_input(loader, node->items[i], input);
            item->input_count++;
        }
        config_leave(loader, mark);
    }
}
