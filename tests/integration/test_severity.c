/* How severe each change is, through the whole program: one edit for each rule, where a sync uses what was
 * edited, where none does, and where nobody knows. */
#include "world.h"

#include <stdio.h>
#include <string.h>

enum situation { USED, IDLE, UNKNOWN, COLUMNS, STRICT = COLUMNS, STORED, SITUATIONS };

static const char *const situation_names[SITUATIONS] = {[USED] = "used",
                                                        [IDLE] = "not used",
                                                        [UNKNOWN] = "not known",
                                                        [STRICT] = "strict",
                                                        [STORED] = "known from before"};

#define FIELDS     "'connection': 'salesforce-prod', 'target': 'Usage__c'"
#define MODES      "'connection': 'salesforce-prod', 'target': 'TmpImport__c'"
#define PROPERTIES "'connection': 'salesforce-prod', 'target': 'Campaign'"
#define TARGETS    "[Usage__c, TmpImport__c, Campaign, Opportunity, {include: \"Extra*\"}]"

/* What a sync says of the field; %s is its id. */
#define MAPPED      "'fields': [{'target': '%s'}]"
#define OVERRIDDEN  "'override_fields': [{'target': '%s', 'override_value': 1}]"
#define ENCRYPTED   "'fields': [{'target': '%s', 'encryption_enabled': true}]"
#define FILTERED    "'filters': [{'field_type': 'Target', 'field_id': '%s'}]"
#define MATCHED(by) "'identity': {'target': '%s', 'function': '" by "'}"

/* The first letter is severity, the second severity_if_used: breaking, warning, info. */
#define BREAKS \
    { "BB", "WB", "BB" }
#define MATTERS \
    { "WW", "IW", "WW" }
#define IS_WARNED \
    { "WW", "WW", "WW" }
#define IS_INFO \
    { "II", "II", "II" }
#define MUST_SUPPLY \
    { "WW", "WW", "BB" }

struct expectation {
    const char *rule;
    const char *severities[COLUMNS];
};

/* The field has all options; `before` are members that it has other than that, NULL: it is not there yet;
 * `after` are those that change, NULL: it is removed. */
