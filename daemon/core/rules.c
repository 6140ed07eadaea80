#include "core/rules.h"

#include <string.h>

const char *const rule_ids[] = {
    "mass-removal",
    "target-removed",
    "target-added",
    "target-name-changed",
    "field-removed",
    "field-added",
    "field-added-must-supply",
    "field-name-changed",
    "field-description-changed",
    "field-type-widened",
    "field-type-changed",
    "field-source-type-grew",
    "field-source-type-shrank",
    "field-source-type-changed",
    "field-became-must-supply",
    "field-required-lifted",
    "field-required-not-writable",
    "field-became-read-only",
    "field-not-createable",
    "field-not-updateable",
    "field-became-writable",
    "field-not-filterable",
    "field-association-flipped",
    "field-not-encryptable",
    "field-not-matchable",
    "field-identity-function-removed",
    "field-option-gained",
    "field-extra-changed",
    "field-other-changed",
    "mode-removed",
    "mode-added",
    "mode-label-changed",
    "mode-requires-identity",
    "mode-capability-lost",
    "mode-capability-gained",
    "mode-other-changed",
    "property-now-required",
    "property-capability-lost",
    "property-counts-lost",
    "property-metadata-object-changed",
    "property-changed",
    NULL,
};

int rule_find(const char *id) {
    for (int i = 0; rule_ids[i]; i++)
        if (strcmp(rule_ids[i], id) == 0)
            return i;
    return -1;
}
