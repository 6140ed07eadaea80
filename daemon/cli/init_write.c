#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "cli/init.h"
#include "core/config_keys.h"
#include "core/yaml_write.h"

/* NAME_BYTES: the configuration's limit is 100; a number may come behind. TARGETS_MAX: more than that are
 * left to `synced`, or the file would be larger than what is read. */
enum {
    NAME_BYTES = 90,
    COMMENT_BYTES = 100,
    TEXT_BYTES = 64 * 1024,
    ID_BYTES = 1000,
    TARGETS_MAX = 2000,
    SYNCS_SHOWN = 3,
    VALUES_SHOWN = 20
};

struct writer {
    FILE *out;
    const struct init_found *found;
    char **names;     /* that have been given, in the connections' order; NULL: left out */
    const char *mark; /* in front of each line: "#" of what is commented out */
};

/* Text of the upstream as a scalar, or within a comment. What does not fit is left out: nothing written here
 * is that long. */
static void put_scalar(struct writer *writer, const char *text) {
    struct buffer buffer;
    buffer_init(&buffer, TEXT_BYTES);
    fputs(yaml_put_scalar(&buffer, text) ? buffer_text(&buffer) : "\"\"", writer->out);
    buffer_done(&buffer);
}

static void put_comment(struct writer *writer, const char *text) {
    struct buffer buffer;
    buffer_init(&buffer, TEXT_BYTES);
    fputs(yaml_put_comment(&buffer, text, COMMENT_BYTES) ? buffer_text(&buffer) : "", writer->out);
    buffer_done(&buffer);
}

static void begin_line(struct writer *writer, const char *indent) {
    fprintf(writer->out, "%s%s", writer->mark, indent);
}

/* The top */

static void write_secret(struct writer *writer, const struct secret *secret) {
    fprintf(writer->out, "{%s: ", secret->kind == SECRET_ENV ? "env" : "file");
    put_scalar(writer, secret->value);
    fputs("}", writer->out);
}

static void write_api(struct writer *writer, const struct config_api *api) {
    FILE *out = writer->out;
    fputs(
        "# A configuration of schemasyncd, made by 'schemasyncd init' from what the API key sees. Look through it, then run\n"
        "# 'schemasyncd --config FILE check --online'. Every other key there is stands in the example that came with the program.\n"
        "\napi:\n",
        out);
    if (strcmp(api->base_url, config_key_find(SECTION_API, "base_url")->fallback) != 0) {
        fputs("  base_url: ", out);
        put_scalar(writer, api->base_url);
        fputc('\n', out);
    }
    if (api->ca_file) {
        fputs("  ca_file: ", out);
        put_scalar(writer, api->ca_file);
        fputc('\n', out);
    }
    fputs(
        "  auth:\n    # Also {credential: NAME} with systemd's LoadCredential=, {file: PATH} or {env: NAME}.\n    ",
        out);
    if (api->auth == AUTH_BASIC) {
        fputs("basic: {user: ", out);
        put_scalar(writer, api->user.value);
        fputs(", password: ", out);
        write_secret(writer, &api->password);
        fputs("}\n", out);
    } else {
        fputs("bearer: ", out);
        write_secret(writer, &api->bearer);
        fputc('\n', out);
    }
    fputs("\n# The mirror's PostgreSQL database. Without this the PG* variables say where it is.\n"
          "#database:\n"
          "#  conninfo: dbname=schemasync\n"
          "\nschedule:\n"
          "  every: 1h\n"
          "\n# What to mirror. Of a connection's targets, the first item that names one counts.\n"
          "connections:\n",
          out);
}

/* Names */

static bool is_taken(const struct writer *writer, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (writer->names[i] && strcmp(writer->names[i], name) == 0)
            return true;
    return false;
}

/* The upstream's name as far as the configuration takes it, with a number where it is not unique. */
static char *make_name(const struct writer *writer, size_t index) {
    const struct api_connection *it = writer->found->connections[index].it;
    struct buffer buffer;
    buffer_init(&buffer, TEXT_BYTES);
    if (!yaml_put_name(&buffer, it->name ? it->name : "", NAME_BYTES) || buffer.length == 0)
        if (!yaml_put_name(&buffer, it->type ? it->type : "", NAME_BYTES) || buffer.length == 0)
            if (!buffer_append_text(&buffer, "connection"))
                return NULL;
    CLEANUP(cleanup_free) char *base = buffer_take(&buffer);
    char *name = alloc_strdup(base);
    for (size_t number = 2; is_taken(writer, index, name); number++) {
        free(name);
        name = alloc_printf("%s-%zu", base, number);
    }
    return name;
}

