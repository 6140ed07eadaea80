/* What the program knows of the model syncs: what each of them uses, read once and again only when it has
 * changed; and what it does when it may not know. */
#include "world.h"

#define SYNC(number) "e7a1b2c3-d4e5-4f60-8a7b-0c9d8e7f6a" number
#define LISTINGS     "GET /api/syncs[?]*"
#define READINGS     "GET /api/syncs/*"
#define NOTICE       "the syncs cannot all be listed and read"
#define PASSPHRASE   "correct horse battery staple"
#define OLD_VERSION  "version: \"2024-02-08\""

static void assert_asked(struct world_place place, size_t listings, size_t readings) {
    if (world_requests(LISTINGS) != listings || world_requests(READINGS) != readings)
        world_fail(place, "%zu listings and %zu readings, not %zu and %zu: %s", world_requests(LISTINGS),
                   world_requests(READINGS), listings, readings, world_log());
}

static void pull_and_count(struct world_place place, size_t listings, size_t readings) {
    world_forget_requests();
    (void)world_run_at(place, 0, (const char *const[]){"pull", NULL});
    assert_asked(place, listings, readings);
}

/* All that is known of the syncs, but when it was read. */
static const char *known_syncs(void) {
    return world_text(
        "%s\n%s",
        world_value("SELECT sync_id, name, active, mode, connection_id, target_id, creates_target, updated_at"
                    " FROM syncs ORDER BY 1"),
        world_value("SELECT * FROM sync_fields ORDER BY sync_id, field_id, role"));
}

/* What is kept of a sync */

static const char *const whole_sync =
    "{'op': 'sync_add', 'value': {'id': 'whole', 'name': 'Everything', 'active': true, 'mode': 'append',"
    " 'target': {'connection_id': '" SALESFORCE
    "', 'object': 'Account'}, 'updated_at': '2026-01-01T00:00:00Z',"
    " 'fields': [{'target': 'Name', 'new': false, 'encryption_enabled': true, 'sync_mode': 'create'},"
    "            {'target': 'Made__c', 'new': true, 'encryption_enabled': false, 'sync_mode': null}],"
    " 'override_fields': [{'target': 'Name', 'override_value': 'x', 'sync_mode': 'update'}],"
    " 'identity': {'target': 'Name', 'function': {'id': 'ISubstring', 'label': 'Contains'}, 'new_field': false},"
    " 'filters': [{'field_id': 'Name', 'field_type': 'Target', 'function': 'Equality'},"
    "             {'field_id': 'name', 'field_type': 'Model', 'function': 'Equality'}],"
    " 'news': {'a': [1]}}}";

static void assert_whole_sync(void) {
    assert_sql("SELECT name, active, mode, connection_id = '" SALESFORCE
               "', target_id, creates_target, updated_at"
               " FROM syncs WHERE sync_id = 'whole'",
               "Everything|t|append|t|Account|f|2026-01-01T00:00:00Z");
    assert_sql("SELECT field_id, role, new_field, encrypted, sync_mode, function_id FROM sync_fields"
               " WHERE sync_id = 'whole' ORDER BY field_id, role",
               "Made__c|mapping|t|f|-|-\n"
               "Name|mapping|f|t|create|-\n"
               "Name|override|f|f|update|-\n"
               "Name|identity|f|f|-|ISubstring\n"
               "Name|filter|f|f|-|-");
}

static void a_field_is_kept_in_each_of_its_roles(void **state) {
    (void)state;
    world_edit("%s", whole_sync);
    world_pull(0);
    assert_whole_sync();
}

static void the_syncs_of_the_connection_are_kept(void **state) {
    (void)state;
    world_pull(0);
    assert_sql(
        "SELECT right(sync_id, 2), name, active, mode, target_id, creates_target FROM syncs ORDER BY 1",
        "01|Accounts from billing|t|updateOrCreate|Account|f\n"
        "02|Contacts from the app|t|updateOrCreate|Contact|f\n"
        "03|Leads from signups|t|create|Lead|f\n"
        "04|Invoices|t|updateOrCreate|Invoice__c|f\n"
        "05|Subscriptions (old)|f|update|Subscription__c|f");
    assert_sql("SELECT syncs_known FROM connections", "t");
    /* the function is a string */
    assert_sql("SELECT field_id, role, encrypted, function_id FROM sync_fields"
               " WHERE sync_id = '" SYNC("02") "' ORDER BY 1",
               "Email|mapping|t|-\n"
               "FirstName|mapping|f|-\n"
               "HasOptedOutOfEmail|filter|f|-\n"
               "LastName|mapping|f|-\n"
               "Last_Seen__c|mapping|f|-\n"
               "Lifetime_Value__c|mapping|f|-\n"
               "Newsletter__c|mapping|f|-\n"
               "Phone|mapping|t|-\n"
               "User_Id__c|identity|f|Equality");
}

