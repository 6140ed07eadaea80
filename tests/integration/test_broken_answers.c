/* Nothing that goes wrong on the way changes the mirror or makes a change. */
#include "world.h"

#include <string.h>

#define ACCOUNT           "'connection': 'salesforce-prod', 'target': 'Account'"
#define REPLACE(from, to) "'replace': [['" from "', '" to "']]"
#define Q                 "\\'" /* a quote within a text of JSON */

struct broken {
    const char *name;
    const char *fault; /* members of a rule, for the fetch of Account alone */
    const char *words; /* of last_error */
};

/* clang-format off */
static const struct broken cases[] = {
    {"a server error", "'status': 500, 'message': 'out of order'", "status 500: out of order"},
    {"a gateway's page", "'status': 502, 'body': '<html>Bad gateway</html>'", "status 502"},
    {"a refusal", "'status': 400, 'message': 'no such thing'", "status 400: no such thing"},
    {"too many requests", "'status': 429", "status 429"},
    {"a teapot", "'status': 418", "status 418"},
    {"no content", "'status': 204", "status 204"},
    {"a redirect", "'redirect': 'https://example.com/elsewhere'", "redirect to example.com"},
    {"a body cut short", "'cut': 700", "ended early"},
    {"no answer", "'reset': true", "without an answer"},
    {"an answer that never comes", "'hang': true", "within the time limit"},
    {"a body that is too large", "'size': 200000", "larger than"},
    {"a body without end", "'endless': true", "larger than"},
    {"a gzip bomb", "'gzip_bomb': 500000000", "larger than"},
    {"not the encoding it says", "'body': 'no gzip', 'headers': {'Content-Encoding': 'gzip'}", "encoding"},
    {"an empty body", "'body': ''", "empty"},
    {"a page", "'body': '<!DOCTYPE html><title>Sign in</title>'", "JSON"},
    {"half a document", "'body': '{" Q "data" Q ": {" Q "id" Q ": " Q "Account" Q "'", "ends"},
    {"a list", "'body': []", "object"},
    {"a text", "'body': '" Q "data" Q "'", "object"},
    {"no data", "'body': {}", "data"},
    {"data null", "'body': {'data': null}", "data"},
    {"data of another kind", "'body': {'data': []}", "data"},
    {"no fields", REPLACE(Q "fields" Q ":", Q "felder" Q ":"), "data.fields is absent or null"},
    {"fields null", REPLACE(Q "fields" Q ":[", Q "fields" Q ":null," Q "x" Q ":["), "data.fields is absent or null"},
    {"fields of another kind", REPLACE(Q "fields" Q ":[", Q "fields" Q ":7," Q "x" Q ":["), "data.fields"},
    {"no modes", REPLACE(Q "modes" Q ":", Q "modi" Q ":"), "data.modes is absent or null"},
    {"modes null", REPLACE(Q "modes" Q ":[", Q "modes" Q ":null," Q "x" Q ":["), "data.modes is absent or null"},
    {"no properties", REPLACE(Q "properties" Q ":", Q "prop" Q ":"), "data.properties is absent or null"},
    {"properties null", REPLACE(Q "properties" Q ":{", Q "properties" Q ":null," Q "x" Q ":{"), "data.properties is absent or null"},
    {"a field that is a number", REPLACE(Q "fields" Q ":[", Q "fields" Q ":[7,"), "data.fields[0]"},
    {"a boolean that is a text", REPLACE(Q "required" Q ":false", Q "required" Q ":" Q "no" Q), "data.fields[0].required"},
    {"a name that is a number", REPLACE(Q "name" Q ":" Q "Account" Q, Q "name" Q ":7"), "data.name"},
    {"a time that is none", REPLACE(Q "refreshed_at" Q ":" Q "2", Q "refreshed_at" Q ":" Q "x"), "refreshed_at"},
    {"another target's answer", REPLACE(Q "id" Q ":" Q "Account" Q, Q "id" Q ":" Q "Contact" Q), "Contact"},
    {"an escaped NUL", REPLACE("Account Phone", "Account\\\\u0000Phone"), "u0000"},
    {"a lone surrogate", REPLACE("Account Phone", "Account\\\\ud800Phone"), "surrogate"},
    {"a lone low surrogate", REPLACE("Account Phone", "Account\\\\udc00Phone"), "surrogate"},
    /* {"data":{"id":"Account","name":"\377","fields":[],"modes":[],"properties":{}}} */
    {"what is not UTF-8", "'body_base64': 'eyJkYXRhIjp7ImlkIjoiQWNjb3VudCIsIm5hbWUiOiL/IiwiZmllbGRzIjpbXSwibW9kZXMiOltdLCJwcm9wZXJ0aWVzIjp7fX19'", "UTF-8"},
    {"a number that no column holds", REPLACE(Q "name" Q ":" Q "Account Phone" Q, Q "name" Q ":" Q "Account Phone" Q "," Q "x" Q ":1e999999"), "number"},
    {"1,001 levels", "'deep': 1001", "1000"},
    {"bytes behind the document", REPLACE("supports_target_filters" Q ":true," Q "target_creator", "supports_target_filters" Q ":true}}} x{{{" Q "target_creator"), "after"},
};
/* clang-format on */

