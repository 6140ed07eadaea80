#include "core/json_erase.h"

#include "../unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "core/json_text.h"

static void values_are_overwritten(void **state) {
    (void)state;
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"{\"pass\":\"secret\"}", "{\"pass\":0       }"},
        {"{\"pass\" : \"a\\\"b\" , \"x\":1}", "{\"pass\" : 0      , \"x\":1}"},
        {"{\"pass\":\"\"}", "{\"pass\":0 }"},
        {"{\"pass\":null,\"y\":\"pass\"}", "{\"pass\":0   ,\"y\":\"pass\"}"},
        {"{\"pass\":7}", "{\"pass\":0}"},
        {"{\"pass\":[\"a]\",{\"b\":\"}\"}],\"c\":[\"d\"]}", "{\"pass\":0               ,\"c\":[\"d\"]}"},
        {"{\"pass\":{\"pass\":\"s\",\"t\":[]}}", "{\"pass\":0                  }"},
        /* at any depth, several times, as a part of the name, in any case, escaped */
        {"{\"a\":[{\"pass\":\"s\"},[{\"pass\":\"t\"}]]}", "{\"a\":[{\"pass\":0  },[{\"pass\":0  }]]}"},
        {"{\"pass\":\"s\",\"pass\":\"t\"}", "{\"pass\":0  ,\"pass\":0  }"},
        {"{\"my_PassWord\":\"s\"}", "{\"my_PassWord\":0  }"},
        {"{\"p\\u0061ss\":\"s\"}", "{\"p\\u0061ss\":0  }"},
        {"{\"\\u0050ass\":\"s\"}", "{\"\\u0050ass\":0  }"},
        /* no member's name */
        {"{\"a\":\"pass\",\"b\":[\"pass\",\"c\"]}", "{\"a\":\"pass\",\"b\":[\"pass\",\"c\"]}"},
        {"[\"pass\"]", "[\"pass\"]"},
        {"\"pass\"", "\"pass\""},
        {"{\"a\\\"pass\":\"s\"}", "{\"a\\\"pass\":0  }"},
        {"{\"a\":\"\\\"pass\\\":\\\"s\\\"\"}", "{\"a\":\"\\\"pass\\\":\\\"s\\\"\"}"},
        {"{\"\":\"s\",\"\\ud83d\\ude00pass\":\"s\"}", "{\"\":\"s\",\"\\ud83d\\ude00pass\":0  }"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        size_t length = strlen(cases[i].before);
        CLEANUP(cleanup_free) char *text = alloc_strndup(cases[i].before, length);
        struct error error = {0};
        assert_true(json_check(text, length, &error));
        json_erase(text, length, "pass");
        assert_string_equal(text, cases[i].after);
        assert_true(json_check(text, length, &error));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(values_are_overwritten)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
