#include "cli/lookup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "service/queries.h"

#define LONGEST_AGO (INT64_C(366000) * USEC_PER_DAY) /* PostgreSQL's times do not reach much further back */

/* The first column of all rows, ended by NULL. */
struct names {
    char **items;
    size_t count;
};

static void names_done(struct names *names) {
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}

static void take_names(const struct database_result *result, void *userdata) {
    struct names *names = userdata;
    names->count = database_rows(result);
    names->items = alloc_zero(names->count + 1, sizeof(*names->items));
    for (size_t i = 0; i < names->count; i++)
        names->items[i] = alloc_strdup(database_cell(result, i, 0));
}

static int query_names(const struct command *command, struct session *session,
                       const struct statement *statement, const char *const *params, size_t count,
                       struct names *ret_names) {
    struct error error = {0};
    if (session_run(session, statement, params, count, take_names, ret_names, &error))
        return EXIT_DONE;
    return command_failed(command, &error);
}

static int unknown(const struct command *command, const char *kind, const char *word,
                   const struct names *names) {
    return command_unknown(command, kind, word, (const char *const *)names->items);
}

int lookup_connection(const struct command *command, struct session *session, const char *name,
                      char ret_id[static LOOKUP_ID_SIZE]) {
    CLEANUP(names_done) struct names found = {0};
    CLEANUP(names_done) struct names all = {0};
    int code = query_names(command, session, &query_find_connection, &name, 1, &found);
    if (code != EXIT_DONE)
        return code;
    if (found.count > 0) {
        snprintf(ret_id, LOOKUP_ID_SIZE, "%s", found.items[0]);
        return EXIT_DONE;
    }
    code = query_names(command, session, &query_connection_names, NULL, 0, &all);
    return code == EXIT_DONE ? unknown(command, "connection", name, &all) : code;
}

int lookup_target(const struct command *command, struct session *session, const char *connection_id,
                  const char *target_id) {
    CLEANUP(names_done) struct names all = {0};
    int code = query_names(command, session, &query_target_ids, &connection_id, 1, &all);
    if (code != EXIT_DONE)
        return code;
    for (size_t i = 0; i < all.count; i++)
        if (strcmp(all.items[i], target_id) == 0)
            return EXIT_DONE;
    return unknown(command, "target", target_id, &all);
}

bool moment_parse(const char *text, struct moment *ret_moment) {
    usec_t usec = 0;
    if (timespan_parse(text, &usec)) {
        if (usec > LONGEST_AGO)
            return false;
        *ret_moment = (struct moment){0};
        snprintf(ret_moment->ago, sizeof(ret_moment->ago), "%" PRId64, usec);
        return true;
    }
    if (!rfc3339_parse(text, strlen(text), &usec) && !date_parse(text, &usec))
        return false;
    *ret_moment = (struct moment){0};
    snprintf(ret_moment->at, sizeof(ret_moment->at), "%" PRId64, usec);
    return true;
}

const char *moment_ago(const struct moment *moment) {
    return moment && moment->ago[0] ? moment->ago : NULL;
}

const char *moment_at(const struct moment *moment) {
    return moment && moment->at[0] ? moment->at : NULL;
}

usec_t usec_of(const char *text) {
    return text ? strtoll(text, NULL, 10) : USEC_NONE;
}

char *shell_quoted(const char *word) {
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/@%+=,";
    if (word[0] && !word[strspn(word, safe)])
        return alloc_strdup(word);
    char *quoted = alloc_zero(strlen(word) + 3, 4), *end = quoted;
    *end++ = '\'';
    for (; *word; word++) {
        if (*word == '\'')
            end = stpcpy(end, "'\\'");
        *end++ = *word;
    }
    *end = '\'';
    return quoted;
}
