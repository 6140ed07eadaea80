#include "database_bench.h"

#define TABLE "public.test_database_copy"

enum { LIMIT = 1024 * 1024 };

static const char copy_sql[] = "COPY " TABLE " FROM STDIN";

static int make_table(void **state UNUSED) {
    struct bench bench;
    bench_start(&bench, false);
    run_sql(&bench, "DROP TABLE IF EXISTS " TABLE "; CREATE TABLE " TABLE " (id int, name text)");
    bench_stop(&bench);
    return 0;
}

static int drop_table(void **state UNUSED) {
    struct bench bench;
    bench_start(&bench, false);
    run_sql(&bench, "DROP TABLE " TABLE);
    bench_stop(&bench);
    return 0;
}

static int empty_table(void **state UNUSED) {
    struct bench bench;
    bench_start(&bench, false);
    run_sql(&bench, "TRUNCATE " TABLE);
    bench_stop(&bench);
    return 0;
}

/* Puts rows while there is room. */
struct producer {
    struct database_copy *copy;
    size_t next, count;
    size_t bad;     /* this row is no row; SIZE_MAX: none */
    size_t most;    /* the largest that was ever queued */
    unsigned rooms; /* how often there was room again */
    bool endless;   /* never ends by itself */
    struct answer answer;
};

static void produce(void *userdata) {
    struct producer *producer = userdata;
    char row[100];
    producer->rooms++;
    while (producer->next < producer->count && database_copy_pending(producer->copy) < LIMIT) {
        int length =
            snprintf(row, sizeof(row),
                     producer->next == producer->bad ? "none\t\\N\n" : "%zu\tname of number %zu, ü\\\\\\n\n",
                     producer->next, producer->next);
        database_copy_put(producer->copy, row, (size_t)length);
        producer->next++;
        size_t pending = database_copy_pending(producer->copy);
        producer->most = MAX(producer->most, pending);
    }
    if (producer->next == producer->count && !producer->endless)
        database_copy_end(producer->copy);
}

static void start(struct bench *bench, struct producer *producer, size_t count, size_t bad) {
    *producer = (struct producer){.count = count, .bad = bad, .answer.database = bench->database};
    producer->copy = database_copy_start(bench->database, copy_sql, on_answer, &producer->answer);
    database_copy_on_room(producer->copy, LIMIT, produce, producer);
}

static void test_many_rows_in_little_memory(void **state UNUSED) {
    struct bench bench;
    struct producer producer;
    struct answer behind;
    static const struct statement count = {"count", "SELECT count(*)::text || ' ' || sum(id) FROM " TABLE};
    bench_start(&bench, false);
    run_sql(&bench, "SELECT 1");
    start(&bench, &producer, 200000, SIZE_MAX);
    ask(&bench, &behind, &count, NULL, 0);
    produce(&producer);
    assert_int_equal(producer.answer.calls, 0);
    BENCH_WAIT(&bench, behind.calls > 0);
    assert_int_equal(producer.answer.calls, 1);
    assert_false(error_is_set(&producer.answer.error));
    assert_string_equal(behind.cell, "200000 19999900000");
    assert_true(producer.most >= LIMIT && producer.most < LIMIT + 100);
    assert_true(producer.rooms > 5);
    assert_string_equal(run_sql(&bench, "SELECT name FROM " TABLE " WHERE id = 199999"),
                        "name of number 199999, ü\\\n");
    bench_stop(&bench);
}

static void test_a_row_larger_than_a_piece(void **state UNUSED) {
    enum { SIZE = 300 * 1000 };
    struct bench bench;
    struct answer answer = {0};
    char *row = alloc_zero(SIZE + 3, 1);
    bench_start(&bench, false);
    run_sql(&bench, "SELECT 1");
    struct database_copy *copy = database_copy_start(bench.database, copy_sql, on_answer, &answer);
    memcpy(row, "7\t", 2);
    memset(row + 2, 'x', SIZE);
    row[SIZE + 2] = '\n';
    database_copy_put(copy, row, SIZE + 3);
    assert_int_equal(database_copy_pending(copy), SIZE + 3);
    database_copy_put(copy, row, 0);
    database_copy_end(copy);
    database_copy_put(copy, "too late", 8);
    free(row);
    BENCH_WAIT(&bench, answer.calls > 0);
    assert_false(error_is_set(&answer.error));
    assert_string_equal(run_sql(&bench, "SELECT count(*) || ' ' || length(max(name)) FROM " TABLE),
                        "1 300000");
    bench_stop(&bench);
}

static void test_no_rows(void **state UNUSED) {
    struct bench bench;
    struct producer producer;
    bench_start(&bench, false);
    run_sql(&bench, "SELECT 1");
    start(&bench, &producer, 0, SIZE_MAX);
    produce(&producer);
    BENCH_WAIT(&bench, producer.answer.calls > 0);
    assert_false(error_is_set(&producer.answer.error));
    assert_string_equal(run_sql(&bench, "SELECT count(*) FROM " TABLE), "0");
    bench_stop(&bench);
}

