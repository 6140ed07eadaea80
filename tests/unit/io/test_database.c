#include "database_bench.h"

#define SCHEMA "test_database"

static const struct statement echo = {"echo", "SELECT $1::text AS said, $2::int + 1 AS next"};
static const struct statement divide = {"divide", "SELECT 100 / $1::int"};
static const struct statement sleep_long = {"sleep", "SELECT pg_sleep(600)"};

static int make_schema(void **state UNUSED) {
    struct bench bench;
    bench_start(&bench, false);
    run_sql(&bench, "DROP SCHEMA IF EXISTS " SCHEMA " CASCADE; CREATE SCHEMA " SCHEMA ";"
                    "CREATE TABLE " SCHEMA ".things (id int PRIMARY KEY, name text);"
                    "CREATE TABLE " SCHEMA ".shifting (a int); INSERT INTO " SCHEMA ".shifting VALUES (1);"
                    "INSERT INTO " SCHEMA ".things VALUES (1, 'one')");
    bench_stop(&bench);
    return 0;
}

static int drop_schema(void **state UNUSED) {
    struct bench bench;
    bench_start(&bench, false);
    run_sql(&bench, "DROP SCHEMA " SCHEMA " CASCADE");
    bench_stop(&bench);
    return 0;
}

static void test_parameters_are_copied(void **state UNUSED) {
    struct bench bench;
    struct answer answer;
    bench_start(&bench, true);
    char first[] = "kept", second[] = "1";
    const char *params[] = {first, second};
    ask(&bench, &answer, &echo, params, 2);
    memset(first, 'x', sizeof(first) - 1);
    second[0] = 'x';
    params[0] = NULL;
    assert_int_equal(answer.calls, 0); /* never inside the call */
    BENCH_WAIT(&bench, answer.calls > 0);
    assert_string_equal(answer.cell, "kept");
    bench_stop(&bench);
}

/* clang-format off */
static const struct {
    const char *sql, *sqlstate;
    enum error_cause cause;
    const char *text; /* in the text */
} failures[] = {
    {"SELECT 1 / 0", "22012", CAUSE_DB_VALUE, "division by zero"},
    {"INSERT INTO " SCHEMA ".things VALUES (1, 'secret row')", "23505", CAUSE_DB_VALUE, "unique constraint"},
    {"SELECT * FROM " SCHEMA ".missing", "42P01", CAUSE_DB_OTHER, "missing"},
    {"SELEC", "42601", CAUSE_DB_OTHER, "syntax error"},
    {"DO $$BEGIN RAISE insufficient_privilege; END$$", "42501", CAUSE_DB_RIGHTS, ""},
    {"DO $$BEGIN RAISE 'theirs now' USING ERRCODE = 'SS001', DETAIL = 'token 7', HINT = 'wait'; END$$", "SS001", CAUSE_LEASE_LOST, "theirs now: token 7: wait"},
    {"DO $$BEGIN RAISE serialization_failure; END$$", "40001", CAUSE_DB_BUSY, ""},
    {"SET LOCAL statement_timeout = '10ms'; SELECT pg_sleep(60)", "57014", CAUSE_DB_BUSY, "timeout"},
    {"COPY " SCHEMA ".things FROM STDIN", "57014", CAUSE_BUG, "COPY"},
};
/* clang-format on */

static void test_errors_have_causes(void **state UNUSED) {
    for (int pipeline = 0; pipeline < 2; pipeline++) {
        struct bench bench;
        bench_start(&bench, pipeline);
        for (size_t i = 0; i < ARRAY_LENGTH(failures); i++) {
            char sqlstate[6];
            struct error error = sql_failure(&bench, failures[i].sql, sqlstate);
            if (error.cause != failures[i].cause || !strstr(error.text, failures[i].text) ||
                strstr(error.text, "secret"))
                fail_msg("%s: %s: %s", failures[i].sql, error_class(error.cause)->name, error.text);
            if (error.cause != CAUSE_BUG)
                assert_string_equal(sqlstate, failures[i].sqlstate);
            assert_string_equal(run_sql(&bench, "SELECT 'usable'"), "usable");
        }
        assert_int_equal(bench.ups, 1);
        assert_int_equal(bench.downs, 0);
        bench_stop(&bench);
    }
}

static void test_a_pipeline_survives_its_errors(void **state UNUSED) {
    enum { COUNT = 1000 };
    static struct answer answers[COUNT];
    static char numbers[COUNT][8];
    struct bench bench;
    bench_start(&bench, true);
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%zu", i % 7 == 3 ? (size_t)0 : i % 50 + 1);
        const char *params[] = {numbers[i]};
        ask(&bench, &answers[i], &divide, params, 1);
    }
    BENCH_WAIT(&bench, answers[COUNT - 1].calls > 0);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(answers[i].calls, 1);
        if (i % 7 == 3)
            assert_string_equal(answers[i].sqlstate, "22012");
        else
            assert_int_equal(atoi(answers[i].cell), 100 / (i % 50 + 1));
    }
    bench_stop(&bench);
}

