/* All that can go wrong with an answer, at each request that a run makes: what the run comes to, what is
 * said, on what it counts; that the mirror stays as it was, and that all is well again when the API is. */
#include <string.h>

#include "daemons.h"

/* The requests of a run. */
enum endpoint { CONNECTION_ITSELF, STATUS, REFRESH, LIST, FIELDS, ENDPOINT_COUNT };

static const struct {
    const char *name, *path, *query;
} endpoints[ENDPOINT_COUNT] = {
    [CONNECTION_ITSELF] = {"connection", "", "*"},
    [STATUS] = {"status", "/schemas/status", "*"},
    [REFRESH] = {"refresh", "/schemas/refresh", "*"},
    [LIST] = {"list", "/modelsync/targetobjects", "*"},
    [FIELDS] = {"fields", "/modelsync/target/fields", "*obj_00002*"},
};

/* What comes of it. */
enum fate {
    WELL,   /* nothing: the answer serves, or is not needed */
    TARGET, /* the failure of that target alone */
    RUN,    /* the run fails as a whole, counted on the connection */
};

/* The simulator answers in place of beginning a refresh: so there is none that could end. */
#define NOT_OVER "not over within refresh_timeout"

/* A fault, what the error says of it, and its fate at each request. */
/* clang-format off */
static const struct fault {
    const char *rule, *words;
    enum fate fates[ENDPOINT_COUNT];
    const char *refresh_words; /* where they are others for the refresh */
} faults[] = {
    /*                                                              connection status refresh list fields */
    {"'status': 400",                             "400",            {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'status': 401",                             "401",            {RUN, RUN, RUN, RUN, RUN}, NULL},
    {"'status': 403",                             "403",            {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'status': 404, 'times': 1",                 "404",            {RUN, RUN, RUN, RUN, WELL}, NULL},
    {"'status': 409",                             "409",            {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'status': 429",                             "429",            {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'status': 500",                             "500",            {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'status': 502, 'body': '<html>'",           "502",            {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'status': 503",                             "503",            {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'status': 504",                             "504",            {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'reset': true",                             "connection", {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'body': {'data': {'id': 'x'}}, 'cut': 5",   "ended early",    {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'hang': true",                              "did not end within the time limit", {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'body': '<html>'",                          "JSON",           {RUN, RUN, RUN, RUN, TARGET}, NOT_OVER},
    {"'body': {'data': [5]}",                     "data",          {RUN, RUN, RUN, RUN, TARGET}, NOT_OVER},
    {"'body': {'data': null}",                    "data",           {RUN, RUN, RUN, RUN, TARGET}, NOT_OVER},
    {"'deep': 1500",                              "level",          {RUN, RUN, WELL, RUN, TARGET}, NULL},
    {"'gzip_bomb': 100000000",                    "large",          {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'endless': true",                           "large",          {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'size': 300000",                            "large",          {RUN, RUN, RUN, RUN, TARGET}, NULL},
    {"'redirect': 'http://127.0.0.1:1/'",         "redirect",       {RUN, RUN, RUN, RUN, TARGET}, NULL},
};
/* clang-format on */

static const char *connection_id(size_t fault) {
    return world_text("00000000-0000-4000-8000-%012zu", fault + 1);
}

static void configure_all(void) {
    const char *items = "";
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++)
        items = world_text("%s  - {name: c%zu, id: %s, targets: [{include: \"*\"}]}\n", items, i,
                           connection_id(i));
    configure(.connections = items, .timeout = "1s", .refresh_timeout = "2s",
              .api = "max_response: 64KiB, concurrency: 64");
}

/* What the database says of the last run over a connection, in the words of the table. */
static const char *came(size_t fault) {
    return world_value(
        "SELECT r.outcome, r.failed_target_count, coalesce(r.error, t.last_error, ''), c.consecutive_failures,"
        " coalesce(t.consecutive_failures, 0), c.last_error IS NOT NULL, t.last_error IS NOT NULL,"
        " (SELECT sum(consecutive_failures) FROM targets x WHERE x.connection_id = c.id AND x.target_id <> 'obj_00002')"
        " FROM connections c JOIN targets t ON t.connection_id = c.id AND t.target_id = 'obj_00002',"
        " LATERAL (SELECT * FROM runs r WHERE r.connection_id = c.id ORDER BY started_at DESC LIMIT 1) r WHERE c.id = '%s'",
        connection_id(fault));
}

static const char *expected(enum fate fate, const char *text) {
    return fate == WELL     ? "ok|0||0|0|f|f|0"
           : fate == TARGET ? world_text("partial|1|%s|0|1|f|t|0", text)
                            : world_text("failed|0|%s|1|0|t|f|0", text);
}

/* The error's text, which stands third. */
static const char *error_text(const char *row) {
    const char *start = strchr(strchr(row, '|') + 1, '|') + 1, *end = row + strlen(row);
    for (int i = 0; i < 5; i++)
        do
            end--;
        while (*end != '|');
    return world_text("%.*s", (int)(end - start), start);
}

static void all_faults_at(enum endpoint endpoint) {
    configure_all();
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    const char *mirror = world_mirror();
    world_await("SELECT count(*) = %zu FROM runs WHERE outcome = 'ok'", ARRAY_LENGTH(faults));
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++)
        world_faults("{'path': '*%s%s', 'query': '%s', %s}", connection_id(i), endpoints[endpoint].path,
                     endpoints[endpoint].query, faults[i].rule);
    daemon_make_due();
    daemon_await_runs(2 * (int)ARRAY_LENGTH(faults));
    bool good = true;
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        const char *row = came(i), *text = error_text(row),
                   *wanted = expected(faults[i].fates[endpoint], text);
        const char *words =
            endpoint == REFRESH && faults[i].refresh_words ? faults[i].refresh_words : faults[i].words;
        bool told = faults[i].fates[endpoint] == WELL || strstr(text, words);
        if (told && strcmp(row, wanted) == 0)
            continue;
        print_error("%s at %s:\n  wanted %s, \"%s\"\n  came   %s\n", faults[i].rule, endpoints[endpoint].name,
                    wanted, words, row);
        good = false;
    }
    assert_true(good);
    assert_same(world_mirror(), mirror);
    assert_sql("SELECT count(*) FROM changes", "0");
    assert_sql(
        "SELECT bool_and(next_due_at > clock_timestamp()), bool_and(lease_owner IS NULL) FROM connections",
        "t|t");

    world_clear_faults();
    daemon_make_due();
    daemon_await_runs(3 * (int)ARRAY_LENGTH(faults));
    assert_sql("SELECT sum(consecutive_failures), count(last_error) FROM connections", "0|0");
    assert_sql("SELECT sum(consecutive_failures), count(last_error) FROM targets", "0|0");
    assert_same(world_mirror(), mirror);
    daemon_stop(daemon);
}

static void faults_at_the_connection(void **state) {
    (void)state;
    all_faults_at(CONNECTION_ITSELF);
}

static void faults_at_the_status_of_the_refresh(void **state) {
    (void)state;
    all_faults_at(STATUS);
}

static void faults_at_the_refresh(void **state) {
    (void)state;
    all_faults_at(REFRESH);
}

static void faults_at_the_list(void **state) {
    (void)state;
    all_faults_at(LIST);
}

static void faults_at_the_fields(void **state) {
    (void)state;
    all_faults_at(FIELDS);
}

int main(void) {
    world_generate = "30:3:4";
    const struct CMUnitTest tests[] = {
        daemon_test(faults_at_the_connection), daemon_test(faults_at_the_status_of_the_refresh),
        daemon_test(faults_at_the_refresh),    daemon_test(faults_at_the_list),
        daemon_test(faults_at_the_fields),
    };
    return daemon_run_tests("faults", tests);
}
