#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

static int saved_stderr;
static FILE *captured;

static usec_t noon(void) {
    return 12 * USEC_PER_HOUR;
}

static int capture(void **state) {
    (void)state;
    log_set_clock(NULL);
    saved_stderr = dup(STDERR_FILENO);
    captured = tmpfile();
    return captured && dup2(fileno(captured), STDERR_FILENO) >= 0 ? 0 : -1;
}

static int release(void **state) {
    (void)state;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    return fclose(captured);
}

/* What was written since the last call. */
static const char *written(void) {
    static char text[16 * 1024];
    ssize_t length = pread(fileno(captured), text, sizeof(text) - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    if (ftruncate(fileno(captured), 0) != 0 || lseek(fileno(captured), 0, SEEK_SET) != 0)
        return "the file cannot be emptied";
    return text;
}

static void test_text(void **state) {
    (void)state;
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_info(NULL, "run of %d targets", 3);
    assert_string_equal(written(), "info: run of 3 targets\n");
    log_error(LOG_FIELDS({"connection", "salesforce-prod"}, {"run", NULL}, {"error", "it said \"no\""},
                         {"empty", ""}, {LOG_MESSAGE_ID, "abc"}),
              "failed");
    assert_string_equal(written(),
                        "error: failed connection=salesforce-prod error=\"it said \\\"no\\\"\" empty=\"\"\n");
    log_set_clock(noon);
    log_notice(NULL, "now");
    assert_string_equal(written(), "1970-01-01T12:00:00Z notice: now\n");
}

static void test_foreign_text_is_harmless(void **state) {
    (void)state;
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_warning(LOG_FIELDS({"name", "a\nerror: forged"}, {"other", "\033[2J"}), "%s", "one\r\ntwo\xff");
    assert_string_equal(written(), "warning: one??two? name=\"a?error: forged\" other=?[2J\n");

    char *large = malloc(100 * 1024);
    memset(large, '"', 100 * 1024 - 1);
    large[100 * 1024 - 1] = '\0';
    log_warning(LOG_FIELDS({"a", large}), "%s", large);
    const char *line = written();
    assert_true(strlen(line) < 8 * 1024);
    assert_int_equal(line[strlen(line) - 1], '\n');
    free(large);
}

static void test_json(void **state) {
    (void)state;
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_set_clock(noon);
    log_info(LOG_FIELDS({"target", "a\\b\"c"}), "tab\there");
    assert_string_equal(written(),
                        "{\"level\":\"info\",\"time\":\"1970-01-01T12:00:00Z\",\"message\":\"tab?here\","
                        "\"target\":\"a\\\\b\\\"c\"}\n");
}

static void test_levels(void **state) {
    (void)state;
    log_setup(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT);
    log_notice(NULL, "not this");
    assert_string_equal(written(), "");
    assert_false(log_enabled(LOG_LEVEL_NOTICE));
    assert_true(log_enabled(LOG_LEVEL_WARNING));
    log_warning(NULL, "this");
    assert_string_equal(written(), "warning: this\n");

    enum log_level level = LOG_LEVEL_ERROR;
    assert_true(log_parse_level("debug", &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_false(log_parse_level("Debug", &level));
    assert_false(log_parse_level("", &level));
    enum log_format format = LOG_FORMAT_AUTO;
    assert_true(log_parse_format("journal", &format));
    assert_int_equal(format, LOG_FORMAT_JOURNAL);
    assert_false(log_parse_format("xml", &format));
}

/* Auto stays with text where $JOURNAL_STREAM names another file than stderr. */
static void test_auto(void **state) {
    (void)state;
    setenv("JOURNAL_STREAM", "1:2", 1);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_AUTO);
    log_info(NULL, "text");
    assert_string_equal(written(), "info: text\n");
    unsetenv("JOURNAL_STREAM");
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_AUTO);
    log_info(NULL, "text");
    assert_string_equal(written(), "info: text\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text, capture, release),
        cmocka_unit_test_setup_teardown(test_foreign_text_is_harmless, capture, release),
        cmocka_unit_test_setup_teardown(test_json, capture, release),
        cmocka_unit_test_setup_teardown(test_levels, capture, release),
        cmocka_unit_test_setup_teardown(test_auto, capture, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