static void test_a_bad_row_fails_all(void **state UNUSED) {
    static const size_t places[] = {0, 1, 49999, 99999};
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        struct bench bench;
        struct producer producer;
        bench_start(&bench, false);
        run_sql(&bench, "SELECT 1");
        start(&bench, &producer, 100000, places[i]);
        produce(&producer);
        BENCH_WAIT(&bench, producer.answer.calls > 0);
        assert_int_equal(producer.answer.error.cause, CAUSE_DB_VALUE);
        assert_string_equal(producer.answer.sqlstate, "22P02");
        assert_null(strstr(producer.answer.error.text, "name of number"));
        assert_string_equal(run_sql(&bench, "SELECT count(*) FROM " TABLE), "0");
        assert_int_equal(bench.ups, 1);
        bench_stop(&bench);
    }
}

static void test_an_error_is_told_before_the_end(void **state UNUSED) {
    struct bench bench;
    struct producer producer;
    bench_start(&bench, false);
    run_sql(&bench, "SELECT 1");
    start(&bench, &producer, 10000, 5);
    producer.endless = true;
    produce(&producer);
    BENCH_WAIT(&bench, producer.answer.calls > 0);
    assert_int_equal(producer.answer.error.cause, CAUSE_DB_VALUE);
    assert_string_equal(run_sql(&bench, "SELECT 'usable'"), "usable");
    bench_stop(&bench);
}

static void test_a_copy_that_cannot_begin(void **state UNUSED) {
    struct bench bench;
    struct answer answer;
    bench_start(&bench, false);
    run_sql(&bench, "SELECT 1");
    answer = (struct answer){.database = bench.database};
    struct database_copy *copy =
        database_copy_start(bench.database, "COPY public.no_such_table FROM STDIN", on_answer, &answer);
    database_copy_put(copy, "1\n", 2);
    BENCH_WAIT(&bench, answer.calls > 0);
    assert_string_equal(answer.sqlstate, "42P01");
    bench_stop(&bench);
    bench_start(&bench, false); /* not connected yet */
    answer = (struct answer){.database = bench.database};
    copy = database_copy_start(bench.database, copy_sql, on_answer, &answer);
    database_copy_put(copy, "1\n", 2);
    database_copy_end(copy);
    assert_int_equal(answer.calls, 0);
    BENCH_WAIT(&bench, answer.calls > 0);
    assert_int_equal(answer.error.cause, CAUSE_DB_UNREACHABLE);
    assert_string_equal(run_sql(&bench, "SELECT count(*) FROM " TABLE), "0");
    bench_stop(&bench);
}

static void test_notices_do_not_break_a_copy(void **state UNUSED) {
    struct bench bench;
    struct producer producer;
    bench_start(&bench, false);
    run_sql(&bench,
            "CREATE FUNCTION public.test_database_warn() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN IF NEW.id % 100 = 0 THEN RAISE WARNING 'row %', NEW.id; END IF; RETURN NEW; END$$;"
            "CREATE TRIGGER warn BEFORE INSERT ON " TABLE
            " FOR EACH ROW EXECUTE FUNCTION public.test_database_warn()");
    start(&bench, &producer, 20000, SIZE_MAX);
    produce(&producer);
    BENCH_WAIT(&bench, producer.answer.calls > 0);
    if (error_is_set(&producer.answer.error))
        fail_msg("%s", producer.answer.error.text);
    run_sql(&bench, "DROP FUNCTION public.test_database_warn CASCADE");
    assert_string_equal(run_sql(&bench, "SELECT count(*) FROM " TABLE), "20000");
    bench_stop(&bench);
}

static void test_cancelled_copies_leave_nothing(void **state UNUSED) {
    for (int turns = 0; turns < 12; turns++) {
        struct bench bench;
        struct producer producer;
        bench_start(&bench, false);
        run_sql(&bench, "SELECT 1");
        start(&bench, &producer, 1000000, SIZE_MAX);
        produce(&producer);
        for (int i = 0; i < turns; i++)
            sd_event_run(bench.event, 5000);
        assert_int_equal(producer.answer.calls, 0);
        database_copy_cancel(producer.copy);
        assert_string_equal(run_sql(&bench, "SELECT count(*) FROM " TABLE), "0");
        assert_int_equal(producer.answer.calls, 0);
        assert_int_equal(bench.ups, 1);
        assert_int_equal(bench.downs, 0);
        bench_stop(&bench);
    }
    database_copy_cancel(NULL);
}

static void test_cancel_after_the_end(void **state UNUSED) {
    for (int turns = 0; turns < 8; turns++) {
        struct bench bench;
        struct producer producer;
        bench_start(&bench, false);
        run_sql(&bench, "SELECT 1");
        start(&bench, &producer, 100, SIZE_MAX);
        produce(&producer);
        for (int i = 0; i < turns && producer.answer.calls == 0; i++)
            sd_event_run(bench.event, 5000);
        bool over = producer.answer.calls > 0;
        if (!over)
            database_copy_cancel(producer.copy);
        run_sql(&bench, "TRUNCATE " TABLE);
        assert_int_equal(producer.answer.calls, over);
        bench_stop(&bench);
    }
}

