/* Lists of syncs and syncs, whose passphrase must be gone from the body after the parse, whatever came of it.
 */
#include "core/api_json_syncs.h"
#include "fuzz.h"

static const char word[] = "\"encryption_passphrase\":\"";

/* Where a plain passphrase begins; NULL: there is none. */
static const char *passphrase(const char *body) {
    const char *at = strstr(body, word);
    return at && at[sizeof(word) - 1] && at[sizeof(word) - 1] != '"' ? at + sizeof(word) - 1 : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    char *body = fuzz_text(data + 1, size - 1);
    const char *secret = passphrase(body);
    char first = secret ? *secret : 0;
    struct error error = {0};
    struct arena *arena = arena_new();
    bool good;
    if (data[0] % 2) {
        struct api_sync_list list;
        good = api_parse_sync_list(body, size - 1, arena, &list, &error);
    } else {
        struct sync sync;
        good = api_parse_sync(body, size - 1, NULL, arena, &sync, &error);
    }
    REQUIRE(good != error_is_set(&error));
    if (secret && strlen(body) == size - 1)
        REQUIRE(*secret != first || first == '0' || first == ' ');
    arena_free(arena);
    free(body);
    return 0;
}
