#include "../unit.h"

#include "core/slack.h"
#include "events.h"

#define OPEN(cause) INCIDENT(cause, "open", "")
#define LINK        "https://schema.example.com/"

static struct buffer body_of(const struct event *event) {
    struct buffer body;
    buffer_init(&body, SLACK_BODY_MAX);
    assert_true(slack_body(event, &body));
    return body;
}

/* Everything that is read as an escape or a mention: escapes alone, and in mrkdwn the one link of our own. */
static void check_marks(const char *text, bool is_mrkdwn) {
    for (const char *at = text; (at = strpbrk(at, "<>&")); at++) {
        if (*at == '&')
            assert_true(!strncmp(at, "&amp;", 5) || !strncmp(at, "&lt;", 4) || !strncmp(at, "&gt;", 4));
        else {
            assert_true(is_mrkdwn && *at == '<' && strncmp(at + 1, LINK, strlen(LINK)) == 0);
            at = strchr(at, '>');
            assert_non_null(at);
            assert_int_equal(strncmp(at - strlen("|Open the report"), "|Open the report", 16), 0);
            assert_true(at[1] == '\0'); /* it stands alone */
        }
    }
}

/* Between backticks stands anything on one line; outside only the program's own words. */
static void check_mrkdwn(const char *text) {
    bool code = false;
    for (const char *at = text; *at; at++) {
        if (*at == '`')
            code = !code;
        else if (code)
            assert_int_not_equal(*at, '\n');
        else if (*at == '<')
            at = strchr(at, '>');
        else if ((unsigned char)*at < 0x80)
            assert_non_null(
                strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,.:;*_()-\n", *at));
    }
    assert_false(code);
}

static void check_text(const cJSON *object, size_t limit) {
    const char *type = text_at(object, "type"), *text = text_at(object, "text");
    bool is_mrkdwn = strcmp(type, "mrkdwn") == 0;
    assert_true(is_mrkdwn || strcmp(type, "plain_text") == 0);
    assert_true(*text && strlen(text) <= limit);
    for (const char *at = text; *at; at++)
        assert_true((unsigned char)*at >= ' ' || (is_mrkdwn && *at == '\n'));
    check_marks(text, is_mrkdwn);
    if (is_mrkdwn) {
        check_mrkdwn(text);
        assert_true(cJSON_IsTrue(cJSON_GetObjectItem(object, "verbatim")));
    } else
        assert_true(cJSON_IsFalse(cJSON_GetObjectItem(object, "emoji")));
}

static void check_block(const cJSON *block) {
    const char *type = text_at(block, "type");
    const cJSON *text = cJSON_GetObjectItem(block, "text");
    if (strcmp(type, "header") == 0) {
        check_text(text, SLACK_HEADER_MAX);
        assert_string_equal(text_at(text, "type"), "plain_text");
    } else if (strcmp(type, "section") == 0)
        check_text(text, SLACK_SECTION_MAX);
    else {
        assert_string_equal(type, "context");
        const cJSON *elements = cJSON_GetObjectItem(block, "elements");
        assert_int_equal(cJSON_GetArraySize(elements), 1);
        check_text(elements->child, SLACK_SECTION_MAX);
    }
}

/* What must hold of every message. */
static void check_body(const struct buffer *body) {
    CLEANUP(cleanup_json) cJSON *tree = tree_of(body);
    const cJSON *blocks = cJSON_GetObjectItem(tree, "blocks");
    assert_true(body->length <= SLACK_BODY_MAX);
    assert_in_range(cJSON_GetArraySize(blocks), 2, SLACK_BLOCKS_MAX);
    for (const cJSON *block = blocks->child; block; block = block->next)
        check_block(block);
    assert_string_equal(text_at(blocks->child, "type"), "header");
    assert_non_null(text_at(tree, "text"));
    assert_in_range(strlen(text_at(tree, "text")), 1, SLACK_SECTION_MAX);
    check_marks(text_at(tree, "text"), false);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(tree, "mrkdwn")));
}

/* The message as people read it: the texts of its blocks, each with "|" behind. */
static char *reading_of(const struct buffer *body) {
    CLEANUP(cleanup_json) cJSON *tree = tree_of(body);
    CLEANUP(buffer_done) struct buffer text;
    buffer_init(&text, 100000);
    for (const cJSON *block = cJSON_GetObjectItem(tree, "blocks")->child; block; block = block->next) {
        const cJSON *elements = cJSON_GetObjectItem(block, "elements");
        add_format(&text, "%s|",
                   text_at(elements ? elements->child : cJSON_GetObjectItem(block, "text"), "text"));
    }
    return buffer_take(&text);
}

