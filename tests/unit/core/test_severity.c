#include "core/severity.h"

#include "severity_support.h"

#include <stdio.h>

#include "core/rules.h"
#include "core/severity_rules.h"

#define SYNC(...)                                           \
    &(const struct sync) {                                  \
        .id = "s", .name = "S", .active = true, __VA_ARGS__ \
    }
#define USES(...) .fields = (const struct sync_field[]){{__VA_ARGS__}}, .field_count = 1
#define SYNCS(...)                                      \
    .syncs = (const struct sync *const[]){__VA_ARGS__}, \
    .count = sizeof((const struct sync *const[]){__VA_ARGS__}) / sizeof(void *)

/* What a run knows of the syncs. */
static const struct target_use nobody = {.known = true}, unknown = {0};

/* A sync that uses the field f, in a mode that creates nothing. */
#define IN_USE \
    { .known = true, SYNCS(SYNC(.mode = "update", USES(.field_id = "f", .role = SYNC_ROLE_MAPPING))) }

/* One row: what its rule says where a sync uses the field, where none does, where nobody knows, and where
 * none does but drift.strict is set; each "severity/severity_if_used" by their first letters. */
struct rule_case {
    const char *rule, *mirror, *answer, *used, *unused, *unknown, *strict;
};

static void check_judgement(const struct rule_case *wanted, const char *name, struct judge judge,
                            const char *expected) {
    CLEANUP(cleanup_free) char *found = judge_between(wanted->mirror, wanted->answer, judge);
    const char *at = strstr(found, ": ");
    assert_non_null(at);
    size_t length = strcspn(at + 2, " ");
    const char *severity = at + 2 + length + 1, *if_used = strchr(severity, '/') + 1;
    char letters[] = {severity[0], '/', if_used[0], '\0'};
    if (strlen(wanted->rule) != length || memcmp(wanted->rule, at + 2, length) != 0 ||
        strcmp(letters, expected) != 0 || strchr(found, '\n')[1] != '\0')
        fail_msg("%s -> %s, %s: expected %s %s, found:\n%s", wanted->mirror,
                 wanted->answer ? wanted->answer : "gone", name, wanted->rule, expected, found);
}

