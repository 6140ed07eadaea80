/* A key that expires is one event, however much it opens: six connections with 2,000 targets, in the middle
 * of their runs. */
#include "world.h"

static const char connections[] =
    CONNECTION("c1", "00000000-0000-4000-8000-000000000001", "[{include: \"*\"}]")
        CONNECTION("c2", "00000000-0000-4000-8000-000000000002", "[{include: \"*\"}]")
            CONNECTION("c3", "00000000-0000-4000-8000-000000000003", "[{include: \"*\"}]")
                CONNECTION("c4", "00000000-0000-4000-8000-000000000004", "[{include: \"*\"}]")
                    CONNECTION("c5", "00000000-0000-4000-8000-000000000005", "[{include: \"*\"}]")
                        CONNECTION("c6", "00000000-0000-4000-8000-000000000006", "[{include: \"*\"}]");

static void one_event_for_two_thousand_targets(void **state) {
    (void)state;
    configure(.connections = connections, .more = "alerts:\n  - {name: all, exec: [/bin/true]}\n");
    world_pull(0);
    assert_sql("SELECT count(*), count(DISTINCT connection_id) FROM targets WHERE state = 'present'",
               "2004|6");
    world_faults(
        "[{'path': '*/target/fields', 'skip': 300, 'status': 401}, {'path': '/api/me', 'status': 401}]");
    world_pull(77);
    world_pull(77);
    assert_sql("SELECT count(*) FROM runs WHERE outcome = 'failed' AND error LIKE '%401%'", "12");
    assert_sql("SELECT connection_id, cause, state FROM incidents", "-|failing|open");
    assert_sql("SELECT event ->> 'type', event #>> '{data,targets_total}' FROM deliveries",
               "mirror.failing|0");
    assert_sql("SELECT count(*) FROM targets WHERE consecutive_failures > 0", "0");
    assert_sql("SELECT count(*) FROM changes", "0");
    world_clear_faults();
    world_pull(0);
    assert_sql("SELECT state, resolved_by FROM incidents", "resolved|recovery");
    assert_sql("SELECT event ->> 'type' FROM deliveries ORDER BY number", "mirror.failing\nmirror.recovered");
}

int main(void) {
    const struct CMUnitTest tests[] = {world_test(one_event_for_two_thousand_targets)};
    world_generate = "6:334:3";
    return world_run_tests("refused key", tests);
}
