/* For the tests of severity: judges what has changed between two targets' JSON. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "base/alloc.h"
#include "base/buffer.h"
#include "core/severity.h"
#include "core/target_json.h"

#define FIELDS(...)     "{\"fields\":[" __VA_ARGS__ "]}"
#define FIELD(...)      FIELDS("{\"id\":\"f\"" __VA_ARGS__ "}")
#define MODES(...)      "{\"fields\":[],\"modes\":[" __VA_ARGS__ "]}"
#define MODE(id, ...)   "{\"mode\":\"" id "\"" __VA_ARGS__ "}"
#define PROPERTIES(...) "{\"fields\":[],\"properties\":{" __VA_ARGS__ "}}"

static struct target *parse_target(const char *data) {
    if (!data)
        return NULL;
    struct error error = {0};
    CLEANUP(cleanup_free) char *text = alloc_printf("{\"data\":%s}", data);
    struct target *target = target_parse(text, strlen(text), NULL, &error);
    if (!target)
        fail_msg("%s: %s", data, error.text);
    return target;
}

static void describe_judgements(const struct change *changes, const struct judgement *judgements,
                                size_t count, struct buffer *text) {
    for (size_t i = 0; i < count; i++) {
        const struct change *change = &changes[i];
        assert_true(buffer_append_format(
            text, "%s%s%s%s%s: %s %s/%s%s\n", change_kind_names[change->kind], change->field_id ? " " : "",
            change->field_id ? change->field_id : "", change->attribute ? " " : "",
            change->attribute ? change->attribute : "", judgements[i].rule,
            severity_names[judgements[i].severity], severity_names[judgements[i].severity_if_used],
            judgements[i].ignored ? " ignored" : ""));
    }
}

/* Compares and judges; a line for each row. A target that is not there (NULL) is one that was added or
 * removed. */
static UNUSED char *judge_between(const char *mirror_data, const char *answer_data, struct judge judge) {
    struct target *mirror = parse_target(mirror_data), *answer = parse_target(answer_data);
    struct diff diff = {0};
    struct change whole = {.kind = mirror ? CHANGE_TARGET_REMOVED : CHANGE_TARGET_ADDED};
    const struct diff_options options = {.removals = REMOVAL_BELIEF};
    if (mirror && answer)
        diff_compute(mirror, answer, &options, &diff);
    const struct change *changes = mirror && answer ? diff.changes : &whole;
    size_t count = mirror && answer ? diff.change_count : 1;
    struct judgement *judgements = alloc_zero(count + 1, sizeof(*judgements));
    judge.mirror = mirror;
    judge.answer = answer;
    severity_judge(&judge, changes, count, judgements);
    struct buffer text;
    buffer_init(&text, 100000);
    describe_judgements(changes, judgements, count, &text);
    free(judgements);
    diff_done(&diff);
    target_free(mirror);
    target_free(answer);
    return text.length > 0 ? buffer_take(&text) : alloc_strdup("");
}