/* clang-format off */
static const struct rule_case rule_cases[] = {
    {"target-removed", FIELDS(), NULL, "b/b", "w/b", "b/b", "b/b"},
    {"target-added", NULL, FIELDS(), "i/i", "i/i", "i/i", "i/i"},
    {"target-name-changed", "{\"name\":\"a\",\"fields\":[]}", "{\"name\":\"b\",\"fields\":[]}", "i/i", "i/i", "i/i", "i/i"},
    {"field-removed", FIELD(), FIELDS(), "b/b", "w/b", "b/b", "b/b"},
    {"field-added", FIELDS(), FIELD(), "i/i", "i/i", "i/i", "i/i"},
    {"field-added", FIELDS(), FIELD(",\"required\":true"), "i/i", "i/i", "i/i", "i/i"},
    {"field-added", FIELDS(), FIELD(",\"createable\":true,\"updateable\":true"), "i/i", "i/i", "i/i", "i/i"},
    {"field-added-must-supply", FIELDS(), FIELD(",\"required\":true,\"createable\":true"), "w/w", "w/w", "b/b", "w/w"},
    {"field-name-changed", FIELD(",\"name\":\"a\""), FIELD(",\"name\":\"b\""), "i/i", "i/i", "i/i", "i/i"},
    {"field-name-changed", "{\"fields\":[{\"id\":\"f\",\"name\":\"a\"}],\"properties\":{\"use_field_names_as_labels\":true}}",
     "{\"fields\":[{\"id\":\"f\",\"name\":\"b\"}],\"properties\":{\"use_field_names_as_labels\":true}}", "w/w", "w/w", "w/w", "w/w"},
    {"field-name-changed", "{\"fields\":[{\"id\":\"f\",\"name\":\"a\"}],\"properties\":{\"use_field_names_as_labels\":false}}",
     "{\"fields\":[{\"id\":\"f\",\"name\":\"b\"}],\"properties\":{\"use_field_names_as_labels\":false}}", "i/i", "i/i", "i/i", "i/i"},
    {"field-description-changed", FIELD(",\"description\":\"a\""), FIELD(""), "i/i", "i/i", "i/i", "i/i"},
    {"field-type-widened", FIELD(",\"type\":\"integer\""), FIELD(",\"type\":\"number\""), "w/w", "i/w", "w/w", "w/w"},
    {"field-type-widened", FIELD(",\"type\":\"datetime\""), FIELD(",\"type\":\"string\""), "w/w", "i/w", "w/w", "w/w"},
    {"field-type-changed", FIELD(",\"type\":\"number\""), FIELD(",\"type\":\"integer\""), "b/b", "w/b", "b/b", "b/b"},
    {"field-type-changed", FIELD(",\"type\":\"json\""), FIELD(",\"type\":\"string\""), "b/b", "w/b", "b/b", "b/b"},
    {"field-type-changed", FIELD(""), FIELD(",\"type\":\"string\""), "b/b", "w/b", "b/b", "b/b"},
    {"field-type-changed", FIELD(",\"type\":\"string\""), FIELD(",\"type\":null"), "b/b", "w/b", "b/b", "b/b"},
    {"field-source-type-grew", FIELD(",\"type\":\"string\",\"source_type\":\"varchar(100)\""),
     FIELD(",\"type\":\"string\",\"source_type\":\"varchar(255)\""), "i/i", "i/i", "i/i", "i/i"},
    {"field-source-type-shrank", FIELD(",\"source_type\":\"varchar(255)\""), FIELD(",\"source_type\":\"varchar(100)\""), "b/b", "w/b", "b/b", "b/b"},
    {"field-source-type-changed", FIELD(",\"source_type\":\"varchar(255)\""), FIELD(",\"source_type\":\"text\""), "w/w", "i/w", "w/w", "w/w"},
    {"field-source-type-changed", FIELD(",\"source_type\":\"text\""), FIELD(""), "w/w", "i/w", "w/w", "w/w"},
    {"field-became-must-supply", FIELD(",\"createable\":true"), FIELD(",\"createable\":true,\"required\":true"), "w/w", "w/w", "b/b", "w/w"},
    {"field-became-must-supply", FIELD(",\"required\":true"), FIELD(",\"createable\":true,\"required\":true"), "w/w", "w/w", "b/b", "w/w"},
    {"field-required-lifted", FIELD(",\"required\":true,\"createable\":true"), FIELD(",\"createable\":true"), "i/i", "i/i", "i/i", "i/i"},
    {"field-required-lifted", FIELD(",\"required\":true"), FIELD(",\"required\":false"), "i/i", "i/i", "i/i", "i/i"},
    {"field-required-not-writable", FIELD(",\"updateable\":true"), FIELD(",\"updateable\":true,\"required\":true"), "i/i", "i/i", "i/i", "i/i"},
    {"field-became-read-only", FIELD(",\"createable\":true"), FIELD(""), "b/b", "w/b", "b/b", "b/b"},
    {"field-became-read-only", FIELD(",\"updateable\":true"), FIELD(",\"updateable\":false"), "b/b", "w/b", "b/b", "b/b"},
    {"field-not-createable", FIELD(",\"createable\":true,\"updateable\":true"), FIELD(",\"updateable\":true"), "b/b", "w/b", "b/b", "b/b"},
    {"field-not-updateable", FIELD(",\"createable\":true,\"updateable\":true"), FIELD(",\"createable\":true"), "b/b", "w/b", "b/b", "b/b"},
    {"field-became-writable", FIELD(""), FIELD(",\"createable\":true"), "i/i", "i/i", "i/i", "i/i"},
    {"field-became-writable", FIELD(",\"createable\":true"), FIELD(",\"createable\":true,\"updateable\":true"), "i/i", "i/i", "i/i", "i/i"},
    {"field-not-filterable", FIELD(",\"filterable\":true"), FIELD(""), "w/w", "i/w", "w/w", "w/w"},
    {"field-association-flipped", FIELD(",\"association\":true"), FIELD(""), "b/b", "w/b", "b/b", "b/b"},
    {"field-association-flipped", FIELD(""), FIELD(",\"association\":true"), "b/b", "w/b", "b/b", "b/b"},
    {"field-not-encryptable", FIELD(",\"encryptable\":true"), FIELD(""), "w/w", "i/w", "w/w", "w/w"},
    {"field-not-matchable", FIELD(",\"supports_identity\":true,\"identity_functions\":[{\"id\":\"e\"}]"), FIELD(",\"supports_identity\":true"), "w/w", "w/w", "b/b", "w/w"},
    {"field-not-matchable", FIELD(",\"supports_identity\":true,\"identity_functions\":[{\"id\":\"e\"}]"), FIELD(",\"identity_functions\":[{\"id\":\"e\"}]"), "w/w", "w/w", "b/b", "w/w"},
    {"field-identity-function-removed", FIELD(",\"supports_identity\":true,\"identity_functions\":[{\"id\":\"e\"},{\"id\":\"d\"}]"),
     FIELD(",\"supports_identity\":true,\"identity_functions\":[{\"id\":\"d\"}]"), "w/w", "i/w", "w/w", "w/w"},
    {"field-identity-function-removed", FIELD(",\"supports_identity\":true,\"identity_functions\":[{\"id\":\"e\"}]"),
     FIELD(",\"supports_identity\":true,\"identity_functions\":[{\"id\":\"d\"}]"), "w/w", "i/w", "w/w", "w/w"},
    {"field-option-gained", FIELD(""), FIELD(",\"filterable\":true"), "i/i", "i/i", "i/i", "i/i"},
    {"field-option-gained", FIELD(""), FIELD(",\"encryptable\":true"), "i/i", "i/i", "i/i", "i/i"},
    {"field-option-gained", FIELD(""), FIELD(",\"supports_identity\":true"), "i/i", "i/i", "i/i", "i/i"},
    {"field-option-gained", FIELD(",\"identity_functions\":[{\"id\":\"e\"}]"), FIELD(",\"identity_functions\":[{\"id\":\"e\"},{\"id\":\"d\"}]"), "i/i", "i/i", "i/i", "i/i"},
    {"field-option-gained", FIELD(",\"identity_functions\":[{\"id\":\"e\"}]"), FIELD(",\"identity_functions\":[{\"id\":\"e\",\"label\":\"E\"}]"), "i/i", "i/i", "i/i", "i/i"},
    {"field-extra-changed", FIELD(",\"x\":1"), FIELD(",\"x\":2"), "i/i", "i/i", "i/i", "i/i"},
    {"field-other-changed", FIELD(",\"supports_identity\":true"), FIELD(""), "i/i", "i/i", "i/i", "i/i"},
    {"field-other-changed", FIELD(",\"identity_functions\":[{\"id\":\"e\"}]"), FIELD(""), "i/i", "i/i", "i/i", "i/i"},
    {"field-other-changed", FIELD(",\"identity_functions\":[{\"id\":\"e\",\"y\":1}]"), FIELD(",\"identity_functions\":[{\"id\":\"e\",\"y\":2}]"), "i/i", "i/i", "i/i", "i/i"},

    {"mode-removed", MODES(MODE("update") "," MODE("create")), MODES(MODE("create")), "b/b", "w/b", "b/b", "b/b"},
    {"mode-removed", MODES(MODE("replace") "," MODE("create")), MODES(MODE("create")), "w/b", "w/b", "b/b", "b/b"},
    {"mode-removed", MODES(MODE("replace")), MODES(), "b/b", "b/b", "b/b", "b/b"},
    {"mode-added", MODES(), MODES(MODE("update")), "i/i", "i/i", "i/i", "i/i"},
    {"mode-label-changed", MODES(MODE("update")), MODES(MODE("update", ",\"label\":\"U\"")), "i/i", "i/i", "i/i", "i/i"},
    {"mode-label-changed", MODES(MODE("a.b", ",\"description\":\"U\"")), MODES(MODE("a.b")), "i/i", "i/i", "i/i", "i/i"},
    {"mode-requires-identity", MODES(MODE("update")), MODES(MODE("update", ",\"requires_identity\":true")), "b/b", "w/w", "w/w", "w/w"},
    {"mode-requires-identity", MODES(MODE("replace")), MODES(MODE("replace", ",\"requires_identity\":true")), "w/w", "w/w", "w/w", "w/w"},
    {"mode-capability-lost", MODES(MODE("update", ",\"supports_field_sync_mode\":true")), MODES(MODE("update")), "w/w", "w/w", "w/w", "w/w"},
    {"mode-capability-lost", MODES(MODE("update", ",\"supports_target_filters\":true")), MODES(MODE("update")), "w/w", "w/w", "w/w", "w/w"},
    {"mode-capability-gained", MODES(MODE("update")), MODES(MODE("update", ",\"supports_field_sync_mode\":true")), "i/i", "i/i", "i/i", "i/i"},
    {"mode-capability-gained", MODES(MODE("update")), MODES(MODE("update", ",\"supports_target_filters\":true")), "i/i", "i/i", "i/i", "i/i"},
    {"mode-capability-gained", MODES(MODE("update", ",\"requires_identity\":true")), MODES(MODE("update")), "i/i", "i/i", "i/i", "i/i"},
    {"mode-other-changed", MODES(MODE("update", ",\"x\":1")), MODES(MODE("update", ",\"x\":2")), "i/i", "i/i", "i/i", "i/i"},
    {"mode-other-changed", MODES(MODE("update", ",\"x.label\":1")), MODES(MODE("update", ",\"x.label\":2")), "i/i", "i/i", "i/i", "i/i"},

    {"property-now-required", PROPERTIES("\"mappings_not_required\":true"), PROPERTIES(), "b/b", "w/b", "b/b", "b/b"},
    {"property-now-required", PROPERTIES("\"optional_target_mappings\":true"), PROPERTIES("\"optional_target_mappings\":false"), "b/b", "w/b", "b/b", "b/b"},
    {"property-now-required", PROPERTIES(), PROPERTIES("\"requires_configuration\":true"), "b/b", "w/b", "b/b", "b/b"},
    {"property-capability-lost", PROPERTIES("\"supports_field_creation\":true"), PROPERTIES(), "w/w", "w/w", "w/w", "w/w"},
    {"property-capability-lost", PROPERTIES("\"supports_field_encryption\":true"), PROPERTIES(), "w/w", "w/w", "w/w", "w/w"},
    {"property-capability-lost", PROPERTIES("\"supports_field_type_selection\":true"), PROPERTIES(), "w/w", "w/w", "w/w", "w/w"},
    {"property-capability-lost", PROPERTIES("\"supports_identity_field_creation\":true"), PROPERTIES(), "w/w", "w/w", "w/w", "w/w"},
    {"property-capability-lost", PROPERTIES("\"supports_target_filters\":true"), PROPERTIES(), "w/w", "w/w", "w/w", "w/w"},
    {"property-capability-lost", PROPERTIES("\"supports_news\":true"), PROPERTIES("\"supports_news\":[ ]"), "w/w", "w/w", "w/w", "w/w"},
    {"property-capability-lost", PROPERTIES("\"target_creator\":true"), PROPERTIES(), "w/w", "w/w", "w/w", "w/w"},
    {"property-counts-lost", PROPERTIES(), PROPERTIES("\"does_not_report_operation_counts\":true"), "w/w", "w/w", "w/w", "w/w"},
    {"property-metadata-object-changed", PROPERTIES("\"primary_metadata_object\":\"a\""), PROPERTIES("\"primary_metadata_object\":\"b\""), "w/w", "w/w", "w/w", "w/w"},
    {"property-changed", PROPERTIES("\"primary_metadata_object\":\"a\""), PROPERTIES(), "i/i", "i/i", "i/i", "i/i"},
    {"property-changed", PROPERTIES(), PROPERTIES("\"primary_metadata_object\":\"a\""), "i/i", "i/i", "i/i", "i/i"},
    {"property-changed", PROPERTIES(), PROPERTIES("\"mappings_not_required\":true"), "i/i", "i/i", "i/i", "i/i"},
    {"property-changed", PROPERTIES(), PROPERTIES("\"optional_target_mappings\":true"), "i/i", "i/i", "i/i", "i/i"},
    {"property-changed", PROPERTIES("\"requires_configuration\":true"), PROPERTIES(), "i/i", "i/i", "i/i", "i/i"},
    {"property-changed", PROPERTIES(), PROPERTIES("\"supports_field_creation\":true"), "i/i", "i/i", "i/i", "i/i"},
    {"property-changed", PROPERTIES(), PROPERTIES("\"target_creator\":true"), "i/i", "i/i", "i/i", "i/i"},
    {"property-changed", PROPERTIES("\"does_not_report_operation_counts\":true"), PROPERTIES(), "i/i", "i/i", "i/i", "i/i"},
    {"property-changed", PROPERTIES("\"use_field_names_as_labels\":true"), PROPERTIES(), "i/i", "i/i", "i/i", "i/i"},
    {"property-changed", PROPERTIES("\"new_target_label\":\"a\""), PROPERTIES("\"new_target_label\":\"b\""), "i/i", "i/i", "i/i", "i/i"},
    {"property-changed", PROPERTIES("\"supports_news\":true"), PROPERTIES("\"supports_news\":\"some\""), "i/i", "i/i", "i/i", "i/i"},
    {"property-changed", PROPERTIES("\"name\":1"), PROPERTIES("\"name\":2"), "i/i", "i/i", "i/i", "i/i"},
};
/* clang-format on */

