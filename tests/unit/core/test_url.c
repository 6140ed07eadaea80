#include "core/url.h"

#include <string.h>

#include "../unit.h"
#include "base/macros.h"

static const struct {
    const char *url;
    enum url_use use;
    bool allow_http;
    const char *says; /* part of it; NULL: good */
} rows[] = {
    {"https://app.polytomic.com", URL_BASE, false, NULL},
    {"https://app.polytomic.com:8443/prefix/", URL_BASE, false, NULL},
    {"HTTPS://APP.example", URL_BASE, false, NULL},
    {"https://hooks.example/a?b=c", URL_SEND, false, NULL},
    {"https://app.example/?b=c", URL_BASE, false, "? or #"},
    {"https://app.example/#c", URL_SEND, false, "begins with #"},
    {"http://localhost", URL_BASE, false, NULL},
    {"http://LocalHost:1/x", URL_SEND, false, NULL},
    {"http://127.0.0.1:8080", URL_BASE, false, NULL},
    {"http://127.255.0.3", URL_BASE, false, NULL},
    {"http://[::1]:80/", URL_BASE, false, NULL},
    {"http://[0:0:0:0:0:0:0:1]/", URL_BASE, false, NULL},
    {"http://app.example", URL_BASE, true, NULL},
    {"http://app.example", URL_SHOWN, false, NULL},
    {"http://app.example", URL_BASE, false, "plain http"},
    {"hTTp://app.example", URL_SEND, false, "plain http"},
    {"http://128.0.0.1", URL_BASE, false, "plain http"},
    {"http://10.127.0.1", URL_BASE, false, "plain http"},
    {"http://127.0.0.1.example", URL_BASE, false, "plain http"},
    {"http://localhost.example", URL_BASE, false, "plain http"},
    {"http://[::2]/", URL_BASE, false, "plain http"},
    {"http://[::ffff:10.0.0.1]/", URL_BASE, false, "plain http"},
    {"http://localhost@evil.example/", URL_BASE, false, "no user or password"},
    {"http://127.0.0.1:80@evil.example/", URL_BASE, true, "no user or password"},
    {"https://me:pw@app.example/", URL_SEND, false, "no user or password"},
    {"http://evil.example\\@127.0.0.1/", URL_BASE, false, "no blanks"},
    {"http://127.0.0.1 .example/", URL_BASE, false, "no blanks"},
    {"https://a.example/\r\nX: y", URL_SEND, false, "no blanks"},
    {"ftp://app.example", URL_BASE, false, "must be a URL"},
    {"file:///etc/passwd", URL_SEND, false, "must be a URL"},
    {"app.example", URL_BASE, false, "must be a URL"},
    {"https://", URL_BASE, false, "must be a URL"},
    {"https:///x", URL_BASE, false, "must be a URL"},
    {"https://:443", URL_BASE, false, "must be a URL"},
    {"https://a.example:", URL_BASE, false, "must be a URL"},
    {"https://a.example:0", URL_BASE, false, "must be a URL"},
    {"https://a.example:65536", URL_BASE, false, "must be a URL"},
    {"https://a.example:1x", URL_BASE, false, "must be a URL"},
    {"https://[::1", URL_BASE, false, "must be a URL"},
    {"https://[::1]x", URL_BASE, false, "must be a URL"},
    {"https://[app.example]", URL_BASE, false, "must be a URL"},
    {"https://-a.example", URL_BASE, false, "must be a URL"},
    {"https://a%20b.example", URL_BASE, false, "must be a URL"},
    {"", URL_BASE, false, "must be a URL"},
    {"://", URL_BASE, false, "must be a URL"},
    {"http://proxy.example:3128", URL_PROXY, false, NULL},
    {"socks5h://proxy.example:1080", URL_PROXY, false, NULL},
    {"proxy.example:3128", URL_PROXY, false, NULL},
    {"gopher://proxy.example", URL_PROXY, false, "must be a proxy"},
    {"me:pw@proxy.example", URL_PROXY, false, "no user or password"},
};

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct error error = {0};
        bool good = url_check(rows[i].url, rows[i].use, rows[i].allow_http, &error);
        if (good != !rows[i].says || (!good && !strstr(error.text, rows[i].says)))
            fail_msg("%s: %s", rows[i].url, error.text);
        if (!good && strlen(rows[i].url) > 8)
            assert_null(strstr(error.text, rows[i].url));
    }
}

static void test_loopback(void **state) {
    (void)state;
    assert_true(url_is_loopback("http://127.0.0.1/"));
    assert_true(url_is_loopback("https://[::1]:443/x?y"));
    assert_false(url_is_loopback("http://example.com/127.0.0.1"));
    assert_false(url_is_loopback("http://0.0.0.0/"));
    assert_false(url_is_loopback("localhost"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_loopback)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
