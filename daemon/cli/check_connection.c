#include <stdlib.h>
#include <string.h>

#include <fnmatch.h>

#include "base/alloc.h"
#include "base/suggest.h"
#include "cli/check_parts.h"
#include "core/api_json.h"
#include "core/target_json.h"
#include "service/api.h"

DEFINE_CLEANUP(struct target *, target, target_free)

struct connection_check;

/* A question about one target, or about one input of a target that is not created yet. */
struct question {
    struct connection_check *check;
    const struct target_item *item;
    const struct new_input *input;
    struct api_call *call;
    struct question *next;
};

struct connection_check {
    const struct config_connection *connection;
    struct findings findings;
    struct api *api;
    struct api_call *call;
    struct question *questions;
    struct api_target_list list;
    size_t pending;
    void (*done)(void *userdata);
    void *userdata;
};

/* The last act of each callback: nothing of the check may be touched behind it. */
static void answered(struct connection_check *check) {
    if (--check->pending == 0)
        check->done(check->userdata);
}

static struct question *ask(struct connection_check *check, const struct target_item *item,
                            const struct new_input *input) {
    struct question *question = alloc_zero(1, sizeof(*question));
    *question = (struct question){.check = check, .item = item, .input = input, .next = check->questions};
    check->questions = question;
    check->pending++;
    return question;
}

/* Existing targets */

static const char *near_id(const struct api_target_list *list, const char *id) {
    CLEANUP(cleanup_free) const char **ids = alloc_zero(list->target_count + 1, sizeof(*ids));
    for (size_t i = 0; i < list->target_count; i++)
        ids[i] = list->targets[i].id;
    return suggest(id, ids);
}

static void on_unlisted(struct api_answer *answer, const struct error *error, void *userdata) {
    struct question *question = userdata;
    struct connection_check *check = question->check;
    const char *id = question->item->id;
    struct error wrong = {0};
    question->call = NULL;
    CLEANUP(cleanup_target)
    struct target *target = error ? NULL : target_parse(answer->body.data, answer->body.length, id, &wrong);
    if (target) {
        findings_note(&check->findings,
                      "target %s: not listed, but its fields answer (%zu): it will be mirrored", id,
                      target->field_count);
    } else if (error && error->cause == CAUSE_HTTP_404) {
        const char *near = near_id(&check->list, id);
        findings_fail(&check->findings, EXIT_SOME_FAILED,
                      "target %s: not listed, and its fields answer 404: a misspelt id?%s%s%s", id,
                      near ? " Did you mean '" : "", near ? near : "", near ? "'" : "");
    } else {
        findings_error(&check->findings, error ? error : &wrong, "target %s: not listed", id);
    }
    answered(check);
}

