#include "../unit.h"
#include "../http_server.h"

#include <time.h>

#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "io/timer.h"
#include "service/api.h"

enum { SEEN_MAX = 400 };

static const char id[] = "248df4b7-aa70-47b8-a036-33ac447e668d";

/* What the server does with its requests: the row of their number, the last one for all that follow. */
struct step {
    int status; /* 0: the connection is reset */
    const char *headers, *body;
    useconds_t delay;
    size_t large; /* this many bytes, and one more when the test says so */
};

/* What the server has seen. */
struct sight {
    char method[8], path[1000], key[100], authorization[200], version[40];
    usec_t at;
};

struct script {
    const struct step *steps;
    size_t step_count;
    struct sight seen[SEEN_MAX];
};

struct outcome {
    unsigned calls;
    int status;
    char *body, *version;
    usec_t asked_at;
    struct error error;
};

struct world {
    sd_event *event;
    struct http_client *client;
    struct server *server;
    struct api_pool *pool;
    struct api *api;
    struct config_api config;
    char base_url[100], secret_file[64];
    unsigned done;
    struct script script;
};

static struct world world;

static atomic_bool last_byte_may_go;

static bool play_large(struct exchange *exchange, size_t length) {
    static char block[65536];
    char head[100];
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length + 1);
    server_text(exchange, head);
    for (size_t sent = 0; sent < length; sent += sizeof(block))
        server_write(exchange, block, MIN(sizeof(block), length - sent));
    while (!last_byte_may_go)
        usleep(1000);
    server_text(exchange, "x");
    return true;
}

static bool play(struct exchange *exchange, void *userdata) {
    struct script *script = userdata;
    const struct step *step = &script->steps[MIN((size_t)exchange->number, script->step_count - 1)];
    assert(exchange->number < SEEN_MAX);
    struct sight *sight = &script->seen[exchange->number];
    snprintf(sight->method, sizeof(sight->method), "%.7s", exchange->method);
    snprintf(sight->path, sizeof(sight->path), "%.999s", exchange->path);
    server_header(exchange, "Idempotency-Key", sight->key, sizeof(sight->key));
    server_header(exchange, "Authorization", sight->authorization, sizeof(sight->authorization));
    server_header(exchange, "X-Polytomic-Version", sight->version, sizeof(sight->version));
    sight->at = timer_now();
    if (step->delay)
        usleep(step->delay);
    if (step->large)
        return play_large(exchange, step->large);
    if (step->status == 0)
        return server_reset(exchange);
    return server_reply(exchange, step->status, step->headers ? step->headers : "",
                        step->body ? step->body : "");
}

