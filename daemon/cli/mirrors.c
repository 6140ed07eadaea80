#include "cli/mirrors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "service/queries.h"
#include "service/store.h"

void mirror_done(struct mirror *mirror) {
    for (size_t i = 0; i < mirror->count; i++)
        free(mirror->targets[i].id);
    free(mirror->targets);
    free(mirror->name);
}

struct naming {
    const char *word;
    size_t length; /* of the longest name that the word is, or begins with before a colon */
};

static void take_names(const struct database_result *result, void *userdata) {
    struct naming *naming = userdata;
    for (size_t i = 0; i < database_rows(result); i++) {
        const char *name = database_value(result, i, "name");
        size_t length = strlen(name);
        if (length > naming->length && strncmp(naming->word, name, length) == 0 &&
            (naming->word[length] == '\0' || naming->word[length] == ':'))
            naming->length = length;
    }
}

int mirror_find(const struct command *command, struct session *session, const char *word,
                struct mirror *ret) {
    *ret = (struct mirror){0};
    struct error error = {0};
    struct naming naming = {.word = word};
    if (!session_run(session, &query_connection_names, NULL, 0, take_names, &naming, &error))
        return command_failed(command, &error);
    size_t length = naming.length > 0 ? naming.length : strcspn(word, ":");
    ret->name = alloc_strndup(word, length);
    ret->target = word[length] == ':' ? word + length + 1 : NULL;
    int code = lookup_connection(command, session, ret->name, ret->connection_id);
    if (code == EXIT_DONE && ret->target)
        code = lookup_target(command, session, ret->connection_id, ret->target);
    return code;
}

static void take_targets(const struct database_result *result, void *userdata) {
    struct mirror *mirror = userdata;
    size_t count = database_rows(result);
    mirror->targets = alloc_zero(count + 1, sizeof(*mirror->targets));
    mirror->count = count;
    for (size_t i = 0; i < count; i++)
        mirror->targets[i] =
            (struct mirror_target){.id = alloc_strdup(database_value(result, i, "target_id")),
                                   .key = (int)strtol(database_value(result, i, "key"), NULL, 10),
                                   .present = database_value(result, i, "present")[0] == 't',
                                   .pending = database_value(result, i, "pending")[0] == 't'};
}

bool mirror_load(struct session *session, struct mirror *mirror, struct error *ret_error) {
    const char *params[] = {mirror->connection_id, mirror->target};
    return session_run(session, &query_compare_targets, params, ARRAY_LENGTH(params), take_targets, mirror,
                       ret_error);
}

struct loading {
    struct target *target;
    struct error error;
};

static void take_snapshot(const struct database_result *result, void *userdata) {
    struct loading *loading = userdata;
    loading->target = store_read_snapshot(result, &loading->error);
    if (loading->target) /* what is stored as null is empty, not unsaid */
        loading->target->has_fields = loading->target->has_modes = loading->target->has_properties = true;
}

static struct target *load_snapshot(struct session *session, int key, struct error *ret_error) {
    struct loading loading = {0};
    char number[16];
    snprintf(number, sizeof(number), "%d", key);
    const char *params[] = {number};
    if (!session_run(session, &query_load_snapshot, params, 1, take_snapshot, &loading, ret_error))
        return NULL;
    if (!loading.target)
        *ret_error = loading.error;
    return loading.target;
}

bool mirrors_compare(struct session *session, int first_key, int second_key, const char *const *ignored,
                     size_t ignored_count, struct mirrors_diff *ret, struct error *ret_error) {
    const struct diff_options options = {
        .removals = REMOVAL_BELIEF, .exact = true, .ignored = ignored, .ignored_count = ignored_count};
    struct target *first = load_snapshot(session, first_key, ret_error);
    struct target *second = first ? load_snapshot(session, second_key, ret_error) : NULL;
    if (!second) {
        target_free(first);
        return false;
    }
    *ret = (struct mirrors_diff){.first = first, .second = second};
    diff_compute(first, second, &options, &ret->diff);
    return true;
}

void mirrors_diff_done(struct mirrors_diff *diff) {
    diff_done(&diff->diff);
    target_free(diff->first);
    target_free(diff->second);
}
