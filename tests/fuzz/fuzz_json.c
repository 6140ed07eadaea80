/* What json_check() passes is JSON for others too; its walks stay inside; the canonical form is its own. */
#include <cjson/cJSON.h>

#include "core/json_erase.h"
#include "core/json_text.h"
#include "fuzz.h"

static size_t walk(struct span value, unsigned depth) {
    struct json_walk at;
    struct span key, inner;
    size_t count = 1;
    if (depth > 50 || !json_walk_init(&at, value))
        return count;
    while (json_walk_next(&at, &key, &inner)) {
        REQUIRE(inner.data >= value.data && inner.data + inner.length <= value.data + value.length);
        count += walk(inner, depth + 1);
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    struct error error = {0};
    if (!json_check(text, size, &error)) {
        REQUIRE(error.cause == CAUSE_SHAPE);
        free(text);
        return 0;
    }
    cJSON *tree = cJSON_ParseWithLength(text, size);
    REQUIRE(tree);
    cJSON_Delete(tree);
    walk((struct span){text, size}, 0);

    struct buffer once, twice;
    buffer_init(&once, 16 * size + 64);
    buffer_init(&twice, 16 * size + 64);
    if (json_canonical((struct span){text, size}, &once) && once.length > 0) {
        REQUIRE(json_check(once.data, once.length, &error));
        REQUIRE(json_canonical((struct span){once.data, once.length}, &twice));
        REQUIRE(twice.length == once.length && memcmp(once.data, twice.data, once.length) == 0);
    }
    buffer_done(&once);
    buffer_done(&twice);
    json_erase(text, size, "pass");
    REQUIRE(json_check(text, size, &error));
    free(text);
    return 0;
}