/* One target fails, the other is as ever: nothing of the mirror moves, the failure is counted where it
 * belongs. */
static void whatever_is_broken_leaves_the_mirror_as_it_was(void **state) {
    (void)state;
    configure(.targets = "[Account, Lead]", .refresh = "target", .timeout = "1s", .refresh_timeout = "1s",
              .api = "max_response: 64KiB");
    world_pull(0);
    const char *mirror = world_mirror(),
               *seen =
                   world_value("SELECT last_seen_at, refreshed_at FROM targets WHERE target_id = 'Account'");
    /* it would be a change if it were read */
    world_edit("[{'op': 'field_set', " ACCOUNT
               ", 'field': 'Phone', 'set': {'type': 'number'}}, {'op': 'field_remove', " ACCOUNT
               ", 'field': 'Rating'}]");
    bool wrong = false;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct broken *broken = &cases[i];
        world_clear_faults();
        world_faults("{'path': '*/target/fields', 'query': '*target=Account*', %s}", broken->fault);
        world_run_at((struct world_place){broken->name, (int)i}, 1, (const char *const[]){"pull", NULL});
        const char *error = world_value("SELECT last_error FROM targets WHERE target_id = 'Account'");
        if (!strstr(error, broken->words)) {
            print_error("%s: \"%s\" is not in: %s\n", broken->name, broken->words, error);
            wrong = true;
        }
        assert_same(world_value("SELECT target_id, state, consecutive_failures FROM targets ORDER BY 1"),
                    world_text("Account|present|%zu\nLead|present|0", i + 1));
        if (strcmp(world_mirror(), mirror) != 0)
            world_fail(WORLD_HERE, "%s: the mirror has changed", broken->name);
        assert_changes("");
        assert_sql(
            "SELECT outcome, failed_target_count, change_count FROM runs ORDER BY started_at DESC LIMIT 1",
            "partial|1|0");
    }
    if (wrong)
        world_fail(WORLD_HERE, "last_error does not say what is wrong");
    assert_same(world_value("SELECT last_seen_at, refreshed_at FROM targets WHERE target_id = 'Account'"),
                seen);
    assert_sql("SELECT consecutive_failures, last_error FROM connections", "0|-");
    assert_sql("SELECT verdict FROM coverage WHERE target_id = 'Account'", "failing");
    world_clear_faults();
    world_pull(0);
    assert_changes(
        "Account|field_changed|Phone|type|\"string\"|\"number\"\nAccount|field_removed|Rating|-|{}|-");
    assert_sql("SELECT consecutive_failures, last_error FROM targets WHERE target_id = 'Account'", "0|-");
}

