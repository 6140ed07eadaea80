/* The shipped example: it is good as it is, it is good with all that is commented out in it, it names every
 * key there is, and the defaults that it shows are the table's. A line that begins with # and a letter or two
 * blanks is a commented-out setting, any other # begins prose. */
#include "config_support.h"
#include "core/config_keys.h"
#include "core/yaml.h"

#define EXAMPLE "config/schemasyncd.yaml"

static char *read_example(void) {
    FILE *file = fopen(EXAMPLE, "r");
    if (!file)
        fail_msg(EXAMPLE ": the tests run in the top directory");
    char *text = alloc_zero(64 * 1024, 1);
    text[fread(text, 1, 64 * 1024 - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* Takes the # off the commented-out settings. */
static char *uncomment(const char *text) {
    char *plain = alloc_zero(strlen(text) + 1, 1), *at = plain;
    for (bool begins = true; *text != '\0'; text++) {
        bool setting = begins && text[0] == '#' &&
                       ((text[1] >= 'a' && text[1] <= 'z') || (text[1] == ' ' && text[2] == ' '));
        begins = *text == '\n';
        if (!setting)
            *at++ = *text;
    }
    return plain;
}

static void test_good_as_it_is(void **state) {
    (void)state;
    struct config *config = load_good(EXAMPLE);
    assert_int_equal(config->connection_count, 1);
    assert_int_equal(config->alert_count, 0);
    config_free(config);
}

static void test_good_with_all(void **state) {
    (void)state;
    CLEANUP(cleanup_free) char *example = read_example(), *text = uncomment(example);
    struct config *config = load_text(text);
    assert_int_equal(config->connection_count, 2);
    assert_int_equal(config->alert_count, 4);
    assert_non_null(config->metrics_listen);
    config_free(config);
}

/* Collects the texts of all places that a path names; "[]" is every item. */
static size_t look_up(const struct yaml_node *node, const char *path, const char *name, const char **ret,
                      size_t room) {
    size_t count = 0;
    if (node->kind == YAML_LIST && strncmp(path, "[]", 2) == 0) {
        for (size_t i = 0; i < node->count; i++)
            count += look_up(node->items[i], path + 2, name, ret + count, room - count);
        return count;
    }
    path += *path == '.';
    size_t length = strcspn(path, ".[");
    for (size_t i = 0; node->kind == YAML_MAP && i < node->count; i++) {
        const char *key = node->keys[i]->text;
        if (length > 0 && strlen(key) == length && strncmp(key, path, length) == 0)
            return look_up(node->items[i], path + length, name, ret, room);
        if (length == 0 && strcmp(key, name) == 0 && room > 0) {
            ret[count++] = node->items[i]->text ? node->items[i]->text : "";
            break;
        }
    }
    return count;
}

static struct yaml_node *parse_all(struct arena *arena, const char *text) {
    struct yaml_place place;
    struct error error = {0};
    struct yaml_node *root = yaml_parse(arena, text, strlen(text), &place, &error);
    if (!root)
        fail_msg("%zu: %s", place.line, error.text);
    return root;
}

static void test_every_key_and_default(void **state) {
    (void)state;
    CLEANUP(cleanup_free) char *example = read_example(), *text = uncomment(example);
    struct arena *arena = arena_new();
    const struct yaml_node *root = parse_all(arena, text);
    size_t defaults = 0;
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        const char *found[16], *path = config_section_path(key->section);
        size_t count = look_up(root, path, key->name, found, ARRAY_LENGTH(found));
        CLEANUP(cleanup_free) char *word = alloc_printf("%s:", key->name);
        if (count == 0 && !strstr(example, word)) /* what stands beside another kind is in the prose */
            fail_msg("%s.%s is not in the example", path, key->name);
        if (!key->fallback || key->fallback[0] == '\0')
            continue;
        bool shown = false;
        for (size_t j = 0; j < count; j++)
            shown = shown || strcmp(found[j], key->fallback) == 0;
        if (!shown)
            fail_msg("%s.%s: the example does not show the default %s", path, key->name, key->fallback);
        defaults++;
    }
    assert_true(defaults > 20);
    arena_free(arena);
}

/* With what is commented out, all values but the example's own choices are the defaults. */
static void test_same_values(void **state) {
    (void)state;
    CLEANUP(cleanup_free) char *example = read_example(), *text = uncomment(example);
    struct config *plain = load_good(EXAMPLE), *whole = load_text(text);
    assert_string_equal(plain->api.base_url, whole->api.base_url);
    assert_string_equal(plain->api.version, whole->api.version);
    assert_int_equal(plain->api.timeout, whole->api.timeout);
    assert_int_equal(plain->api.concurrency, whole->api.concurrency);
    assert_int_equal(plain->api.retries, whole->api.retries);
    assert_int_equal(plain->api.max_response, whole->api.max_response);
    assert_true(plain->api.rate >= whole->api.rate && plain->api.rate <= whole->api.rate);
    assert_int_equal(plain->schedule.every, whole->schedule.every);
    assert_int_equal(plain->schedule.jitter_ppm, whole->schedule.jitter_ppm);
    assert_int_equal(plain->connections[0].refresh, whole->connections[0].refresh);
    assert_int_equal(plain->connections[0].refresh_timeout, whole->connections[0].refresh_timeout);
    assert_int_equal(plain->drift.mass_removal_over_ppm, whole->drift.mass_removal_over_ppm);
    assert_int_equal(plain->drift.mass_removal_hold, whole->drift.mass_removal_hold);
    assert_int_equal(plain->drift.strict, whole->drift.strict);
    assert_memory_equal(&plain->retention, &whole->retention, sizeof(plain->retention));
    assert_int_equal(plain->migrate_auto, whole->migrate_auto);
    assert_int_equal(plain->heartbeat_every, whole->heartbeat_every);
    config_free(plain);
    config_free(whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_as_it_is),
        cmocka_unit_test(test_good_with_all),
        cmocka_unit_test(test_every_key_and_default),
        cmocka_unit_test(test_same_values),
    };
    return cmocka_run_group_tests(tests, make_config_directory, remove_config_directory);
}