static void a_sync_that_creates_its_target_is_kept(void **state) {
    (void)state;
    configure(.connections = CONNECTION("facebook-ads", FACEBOOK, "[act_1234567.23851234567890222]")
                  CONNECTION("hubspot-marketing", HUBSPOT, "[contacts]"));
    world_pull(0);
    assert_sql("SELECT right(sync_id, 2), target_id, creates_target, mode FROM syncs ORDER BY 1",
               "06|contacts|f|updateOrCreate\n"
               "07|companies|f|updateOrCreate\n"
               "09|-|t|create\n"
               "10|act_1234567.23851234567890222|f|replace");
    assert_sql("SELECT field_id, new_field FROM sync_fields WHERE new_field", "favourite_feature|t");
}

/* Both versions of the API */

static void all_pages_are_read(void **state) {
    (void)state;
    world_settings("{'page_size': 2}");
    pull_and_count(WORLD_HERE, 3, 5);
    assert_sql("SELECT count(*) FROM syncs", "5");
    pull_and_count(WORLD_HERE, 3, 0);
    assert_sql("SELECT count(*) FROM syncs", "5");
}

/* It lists whole syncs: none is asked for by itself. */
static void the_older_version_says_the_same(void **state) {
    (void)state;
    world_edit("%s", whole_sync);
    world_pull(0);
    const char *known = known_syncs();
    world_sql("DELETE FROM syncs");
    configure(.api = OLD_VERSION);
    pull_and_count(WORLD_HERE, 1, 0);
    assert_same(known_syncs(), known);
    assert_whole_sync();
    world_edit("{'op': 'sync_remove', 'sync': 'whole'}");
    pull_and_count(WORLD_HERE, 1, 0);
    assert_sql("SELECT count(*) FROM syncs", "5");
}

/* Only what has changed */

static void only_changed_syncs_are_read_again(void **state) {
    (void)state;
    pull_and_count(WORLD_HERE, 1, 5);
    const char *mirror = world_mirror(), *read = world_value("SELECT sync_id, read_at FROM syncs ORDER BY 1");
    pull_and_count(WORLD_HERE, 1, 0);
    assert_same(world_value("SELECT sync_id, read_at FROM syncs ORDER BY 1"), read);
    assert_same(world_mirror(), mirror);
    world_edit(
        "{'op': 'sync_set', 'sync': 'Invoices', 'set': {'name': 'Bills', 'active': false, 'identity': null,"
        " 'fields': [{'target': 'Tax__c', 'sync_mode': 'create', 'encryption_enabled': true}]}}");
    pull_and_count(WORLD_HERE, 1, 1);
    assert_int_equal(world_requests("GET /api/syncs/" SYNC("04") "*"), 1);
    assert_sql("SELECT name, active FROM syncs WHERE sync_id = '" SYNC("04") "'", "Bills|f");
    assert_sql(
        "SELECT field_id, role, encrypted, sync_mode FROM sync_fields WHERE sync_id = '" SYNC("04") "'",
        "Tax__c|mapping|t|create");
    assert_sql("SELECT count(*) FROM sync_fields WHERE sync_id = '" SYNC("01") "'", "8");
}

static void a_sync_without_a_time_is_read_each_run(void **state) {
    (void)state;
    configure(.connections = CONNECTION("hubspot-marketing", HUBSPOT, "[contacts]"));
    pull_and_count(WORLD_HERE, 1, 2);
    pull_and_count(WORLD_HERE, 1, 1);
    world_edit(
        "{'op': 'sync_set', 'sync': 'Companies to HubSpot', 'set': {'mode': 'update'}, 'touch': false}");
    pull_and_count(WORLD_HERE, 1, 1);
    assert_int_equal(world_requests("GET /api/syncs/" SYNC("07") "*"), 1);
    assert_sql("SELECT mode, updated_at FROM syncs WHERE sync_id = '" SYNC("07") "'", "update|-");
}

