#include "core/slack.h"

#include <inttypes.h>
#include <string.h>

#include "core/event_text.h"
#include "core/json_writer.h"
#include "core/slack_text.h"

/* For people who read on a phone; and such that all but the changes fits whatever it holds. */
enum {
    CHANGES_MAX = 10,
    TARGETS_MAX = 8,
    NAMES_MAX = 4, /* syncs of a change; connections */
    NAME_BYTES = 80,
    STATE_BYTES = 20,
    VALUE_BYTES = 160, /* of an old or a new value */
    ERROR_BYTES = 100,
    SUMMARY_BYTES = 700,
    COMMAND_BYTES = 400,
    LINK_BYTES = 1200,
    SPACE_FOR_MORE = 200, /* the block "and N more" */
};

/* A text under way; what does not fit its maximum is noticed at the end. */
struct text {
    struct buffer buffer;
    bool full;
};

static void text_done(struct text *text) {
    buffer_done(&text->buffer);
}

static struct text text_new(size_t maximum) {
    struct text text = {.full = false};
    buffer_init(&text.buffer, maximum);
    return text;
}

static void add(struct text *text, const char *own) {
    text->full = !buffer_append_text(&text->buffer, own) || text->full;
}

static void add_count(struct text *text, const char *before, int64_t count, const char *after) {
    text->full = !buffer_append_format(&text->buffer, "%s%" PRId64 "%s", before, count, after) || text->full;
}

static void add_plain(struct text *text, const char *foreign, size_t limit) {
    text->full = !slack_plain(&text->buffer, foreign, limit) || text->full;
}

static void add_code(struct text *text, const char *before, const char *foreign, size_t limit) {
    add(text, before);
    text->full = !slack_code(&text->buffer, foreign, limit) || text->full;
}

/* A text object. Links and mentions that stand in it as plain words stay such: verbatim, and no emoji. */
static void write_text(struct json_writer *writer, const char *name, const char *type, const char *text) {
    json_open(writer, name, '{');
    json_write_text(writer, "type", type);
    json_write_text(writer, "text", text);
    json_write_flag(writer, strcmp(type, "mrkdwn") == 0 ? "verbatim" : "emoji", strcmp(type, "mrkdwn") == 0);
    json_close(writer, '}');
}

static void write_section(struct json_writer *writer, const char *type, const struct text *text) {
    if (text->full || text->buffer.length == 0)
        return;
    json_open(writer, NULL, '{');
    json_write_text(writer, "type", "section");
    write_text(writer, "text", type, buffer_text(&text->buffer));
    json_close(writer, '}');
}

static const char *mark_of(const struct event *event) {
    static const char *const marks[SEVERITY_COUNT] = {"🔵", "🟠", "🔴"};
    bool over = event->type == EVENT_SCHEMA_RESOLVED || event->type == EVENT_MIRROR_RECOVERED;
    return over ? "✅" : event->type == EVENT_ALERT_TEST ? "🔔" : marks[event->severity];
}

static void write_header(struct json_writer *writer, const struct event *event) {
    CLEANUP(text_done) struct text text = text_new(SLACK_HEADER_MAX);
    add(&text, mark_of(event));
    add(&text, " ");
    add_plain(&text, event_headline(event), SLACK_HEADER_MAX - text.buffer.length);
    json_open(writer, NULL, '{');
    json_write_text(writer, "type", "header");
    write_text(writer, "text", "plain_text", buffer_text(&text.buffer));
    json_close(writer, '}');
}

/* Changes that are shown need no sentence that says the same. */
static bool shows_changes(const struct event *event) {
    return event->type == EVENT_SCHEMA_DRIFT && event->change_count > 0;
}

static void write_summary(struct json_writer *writer, const struct event *event) {
    CLEANUP(text_done) struct text text = text_new(SLACK_SECTION_MAX);
    if (shows_changes(event))
        return;
    add_plain(&text, event->summary, SUMMARY_BYTES);
    write_section(writer, "plain_text", &text);
}