#define SMALL(type, more) type " · 2026-01-31 12:00 UTC" more "|"
#define OF_INCIDENT       " · incident " INCIDENT_ID
#define OF_RUN            " · run " RUN_ID

static void messages(void **state) {
    (void)state;
    static const struct {
        const char *type, *data, *reading;
    } cases[] = {
        {"schema.drift",
         CONNECTION "," RUN "," OPEN("drift") ",\"url\":\"" LINK "x?a=1&b\",\"changes\":[" REMOVED "]",
         "🔴 salesforce-prod: breaking drift, 1 change|"
         "*Field removed* · breaking\n`Account` › `Phone`\nBreaks `Accounts to Salesforce`|"
         "*Show more:* `schemasyncd drift --connection salesforce-prod --target Account`\n"
         "*Since when:* `schemasyncd history salesforce-prod Account Phone`\n"
         "*Syncs that cannot work:* `schemasyncd problems`\n"
         "*Acknowledge:* `schemasyncd ack --run " RUN_ID "`|"
         "<" LINK "x?a=1&amp;b|Open the report>|" SMALL("schema.drift", OF_INCIDENT OF_RUN)},
        {"schema.drift",
         CONNECTION
         ",\"severity\":\"warning\",\"changes_total\":3,\"changes\":[{\"id\":1,\"target\":\"A\",\"kind\":\"field_changed\","
         "\"field\":\"f\",\"attribute\":\"type\",\"old\":\"a<b`c\",\"new\":null,\"severity\":\"warning\",\"truncated\":true,"
         "\"affected_syncs\":[{\"name\":\"a\"},{\"id\":\"2\"},{},{\"name\":\"\"},{\"name\":\"e\"},{\"name\":\"f\"}]}]",
         "🟠 salesforce-prod: warning drift, 3 changes|"
         "*Field changed* · warning\n`A` › `f` › `type`\n`\"a&lt;b'c\"` → `null` (cut)\n"
         "Used by `a`, `2`, `(no name)`, ` ` and 2 more|"
         "_and 2 more changes_|"
         "*Show more:* `schemasyncd drift --connection salesforce-prod`|" SMALL("schema.drift", "")},
        {"schema.drift",
         CONNECTION "," INCIDENT(
             "access_reduced", "open",
             ",\"flapping\":true") ",\"severity\":\"info\",\"reminder\":true,\"changes\":["
                                   "{\"id\":1,\"target\":\"A\",\"kind\":\"mode_removed\",\"attribute\":\"upsert\",\"severity\":\"info\"}]",
         "🔵 Still open: Flapping: salesforce-prod: access reduced, 1 change|"
         "So many fields at once look like a permission lost, not like a schema changed.\n"
         "*Reminder:* open since 2026-01-31 12:00 UTC\n"
         "*Flapping:* it comes and goes. From now on only what is new or worse is told, and the end.|"
         "*Mode removed* · info\n`A` › `upsert`|"
         "*Show more:* `schemasyncd drift --connection salesforce-prod --target A`\n"
         "*Acknowledge:* `schemasyncd ack --connection salesforce-prod`|" SMALL("schema.drift", OF_INCIDENT)},
        {"schema.resolved",
         CONNECTION "," INCIDENT("drift", "resolved", ",\"resolved_by\":\"revert\"") ",\"changes\":[" REMOVED
                                                                                     "]",
         "✅ salesforce-prod: drift is over: changed back|something happened|"
         "*Show more:* `schemasyncd drift --connection salesforce-prod --target Account --all`|" SMALL(
             "schema.resolved", OF_INCIDENT)},
        {"mirror.suspect",
         CONNECTION "," OPEN(
             "suspect") ",\"targets_total\":12,\"targets\":[{\"id\":\"A\",\"state\":\"suspect\"},{\"id\":\"B&\",\"error\":\"*e*\"}]",
         "🔴 salesforce-prod: 12 targets held back as a mass removal|something happened|"
         "`A` `suspect`\n`B&amp;` `*e*`|_and 10 more targets_|"
         "*Show more:* `schemasyncd status`\n"
         "*If it was meant to be removed:* `schemasyncd accept salesforce-prod`|" SMALL("mirror.suspect",
                                                                                        OF_INCIDENT)},
        {"mirror.failing", OPEN("failing") ",\"connections\":[{\"name\":\"a\"},{\"name\":\"b\"}]",
         "🔴 all connections: cannot be read|something happened|Connections: `a`, `b`|"
         "*Show more:* `schemasyncd status`\n"
         "*Check the key and the connection:* `schemasyncd check --online`|" SMALL("mirror.failing",
                                                                                   OF_INCIDENT)},
        {"mirror.recovered", CONNECTION "," INCIDENT("failing", "resolved", ",\"resolved_by\":\"recovery\""),
         "✅ salesforce-prod: is well again: recovered by itself|something happened|"
         "*Show more:* `schemasyncd status`|" SMALL("mirror.recovered", OF_INCIDENT)},
        {"alert.test", "\"severity\":\"info\"",
         "🔔 schemasyncd: a test: alerts arrive here|something happened|" SMALL("alert.test", "")},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(event_done) struct event event = event_of(cases[i].type, cases[i].data);
        CLEANUP(buffer_done) struct buffer body = body_of(&event);
        CLEANUP(cleanup_free) char *reading = reading_of(&body);
        assert_string_equal(reading, cases[i].reading);
        check_body(&body);
    }
}

