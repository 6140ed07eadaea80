#include "outbox.h"

const char *outbox_hook(const char *name, const char *more) {
    return world_text("  - {name: %s, webhook: {url: '%s/%s'%s}}\n", name, receiver_url(), name, more);
}

void outbox_tell(const char *alerts) {
    configure(.more = world_text("alerts:\n%s", alerts));
}

struct daemon *outbox_begin(const char *alerts) {
    outbox_tell(alerts);
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_await("SELECT count(*) > 0 FROM alert_queue");
    return daemon;
}

void outbox_event(const char *alert, int number) {
    world_sql(
        "SELECT write_event('%s', NULL, NULL, jsonb_build_object('type', 'mirror.failing', 'timestamp',"
        " '2026-01-31T12:00:00Z', 'data', jsonb_build_object('connection', NULL, 'run_id', NULL, 'incident',"
        " jsonb_build_object('id', '0b5e2b1c-7d1c-4b55-9f0e-0c2d3f1a9b71', 'cause', 'failing', 'state', 'open',"
        " 'opened_at', '2026-01-31T12:00:00Z', 'flapping', false), 'severity', 'warning', 'summary', '%d', 'url',"
        " NULL, 'reminder', false, 'changes_total', 0, 'changes', '[]'::jsonb, 'targets_total', 0, 'targets',"
        " '[]'::jsonb)), clock_timestamp())",
        alert, number);
}

void outbox_hours_pass(void) {
    world_sql(
        "UPDATE deliveries SET next_attempt_at = next_attempt_at - interval '2 hours' WHERE " OUTBOX_PENDING);
}

int outbox_fresh(void **state) {
    int failed = daemon_fresh(state);
    receiver_fresh();
    return failed;
}

int outbox_end(void **state) {
    receiver_stop();
    return daemon_end(state);
}