static void each_rule_by_use(void **state) {
    (void)state;
    const struct config_drift strict = {.strict = true};
    for (size_t i = 0; i < ARRAY_LENGTH(rule_cases); i++) {
        const struct rule_case *wanted = &rule_cases[i];
        check_judgement(wanted, "used", (struct judge){.use = IN_USE}, wanted->used);
        check_judgement(wanted, "unused", (struct judge){.use = nobody}, wanted->unused);
        check_judgement(wanted, "unknown", (struct judge){.use = unknown}, wanted->unknown);
        check_judgement(wanted, "strict", (struct judge){.drift = &strict, .use = nobody}, wanted->strict);
        /* where the sync makes no difference, it is another mode's */
        check_judgement(wanted, "strict, used", (struct judge){.drift = &strict, .use = IN_USE},
                        strcmp(wanted->used, wanted->unused) != 0 ? wanted->used : wanted->strict);
        check_judgement(wanted, "strict, unknown", (struct judge){.drift = &strict, .use = unknown},
                        wanted->unknown);
    }
}

static void each_rule_has_a_case(void **state) {
    (void)state;
    for (size_t i = 0; rule_ids[i]; i++) {
        bool found = strcmp(rule_ids[i], "mass-removal") == 0; /* has a test of its own */
        for (size_t k = 0; k < ARRAY_LENGTH(rule_cases) && !found; k++)
            found = strcmp(rule_cases[k].rule, rule_ids[i]) == 0;
        if (!found)
            fail_msg("no case for %s", rule_ids[i]);
    }
}

