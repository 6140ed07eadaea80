#include "cli/acts.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cli/terminal.h"

enum {
    DIGITS_MAX = 18,
    IDS_MAX_BYTES = 4 * 1024 * 1024,
    NAME_SIZE = 256,
    SCRATCH_SIZE = 4096,
    LINES_MAX = 25
};

static bool is_number(const char *text) {
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= DIGITS_MAX && !text[digits];
}

bool acts_parse_ids(char *const *words, size_t count, struct acts_ids *ret, const char **ret_wrong) {
    *ret = (struct acts_ids){0};
    buffer_init(&ret->changes, IDS_MAX_BYTES);
    buffer_init(&ret->problems, IDS_MAX_BYTES);
    bool fits = text_array_begin(&ret->changes) && text_array_begin(&ret->problems);
    for (size_t i = 0; i < count; i++) {
        bool is_problem = words[i][0] == 'p';
        if (!is_number(words[i] + is_problem)) {
            *ret_wrong = words[i];
            return false;
        }
        fits = fits && text_array_add(is_problem ? &ret->problems : &ret->changes, words[i]);
        *(is_problem ? &ret->problem_count : &ret->change_count) += 1;
    }
    *ret_wrong = count > 0 ? words[count - 1] : "";
    return fits && text_array_end(&ret->changes) && text_array_end(&ret->problems);
}

void acts_ids_done(struct acts_ids *ids) {
    buffer_done(&ids->changes);
    buffer_done(&ids->problems);
}

const char *acts_changes(const struct acts_ids *ids) {
    return ids->change_count > 0 ? buffer_text(&ids->changes) : NULL;
}

const char *acts_problems(const struct acts_ids *ids) {
    return ids->problem_count > 0 ? buffer_text(&ids->problems) : NULL;
}

/* The name of who logged in; where nobody did (a service), of the process's user. */
static bool login_name(char ret[static NAME_SIZE]) {
    if (getlogin_r(ret, NAME_SIZE) == 0 && ret[0])
        return true;
    char scratch[SCRATCH_SIZE];
    struct passwd entry, *user = NULL;
    if (getpwuid_r(geteuid(), &entry, scratch, sizeof(scratch), &user) != 0 || !user)
        return false;
    snprintf(ret, NAME_SIZE, "%s", user->pw_name);
    return ret[0] != '\0';
}

bool acts_who(const char *by, char **ret_who) {
    char name[NAME_SIZE] = "";
    if (!by && login_name(name))
        by = name;
    if (by && (!by[0] || strcmp(by, "revert") == 0 || strcmp(by, "ignore") == 0))
        return false;
    *ret_who = alloc_strdup(by);
    return true;
}

/* What can come of it: the outcomes of sql/functions/62_acknowledge.sql. */
static const struct act {
    const char *outcome;
    bool done, refused;
    const char *words;
} acts[] = {
    {"acknowledged", .done = true, .words = "acknowledged"},
    {"open", .done = true, .words = "open again"},
    {"already", .words = "nothing to do"},
    {"over", .words = "nothing to do: that problem is over"},
    {"unknown", .refused = true, .words = "unknown"},
    {"other", .refused = true, .words = "left as it is: not one of what was asked for besides"},
    {"program", .refused = true, .words = "stays closed: it was not a person who closed it"},
};

static const struct act *act_of(const char *outcome) {
    for (size_t i = 0; i < ARRAY_LENGTH(acts); i++)
        if (strcmp(acts[i].outcome, outcome) == 0)
            return &acts[i];
    return &acts[0];
}

/* " salesforce-prod Account: field changed Tier__c.type": what the id stands for; "" where it is unknown. To
 * be freed. */
static char *describe(const struct database_result *result, size_t row) {
    const char *connection = database_value(result, row, "connection"),
               *target = database_value(result, row, "target_id"),
               *kind = database_value(result, row, "kind"), *field = database_value(result, row, "field_id"),
               *attribute = database_value(result, row, "attribute");
    if (!kind)
        return alloc_strdup("");
    CLEANUP(cleanup_free) char *spaced = alloc_strdup(kind);
    for (char *c = spaced; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    CLEANUP(cleanup_free)
    char *text = alloc_printf(" %s %s: %s%s%s%s%s", connection ? connection : "", target ? target : "",
                              spaced, field || attribute ? " " : "", field ? field : "",
                              field && attribute ? "." : "", attribute ? attribute : "");
    return text_harmless(text);
}

static void tell_row(struct acts_told *told, const struct database_result *result, size_t row) {
    const struct act *act = act_of(database_value(result, row, "outcome"));
    told->done += act->done;
    told->refused += act->refused;
    if (act->done && ++told->lines > LINES_MAX)
        return;
    const char *by = database_value(result, row, "acknowledged_by");
    CLEANUP(cleanup_free) char *what = describe(result, row);
    CLEANUP(cleanup_free) char *who = text_harmless(by ? by : "");
    const char *id = database_value(result, row, "id");
    if (act->refused)
        fprintf(stderr, "schemasyncd %s: %s%s: %s%s%s%s\n", told->command->name, id, what, act->words,
                by ? " (" : "", who, by ? ")" : "");
    else if (act->done)
        printf("%s: %s%s\n", act->words, id, what);
    else
        printf("%s: %s%s%s%s%s\n", act->words, id, what, by ? " (acknowledged by " : "", who, by ? ")" : "");
}

void acts_tell(const struct database_result *result, void *userdata) {
    for (size_t i = 0; i < database_rows(result); i++)
        tell_row(userdata, result, i);
}

int acts_end(const struct acts_told *told) {
    if (told->lines > LINES_MAX)
        printf("... and %zu more, %zu in all\n", told->lines - LINES_MAX, told->lines);
    return told->refused > 0 ? EXIT_SOME_FAILED : EXIT_DONE;
}