static void test_a_failed_prepare_is_nobody_elses(void **state UNUSED) {
    static const struct statement late = {"late", "SELECT count(*) FROM " SCHEMA ".late WHERE $1::int > 0"};
    for (int pipeline = 0; pipeline < 2; pipeline++) {
        struct bench bench;
        struct answer answers[6];
        const char *params[] = {"1"};
        bench_start(&bench, pipeline);
        for (size_t i = 0; i < 3; i++)
            ask(&bench, &answers[i], &late, params, 1);
        ask(&bench, &answers[3], &divide, params, 1);
        BENCH_WAIT(&bench, answers[0].calls && answers[1].calls && answers[2].calls && answers[3].calls);
        for (size_t i = 0; i < 3; i++)
            assert_string_equal(answers[i].sqlstate, "42P01");
        assert_string_equal(answers[3].cell, "100");
        run_sql(&bench, "CREATE TABLE " SCHEMA ".late (a int)");
        for (size_t i = 4; i < 6; i++) {
            ask(&bench, &answers[i], &late, params, 1);
            BENCH_WAIT(&bench, answers[i].calls);
            assert_string_equal(answers[i].cell, "0");
        }
        run_sql(&bench, "DROP TABLE " SCHEMA ".late");
        bench_stop(&bench);
    }
}

static void test_prepared_statements_survive_ddl(void **state UNUSED) {
    static const struct statement all = {"all", "SELECT * FROM " SCHEMA ".shifting"};
    static const char *const changes[] = {
        "ALTER TABLE " SCHEMA ".shifting ALTER a TYPE text",
        "ALTER TABLE " SCHEMA ".shifting ADD b int",
        "DEALLOCATE ALL",
        "DISCARD PLANS",
        "ALTER TABLE " SCHEMA ".shifting DROP b; ALTER TABLE " SCHEMA
        ".shifting ALTER a TYPE int USING a::int",
    };
    for (int pipeline = 0; pipeline < 2; pipeline++) {
        struct bench bench;
        struct answer answers[5];
        bench_start(&bench, pipeline);
        ask(&bench, &answers[0], &all, NULL, 0);
        for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
            run_sql(&bench, changes[i]);
            for (size_t j = 0; j < ARRAY_LENGTH(answers); j++)
                ask(&bench, &answers[j], &all, NULL, 0);
            for (size_t j = 0; j < ARRAY_LENGTH(answers); j++) {
                BENCH_WAIT(&bench, answers[j].calls);
                if (error_is_set(&answers[j].error))
                    fail_msg("%s: %s", changes[i], answers[j].error.text);
                assert_string_equal(answers[j].cell, "1");
            }
        }
        bench_stop(&bench);
    }
}

static void test_a_changed_plan_in_a_transaction_fails(void **state UNUSED) {
    static const struct statement all = {"all", "SELECT * FROM " SCHEMA ".shifting"};
    struct bench bench;
    struct answer answer;
    bench_start(&bench, false);
    ask(&bench, &answer, &all, NULL, 0);
    run_sql(&bench, "ALTER TABLE " SCHEMA ".shifting ADD c int");
    run_sql(&bench, "BEGIN");
    ask(&bench, &answer, &all, NULL, 0);
    BENCH_WAIT(&bench, answer.calls);
    assert_string_equal(answer.sqlstate, "0A000");
    run_sql(&bench, "ROLLBACK; ALTER TABLE " SCHEMA ".shifting DROP c");
    bench_stop(&bench);
}

static void test_scripts_are_whole_and_in_order(void **state UNUSED) {
    for (int pipeline = 0; pipeline < 2; pipeline++) {
        struct bench bench;
        struct answer answers[4];
        char sqlstate[6];
        const char *params[] = {"4"};
        static const struct statement script = {NULL, "SELECT 1; SELECT 2; SELECT 'last' AS x"};
        bench_start(&bench, pipeline);
        ask(&bench, &answers[0], &divide, params, 1);
        ask(&bench, &answers[1], &script, NULL, 0);
        ask(&bench, &answers[2], &divide, params, 1);
        ask(&bench, &answers[3], &script, NULL, 0);
        BENCH_WAIT(&bench, answers[3].calls > 0);
        for (size_t i = 0; i < 4; i++)
            assert_string_equal(answers[i].cell, i % 2 ? "last" : "25");
        sql_failure(&bench, "INSERT INTO " SCHEMA ".things VALUES (50, 'x'); SELECT 1/0; SELECT 3", sqlstate);
        assert_string_equal(sqlstate, "22012");
        assert_string_equal(run_sql(&bench, "SELECT count(*) FROM " SCHEMA ".things WHERE id = 50"), "0");
        bench_stop(&bench);
    }
}

