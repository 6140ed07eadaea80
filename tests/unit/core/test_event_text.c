#include "../unit.h"

#include "core/event_text.h"
#include "events.h"

#define OPEN(cause)      INCIDENT(cause, "open", "")
#define OVER(cause, how) INCIDENT(cause, "resolved", ",\"resolved_by\":\"" how "\"")

static void headlines(void **state) {
    (void)state;
    static const struct {
        const char *type, *data, *headline;
    } cases[] = {
        {"schema.drift", CONNECTION "," OPEN("drift") ",\"changes\":[" REMOVED "]",
         "salesforce-prod: breaking drift, 1 change"},
        {"schema.drift", CONNECTION ",\"severity\":\"info\",\"changes_total\":20",
         "salesforce-prod: info drift, 20 changes"},
        {"schema.drift", CONNECTION "," OPEN("access_reduced") ",\"changes_total\":20",
         "salesforce-prod: access reduced, 20 changes"},
        {"schema.drift", CONNECTION "," OPEN("drift") ",\"reminder\":true,\"changes_total\":2",
         "Still open: salesforce-prod: breaking drift, 2 changes"},
        {"schema.drift",
         CONNECTION "," INCIDENT("drift", "open", ",\"flapping\":true") ",\"changes_total\":2",
         "Flapping: salesforce-prod: breaking drift, 2 changes"},
        {"schema.resolved", CONNECTION "," OVER("drift", "revert"),
         "salesforce-prod: drift is over: changed back"},
        {"schema.resolved", CONNECTION "," OVER("drift", "acknowledgement"),
         "salesforce-prod: drift is over: acknowledged"},
        {"schema.resolved", CONNECTION "," OVER("drift", "of itself"), "salesforce-prod: drift is over"},
        {"schema.resolved", CONNECTION "," OVER("access_reduced", "recovery"),
         "salesforce-prod: access is back: recovered by itself"},
        {"schema.resolved", CONNECTION, "salesforce-prod: drift is over"},
        {"mirror.suspect", CONNECTION "," OPEN("suspect") ",\"targets_total\":1",
         "salesforce-prod: 1 target held back as a mass removal"},
        {"mirror.failing", CONNECTION "," OPEN("failing") ",\"targets_total\":3",
         "salesforce-prod: 3 targets cannot be read"},
        {"mirror.failing", CONNECTION "," OPEN("failing"), "salesforce-prod: cannot be read"},
        {"mirror.failing", OPEN("failing"), "all connections: cannot be read"},
        {"mirror.recovered", OVER("failing", "recovery"),
         "all connections: is well again: recovered by itself"},
        {"mirror.recovered", CONNECTION "," OVER("suspect", "accept"),
         "salesforce-prod: is well again: accepted"},
        {"mirror.recovered", CONNECTION "," OVER("suspect", "confirmed"),
         "salesforce-prod: is well again: it lasted, and is taken as true"},
        {"mirror.recovered", CONNECTION "," OVER("failing", "unmanaged"),
         "salesforce-prod: is well again: no longer in the configuration"},
        {"alert.test", "", "schemasyncd: a test: alerts arrive here"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(event_done) struct event event = event_of(cases[i].type, cases[i].data);
        assert_string_equal(event_headline(&event), cases[i].headline);
    }
}

static void a_long_or_strange_name_is_one_line(void **state) {
    (void)state;
    CLEANUP(event_done)
    struct event event = event_of(
        "mirror.failing",
        "\"connection\":{\"id\":\"" CONNECTION_ID "\",\"name\":\"a\\nb\\u202e"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"}");
    const char *headline = event_headline(&event);
    assert_ptr_equal(strstr(headline, "a?b???0123"), headline);
    assert_non_null(strstr(headline, "…: cannot be read"));
    assert_true(strlen(headline) < 120);
}

/* The commands as "LABEL: COMMAND\n". */
static char *commands_of(const struct event *event) {
    struct event_command commands[EVENT_COMMANDS_MAX];
    size_t count = event_commands(event, commands);
    CLEANUP(buffer_done) struct buffer text;
    buffer_init(&text, 100000);
    for (size_t i = 0; i < count; i++)
        add_format(&text, "%s: %s\n", commands[i].label, commands[i].command);
    return buffer_take(&text);
}

#define NAMED(name) "\"connection\":{\"id\":\"" CONNECTION_ID "\",\"name\":\"" name "\"}"
#define TWO_TARGETS                                                                                            \
    "\"changes\":[{\"id\":1,\"target\":\"A\",\"kind\":\"field_added\",\"severity\":\"info\",\"field\":\"f\"}," \
    "{\"id\":2,\"target\":\"B\",\"kind\":\"field_added\",\"severity\":\"warning\",\"field\":\"f\"}]"
#define ONE_CHANGE(target, field)                 \
    "\"changes\":[{\"id\":5,\"target\":\"" target \
    "\",\"kind\":\"field_changed\",\"severity\":\"warning\",\"field\":\"" field "\"}]"

static void commands(void **state) {
    (void)state;
    static const struct {
        const char *type, *data, *commands;
    } cases[] = {
        {"schema.drift", CONNECTION "," RUN "," OPEN("drift") ",\"changes\":[" REMOVED "]",
         "Show more: schemasyncd drift --connection salesforce-prod --target Account\n"
         "Since when: schemasyncd history salesforce-prod Account Phone\n"
         "Syncs that cannot work: schemasyncd problems\n"
         "Acknowledge: schemasyncd ack --run " RUN_ID "\n"},
        {"schema.drift", CONNECTION "," RUN "," OPEN("drift") "," TWO_TARGETS,
         "Show more: schemasyncd drift --connection salesforce-prod\n"
         "Acknowledge: schemasyncd ack --run " RUN_ID "\n"},
        /* not all of its changes are here: who knows of what targets the others are */
        {"schema.drift", CONNECTION "," RUN "," OPEN("drift") ",\"changes_total\":9," ONE_CHANGE("A", "f"),
         "Show more: schemasyncd drift --connection salesforce-prod\n"
         "Acknowledge: schemasyncd ack --run " RUN_ID "\n"},
        /* a reminder tells of all that is open */
        {"schema.drift", CONNECTION "," RUN "," OPEN("drift") ",\"reminder\":true," TWO_TARGETS,
         "Show more: schemasyncd drift --connection salesforce-prod\n"
         "Acknowledge: schemasyncd ack --connection salesforce-prod\n"},
        /* nothing to acknowledge that somebody waits for */
        {"schema.drift", CONNECTION "," RUN "," TWO_TARGETS,
         "Show more: schemasyncd drift --connection salesforce-prod\n"},
        /* names for a shell */
        {"schema.drift", NAMED("it's $(id)") "," RUN "," OPEN("drift") "," ONE_CHANGE("A b", "f;g"),
         "Show more: schemasyncd drift --connection 'it'\\''s $(id)' --target 'A b'\n"
         "Since when: schemasyncd history 'it'\\''s $(id)' 'A b' 'f;g'\n"
         "Acknowledge: schemasyncd ack --run " RUN_ID "\n"},
        {"schema.drift", NAMED("") "," RUN "," OPEN("drift") "," ONE_CHANGE("A", "f"),
         "Show more: schemasyncd drift --connection '' --target A\n"
         "Since when: schemasyncd history '' A f\n"
         "Acknowledge: schemasyncd ack --run " RUN_ID "\n"},
        /* what a display would change, or a command take for an option, is left out */
        {"schema.drift", NAMED("a`b") "," OPEN("drift") "," TWO_TARGETS,
         "Show more: schemasyncd drift\n"
         "Acknowledge: schemasyncd ack 1 2\n"},
        {"schema.drift", NAMED("a\\nb") "," RUN "," OPEN("drift") "," ONE_CHANGE("-rf", "f"),
         "Show more: schemasyncd drift\n"
         "Acknowledge: schemasyncd ack --run " RUN_ID "\n"},
        {"schema.drift", NAMED("a\\u202eb") "," OPEN("drift") ",\"changes_total\":2," ONE_CHANGE("A", "f"),
         "Show more: schemasyncd drift\n"},
        {"schema.drift", CONNECTION "," OPEN("drift") ",\"changes_total\":2," ONE_CHANGE("A", "f"),
         "Show more: schemasyncd drift --connection salesforce-prod\n"
         "Acknowledge: schemasyncd ack --connection salesforce-prod\n"},
        {"schema.resolved", CONNECTION "," RUN "," OVER("drift", "revert") ",\"changes\":[" REMOVED "]",
         "Show more: schemasyncd drift --connection salesforce-prod --target Account --all\n"},
        {"mirror.suspect", CONNECTION "," OPEN("suspect") ",\"targets\":[{\"id\":\"A\"}]",
         "Show more: schemasyncd status\n"
         "If it was meant to be removed: schemasyncd accept salesforce-prod A\n"},
        {"mirror.suspect", CONNECTION "," OPEN("suspect") ",\"targets\":[{\"id\":\"A\"},{\"id\":\"B\"}]",
         "Show more: schemasyncd status\n"
         "If it was meant to be removed: schemasyncd accept salesforce-prod\n"},
        {"mirror.suspect", NAMED("-x") "," OPEN("suspect"), "Show more: schemasyncd status\n"},
        {"mirror.failing", CONNECTION "," OPEN("failing"),
         "Show more: schemasyncd status\n"
         "Check the key and the connection: schemasyncd check --online\n"},
        {"mirror.recovered", OVER("failing", "recovery"), "Show more: schemasyncd status\n"},
        {"alert.test", "", ""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(event_done) struct event event = event_of(cases[i].type, cases[i].data);
        CLEANUP(cleanup_free) char *text = commands_of(&event);
        assert_string_equal(text, cases[i].commands);
    }
}

static void the_only_target(void **state) {
    (void)state;
    static const struct {
        const char *data, *target;
    } cases[] = {
        {"", NULL},
        {"\"changes\":[" REMOVED "," REMOVED "]", "Account"},
        {TWO_TARGETS, NULL},
        {"\"changes_total\":3,\"changes\":[" REMOVED "," REMOVED "]", NULL},
        {"\"targets\":[{\"id\":\"A\"}]", "A"},
        {"\"targets\":[{\"id\":\"A\"},{\"id\":\"B\"}]", NULL},
        {"\"targets_total\":2,\"targets\":[{\"id\":\"A\"}]", NULL},
        {"\"targets\":[{\"id\":\"A\"}],\"changes\":[" REMOVED "]", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        CLEANUP(event_done) struct event event = event_of("schema.drift", cases[i].data);
        const char *target = event_only_target(&event);
        if (cases[i].target)
            assert_string_equal(target, cases[i].target);
        else
            assert_null(target);
    }
}

static void every_kind_has_words(void **state) {
    (void)state;
    for (int kind = 0; kind < CHANGE_KIND_COUNT; kind++) {
        char words[40];
        snprintf(words, sizeof(words), "%s", event_change_words((enum change_kind)kind));
        words[0] = (char)(words[0] + ('a' - 'A'));
        *strchr(words, ' ') = '_';
        assert_string_equal(words, change_kind_names[kind]);
    }
}

static void moments(void **state) {
    (void)state;
    char text[EVENT_MOMENT_MAX];
    event_moment(INT64_C(1769860801500000), text);
    assert_string_equal(text, "2026-01-31 12:00 UTC");
    event_moment(0, text);
    assert_string_equal(text, "1970-01-01 00:00 UTC");
}

/* A shell reads from each command the words that were meant, whatever stands in the names. */
static void commands_are_what_they_seem(void **state) {
    (void)state;
    unsigned seed = 11;
    size_t seen = 0;
    for (int round = 0; round < 300; round++) {
        CLEANUP(cleanup_free) char *json = random_event(&seed);
        CLEANUP(event_done) struct event event = {0};
        struct event_command rows[EVENT_COMMANDS_MAX];
        assert_true(event_parse(json, strlen(json), &event, NULL));
        for (size_t count = event_commands(&event, rows), i = 0; i < count; i++, seen++) {
            bool quoted = false;
            assert_int_equal(strncmp(rows[i].command, "schemasyncd ", 12), 0);
            for (const char *at = rows[i].command; *at; at++) {
                assert_true((unsigned char)*at >= ' ' && *at != '`' && *at != 0x7f);
                if (!quoted && *at == '\\')
                    assert_int_equal(*++at, '\''); /* a quote outside of quotes */
                else if (*at == '\'')
                    quoted = !quoted;
                else if (!quoted)
                    assert_null(strchr("$;&|<>()*?[]{}~!#\"", *at));
            }
            assert_false(quoted);
        }
    }
    assert_true(seen > 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headlines),
        cmocka_unit_test(a_long_or_strange_name_is_one_line),
        cmocka_unit_test(commands),
        cmocka_unit_test(the_only_target),
        cmocka_unit_test(every_kind_has_words),
        cmocka_unit_test(moments),
        cmocka_unit_test(commands_are_what_they_seem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
