#include "core/event_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SUBJECT_MAX = 90, WORD_MAX = 200, IDS_MAX = 10 };

static const char *keep(const struct event *event, const char *text) {
    return arena_strndup(event->arena, text, strlen(text));
}

static const char *say(const struct event *event, const char *format, ...) PRINTF_LIKE(2, 3);

static const char *say(const struct event *event, const char *format, ...) {
    va_list args;
    va_start(args, format);
    CLEANUP(cleanup_free) char *text = alloc_vprintf(format, args);
    va_end(args);
    return keep(event, text);
}

const char *event_subject(const struct event *event) {
    char name[SUBJECT_MAX];
    if (!event->connection.name)
        return "all connections";
    text_sanitize(event->connection.name, strlen(event->connection.name), name, sizeof(name));
    return keep(event, name);
}

const char *event_change_words(enum change_kind kind) {
    static const char *const words[CHANGE_KIND_COUNT] = {
        [CHANGE_TARGET_ADDED] = "Target added",     [CHANGE_TARGET_REMOVED] = "Target removed",
        [CHANGE_TARGET_CHANGED] = "Target changed", [CHANGE_MODE_ADDED] = "Mode added",
        [CHANGE_MODE_REMOVED] = "Mode removed",     [CHANGE_MODE_CHANGED] = "Mode changed",
        [CHANGE_FIELD_ADDED] = "Field added",       [CHANGE_FIELD_REMOVED] = "Field removed",
        [CHANGE_FIELD_CHANGED] = "Field changed",
    };
    return words[kind];
}

const char *event_ending(const struct event *event) {
    static const struct {
        const char *word, *words;
    } endings[] = {
        {"revert", "changed back"},
        {"recovery", "recovered by itself"},
        {"acknowledgement", "acknowledged"},
        {"accept", "accepted"},
        {"confirmed", "it lasted, and is taken as true"},
        {"unmanaged", "no longer in the configuration"},
    };
    const char *word = event->incident ? event->incident->resolved_by : NULL;
    for (size_t i = 0; word && i < ARRAY_LENGTH(endings); i++)
        if (strcmp(endings[i].word, word) == 0)
            return endings[i].words;
    return NULL;
}

static const char *counted(const struct event *event, int64_t count, const char *one) {
    return say(event, "%" PRId64 " %s%s", count, one, count == 1 ? "" : "s");
}

static const char *with_ending(const struct event *event, const char *words) {
    const char *ending = event_ending(event);
    return ending ? say(event, "%s: %s", words, ending) : words;
}

/* A failure is of the connection as a whole where no target is named. */
static const char *targets_that(const struct event *event, const char *verb, const char *without) {
    if (event->targets_total == 0)
        return without;
    return say(event, "%s %s", counted(event, event->targets_total, "target"), verb);
}

static const char *what_happened(const struct event *event) {
    bool reduced = event->incident && event->incident->cause == INCIDENT_ACCESS_REDUCED;
    const char *changes = counted(event, event->changes_total, "change");
    switch (event->type) {
    case EVENT_SCHEMA_DRIFT:
        return reduced ? say(event, "access reduced, %s", changes)
                       : say(event, "%s drift, %s", severity_names[event->severity], changes);
    case EVENT_SCHEMA_RESOLVED:
        return with_ending(event, reduced ? "access is back" : "drift is over");
    case EVENT_MIRROR_SUSPECT:
        return targets_that(event, "held back as a mass removal", "a mass removal is held back");
    case EVENT_MIRROR_FAILING:
        return targets_that(event, "cannot be read", "cannot be read");
    case EVENT_MIRROR_RECOVERED:
        return with_ending(event, "is well again");
    default:
        return "a test: alerts arrive here";
    }
}

const char *event_headline(const struct event *event) {
    const char *who = event->type == EVENT_ALERT_TEST ? "schemasyncd" : event_subject(event);
    bool flapping = event->incident && event->incident->flapping && event->incident->open;
    return say(event, "%s%s%s: %s", event->reminder ? "Still open: " : "", flapping ? "Flapping: " : "", who,
               what_happened(event));
}

static const char *same_target(const char *one, const char *other) {
    return one && strcmp(one, other) == 0 ? one : NULL;
}

const char *event_only_target(const struct event *event) {
    bool complete = event->changes_total == (int64_t)event->change_count &&
                    event->targets_total == (int64_t)event->target_count;
    if (!complete || event->change_count + event->target_count == 0)
        return NULL;
    const char *only = event->change_count > 0 ? event->changes[0].target : event->targets[0].id;
    for (size_t i = 0; only && i < event->change_count; i++)
        only = same_target(only, event->changes[i].target);
    for (size_t i = 0; only && i < event->target_count; i++)
        only = same_target(only, event->targets[i].id);
    return only;
}