/* The same of a first answer: there is no baseline then. */
static void a_broken_first_answer_is_no_baseline(void **state) {
    (void)state;
    static const size_t some[] = {0, 7, 17, 20, 30, 33, 34, 39};
    configure(.refresh = "target", .timeout = "1s", .refresh_timeout = "1s", .api = "max_response: 64KiB");
    for (size_t i = 0; i < ARRAY_LENGTH(some); i++) {
        const struct broken *broken = &cases[some[i]];
        world_clear_faults();
        world_faults("{'path': '*/target/fields', %s}", broken->fault);
        world_run_at((struct world_place){broken->name, (int)some[i]}, 1,
                     (const char *const[]){"pull", NULL});
        assert_same(world_value("SELECT state, consecutive_failures, field_count FROM targets"),
                    world_text("pending|%zu|-", i + 1));
        assert_sql("SELECT count(*) FROM field_versions", "0");
    }
    assert_sql("SELECT count(*) FROM target_versions", "0");
    world_clear_faults();
    world_pull(0);
    assert_changes("");
    assert_sql("SELECT state, field_count FROM targets", "present|31");
}

static void a_thousand_levels_are_read(void **state) {
    (void)state;
    world_pull(0);
    world_faults("{'path': '*/target/fields', 'deep': 1000}");
    world_pull(0);
    assert_changes("");
    assert_sql("SELECT consecutive_failures FROM targets", "0");
}

/* What the mirror does not have may be absent; from the first time on that it is there, it must be. */
static void what_was_never_there_may_stay_away(void **state) {
    (void)state;
    world_edit("{'op': 'target_set', " ACCOUNT ", 'set': {'modes': null}, 'unset': ['properties']}");
    world_pull(0);
    world_pull(0);
    assert_changes("");
    assert_sql("SELECT state, modes, properties, consecutive_failures FROM targets", "present|-|-|0");
    world_edit("{'op': 'target_set', " ACCOUNT
               ", 'set': {'modes': [{'mode': 'create'}], 'properties': {'target_creator': true}}}");
    world_pull(0);
    world_edit("{'op': 'target_set', " ACCOUNT ", 'set': {'modes': null}, 'unset': ['properties']}");
    world_pull(1);
    assert_changes(
        "Account|target_changed|-|properties.target_creator|-|true\nAccount|mode_added|-|create|-|{}");
}

static void fields_without_an_id_are_passed_over_and_nothing_is_removed(void **state) {
    (void)state;
    world_pull(0);
    world_edit(
        "[{'op': 'field_set', " ACCOUNT ", 'field': 'Phone', 'unset': ['id']}, {'op': 'field_set', " ACCOUNT
        ", 'field': 'Website', 'set': {'id': ''}},"
        " {'op': 'field_remove', " ACCOUNT ", 'field': 'Rating'}, {'op': 'mode_remove', " ACCOUNT
        ", 'mode': 'remove'}, {'op': 'field_set', " ACCOUNT ", 'field': 'Name', 'set': {'type': 'number'}}]");
    assert_contains(world_pull(0), "2 fields without an id");
    assert_changes("Account|field_changed|Name|type|\"string\"|\"number\"");
    assert_sql("SELECT jsonb_array_length(modes) FROM targets", "4"); /* nor is a mode */
    assert_sql(
        "SELECT count(*), count(*) FILTER (WHERE field_id IN ('Phone', 'Website', 'Rating')) FROM fields",
        "31|3");
    assert_sql("SELECT state, consecutive_failures FROM targets", "present|0");
    assert_contains(world_pull(0), "2 fields without an id");
    /* all of them without an id: nothing is gone, nothing is held back */
    world_edit("{'op': 'fields_set_all', " ACCOUNT ", 'set': {'id': null}}");
    assert_contains(world_pull(0), "30 fields without an id");
    assert_changes("");
    assert_sql("SELECT state, field_count FROM targets", "present|31");
}

static void of_fields_with_the_same_id_the_mirrors_counts(void **state) {
    (void)state;
    world_pull(0);
    const char *mirror = world_mirror();
    world_edit("[{'op': 'field_add', " ACCOUNT ", 'position': 0, 'value': {'id': 'Phone', 'type': 'first'}},"
               " {'op': 'field_add', " ACCOUNT ", 'value': {'id': 'Phone', 'type': 'last'}}]");
    assert_contains(world_pull(0), "id that another has too");
    assert_changes("");
    assert_sql("SELECT count(*), count(*) FILTER (WHERE field_id = 'Phone' AND type = 'string') FROM fields",
               "31|1");
    assert_sql("SELECT count(*) FROM field_versions", "31");
    (void)mirror;
    /* none of them equals the mirror's: the first */
    world_edit("{'op': 'field_set', " ACCOUNT ", 'field': 15, 'set': {'id': 'Phone', 'type': 'middle'}}");
    world_pull(0);
    assert_sql("SELECT field_id, old_value, new_value FROM changes WHERE attribute = 'type'",
               "Phone|\"string\"|\"first\"");
    assert_sql("SELECT count(*) FROM fields WHERE field_id = 'Phone'", "1");
}

