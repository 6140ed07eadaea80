/* The API's JSON of a target -> a snapshot, or an error that names the JSON path and what stands there. */
#pragma once

#include "base/error.h"
#include "core/target.h"

/* Parses the body of GET .../modelsync/target/fields. `expected_id`: what data.id must be where it is given
 * (NULL: not compared, as of a target that is not created yet). NULL and CAUSE_SHAPE on anything that is not
 * the documented shape: json_check()'s findings, no `data` object, a member of the wrong type, an id or name
 * longer than TARGET_ID_MAX, another id. Absent and null members are fine here: whether one may be missing
 * depends on what the mirror has, which the caller knows. The caller frees the target. */
struct target *target_parse(const char *body, size_t length, const char *expected_id,
                            struct error *ret_error) MUST_USE;