/* 8-4-4-4-12 hexadecimal digits, which no earlier connection has. */
static bool can_be_configured(const struct writer *writer, size_t index) {
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    const char *id = writer->found->connections[index].it->id;
    if (!id)
        return false;
    for (size_t i = 0; i < sizeof(form); i++)
        if (form[i] == 'x' ? !isxdigit((unsigned char)id[i]) : id[i] != form[i])
            return false;
    for (size_t i = 0; i < index; i++)
        if (writer->names[i] && strcasecmp(writer->found->connections[i].it->id, id) == 0)
            return false;
    return true;
}

/* Targets */

/* Whether the configuration can name it. */
static bool is_nameable(const char *id) {
    size_t length = strlen(id);
    if (length == 0 || length > ID_BYTES || strncmp(id, "new:", 4) == 0)
        return false;
    for (const unsigned char *c = (const unsigned char *)id; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            return false;
    return true;
}

/* "# Accounts from billing, Contacts and 3 more": the syncs of one target. */
static void write_sync_names(struct writer *writer, const struct sync *const *syncs, size_t count) {
    fputs(" # ", writer->out);
    for (size_t i = 0; i < count && i < SYNCS_SHOWN; i++) {
        fputs(i > 0 ? ", " : "", writer->out);
        put_comment(writer, syncs[i]->name);
        if (!syncs[i]->active)
            fputs(" (not active)", writer->out);
    }
    if (count > SYNCS_SHOWN)
        fprintf(writer->out, " and %zu more", count - SYNCS_SHOWN);
}

/* How many of the syncs from `first` on write to the same target. */
static size_t same_target(const struct init_connection *connection, size_t first) {
    size_t count = 1;
    while (first + count < connection->sync_count &&
           strcmp(connection->syncs[first]->target_id, connection->syncs[first + count]->target_id) == 0)
        count++;
    return count;
}

/* The syncs that name a target stand behind those that do not. */
static size_t first_with_target(const struct init_connection *connection) {
    size_t first = 0;
    while (first < connection->sync_count && !connection->syncs[first]->target_id)
        first++;
    return first;
}

static size_t count_targets(const struct init_connection *connection) {
    size_t count = 0;
    for (size_t i = first_with_target(connection); i < connection->sync_count;
         i += same_target(connection, i))
        count++;
    return count;
}

static void write_targets(struct writer *writer, const struct init_connection *connection) {
    bool each = count_targets(connection) <= TARGETS_MAX;
    for (size_t i = first_with_target(connection), count; each && i < connection->sync_count; i += count) {
        count = same_target(connection, i);
        const char *id = connection->syncs[i]->target_id;
        begin_line(writer, "      ");
        if (is_nameable(id)) {
            fputs("- ", writer->out);
            put_scalar(writer, id);
        } else {
            fputs("# \"synced\" takes it in, its id cannot stand here: ", writer->out);
            put_comment(writer, id);
        }
        write_sync_names(writer, &connection->syncs[i], count);
        fputc('\n', writer->out);
    }
    begin_line(writer, "      ");
    fprintf(writer->out, "- {synced: true} # %s\n",
            connection->sync_count > 0 ? "and what else a sync comes to write to"
                                       : "what a sync comes to write to");
}

/* Targets that are not created yet */

static void write_input(struct writer *writer, const struct api_creation_property *property) {
    begin_line(writer, "      #   ");
    put_scalar(writer, property->id);
    if (property->title) {
        fputs(" (", writer->out);
        put_comment(writer, property->title);
        fputs(")", writer->out);
    }
    fputs(property->value_count > 0 ? ": one of "
          : property->is_enum       ? ": its values are not said"
                                    : ": any text",
          writer->out);
    for (size_t i = 0; i < property->value_count && i < VALUES_SHOWN; i++) {
        fputs(i > 0 ? ", " : "", writer->out);
        put_scalar(writer, property->values[i]);
    }
    if (property->value_count > VALUES_SHOWN)
        fprintf(writer->out, " and %zu more", property->value_count - VALUES_SHOWN);
    fputc('\n', writer->out);
}

/* The item to take the mark away from; some value of each input, or a word for one. */
static void write_example(struct writer *writer, const struct api_target_list *list) {
    begin_line(writer, "      #- {new: {");
    bool first = true;
    for (size_t i = 0; i < list->creation_count; i++) {
        const struct api_creation_property *property = &list->creation[i];
        if (!property->id)
            continue;
        fputs(first ? "" : ", ", writer->out);
        put_scalar(writer, property->id);
        fputs(": ", writer->out);
        put_scalar(writer, property->value_count > 0 ? property->values[0] : "some text");
        first = false;
    }
    fputs("}, label: my-new-target}\n", writer->out);
}

static void write_new_targets(struct writer *writer, const struct init_connection *connection) {
    const struct api_target_list *list = &connection->list;
    for (size_t i = 0; i < connection->sync_count && !connection->syncs[i]->target_id; i++) {
        begin_line(writer, "      # This sync creates its target itself: ");
        put_comment(writer, connection->syncs[i]->name);
        fputc('\n', writer->out);
    }
    if (!connection->listed || !list->creation_supported || list->creation_count == 0)
        return;
    begin_line(
        writer,
        "      # Targets can be created here. One that is not yet is mirrored under a label; it needs\n");
    for (size_t i = 0; i < list->creation_count; i++)
        if (list->creation[i].id)
            write_input(writer, &list->creation[i]);
    write_example(writer, list);
}

/* Connections */

static void write_heading(struct writer *writer, const struct init_connection *connection, const char *name) {
    const struct api_connection *it = connection->it;
    begin_line(writer, "  # ");
    put_comment(writer, it->name && it->name[0] ? it->name : "(no name)");
    if (it->name && strcmp(it->name, name) != 0)
        fputs(" (its name upstream)", writer->out);
    fputs(", ", writer->out);
    put_comment(writer, it->type ? it->type : "of no type");
    fputs(": ", writer->out);
    put_comment(writer, it->status ? it->status : "of unknown health");
    if (connection->sync_count > 0) {
        size_t count = count_targets(connection);
        fprintf(writer->out, "; %zu sync%s write%s to %zu target%s", connection->sync_count,
                connection->sync_count == 1 ? "" : "s", connection->sync_count == 1 ? "s" : "", count,
                count == 1 ? "" : "s");
        if (connection->listed)
            fprintf(writer->out, ", of %zu", connection->list.target_count);
    }
    fputc('\n', writer->out);
    if (connection->sync_count > 0 && !connection->listed) {
        begin_line(writer, "  # Its targets cannot be listed: ");
        put_comment(writer, connection->failure.text);
        fputc('\n', writer->out);
    }
}

static void write_connection(struct writer *writer, size_t index) {
    const struct init_connection *connection = &writer->found->connections[index];
    write_heading(writer, connection, writer->names[index]);
    begin_line(writer, "  - name: ");
    put_scalar(writer, writer->names[index]);
    fputc('\n', writer->out);
    begin_line(writer, "    id: ");
    fprintf(writer->out, "%s\n", connection->it->id); /* it has been checked */
    begin_line(writer, "    targets:\n");
    write_targets(writer, connection);
    if (writer->mark[0] == '\0') {
        begin_line(writer, "      #- {include: \"*\"} # and all the rest that it lists\n");
        write_new_targets(writer, connection);
    }
}

/* First what counts, then, commented out, what no sync writes to: all of it counts where nothing else would.
 */
static void write_connections(struct writer *writer) {
    const struct init_found *found = writer->found;
    bool any = false;
    for (size_t i = 0; i < found->list.count; i++)
        any = any || (writer->names[i] && found->connections[i].sync_count > 0);
    if (!any)
        fputs(found->syncs_known ? "  # No sync writes anywhere yet.\n"
                                 : "  # What syncs write to is not known: they cannot be listed.\n",
              writer->out);
    for (size_t i = 0; i < found->list.count; i++)
        if (writer->names[i] && (!any || found->connections[i].sync_count > 0))
            write_connection(writer, i);
    bool told = false;
    writer->mark = "#";
    for (size_t i = 0; i < found->list.count; i++) {
        if (!writer->names[i] || !any || found->connections[i].sync_count > 0)
            continue;
        if (!told)
            fputs(
                "\n# No sync writes to what follows. Without the # in front it is mirrored too: name its targets, or {include: \"*\"}.\n",
                writer->out);
        told = true;
        write_connection(writer, i);
    }
    writer->mark = "";
}

bool init_write(FILE *out, const struct config_api *api, const struct init_found *found) {
    struct writer writer = {
        .out = out, .found = found, .mark = "", .names = alloc_zero(found->list.count + 1, sizeof(char *))};
    size_t count = 0;
    for (size_t i = 0; i < found->list.count; i++)
        if (can_be_configured(&writer, i)) {
            writer.names[i] = make_name(&writer, i);
            count += writer.names[i] != NULL;
        }
    if (count > 0) {
        write_api(&writer, api);
        write_connections(&writer);
    }
    for (size_t i = 0; i < found->list.count; i++)
        free(writer.names[i]);
    free(writer.names);
    return count > 0;
}