static void rules_are_those_of_the_configuration(void **state) {
    (void)state;
    for (size_t i = 0; i < rules_count; i++) {
        assert_non_null(rule_ids[i]);
        assert_string_equal(rules[i].id, rule_ids[i]);
    }
    assert_null(rule_ids[rules_count]);
}

/* A change under syncs that the table names for one rule. */
struct use_case {
    const char *mirror, *answer;
    struct target_use use;
    const char *expected;
};

static void run_use_cases(const struct use_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        CLEANUP(cleanup_free)
        char *found = judge_between(cases[i].mirror, cases[i].answer, (struct judge){.use = cases[i].use});
        if (strcmp(found, cases[i].expected) != 0)
            fail_msg("case %zu, %s -> %s:\n%s", i, cases[i].mirror, cases[i].answer, found);
    }
}

#define RUN(cases) run_use_cases(cases, ARRAY_LENGTH(cases))

/* clang-format off */
static void use_by_role_and_activity(void **state) {
    (void)state;
#define GONE(use, severity) {FIELD(), FIELDS(), use, "field_removed f: field-removed " severity "/breaking\n"}
#define ROLE(name) {.known = true, SYNCS(SYNC(.mode = "update", USES(.field_id = "f", .role = SYNC_ROLE_##name)))}
    const struct use_case cases[] = {
        GONE(ROLE(MAPPING), "breaking"),
        GONE(ROLE(OVERRIDE), "breaking"),
        GONE(ROLE(IDENTITY), "breaking"),
        GONE(ROLE(FILTER), "breaking"),
        /* another field of the same sync, and an inactive sync */
        GONE(((struct target_use){.known = true, SYNCS(SYNC(USES(.field_id = "g")))}), "warning"),
        GONE(((struct target_use){.known = true, SYNCS(&(const struct sync){.id = "s", USES(.field_id = "f")})}), "warning"),
        GONE(((struct target_use){.known = true, SYNCS(SYNC(USES(.field_id = "g")), SYNC(USES(.field_id = "f")))}), "breaking"),
        /* what is stored counts even where the rest is not known */
        GONE(((struct target_use){.known = false, SYNCS(SYNC(USES(.field_id = "g")))}), "breaking"),
        /* a target is used by any active sync, whatever it maps */
        {FIELDS(), NULL, {.known = true, SYNCS(SYNC(.mode = "update"))}, "target_removed: target-removed breaking/breaking\n"},
        {FIELDS(), NULL, {.known = true, SYNCS(&(const struct sync){.id = "s"})}, "target_removed: target-removed warning/breaking\n"},
    };
    RUN(cases);
}