static void write_secret(const char *text) {
    FILE *file = fopen(world.secret_file, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void open_world(const struct step *steps, size_t step_count) {
    struct error error = {0};
    world = (struct world){.secret_file = "/tmp/schemasyncd-test-secret-XXXXXX"};
    world.script.steps = steps;
    world.script.step_count = step_count;
    close(mkstemp(world.secret_file));
    write_secret("k3y/with+signs\n");
    assert_true(sd_event_new(&world.event) >= 0);
    world.client = http_client_new(world.event, "test/1", 32, &error);
    assert_non_null(world.client);
    world.server = server_start(play, &world.script);
    snprintf(world.base_url, sizeof(world.base_url), "http://127.0.0.1:%u", world.server->port);
    world.pool = api_pool_new(world.event, world.client);
    world.config = (struct config_api){
        .base_url = world.base_url,
        .version = "2025-09-18",
        .auth = AUTH_BEARER,
        .bearer = {SECRET_FILE, world.secret_file},
        .timeout = 5 * USEC_PER_SEC,
        .concurrency = 16,
        .retries = 1,
        .max_response = 100000,
    };
}

static void close_world(void) {
    api_free(world.api);
    api_pool_free(world.pool);
    http_client_free(world.client);
    sd_event_unref(world.event);
    server_stop(world.server);
    unlink(world.secret_file);
}

static void record(struct api_answer *answer, const struct error *error, void *userdata) {
    struct outcome *outcome = userdata;
    outcome->calls++;
    world.done++;
    assert_true(!answer != !error);
    if (error) {
        outcome->error = *error;
        return;
    }
    outcome->status = answer->status;
    outcome->body = buffer_take(&answer->body);
    outcome->version = alloc_strdup(answer->version);
    outcome->asked_at = answer->asked_at;
}

static void outcome_done(struct outcome *outcome) {
    free(outcome->body);
    free(outcome->version);
    *outcome = (struct outcome){0};
}

static void run_until(unsigned count) {
    usec_t end = timer_now() + 20 * USEC_PER_SEC;
    while (world.done < count && timer_now() < end)
        assert_true(sd_event_run(world.event, USEC_PER_SEC) >= 0);
    assert_int_equal(world.done, count);
}

static void run_for(usec_t time) {
    usec_t end = timer_now() + time;
    for (usec_t now; (now = timer_now()) < end;)
        assert_true(sd_event_run(world.event, (uint64_t)(end - now)) >= 0);
}

typedef struct api_call *start_call(struct api *api, api_callback *callback, void *userdata);

static void ask(start_call *start, struct outcome *outcome) {
    unsigned before = world.done;
    if (!world.api)
        world.api = api_new(world.pool, &world.config, id);
    (void)!start(world.api, record, outcome);
    assert_int_equal(outcome->calls, 0);
    run_until(before + 1);
}

static struct api_call *fields_of_account(struct api *api, api_callback *callback, void *userdata) {
    return api_get_fields(api, "Account", false, 0, callback, userdata);
}

/* --- what is asked for --- */

static struct api_call *odd_fields(struct api *api, api_callback *callback, void *userdata) {
    return api_get_fields(api, "public.Größe [m²]&x=y", true, USEC_PER_SEC, callback, userdata);
}

static struct api_call *new_fields(struct api *api, api_callback *callback, void *userdata) {
    const char *accounts[] = {"act_1", "a&b=c"}, *names[] = {"日本 [x]"};
    const struct new_input inputs[] = {{"account", accounts, 2}, {"na me", names, 1}};
    return api_get_new_fields(api, inputs, 2, callback, userdata);
}

static struct api_call *no_inputs(struct api *api, api_callback *callback, void *userdata) {
    return api_get_new_fields(api, NULL, 0, callback, userdata);
}

static struct api_call *odd_property(struct api *api, api_callback *callback, void *userdata) {
    return api_get_property(api, "ad/account?", callback, userdata);
}

static struct api_call *first_syncs(struct api *api, api_callback *callback, void *userdata) {
    return api_list_syncs(api, NULL, callback, userdata);
}

static struct api_call *later_syncs(struct api *api, api_callback *callback, void *userdata) {
    return api_list_syncs(api, "after/50+==", callback, userdata);
}

static struct api_call *odd_sync(struct api *api, api_callback *callback, void *userdata) {
    return api_get_sync(api, "a/b?c", callback, userdata);
}

static void paths_are_those_of_the_api(void **state) {
    (void)state;
    static const struct step ok = {
        .status = 200, .headers = "X-Polytomic-Version: 2099-01-01\r\n", .body = "{}"};
#define CONNECTION "/api/connections/248df4b7-aa70-47b8-a036-33ac447e668d"
    static const struct {
        start_call *start;
        const char *method, *path;
    } cases[] = {
        {api_get_me, "GET", "/api/me"},
        {api_get_connections, "GET", "/api/connections"},
        {api_get_connection, "GET", CONNECTION},
        {api_get_refresh_status, "GET", CONNECTION "/schemas/status"},
        {api_post_refresh, "POST", CONNECTION "/schemas/refresh"},
        {api_list_targets, "GET", CONNECTION "/modelsync/targetobjects"},
        {fields_of_account, "GET", CONNECTION "/modelsync/target/fields?target=Account"},
        {odd_fields, "GET",
         CONNECTION
         "/modelsync/target/fields?target=public.Gr%C3%B6%C3%9Fe%20%5Bm%C2%B2%5D%26x%3Dy&refresh=true"},
        {new_fields, "GET",
         CONNECTION
         "/modelsync/target/fields?properties%5Baccount%5D=act_1&properties%5Baccount%5D=a%26b%3Dc&properties%5Bna%20me%5D=%E6%97%A5%E6%9C%AC%20%5Bx%5D"},
        {no_inputs, "GET", CONNECTION "/modelsync/target/fields"},
        {first_syncs, "GET", "/api/syncs?target_connection_id=248df4b7-aa70-47b8-a036-33ac447e668d&limit=50"},
        {later_syncs, "GET",
         "/api/syncs?target_connection_id=248df4b7-aa70-47b8-a036-33ac447e668d&limit=50&page_token=after%2F50%2B%3D%3D"},
        {odd_sync, "GET", "/api/syncs/a%2Fb%3Fc"},
        {odd_property, "GET", CONNECTION "/modelsync/targetobjects/properties/ad%2Faccount%3F"},
    };
    open_world(&ok, 1);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct outcome outcome = {0};
        usec_t before = timer_now();
        ask(cases[i].start, &outcome);
        const struct sight *sight = &world.script.seen[i];
        assert_int_equal(outcome.status, 200);
        assert_string_equal(outcome.body, "{}");
        assert_string_equal(outcome.version, "2099-01-01");
        assert_in_range(outcome.asked_at, before, sight->at);
        assert_string_equal(sight->method, cases[i].method);
        assert_string_equal(sight->path, cases[i].path);
        assert_string_equal(sight->version, "2025-09-18");
        assert_string_equal(sight->authorization, "Bearer k3y/with+signs");
        assert_int_equal(strlen(sight->key), strcmp(cases[i].method, "POST") == 0 ? 32 : 0);
        outcome_done(&outcome);
    }
    close_world();
}

static void an_odd_connection_is_one_segment(void **state) {
    (void)state;
    static const struct step ok = {.status = 200};
    struct outcome outcome = {0};
    open_world(&ok, 1);
    world.api = api_new(world.pool, &world.config, "../a b/c?d");
    ask(api_get_connection, &outcome);
    assert_string_equal(world.script.seen[0].path, "/api/connections/..%2Fa%20b%2Fc%3Fd");
    outcome_done(&outcome);
    close_world();
}

static void a_key_alone_has_no_connection(void **state) {
    (void)state;
    static const struct step ok = {.status = 200};
    struct outcome outcome = {0};
    open_world(&ok, 1);
    world.api = api_new(world.pool, &world.config, NULL);
    ask(api_get_refresh_status, &outcome);
    assert_int_equal(outcome.error.cause, CAUSE_BUG);
    outcome = (struct outcome){0};
    ask(api_get_me, &outcome);
    assert_int_equal(outcome.status, 200);
    outcome_done(&outcome);
    close_world();
}

static void basic_authorization_is_sent(void **state) {
    (void)state;
    static const struct step ok = {.status = 200};
    struct outcome outcome = {0};
    open_world(&ok, 1);
    world.config.auth = AUTH_BASIC;
    world.config.user = (struct secret){SECRET_PLAIN, "me"};
    world.config.password = (struct secret){SECRET_FILE, world.secret_file};
    write_secret("pw");
    ask(api_get_me, &outcome);
    assert_string_equal(world.script.seen[0].authorization, "Basic bWU6cHc=");
    outcome_done(&outcome);
    close_world();
}

/* --- what an answer means, and what is tried again --- */

enum keys { NO_KEY, SAME_KEY, NEW_KEY };

static void answers_are_judged_and_tried_again(void **state) {
    (void)state;
    static const struct {
        const char *name;
        start_call *start;
        struct step steps[2];
        size_t step_count;
        unsigned requests;
        enum error_cause cause;
        int status;
        enum keys keys;
    } cases[] = {
        {"refresh 202", api_post_refresh, {{.status = 202}}, 1, 1, CAUSE_NONE, 202, NO_KEY},
        {"refresh 204", api_post_refresh, {{.status = 204}}, 1, 1, CAUSE_NONE, 204, NO_KEY},
        {"refresh lost", api_post_refresh, {{.status = 0}, {.status = 202}}, 2, 2, CAUSE_NONE, 202, SAME_KEY},
        {"refresh 409",
         api_post_refresh,
         {{.status = 409}, {.status = 202}},
         2,
         2,
         CAUSE_NONE,
         202,
         SAME_KEY},
        {"refresh 500", api_post_refresh, {{.status = 500}, {.status = 202}}, 2, 2, CAUSE_NONE, 202, NEW_KEY},
        {"refresh 503", api_post_refresh, {{.status = 503}, {.status = 202}}, 2, 2, CAUSE_NONE, 202, NEW_KEY},
        {"refresh 429", api_post_refresh, {{.status = 429}, {.status = 202}}, 2, 2, CAUSE_NONE, 202, NEW_KEY},
        {"refresh 400", api_post_refresh, {{.status = 400}}, 1, 1, CAUSE_HTTP_400, 0, NO_KEY},
        {"refresh 500 for good", api_post_refresh, {{.status = 500}}, 1, 2, CAUSE_HTTP_5XX, 0, NEW_KEY},
        {"refresh lost for good", api_post_refresh, {{.status = 0}}, 1, 2, CAUSE_RESET, 0, SAME_KEY},
        {"get lost", fields_of_account, {{.status = 0}, {.status = 200}}, 2, 2, CAUSE_NONE, 200, NO_KEY},
        {"get 502", fields_of_account, {{.status = 502}, {.status = 200}}, 2, 2, CAUSE_NONE, 200, NO_KEY},
        {"get 429", fields_of_account, {{.status = 429}, {.status = 200}}, 2, 2, CAUSE_NONE, 200, NO_KEY},
        {"get 400", fields_of_account, {{.status = 400}}, 1, 1, CAUSE_HTTP_400, 0, NO_KEY},
        {"get 403", fields_of_account, {{.status = 403}}, 1, 1, CAUSE_HTTP_403, 0, NO_KEY},
        {"get 404", fields_of_account, {{.status = 404}}, 1, 1, CAUSE_HTTP_404, 0, NO_KEY},
        {"get 418", fields_of_account, {{.status = 418}}, 1, 1, CAUSE_HTTP_4XX, 0, NO_KEY},
        {"get 401", fields_of_account, {{.status = 401}}, 1, 1, CAUSE_HTTP_401, 0, NO_KEY},
        {"get 204", fields_of_account, {{.status = 204}}, 1, 1, CAUSE_SHAPE, 0, NO_KEY},
        {"get 202", fields_of_account, {{.status = 202}}, 1, 1, CAUSE_SHAPE, 0, NO_KEY},
        {"get 302",
         fields_of_account,
         {{.status = 302, .headers = "Location: https://elsewhere.example/x\r\n"}},
         1,
         1,
         CAUSE_REDIRECT,
         0,
         NO_KEY},
        {"get cut",
         fields_of_account,
         {{.status = 200, .headers = "Content-Encoding: gzip\r\n", .body = "no"}, {.status = 200}},
         2,
         2,
         CAUSE_NONE,
         200,
         NO_KEY},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct outcome outcome = {0};
        open_world(cases[i].steps, cases[i].step_count);
        ask(cases[i].start, &outcome);
        const struct sight *seen = world.script.seen;
        if (outcome.error.cause != cases[i].cause || outcome.status != cases[i].status ||
            world.server->requests != cases[i].requests)
            fail_msg("%s: %s, status %d, %u requests", cases[i].name, outcome.error.text, outcome.status,
                     world.server->requests);
        if (cases[i].keys != NO_KEY)
            assert_int_equal(strcmp(seen[0].key, seen[1].key) == 0, cases[i].keys == SAME_KEY);
        if (cases[i].cause == CAUSE_REDIRECT)
            assert_non_null(strstr(outcome.error.text, "elsewhere.example"));
        if (cases[i].cause == CAUSE_HTTP_5XX)
            assert_non_null(strstr(outcome.error.text, "status 500 (2 tries)"));
        if (cases[i].cause != CAUSE_NONE)
            assert_non_null(strstr(outcome.error.text, CONNECTION));
        outcome_done(&outcome);
        close_world();
    }
}

static void asked_at_is_that_of_the_last_try(void **state) {
    (void)state;
    static const struct step steps[] = {{.status = 503}, {.status = 200}};
    struct outcome outcome = {0};
    open_world(steps, 2);
    ask(fields_of_account, &outcome);
    assert_true(outcome.asked_at > world.script.seen[0].at + 200 * USEC_PER_MSEC);
    assert_true(outcome.asked_at <= world.script.seen[1].at);
    outcome_done(&outcome);
    close_world();
}

static void retries_are_counted(void **state) {
    (void)state;
    static const struct step down = {.status = 503};
    struct outcome outcome = {0};
    open_world(&down, 1);
    world.config.retries = 0;
    ask(fields_of_account, &outcome);
    assert_int_equal(world.server->requests, 1);
    assert_null(strstr(outcome.error.text, "tries"));
    close_world();
}

static void retry_after_is_honoured(void **state) {
    (void)state;
    static const struct {
        const char *headers;
        usec_t least, most;
        bool tried_again;
    } cases[] = {
        {"Retry-After: 1\r\n", USEC_PER_SEC, 5 * USEC_PER_SEC, true},
        {"Date: Sat, 31 Jan 2026 12:00:00 GMT\r\nRetry-After: Sat, 31 Jan 2026 12:00:01 GMT\r\n",
         USEC_PER_SEC, 5 * USEC_PER_SEC, true},
        {"Retry-After: Sat, 31 Jan 2015 12:00:01 GMT\r\n", 200 * USEC_PER_MSEC, 5 * USEC_PER_SEC, true},
        {"Retry-After: nonsense\r\n", 200 * USEC_PER_MSEC, 5 * USEC_PER_SEC, true},
        {"Retry-After: 601\r\n", 0, 0, false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct step steps[] = {{.status = 429, .headers = cases[i].headers}, {.status = 200}};
        struct outcome outcome = {0};
        open_world(steps, 2);
        ask(fields_of_account, &outcome);
        const struct sight *seen = world.script.seen;
        assert_int_equal(world.server->requests, cases[i].tried_again ? 2 : 1);
        if (cases[i].tried_again)
            assert_in_range(seen[1].at - seen[0].at, cases[i].least, cases[i].most);
        else
            assert_int_equal(outcome.error.cause, CAUSE_HTTP_429);
        outcome_done(&outcome);
        close_world();
    }
}

/* Who is asked to wait is the key: others with the same one wait too. */
static void retry_after_holds_the_whole_key(void **state) {
    (void)state;
    static const struct step steps[] = {{.status = 429, .headers = "Retry-After: 1\r\n"}, {.status = 200}};
    struct outcome first = {0}, second = {0};
    open_world(steps, 2);
    world.api = api_new(world.pool, &world.config, id);
    struct api *other = api_new(world.pool, &world.config, "other");
    (void)!fields_of_account(world.api, record, &first);
    run_for(100 * USEC_PER_MSEC);
    (void)!fields_of_account(other, record, &second);
    run_until(2);
    assert_true(world.script.seen[1].at - world.script.seen[0].at >= USEC_PER_SEC);
    api_free(other);
    outcome_done(&first);
    outcome_done(&second);
    close_world();
}

/* --- limits --- */

static void concurrency_is_never_exceeded(void **state) {
    (void)state;
    static const struct step slow = {.status = 200, .delay = 10000};
    enum { CALLS = 60 };
    static struct outcome outcomes[CALLS];
    open_world(&slow, 1);
    world.config.concurrency = 3;
    world.api = api_new(world.pool, &world.config, id);
    struct api *other = api_new(world.pool, &world.config, "other");
    for (size_t i = 0; i < CALLS; i++)
        (void)!fields_of_account(i % 2 ? other : world.api, record, &outcomes[i]);
    run_until(CALLS);
    assert_int_equal(world.server->busiest, 3);
    for (size_t i = 0; i < CALLS; i++)
        outcome_done(&outcomes[i]);
    api_free(other);
    close_world();
}

static void the_rate_holds(void **state) {
    (void)state;
    static const struct step ok = {.status = 200};
    enum { CALLS = 30 };
    static struct outcome outcomes[CALLS];
    open_world(&ok, 1);
    world.config.rate = 20;
    world.api = api_new(world.pool, &world.config, id);
    usec_t start = timer_now();
    for (size_t i = 0; i < CALLS; i++)
        (void)!fields_of_account(world.api, record, &outcomes[i]);
    run_until(CALLS);
    /* twenty at once, ten more at twenty a second */
    assert_in_range(timer_now() - start, 480 * USEC_PER_MSEC, 5 * USEC_PER_SEC);
    for (size_t i = 0; i < CALLS; i++)
        outcome_done(&outcomes[i]);
    close_world();
}

static void connections_take_turns_and_polls_go_first(void **state) {
    (void)state;
    static const struct step ok = {.status = 200};
    static struct outcome outcomes[24];
    open_world(&ok, 1);
    world.config.concurrency = 1;
    world.api = api_new(world.pool, &world.config, "a");
    struct api *other = api_new(world.pool, &world.config, "b");
    for (size_t i = 0; i < 20; i++)
        (void)!fields_of_account(world.api, record, &outcomes[i]);
    for (size_t i = 20; i < 23; i++)
        (void)!fields_of_account(other, record, &outcomes[i]);
    (void)!api_get_refresh_status(other, record, &outcomes[23]);
    run_until(24);
    const struct sight *seen = world.script.seen;
    assert_non_null(strstr(seen[0].path, "/b/schemas/status"));
    for (size_t i = 1; i < 7; i++)
        assert_non_null(strstr(seen[i].path, i % 2 ? "/a/" : "/b/"));
    for (size_t i = 0; i < 24; i++)
        outcome_done(&outcomes[i]);
    api_free(other);
    close_world();
}

static void many_queued_calls_cost_little(void **state) {
    (void)state;
    static const struct step slow = {.status = 200, .delay = 1000000};
    enum { CALLS = 10000 };
    static struct api_call *calls[CALLS];
    struct outcome outcome = {0};
    open_world(&slow, 1);
    world.config.concurrency = 2;
    world.api = api_new(world.pool, &world.config, id);
    clock_t start = clock();
    for (size_t i = 0; i < CALLS; i++)
        calls[i] = fields_of_account(world.api, record, &outcome);
    run_for(20 * USEC_PER_MSEC);
    for (size_t i = 0; i < CALLS; i += 2)
        api_cancel(calls[i]);
    api_free(world.api);
    world.api = NULL;
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 1); /* quadratic would be far more */
    assert_int_equal(outcome.calls, 0);
    close_world();
}

static void nothing_begins_while_too_much_is_held(void **state) {
    (void)state;
    enum { MIB = 1024 * 1024, CALLS = 6 };
    static const struct step steps[] = {
        {.large = 16 * MIB}, {.large = 16 * MIB}, {.large = 16 * MIB}, {.large = 16 * MIB}, {.status = 200}};
    struct outcome outcomes[CALLS] = {0};
    open_world(steps, ARRAY_LENGTH(steps));
    last_byte_may_go = false;
    world.config.max_response = 20 * MIB;
    world.config.timeout = 20 * USEC_PER_SEC;
    world.api = api_new(world.pool, &world.config, id);
    for (size_t i = 0; i < 4; i++)
        (void)!fields_of_account(world.api, record, &outcomes[i]);
    for (usec_t end = timer_now() + 10 * USEC_PER_SEC;
         http_client_held(world.client) < 64 * MIB && timer_now() < end;)
        sd_event_run(world.event, USEC_PER_SEC);
    for (size_t i = 4; i < CALLS; i++)
        (void)!fields_of_account(world.api, record, &outcomes[i]);
    run_for(100 * USEC_PER_MSEC);
    assert_int_equal(world.server->requests, 4);
    last_byte_may_go = true;
    run_until(CALLS);
    assert_int_equal(http_client_held(world.client), 0);
    for (size_t i = 0; i < CALLS; i++) {
        assert_int_equal(outcomes[i].status, 200);
        outcome_done(&outcomes[i]);
    }
    close_world();
}

/* --- secrets --- */

static void a_401_reads_the_secret_again(void **state) {
    (void)state;
    static const struct {
        struct step steps[3];
        const char *secret; /* that stands there in the meantime */
        unsigned requests;
        enum error_cause cause;
    } cases[] = {
        {{{.status = 401}, {.status = 200}, {.status = 200}}, "new", 2, CAUSE_NONE},
        {{{.status = 401}, {.status = 401}, {.status = 200}}, "new", 2, CAUSE_HTTP_401},
        {{{.status = 401}, {.status = 200}, {.status = 200}}, "k3y/with+signs\n", 1, CAUSE_HTTP_401},
        {{{.status = 401}, {.status = 200}, {.status = 200}}, "", 1, CAUSE_HTTP_401},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct outcome outcome = {0};
        struct step steps[3];
        memcpy(steps, cases[i].steps, sizeof(steps));
        steps[0].delay = 500000;
        open_world(steps, 3);
        world.api = api_new(world.pool, &world.config, id);
        (void)!api_post_refresh(world.api, record, &outcome);
        run_for(100 * USEC_PER_MSEC);
        write_secret(cases[i].secret);
        run_until(1);
        if (outcome.error.cause != cases[i].cause || world.server->requests != cases[i].requests)
            fail_msg("case %zu: %s, %u requests", i, outcome.error.text, world.server->requests);
        if (cases[i].requests == 2) {
            assert_string_equal(world.script.seen[1].authorization, "Bearer new");
            assert_string_not_equal(world.script.seen[0].key, world.script.seen[1].key);
        }
        outcome_done(&outcome);
        close_world();
    }
}

static void many_401s_at_once_all_get_the_new_secret(void **state) {
    (void)state;
    struct step steps[9];
    enum { CALLS = 8 };
    for (size_t i = 0; i < ARRAY_LENGTH(steps); i++)
        steps[i] = (struct step){.status = i < CALLS ? 401 : 200, .delay = i < CALLS ? 500000 : 0};
    struct outcome outcomes[CALLS] = {0};
    open_world(steps, ARRAY_LENGTH(steps));
    world.api = api_new(world.pool, &world.config, id);
    for (size_t i = 0; i < CALLS; i++)
        (void)!fields_of_account(world.api, record, &outcomes[i]);
    run_for(100 * USEC_PER_MSEC);
    write_secret("new");
    run_until(CALLS);
    for (size_t i = 0; i < CALLS; i++) {
        assert_int_equal(outcomes[i].status, 200);
        outcome_done(&outcomes[i]);
    }
    assert_int_equal(world.server->requests, 2 * CALLS);
    close_world();
}

static void a_secret_that_cannot_be_had_is_an_error(void **state) {
    (void)state;
    static const struct step ok = {.status = 200};
    struct outcome outcome = {0};
    open_world(&ok, 1);
    unlink(world.secret_file);
    ask(api_get_me, &outcome);
    assert_int_equal(outcome.error.cause, CAUSE_SECRET);
    assert_int_equal(world.server->requests, 0);
    write_secret("back");
    outcome = (struct outcome){0};
    ask(api_get_me, &outcome);
    assert_int_equal(outcome.status, 200);
    outcome_done(&outcome);
    close_world();
}

static void secrets_do_not_break_out_of_their_line(void **state) {
    (void)state;
    static const struct step ok = {.status = 200};
    struct outcome outcome = {0};
    open_world(&ok, 1);
    write_secret("hidden\r\nX-Evil: 1");
    ask(api_get_me, &outcome);
    assert_int_equal(outcome.error.cause, CAUSE_SECRET);
    assert_null(strstr(outcome.error.text, "hidden"));
    assert_int_equal(world.server->requests, 0);
    close_world();
}

static void no_form_of_a_secret_is_told(void **state) {
    (void)state;
    static const struct {
        enum auth_kind auth;
        const char *answer; /* what the upstream repeats */
    } cases[] = {
        {AUTH_BEARER, "k3y/with+signs"},
        {AUTH_BEARER, "k3y%2Fwith%2Bsigns"},
        {AUTH_BEARER, "k3y%2fwith%2bsigns"},
        {AUTH_BEARER, "azN5L3dpdGgrc2lnbnM="},
        {AUTH_BASIC, "k3y/with+signs"},
        {AUTH_BASIC, "dXNlcj8/OmszeS93aXRoK3NpZ25z"}, /* user??:k3y/with+signs */
        {AUTH_BASIC, "dXNlcj8_OmszeS93aXRoK3NpZ25z"}, /* the same for URLs */
        {AUTH_BASIC, "user??"},
        {AUTH_BASIC, "user%3F%3F"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char body[300];
        snprintf(body, sizeof(body), "{\"key\":\"x\",\"message\":\"no <%s> here\"}", cases[i].answer);
        const struct step step = {.status = 400, .body = body};
        struct outcome outcome = {0};
        open_world(&step, 1);
        world.config.auth = cases[i].auth;
        setenv("SCHEMASYNCD_TEST_USER",
               "user?"
               "?",
               1);
        world.config.user = (struct secret){SECRET_ENV, "SCHEMASYNCD_TEST_USER"};
        world.config.password = world.config.bearer;
        ask(api_get_me, &outcome);
        if (strstr(outcome.error.text, cases[i].answer) || !strstr(outcome.error.text, "no <***"))
            fail_msg("%s: %s", cases[i].answer, outcome.error.text);
        close_world();
    }
}

/* --- ends --- */

struct stop {
    struct api_call *calls[20];
    enum { CANCEL_ALL, FREE_API, FREE_POOL } what;
    unsigned told;
};

static void stop_all(struct api_answer *answer, const struct error *error, void *userdata) {
    (void)answer;
    (void)error;
    struct stop *stop = userdata;
    stop->told++;
    world.done++;
    if (stop->what == CANCEL_ALL) {
        for (size_t i = 0; i < ARRAY_LENGTH(stop->calls); i++)
            api_cancel(stop->calls[i]);
        return;
    }
    api_free(world.api);
    world.api = NULL;
    if (stop->what == FREE_API)
        return;
    api_pool_free(world.pool);
    http_client_free(world.client);
    world.pool = NULL;
    world.client = NULL;
}

/* Of twenty calls some are under way, some wait for their turn, some failed already or rest until the next
 * try. */
static void a_callback_may_end_everything(void **state) {
    (void)state;
    static const struct step good[] = {
        {.status = 503}, {.status = 503}, {.status = 503}, {.status = 200, .delay = 30000}};
    for (unsigned what = CANCEL_ALL; what <= FREE_POOL; what++) {
        for (unsigned without_secret = 0; without_secret <= 1; without_secret++) {
            struct stop stop = {.what = what};
            open_world(good, ARRAY_LENGTH(good));
            world.config.concurrency = 5;
            if (without_secret)
                unlink(world.secret_file);
            world.api = api_new(world.pool, &world.config, id);
            for (size_t i = 0; i < ARRAY_LENGTH(stop.calls); i++)
                stop.calls[i] = fields_of_account(world.api, stop_all, &stop);
            run_until(1);
            run_for(100 * USEC_PER_MSEC);
            assert_int_equal(stop.told, 1);
            close_world();
        }
    }
}

static void a_place_is_free_again_after_a_cancel(void **state) {
    (void)state;
    static const struct step steps[] = {{.status = 200, .delay = 300000}, {.status = 200}};
    struct outcome first = {0}, second = {0};
    open_world(steps, 2);
    world.config.concurrency = 1;
    world.api = api_new(world.pool, &world.config, id);
    struct api_call *call = fields_of_account(world.api, record, &first);
    (void)!fields_of_account(world.api, record, &second);
    run_for(50 * USEC_PER_MSEC);
    api_cancel(call);
    api_cancel(NULL);
    run_until(1);
    assert_int_equal(first.calls, 0);
    assert_int_equal(second.status, 200);
    outcome_done(&second);
    close_world();
}

struct observed {
    unsigned count;
    int status;
    const char *route;
    usec_t duration;
};

static void observe(const char *route, int status, usec_t duration, void *userdata) {
    struct observed *observed = userdata;
    *observed = (struct observed){observed->count + 1, status, route, duration};
}

static void each_try_is_observed(void **state) {
    (void)state;
    static const struct step steps[] = {{.status = 503}, {.status = 202, .delay = 20000}};
    struct observed observed = {0};
    struct outcome outcome = {0};
    open_world(steps, 2);
    api_pool_observe(world.pool, observe, &observed);
    ask(api_post_refresh, &outcome);
    assert_int_equal(observed.count, 2);
    assert_int_equal(observed.status, 202);
    assert_string_equal(observed.route, "refresh");
    assert_in_range(observed.duration, 20 * USEC_PER_MSEC, USEC_PER_SEC);
    outcome_done(&outcome);
    close_world();
}

/* The limit of one request, and the longer one of a request that refreshes. */
static struct api_call *slow_refresh(struct api *api, api_callback *callback, void *userdata) {
    return api_get_fields(api, "x", true, 5 * USEC_PER_SEC, callback, userdata);
}

static void a_refresh_may_take_longer(void **state) {
    (void)state;
    static const struct step slow = {.status = 200, .delay = 500000};
    static const struct {
        start_call *start;
        enum error_cause cause;
    } cases[] = {{fields_of_account, CAUSE_TIMEOUT}, {slow_refresh, CAUSE_NONE}};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct outcome outcome = {0};
        open_world(&slow, 1);
        world.config.timeout = 200 * USEC_PER_MSEC;
        world.config.retries = 0;
        ask(cases[i].start, &outcome);
        assert_int_equal(outcome.error.cause, cases[i].cause);
        outcome_done(&outcome);
        close_world();
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_those_of_the_api),
        cmocka_unit_test(an_odd_connection_is_one_segment),
        cmocka_unit_test(a_key_alone_has_no_connection),
        cmocka_unit_test(basic_authorization_is_sent),
        cmocka_unit_test(answers_are_judged_and_tried_again),
        cmocka_unit_test(asked_at_is_that_of_the_last_try),
        cmocka_unit_test(retries_are_counted),
        cmocka_unit_test(retry_after_is_honoured),
        cmocka_unit_test(retry_after_holds_the_whole_key),
        cmocka_unit_test(concurrency_is_never_exceeded),
        cmocka_unit_test(the_rate_holds),
        cmocka_unit_test(connections_take_turns_and_polls_go_first),
        cmocka_unit_test(many_queued_calls_cost_little),
        cmocka_unit_test(nothing_begins_while_too_much_is_held),
        cmocka_unit_test(a_401_reads_the_secret_again),
        cmocka_unit_test(many_401s_at_once_all_get_the_new_secret),
        cmocka_unit_test(a_secret_that_cannot_be_had_is_an_error),
        cmocka_unit_test(secrets_do_not_break_out_of_their_line),
        cmocka_unit_test(no_form_of_a_secret_is_told),
        cmocka_unit_test(a_callback_may_end_everything),
        cmocka_unit_test(a_place_is_free_again_after_a_cancel),
        cmocka_unit_test(each_try_is_observed),
        cmocka_unit_test(a_refresh_may_take_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
