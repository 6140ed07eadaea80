#include "database_bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static const struct statement one = {"one", "SELECT 1"};
static const struct statement nap = {"nap", "SELECT pg_sleep(600)"};

static unsigned port_of(int fd) {
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

/* A port on 127.0.0.1 where connections are accepted by the kernel and nobody says anything. */
static int silent_listener(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 100), 0);
    return fd;
}

/* clang-format off */
static const struct {
    const char *conninfo, *password;
    enum error_cause cause; /* CAUSE_NONE: connects */
    const char *text;
} attempts[] = {
    {NULL, NULL, CAUSE_NONE, ""},
    {"", NULL, CAUSE_NONE, ""},
    {"postgres", NULL, CAUSE_NONE, ""},
    {"dbname=postgres connect_timeout=100", NULL, CAUSE_NONE, ""},
    {"postgresql:///postgres?application_name=x", NULL, CAUSE_NONE, ""},
    {"user=database_test", "right 'word' \\", CAUSE_NONE, ""},
    {"user=database_test", "wrong-word", CAUSE_DB_RIGHTS, "password authentication failed"},
    {"user=database_test", NULL, CAUSE_DB_RIGHTS, "no password supplied"},
    {"user=nobody_knows", NULL, CAUSE_DB_RIGHTS, "role \"nobody_knows\" does not exist"},
    {"user=database_test dbname=database_test_closed", "right 'word' \\", CAUSE_DB_RIGHTS, "permission denied for database"},
    {"dbname=not_there", NULL, CAUSE_DB_UNREACHABLE, "database \"not_there\" does not exist"},
    {"host=nowhere.invalid", NULL, CAUSE_DB_UNREACHABLE, "host name nowhere.invalid was not found"},
    {"host=/nowhere", NULL, CAUSE_DB_UNREACHABLE, "No such file or directory"},
    {"host=localhost port=1", NULL, CAUSE_DB_UNREACHABLE, "Connection refused"},
    {"host=127.0.0.1,localhost port=1,2", NULL, CAUSE_DB_UNREACHABLE, "port 2 failed"},
    {"hostaddr=127.0.0.1 port=1", NULL, CAUSE_DB_UNREACHABLE, "Connection refused"},
    {"host=localhost,localhost,localhost port=1,2", NULL, CAUSE_DB_UNREACHABLE, "could not match 2 port numbers to 3 hosts"},
    {"service=nowhere", NULL, CAUSE_DB_UNREACHABLE, "definition of service \"nowhere\" not found"},
    {"hots=localhost", NULL, CAUSE_CONFIG, "invalid connection option"},
    {"host=x password=wrong-word wrong-word", NULL, CAUSE_CONFIG, "missing \"=\" after ..."},
    {"postgresql://u:wrong-word@[::1", NULL, CAUSE_CONFIG, "the connection string is faulty"},
};
/* clang-format on */

static void test_attempts_end_with_a_cause(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_LENGTH(attempts); i++) {
        struct bench bench;
        struct database_options options = bench_options(&bench);
        options.conninfo = attempts[i].conninfo;
        options.password = attempts[i].password;
        bench_init(&bench, &options);
        assert_int_equal(bench.ups + bench.downs, 0); /* never inside the call */
        BENCH_WAIT(&bench, bench.ups + bench.downs > 0);
        if (bench.down.cause != attempts[i].cause || !strstr(bench.down.text, attempts[i].text) ||
            strstr(bench.down.text, "wrong-word"))
            fail_msg("%s: %s: %s", attempts[i].conninfo, error_class(bench.down.cause)->name,
                     bench.down.text);
        assert_true(database_is_up(bench.database) == (attempts[i].cause == CAUSE_NONE));
        assert_int_equal(database_session(bench.database), attempts[i].cause == CAUSE_NONE);
        bench_stop(&bench);
    }
}

static void test_a_refusal_is_tried_again(void **state UNUSED) {
    struct bench bench, admin;
    struct answer patient, impatient;
    bench_start(&admin, false);
    run_sql(&admin, "ALTER ROLE database_test NOLOGIN");
    struct database_options options = bench_options(&bench);
    options.conninfo = "user=database_test";
    options.password = "right 'word' \\";
    bench_init(&bench, &options);
    ask(&bench, &impatient, &one, NULL, 0);
    patient = (struct answer){.database = bench.database};
    patient.call = database_query(bench.database, &one, NULL, 0, -1, on_answer, &patient);
    BENCH_WAIT(&bench, impatient.calls > 0); /* waiting would not help: long before its time */
    assert_int_equal(impatient.error.cause, CAUSE_DB_RIGHTS);
    assert_non_null(strstr(impatient.error.text, "not permitted to log in"));
    assert_int_equal(patient.calls, 0);
    run_sql(&admin, "ALTER ROLE database_test LOGIN");
    BENCH_WAIT(&bench, patient.calls > 0);
    assert_string_equal(patient.cell, "1");
    assert_int_equal(bench.ups, 1);
    assert_int_equal(bench.downs, 1); /* once, however often it was refused */
    bench_stop(&bench);
    bench_stop(&admin);
}

