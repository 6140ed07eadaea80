#include "core/config_schema.h"

#include <string.h>

#include "base/macros.h"
#include "core/config_keys.h"
#include "core/rules.h"

#define WORD     "\"type\":[\"string\",\"number\",\"boolean\"]"
#define WORDS    "\"type\":\"array\",\"items\":{" WORD "}"
#define DURATION "^([0-9]+(d|h|m|s|ms|us))+$"
#define SECRET   "{\"$ref\":\"#/$defs/secret\"}"

/* What a value of a type may be, as members of its schema; of the types that hold keys nothing. */
/* clang-format off */
static const char *const type_members[TYPE_KINDS_COUNT] = {
    [TYPE_TEXT] = WORD,
    [TYPE_NAME] = WORD ",\"pattern\":\"^[^-:][^:]*$\"",
    [TYPE_TARGET_ID] = WORD,
    [TYPE_UUID] = "\"type\":\"string\",\"pattern\":\"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$\"",
    [TYPE_URL] = "\"type\":\"string\",\"pattern\":\"^[A-Za-z][A-Za-z0-9]*://\"",
    [TYPE_PATH] = "\"type\":\"string\",\"minLength\":1",
    [TYPE_DAY] = "\"type\":\"string\",\"pattern\":\"^[0-9]{4}-[0-9]{2}-[0-9]{2}$\"",
    [TYPE_LISTEN] = "\"type\":\"string\",\"pattern\":\":[0-9]{1,5}$\"",
    [TYPE_BOOL] = "\"type\":\"boolean\"",
    [TYPE_TRUE] = "\"const\":true",
    [TYPE_COUNT] = "\"type\":\"integer\"",
    [TYPE_DURATION] = "\"type\":\"string\",\"pattern\":\"" DURATION "\"",
    [TYPE_EVERY] = "\"type\":\"string\",\"pattern\":\"" DURATION "\"",
    [TYPE_CRON] = "\"type\":\"string\",\"pattern\":\"^\\\\s*\\\\S+(\\\\s+\\\\S+){4}\\\\s*$\"",
    [TYPE_REPEAT] = "\"type\":\"string\",\"pattern\":\"^never$|" DURATION "\"",
    [TYPE_KEPT] = "\"type\":\"string\",\"pattern\":\"^forever$|" DURATION "\"",
    [TYPE_UNTIL] = "\"type\":\"string\",\"pattern\":\"^[0-9]{4}-[0-9]{2}-[0-9]{2}\"",
    [TYPE_SIZE] = "\"type\":[\"string\",\"integer\"],\"pattern\":\"^[0-9]+(B|KiB|MiB|GiB)?$\"",
    [TYPE_RATE] = "\"type\":[\"string\",\"number\"],\"pattern\":\"^[0-9]+([.][0-9]+)?(/s)?$\"",
    [TYPE_PERCENT] = "\"type\":\"string\",\"pattern\":\"^[0-9]+([.][0-9]+)?%$\"",
    [TYPE_SECRET] = "\"$ref\":\"#/$defs/secret\"",
    [TYPE_SECRET_OR_TEXT] = "\"anyOf\":[{" WORD "}," SECRET "]",
    [TYPE_SECRETS] = "\"anyOf\":[" SECRET ",{\"type\":\"array\",\"minItems\":1,\"maxItems\":8,\"items\":" SECRET "}]",
    [TYPE_TEXTS] = WORDS,
    [TYPE_COMMAND] = WORDS ",\"minItems\":1",
    [TYPE_EVENT_GLOBS] = WORDS ",\"minItems\":1",
    [TYPE_KIND_GLOBS] = WORDS ",\"minItems\":1",
    [TYPE_RULE_GLOBS] = WORDS ",\"minItems\":1",
    [TYPE_HEADERS] = "\"type\":[\"object\",\"null\"],\"additionalProperties\":{" WORD "}",
    [TYPE_INPUTS] = "\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":{\"anyOf\":[{" WORD "},{" WORDS ",\"minItems\":1}]}",
    [TYPE_INCLUDE] = "\"type\":\"string\",\"minLength\":1",
};

/* What must hold between the keys of a section. */
static const char *const section_members[SECTION_COUNT] = {
    [SECTION_AUTH] = "\"oneOf\":[{\"required\":[\"bearer\"]},{\"required\":[\"basic\"]}]",
    [SECTION_RHYTHM] = "\"not\":{\"required\":[\"every\",\"cron\"]}",
    /* NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one text in two lines */
    [SECTION_TARGET] = "\"oneOf\":[{\"required\":[\"id\"]},{\"required\":[\"include\"]},{\"required\":[\"synced\"]},{\"required\":[\"new\"]}],"
                       "\"dependentRequired\":{\"exclude\":[\"include\"],\"label\":[\"new\"],\"new\":[\"label\"]}",
    [SECTION_ALERT] = "\"oneOf\":[{\"required\":[\"webhook\"]},{\"required\":[\"slack\"]},{\"required\":[\"pagerduty\"]},{\"required\":[\"exec\"]}]",
};

/* The sections whose keys stand in one map: of the types that have such a map. Ends with SECTION_COUNT. */
static const enum config_section type_sections[TYPE_KINDS_COUNT][4] = {
    [TYPE_SCHEDULE] = {SECTION_RHYTHM, SECTION_SCHEDULE, SECTION_COUNT},
    [TYPE_CONNECTION_API] = {SECTION_API, SECTION_COUNT},
    [TYPE_CONNECTIONS] = {SECTION_CONNECTION, SECTION_RHYTHM, SECTION_SCHEDULE, SECTION_COUNT},
    [TYPE_TARGETS] = {SECTION_TARGET, SECTION_RHYTHM, SECTION_COUNT},
    [TYPE_ALERTS] = {SECTION_ALERT, SECTION_COUNT},
    [TYPE_MUTES] = {SECTION_MUTE, SECTION_COUNT},
};

static const char secret_definition[] =
    "{\"description\":\"where a secret is found\",\"type\":\"object\",\"minProperties\":1,\"maxProperties\":1,\"additionalProperties\":false,"
    "\"properties\":{"
    "\"credential\":{\"description\":\"a file of that name in $CREDENTIALS_DIRECTORY (systemd: LoadCredential=)\",\"type\":[\"string\",\"number\"]},"
    "\"file\":{\"description\":\"a file; a relative path begins at the configuration's directory\",\"type\":\"string\",\"minLength\":1},"
    "\"env\":{\"description\":\"an environment variable\",\"type\":\"string\",\"pattern\":\"^[A-Za-z_][A-Za-z_0-9]*$\"}}}";
/* clang-format on */

static void write_key(struct json_writer *writer, const struct config_key *key);

/* "a|b|c" as an enum. */
static void write_words(struct json_writer *writer, const char *words) {
    json_open(writer, "enum", '[');
    while (*words != '\0') {
        char word[32] = "";
        size_t length = strcspn(words, "|");
        memcpy(word, words, MIN(length, sizeof(word) - 1));
        json_write_text(writer, NULL, word);
        words += length + (words[length] == '|');
    }
    json_close(writer, ']');
}

static bool has_required(enum config_section section) {
    for (size_t i = 0; i < config_key_count; i++)
        if (config_keys[i].section == section && config_keys[i].required)
            return true;
    return false;
}

/* At most one of the sections of a map has required keys, and at most two have something that must hold. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table of keys */
static void write_map(struct json_writer *writer, const enum config_section *sections) {
    bool strict = false;
    json_open(writer, "properties", '{');
    for (const enum config_section *section = sections; *section != SECTION_COUNT; section++) {
        strict = strict || has_required(*section) || *section == SECTION_AUTH || *section == SECTION_TARGET;
        for (size_t i = 0; i < config_key_count; i++)
            if (config_keys[i].section == *section)
                write_key(writer, &config_keys[i]);
    }
    json_close(writer, '}');
    /* all its lines may be comments, where it needs none */
    json_write_raw(writer, "type", strict ? "\"object\"" : "[\"object\",\"null\"]");
    json_write_flag(writer, "additionalProperties", false);
    for (const enum config_section *section = sections; *section != SECTION_COUNT; section++) {
        if (section_members[*section])
            json_write_raw(writer, NULL, section_members[*section]);
        if (!has_required(*section))
            continue;
        json_open(writer, "required", '[');
        for (size_t i = 0; i < config_key_count; i++)
            if (config_keys[i].section == *section && config_keys[i].required)
                json_write_text(writer, NULL, config_keys[i].name);
        json_close(writer, ']');
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table of keys */
static void write_list(struct json_writer *writer, const struct config_key *key) {
    bool optional = key->type == TYPE_ALERTS || key->type == TYPE_MUTES;
    json_write_raw(writer, "type", optional ? "[\"array\",\"null\"]" : "\"array\"");
    json_open(writer, "items", '{');
    if (key->type == TYPE_TARGETS) { /* the id alone may stand for the whole item */
        json_open(writer, "anyOf", '[');
        json_write_raw(writer, NULL, "{" WORD "}");
        json_open(writer, NULL, '{');
    }
    write_map(writer, type_sections[key->type]);
    if (key->type == TYPE_TARGETS) {
        json_close(writer, '}');
        json_close(writer, ']');
    }
    json_close(writer, '}');
}

static void write_rules(struct json_writer *writer) {
    json_write_raw(writer, "type", "[\"object\",\"null\"]");
    json_open(writer, "propertyNames", '{');
    json_open(writer, "enum", '[');
    for (size_t i = 0; rule_ids[i]; i++)
        json_write_text(writer, NULL, rule_ids[i]);
    json_close(writer, ']');
    json_close(writer, '}');
    json_open(writer, "additionalProperties", '{');
    write_words(writer, "breaking|warning|info|ignore");
    json_close(writer, '}');
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table of keys */
static void write_value(struct json_writer *writer, const struct config_key *key) {
    const enum config_section inner[] = {key->inner, SECTION_COUNT};
    switch (key->type) {
    case TYPE_SECTION:
        write_map(writer, inner);
        break;
    case TYPE_SCHEDULE:
    case TYPE_CONNECTION_API:
        write_map(writer, type_sections[key->type]);
        break;
    case TYPE_CONNECTIONS:
    case TYPE_TARGETS:
    case TYPE_ALERTS:
    case TYPE_MUTES:
        write_list(writer, key);
        break;
    case TYPE_RULES:
        write_rules(writer);
        break;
    default:
        if (key->words)
            write_words(writer, key->words);
        else
            json_write_raw(writer, NULL, type_members[key->type]);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the table of keys */
static void write_key(struct json_writer *writer, const struct config_key *key) {
    json_open(writer, key->name, '{');
    json_write_text(writer, "description", key->help);
    if (key->fallback && key->fallback[0] != '\0') {
        bool bare = key->type == TYPE_COUNT || key->type == TYPE_BOOL;
        (bare ? json_write_raw : json_write_text)(writer, "default", key->fallback);
    }
    if (key->type == TYPE_COUNT) {
        json_write_number(writer, "minimum", key->least);
        json_write_number(writer, "maximum", key->most);
    }
    write_value(writer, key);
    json_close(writer, '}');
}

void config_schema_write(struct json_writer *writer) {
    static const enum config_section top[] = {SECTION_TOP, SECTION_COUNT};
    json_open(writer, NULL, '{');
    json_write_text(writer, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_write_text(writer, "title", "schemasyncd.yaml");
    json_write_text(
        writer, "description",
        "The configuration of schemasyncd, and the files that it includes; see schemasyncd.yaml(5)");
    write_map(writer, top);
    json_open(writer, "$defs", '{');
    json_write_raw(writer, "secret", secret_definition);
    json_close(writer, '}');
    json_close(writer, '}');
}
