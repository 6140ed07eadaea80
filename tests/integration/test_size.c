/* Two thousand targets of a hundred fields: memory, and what an unchanged pull costs. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

enum { PEAK_KIB = 64 * 1024 };

/* The sanitizers' own memory is no concern of this test. */
static void assert_small(const char *what) {
    print_message("%s: %ld KiB at most\n", what, world_peak_kib());
    if (!strstr(getenv("SCHEMASYNCD"), "/san/"))
        assert_in_range(world_peak_kib(), 1, PEAK_KIB);
}

/* How often the fields of the mirror have been read: they are, for each answer that is parsed and compared. A
 * process's numbers are there when it has ended. */
static const char *field_reads(void) {
    world_await(
        "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'");
    world_sql("SELECT pg_stat_force_next_flush()"); /* our own */
    return world_value(
        "SELECT seq_scan + idx_scan, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables WHERE relname = 'field_version'");
}

static void two_thousand_targets(void **state) {
    (void)state;
    configure(.connections = CONNECTION("generated", GENERATED, "[{include: \"*\"}]"));
    assert_contains(world_pull(0), "2000 mirrored for the first time; 0 changes");
    assert_small("first pull");
    assert_sql("SELECT count(*) FROM targets WHERE state = 'present' AND field_count = 100", "2000");
    assert_sql("SELECT count(*) FROM fields", "200000");
    const char *rows = world_value("SELECT sum(xmin::text::bigint), count(*) FROM field_version"),
               *versions = world_value("SELECT sum(xmin::text::bigint), count(*) FROM target_version");
    const char *before = field_reads(); /* with those of these queries */

    assert_contains(world_pull(0), "2000 unchanged; 0 changes");
    assert_small("unchanged pull");
    assert_same(field_reads(), before);
    assert_same(world_value("SELECT sum(xmin::text::bigint), count(*) FROM target_version"), versions);
    assert_same(world_value("SELECT sum(xmin::text::bigint), count(*) FROM field_version"), rows);
    assert_sql("SELECT count(*) FROM changes", "0");
    assert_sql("SELECT count(*) FROM targets WHERE last_seen_at > first_seen_at", "2000");

    world_drift("{'connection': 'generated-1', 'share': 0.01, 'seed': 7}");
    assert_contains(world_pull(0), "1980 unchanged, 20 changed; 20 changes");
    assert_small("pull with drift");
    assert_sql("SELECT kind, attribute, count(DISTINCT target_id) FROM changes GROUP BY 1, 2",
               "field_changed|type|20");
    assert_sql("SELECT count(*) FROM field_versions", "200020");
}

int main(void) {
    const struct CMUnitTest tests[] = {world_test(two_thousand_targets)};
    world_generate = "1:2000:100";
    return world_run_tests("size", tests);
}
