#include "core/plan.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

/* Configurations, rows and lists are written short: items as "Account", "+GLOB-EXCLUDED", "~" (synced) or
 * "=label"; rows as "id:STATE[!]" with p(ending), a (present), s(uspect), m(issing), ! for not managed, and
 * the origin l, m, s or n behind a slash; lists as ids. */

enum { MOST = 16 };

struct fixture {
    struct config_connection connection;
    struct target_item items[MOST];
    const char *excluded[MOST][1];
    struct stored_target stored[MOST];
    size_t stored_count;
    struct api_target_list listing;
    struct api_target_object objects[MOST];
    char *texts[3];
};

static size_t split(char *text, char **words) {
    size_t count = 0;
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        words[count++] = word;
    return count;
}

static void add_item(struct fixture *fixture, char *word) {
    struct target_item *item = &fixture->items[fixture->connection.target_count];
    char *exclude = strchr(word, '-');
    switch (word[0]) {
    case '+':
        *item = (struct target_item){.kind = ITEM_INCLUDE, .include = word + 1};
        if (exclude) {
            *exclude = '\0';
            fixture->excluded[fixture->connection.target_count][0] = exclude + 1;
            item->exclude = fixture->excluded[fixture->connection.target_count];
            item->exclude_count = 1;
        }
        break;
    case '~':
        *item = (struct target_item){.kind = ITEM_SYNCED};
        break;
    case '=':
        *item = (struct target_item){.kind = ITEM_NEW, .label = word + 1};
        break;
    default:
        *item = (struct target_item){.kind = ITEM_TARGET, .id = word};
    }
    fixture->connection.target_count++;
}

static void add_stored(struct fixture *fixture, char *word) {
    struct stored_target *stored = &fixture->stored[fixture->stored_count++];
    char *colon = strrchr(word, ':'), *slash = strchr(word, '/');
    *colon = '\0';
    stored->id = word;
    stored->managed = !strchr(colon + 1, '!');
    stored->synced_lately = strchr(colon + 1, '+') != NULL;
    stored->state = (enum target_state)(strchr("pasm", colon[1]) - "pasm");
    stored->origin = slash ? (enum target_origin)(strchr("lmsn", slash[1]) - "lmsn") : ORIGIN_LISTED;
}

static void make(struct fixture *fixture, const char *items, const char *stored, const char *listing) {
    char *words[MOST];
    memset(fixture, 0, sizeof(*fixture));
    fixture->connection.targets = fixture->items;
    fixture->texts[0] = alloc_strdup(items);
    fixture->texts[1] = alloc_strdup(stored);
    fixture->texts[2] = alloc_strdup(listing ? listing : "");
    size_t count = split(fixture->texts[0], words);
    for (size_t i = 0; i < count; i++)
        add_item(fixture, words[i]);
    count = split(fixture->texts[1], words);
    for (size_t i = 0; i < count; i++)
        add_stored(fixture, words[i]);
    fixture->listing.targets = fixture->objects;
    count = split(fixture->texts[2], words);
    for (size_t i = 0; i < count; i++)
        fixture->objects[fixture->listing.target_count++].id = words[i];
}

/* What a plan says, as "id" with / and the origin, R: to be registered, -: not looked at; then ! and what is
 * let go. */
static char *describe(const struct plan *plan, const struct fixture *fixture) {
    struct buffer text;
    buffer_init(&text, 4096);
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_target *target = &plan->targets[i];
        assert_true(buffer_append_format(&text, "%s%s/%c%s%s", i > 0 ? " " : "", target->id,
                                         "lmsn"[target->origin], target -> must_register ? "R" : "",
                                         target->look ? "" : "-"));
        if (target->stored != PLAN_NOT_STORED)
            assert_string_equal(fixture->stored[target->stored].id, target->id);
    }
    for (size_t i = 0; i < plan->unmanaged_count; i++)
        assert_true(buffer_append_format(&text, " !%s", fixture->stored[plan->unmanaged[i]].id));
    return buffer_take(&text);
}