static const struct field_case {
    struct expectation expected;
    const char *use, *before, *after;
} field_cases[] = {
    /* clang-format off */
    {{"field-removed", BREAKS}, MAPPED, "", NULL},
    {{"field-added", IS_INFO}, MAPPED, NULL, "'required': false"},
    {{"field-added", IS_INFO}, MAPPED, NULL, "'required': true, 'createable': false"},
    {{"field-added-must-supply", MUST_SUPPLY}, MAPPED, NULL, "'required': true"},
    {{"field-name-changed", IS_INFO}, MAPPED, "", "'name': 'Other'"},
    {{"field-description-changed", IS_INFO}, MAPPED, "", "'description': 'Other'"},
    {{"field-type-widened", MATTERS}, MAPPED, "'type': 'number'", "'type': 'string'"},
    {{"field-type-widened", MATTERS}, OVERRIDDEN, "'type': 'integer'", "'type': 'number'"},
    {{"field-type-changed", BREAKS}, MAPPED, "", "'type': 'number'"},
    {{"field-type-changed", BREAKS}, FILTERED, "'type': 'number'", "'type': 'integer'"},
    {{"field-source-type-grew", IS_INFO}, MAPPED, "", "'source_type': 'string(255)'"},
    {{"field-source-type-shrank", BREAKS}, MAPPED, "", "'source_type': 'string(40)'"},
    {{"field-source-type-shrank", BREAKS}, MATCHED("Equality"), "'source_type': 'double(12,2)'", "'source_type': 'double(12,4)'"},
    {{"field-source-type-changed", MATTERS}, MAPPED, "", "'source_type': 'picklist'"},
    {{"field-became-must-supply", MUST_SUPPLY}, MAPPED, "", "'required': true"},
    {{"field-became-must-supply", MUST_SUPPLY}, MAPPED, "'createable': false", "'required': true, 'createable': true"},
    {{"field-required-lifted", IS_INFO}, MAPPED, "'required': true", "'required': false"},
    {{"field-required-not-writable", IS_INFO}, MAPPED, "'createable': false", "'required': true"},
    {{"field-became-read-only", BREAKS}, MAPPED, "", "'createable': false, 'updateable': false"},
    {{"field-became-read-only", BREAKS}, OVERRIDDEN, "'createable': false", "'updateable': false"},
    {{"field-not-createable", BREAKS}, MAPPED, "", "'createable': false"},
    {{"field-not-updateable", BREAKS}, MAPPED, "", "'updateable': false"},
    {{"field-became-writable", IS_INFO}, MAPPED, "'createable': false, 'updateable': false", "'createable': true, 'updateable': true"},
    {{"field-not-filterable", MATTERS}, FILTERED, "", "'filterable': false"},
    {{"field-not-filterable", MATTERS}, MAPPED, "", "'filterable': false"},
    {{"field-association-flipped", BREAKS}, MAPPED, "", "'association': true"},
    {{"field-association-flipped", BREAKS}, MAPPED, "'association': true", "'association': false"},
    {{"field-not-encryptable", {"BB", "IW", "WW"}}, ENCRYPTED, "", "'encryptable': false"},
    {{"field-not-encryptable", MATTERS}, MAPPED, "", "'encryptable': false"},
    {{"field-not-matchable", {"BB", "WW", "BB"}}, MATCHED("Equality"), "", "'supports_identity': false"},
    {{"field-not-matchable", {"BB", "WW", "BB"}}, MATCHED("Equality"), "", "'supports_identity': false, 'identity_functions': []"},
    {{"field-not-matchable", MUST_SUPPLY}, MAPPED, "", "'identity_functions': []"},
    {{"field-identity-function-removed", {"BB", "IW", "WW"}}, MATCHED("ISubstring"), "", "'identity_functions': [{'id': 'Equality', 'label': 'Equals'}]"},
    {{"field-identity-function-removed", MATTERS}, MATCHED("Equality"), "", "'identity_functions': [{'id': 'Equality', 'label': 'Equals'}]"},
    {{"field-option-gained", IS_INFO}, MAPPED, "'filterable': false, 'encryptable': false, 'supports_identity': false", "'filterable': true, 'encryptable': true, 'supports_identity': true"},
    {{"field-option-gained", IS_INFO}, MAPPED, "", "'identity_functions': [{'id': 'Equality', 'label': 'Is'}, {'id': 'ISubstring', 'label': 'Contains'}, {'id': 'OneOf', 'label': 'One of'}]"},
    {{"field-extra-changed", IS_INFO}, MAPPED, "", "'news': 1"},
    {{"field-other-changed", IS_INFO}, MAPPED, "'identity_functions': []", "'supports_identity': false"},
    /* clang-format on */
};

/* The same of a mode; whether the sync in it has an identity. */
static const struct mode_case {
    struct expectation expected;
    bool identity;
    const char *before, *after;
} mode_cases[] = {
    {{"mode-removed", BREAKS}, true, "", NULL},
    {{"mode-added", IS_INFO}, true, NULL, ""},
    {{"mode-label-changed", IS_INFO}, true, "", "'label': 'Other', 'description': 'Other'"},
    {{"mode-requires-identity", {"BB", "WW", "WW"}}, false, "", "'requires_identity': true"},
    {{"mode-requires-identity", IS_WARNED}, true, "", "'requires_identity': true"},
    {{"mode-capability-lost", IS_WARNED}, true, "", "'supports_field_sync_mode': false"},
    {{"mode-capability-lost", IS_WARNED}, true, "", "'supports_target_filters': false"},
    {{"mode-capability-gained", IS_INFO},
     true,
     "'supports_field_sync_mode': false, 'supports_target_filters': false, 'requires_identity': true",
     "'supports_field_sync_mode': true, 'supports_target_filters': true, 'requires_identity': false"},
    {{"mode-other-changed", IS_INFO}, false, "'news': 1", "'news': 2"},
};

