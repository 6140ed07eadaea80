/* All that can go wrong with an answer, at each request that a run makes: what the run comes to, what is
 * said, on what it counts; that the mirror stays as it was, and that all is well again when the API is. */
#include <string.h>

#include "daemons.h"

/* The requests of a run. */
enum endpoint { CONNECTION_ITSELF, STATUS, REFRESH, LIST, FIELDS, SYNCS, SYNC, ENDPOINT_COUNT };

/* Globs of their paths and queries; $ is the number of the connection, and of the sync that writes to it. */
static const struct {
    const char *name, *path, *query;
} endpoints[ENDPOINT_COUNT] = {
    [CONNECTION_ITSELF] = {"connection", "/api/connections/*$", "*"},
    [STATUS] = {"status", "*$/schemas/status", "*"},
    [REFRESH] = {"refresh", "*$/schemas/refresh", "*"},
    [LIST] = {"list", "*$/modelsync/targetobjects", "*"},
    [FIELDS] = {"fields", "*$/modelsync/target/fields", "*obj_00002*"},
    [SYNCS] = {"syncs", "/api/syncs", "*target_connection_id=*$*"},
    [SYNC] = {"sync", "/api/syncs/*$", "*"},
};

/* What comes of it. */
enum fate {
    WELL,   /* nothing: the answer serves, or is not needed */
    TARGET, /* the failure of that target alone */
    RUN,    /* the run fails as a whole, counted on the connection */
    USE,    /* no failure, but which syncs use what is not known until it is well again */
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
    /*                                                              connection status refresh list fields syncs sync */
    {"'status': 400",                             "400",            {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'status': 401",                             "401",            {RUN, RUN, RUN, RUN, RUN, USE, USE}, NULL},
    {"'status': 403",                             "403",            {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'status': 404, 'times': 1",                 "404",            {RUN, RUN, RUN, RUN, WELL, USE, USE}, NULL},
    {"'status': 409",                             "409",            {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'status': 429",                             "429",            {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'status': 500",                             "500",            {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'status': 502, 'body': '<html>'",           "502",            {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'status': 503",                             "503",            {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'status': 504",                             "504",            {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'reset': true",                             "connection", {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'body': {'data': {'id': 'x'}}, 'cut': 5",   "ended early",    {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'hang': true",                              "did not end within the time limit", {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'drip': {'bytes': 9, 'every_ms': 300}",     "did not end within the time limit", {RUN, RUN, WELL, RUN, TARGET, USE, USE}, NULL},
    {"'body': '<html>'",                          "JSON",           {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NOT_OVER},
    {"'body': {'data': [5]}",                     "data",          {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NOT_OVER},
    {"'body': {'data': null}",                    "data",           {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NOT_OVER},
    {"'body': {'data': {'id': 7, 'last_refresh_started': 7, 'cache_status': 7}}", "data",           {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NOT_OVER},
    {"'body': [{}]",                              "object",         {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NOT_OVER},
    {"'deep': 1500",                              "level",          {RUN, RUN, WELL, RUN, TARGET, USE, USE}, NULL},
    {"'gzip_bomb': 100000000",                    "large",          {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'endless': true",                           "large",          {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'size': 300000",                            "large",          {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
    {"'redirect': 'http://127.0.0.1:1/'",         "redirect",       {RUN, RUN, RUN, RUN, TARGET, USE, USE}, NULL},
};
/* clang-format on */

/* `text` with the number of the fault's connection for $. */
static const char *numbered(const char *text, size_t fault) {
    const char *at = strchr(text, '$');
    return at ? world_text("%.*s%012zu%s", (int)(at - text), text, fault + 1, at + 1) : text;
}

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
        " (SELECT sum(consecutive_failures) FROM targets x WHERE x.connection_id = c.id AND x.target_id <> 'obj_00002'),"
        " c.syncs_known"
        " FROM connections c JOIN targets t ON t.connection_id = c.id AND t.target_id = 'obj_00002',"
        " LATERAL (SELECT * FROM runs r WHERE r.connection_id = c.id ORDER BY started_at DESC LIMIT 1) r WHERE c.id = '%s'",
        connection_id(fault));
}

static const char *expected(enum fate fate, const char *text) {
    return fate == WELL     ? "ok|0||0|0|f|f|0|t"
           : fate == USE    ? "ok|0||0|0|f|f|0|f"
           : fate == TARGET ? world_text("partial|1|%s|0|1|f|t|0|t", text)
                            : world_text("failed|0|%s|1|0|t|f|0|t", text);
}

/* The error's text, which stands third. */
static const char *error_text(const char *row) {
    const char *start = strchr(strchr(row, '|') + 1, '|') + 1, *end = row + strlen(row);
    for (int i = 0; i < 6; i++)
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
    const char *touched = "";
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++)
        touched = world_text("%s%s{'op': 'sync_set', 'sync': '10000000-0000-4000-8000-%012zu', 'set': {}}",
                             touched, i > 0 ? ", " : "[", i + 1);
    touched = world_text("%s]", touched);
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++)
        world_faults("{'path': '%s', 'query': '%s', %s}", numbered(endpoints[endpoint].path, i),
                     numbered(endpoints[endpoint].query, i), faults[i].rule);
    world_edit("%s", touched); /* so that each sync is read again */
    daemon_make_due();
    daemon_await_runs(2 * (int)ARRAY_LENGTH(faults));
    bool good = true;
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        const char *row = came(i), *text = error_text(row),
                   *wanted = expected(faults[i].fates[endpoint], text);
        const char *words =
            endpoint == REFRESH && faults[i].refresh_words ? faults[i].refresh_words : faults[i].words;
        bool told = strcmp(text, "") == 0 || strstr(text, words);
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
    assert_sql("SELECT sum(consecutive_failures), count(last_error), bool_and(syncs_known) FROM connections",
               "0|0|t");
    assert_sql("SELECT sum(consecutive_failures), count(last_error) FROM targets", "0|0");
    assert_same(world_mirror(), mirror);
    daemon_stop(daemon);
}

/* A refresh that is accepted, and does not do what it should. */
static const struct {
    const char *settings, *words;
    enum fate fate; /* TARGET: of each target */
} refreshes[] = {
    {"'refresh_outcome': 'ok'", "", WELL},
    {"'refresh_outcome': 'fail_post'", "refused", RUN},
    {"'refresh_outcome': 'stuck'", NOT_OVER, RUN},
    {"'refresh_times': 'null'", NOT_OVER, RUN},
    {"'refresh_outcome': 'fails'", "", WELL}, /* each target is refreshed by itself then */
    {"'refresh_outcome': 'ineffective'", "", WELL},
    {"'refresh_outcome': 'unstamped'", "", WELL},
    {"'refresh_outcome': 'fails', 'target_refresh': 'ineffective'", "stale", TARGET},
    {"'refresh_outcome': 'ineffective', 'target_refresh': 'ineffective'", "stale", TARGET},
    {"'refresh_outcome': 'unstamped', 'target_refresh': 'ineffective'", "stale", TARGET},
};

static void refreshes_that_go_wrong(void **state) {
    (void)state;
    configure_all();
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    const char *mirror = world_mirror();
    for (size_t i = 0; i < ARRAY_LENGTH(refreshes); i++)
        world_settings("{'connection': '%s', %s}", connection_id(i), refreshes[i].settings);
    daemon_make_due();
    daemon_await_runs(2 * (int)ARRAY_LENGTH(faults));
    bool good = true;
    for (size_t i = 0; i < ARRAY_LENGTH(refreshes); i++) {
        const char *row = came(i), *text = error_text(row), *wanted = expected(refreshes[i].fate, text);
        if (refreshes[i].fate == TARGET)
            wanted = world_text("failed|3|%s|0|1|f|t|2|t", text);
        if (strcmp(row, wanted) == 0 && strstr(text, refreshes[i].words))
            continue;
        print_error("%s:\n  wanted %s, \"%s\"\n  came   %s\n", refreshes[i].settings, wanted,
                    refreshes[i].words, row);
        good = false;
    }
    assert_true(good);
    assert_same(world_mirror(), mirror);
    assert_sql("SELECT count(*) FROM changes", "0");
    world_settings(
        "{'connection': '*', 'refresh_outcome': 'ok', 'target_refresh': 'ok', 'refresh_times': 'normal'}");
    daemon_make_due();
    daemon_await_runs(3 * (int)ARRAY_LENGTH(faults));
    assert_sql("SELECT sum(consecutive_failures), count(last_error) FROM connections", "0|0");
    assert_sql("SELECT sum(consecutive_failures), count(last_error) FROM targets", "0|0");
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

static void faults_at_the_list_of_syncs(void **state) {
    (void)state;
    all_faults_at(SYNCS);
}

static void faults_at_a_sync(void **state) {
    (void)state;
    all_faults_at(SYNC);
}

int main(void) {
    world_generate = "30:3:4:1";
    const struct CMUnitTest tests[] = {
        daemon_test(faults_at_the_connection), daemon_test(faults_at_the_status_of_the_refresh),
        daemon_test(faults_at_the_refresh),    daemon_test(faults_at_the_list),
        daemon_test(faults_at_the_fields),     daemon_test(faults_at_the_list_of_syncs),
        daemon_test(faults_at_a_sync),         daemon_test(refreshes_that_go_wrong),
    };
    return daemon_run_tests("faults", tests);
}