static void a_field_that_must_be_supplied(void **state) {
    (void)state;
#define NEW_FIELD(use, severity) {FIELDS(), FIELD(",\"required\":true,\"createable\":true"), use, "field_added f: field-added-must-supply " severity "/" severity "\n"}
#define REQUIRED(use, severity) {FIELD(",\"createable\":true"), FIELD(",\"required\":true,\"createable\":true"), use, \
                                 "field_changed f required: field-became-must-supply " severity "/" severity "\n"}
#define ONE(...) ((struct target_use){.known = true, SYNCS(SYNC(__VA_ARGS__))})
#define BOTH(...) ((struct target_use){.known = true, SYNCS(__VA_ARGS__)})
    const struct use_case cases[] = {
        NEW_FIELD(ONE(.mode = "create"), "breaking"), NEW_FIELD(ONE(.mode = "updateOrCreate"), "breaking"),
        NEW_FIELD(ONE(.mode = "replace"), "breaking"), NEW_FIELD(ONE(.mode = "append"), "breaking"),
        NEW_FIELD(ONE(.mode = "snapshot"), "breaking"), NEW_FIELD(ONE(.mode = "novel"), "breaking"),
        NEW_FIELD(ONE(.mode = NULL), "breaking"),
        NEW_FIELD(ONE(.mode = "update"), "warning"), NEW_FIELD(ONE(.mode = "remove"), "warning"),
        NEW_FIELD(((struct target_use){.known = true, SYNCS(&(const struct sync){.id = "s", .mode = "create"})}), "warning"),
        NEW_FIELD(((struct target_use){.known = false, SYNCS(SYNC(.mode = "update"))}), "breaking"),

        REQUIRED(ONE(.mode = "create", USES(.field_id = "g")), "breaking"),
        REQUIRED(ONE(.mode = "create", USES(.field_id = "f", .role = SYNC_ROLE_FILTER)), "breaking"),
        REQUIRED(ONE(.mode = "create", USES(.field_id = "f", .role = SYNC_ROLE_MAPPING)), "warning"),
        REQUIRED(ONE(.mode = "create", USES(.field_id = "f", .role = SYNC_ROLE_OVERRIDE)), "warning"),
        REQUIRED(ONE(.mode = "updateOrCreate", USES(.field_id = "f", .role = SYNC_ROLE_IDENTITY)), "warning"),
        REQUIRED(ONE(.mode = "update"), "warning"),
        REQUIRED(((struct target_use){.known = true, SYNCS(&(const struct sync){.id = "s", .mode = "create"})}), "warning"),
        REQUIRED(BOTH(SYNC(.mode = "create", USES(.field_id = "f")), SYNC(.mode = "append")), "breaking"),
        REQUIRED(((struct target_use){.known = false, SYNCS(SYNC(.mode = "create", USES(.field_id = "f")))}), "breaking"),
    };
    RUN(cases);
}

