#include "core/severity.h"

#include <string.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "core/severity_rules.h"
#include "core/target_members.h"

const char *const severity_names[SEVERITY_COUNT] = {
    [SEVERITY_INFO] = "info",
    [SEVERITY_WARNING] = "warning",
    [SEVERITY_BREAKING] = "breaking",
};

static struct facts facts_of(const struct field *field) {
    if (!field)
        return (struct facts){0};
    const enum flag *flags = field->flags;
    bool createable = flags[FIELD_CREATEABLE] == FLAG_TRUE, updateable = flags[FIELD_UPDATEABLE] == FLAG_TRUE;
    return (struct facts){
        .must_supply = flags[FIELD_REQUIRED] == FLAG_TRUE && createable,
        .read_only = !createable && !updateable,
        .matchable = flags[FIELD_SUPPORTS_IDENTITY] == FLAG_TRUE &&
                     !text_equal(field->identity_functions.canonical, ""),
    };
}

static const struct field *find_field(const struct target *target, const char *id) {
    size_t count;
    return target && id ? target_find_field(target, id, &count) : NULL;
}

/* "MODE.KEY": the id of a mode may have points itself, a member that is known has none. */
static void split_mode(const char *attribute, struct row *row, char **ret_mode) {
    const char *point = strrchr(attribute, '.');
    if (!point)
        return;
    CLEANUP(cleanup_free) char *mode = alloc_strndup(attribute, (size_t)(point - attribute));
    const struct target *mirror = row->judge->mirror;
    if (known_find(&known_mode, point + 1, 0) == known_mode.count || !mirror ||
        !target_find_mode(mirror, mode))
        return;
    row->key = point + 1;
    *ret_mode = TAKE_PTR(mode);
}

static const char *behind(const char *text, const char *prefix) {
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

static void place_row(struct row *row, char **ret_mode) {
    static const enum scope scopes[CHANGE_KIND_COUNT] = {
        [CHANGE_TARGET_ADDED] = SCOPE_TARGET_ADDED,  [CHANGE_TARGET_REMOVED] = SCOPE_TARGET_REMOVED,
        [CHANGE_TARGET_CHANGED] = SCOPE_TARGET_NAME, [CHANGE_MODE_ADDED] = SCOPE_MODE_ADDED,
        [CHANGE_MODE_REMOVED] = SCOPE_MODE_REMOVED,  [CHANGE_MODE_CHANGED] = SCOPE_MODE,
        [CHANGE_FIELD_ADDED] = SCOPE_FIELD_ADDED,    [CHANGE_FIELD_REMOVED] = SCOPE_FIELD_REMOVED,
        [CHANGE_FIELD_CHANGED] = SCOPE_FIELD,
    };
    const char *attribute = row->change->attribute ? row->change->attribute : "", *key;
    row->scope = scopes[row->change->kind];
    row->key = row->mode = "";
    switch (row->scope) {
    case SCOPE_TARGET_NAME:
        key = behind(attribute, "properties.");
        row->scope = key ? SCOPE_PROPERTY : SCOPE_TARGET_NAME;
        row->key = key ? key : attribute;
        break;
    case SCOPE_MODE_REMOVED:
        row->mode = attribute;
        break;
    case SCOPE_MODE:
        split_mode(attribute, row, ret_mode);
        row->mode = *ret_mode ? *ret_mode : "";
        break;
    case SCOPE_FIELD:
        key = behind(attribute, "extra.");
        row->scope = key ? SCOPE_EXTRA : SCOPE_FIELD;
        row->key = key ? key : attribute;
        break;
    default:
        break;
    }
}

static const struct config_rule *find_override(const struct judge *judge, const char *rule) {
    for (size_t i = 0; judge->drift && i < judge->drift->rule_count; i++)
        if (strcmp(judge->drift->rules[i].rule, rule) == 0)
            return &judge->drift->rules[i];
    return NULL;
}

/* What a rule that fits says of the row. */
static struct judgement apply_rule(const struct rule *rule, const struct row *row) {
    static const enum severity overrides[] = {
        [RULE_BREAKING] = SEVERITY_BREAKING,
        [RULE_WARNING] = SEVERITY_WARNING,
        [RULE_INFO] = SEVERITY_INFO,
        [RULE_IGNORE] = SEVERITY_INFO,
    };
    const struct config_rule *override = find_override(row->judge, rule->id);
    if (override)
        return (struct judgement){
            .rule = rule->id,
            .severity = overrides[override->severity],
            .severity_if_used = overrides[override->severity],
            .ignored = override->severity == RULE_IGNORE,
        };
    enum use use = use_judge(rule->test, row);
    enum severity severity = rule->severities[use], if_used = MAX(severity, rule->severities[USE_USED]);
    bool strict = row->judge->drift && row->judge->drift->strict;
    return (struct judgement){
        .rule = rule->id,
        .severity = strict && use == USE_UNUSED ? if_used : severity,
        .severity_if_used = if_used,
    };
}

/* Of those that fit the most severe, of equals the first. Some rule fits every row. */
static struct judgement judge_row(const struct row *row) {
    struct judgement best = {.rule = "field-other-changed"};
    bool found = false;
    for (int rank = 0; rank < RANK_COUNT && !found; rank++)
        for (size_t i = 0; i < rules_count; i++) {
            if (rules[i].rank != (enum rank)rank || !rule_fits(&rules[i], row))
                continue;
            struct judgement judgement = apply_rule(&rules[i], row);
            if (!found || judgement.severity > best.severity)
                best = judgement;
            found = true;
        }
    return best;
}

static bool no_mode_left(const struct judge *judge, const struct change *changes, size_t count) {
    size_t removed = 0, added = 0;
    for (size_t i = 0; i < count; i++) {
        removed += changes[i].kind == CHANGE_MODE_REMOVED;
        added += changes[i].kind == CHANGE_MODE_ADDED;
    }
    return judge->mirror && removed > 0 && added == 0 && removed == judge->mirror->mode_count;
}

void severity_judge(const struct judge *judge, const struct change *changes, size_t count,
                    struct judgement *ret) {
    bool last_mode = no_mode_left(judge, changes, count);
    for (size_t i = 0; i < count; i++) {
        CLEANUP(cleanup_free) char *mode = NULL;
        struct row row = {
            .judge = judge,
            .change = &changes[i],
            .old = find_field(judge->mirror, changes[i].field_id),
            .new = find_field(judge->answer, changes[i].field_id),
            .last_mode = last_mode,
        };
        row.before = facts_of(row.old);
        row.after = facts_of(row.new);
        place_row(&row, &mode);
        ret[i] = judge_row(&row);
    }
}

static void print_severity(FILE *file, const struct rule *rule) {
    const enum severity *severities = rule->severities;
    const char *condition = use_conditions[rule->test];
    fputs(severity_names[severities[USE_USED]], file);
    if (severities[USE_UNUSED] != severities[USE_USED])
        fprintf(file, " → %s", severity_names[severities[USE_UNUSED]]);
    if (!condition)
        return;
    fprintf(file, "; %s if %s", severity_names[severities[USE_MET]], condition);
    if (severities[USE_UNKNOWN] != severities[USE_USED])
        fputs(", or if the syncs are not all known", file);
}

void severity_print_table(FILE *file) {
    fputs("| rule | when | severity |\n| --- | --- | --- |\n", file);
    for (size_t i = 0; i < rules_count; i++) {
        fprintf(file, "| `%s` | %s | ", rules[i].id, rules[i].when);
        print_severity(file, &rules[i]);
        fputs(" |\n", file);
    }
}
