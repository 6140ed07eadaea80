/* Many passes, many targets, many connections, and nothing to do: memory stays flat, idling costs nothing,
 * all is done in the end. Figures are printed; with SCHEMASYNCD_LONG=1 the numbers are those that the program
 * promises. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "daemons.h"

enum { CONNECTIONS = 1000, CONNECTIONS_LONG = 10000, TARGETS = 3000, TARGETS_LONG = 10000, ROUND = 50 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The simulator's generated connections from `first` on, each with all its targets. */
static void configure_generated(unsigned first, unsigned count) {
    struct buffer items;
    buffer_init(&items, 16 * 1024 * 1024);
    for (unsigned i = first; i < first + count; i++)
        assert_true(buffer_append_format(&items,
                                         "  - {name: generated-%u, id: 00000000-0000-4000-8000-%012u,"
                                         " targets: [{include: \"*\"}]}\n",
                                         i, i));
    configure(.connections = buffer_text(&items), .timeout = "60s", .refresh_timeout = "300s");
    buffer_done(&items);
}

/* Waits longer than others do. */
static void await_within(double seconds, const char *query) {
    for (double end = now() + seconds; strcmp(world_value("%s", query), "t") != 0; usleep(100000))
        if (now() > end)
            fail_msg("not within %.0f s: %s", seconds, query);
}

static void await_all(unsigned connections, double seconds) {
    world_await("SELECT to_regclass('schemasync.runs') IS NOT NULL");
    await_within(
        seconds,
        world_text("SELECT count(*) = %u FROM connections WHERE last_success_at IS NOT NULL", connections));
    assert_sql("SELECT count(*) FROM targets WHERE state <> 'present'", "0");
    assert_sql("SELECT sum(consecutive_failures) FROM connections", "0");
    assert_sql("SELECT count(*) FROM runs WHERE outcome <> 'ok'", "0");
}

/* A thousand passes leave nothing behind. */
static void a_thousand_passes_in_flat_memory(void **state) {
    (void)state;
    int rounds = daemon_long() ? 400 : 24;
    configure_generated(1, ROUND);
    struct daemon *daemon = daemon_start();
    long rss = 0;
    size_t descriptors = 0;
    for (int round = 1; round <= rounds; round++) {
        daemon_await_runs(ROUND * round);
        if (round % 5 == 0) { /* and something to record */
            world_sql(
                "UPDATE field_version SET type = 'x' WHERE valid_to = 'infinity' AND field_id = 'f_001'");
            world_sql("UPDATE target_state SET fingerprint = NULL");
        }
        if (round == rounds / 2) {
            rss = daemon_rss(daemon);
            descriptors = daemon_descriptors(daemon);
        }
        if (round < rounds)
            daemon_make_due();
    }
    long grown = daemon_rss(daemon) - rss;
    print_message("%d passes: %ld KiB, %ld more than after half of them; %zu descriptors, then %zu\n",
                  ROUND * rounds, daemon_rss(daemon), grown, descriptors, daemon_descriptors(daemon));
    assert_sql("SELECT count(*) > 0 FROM changes", "t");
    bool sanitized =
        strstr(getenv("SCHEMASYNCD"), "/san/") != NULL; /* which keeps what was freed, for a while */
    assert_true(sanitized || grown < 1536);
    assert_true(daemon_descriptors(daemon) <= descriptors + 4);
    daemon_stop(daemon);
}

static void idling_with_a_hundred_thousand_targets_costs_nothing(void **state) {
    (void)state;
    int seconds = daemon_long() ? 60 : 10;
    configure_generated(1, 10);
    struct daemon *daemon = daemon_start();
    await_all(10, 30);
    world_sql(
        "INSERT INTO target_state (connection_id, target_id, origin, state, schedule_interval, next_due_at)"
        " SELECT c.id, 'many_' || n, 'matched', 'present', interval '1 hour', clock_timestamp() + interval '1 hour'"
        " FROM connections c, generate_series(1, 10000) n");
    world_sql("ANALYZE target_state");
    usleep(1500000);
    long long before = daemon_cpu(daemon);
    sleep((unsigned)seconds);
    double share = (double)(daemon_cpu(daemon) - before) / (seconds * 1e6);
    print_message("idle with 100,010 targets: %.3f %% of a core over %d s, %ld KiB\n", share * 100, seconds,
                  daemon_rss(daemon));
    assert_true(share < (daemon_long() ? 0.001 : 0.003));
    daemon_stop(daemon);
}

/* A first pass over so many connections: each with all its targets. */
static void first_pass(unsigned connections, unsigned targets) {
    configure_generated(1, connections);
    double begin = now();
    struct daemon *daemon = daemon_start();
    await_all(connections, daemon_long() ? 600 : 100);
    print_message("%u connections, %u targets: %.1f s, %ld KiB\n", connections, targets, now() - begin,
                  daemon_rss(daemon));
    assert_same(world_value("SELECT count(*) FROM targets"), world_text("%u", targets));
    daemon_stop(daemon);
}

static void one_connection_with_many_targets(void **state) {
    (void)state;
    unsigned count = daemon_long() ? TARGETS_LONG : TARGETS;
    first_pass(1, count);
}

static void many_connections_with_a_target_each(void **state) {
    (void)state;
    unsigned count = daemon_long() ? CONNECTIONS_LONG : CONNECTIONS;
    first_pass(count, count);
}

/* The simulator is made anew for each group, with what it needs. */
int main(void) {
    const struct CMUnitTest passes[] = {
        daemon_test(a_thousand_passes_in_flat_memory),
        daemon_test(idling_with_a_hundred_thousand_targets_costs_nothing),
    };
    const struct CMUnitTest targets[] = {daemon_test(one_connection_with_many_targets)};
    const struct CMUnitTest connections[] = {daemon_test(many_connections_with_a_target_each)};
    char generate[32];
    world_generate = "50:2:5";
    int failed = daemon_run_tests("passes", passes);
    snprintf(generate, sizeof(generate), "1:%d:10", daemon_long() ? TARGETS_LONG : TARGETS);
    world_generate = generate;
    failed += daemon_run_tests("targets", targets);
    snprintf(generate, sizeof(generate), "%d:1:3", daemon_long() ? CONNECTIONS_LONG : CONNECTIONS);
    failed += daemon_run_tests("connections", connections);
    return failed;
}
