/* What is told is told of one incident, once at its beginning and once at its end, wherever a kill -9 falls
 * in between. SCHEMASYNCD_SEED=N repeats the moments. */
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "outbox.h"

enum { ROUNDS = 6, LONG_ROUNDS = 40 };

static unsigned seed;

/* Kills the daemon at any moment of a run and of what follows it, and starts another one; a minute passes. */
static struct daemon *kill_somewhere(struct daemon *daemon) {
    unsigned milliseconds = (unsigned)rand_r(&seed) % 2500; /* what is due is seen within a second */
    struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L};
    nanosleep(&pause, NULL);
    daemon_kill(daemon);
    daemon = daemon_start();
    world_sql(
        "UPDATE connections SET lease_expires_at = clock_timestamp() WHERE lease_expires_at IS NOT NULL");
    world_sql(
        "UPDATE alert_queue SET lease_expires_at = clock_timestamp() WHERE lease_expires_at IS NOT NULL");
    return daemon;
}

static void a_field_deleted_and_restored_across_a_kill(void **state) {
    seed = getenv("SCHEMASYNCD_SEED") ? (unsigned)atol(getenv("SCHEMASYNCD_SEED")) : (unsigned)time(NULL);
    print_message("SCHEMASYNCD_SEED=%u\n", seed);
    setenv("ROUTING_KEY", "R0UTINGKEYR0UTINGKEYR0UTINGKEY00", 1);
    size_t killed_before = 0;
    for (int i = 0; i < (daemon_long() ? LONG_ROUNDS : ROUNDS); i++) {
        if (i > 0)
            outbox_fresh(state);
        world_edit("{'op': 'field_add', 'connection': 'salesforce-prod', 'target': 'Account', 'cached': true,"
                   " 'value': {'id': 'Extra__c', 'name': 'Extra', 'type': 'string', 'createable': true}}");
        struct daemon *daemon = outbox_begin(
            world_text("  - {name: pager, pagerduty: {routing_key: {env: ROUTING_KEY}, url: '%s/pager'}}\n",
                       receiver_url()));
        world_settings("{'latency_ms': 10}");
        world_edit(
            "{'op': 'field_remove', 'connection': 'salesforce-prod', 'target': 'Account', 'field': 'Extra__c'}");
        daemon_make_due();
        daemon = kill_somewhere(daemon);
        killed_before += atoi(world_value("SELECT count(*) FROM changes")) == 0;
        daemon_make_due();
        world_await("SELECT count(*) = 1 FROM changes");
        world_edit("{'op': 'field_add', 'connection': 'salesforce-prod', 'target': 'Account',"
                   " 'value': {'id': 'Extra__c', 'name': 'Extra', 'type': 'string', 'createable': true}}");
        daemon_make_due();
        daemon = kill_somewhere(daemon);
        daemon_make_due();
        world_await("SELECT count(*) = 2 FROM deliveries WHERE delivered_at IS NOT NULL");
        assert_sql("SELECT count(*), min(state::text), min(resolved_by) FROM incidents", "1|resolved|revert");
        assert_sql("SELECT kind, acknowledged_by FROM changes ORDER BY id",
                   "field_removed|revert\nfield_added|revert");
        assert_sql(
            "SELECT event ->> 'type', count(DISTINCT incident_id) FROM deliveries GROUP BY 1 ORDER BY 1",
            "schema.drift|1\nschema.resolved|1");
        daemon_await_log(daemon, "started as", 1);
        daemon_stop(daemon);
        /* at least once each, in order, and nothing else */
        const char *incident = world_value("SELECT id FROM incidents");
        bool resolved = false;
        for (size_t n = 0; n < receiver_count("/pager"); n++) {
            const char *action = receiver_value("/pager", n, "event.event_action");
            assert_string_equal(receiver_value("/pager", n, "event.dedup_key"), incident);
            assert_string_equal(action, resolved || action[0] == 'r' ? "resolve" : "trigger");
            resolved = action[0] == 'r';
        }
        assert_true(resolved && receiver_count("/pager") >= 2);
    }
    print_message("%zu of the first kills fell before the recording\n", killed_before);
}

int main(void) {
    const struct CMUnitTest tests[] = {outbox_test(a_field_deleted_and_restored_across_a_kill)};
    return outbox_run_tests("told once", tests);
}