void event_moment(usec_t time, char ret[static EVENT_MOMENT_MAX]) {
    char text[TIMESPAN_TEXT_MAX];
    rfc3339_format(time, text);
    if (strlen(text) < strlen("2026-01-31T12:00"))
        snprintf(ret, EVENT_MOMENT_MAX, "at an unknown time");
    else
        snprintf(ret, EVENT_MOMENT_MAX, "%.10s %.5s UTC", text, text + 11);
}

/* A word that must reach the shell as it is: what a display would change, or a command take for an option, is
 * none. NULL then, else the word, in quotes where the shell needs them. */
static const char *shell_word(const struct event *event, const char *word) {
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/@%+=,";
    char shown[WORD_MAX];
    if (!word || *word == '-' || strchr(word, '`') || strlen(word) >= sizeof(shown))
        return NULL;
    text_sanitize(word, strlen(word), shown, sizeof(shown));
    if (strcmp(shown, word) != 0)
        return NULL;
    if (*word && word[strspn(word, safe)] == '\0')
        return word;
    char *quoted = arena_alloc(event->arena, strlen(word) * 4 + 3), *end = stpcpy(quoted, "'");
    for (; *word; word++)
        if (*word == '\'')
            end = stpcpy(end, "'\\''");
        else
            *end++ = *word;
    stpcpy(end, "'");
    return quoted;
}

/* " --connection NAME", or nothing. */
static const char *option(const struct event *event, const char *name, const char *value) {
    const char *word = shell_word(event, value);
    return word ? say(event, " %s %s", name, word) : "";
}

static bool breaks_syncs(const struct event *event) {
    for (size_t i = 0; i < event->change_count; i++)
        if (event->changes[i].severity == SEVERITY_BREAKING && event->changes[i].sync_count > 0)
            return true;
    return false;
}

/* " 12 13", where that is all of them. */
static const char *change_ids(const struct event *event) {
    if (event->change_count == 0 || event->change_count > IDS_MAX ||
        event->changes_total != (int64_t)event->change_count)
        return "";
    const char *ids = "";
    for (size_t i = 0; i < event->change_count; i++)
        ids = say(event, "%s %" PRId64, ids, event->changes[i].id);
    return ids;
}

/* What the event tells of: its run; a reminder tells of all that is open. */
static const char *ack_command(const struct event *event) {
    const char *connection = option(event, "--connection", event->connection.name);
    const char *run = option(event, "--run", event->run_id);
    const char *what = event->reminder && *connection ? connection : *run ? run : change_ids(event);
    if (*what == '\0')
        what = connection;
    return *what ? say(event, "schemasyncd ack%s", what) : NULL;
}

static const char *drift_command(const struct event *event, const char *more) {
    return say(event, "schemasyncd drift%s%s%s", option(event, "--connection", event->connection.name),
               option(event, "--target", event_only_target(event)), more);
}

/* Since when? Only for a change that stands alone. */
static const char *history_command(const struct event *event) {
    const struct event_change *change = event->changes;
    if (event->changes_total != 1 || event->change_count != 1 || !change->field)
        return NULL;
    const char *connection = shell_word(event, event->connection.name),
               *target = shell_word(event, change->target), *field = shell_word(event, change->field);
    return connection && target && field
               ? say(event, "schemasyncd history %s %s %s", connection, target, field)
               : NULL;
}

static const char *accept_command(const struct event *event) {
    const char *connection = shell_word(event, event->connection.name),
               *target = shell_word(event, event_only_target(event));
    if (!connection)
        return NULL;
    return say(event, "schemasyncd accept %s%s%s", connection, target ? " " : "", target ? target : "");
}

size_t event_commands(const struct event *event, struct event_command ret[static EVENT_COMMANDS_MAX]) {
    bool drift = event->type == EVENT_SCHEMA_DRIFT, resolved = event->type == EVENT_SCHEMA_RESOLVED;
    bool suspect = event->type == EVENT_MIRROR_SUSPECT, failing = event->type == EVENT_MIRROR_FAILING;
    bool mirror = suspect || failing || event->type == EVENT_MIRROR_RECOVERED;
    const struct event_command rows[] = {
        {"Show more", drift      ? drift_command(event, "")
                      : resolved ? drift_command(event, " --all")
                                 : NULL},
        {"Show more", mirror ? "schemasyncd status" : NULL},
        {"Since when", drift ? history_command(event) : NULL},
        {"Syncs that cannot work", drift && breaks_syncs(event) ? "schemasyncd problems" : NULL},
        {"Acknowledge", drift && event->incident ? ack_command(event) : NULL},
        {"Check the key and the connection", failing ? "schemasyncd check --online" : NULL},
        {"If it was meant to be removed", suspect ? accept_command(event) : NULL},
    };
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(rows) && count < EVENT_COMMANDS_MAX; i++)
        if (rows[i].command)
            ret[count++] = rows[i];
    return count;
}
