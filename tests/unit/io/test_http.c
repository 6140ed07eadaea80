#include "../unit.h"
#include "../http_server.h"

#include <microhttpd.h>
#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "io/http.h"

/* clang-format off */
static const unsigned char gzip_hello[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0x56, 0xca, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xb2, 0x52, 0x50, 0x2a, 0xcf, 0x2f, 0xca, 0x49, 0x51, 0xaa, 0x05, 0x00, 0x22, 0xae, 0xa3, 0x86, 0x12, 0x00, 0x00, 0x00};
static const unsigned char gzip_bomb[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x31, 0x01, 0x00, 0x00, 0x00, 0xc2, 0xa0, 0xac, 0xeb, 0x5f, 0xc2, 0x0c, 0xfe, 0x40, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xaf, 0x01, 0x9b, 0x53, 0x69, 0xe0, 0x40, 0x0d, 0x03, 0x00};
/* clang-format on */

enum { LIMIT = 100000, OUTCOMES_MAX = 64 };

/* What a callback was told. */
struct outcome {
    unsigned calls;
    int status;
    char *body, *location, *retry_after, *version, *content_type;
    size_t length;
    usec_t date;
    struct error error;
};

struct world {
    sd_event *event;
    struct http_client *client;
    struct server *server;
    char url[256];
    unsigned done;
};

static struct world world;

static void outcome_done(struct outcome *outcome) {
    free(outcome->body);
    free(outcome->location);
    free(outcome->retry_after);
    free(outcome->version);
    free(outcome->content_type);
    *outcome = (struct outcome){0};
}

static void record(struct http_response *response, const struct error *error, void *userdata) {
    struct outcome *outcome = userdata;
    outcome->calls++;
    world.done++;
    assert_true(!response != !error);
    if (error) {
        outcome->error = *error;
        return;
    }
    outcome->status = response->status;
    outcome->length = response->body.length;
    outcome->body = buffer_take(&response->body);
    outcome->location = alloc_strdup(response->location);
    outcome->retry_after = alloc_strdup(response->retry_after);
    outcome->version = alloc_strdup(response->api_version);
    outcome->content_type = alloc_strdup(response->content_type);
    outcome->date = response->date;
}

static void open_world(server_handler *handler, void *userdata) {
    struct error error = {0};
    world = (struct world){0};
    assert_true(sd_event_new(&world.event) >= 0);
    world.client = http_client_new(world.event, "test/1", 32, &error);
    assert_non_null(world.client);
    if (!handler)
        return;
    world.server = server_start(handler, userdata);
    snprintf(world.url, sizeof(world.url), "http://127.0.0.1:%u/x", world.server->port);
}

static void close_world(void) {
    http_client_free(world.client);
    sd_event_unref(world.event);
    if (world.server)
        server_stop(world.server);
}

/* Runs the loop until `count` callbacks have come, for ten seconds at most. */
static void run_until(unsigned count) {
    uint64_t start, now;
    sd_event_now(world.event, CLOCK_MONOTONIC, &start);
    for (now = start; world.done < count && now < start + 10 * USEC_PER_SEC;) {
        assert_true(sd_event_run(world.event, USEC_PER_SEC) >= 0);
        sd_event_now(world.event, CLOCK_MONOTONIC, &now);
    }
    assert_int_equal(world.done, count);
}

/* Runs the loop for a while. */
static void run_for(usec_t time) {
    uint64_t now, end;
    sd_event_now(world.event, CLOCK_MONOTONIC, &now);
    for (end = now + (uint64_t)time; now < end;) {
        assert_true(sd_event_run(world.event, end - now) >= 0);
        struct timespec clock;
        clock_gettime(CLOCK_MONOTONIC, &clock);
        now = (uint64_t)clock.tv_sec * 1000000 + (uint64_t)clock.tv_nsec / 1000;
    }
}

static struct http_request usual(void) {
    return (struct http_request){.url = world.url, .timeout = 5 * USEC_PER_SEC, .max_response = LIMIT};
}

static void ask(const struct http_request *request, struct outcome *outcome) {
    unsigned before = world.done;
    (void)!http_start(world.client, request, record, outcome);
    assert_int_equal(outcome->calls, 0); /* never inside the call */
    run_until(before + 1);
}

/* --- what a server may answer, a row each --- */