static const struct property_case {
    struct expectation expected;
    const char *key, *before, *after;
} property_cases[] = {
    {{"property-now-required", BREAKS}, "mappings_not_required", "true", "false"},
    {{"property-now-required", BREAKS}, "optional_target_mappings", "true", "false"},
    {{"property-now-required", BREAKS}, "requires_configuration", "false", "true"},
    {{"property-capability-lost", IS_WARNED}, "supports_field_encryption", "true", "false"},
    {{"property-capability-lost", IS_WARNED}, "target_creator", "true", "false"},
    {{"property-counts-lost", IS_WARNED}, "does_not_report_operation_counts", "false", "true"},
    {{"property-metadata-object-changed", IS_WARNED}, "primary_metadata_object", "'Campaign'", "'Other'"},
    {{"property-changed", IS_INFO}, "supports_field_creation", "false", "true"},
    {{"property-changed", IS_INFO}, "new_target_label", "''", "'Other'"},
};

/* One row each. */
static const struct row_case {
    struct expectation expected;
    const char *edit, *where;
} row_cases[] = {
    {{"target-removed", BREAKS},
     "'op': 'target_remove', 'connection': 'salesforce-prod', 'target': 'Opportunity'",
     "target_id = 'Opportunity'"},
    {{"target-added", IS_INFO},
     "'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'User', 'id': 'Extra__c', 'name': 'Extra'",
     "target_id = 'Extra__c'"},
    {{"target-name-changed", IS_INFO},
     "'op': 'target_set', " PROPERTIES ", 'set': {'name': 'Other'}",
     "target_id = 'Campaign' AND attribute = 'name' AND field_id IS NULL"},
    /* there the names are labels */
    {{"field-name-changed", IS_WARNED},
     "'op': 'field_set', " PROPERTIES ", 'field': 'Type', 'set': {'name': 'Other'}",
     "target_id = 'Campaign' AND field_id = 'Type'"},
};

static const char *severity_word(char letter) {
    return letter == 'B' ? "breaking" : letter == 'W' ? "warning" : "info";
}

/* By what they stand for, not by the alphabet. */
static char more_severe(char a, char b) {
    return strchr("BWI", a) < strchr("BWI", b) ? a : b;
}

static const char *expected_row(const struct expectation *expected, enum situation situation) {
    const char *const *columns = expected->severities;
    char letters[2];
    switch (situation) {
    case STRICT:
        letters[0] = letters[1] = columns[IDLE][1];
        break;
    case STORED:
        for (size_t i = 0; i < 2; i++)
            letters[i] = more_severe(columns[USED][i], columns[UNKNOWN][i]);
        break;
    default:
        memcpy(letters, columns[situation], 2);
    }
    return world_text("%s|%s|%s", expected->rule, severity_word(letters[0]), severity_word(letters[1]));
}

/* All rows of a case say the same. */
static void check(const char *table, size_t index, const struct expectation *expected,
                  enum situation situation, const char *where) {
    const struct world_place place = {table, (int)index};
    const char *rows = world_value(
        "SELECT DISTINCT rule, severity, severity_if_used FROM changes WHERE %s ORDER BY 1, 2, 3", where);
    if (strcmp(rows, expected_row(expected, situation)) != 0)
        world_fail(place, "%s, %s: expected\n%s\ncame\n%s", expected->rule, situation_names[situation],
                   expected_row(expected, situation), rows);
}

static void add_sync(const char *id, const char *target, const char *mode, enum situation situation,
                     const char *uses) {
    world_edit("{'op': 'sync_add', 'value': {'id': '%s', 'name': '%s', 'active': %s, 'mode': '%s',"
               " 'target': {'connection_id': '" SALESFORCE "', 'object': '%s'},"
               " 'updated_at': '2026-01-01T00:00:00Z', %s}}",
               id, id, situation == USED || situation == STORED ? "true" : "false", mode, target, uses);
}

/* Fields */

#define ALL_OPTIONS                                                                              \
    "'type': 'string', 'source_type': 'string(80)', 'createable': true, 'updateable': true,"     \
    " 'filterable': true, 'encryptable': true, 'supports_identity': true, 'identity_functions':" \
    " [{'id': 'Equality', 'label': 'Equals'}, {'id': 'ISubstring', 'label': 'Contains'}]"