static void plans(void **state) {
    (void)state;
    static const struct {
        const char *why, *items, *stored, *listing, *plan, *synced;
    } cases[] = {
        {"what is named is looked at, each once", "B A B", "A:a B:p", NULL, "A/l B/l", NULL},
        {"a missing one that is named is looked for", "A", "A:m", NULL, "A/l", NULL},
        {"a target that is not created yet", "=aud A", "A:a new:aud:p/n", NULL, "A/l new:aud/n", NULL},
        {"an include item brings what is listed and matches", "+*__c", "", "A X__c Y__c", "X__c/mR Y__c/mR",
         NULL},
        {"but not what is excluded", "+*__c-T*", "", "Tmp__c X__c", "X__c/mR", NULL},
        {"what it brought before is not registered again", "+*", "A:a/m", "A", "A/m", NULL},
        {"what it brought before and is not listed any more is looked at all the same", "+*", "A:a/m B:a/m",
         "A", "A/m B/m", NULL},
        {"a suspect one too", "+*", "A:s/m", "", "A/m", NULL},
        {"a missing one only where it is listed again", "+*", "A:m/m", "", "A/m-", NULL},
        {"listed again", "+*", "A:m/m", "A", "A/m", NULL},
        {"one that was never there and is not listed is let go", "+*", "A:p/m", "", " !A", NULL},
        {"where the list was not asked for nothing is let go", "+*", "A:p/m B:a/m C:m/m", NULL,
         "A/m B/m C/m-", NULL},
        {"what no item takes in any more is let go", "+X*", "A:a/m X1:a/m", "A X1", "X1/m !A", NULL},
        {"what was not managed is managed again", "+*", "A:a!/m", "A", "A/mR", NULL},
        {"what was not managed and is not listed stays so", "+*", "A:a!/m", "", "", NULL},
        {"named and matched: named", "+* A", "A:a", "A B", "A/l B/mR", NULL},
        {"named before, matched now: registered as matched", "+*", "A:a/l", "A", "A/mR", NULL},
        {"no existing target may look like one that is not created yet", "+*", "", "new:x", "", NULL},
        {"what a sync writes to is mirrored with a synced item", "~", "", NULL, "A/sR B/sR", "A B"},
        {"and not without", "C", "C:a", NULL, "C/l", "A"},
        {"what is named is not registered as synced", "~ A", "A:a", NULL, "A/l B/sR", "A B"},
        {"what it brought before is not registered again", "~", "A:a/s", NULL, "A/s", "A"},
        {"what a sync wrote to lately stays while there is a synced item", "~", "A:a+/s", NULL, "A/s", NULL},
        {"a week later it is let go", "~", "A:a/s", NULL, " !A", NULL},
        {"and is let go without", "B", "A:a+/s B:a", NULL, "B/l !A", NULL},
        {"order is by bytes", "b a B", "B:a a:a b:a", NULL, "B/l a/l b/l", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fixture fixture;
        struct plan plan;
        char *words[MOST], *text = alloc_strdup(cases[i].synced ? cases[i].synced : "");
        size_t word_count = split(text, words);
        struct synced_targets synced = {(const char *const *)words, word_count};
        make(&fixture, cases[i].items, cases[i].stored, cases[i].listing);
        plan_make(&fixture.connection, fixture.stored, fixture.stored_count,
                  cases[i].listing ? &fixture.listing : NULL, &synced, &plan);
        char *described = describe(&plan, &fixture);
        if (strcmp(described, cases[i].plan) != 0)
            fail_msg("%s: \"%s\" instead of \"%s\"", cases[i].why, described, cases[i].plan);
        free(described);
        free(text);
        plan_done(&plan);
        for (size_t j = 0; j < ARRAY_LENGTH(fixture.texts); j++)
            free(fixture.texts[j]);
    }
}

static void the_first_item_counts(void **state) {
    (void)state;
    struct target_item items[] = {
        {.kind = ITEM_INCLUDE, .include = "A*", .has_schedule = true},
        {.kind = ITEM_TARGET, .id = "Account"},
    };
    struct config_connection connection = {.targets = items, .target_count = 2};
    struct stored_target stored = {.id = "Account", .managed = true, .state = STATE_PRESENT};
    struct plan plan;
    plan_make(&connection, &stored, 1, NULL, &(struct synced_targets){0}, &plan);
    assert_int_equal(plan.count, 1);
    assert_ptr_equal(plan.targets[0].item, &items[0]);
    assert_int_equal(plan.targets[0].origin, ORIGIN_LISTED);
    plan_done(&plan);
}

static void digest_of_include_items(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"+*", "+*", true},     {"+*", "A +* =x", true}, {"+*", "+?", false},
        {"+*", "+*-T*", false}, {"+a +b", "+ab", false}, {"+a-b", "+a +b", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fixture a, b;
        unsigned char digest_a[32], digest_b[32];
        make(&a, cases[i].a, "", NULL);
        make(&b, cases[i].b, "", NULL);
        plan_include_digest(&a.connection, digest_a);
        plan_include_digest(&b.connection, digest_b);
        if ((memcmp(digest_a, digest_b, 32) == 0) != cases[i].same)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
        for (size_t j = 0; j < 3; j++) {
            free(a.texts[j]);
            free(b.texts[j]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans),
        cmocka_unit_test(the_first_item_counts),
        cmocka_unit_test(digest_of_include_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
