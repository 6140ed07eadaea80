/* What the program knows of itself, as JSON: the manual pages, the completions and the configuration's schema
 * are made from it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/timespan.h"
#include "cli/command.h"
#include "core/config_keys.h"
#include "core/config_schema.h"

enum { DESCRIPTION_MAX = 1 << 20 };

/* An end of a key's range as one would write it. */
static void format_bound(const struct config_key *key, int64_t bound, char ret[static TIMESPAN_TEXT_MAX]) {
    switch (key->type) {
    case TYPE_DURATION:
    case TYPE_EVERY:
    case TYPE_REPEAT:
    case TYPE_KEPT:
        if (bound % USEC_PER_DAY == 0 && bound > 0)
            snprintf(ret, TIMESPAN_TEXT_MAX, "%" PRId64 "d", bound / USEC_PER_DAY);
        else
            timespan_format(bound, ret);
        break;
    case TYPE_SIZE:
        size_format((size_t)bound, ret);
        break;
    case TYPE_PERCENT:
        snprintf(ret, TIMESPAN_TEXT_MAX, "%" PRId64 "%%", bound / 10000);
        break;
    default:
        snprintf(ret, TIMESPAN_TEXT_MAX, "%" PRId64, bound);
    }
}

static void write_key(struct json_writer *writer, const struct config_key *key) {
    json_open(writer, NULL, '{');
    json_write_text(writer, "section", config_section_path(key->section));
    json_write_text(writer, "name", key->name);
    json_write_text(writer, "expects", config_type_expects(key->type));
    json_write_text(writer, "words", key->words);
    json_write_text(writer, "default", key->fallback);
    json_write_flag(writer, "required", key->required);
    json_write_flag(writer, "names_section", key->type == TYPE_SECTION);
    json_write_text(writer, "help", key->help);
    bool text = key->type == TYPE_TEXT || key->type == TYPE_NAME; /* their most is a length */
    if (key->most > 0 && !text) {
        char bound[TIMESPAN_TEXT_MAX];
        format_bound(key, key->least, bound);
        json_write_text(writer, "least", bound);
        format_bound(key, key->most, bound);
        json_write_text(writer, "most", bound);
    }
    json_close(writer, '}');
}

static void write_options(struct json_writer *writer, const char *name, const struct option_row *rows) {
    json_open(writer, name, '[');
    for (; rows && rows->name; rows++) {
        json_open(writer, NULL, '{');
        json_write_text(writer, "name", rows->name);
        json_write_flag(writer, "takes_value", rows->takes_value);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

static void write_command(struct json_writer *writer, const struct command *command) {
    json_open(writer, NULL, '{');
    json_write_text(writer, "name", command->name);
    json_write_text(writer, "arguments", command->arguments);
    json_write_text(writer, "summary", command->summary);
    json_write_text(writer, "details", command->details);
    write_options(writer, "options", command->options);
    json_close(writer, '}');
}

static void write_all(struct json_writer *writer) {
    json_open(writer, NULL, '{');
    json_write_text(writer, "version", SCHEMASYNCD_VERSION);
    write_options(writer, "options", command_global_options());
    json_open(writer, "commands", '[');
    const struct command *command;
    for (size_t i = 0; (command = command_listed(i)); i++)
        if (!command->hidden)
            write_command(writer, command);
    json_close(writer, ']');
    json_open(writer, "keys", '[');
    for (size_t i = 0; i < config_key_count; i++)
        write_key(writer, &config_keys[i]);
    json_close(writer, ']');
    json_close(writer, '}');
}

static int print(void (*write)(struct json_writer *writer)) {
    struct buffer buffer;
    buffer_init(&buffer, DESCRIPTION_MAX);
    struct json_writer writer = {.buffer = &buffer};
    write(&writer);
    if (!writer.full)
        puts(buffer_text(&buffer));
    buffer_done(&buffer);
    return writer.full ? EXIT_BUG : EXIT_DONE;
}

static int run(const struct globals *globals, int argc, char **argv) {
    (void)globals;
    struct options options = {.argc = argc, .argv = argv, .rows = (const struct option_row[]){{0}}};
    if (command_next_option(&cmd_describe, &options) != OPTION_END)
        return EXIT_WRONG_USAGE;
    const char *part = argc - options.first_word == 1 ? argv[options.first_word] : "";
    if (strcmp(part, "program") == 0)
        return print(write_all);
    if (strcmp(part, "config-schema") == 0)
        return print(config_schema_write);
    return command_usage_error(&cmd_describe, "program or config-schema is needed");
}

const struct command cmd_describe = {
    .name = "describe",
    .arguments = "program|config-schema",
    .summary = "What the program knows of itself, as JSON, for those who work on schemasyncd",
    .details =
        "docs/generate makes the manual pages, the completions and config/schemasyncd.schema.json from it.\n"
        "\n"
        "Example:\n"
        "  schemasyncd describe program | jq -r '.commands[].name'\n",
    .run = run,
    .hidden = true,
};