#define FUNCTIONS(...) FIELD(",\"supports_identity\":true,\"identity_functions\":[" __VA_ARGS__ "]")

static void what_the_use_is_for(void **state) {
    (void)state;
#define PLAIN(use, result) {FIELD(",\"encryptable\":true"), FIELD(), use, "field_changed f encryptable: field-not-encryptable " result "\n"}
#define UNMATCHED(use, result) {FUNCTIONS("{\"id\":\"e\"}"), FUNCTIONS(), use, "field_changed f identity_functions: field-not-matchable " result "\n"}
#define LOST(use, result) {FUNCTIONS("{\"id\":\"e\"},{\"id\":\"q\\\"\"}"), FUNCTIONS("{\"id\":\"e\"}"), use, \
                           "field_changed f identity_functions: field-identity-function-removed " result "\n"}
    const struct use_case cases[] = {
        PLAIN(ONE(USES(.field_id = "f", .encrypted = true)), "breaking/breaking"),
        PLAIN(ONE(USES(.field_id = "g", .encrypted = true)), "info/warning"),
        PLAIN(((struct target_use){.known = false, SYNCS(SYNC(USES(.field_id = "f", .encrypted = true)))}), "breaking/breaking"),

        UNMATCHED(ONE(USES(.field_id = "f", .role = SYNC_ROLE_IDENTITY)), "breaking/breaking"),
        UNMATCHED(ONE(USES(.field_id = "g", .role = SYNC_ROLE_IDENTITY)), "warning/warning"),
        UNMATCHED(((struct target_use){.known = false, SYNCS(SYNC(USES(.field_id = "f")))}), "breaking/breaking"),

        LOST(ONE(USES(.field_id = "f", .role = SYNC_ROLE_IDENTITY, .function = "q\"")), "breaking/breaking"),
        LOST(ONE(USES(.field_id = "f", .role = SYNC_ROLE_IDENTITY, .function = "e")), "warning/warning"),
        LOST(ONE(USES(.field_id = "f", .role = SYNC_ROLE_IDENTITY, .function = NULL)), "warning/warning"),
        LOST(ONE(USES(.field_id = "g", .role = SYNC_ROLE_IDENTITY, .function = "q\"")), "info/warning"),
    };
    RUN(cases);
}

static void a_mode_that_needs_an_identity(void **state) {
    (void)state;
#define NEEDS(use, result) {MODES(MODE("update")), MODES(MODE("update", ",\"requires_identity\":true")), use, \
                            "mode_changed update.requires_identity: mode-requires-identity " result "\n"}
    const struct use_case cases[] = {
        NEEDS(ONE(.mode = "update", USES(.field_id = "f")), "breaking/breaking"),
        NEEDS(ONE(.mode = "update", USES(.field_id = "f", .role = SYNC_ROLE_IDENTITY)), "warning/warning"),
        NEEDS(BOTH(SYNC(.mode = "update", USES(.field_id = "f", .role = SYNC_ROLE_IDENTITY)), SYNC(.mode = "update")), "breaking/breaking"),
        NEEDS(ONE(.mode = "create"), "warning/warning"),
        NEEDS(((struct target_use){.known = false, SYNCS(SYNC(.mode = "update"))}), "breaking/breaking"),
        /* a sync whose mode is not known may be in this one */
        {MODES(MODE("a") "," MODE("b")), MODES(MODE("b")), ONE(.mode = NULL), "mode_removed a: mode-removed breaking/breaking\n"},
        /* of the last two none is left */
        {MODES(MODE("a") "," MODE("b")), MODES(), {.known = true},
         "mode_removed a: mode-removed breaking/breaking\nmode_removed b: mode-removed breaking/breaking\n"},
        {MODES(MODE("a")), MODES(MODE("b")), {.known = true},
         "mode_removed a: mode-removed warning/breaking\nmode_added b: mode-added info/info\n"},
    };
    RUN(cases);
}