static void the_fallback_is_the_summary(void **state) {
    (void)state;
    static const struct {
        const char *data, *text;
    } cases[] = {
        {"", "🔴 something happened"},
        {"\"summary\":\"\"", "🔴 salesforce-prod: breaking drift, 0 changes"},
        {"\"summary\":\"<!channel> *x* & y\\n\"", "🔴 &lt;!channel&gt; *x* &amp; y?"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free)
        char *data = alloc_printf(CONNECTION "%s%s", *cases[i].data ? "," : "", cases[i].data);
        CLEANUP(event_done) struct event event = event_of("schema.drift", data);
        CLEANUP(buffer_done) struct buffer body = body_of(&event);
        CLEANUP(cleanup_json) cJSON *tree = tree_of(&body);
        assert_string_equal(text_at(tree, "text"), cases[i].text);
        check_body(&body);
    }
}

/* `count` changes whose every name is `length` times the piece. */
static char *many_changes(unsigned count, const char *piece, unsigned length) {
    CLEANUP(buffer_done) struct buffer name, data;
    buffer_init(&name, 1 << 20);
    buffer_init(&data, 1 << 20);
    for (unsigned i = 0; i < length; i++)
        add_format(&name, "%s", piece);
    const char *text = buffer_text(&name);
    add_format(&data, CONNECTION "," RUN "," OPEN("drift") ",\"changes_total\":%u,\"changes\":[", count);
    for (unsigned i = 0; i < count && data.length < 50000; i++)
        add_format(
            &data,
            "%s{\"id\":%u,\"target\":\"%s\",\"kind\":\"field_changed\",\"field\":\"%s\",\"attribute\":\"%s\",\"old\":\"%s\","
            "\"new\":\"%s\",\"severity\":\"breaking\",\"affected_syncs\":[{\"name\":\"%s\"},{\"name\":\"%s\"}]}",
            i > 0 ? "," : "", i + 1, text, text, text, text, text, text, text);
    add_format(&data, "]");
    return buffer_take(&data);
}

static size_t count_of(const char *text, const char *piece) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, piece)); at++)
        count++;
    return count;
}

/* What is shown and what is "more" are all of them, and what stands below stays. */
static void more_changes_than_fit_are_counted(void **state) {
    (void)state;
    static const struct {
        unsigned count;
        const char *piece;
        unsigned length;
        size_t shown;
    } cases[] = {
        {9, "a", 10, 9},      {10, "a", 10, 10},        {11, "a", 10, 10},
        {100, "a", 10, 10},   {40, "&", 300, 10},       {40, "\\\"", 300, 0},
        {40, "\\\\", 300, 0}, {40, "\xc3\xa4", 300, 0}, {1, "a", 3000, 1},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(cleanup_free) char *data = many_changes(cases[i].count, cases[i].piece, cases[i].length);
        CLEANUP(event_done) struct event event = event_of("schema.drift", data);
        CLEANUP(buffer_done) struct buffer body = body_of(&event);
        CLEANUP(cleanup_free) char *reading = reading_of(&body), *more = NULL;
        size_t shown = count_of(reading, "*Field changed*");
        check_body(&body);
        if (cases[i].shown > 0)
            assert_int_equal(shown, cases[i].shown);
        else
            assert_in_range(shown, 5, 10);
        more = alloc_printf("_and %zu more change", cases[i].count - shown);
        assert_int_equal(strstr(reading, more) != NULL, shown < cases[i].count);
        assert_int_equal(strstr(reading, "_and ") != NULL, shown < cases[i].count);
        assert_non_null(strstr(reading, "schemasyncd ack --run " RUN_ID));
        assert_non_null(strstr(reading, "schema.drift · "));
    }
}