static void test_patience_ends(void **state UNUSED) {
    struct bench bench;
    struct database_options options = bench_options(&bench);
    options.conninfo = "host=/nowhere";
    bench_init(&bench, &options);
    struct answer answers[4] = {0};
    static const usec_t patience[] = {0, 30 * USEC_PER_MSEC, 300 * USEC_PER_MSEC, -1};
    usec_t start = timer_now(), ends[4] = {0};
    for (size_t i = 0; i < 4; i++)
        answers[i].call = database_query(bench.database, &one, NULL, 0, patience[i], on_answer, &answers[i]);
    assert_int_equal(answers[0].calls, 0);
    BENCH_WAIT(&bench, answers[0].calls);
    for (size_t i = 1; i < 3; i++) {
        BENCH_WAIT(&bench, answers[i].calls);
        ends[i] = timer_now();
        assert_true(ends[i] - start >= patience[i]);
        assert_int_equal(answers[i].error.cause, CAUSE_DB_UNREACHABLE);
        assert_non_null(strstr(answers[i].error.text, "/nowhere"));
    }
    assert_int_equal(answers[3].calls, 0);
    bench_stop(&bench);
    assert_int_equal(answers[3].calls, 0);
}

static void kill_backends(struct bench *admin, const char *name) {
    char sql[300];
    snprintf(sql, sizeof(sql),
             "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '%s'",
             name);
    assert_string_not_equal(run_sql(admin, sql), "0");
}

static void wait_for_nap(struct bench *bench, struct bench *admin, const char *name) {
    char sql[300];
    snprintf(
        sql, sizeof(sql),
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = '%s' AND query LIKE '%%pg_sleep%%' AND "
        "state = 'active'",
        name);
    usec_t end = timer_now() + PATIENCE;
    while (strcmp(run_sql(admin, sql), "1") != 0) {
        assert_true(timer_now() < end);
        bench_settle(bench);
    }
}

static void test_a_killed_backend_is_survived(void **state UNUSED) {
    for (int pipeline = 0; pipeline < 2; pipeline++) {
        struct bench bench, admin;
        struct answer killed, behind, after;
        struct database_options options = bench_options(&bench);
        options.pipeline = pipeline;
        options.application_name = "database-victim";
        bench_start(&admin, false);
        bench_init(&bench, &options);
        ask(&bench, &after, &one, NULL, 0);
        BENCH_WAIT(&bench, after.calls); /* prepared on the first connection */
        ask(&bench, &killed, &nap, NULL, 0);
        ask(&bench, &behind, &one, NULL, 0); /* in pipeline mode this is at the server, too */
        wait_for_nap(&bench, &admin, options.application_name);
        kill_backends(&admin, options.application_name);
        BENCH_WAIT(&bench, killed.calls && behind.calls);
        assert_int_equal(killed.error.cause, CAUSE_DB_UNREACHABLE);
        assert_non_null(strstr(killed.error.text, "terminating connection"));
        assert_int_equal(behind.error.cause, pipeline ? CAUSE_DB_UNREACHABLE : CAUSE_NONE);
        ask(&bench, &after, &one, NULL, 0);
        BENCH_WAIT(&bench, after.calls);
        assert_string_equal(after.cell, "1");
        assert_int_equal(bench.ups, 2);
        assert_int_equal(bench.downs, 1);
        assert_int_equal(database_session(bench.database), 2);
        bench_stop(&bench);
        bench_stop(&admin);
    }
}

static void test_an_idle_connection_that_is_killed_is_noticed(void **state UNUSED) {
    struct bench bench, admin;
    struct database_options options = bench_options(&bench);
    options.application_name = "database-idler";
    bench_start(&admin, false);
    bench_init(&bench, &options);
    run_sql(&bench, "SELECT 1");
    kill_backends(&admin, options.application_name);
    BENCH_WAIT(&bench, bench.downs == 1);
    assert_int_equal(bench.down.cause, CAUSE_DB_UNREACHABLE);
    BENCH_WAIT(&bench, bench.ups == 2);
    bench_stop(&bench);
    bench_stop(&admin);
}

static void on_state_free(bool up UNUSED, const struct error *error UNUSED, void *userdata) {
    struct bench *bench = userdata;
    bench->ups++;
    database_free(bench->database);
    bench->database = NULL;
}

static void test_free_when_the_state_changes(void **state UNUSED) {
    static const char *const conninfos[] = {"", "host=/nowhere", "host=nowhere.invalid",
                                            "host=localhost port=1"};
    for (size_t i = 0; i < ARRAY_LENGTH(conninfos); i++) {
        struct bench bench;
        struct answer answer;
        struct database_options options = bench_options(&bench);
        options.conninfo = conninfos[i];
        options.on_state = on_state_free;
        bench_init(&bench, &options);
        ask(&bench, &answer, &one, NULL, 0);
        BENCH_WAIT(&bench, bench.ups > 0);
        bench_settle(&bench);
        assert_int_equal(answer.calls, 0);
        bench_stop(&bench);
    }
}