static void a_removed_sync_goes(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'sync_remove', 'sync': 'Invoices'}");
    pull_and_count(WORLD_HERE, 1, 0);
    assert_sql("SELECT count(*), count(*) FILTER (WHERE sync_id = '" SYNC("04") "') FROM syncs", "4|0");
    assert_sql("SELECT count(*) FROM sync_fields WHERE sync_id = '" SYNC("04") "'", "0");
}

static void a_sync_that_writes_elsewhere_now_is_let_go(void **state) {
    (void)state;
    world_pull(0);
    world_edit("{'op': 'sync_set', 'sync': 'Invoices', 'set': {'target': {'connection_id': '" HUBSPOT
               "', 'object': 'deals'}}}");
    world_pull(0);
    assert_sql("SELECT count(*) FROM syncs", "4");
    configure(.connections = CONNECTION("salesforce-prod", SALESFORCE, "[Account]")
                  CONNECTION("hubspot-marketing", HUBSPOT, "[deals]"));
    world_pull(0);
    assert_sql("SELECT s.target_id, c.name FROM syncs s JOIN connections c ON c.id = s.connection_id"
               " WHERE sync_id = '" SYNC("04") "'",
               "deals|hubspot-marketing");
}

/* What may not be known */

/* Said once, until they are known again; what is stored stays. */
static void assert_not_known(struct world_place place, const char *known) {
    static const char *const pull[] = {"pull", NULL};
    assert_contains_at(place, world_run_at(place, 0, pull), NOTICE, true);
    assert_sql_at(place, "SELECT syncs_known, consecutive_failures, last_error FROM connections", "f|0|-");
    assert_same_at(place, known_syncs(), known);
    assert_contains_at(place, world_run_at(place, 0, pull), NOTICE, false);
    assert_same_at(place, known_syncs(), known);
    assert_sql_at(place, "SELECT DISTINCT outcome FROM runs", "ok");
}

static void assert_known_again(struct world_place place) {
    static const char *const pull[] = {"pull", NULL};
    assert_contains_at(place, world_run_at(place, 0, pull), NOTICE, false);
    assert_sql_at(place, "SELECT syncs_known FROM connections", "t");
}

static void a_listing_that_is_refused_is_no_failure(void **state) {
    (void)state;
    world_pull(0);
    const char *known = known_syncs();
    world_settings("{'syncs_forbidden': true}");
    world_edit("{'op': 'sync_remove', 'sync': 'Invoices'}");
    assert_not_known(WORLD_HERE, known);
    world_settings("{'syncs_forbidden': false}");
    assert_known_again(WORLD_HERE);
    assert_sql("SELECT count(*) FROM syncs", "4");
    known = known_syncs();
    world_settings("{'syncs_forbidden': true}");
    assert_not_known(WORLD_HERE, known);
}

static void a_listing_refused_from_the_start_is_no_failure(void **state) {
    (void)state;
    world_settings("{'syncs_forbidden': true}");
    assert_not_known(WORLD_HERE, "\n");
    assert_sql("SELECT state, field_count FROM targets", "present|31");
    world_settings("{'syncs_forbidden': false}");
    assert_known_again(WORLD_HERE);
    assert_sql("SELECT count(*) FROM syncs", "5");
}

/* The first page says nothing of those that stand on the second. */
static void a_page_that_fails_lets_no_sync_go(void **state) {
    (void)state;
    world_settings("{'page_size': 2}");
    world_pull(0);
    const char *known = known_syncs();
    world_faults("{'path': '/api/syncs', 'query': '*page_token*', 'status': 500}");
    assert_not_known(WORLD_HERE, known);
    world_clear_faults();
    assert_known_again(WORLD_HERE);
}

static void a_sync_that_cannot_be_read_is_no_failure(void **state) {
    (void)state;
    static const char *const faults[] = {
        "'status': 500",        "'status': 403",
        "'status': 404",        "'body': {'data': {'id': 'another'}}",
        "'body': {'data': []}", "'body': 'no JSON'",
        "'reset': true",        "'replace': [['\\'fields\\':[', '\\'fields\\':[7,']]",
        "'cut': 100",
    };
    world_pull(0);
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        const struct world_place place = {faults[i], (int)i};
        const char *known = known_syncs();
        world_edit("[{'op': 'sync_set', 'sync': 'Invoices', 'set': {'mode': 'mode-%zu'}},"
                   " {'op': 'sync_set', 'sync': 'Leads from signups', 'set': {'mode': 'mode-%zu'}}]",
                   i, i);
        world_faults("{'path': '/api/syncs/" SYNC("04") "', %s}", faults[i]);
        assert_not_known(place, known);
        world_clear_faults();
        assert_known_again(place);
        assert_sql_at(place, "SELECT mode, count(*) FROM syncs WHERE mode LIKE 'mode-%' GROUP BY 1",
                      world_text("mode-%zu|2", i));
    }
}