static const char *case_name(size_t index) {
    return world_text("case_%02zu", index);
}

static void prepare_field(size_t index, enum situation situation) {
    const struct field_case *this = &field_cases[index];
    const char *id = case_name(index);
    if (this->before)
        world_edit("[{'op': 'field_add', " FIELDS ", 'cached': true, 'value': {'id': '%s', " ALL_OPTIONS "}},"
                   " {'op': 'field_set', " FIELDS ", 'cached': true, 'field': '%s', 'set': {%s}}]",
                   id, id, this->before);
    char *use = world_text("%s", this->use), *at = strstr(use, "%s");
    add_sync(id, "Usage__c", "update", situation, world_text("%.*s%s%s", (int)(at - use), use, id, at + 2));
}

static void edit_field(size_t index) {
    const struct field_case *this = &field_cases[index];
    const char *id = case_name(index);
    if (!this->before)
        world_edit("{'op': 'field_add', " FIELDS ", 'value': {'id': '%s', " ALL_OPTIONS "}}", id);
    if (this->after)
        world_edit("{'op': 'field_set', " FIELDS ", 'field': '%s', 'set': {%s}}", id, this->after);
    else
        world_edit("{'op': 'field_remove', " FIELDS ", 'field': '%s'}", id);
}

/* Modes */

static void add_mode(size_t index, const char *cached) {
    world_edit("{'op': 'mode_add', " MODES ", 'cached': %s, 'value': {'mode': '%s', 'label': 'Mode',"
               " 'supports_field_sync_mode': true, 'supports_target_filters': true}}",
               cached, case_name(index));
}

static void prepare_mode(size_t index, enum situation situation) {
    const struct mode_case *this = &mode_cases[index];
    const char *mode = case_name(index);
    if (this->before) {
        add_mode(index, "true");
        world_edit("{'op': 'mode_set', " MODES ", 'cached': true, 'mode': '%s', 'set': {%s}}", mode,
                   this->before);
    }
    add_sync(world_text("mode_%s", mode), "TmpImport__c", mode, situation,
             this->identity ? "'identity': {'target': 'Id', 'function': 'Equality'}" : "'identity': null");
}

static void edit_mode(size_t index) {
    const struct mode_case *this = &mode_cases[index];
    if (!this->before)
        add_mode(index, "false");
    else if (this->after)
        world_edit("{'op': 'mode_set', " MODES ", 'mode': '%s', 'set': {%s}}", case_name(index), this->after);
    else
        world_edit("{'op': 'mode_remove', " MODES ", 'mode': '%s'}", case_name(index));
}

/* All of them at once */

static void set_property(const char *key, const char *value, const char *cached) {
    world_edit("{'op': 'property_set', " PROPERTIES ", 'cached': %s, 'set': {'%s': %s}}", cached, key, value);
}

static void prepare(enum situation situation) {
    for (size_t i = 0; i < ARRAY_LENGTH(field_cases); i++)
        prepare_field(i, situation);
    for (size_t i = 0; i < ARRAY_LENGTH(mode_cases); i++)
        prepare_mode(i, situation);
    for (size_t i = 0; i < ARRAY_LENGTH(property_cases); i++)
        set_property(property_cases[i].key, property_cases[i].before, "true");
    set_property("use_field_names_as_labels", "true", "true");
    add_sync("campaigns", "Campaign", "update", situation, "'identity': null");
    add_sync("opportunities", "Opportunity", "update", situation, "'identity': null");
}

static void edit_all(void) {
    for (size_t i = 0; i < ARRAY_LENGTH(field_cases); i++)
        edit_field(i);
    for (size_t i = 0; i < ARRAY_LENGTH(mode_cases); i++)
        edit_mode(i);
    for (size_t i = 0; i < ARRAY_LENGTH(property_cases); i++)
        set_property(property_cases[i].key, property_cases[i].after, "false");
    for (size_t i = 0; i < ARRAY_LENGTH(row_cases); i++)
        world_edit("{%s}", row_cases[i].edit);
}