static bool is_listed(const struct api_target_list *list, const char *id) {
    for (size_t low = 0, high = list->target_count; low < high;) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(id, list->targets[middle].id);
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static void check_named(struct connection_check *check) {
    size_t named = 0, listed = 0;
    for (size_t i = 0; i < check->connection->target_count; i++) {
        const struct target_item *item = &check->connection->targets[i];
        if (item->kind != ITEM_TARGET)
            continue;
        named++;
        if (is_listed(&check->list, item->id)) {
            listed++;
        } else {
            struct question *question = ask(check, item, NULL);
            question->call = api_get_fields(check->api, item->id, false, 0, on_unlisted, question);
        }
    }
    if (listed > 0)
        findings_ok(&check->findings, "%zu of %zu target%s named by id %s listed", listed, named,
                    named == 1 ? "" : "s", listed == 1 ? "is" : "are");
}

/* Of a target that several items name the first counts. */
static void check_include(struct connection_check *check, const struct target_item *item) {
    size_t matched = 0, counted = 0;
    for (size_t i = 0; i < check->list.target_count; i++) {
        const char *id = check->list.targets[i].id;
        matched += fnmatch(item->include, id, 0) == 0;
        counted += config_match_target(check->connection, id, false) == item;
    }
    if (counted > 0)
        findings_ok(&check->findings, "include %s: %zu target%s", item->include, counted,
                    counted == 1 ? "" : "s");
    else
        findings_note(&check->findings, "include %s: no target now%s; what is listed later will be taken in",
                      item->include,
                      matched > 0 ? " (all that match are excluded, or named by an earlier item)" : "");
}

/* Targets that are not created yet */

static const struct api_creation_property *find_property(const struct api_target_list *list, const char *id) {
    for (size_t i = 0; i < list->creation_count; i++)
        if (list->creation[i].id && strcmp(list->creation[i].id, id) == 0)
            return &list->creation[i];
    return NULL;
}

/* "a, b, c": enough of them to see what is meant. The caller frees it. */
static char *listing(const char *const *words, size_t count) {
    enum { SHOWN = 10 };
    char *text = alloc_strdup(count > 0 ? "" : "none");
    for (size_t i = 0; i < count && i <= SHOWN; i++) {
        CLEANUP(cleanup_free) char *shorter = TAKE_PTR(text);
        text = alloc_printf("%s%s%s", shorter, i > 0 ? ", " : "", i < SHOWN ? words[i] : "…");
    }
    return text;
}

/* True where all values of an input are allowed. */
static bool check_values(struct connection_check *check, const struct target_item *item,
                         const struct new_input *input, const struct api_creation_property *property) {
    bool fine = true;
    for (size_t i = 0; i < input->value_count; i++) {
        bool found = false;
        for (size_t k = 0; k < property->value_count; k++)
            found = found || strcmp(property->values[k], input->values[i]) == 0;
        if (!found) {
            CLEANUP(cleanup_free) char *allowed = listing(property->values, property->value_count);
            findings_fail(&check->findings, EXIT_SOME_FAILED, "new target %s: %s cannot be '%s'; there is %s",
                          item->label, input->key, input->values[i], allowed);
        }
        fine = fine && found;
    }
    return fine;
}

static void on_property(struct api_answer *answer, const struct error *error, void *userdata) {
    struct question *question = userdata;
    struct connection_check *check = question->check;
    struct api_creation_property property = {0};
    struct error wrong = {0};
    question->call = NULL;
    if (error)
        findings_error(&check->findings, error, "new target %s: the values of %s", question->item->label,
                       question->input->key);
    else if (!api_parse_property(answer->body.data, answer->body.length, check->list.arena, &property,
                                 &wrong))
        findings_error(&check->findings, &wrong, "new target %s: the values of %s", question->item->label,
                       question->input->key);
    else if (property.value_count > 0)
        check_values(check, question->item, question->input, &property);
    else
        findings_note(&check->findings, "new target %s: what %s may be is not said", question->item->label,
                      question->input->key);
    answered(check);
}

static void on_new_fields(struct api_answer *answer, const struct error *error, void *userdata) {
    struct question *question = userdata;
    struct connection_check *check = question->check;
    struct error wrong = {0};
    question->call = NULL;
    CLEANUP(cleanup_target)
    struct target *target = error ? NULL : target_parse(answer->body.data, answer->body.length, NULL, &wrong);
    if (target)
        findings_ok(&check->findings, "new target %s: its inputs are taken, %zu field%s",
                    question->item->label, target->field_count, target->field_count == 1 ? "" : "s");
    else
        findings_error(&check->findings, error ? error : &wrong, "new target %s", question->item->label);
    answered(check);
}

/* True where the key is one, and its values are allowed as far as the list says. */
static bool check_input(struct connection_check *check, const struct target_item *item,
                        const struct new_input *input) {
    const struct api_creation_property *property = find_property(&check->list, input->key);
    if (!property) {
        CLEANUP(cleanup_free) const char **keys = alloc_zero(check->list.creation_count + 1, sizeof(*keys));
        size_t count = 0;
        for (size_t i = 0; i < check->list.creation_count; i++)
            if (check->list.creation[i].id)
                keys[count++] = check->list.creation[i].id;
        CLEANUP(cleanup_free) char *known = listing(keys, count);
        findings_fail(&check->findings, EXIT_SOME_FAILED, "new target %s: unknown input '%s'; there is %s",
                      item->label, input->key, known);
        return false;
    }
    if (!property->is_enum)
        return true;
    if (property->value_count > 0)
        return check_values(check, item, input, property);
    struct question *question = ask(check, item, input);
    question->call = api_get_property(check->api, input->key, on_property, question);
    return true;
}

static bool is_given(const struct target_item *item, const char *key) {
    for (size_t i = 0; i < item->input_count; i++)
        if (strcmp(item->inputs[i].key, key) == 0)
            return true;
    return false;
}

static void check_new(struct connection_check *check, const struct target_item *item) {
    if (!check->list.creation_supported) {
        findings_fail(
            &check->findings, EXIT_SOME_FAILED,
            "new target %s: this connection cannot create targets; take the item out, or name an existing target",
            item->label);
        return;
    }
    bool fine = true;
    for (size_t i = 0; i < item->input_count; i++)
        fine = check_input(check, item, &item->inputs[i]) && fine;
    for (size_t i = 0; i < check->list.creation_count; i++)
        if (check->list.creation[i].id && !is_given(item, check->list.creation[i].id))
            findings_note(&check->findings, "new target %s: the input %s is not given", item->label,
                          check->list.creation[i].id);
    if (!fine)
        return;
    struct question *question = ask(check, item, NULL);
    question->call = api_get_new_fields(check->api, item->inputs, item->input_count, on_new_fields, question);
}

/* The connection itself */

static void check_items(struct connection_check *check) {
    const struct config_connection *connection = check->connection;
    check_named(check);
    for (size_t i = 0; i < connection->target_count; i++) {
        const struct target_item *item = &connection->targets[i];
        if (item->kind == ITEM_INCLUDE)
            check_include(check, item);
        else if (item->kind == ITEM_NEW)
            check_new(check, item);
        else if (item->kind == ITEM_SYNCED)
            findings_ok(&check->findings, "synced: what its syncs write to is looked up in each run");
    }
}

static void on_list(struct api_answer *answer, const struct error *error, void *userdata) {
    struct connection_check *check = userdata;
    struct error wrong = {0};
    check->call = NULL;
    if (error)
        findings_error(&check->findings, error, "its targets");
    else if (!api_parse_target_list(answer->body.data, answer->body.length, &check->list, &wrong))
        findings_error(&check->findings, &wrong, "its targets");
    else
        check_items(check);
    answered(check);
}

static void tell_of(struct connection_check *check, const struct api_connection *it) {
    const char *name = it->name ? it->name : "without a name",
               *type = it->type ? it->type : "of no known type";
    if (it->status && strcmp(it->status, "healthy") == 0) {
        findings_ok(&check->findings, "%s (%s), healthy", name, type);
        return;
    }
    const char *status = it->status ? it->status : "not known",
               *words = it->status_error ? it->status_error : "";
    if (check->connection->refresh == REFRESH_NEVER)
        findings_note(&check->findings,
                      "%s (%s) is not healthy: status %s%s%s; what is cached will be mirrored", name, type,
                      status, *words ? ": " : "", words);
    else
        findings_fail(&check->findings, EXIT_SOME_FAILED,
                      "%s (%s) is not healthy: status %s%s%s; it cannot be refreshed until it is reconnected",
                      name, type, status, *words ? ": " : "", words);
}

static void on_connection(struct api_answer *answer, const struct error *error, void *userdata) {
    struct connection_check *check = userdata;
    struct api_connection it = {0};
    struct error wrong = {0};
    check->call = NULL;
    if (error) {
        findings_error(&check->findings, error, "%s%s", check->connection->id,
                       error->cause == CAUSE_HTTP_404 ? ": the key sees no such connection (is the id right?)"
                                                      : "");
    } else {
        if (api_parse_connection(answer->body.data, answer->body.length, &it, &wrong))
            tell_of(check, &it);
        else
            findings_error(&check->findings, &wrong, "the connection");
        api_connection_done(&it);
        check->pending++;
        check->call = api_list_targets(check->api, on_list, check);
    }
    answered(check);
}

struct connection_check *connection_check_start(struct api_pool *pool,
                                                const struct config_connection *connection,
                                                void (*done)(void *userdata), void *userdata) {
    struct connection_check *check = alloc_zero(1, sizeof(*check));
    check->connection = connection;
    check->done = done;
    check->userdata = userdata;
    findings_init(&check->findings);
    check->api = api_new(pool, &connection->api, connection->id);
    check->pending = 1;
    check->call = api_get_connection(check->api, on_connection, check);
    return check;
}

void connection_check_free(struct connection_check *check) {
    if (!check)
        return;
    api_free(check->api); /* with its calls */
    while (check->questions) {
        struct question *question = check->questions;
        check->questions = question->next;
        free(question);
    }
    api_target_list_done(&check->list);
    findings_done(&check->findings);
    free(check);
}

const struct findings *connection_check_findings(const struct connection_check *check) {
    return &check->findings;
}