/* A room callback that ends things. */
struct quitter {
    struct bench *bench;
    struct database_copy *copy;
    unsigned rooms;
    bool frees;
};

static void quit(void *userdata) {
    struct quitter *quitter = userdata;
    quitter->rooms++;
    if (quitter->frees) {
        database_free(quitter->bench->database);
        quitter->bench->database = NULL;
    } else {
        database_copy_cancel(quitter->copy);
    }
}

static void test_room_callbacks_may_cancel_and_free(void **state UNUSED) {
    for (int frees = 0; frees < 2; frees++) {
        struct bench bench;
        struct answer answer = {0};
        struct quitter quitter = {.bench = &bench, .frees = frees};
        bench_start(&bench, false);
        run_sql(&bench, "SELECT 1");
        quitter.copy = database_copy_start(bench.database, copy_sql, on_answer, &answer);
        for (int i = 0; i < 100000; i++)
            database_copy_put(quitter.copy, "1\tx\n", 4);
        database_copy_on_room(quitter.copy, 1000, quit, &quitter);
        assert_int_equal(quitter.rooms, 0);
        BENCH_WAIT(&bench, quitter.rooms > 0);
        bench_settle(&bench);
        assert_int_equal(quitter.rooms, 1);
        assert_int_equal(answer.calls, 0);
        if (!frees)
            assert_string_equal(run_sql(&bench, "SELECT count(*) FROM " TABLE), "0");
        bench_stop(&bench);
    }
}

static void test_free_in_mid_copy(void **state UNUSED) {
    for (int turns = 0; turns < 12; turns++) {
        struct bench bench;
        struct producer producer, queued;
        bench_start(&bench, false);
        run_sql(&bench, "SELECT 1");
        start(&bench, &producer, 1000000, SIZE_MAX);
        produce(&producer);
        start(&bench, &queued, 1000000, SIZE_MAX);
        produce(&queued);
        for (int i = 0; i < turns; i++)
            sd_event_run(bench.event, 5000);
        bench_stop(&bench);
        assert_int_equal(producer.answer.calls, 0);
    }
}

static void test_a_backend_killed_in_mid_copy(void **state UNUSED) {
    struct bench bench, admin;
    struct producer producer;
    char sql[300];
    bench_start(&admin, false);
    bench_start(&bench, false);
    snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%s)", run_sql(&bench, "SELECT pg_backend_pid()"));
    start(&bench, &producer, 10000, SIZE_MAX);
    producer.endless = true;
    produce(&producer);
    bench_settle(&bench);
    run_sql(&admin, sql);
    BENCH_WAIT(&bench, producer.answer.calls > 0);
    assert_int_equal(producer.answer.error.cause, CAUSE_DB_UNREACHABLE);
    assert_string_equal(run_sql(&bench, "SELECT count(*) FROM " TABLE), "0");
    bench_stop(&bench);
    bench_stop(&admin);
}

static void test_a_copy_in_a_transaction(void **state UNUSED) {
    struct bench bench;
    struct producer producer;
    bench_start(&bench, false);
    run_sql(&bench, "BEGIN");
    unsigned session = database_session(bench.database);
    start(&bench, &producer, 1000, SIZE_MAX);
    produce(&producer);
    BENCH_WAIT(&bench, producer.answer.calls > 0);
    assert_false(error_is_set(&producer.answer.error));
    assert_string_equal(run_sql(&bench, "SELECT count(*) FROM " TABLE), "1000");
    run_sql(&bench, "ROLLBACK");
    assert_string_equal(run_sql(&bench, "SELECT count(*) FROM " TABLE), "0");
    assert_int_equal(database_session(bench.database), session);
    bench_stop(&bench);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_many_rows_in_little_memory, empty_table),
        cmocka_unit_test_setup(test_a_row_larger_than_a_piece, empty_table),
        cmocka_unit_test_setup(test_no_rows, empty_table),
        cmocka_unit_test_setup(test_a_bad_row_fails_all, empty_table),
        cmocka_unit_test_setup(test_an_error_is_told_before_the_end, empty_table),
        cmocka_unit_test_setup(test_a_copy_that_cannot_begin, empty_table),
        cmocka_unit_test_setup(test_notices_do_not_break_a_copy, empty_table),
        cmocka_unit_test_setup(test_cancelled_copies_leave_nothing, empty_table),
        cmocka_unit_test_setup(test_cancel_after_the_end, empty_table),
        cmocka_unit_test_setup(test_room_callbacks_may_cancel_and_free, empty_table),
        cmocka_unit_test_setup(test_free_in_mid_copy, empty_table),
        cmocka_unit_test_setup(test_a_backend_killed_in_mid_copy, empty_table),
        cmocka_unit_test_setup(test_a_copy_in_a_transaction, empty_table),
    };
    if (bench_require_server() != 0)
        return 1;
    return cmocka_run_group_tests(tests, make_table, drop_table);
}