static void test_cancelled_statements_call_nobody(void **state UNUSED) {
    for (int pipeline = 0; pipeline < 2; pipeline++) {
        struct bench bench;
        struct answer unsent, sent, done, after;
        const char *params[] = {"5"};
        bench_start(&bench, pipeline);
        ask(&bench, &unsent, &divide, params, 1);
        database_cancel(unsent.call);
        run_sql(&bench, "SELECT 1");
        ask(&bench, &sent, &(struct statement){"nap", "SELECT pg_sleep(0.05)"}, NULL, 0);
        bench_settle(&bench);
        database_cancel(sent.call);
        ask(&bench, &done, &divide, params, 1);
        ask(&bench, &after, &divide, params, 1);
        BENCH_WAIT(&bench, done.calls > 0);
        if (after.call) /* its answer may have come, and wait for its callback */
            database_cancel(after.call);
        run_sql(&bench, "SELECT 1");
        assert_int_equal(unsent.calls, 0);
        assert_int_equal(sent.calls, 0);
        assert_int_equal(done.calls, 1);
        assert_string_equal(done.cell, "20");
        database_cancel(NULL);
        bench_stop(&bench);
    }
}

/* A callback that cancels all, itself too, and may free the database. */
struct rage {
    struct bench *bench;
    struct database_call *calls[20];
    bool frees;
    unsigned count;
};

static void on_rage(const struct database_result *result UNUSED, const struct error *error UNUSED,
                    void *userdata) {
    struct rage *rage = userdata;
    rage->count++;
    if (rage->frees) {
        database_free(rage->bench->database);
        rage->bench->database = NULL;
        database_cancel(rage->calls[0]);
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(rage->calls); i++)
        database_cancel(rage->calls[i]);
}

static void test_callbacks_may_cancel_and_free(void **state UNUSED) {
    for (int variant = 0; variant < 4; variant++) {
        struct bench bench;
        struct rage rage = {.bench = &bench, .frees = variant & 1};
        const char *params[] = {variant & 2 ? "0" : "1"};
        bench_start(&bench, true);
        for (size_t i = 0; i < ARRAY_LENGTH(rage.calls); i++)
            rage.calls[i] = database_query(bench.database, &divide, params, 1, PATIENCE, on_rage, &rage);
        BENCH_WAIT(&bench, rage.count > 0);
        if (!rage.frees)
            run_sql(&bench, "SELECT 1");
        bench_settle(&bench);
        assert_int_equal(rage.count, 1);
        bench_stop(&bench);
    }
}

static void test_free_with_things_under_way(void **state UNUSED) {
    for (int turns = 0; turns < 30; turns++) {
        struct bench bench;
        struct answer answers[10];
        const char *params[] = {"1"};
        bench_start(&bench, turns % 2);
        for (size_t i = 0; i < ARRAY_LENGTH(answers); i++)
            ask(&bench, &answers[i], i == 5 ? &sleep_long : &divide, i == 5 ? NULL : params, i != 5);
        for (int i = 0; i < turns; i++)
            sd_event_run(bench.event, 2000);
        bench_stop(&bench);
    }
    database_free(NULL);
}

static void test_the_session_is_set_up(void **state UNUSED) {
    static const struct {
        const char *setting, *value;
    } settings[] = {
        {"search_path", "pg_catalog, pg_temp"},
        {"TimeZone", "UTC"},
        {"DateStyle", "ISO, YMD"},
        {"client_encoding", "UTF8"},
        {"statement_timeout", "1234ms"},
        {"application_name", "schemasyncd-test"},
    };
    struct bench bench;
    struct database_options options = bench_options(&bench);
    options.statement_timeout = 1234 * USEC_PER_MSEC;
    options.conninfo = "options='-c TimeZone=Asia/Tokyo -c search_path=public' client_encoding=LATIN1";
    bench_init(&bench, &options);
    for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
        char sql[100];
        snprintf(sql, sizeof(sql), "SHOW %s", settings[i].setting);
        assert_string_equal(run_sql(&bench, sql), settings[i].value);
    }
    bench_stop(&bench);
}

static void test_notices_stay_off_stderr(void **state UNUSED) {
    struct bench bench;
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);
    assert_non_null(file);
    bench_start(&bench, false);
    run_sql(&bench, "SELECT 1");
    dup2(fileno(file), STDERR_FILENO);
    run_sql(&bench, "DO $$BEGIN RAISE NOTICE 'seen'; RAISE WARNING 'seen'; END$$");
    dup2(kept, STDERR_FILENO);
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
    fclose(file);
    close(kept);
    bench_stop(&bench);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters_are_copied),
        cmocka_unit_test(test_errors_have_causes),
        cmocka_unit_test(test_a_pipeline_survives_its_errors),
        cmocka_unit_test(test_a_failed_prepare_is_nobody_elses),
        cmocka_unit_test(test_prepared_statements_survive_ddl),
        cmocka_unit_test(test_a_changed_plan_in_a_transaction_fails),
        cmocka_unit_test(test_scripts_are_whole_and_in_order),
        cmocka_unit_test(test_cancelled_statements_call_nobody),
        cmocka_unit_test(test_callbacks_may_cancel_and_free),
        cmocka_unit_test(test_free_with_things_under_way),
        cmocka_unit_test(test_the_session_is_set_up),
        cmocka_unit_test(test_notices_stay_off_stderr),
    };
    if (bench_require_server() != 0)
        return 1;
    return cmocka_run_group_tests(tests, make_schema, drop_schema);
}