/* The passphrase */

static void assert_no_passphrase(struct world_place place, const char *text) {
    static const char *const parts[] = {PASSPHRASE, "horse", "passphrase"};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        assert_contains_at(place, text, parts[i], false);
}

/* Every row of every table and view, as text. */
static const char *whole_database(void) {
    const char *selects = world_value(
        "SELECT string_agg(format('SELECT x::text FROM schemasync.%%I x', relname), ' UNION ALL ')"
        " FROM pg_class WHERE relnamespace = 'schemasync'::regnamespace AND relkind IN ('r', 'v')");
    return world_value("%s", selects);
}

static void pull_without_passphrase(struct world_place place) {
    static const char *const formats[] = {"text", "json"};
    for (size_t i = 0; i < ARRAY_LENGTH(formats); i++) {
        const char *const pull[] = {"--log-level", "debug", "--log-format", formats[i], "pull", NULL};
        world_edit("{'op': 'sync_set', 'sync': 'Contacts from the app', 'set': {}}");
        assert_no_passphrase(place, world_run_at(place, 0, pull));
        assert_no_passphrase(place, whole_database());
    }
}

static void a_passphrase_is_nowhere(void **state) {
    (void)state;
    pull_without_passphrase(WORLD_HERE);
    assert_contains(whole_database(), "Contacts from the app");
    configure(.api = OLD_VERSION);
    pull_without_passphrase(WORLD_HERE);
    assert_sql("SELECT syncs_known FROM connections", "t");
}

/* Nor where the answer is one that cannot be read. */
static void a_passphrase_in_a_broken_answer_is_nowhere(void **state) {
    (void)state;
    static const char *const faults[] = {
        "'cut': 300",
        "'replace': [['\\'active\\':true', '\\'active\\':{\\'encryption_passphrase\\':\\'" PASSPHRASE
        "\\'}']]",
        "'replace': [['\\'fields\\':[', '\\'fields\\':[\\'" PASSPHRASE "\\',']]",
        "'replace': [['" PASSPHRASE "\\'', '" PASSPHRASE "']]",
        "'replace': [['\\'" PASSPHRASE "\\'', '[{\\'" PASSPHRASE "\\':\\'" PASSPHRASE "\\'}]']]",
    };
    for (size_t version = 0; version < 2; version++) {
        configure(.api = version == 0 ? NULL : OLD_VERSION);
        for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
            world_clear_faults();
            world_faults("{'path': '%s', %s}", version == 0 ? "/api/syncs/" SYNC("02") : "/api/syncs",
                         faults[i]);
            const struct world_place place = {faults[i], (int)i};
            pull_without_passphrase(place);
            /* only that the passphrase is no text hinders nobody */
            assert_sql_at(place, "SELECT syncs_known FROM connections",
                          i == ARRAY_LENGTH(faults) - 1 ? "t" : "f");
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_field_is_kept_in_each_of_its_roles),
        world_test(the_syncs_of_the_connection_are_kept),
        world_test(a_sync_that_creates_its_target_is_kept),
        world_test(all_pages_are_read),
        world_test(the_older_version_says_the_same),
        world_test(only_changed_syncs_are_read_again),
        world_test(a_sync_without_a_time_is_read_each_run),
        world_test(a_removed_sync_goes),
        world_test(a_sync_that_writes_elsewhere_now_is_let_go),
        world_test(a_listing_that_is_refused_is_no_failure),
        world_test(a_listing_refused_from_the_start_is_no_failure),
        world_test(a_page_that_fails_lets_no_sync_go),
        world_test(a_sync_that_cannot_be_read_is_no_failure),
        world_test(a_passphrase_is_nowhere),
        world_test(a_passphrase_in_a_broken_answer_is_nowhere),
    };
    return world_run_tests("syncs", tests);
}