static void derived_rules_take_the_place_of_others(void **state) {
    (void)state;
#define WRITABLE ",\"createable\":true,\"updateable\":true"
    const struct use_case cases[] = {
        /* required and createable in one run: one derived rule on both rows */
        {FIELD(""), FIELD(",\"required\":true,\"createable\":true"), {.known = false},
         "field_changed f createable: field-became-must-supply breaking/breaking\n"
         "field_changed f required: field-became-must-supply breaking/breaking\n"},
        /* both rights gone: read only, twice */
        {FIELD(WRITABLE), FIELD(""), IN_USE,
         "field_changed f createable: field-became-read-only breaking/breaking\n"
         "field_changed f updateable: field-became-read-only breaking/breaking\n"},
        /* one right for the other */
        {FIELD(",\"createable\":true"), FIELD(",\"updateable\":true"), {.known = true},
         "field_changed f createable: field-not-createable warning/breaking\n"
         "field_changed f updateable: field-became-writable info/info\n"},
        /* must be supplied, and can be updated no more */
        {FIELD(",\"updateable\":true"), FIELD(",\"required\":true,\"createable\":true"), {.known = true},
         "field_changed f createable: field-became-must-supply warning/warning\n"
         "field_changed f required: field-became-must-supply warning/warning\n"
         "field_changed f updateable: field-not-updateable warning/breaking\n"},
        /* required, but not writable any more */
        {FIELD(WRITABLE), FIELD(",\"required\":true"), {.known = true},
         "field_changed f createable: field-became-read-only warning/breaking\n"
         "field_changed f required: field-required-not-writable info/info\n"
         "field_changed f updateable: field-became-read-only warning/breaking\n"},
        /* was to be supplied and is read only */
        {FIELD(",\"required\":true" WRITABLE), FIELD(""), {.known = true},
         "field_changed f createable: field-became-read-only warning/breaking\n"
         "field_changed f required: field-required-lifted info/info\n"
         "field_changed f updateable: field-became-read-only warning/breaking\n"},
        /* neither of the two of which it is made remains */
        {FUNCTIONS("{\"id\":\"e\"}"), FIELD(""), ONE(USES(.field_id = "f", .role = SYNC_ROLE_IDENTITY)),
         "field_changed f identity_functions: field-not-matchable breaking/breaking\n"
         "field_changed f supports_identity: field-not-matchable breaking/breaking\n"},
        /* no function remains in use, but others are new: still not matchable without the flag */
        {FUNCTIONS("{\"id\":\"e\"}"), FIELD(",\"identity_functions\":[{\"id\":\"d\"}]"), {.known = true},
         "field_changed f identity_functions: field-not-matchable warning/warning\n"
         "field_changed f supports_identity: field-not-matchable warning/warning\n"},
        /* one goes, one comes: the first in the table of those that are as severe */
        {FUNCTIONS("{\"id\":\"e\"}"), FUNCTIONS("{\"id\":\"d\"}"), {.known = true},
         "field_changed f identity_functions: field-identity-function-removed info/warning\n"},
        /* derived rules end with their field */
        {FIELDS("{\"id\":\"a\",\"createable\":true},{\"id\":\"b\",\"createable\":true,\"updateable\":true}"),
         FIELDS("{\"id\":\"a\"},{\"id\":\"b\",\"updateable\":true}"), {.known = true},
         "field_changed a createable: field-became-read-only warning/breaking\n"
         "field_changed b createable: field-not-createable warning/breaking\n"},
        /* what grew only counts where the type is the same */
        {FIELD(",\"type\":\"integer\",\"source_type\":\"numeric(5)\""), FIELD(",\"type\":\"number\",\"source_type\":\"numeric(9)\""), {.known = true},
         "field_changed f source_type: field-source-type-changed info/warning\n"
         "field_changed f type: field-type-widened info/warning\n"},
    };
    RUN(cases);
}
/* clang-format on */

