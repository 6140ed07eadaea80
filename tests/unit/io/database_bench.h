/* For the tests of io/database: a loop with a connection to the private PostgreSQL of $PGHOST, waiting for a
 * state with a deadline, and what came of a statement. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "base/macros.h"
#include "io/database.h"
#include "io/database_wait.h"
#include "io/timer.h"

#include "../unit.h"

enum { PATIENCE = 20 * 1000 * 1000, CELL_MAX = 200 };

struct bench {
    struct sd_event *event;
    struct database *database;
    unsigned ups, downs;
    struct error down; /* the last reason */
};

/* What a callback was given. */
struct answer {
    unsigned calls;
    struct error error;
    char sqlstate[6];
    size_t rows;
    char cell[CELL_MAX]; /* of the first row and column; "(null)" for null */
    struct database *database;
    struct database_call *call;
};

static inline void bench_on_state(bool up, const struct error *error, void *userdata) {
    struct bench *bench = userdata;
    assert_true(up == (error == NULL));
    bench->ups += up;
    bench->downs += !up;
    if (error)
        bench->down = *error;
}

static inline struct database_options bench_options(struct bench *bench) {
    return (struct database_options){
        .application_name = "schemasyncd-test",
        .connect_timeout = 10 * USEC_PER_SEC,
        .on_state = bench_on_state,
        .userdata = bench,
    };
}

static inline void bench_init(struct bench *bench, const struct database_options *options) {
    *bench = (struct bench){0};
    assert_true(sd_event_new(&bench->event) >= 0);
    bench->database = database_new(bench->event, options);
}

static inline void bench_start(struct bench *bench, bool pipeline) {
    struct database_options options = bench_options(bench);
    options.pipeline = pipeline;
    bench_init(bench, &options);
}

static inline void bench_stop(struct bench *bench) {
    database_free(bench->database);
    sd_event_unref(bench->event);
}

/* Turns the loop until the condition holds. */
#define BENCH_WAIT(bench, condition)                                   \
    do {                                                               \
        usec_t end_ = timer_now() + PATIENCE;                          \
        while (!(condition)) {                                         \
            assert_true(sd_event_run((bench)->event, 50 * 1000) >= 0); \
            if (timer_now() > end_)                                    \
                fail_msg("in vain: %s", #condition);                   \
        }                                                              \
    } while (0)

/* Turns the loop as often as there is something to do at once. */
static inline void bench_settle(struct bench *bench) {
    while (sd_event_run(bench->event, 0) > 0)
        continue;
}

static inline void on_answer(const struct database_result *result, const struct error *error,
                             void *userdata) {
    struct answer *answer = userdata;
    answer->calls++;
    answer->call = NULL;
    assert_true((result == NULL) != (error == NULL));
    if (error) {
        answer->error = *error;
        if (answer->database)
            snprintf(answer->sqlstate, sizeof(answer->sqlstate), "%s", database_sqlstate(answer->database));
        return;
    }
    answer->rows = database_rows(result);
    if (answer->rows > 0 && database_columns(result) > 0) {
        const char *cell = database_cell(result, 0, 0);
        snprintf(answer->cell, sizeof(answer->cell), "%s", cell ? cell : "(null)");
    }
}

static inline void ask(struct bench *bench, struct answer *answer, const struct statement *statement,
                       const char *const *params, size_t count) {
    *answer = (struct answer){.database = bench->database};
    answer->call = database_query(bench->database, statement, params, count, PATIENCE, on_answer, answer);
}

/* Runs SQL without a name and gives back the first cell of the last result. */
static inline const char *run_sql(struct bench *bench, const char *sql) {
    static struct answer answer;
    struct statement statement = {NULL, sql};
    ask(bench, &answer, &statement, NULL, 0);
    BENCH_WAIT(bench, answer.calls > 0);
    if (error_is_set(&answer.error))
        fail_msg("%s: %s", sql, answer.error.text);
    return answer.cell;
}

/* The error of SQL that must fail. */
static inline struct error sql_failure(struct bench *bench, const char *sql, char ret_sqlstate[6]) {
    struct answer answer;
    struct statement statement = {NULL, sql};
    ask(bench, &answer, &statement, NULL, 0);
    BENCH_WAIT(bench, answer.calls > 0);
    assert_true(error_is_set(&answer.error));
    memcpy(ret_sqlstate, answer.sqlstate, sizeof(answer.sqlstate));
    return answer.error;
}

/* For main(): without a server there is nothing to test, and that is a failure. */
static inline int bench_require_server(void) {
    if (getenv("PGHOST"))
        return 0;
    fputs("[  FAILED  ] 1 test(s): PGHOST is not set: run this under tests/support/with_postgres.sh\n",
          stderr);
    return 1;
}