static void test_free_while_names_are_looked_up(void **state UNUSED) {
    for (int turns = 0; turns < 20; turns++) {
        struct bench bench;
        struct database_options options = bench_options(&bench);
        options.conninfo = turns % 2 ? "host=localhost port=1" : "host=nowhere.invalid";
        bench_init(&bench, &options);
        for (int i = 0; i < turns / 2; i++)
            sd_event_run(bench.event, 1000);
        bench_stop(&bench);
    }
}

static void test_silence_is_timed(void **state UNUSED) {
    int fd = silent_listener();
    char conninfo[100];
    snprintf(conninfo, sizeof(conninfo), "host=127.0.0.1 port=%u sslmode=disable connect_timeout=100",
             port_of(fd));
    struct bench bench;
    struct database_options options = bench_options(&bench);
    options.conninfo = conninfo;
    options.connect_timeout = 60 * USEC_PER_MSEC;
    usec_t start = timer_now();
    bench_init(&bench, &options);
    BENCH_WAIT(&bench, bench.downs > 0);
    assert_true(timer_now() - start >= options.connect_timeout);
    assert_int_equal(bench.down.cause, CAUSE_DB_UNREACHABLE);
    assert_string_equal(bench.down.text, "no answer from the database within 60ms");
    bench_stop(&bench);
    close(fd);
}

static void test_a_silent_host_does_not_hide_the_next(void **state UNUSED) {
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    for (size_t i = 0; i < ARRAY_LENGTH(hosts); i++) {
        int fd = silent_listener();
        char conninfo[300];
        snprintf(conninfo, sizeof(conninfo), "host=%s,%s port=%u,5432 sslmode=disable", hosts[i],
                 getenv("PGHOST"), port_of(fd));
        struct bench bench;
        struct database_options options = bench_options(&bench);
        options.conninfo = conninfo;
        options.connect_timeout = 4 * USEC_PER_SEC; /* time enough for the server that answers */
        bench_init(&bench, &options);
        BENCH_WAIT(&bench, bench.ups > 0);
        assert_int_equal(bench.downs, 1);
        bench_stop(&bench);
        close(fd);
    }
}

/* When somebody came to a door that is shut again at once. */
struct door {
    size_t count;
    usec_t times[4];
};

static int on_knock(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *userdata) {
    struct door *door = userdata;
    int guest = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (guest < 0)
        return 0;
    if (door->count < ARRAY_LENGTH(door->times))
        door->times[door->count++] = timer_now();
    close(guest);
    return 0;
}

static void test_attempts_get_rarer(void **state UNUSED) {
    int fd = silent_listener();
    char conninfo[100];
    snprintf(conninfo, sizeof(conninfo), "host=127.0.0.1 port=%u sslmode=disable", port_of(fd));
    struct bench bench;
    struct door door = {0};
    struct database_options options = bench_options(&bench);
    options.conninfo = conninfo;
    bench_init(&bench, &options);
    assert_true(sd_event_add_io(bench.event, NULL, fd, EPOLLIN, on_knock, &door) >= 0);
    BENCH_WAIT(&bench, door.count == ARRAY_LENGTH(door.times));
    for (size_t i = 0; i + 1 < ARRAY_LENGTH(door.times); i++)
        assert_true(door.times[i + 1] - door.times[i] >=
                    (50 << i) * USEC_PER_MSEC); /* half of 100, 200, 400 ms at least */
    assert_int_equal(bench.downs, 1);
    bench_stop(&bench);
    close(fd);
}

static int make_roles(void **state UNUSED) {
    struct bench bench;
    bench_start(&bench, false);
    run_sql(&bench, "DROP DATABASE IF EXISTS database_test_closed");
    run_sql(&bench, "DROP ROLE IF EXISTS database_test;"
                    "CREATE ROLE database_test LOGIN PASSWORD 'right ''word'' \\' IN ROLE password_users");
    run_sql(&bench, "CREATE DATABASE database_test_closed");
    run_sql(&bench, "REVOKE ALL ON DATABASE database_test_closed FROM PUBLIC");
    bench_stop(&bench);
    return 0;
}

static int drop_roles(void **state UNUSED) {
    struct bench bench;
    bench_start(&bench, false);
    run_sql(&bench, "DROP DATABASE database_test_closed");
    run_sql(&bench, "DROP ROLE database_test");
    bench_stop(&bench);
    return 0;
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attempts_end_with_a_cause),
        cmocka_unit_test(test_a_refusal_is_tried_again),
        cmocka_unit_test(test_patience_ends),
        cmocka_unit_test(test_a_killed_backend_is_survived),
        cmocka_unit_test(test_an_idle_connection_that_is_killed_is_noticed),
        cmocka_unit_test(test_free_when_the_state_changes),
        cmocka_unit_test(test_free_while_names_are_looked_up),
        cmocka_unit_test(test_silence_is_timed),
        cmocka_unit_test(test_a_silent_host_does_not_hide_the_next),
        cmocka_unit_test(test_attempts_get_rarer),
    };
    if (bench_require_server() != 0)
        return 1;
    return cmocka_run_group_tests(tests, make_roles, drop_roles);
}