static void check_all(enum situation situation) {
    for (size_t i = 0; i < ARRAY_LENGTH(field_cases); i++)
        check("field_cases", i, &field_cases[i].expected, situation,
              world_text("field_id = '%s'", case_name(i)));
    for (size_t i = 0; i < ARRAY_LENGTH(mode_cases); i++)
        check("mode_cases", i, &mode_cases[i].expected, situation,
              world_text("kind::text LIKE 'mode_%%' AND split_part(attribute, '.', 1) = '%s'", case_name(i)));
    for (size_t i = 0; i < ARRAY_LENGTH(property_cases); i++)
        check("property_cases", i, &property_cases[i].expected, situation,
              world_text("attribute = 'properties.%s'", property_cases[i].key));
    for (size_t i = 0; i < ARRAY_LENGTH(row_cases); i++)
        check("row_cases", i, &row_cases[i].expected, situation, row_cases[i].where);
}

static void run(enum situation situation) {
    configure(.targets = TARGETS, .drift = situation == STRICT ? "strict: true" : NULL);
    prepare(situation);
    if (situation == UNKNOWN)
        world_settings("{'syncs_forbidden': true}");
    world_pull(0);
    if (situation == STORED)
        world_settings("{'syncs_forbidden': true}");
    assert_changes("");
    edit_all();
    world_pull(0);
    check_all(situation);
}

static void where_a_sync_uses_it(void **state) {
    (void)state;
    run(USED);
}

static void where_no_active_sync_uses_it(void **state) {
    (void)state;
    run(IDLE);
}

static void where_the_syncs_are_not_known(void **state) {
    (void)state;
    run(UNKNOWN);
}

static void where_only_the_stored_syncs_are_known(void **state) {
    (void)state;
    run(STORED);
}

static void strict_takes_no_use_into_account(void **state) {
    (void)state;
    run(STRICT);
}

/* What depends on more than one use */

#define SEVERITIES "SELECT field_id, rule, severity, severity_if_used FROM changes ORDER BY 1"

static void edit_must_supply(void) {
    world_edit(
        "[{'op': 'field_set', " FIELDS ", 'field': ['Feature__c', 'Events__c'], 'set': {'required': true}},"
        " {'op': 'field_add', " FIELDS ", 'value': {'id': 'New__c', 'required': true, 'createable': true}}]");
}

static void what_must_be_supplied_breaks_a_sync_that_creates(void **state) {
    (void)state;
    configure(.targets = "[Usage__c]");
    add_sync("usage", "Usage__c", "append", USED, "'override_fields': [{'target': 'Events__c'}]");
    world_pull(0);
    edit_must_supply();
    world_pull(0);
    assert_sql(SEVERITIES, "Events__c|field-became-must-supply|warning|warning\n"
                           "Feature__c|field-became-must-supply|breaking|breaking\n"
                           "New__c|field-added-must-supply|breaking|breaking");
}

static void but_not_one_that_is_not_active(void **state) {
    (void)state;
    configure(.targets = "[Usage__c]");
    add_sync("usage", "Usage__c", "append", IDLE, "'override_fields': [{'target': 'Events__c'}]");
    world_pull(0);
    edit_must_supply();
    world_pull(0);
    assert_sql(SEVERITIES, "Events__c|field-became-must-supply|warning|warning\n"
                           "Feature__c|field-became-must-supply|warning|warning\n"
                           "New__c|field-added-must-supply|warning|warning");
}

static void the_last_modes_are_missed_by_all(void **state) {
    (void)state;
    configure(.targets = "[Usage__c]");
    world_pull(0);
    world_edit("{'op': 'target_set', " FIELDS ", 'set': {'modes': []}}");
    world_pull(0);
    assert_sql("SELECT DISTINCT kind, rule, severity, count(*) > 1 FROM changes GROUP BY 1, 2, 3",
               "mode_removed|mode-removed|breaking|t");
}