/* The most that all but the changes can take leaves a message that Slack accepts. */
static void the_worst_still_fits(void **state) {
    (void)state;
    static const char *const pieces[] = {"\\\"", "\\\\", "&", "'", "<", "`", "\xf0\x9f\x94\xa5", "x", "\\n"};
    static const char *const types[] = {"schema.drift", "schema.resolved", "mirror.suspect", "mirror.failing",
                                        "mirror.recovered"};
    for (size_t i = 0; i < ARRAY_LENGTH(pieces) * ARRAY_LENGTH(types); i++) {
        CLEANUP(buffer_done) struct buffer name, data;
        buffer_init(&name, 1 << 20);
        buffer_init(&data, 1 << 20);
        for (unsigned n = 0; n < 190 / strlen(pieces[i % ARRAY_LENGTH(pieces)]); n++)
            add_format(&name, "%s", pieces[i % ARRAY_LENGTH(pieces)]);
        const char *text = buffer_text(&name);
        add_format(&data,
                   "\"connection\":{\"id\":\"" CONNECTION_ID "\",\"name\":\"%s\"}," RUN "," INCIDENT(
                       "access_reduced", "open",
                       ",\"flapping\":true") ",\"reminder\":true,\"targets_total\":900,\"url\":\"" LINK,
                   text);
        for (int n = 0; n < 300; n++)
            add_format(&data, "&");
        add_format(&data, "\",\"summary\":\"%s%s%s%s%s%s\",\"targets\":[", text, text, text, text, text,
                   text);
        for (int n = 0; n < 20; n++)
            add_format(&data, "%s{\"id\":\"%s\",\"state\":\"%s\",\"error\":\"%s\"}", n > 0 ? "," : "", text,
                       text, text);
        add_format(&data, "],\"connections\":[");
        for (int n = 0; n < 20; n++)
            add_format(&data, "%s{\"name\":\"%s\"}", n > 0 ? "," : "", text);
        add_format(
            &data,
            "],\"changes\":[{\"id\":1,\"target\":\"%s\",\"kind\":\"field_removed\",\"field\":\"%s\",\"severity\":\"breaking\","
            "\"affected_syncs\":[{\"name\":\"%s\"}]}]",
            text, text, text);
        CLEANUP(event_done)
        struct event event = event_of(types[i / ARRAY_LENGTH(pieces)], buffer_text(&data));
        CLEANUP(buffer_done) struct buffer body = body_of(&event);
        check_body(&body);
    }
}

static void random_events_make_good_messages(void **state) {
    (void)state;
    unsigned seed = 3;
    size_t longest = 0;
    for (int round = 0; round < 500; round++) {
        CLEANUP(cleanup_free) char *json = random_event(&seed);
        CLEANUP(event_done) struct event event = {0};
        struct error error = {0};
        if (!event_parse(json, strlen(json), &event, &error))
            fail_msg("%s: %s", error.text, json);
        CLEANUP(buffer_done) struct buffer body = body_of(&event);
        check_body(&body);
        longest = MAX(longest, body.length);
    }
    assert_in_range(longest, SLACK_BODY_MAX * 3 / 4, SLACK_BODY_MAX);
}

static void a_buffer_that_is_too_small_stays_as_it_was(void **state) {
    (void)state;
    CLEANUP(event_done) struct event event = event_of("alert.test", "");
    CLEANUP(buffer_done) struct buffer body;
    buffer_init(&body, 100);
    assert_true(buffer_append_text(&body, "x"));
    assert_false(slack_body(&event, &body));
    assert_string_equal(buffer_text(&body), "x");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages),
        cmocka_unit_test(the_fallback_is_the_summary),
        cmocka_unit_test(more_changes_than_fit_are_counted),
        cmocka_unit_test(the_worst_still_fits),
        cmocka_unit_test(random_events_make_good_messages),
        cmocka_unit_test(a_buffer_that_is_too_small_stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