/* What a reader should know of how the incident goes on. */
static void write_notice(struct json_writer *writer, const struct event *event) {
    const struct event_incident *incident = event->incident;
    CLEANUP(text_done) struct text text = text_new(SLACK_SECTION_MAX);
    char opened[EVENT_MOMENT_MAX];
    if (!incident || !incident->open)
        return;
    event_moment(incident->opened_at, opened);
    if (incident->cause == INCIDENT_ACCESS_REDUCED)
        add(&text, "So many fields at once look like a permission lost, not like a schema changed.\n");
    if (event->reminder) {
        add(&text, "*Reminder:* open since ");
        add(&text, opened);
        add(&text, "\n");
    }
    if (incident->flapping)
        add(&text,
            "*Flapping:* it comes and goes. From now on only what is new or worse is told, and the end.");
    write_section(writer, "mrkdwn", &text);
}

static void add_names(struct text *text, const char *before, const struct event_name *names, size_t count) {
    add(text, before);
    for (size_t i = 0; i < MIN(count, (size_t)NAMES_MAX); i++)
        add_code(text, i > 0 ? ", " : "",
                 names[i].name ? names[i].name
                 : names[i].id ? names[i].id
                               : "(no name)",
                 NAME_BYTES);
    if (count > NAMES_MAX)
        add_count(text, " and ", (int64_t)(count - NAMES_MAX), " more");
}

static void add_values(struct text *text, const struct event_change *change) {
    add_code(text, "\n", change->old_value ? change->old_value : "null", VALUE_BYTES);
    add_code(text, " → ", change->new_value ? change->new_value : "null", VALUE_BYTES);
    if (change->truncated)
        add(text, " (cut)");
}

static bool has_values(enum change_kind kind) {
    return kind == CHANGE_TARGET_CHANGED || kind == CHANGE_MODE_CHANGED || kind == CHANGE_FIELD_CHANGED;
}

static struct text change_text(const struct event_change *change) {
    struct text text = text_new(SLACK_SECTION_MAX);
    add(&text, "*");
    add(&text, event_change_words(change->kind));
    add(&text, "* · ");
    add(&text, severity_names[change->severity]);
    add_code(&text, "\n", change->target, NAME_BYTES);
    if (change->field)
        add_code(&text, " › ", change->field, NAME_BYTES);
    if (change->attribute)
        add_code(&text, " › ", change->attribute, NAME_BYTES);
    if (has_values(change->kind))
        add_values(&text, change);
    if (change->sync_count > 0)
        add_names(&text, change->severity == SEVERITY_BREAKING ? "\nBreaks " : "\nUsed by ", change->syncs,
                  change->sync_count);
    return text;
}

/* "and N more" of what is counted. */
static void write_more(struct json_writer *writer, int64_t count, const char *what) {
    CLEANUP(text_done) struct text text = text_new(SLACK_SECTION_MAX);
    if (count <= 0)
        return;
    add_count(&text, "_and ", count, " more ");
    add(&text, what);
    add(&text, count == 1 ? "_" : "s_");
    write_section(writer, "mrkdwn", &text);
}

/* As many changes as fit into `space` bytes of the body, the first ones: they are the most severe. */
static void write_changes(struct json_writer *writer, const struct event *event, size_t space) {
    struct buffer *body = writer->buffer;
    size_t shown = 0, limit = body->length + space;
    if (!shows_changes(event))
        return;
    for (; shown < MIN(event->change_count, (size_t)CHANGES_MAX); shown++) {
        CLEANUP(text_done) struct text text = change_text(&event->changes[shown]);
        size_t before = body->length;
        write_section(writer, "mrkdwn", &text);
        if (body->length > limit) {
            body->length = before;
            body->data[before] = '\0';
            break;
        }
    }
    write_more(writer, event->changes_total - (int64_t)shown, "change");
}

static void write_targets(struct json_writer *writer, const struct event *event) {
    size_t shown = MIN(event->target_count, (size_t)TARGETS_MAX);
    CLEANUP(text_done) struct text text = text_new(SLACK_SECTION_MAX);
    for (size_t i = 0; i < shown; i++) {
        const struct event_target *target = &event->targets[i];
        add_code(&text, i > 0 ? "\n" : "", target->id, NAME_BYTES);
        if (target->state)
            add_code(&text, " ", target->state, STATE_BYTES);
        if (target->error)
            add_code(&text, " ", target->error, ERROR_BYTES);
    }
    write_section(writer, "mrkdwn", &text);
    write_more(writer, event->targets_total - (int64_t)shown, "target");
}