static void of_a_first_answers_duplicates_the_first_counts(void **state) {
    (void)state;
    world_edit("{'op': 'field_add', " ACCOUNT ", 'value': {'id': 'Phone', 'type': 'last'}}");
    assert_contains(world_pull(0), "id that another has too");
    assert_sql("SELECT count(*), count(*) FILTER (WHERE field_id = 'Phone' AND type = 'string') FROM fields",
               "31|1");
    assert_sql("SELECT field_count FROM targets", "31");
}

/* What is asked for the connection as a whole, and goes wrong, fails the run. */
static void what_is_broken_of_the_connection_fails_the_run(void **state) {
    (void)state;
    static const struct {
        const char *path, *fault;
    } of_run[] = {
        {"/api/connections/" SALESFORCE, "'status': 500"},
        {"/api/connections/" SALESFORCE, "'status': 404"},
        {"/api/connections/" SALESFORCE, "'body': '<html>'"},
        {"*/schemas/status", "'body': {'data': null}"},
        {"*/schemas/status", "'body': 'x'"},
        {"*/targetobjects", "'status': 500"},
        {"*/targetobjects", "'cut': 300"},
        {"*/targetobjects", "'body': {'data': null}"},
        {"*/targetobjects", "'body': {'data': {}}"},
    };
    configure(.targets = "[Account, {include: \"*__c\"}]");
    world_pull(0);
    const char *mirror = world_mirror();
    for (size_t i = 0; i < ARRAY_LENGTH(of_run); i++) {
        world_clear_faults();
        world_faults("{'path': '%s', %s}", of_run[i].path, of_run[i].fault);
        world_run_at((struct world_place){of_run[i].path, (int)i}, 1, (const char *const[]){"pull", NULL});
        assert_same(world_mirror(), mirror);
        assert_changes("");
        assert_same(world_value("SELECT consecutive_failures, last_error IS NOT NULL FROM connections"),
                    world_text("%zu|t", i + 1));
        assert_sql("SELECT DISTINCT state, managed, consecutive_failures FROM targets", "present|t|0");
    }
}

/* An empty list of targets is no removal: each target answers for itself. */
static void an_empty_list_removes_nothing(void **state) {
    (void)state;
    configure(.targets = "[{include: \"*__c\"}]");
    world_pull(0);
    world_faults("{'path': '*/targetobjects', 'body': {'data': []}}");
    world_pull(0);
    assert_changes("");
    assert_sql("SELECT DISTINCT state, managed FROM targets", "present|t");
}

/* What may be tried again is, within retries; a retry that works leaves no trace of a failure. */
static void what_may_be_tried_again_is(void **state) {
    (void)state;
    configure(.retries = "2");
    world_faults(
        "[{'path': '*/target/fields', 'times': 1, 'status': 503}, {'path': '*/target/fields', 'times': 1, 'reset': true}]");
    world_pull(0);
    assert_int_equal(world_requests("GET */target/fields?*"), 3);
    assert_sql("SELECT state, consecutive_failures, last_error FROM targets", "present|0|-");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(whatever_is_broken_leaves_the_mirror_as_it_was),
        world_test(a_broken_first_answer_is_no_baseline),
        world_test(a_thousand_levels_are_read),
        world_test(what_was_never_there_may_stay_away),
        world_test(fields_without_an_id_are_passed_over_and_nothing_is_removed),
        world_test(of_fields_with_the_same_id_the_mirrors_counts),
        world_test(of_a_first_answers_duplicates_the_first_counts),
        world_test(what_is_broken_of_the_connection_fails_the_run),
        world_test(an_empty_list_removes_nothing),
        world_test(what_may_be_tried_again_is),
    };
    return world_run_tests("broken answers", tests);
}
