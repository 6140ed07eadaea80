#include "base/messages.h"

#include <string.h>

#include "../unit.h"

static void test_causes(void **state) {
    (void)state;
    static const struct {
        enum error_cause cause;
        const char *otherwise, *expected;
    } cases[] = {
        {CAUSE_DB_UNREACHABLE, MESSAGE_RUN_FAILED, MESSAGE_DATABASE_AWAY},
        {CAUSE_DB_RIGHTS, NULL, MESSAGE_DATABASE_RIGHTS},
        {CAUSE_SCHEMA_NEW, NULL, MESSAGE_SCHEMA_NEWER},
        {CAUSE_SCHEMA_OLD, NULL, MESSAGE_SCHEMA_OLDER},
        {CAUSE_CONFIG_DIFFERS, NULL, MESSAGE_CONFIG_DIFFERS},
        {CAUSE_SECRET, MESSAGE_RUN_FAILED, MESSAGE_SECRET_UNREADABLE},
        {CAUSE_HTTP_401, MESSAGE_RUN_FAILED, MESSAGE_RUN_FAILED}, /* the key is judged by its own request */
        {CAUSE_TIMEOUT, MESSAGE_TARGET_FAILED, MESSAGE_TARGET_FAILED},
        {CAUSE_TIMEOUT, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const char *message = message_of_cause(cases[i].cause, cases[i].otherwise);
        if ((message == NULL) != (cases[i].expected == NULL) ||
            (message && strcmp(message, cases[i].expected) != 0))
            fail_msg("%s: %s, not %s", error_class(cases[i].cause)->name, message ? message : "none",
                     cases[i].expected ? cases[i].expected : "none");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_causes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