static void write_connections(struct json_writer *writer, const struct event *event) {
    CLEANUP(text_done) struct text text = text_new(SLACK_SECTION_MAX);
    if (event->connection_count == 0)
        return;
    add_names(&text, "Connections: ", event->connections, event->connection_count);
    write_section(writer, "mrkdwn", &text);
}

/* A command that is cut would be another one: one that does not fit is left out. */
static void write_commands(struct json_writer *writer, const struct event *event) {
    struct event_command commands[EVENT_COMMANDS_MAX];
    size_t count = event_commands(event, commands);
    CLEANUP(text_done) struct text text = text_new(SLACK_SECTION_MAX);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(text_done) struct text line = text_new(COMMAND_BYTES);
        add(&line, text.buffer.length > 0 ? "\n*" : "*");
        add(&line, commands[i].label);
        add_code(&line, ":* ", commands[i].command, SLACK_SECTION_MAX);
        if (!line.full)
            add(&text, buffer_text(&line.buffer));
    }
    write_section(writer, "mrkdwn", &text);
}

static void write_link(struct json_writer *writer, const struct event *event) {
    CLEANUP(text_done) struct text text = text_new(LINK_BYTES);
    if (!event->url)
        return;
    text.full = !slack_link(&text.buffer, event->url, "Open the report");
    write_section(writer, "mrkdwn", &text);
}

/* Small print: what it was, when, and the ids to look for. */
static void write_context(struct json_writer *writer, const struct event *event) {
    const struct event_incident *incident = event->incident;
    CLEANUP(text_done) struct text text = text_new(SLACK_SECTION_MAX);
    char moment[EVENT_MOMENT_MAX];
    event_moment(event->timestamp, moment);
    add(&text, event_type_names[event->type]);
    add(&text, " · ");
    add(&text, moment);
    if (incident) {
        add(&text, " · incident ");
        add(&text, incident->id);
    }
    if (event->run_id) {
        add(&text, " · run ");
        add(&text, event->run_id);
    }
    json_open(writer, NULL, '{');
    json_write_text(writer, "type", "context");
    json_open(writer, "elements", '[');
    write_text(writer, NULL, "plain_text", buffer_text(&text.buffer));
    json_close(writer, ']');
    json_close(writer, '}');
}

/* What a notification shows, and a screen reader reads: the summary, without formatting. */
static void write_fallback(struct json_writer *writer, const struct event *event) {
    CLEANUP(text_done) struct text text = text_new(SLACK_SECTION_MAX);
    add(&text, mark_of(event));
    add(&text, " ");
    add_plain(&text, *event->summary ? event->summary : event_headline(event), SUMMARY_BYTES);
    json_write_text(writer, "text", buffer_text(&text.buffer));
    json_write_flag(writer, "mrkdwn", false);
    json_write_flag(writer, "unfurl_links", false);
    json_write_flag(writer, "unfurl_media", false);
}

/* What stands below the changes: written first, so that they get the space that it leaves. */
static void write_below(struct json_writer *writer, const struct event *event) {
    write_connections(writer, event);
    write_commands(writer, event);
    write_link(writer, event);
    write_context(writer, event);
}

bool slack_body(const struct event *event, struct buffer *buffer) {
    CLEANUP(buffer_done) struct buffer body, below;
    buffer_init(&body, (size_t)SLACK_BODY_MAX * 2); /* a change that does not fit is taken back */
    buffer_init(&below, SLACK_BODY_MAX);
    struct json_writer writer = {.buffer = &body}, foot = {.buffer = &below};
    write_below(&foot, event);
    json_open(&writer, NULL, '{');
    write_fallback(&writer, event);
    json_open(&writer, "blocks", '[');
    write_header(&writer, event);
    write_summary(&writer, event);
    write_notice(&writer, event);
    write_targets(&writer, event);
    size_t taken = body.length + below.length + SPACE_FOR_MORE;
    write_changes(&writer, event, taken < SLACK_BODY_MAX ? SLACK_BODY_MAX - taken : 0);
    json_write_raw(&writer, NULL, buffer_text(&below));
    json_close(&writer, ']');
    json_close(&writer, '}');
    return !writer.full && !foot.full && body.length <= SLACK_BODY_MAX &&
           buffer_append(buffer, body.data, body.length);
}