static void a_mass_removal_is_breaking_whoever_uses_it(void **state) {
    for (enum situation situation = 0; situation < SITUATIONS; situation++) {
        world_fresh(state);
        configure(.targets = "[Usage__c]", .drift = situation == STRICT
                                                        ? "strict: true, mass_removal: {hold: 0s}"
                                                        : "mass_removal: {hold: 0s}");
        add_sync("usage", "Usage__c", "update", situation, "'fields': [{'target': 'Feature__c'}]");
        world_settings("{'syncs_forbidden': %s}", situation == UNKNOWN ? "true" : "false");
        world_pull(0);
        world_settings("{'syncs_forbidden': %s}",
                       situation == UNKNOWN || situation == STORED ? "true" : "false");
        world_edit("{'op': 'field_remove', " FIELDS ", 'field': '*'}");
        world_pull(0);
        world_pull(0);
        assert_sql(
            "SELECT DISTINCT kind, rule, severity, severity_if_used, count(*) FROM changes GROUP BY 1, 2, 3, 4",
            "field_removed|mass-removal|breaking|breaking|13");
    }
}

/* The cases above leave no rule of the documentation out; mass-removal has its own. */
static bool has_a_case(const char *rule) {
    bool found = strcmp(rule, "mass-removal") == 0;
    for (size_t i = 0; i < ARRAY_LENGTH(field_cases); i++)
        found |= strcmp(field_cases[i].expected.rule, rule) == 0;
    for (size_t i = 0; i < ARRAY_LENGTH(mode_cases); i++)
        found |= strcmp(mode_cases[i].expected.rule, rule) == 0;
    for (size_t i = 0; i < ARRAY_LENGTH(property_cases); i++)
        found |= strcmp(property_cases[i].expected.rule, rule) == 0;
    for (size_t i = 0; i < ARRAY_LENGTH(row_cases); i++)
        found |= strcmp(row_cases[i].expected.rule, rule) == 0;
    return found;
}

static void every_rule_has_a_case(void **state) {
    (void)state;
    FILE *file = fopen("docs/severity.md", "re");
    assert_non_null(file);
    char line[1000], rule[64];
    size_t rules = 0;
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "| `%63[a-z-]` |", rule) != 1)
            continue;
        rules++;
        if (!has_a_case(rule))
            world_fail(WORLD_HERE, "no case for %s", rule);
    }
    fclose(file);
    assert_in_range(rules, 40, 60);
}

/* Rules that the configuration overrides */

static void the_configuration_overrides_rules(void **state) {
    (void)state;
    configure(
            .targets = "[Account]",
            .drift =
                "rules: {field-removed: info, field-description-changed: breaking, field-type-changed: ignore,"
                " field-became-read-only: warning}");
    world_pull(0);
    world_edit(
        "[{'op': 'field_remove', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Website'},"
        " {'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Phone',"
        "  'set': {'description': 'Other'}},"
        " {'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Industry',"
        "  'set': {'type': 'number'}},"
        " {'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Tier__c',"
        "  'set': {'createable': false, 'updateable': false}},"
        " {'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Name',"
        "  'set': {'association': true}}]");
    world_pull(0);
    assert_sql(
        "SELECT field_id, rule, severity, severity_if_used, acknowledged_by, acknowledged_at = detected_at"
        " FROM changes ORDER BY 1, attribute",
        "Industry|field-type-changed|info|info|ignore|t\n"
        "Name|field-association-flipped|breaking|breaking|-|-\n"
        "Phone|field-description-changed|breaking|breaking|-|-\n"
        "Tier__c|field-became-read-only|warning|warning|-|-\n"
        "Tier__c|field-became-read-only|warning|warning|-|-\n"
        "Website|field-removed|info|info|-|-");
    assert_sql("SELECT count(*) FROM drift WHERE field_id = 'Industry'", "0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(where_a_sync_uses_it),
        world_test(where_no_active_sync_uses_it),
        world_test(where_the_syncs_are_not_known),
        world_test(where_only_the_stored_syncs_are_known),
        world_test(strict_takes_no_use_into_account),
        world_test(what_must_be_supplied_breaks_a_sync_that_creates),
        world_test(but_not_one_that_is_not_active),
        world_test(the_last_modes_are_missed_by_all),
        world_test(a_mass_removal_is_breaking_whoever_uses_it),
        world_test(every_rule_has_a_case),
        world_test(the_configuration_overrides_rules),
    };
    return world_run_tests("severity", tests);
}
