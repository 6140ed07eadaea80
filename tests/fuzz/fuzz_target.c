/* The body of a target's fields: what is taken has a fingerprint that stands for it, and equals itself. */
#include "core/diff.h"
#include "core/target.h"
#include "core/target_json.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *body = fuzz_text(data, size);
    struct error error = {0};
    struct target *target = target_parse(body, size, NULL, &error);
    REQUIRE((target != NULL) != error_is_set(&error));
    if (target) {
        enum fingerprint_kind kind = fingerprint_choose(target, body, size);
        usec_t refreshed_at;
        struct fingerprint a = fingerprint_make(kind, body, size, "2025-09-18", &refreshed_at);
        struct fingerprint b = fingerprint_make(kind, body, size, "2025-09-18", &refreshed_at);
        REQUIRE(kind == FINGERPRINT_NONE || fingerprint_equal(&a, &b));
        if (kind == FINGERPRINT_CUT)
            REQUIRE(refreshed_at == target->refreshed_at);
        struct target *again = target_parse(body, size, target->id, &error);
        REQUIRE(again && again->field_count == target->field_count &&
                again->mode_count == target->mode_count);
        for (size_t i = 0; i < target->field_count; i++)
            REQUIRE(field_equal(&target->fields[i], &again->fields[i]));
        target_free(again);
    }
    target_free(target);
    free(body);
    return 0;
}
