/* An event in words, for every receiver that people read: what happened, and which commands show more of it
 * or end it. Names come from upstream: what is made of them here is one line each, without control
 * characters. */
#pragma once

#include <stddef.h>

#include "core/event.h"

/* Whom it is about: the connection's name, or "all connections". In the arena or static. */
const char *event_subject(const struct event *event);

/* One line: "salesforce-prod: breaking drift, 3 changes". In the event's arena. */
const char *event_headline(const struct event *event);

/* "Field removed", "Target added", … */
const char *event_change_words(enum change_kind kind);

/* How an incident ended: "changed back"; NULL where the event does not say. */
const char *event_ending(const struct event *event);

struct event_command {
    const char *label; /* "Show more" */
    const char *command;
};

enum { EVENT_COMMANDS_MAX = 4 };

/* What a person may want to type next; returns how many. Names are quoted for a shell; a command whose name
 * could not be shown as it is (a backtick, a control character) goes without it or is left out. */
size_t event_commands(const struct event *event, struct event_command ret[static EVENT_COMMANDS_MAX]);

/* The target that all changes and targets of the event are of; NULL: several, or not all of them are here. */
const char *event_only_target(const struct event *event);

/* "2026-01-31 12:00 UTC". */
enum { EVENT_MOMENT_MAX = 32 };
void event_moment(usec_t time, char ret[static EVENT_MOMENT_MAX]);