struct answer {
    const char *name;
    const char *bytes; /* sent as they are; NULL: `then` alone */
    const void *body;
    size_t body_length;
    enum { KEEP, CLOSE, RESET } then;
    bool truncate;
    /* what must come out */
    enum error_cause cause;
    int status;
    size_t length;
};

static bool send_answer(struct exchange *exchange, void *userdata) {
    const struct answer *answer = userdata;
    if (answer->bytes)
        server_text(exchange, answer->bytes);
    if (answer->body)
        server_write(exchange, answer->body, answer->body_length);
    return answer->then == RESET ? server_reset(exchange) : answer->then == KEEP;
}

static void answers_become_responses_or_causes(void **state) {
    (void)state;
    static char large[LIMIT + 1];
    memset(large, 'x', sizeof(large));
    static const struct answer answers[] = {
        {.name = "plain",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
         .status = 200,
         .length = 2},
        {.name = "no content", .bytes = "HTTP/1.1 204 None\r\n\r\n", .status = 204},
        {.name = "error status",
         .bytes = "HTTP/1.1 503 Off\r\nContent-Length: 3\r\n\r\nbad",
         .status = 503,
         .length = 3},
        {.name = "unauthorized",
         .bytes = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
         .status = 401},
        {.name = "redirect",
         .bytes = "HTTP/1.1 302 Away\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
         .status = 302},
        {.name = "until close",
         .bytes = "HTTP/1.1 200 OK\r\n\r\nwhole",
         .then = CLOSE,
         .status = 200,
         .length = 5},
        {.name = "chunked",
         .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
         .status = 200,
         .length = 3},
        {.name = "interim first",
         .bytes =
             "HTTP/1.1 103 Early\r\nLocation: /early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
         .status = 200,
         .length = 1},
        {.name = "gzip",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
         .body = gzip_hello,
         .body_length = sizeof(gzip_hello),
         .then = CLOSE,
         .status = 200,
         .length = 18},
        {.name = "at the limit",
         .bytes = "HTTP/1.1 200 OK\r\n\r\n",
         .body = large,
         .body_length = LIMIT,
         .then = CLOSE,
         .status = 200,
         .length = LIMIT},
        {.name = "cut",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
         .then = CLOSE,
         .cause = CAUSE_CUT},
        {.name = "cut by reset",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
         .then = RESET,
         .cause = CAUSE_CUT},
        {.name = "cut chunked",
         .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
         .then = CLOSE,
         .cause = CAUSE_CUT},
        {.name = "no answer", .then = CLOSE, .cause = CAUSE_RESET},
        {.name = "reset", .then = RESET, .cause = CAUSE_RESET},
        {.name = "half a head", .bytes = "HTTP/1.1 200 OK\r\nContent-Le", .then = RESET, .cause = CAUSE_CUT},
        {.name = "not HTTP", .bytes = "SSH-2.0-OpenSSH\r\n", .then = CLOSE, .cause = CAUSE_PROTOCOL},
        {.name = "broken chunks",
         .bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
         .then = CLOSE,
         .cause = CAUSE_CUT},
        {.name = "too large, declared",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n",
         .body = large,
         .body_length = sizeof(large),
         .cause = CAUSE_TOO_LARGE},
        {.name = "too large, undeclared",
         .bytes = "HTTP/1.1 200 OK\r\n\r\n",
         .body = large,
         .body_length = sizeof(large),
         .then = CLOSE,
         .cause = CAUSE_TOO_LARGE},
        {.name = "too large, declared by a liar",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
         .then = CLOSE,
         .cause = CAUSE_TOO_LARGE},
        {.name = "too large, inflated",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
         .body = gzip_bomb,
         .body_length = sizeof(gzip_bomb),
         .then = CLOSE,
         .cause = CAUSE_TOO_LARGE},
        {.name = "truncated",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n",
         .body = large,
         .body_length = sizeof(large),
         .truncate = true,
         .status = 200,
         .length = LIMIT},
        {.name = "truncated, inflated",
         .bytes = "HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\n\r\n",
         .body = gzip_bomb,
         .body_length = sizeof(gzip_bomb),
         .then = CLOSE,
         .truncate = true,
         .status = 500,
         .length = LIMIT},
        {.name = "truncated, cut short",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok",
         .then = CLOSE,
         .truncate = true,
         .status = 200,
         .length = 2},
        {.name = "truncated, reset before the status",
         .bytes = "HTTP/1.1 ",
         .then = CLOSE,
         .truncate = true,
         .cause = CAUSE_RESET},
        {.name = "broken gzip",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip.",
         .cause = CAUSE_ENCODING},
        {.name = "unknown encoding",
         .bytes = "HTTP/1.1 200 OK\r\nContent-Encoding: pack200\r\nContent-Length: 2\r\n\r\nok",
         .cause = CAUSE_ENCODING},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(answers); i++) {
        const struct answer *answer = &answers[i];
        struct outcome outcome = {0};
        struct answer copy = *answer;
        open_world(send_answer, &copy);
        struct http_request request = usual();
        request.truncate_body = answer->truncate;
        ask(&request, &outcome);
        if (outcome.error.cause != answer->cause || outcome.status != answer->status ||
            outcome.length != answer->length)
            fail_msg("%s: cause %s (%s), status %d, length %zu", answer->name,
                     error_class(outcome.error.cause)->name, outcome.error.text, outcome.status,
                     outcome.length);
        if (answer->cause != CAUSE_NONE) {
            char host[64];
            snprintf(host, sizeof(host), "127.0.0.1:%u", world.server->port);
            assert_non_null(strstr(outcome.error.text, host));
        }
        if (outcome.status)
            assert_int_equal(outcome.date, USEC_NONE);
        assert_int_equal(world.server->requests, 1); /* nothing was followed or sent again behind our back */
        assert_int_equal(http_client_held(world.client), 0);
        outcome_done(&outcome);
        close_world();
    }
}