static void a_mass_removal_goes_before_all(void **state) {
    (void)state;
    const struct judge judge = {.use = IN_USE, .mass_removal = true};
    CLEANUP(cleanup_free)
    char *fields = judge_between(FIELDS("{\"id\":\"f\"},{\"id\":\"g\"},{\"id\":\"h\"}"),
                                 FIELDS("{\"id\":\"h\",\"name\":\"n\"},{\"id\":\"i\"}"), judge);
    assert_string_equal(fields, "field_removed f: mass-removal breaking/breaking\n"
                                "field_removed g: mass-removal breaking/breaking\n"
                                "field_changed h name: field-name-changed info/info\n"
                                "field_added i: field-added info/info\n");
    CLEANUP(cleanup_free)
    char *target = judge_between(FIELDS(), NULL, (struct judge){.use = nobody, .mass_removal = true});
    assert_string_equal(target, "target_removed: mass-removal breaking/breaking\n");
}

static void overrides(void **state) {
    (void)state;
    struct config_rule list[] = {
        {"field-removed", RULE_INFO},
        {"field-description-changed", RULE_IGNORE},
        {"field-added", RULE_BREAKING},
        {"field-option-gained", RULE_WARNING},
        {"field-not-encryptable", RULE_WARNING},
    };
    const struct config_drift drift = {.rules = list, .rule_count = ARRAY_LENGTH(list)};
    const struct judge used = {.drift = &drift, .use = IN_USE}, unused = {.drift = &drift, .use = nobody};
    const char *mirror = FIELDS("{\"id\":\"f\"},{\"id\":\"g\",\"description\":\"d\",\"encryptable\":true}");
    const char *answer = FIELDS("{\"id\":\"g\",\"filterable\":true},{\"id\":\"h\"}");
    const char *expected = "field_removed f: field-removed info/info\n"
                           "field_changed g description: field-description-changed info/info ignored\n"
                           "field_changed g encryptable: field-not-encryptable warning/warning\n"
                           "field_changed g filterable: field-option-gained warning/warning\n"
                           "field_added h: field-added breaking/breaking\n";
    CLEANUP(cleanup_free) char *with_use = judge_between(mirror, answer, used);
    assert_string_equal(with_use, expected);
    CLEANUP(cleanup_free) char *without_use = judge_between(mirror, answer, unused);
    assert_string_equal(without_use, expected);
    /* of the rules that fit a row the most severe as configured */
    CLEANUP(cleanup_free)
    char *functions = judge_between(FUNCTIONS("{\"id\":\"e\"}"), FUNCTIONS("{\"id\":\"d\"}"), unused);
    assert_string_equal(functions,
                        "field_changed f identity_functions: field-option-gained warning/warning\n");
    /* a fallback is none where another fits */
    struct config_rule other = {"field-other-changed", RULE_BREAKING};
    const struct config_drift fallback = {.strict = true, .rules = &other, .rule_count = 1};
    CLEANUP(cleanup_free)
    char *named = judge_between(FIELD(",\"filterable\":true,\"supports_identity\":true"), FIELD(""),
                                (struct judge){.drift = &fallback, .use = nobody});
    assert_string_equal(named, "field_changed f filterable: field-not-filterable warning/warning\n"
                               "field_changed f supports_identity: field-other-changed breaking/breaking\n");
}

/* The documentation's table is the code's. */
static void the_documentation_says_the_same(void **state) {
    (void)state;
    static const char begin[] = "<!-- rules -->\n", end[] = "<!-- end of rules -->\n";
    char *table = NULL, *text = NULL;
    size_t table_size = 0, capacity = 0;
    FILE *stream = open_memstream(&table, &table_size);
    severity_print_table(stream);
    assert_int_equal(fclose(stream), 0);
    FILE *file = fopen("docs/severity.md", "r");
    if (!file)
        fail_msg("docs/severity.md: run the test in the top directory");
    assert_true(getdelim(&text, &capacity, '\0', file) > 0);
    assert_int_equal(fclose(file), 0);
    char *from = strstr(text, begin), *to = strstr(text, end);
    assert_true(from && to && from < to);
    *to = '\0';
    if (strcmp(from + strlen(begin), table) != 0)
        fail_msg("docs/severity.md: the table between the markers is not the code's, which is:\n%s", table);
    free(text);
    free(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_by_use),
        cmocka_unit_test(each_rule_has_a_case),
        cmocka_unit_test(rules_are_those_of_the_configuration),
        cmocka_unit_test(use_by_role_and_activity),
        cmocka_unit_test(a_field_that_must_be_supplied),
        cmocka_unit_test(what_the_use_is_for),
        cmocka_unit_test(a_mode_that_needs_an_identity),
        cmocka_unit_test(derived_rules_take_the_place_of_others),
        cmocka_unit_test(a_mass_removal_goes_before_all),
        cmocka_unit_test(overrides),
        cmocka_unit_test(the_documentation_says_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
