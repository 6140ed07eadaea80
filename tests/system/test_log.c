/* What the daemon logs of what it finds: each line with its object, and a bounded number of them. */
#include <stdlib.h>
#include <string.h>

#include "daemons.h"

static size_t count_of(const struct daemon *daemon, const char *text) {
    return daemon_log_count(daemon, text);
}

static void a_change_has_its_line_with_all_that_names_it(void **state) {
    (void)state;
    configure(.targets = "[Account, Contact]");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_edit(
        "{'op': 'field_remove', 'connection': 'salesforce-prod', 'target': 'Contact', 'field': 'HasOptedOutOfEmail'}");
    daemon_make_due();
    daemon_await_log(daemon, "1 change recorded", 1);
    const char *line = world_value(
        "%s", "SELECT format('%s: %s change of Contact, field HasOptedOutOfEmail: field_removed "
              "connection=salesforce-prod target=Contact run_id=%s change_id=%s severity=%s "
              "kind=field_removed field=HasOptedOutOfEmail rule=%s',"
              " CASE severity WHEN 'breaking' THEN 'error' ELSE 'warning' END, severity, run_id, id,"
              " severity, rule) FROM changes");
    assert_contains(daemon_log(daemon), line);
    daemon_stop(daemon);
}

static void many_changes_have_ten_lines_and_a_sum(void **state) {
    (void)state;
    configure(.targets = "[Account, Contact]");
    struct daemon *daemon = daemon_start();
    daemon_await_quiet();
    world_edit(
        "{'op': 'field_set', 'connection': 'salesforce-prod', 'target': 'Account', 'field': '*', 'set': {'type': 'binary'}}");
    daemon_make_due();
    daemon_await_log(daemon, "changes recorded", 1);
    int changes = atoi(world_value("SELECT count(*) FROM changes WHERE severity >= 'warning'"));
    assert_in_range(changes, 11, 10000);
    assert_int_equal(count_of(daemon, " change of Account, field "), 10);
    assert_contains(
        daemon_log(daemon),
        world_value("%s", "SELECT format('changes=%s breaking=%s warnings=%s first_change_id=%s "
                          "last_change_id=%s', count(*), count(*) FILTER (WHERE severity = 'breaking'),"
                          " count(*) FILTER (WHERE severity = 'warning'), min(id), max(id)) FROM changes"));
    daemon_stop(daemon);
}

/* A connection whose targets all fail alike. */
static void many_failures_have_twenty_lines(void **state) {
    (void)state;
    for (int i = 0; i < 25; i++)
        world_edit(
            "{'op': 'target_add', 'connection': 'salesforce-prod', 'like': 'Account', 'id': 'More%d', 'name': 'More'}",
            i);
    configure(.targets = "[{include: \"*\"}]");
    world_faults("{'path': '*/target/fields', 'status': 400}");
    struct daemon *daemon = daemon_start();
    daemon_await_runs(1);
    daemon_await_log(daemon, " failed; 0 changes", 1);
    assert_in_range(atoi(world_value("SELECT failed_target_count FROM runs")), 30, 100);
    assert_int_equal(count_of(daemon, "cause=http-400"), 20);
    daemon_stop(daemon);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        daemon_test(a_change_has_its_line_with_all_that_names_it),
        daemon_test(many_changes_have_ten_lines_and_a_sum),
        daemon_test(many_failures_have_twenty_lines),
    };
    return daemon_run_tests("log", tests);
}