static bool send_many_headers(struct exchange *exchange, void *userdata) {
    server_text(exchange, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
    for (unsigned i = 0; i < *(unsigned *)userdata; i++)
        server_text(exchange, "X-Filler: abcdefghijklmnopqrstuvwxyz\r\n");
    server_text(exchange, "\r\n");
    return true;
}

static bool send_endless_interims(struct exchange *exchange, void *userdata) {
    (void)userdata;
    for (unsigned i = 0; i < 2000; i++)
        server_text(exchange, "HTTP/1.1 102 Wait\r\n\r\n");
    return false;
}

static void headers_are_bounded(void **state) {
    (void)state;
    static const struct {
        server_handler *handler;
        unsigned count;
        enum error_cause cause;
    } cases[] = {
        {send_many_headers, 200, CAUSE_NONE},
        {send_many_headers, 1000, CAUSE_TOO_LARGE},
        {send_endless_interims, 0, CAUSE_TOO_LARGE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        unsigned count = cases[i].count;
        struct outcome outcome = {0};
        open_world(cases[i].handler, &count);
        struct http_request request = usual();
        ask(&request, &outcome);
        assert_int_equal(outcome.error.cause, cases[i].cause);
        outcome_done(&outcome);
        close_world();
    }
}

static bool send_headers(struct exchange *exchange, void *userdata) {
    (void)userdata;
    return server_reply(exchange, 200,
                        "location: /there\r\nRetry-After: 17\r\nX-POLYTOMIC-VERSION: 2025-09-18\r\n"
                        "Content-Type: application/json\r\nDate: Sat, 31 Jan 2026 12:00:00 GMT\r\n",
                        "{}");
}

static void response_headers_are_found(void **state) {
    (void)state;
    struct outcome outcome = {0};
    open_world(send_headers, NULL);
    struct http_request request = usual();
    ask(&request, &outcome);
    assert_string_equal(outcome.location, "/there");
    assert_string_equal(outcome.retry_after, "17");
    assert_string_equal(outcome.version, "2025-09-18");
    assert_string_equal(outcome.content_type, "application/json");
    assert_int_equal(outcome.date, INT64_C(1769860800) * USEC_PER_SEC);
    outcome_done(&outcome);
    close_world();
}

/* --- what is sent --- */

static bool keep_request(struct exchange *exchange, void *userdata) {
    char *seen = userdata;
    snprintf(seen, 20000, "%s%s", exchange->head, exchange->body);
    return server_reply(exchange, 200, "", "");
}

static void assert_sent(const char *seen, const char *const *lines, bool wanted) {
    for (; *lines; lines++)
        if (!strcasestr(seen, *lines) == wanted)
            fail_msg("\"%s\" %s in: %s", *lines, wanted ? "lacks" : "stands", seen);
}

static void requests_go_out_as_asked(void **state) {
    (void)state;
    const struct {
        struct http_request request;
        const char *with[8], *without[8];
    } cases[] = {
        {{.headers = (const char *const[]){"X-One: 1", "X-Empty:", NULL}},
         {"GET /x HTTP/1.1\r\n", "\r\nX-One: 1\r\n", "\r\nX-Empty:\r\n", "\r\nUser-Agent: test/1\r\n",
          "\r\nAccept-Encoding: gzip\r\n"},
         {"Authorization", "Content-Type", "Idempotency-Key", "Cookie"}},
        {{.bearer = "s3cret"}, {"\r\nAuthorization: Bearer s3cret\r\n"}, {"Basic"}},
        {{.user = "me", .password = "pass:wörd"},
         {"\r\nAuthorization: Basic bWU6cGFzczp3w7ZyZA==\r\n"},
         {"Bearer"}},
        {{.user = "me"}, {"\r\nAuthorization: Basic bWU6\r\n"}, {"Bearer"}},
        {{.method = HTTP_POST},
         {"POST /x HTTP/1.1\r\n", "\r\nContent-Length: 0\r\n"},
         {"Content-Type", "Expect", "100-continue"}},
        {{.method = HTTP_POST,
          .body = "a\0b",
          .body_length = 3,
          .headers = (const char *const[]){"content-type: text/x", NULL}},
         {"\r\nContent-Length: 3\r\n", "\r\nContent-Type: text/x\r\n", "\r\n\r\na"},
         {"form-urlencoded"}},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        static char seen[20000];
        struct outcome outcome = {0};
        open_world(keep_request, seen);
        struct http_request request = cases[i].request;
        request.url = world.url;
        request.timeout = 5 * USEC_PER_SEC;
        request.max_response = LIMIT;
        ask(&request, &outcome);
        assert_int_equal(outcome.status, 200);
        assert_sent(seen, cases[i].with, true);
        assert_sent(seen, cases[i].without, false);
        outcome_done(&outcome);
        close_world();
    }
}

/* A handle that is used again brings nothing along. */
static void a_reused_handle_forgets(void **state) {
    (void)state;
    static char seen[20000];
    struct outcome first = {0}, second = {0};
    open_world(keep_request, seen);
    struct http_request request = usual();
    request.method = HTTP_POST;
    request.bearer = "s3cret";
    request.body = "body";
    request.body_length = 4;
    ask(&request, &first);
    assert_non_null(strstr(seen, "s3cret"));
    request = usual();
    ask(&request, &second);
    assert_null(strstr(seen, "s3cret"));
    assert_null(strstr(seen, "body"));
    assert_non_null(strstr(seen, "GET "));
    assert_int_equal(world.server->connections, 1); /* and yet the connection is kept */
    outcome_done(&first);
    outcome_done(&second);
    close_world();
}

static void nothing_breaks_out_of_its_line(void **state) {
    (void)state;
    const struct {
        struct http_request request;
        enum error_cause cause;
    } cases[] = {
        {{.bearer = "top\r\nX-Evil: hidden"}, CAUSE_SECRET},
        {{.bearer = "top\nhidden"}, CAUSE_SECRET},
        {{.bearer = "tophidden\x7f"}, CAUSE_SECRET},
        {{.bearer = ""}, CAUSE_SECRET},
        {{.user = "tophidden\r", .password = "x"}, CAUSE_SECRET},
        {{.user = "top:hidden", .password = "x"}, CAUSE_SECRET},
        {{.user = "a", .password = "tophidden\n"}, CAUSE_SECRET},
        {{.headers = (const char *const[]){"X-A: top\r\nX-Evil: hidden", NULL}}, CAUSE_CONFIG},
        {{.headers = (const char *const[]){"X-A top: hidden", NULL}}, CAUSE_CONFIG},
        {{.headers = (const char *const[]){": tophidden", NULL}}, CAUSE_CONFIG},
        {{.headers = (const char *const[]){"tophidden;", NULL}}, CAUSE_CONFIG},
        {{.url = "http://127.0.0.1:1/tophidden\r\nX-Evil: 1"}, CAUSE_CONFIG},
        {{.url = "http://127.0.0.1:1/top hidden"}, CAUSE_CONFIG},
        {{.url = "file:///etc/tophidden"}, CAUSE_CONFIG},
        {{.url = "gopher://127.0.0.1:1/tophidden"}, CAUSE_CONFIG},
        {{.url = "http://tophidden:pw@127.0.0.1:1/"}, CAUSE_CONFIG},
        {{.url = "http://[tophidden/"}, CAUSE_CONFIG},
        {{.url = ""}, CAUSE_CONFIG},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        static char seen[20000];
        struct outcome outcome = {0};
        open_world(keep_request, seen);
        struct http_request request = cases[i].request;
        if (!request.url)
            request.url = world.url;
        request.timeout = USEC_PER_SEC;
        ask(&request, &outcome);
        if (outcome.error.cause != cases[i].cause)
            fail_msg("case %zu: %s: %s", i, error_class(outcome.error.cause)->name, outcome.error.text);
        assert_null(strstr(outcome.error.text, "hidden"));
        assert_int_equal(world.server->requests, 0);
        close_world();
    }
}

/* --- time, failures before the answer --- */

static bool answer_late(struct exchange *exchange, void *userdata) {
    usleep(*(useconds_t *)userdata);
    return server_reply(exchange, 200, "", "late");
}

static bool answer_drop_by_drop(struct exchange *exchange, void *userdata) {
    (void)userdata;
    server_text(exchange, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (unsigned i = 0; i < 100; i++) {
        server_text(exchange, "x");
        usleep(10000);
    }
    return false;
}

static void the_time_limit_holds_to_the_last_byte(void **state) {
    (void)state;
    static const struct {
        server_handler *handler;
        useconds_t delay;
        usec_t timeout;
        enum error_cause cause;
    } cases[] = {
        {answer_late, 600000, 200 * USEC_PER_MSEC, CAUSE_TIMEOUT},
        {answer_late, 200000, 5 * USEC_PER_SEC, CAUSE_NONE},
        {answer_late, 200000, 1, CAUSE_TIMEOUT}, /* under a millisecond is not "none" */
        {answer_drop_by_drop, 0, 300 * USEC_PER_MSEC, CAUSE_TIMEOUT},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        useconds_t delay = cases[i].delay;
        struct outcome outcome = {0};
        open_world(cases[i].handler, &delay);
        struct http_request request = usual();
        request.timeout = cases[i].timeout;
        ask(&request, &outcome);
        assert_int_equal(outcome.error.cause, cases[i].cause);
        outcome_done(&outcome);
        close_world();
    }
}

static void waiting_costs_no_turns(void **state) {
    (void)state;
    useconds_t delay = 500000;
    struct outcome outcome = {0};
    open_world(answer_late, &delay);
    struct http_request request = usual();
    (void)!http_start(world.client, &request, record, &outcome);
    unsigned turns = 0;
    while (world.done == 0 && turns < 10000) {
        sd_event_run(world.event, USEC_PER_SEC);
        turns++;
    }
    assert_in_range(turns, 1, 60);
    outcome_done(&outcome);
    close_world();
}

static void what_never_arrives_has_its_cause(void **state) {
    (void)state;
    open_world(NULL, NULL);
    /* a port that was ours and is free again */
    struct server *gone = server_start(send_headers, NULL);
    char refused[64], tls[64];
    snprintf(refused, sizeof(refused), "http://127.0.0.1:%u/?key=hidden", gone->port);
    server_stop(gone);
    struct server *plain = server_start(send_headers, NULL);
    snprintf(tls, sizeof(tls), "https://127.0.0.1:%u/?key=hidden", plain->port);
/* no name server is asked for a name with such a label */
#define NO_NAME "0123456789012345678901234567890123456789012345678901234567890123456789"
    const struct {
        const char *url, *ca_file, *proxy;
        enum error_cause cause;
        const char *words;
    } cases[] = {
        {refused, NULL, NULL, CAUSE_CONNECT, "refused"},
        {"http://" NO_NAME "/?key=hidden", NULL, NULL, CAUSE_RESOLVE, NO_NAME ":80"},
        {"http://host.example/?key=hidden", NULL, "http://" NO_NAME ":3128", CAUSE_RESOLVE, "proxy"},
        {tls, NULL, NULL, CAUSE_TLS, "TLS"},
        {tls, "/nonexistent/ca.pem", NULL, CAUSE_CONFIG, "CA file"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct outcome outcome = {0};
        struct http_request request = {.url = cases[i].url,
                                       .timeout = 8 * USEC_PER_SEC,
                                       .max_response = LIMIT,
                                       .ca_file = cases[i].ca_file,
                                       .proxy = cases[i].proxy};
        ask(&request, &outcome);
        if (outcome.error.cause != cases[i].cause || !strstr(outcome.error.text, cases[i].words))
            fail_msg("%s: %s: %s", cases[i].url, error_class(outcome.error.cause)->name, outcome.error.text);
        assert_null(strstr(outcome.error.text, "hidden"));
    }
    server_stop(plain);
    close_world();
}

/* --- TLS --- */

/* Made for 127.0.0.1 and for this test alone, good for a hundred years. */
/* clang-format off */
static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBnjCCAUSgAwIBAgIUPAprB3Zf6L6uIRbF+DRMkIS2oVkwCgYIKoZIzj0EAwIw\n"
    "GzEZMBcGA1UEAwwQc2NoZW1hc3luY2QgdGVzdDAgFw0yNjExMjQwNjQzNTJaGA8y\n"
    "MTI2MTAzMTA2NDM1MlowGzEZMBcGA1UEAwwQc2NoZW1hc3luY2QgdGVzdDBZMBMG\n"
    "ByqGSM49AgEGCCqGSM49AwEHA0IABGouTYTncbhVXG50NFDriMlx6TNWBjxf/aRS\n"
    "FKUVOu/O+8ULX4nd9QaAGkMgGtiT3HYyof7RGqs6goatXIli9XijZDBiMB0GA1Ud\n"
    "DgQWBBRkwMdiKnSYPEAV/f/haXyPLiibEDAfBgNVHSMEGDAWgBRkwMdiKnSYPEAV\n"
    "/f/haXyPLiibEDAPBgNVHRMBAf8EBTADAQH/MA8GA1UdEQQIMAaHBH8AAAEwCgYI\n"
    "KoZIzj0EAwIDSAAwRQIgNfaC3sVIN88lV8NI7g288Es7Te27i1uhMweO3N0Q6G8C\n"
    "IQDiews93oj/2Ij5jfzHVr8vI9O0BycAcnUujjOMlPh6Fw==\n"
    "-----END CERTIFICATE-----\n";
static const char certificate_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLTYIGC/CGz7H31WH\n"
    "aa82LhGguDPFhsoiuHI6zEA2KUihRANCAARqLk2E53G4VVxudDRQ64jJcekzVgY8\n"
    "X/2kUhSlFTrvzvvFC1+J3fUGgBpDIBrYk9x2MqH+0RqrOoKGrVyJYvV4\n"
    "-----END PRIVATE KEY-----\n";
/* clang-format on */

static enum MHD_Result answer_tls(void *userdata, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data, size_t *size,
                                  void **state) {
    (void)userdata;
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    (void)size;
    (void)state;
    static char body[] = "safe";
    struct MHD_Response *response = MHD_create_response_from_buffer(4, body, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static void certificates_are_verified(void **state) {
    (void)state;
    char ca_file[] = "/tmp/schemasyncd-test-ca-XXXXXX";
    int fd = mkstemp(ca_file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, certificate, strlen(certificate)), strlen(certificate));
    close(fd);
    struct MHD_Daemon *server = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0, NULL, NULL,
                                                 answer_tls, NULL, MHD_OPTION_HTTPS_MEM_KEY, certificate_key,
                                                 MHD_OPTION_HTTPS_MEM_CERT, certificate, MHD_OPTION_END);
    assert_non_null(server);
    unsigned port = MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port;
    const struct {
        const char *host, *ca_file;
        enum error_cause cause;
        int status;
    } cases[] = {
        {"127.0.0.1", ca_file, CAUSE_NONE, 200},
        {"127.0.0.1", NULL, CAUSE_TLS, 0},       /* not among the system's */
        {"localhost", ca_file, CAUSE_TLS, 0},    /* another name than the certificate's */
        {"127.0.0.1", ca_file, CAUSE_NONE, 200}, /* and what failed before leaves nothing behind */
    };
    open_world(NULL, NULL);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct outcome outcome = {0};
        snprintf(world.url, sizeof(world.url), "https://%s:%u/", cases[i].host, port);
        struct http_request request = usual();
        request.ca_file = cases[i].ca_file;
        ask(&request, &outcome);
        if (outcome.error.cause != cases[i].cause || outcome.status != cases[i].status)
            fail_msg("%s: %s", cases[i].host, outcome.error.text);
        outcome_done(&outcome);
    }
    close_world();
    MHD_stop_daemon(server);
    unlink(ca_file);
}

static void a_broken_handshake_is_a_broken_connection(void **state) {
    (void)state;
    struct outcome outcome = {0};
    server_hangs_up_on_tls = true;
    open_world(send_headers, NULL);
    snprintf(world.url, sizeof(world.url), "https://127.0.0.1:%u/", world.server->port);
    struct http_request request = usual();
    ask(&request, &outcome);
    if (outcome.error.cause != CAUSE_CONNECT)
        fail_msg("%s", outcome.error.text);
    close_world();
    server_hangs_up_on_tls = false;
}

/* --- cancelling --- */

static void a_cancelled_request_says_nothing(void **state) {
    (void)state;
    useconds_t delay = 50000;
    struct outcome outcome = {0}, refused = {0};
    open_world(answer_late, &delay);
    struct http_request request = usual();
    struct http_call *at_once = http_start(world.client, &request, record, &outcome);
    http_cancel(at_once);
    struct http_call *under_way = http_start(world.client, &request, record, &outcome);
    run_for(20000);
    http_cancel(under_way);
    request.url = "nothing";
    struct http_call *failed = http_start(world.client, &request, record, &refused);
    http_cancel(failed);
    http_cancel(NULL);
    run_for(150000);
    assert_int_equal(outcome.calls, 0);
    assert_int_equal(refused.calls, 0);
    close_world();
}

struct chain {
    struct http_call *calls[OUTCOMES_MAX];
    unsigned told;
    bool frees_client;
};

/* Cancels itself and all others. */
static void cancel_all(struct http_response *response, const struct error *error, void *userdata) {
    (void)response;
    (void)error;
    struct chain *chain = userdata;
    chain->told++;
    world.done++;
    for (size_t i = 0; i < OUTCOMES_MAX; i++) {
        http_cancel(chain->calls[i]);
        chain->calls[i] = NULL;
    }
    if (chain->frees_client) {
        http_client_free(world.client);
        world.client = NULL;
    }
}

static void a_callback_may_cancel_everybody(void **state) {
    (void)state;
    static const struct {
        useconds_t delay;
        bool frees_client, refused;
    } cases[] = {
        {20000, false, false},
        {20000, true, false},
        {0, false, true},
        {0, true, true},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        useconds_t delay = cases[i].delay;
        struct chain chain = {.frees_client = cases[i].frees_client};
        open_world(answer_late, &delay);
        struct http_request request = usual();
        if (cases[i].refused)
            request.url = "nothing";
        for (size_t k = 0; k < OUTCOMES_MAX; k++)
            chain.calls[k] = http_start(world.client, &request, cancel_all, &chain);
        run_until(1);
        run_for(100000);
        assert_int_equal(chain.told, 1);
        close_world();
    }
}

/* Starts another one from within: its callback comes later, never inside. */
static unsigned depth, deepest;

static void start_again(struct http_response *response, const struct error *error, void *userdata) {
    (void)response;
    assert_non_null(error);
    unsigned *left = userdata;
    depth++;
    deepest = MAX(depth, deepest);
    world.done++;
    if (--*left > 0) {
        struct http_request request = usual();
        request.url = "nothing";
        (void)!http_start(world.client, &request, start_again, left);
    }
    depth--;
}

static void a_callback_may_start_the_next(void **state) {
    (void)state;
    unsigned left = 100;
    depth = deepest = 0;
    open_world(NULL, NULL);
    struct http_request request = {.url = "nothing"};
    (void)!http_start(world.client, &request, start_again, &left);
    run_until(100);
    assert_int_equal(deepest, 1);
    close_world();
}

static void a_client_may_go_with_all_its_requests(void **state) {
    (void)state;
    useconds_t delay = 50000;
    struct outcome outcome = {0};
    open_world(answer_late, &delay);
    struct http_request request = usual();
    for (size_t i = 0; i < 20; i++)
        (void)!http_start(world.client, &request, record, &outcome);
    run_for(10000);
    close_world();
    assert_int_equal(outcome.calls, 0);
}

static void many_at_once_all_come_back(void **state) {
    (void)state;
    useconds_t delay = 10000;
    struct outcome outcomes[OUTCOMES_MAX] = {0};
    open_world(answer_late, &delay);
    struct http_request request = usual();
    for (size_t i = 0; i < OUTCOMES_MAX; i++)
        (void)!http_start(world.client, &request, record, &outcomes[i]);
    run_until(OUTCOMES_MAX);
    for (size_t i = 0; i < OUTCOMES_MAX; i++) {
        assert_int_equal(outcomes[i].calls, 1);
        assert_string_equal(outcomes[i].body, "late");
        outcome_done(&outcomes[i]);
    }
    close_world();
}

/* --- URLs and encodings --- */

static void text_is_percent_encoded(void **state) {
    (void)state;
    static const struct {
        const char *text, *escaped;
    } cases[] = {
        {"", ""},
        {"aZ09-._~", "aZ09-._~"},
        {"a b/c?d=e&f#g%h+i", "a%20b%2Fc%3Fd%3De%26f%23g%25h%2Bi"},
        {"properties[a]", "properties%5Ba%5D"},
        {"Müller 日本", "M%C3%BCller%20%E6%97%A5%E6%9C%AC"},
        {"\x01\xff\r\n", "%01%FF%0D%0A"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free) char *escaped = http_escape(cases[i].text);
        assert_string_equal(escaped, cases[i].escaped);
    }
}

static void base64_is_that_of_rfc_4648(void **state) {
    (void)state;
    static const struct {
        const char *text, *encoded;
    } cases[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xfe\xfd\xfb", "//79+w=="},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free) char *encoded = http_base64(cases[i].text, strlen(cases[i].text));
        assert_string_equal(encoded, cases[i].encoded);
    }
}

static void the_origin_is_scheme_host_and_port(void **state) {
    (void)state;
    static const struct {
        const char *base, *location, *url;
    } cases[] = {
        {"https://a.example/api/x", "/api/y?z=1", "https://a.example/api/y?z=1"},
        {"https://a.example/api/x", "y", "https://a.example/api/y"},
        {"https://a.example/api/x", "https://A.EXAMPLE:443/y", "https://A.EXAMPLE:443/y"},
        {"https://a.example:8443/api/x", "https://a.example:8443/y", "https://a.example:8443/y"},
        {"https://a.example/x", "http://a.example/y", NULL},
        {"https://a.example/x", "https://a.example:444/y", NULL},
        {"https://a.example/x", "https://b.example/y", NULL},
        {"https://a.example/x", "//b.example/y", NULL},
        {"https://a.example/x", "https://a.example@b.example/y", NULL},
        {"https://a.example/x", "https://user:pw@a.example/y", NULL},
        {"https://a.example/x", "file:///etc/passwd", NULL},
        {"nonsense", "/y", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free) char *url = NULL;
        bool same = http_same_origin(cases[i].base, cases[i].location, &url);
        if (same != (cases[i].url != NULL))
            fail_msg("%s: %d", cases[i].location, same);
        if (same)
            assert_string_equal(url, cases[i].url);
        else
            assert_null(url);
    }
}

static void a_host_is_named_with_its_port(void **state) {
    (void)state;
    static const struct {
        const char *url, *host;
    } cases[] = {
        {"https://a.example/x?y", "a.example:443"},
        {"http://a.example", "a.example:80"},
        {"http://[::1]:99/", "[::1]:99"},
        {"", NULL},
        {"http://", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free) char *host = http_host(cases[i].url);
        if (cases[i].host)
            assert_string_equal(host, cases[i].host);
        else
            assert_null(host);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_become_responses_or_causes),
        cmocka_unit_test(headers_are_bounded),
        cmocka_unit_test(response_headers_are_found),
        cmocka_unit_test(requests_go_out_as_asked),
        cmocka_unit_test(a_reused_handle_forgets),
        cmocka_unit_test(nothing_breaks_out_of_its_line),
        cmocka_unit_test(the_time_limit_holds_to_the_last_byte),
        cmocka_unit_test(waiting_costs_no_turns),
        cmocka_unit_test(what_never_arrives_has_its_cause),
        cmocka_unit_test(certificates_are_verified),
        cmocka_unit_test(a_broken_handshake_is_a_broken_connection),
        cmocka_unit_test(a_cancelled_request_says_nothing),
        cmocka_unit_test(a_callback_may_cancel_everybody),
        cmocka_unit_test(a_callback_may_start_the_next),
        cmocka_unit_test(a_client_may_go_with_all_its_requests),
        cmocka_unit_test(many_at_once_all_come_back),
        cmocka_unit_test(text_is_percent_encoded),
        cmocka_unit_test(base64_is_that_of_rfc_4648),
        cmocka_unit_test(the_origin_is_scheme_host_and_port),
        cmocka_unit_test(a_host_is_named_with_its_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
