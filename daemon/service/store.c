#include "service/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "service/queries.h"

enum { DOCUMENT_MAX = 512 * 1024 * 1024 };

char *store_bytea(const unsigned char *bytes, size_t length) {
    char *text = alloc_zero(2 * length + 3, 1);
    memcpy(text, "\\x", 2);
    for (size_t i = 0; i < length; i++)
        snprintf(text + 2 + 2 * i, 3, "%02x", bytes[i]);
    return text;
}

/* Reads "\\x..." of exactly `length` bytes. */
static bool parse_bytea(const char *text, unsigned char *ret, size_t length) {
    if (!text || strlen(text) != 2 * length + 2 || memcmp(text, "\\x", 2) != 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        char digits[3] = {text[2 + 2 * i], text[3 + 2 * i], '\0'};
        ret[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    return true;
}

static bool is_true(const char *text) {
    return text && text[0] == 't';
}

static usec_t parse_usec(const char *text) {
    return text ? strtoll(text, NULL, 10) : USEC_NONE;
}

struct database_call *store_claim(struct store *store, const char *connection_id, database_callback *callback,
                                  void *userdata) {
    char schema[16];
    snprintf(schema, sizeof(schema), "%d", store->schema);
    const char *params[] = {connection_id, store->worker, schema};
    return database_query(store->control, &query_claim_connection, params, ARRAY_LENGTH(params),
                          store->patience, callback, userdata);
}

struct database_call *store_claim_due(struct store *store, const unsigned char digest[static 32],
                                      size_t limit, database_callback *callback, void *userdata) {
    char schema[16], limit_text[24];
    snprintf(schema, sizeof(schema), "%d", store->schema);
    snprintf(limit_text, sizeof(limit_text), "%zu", limit);
    CLEANUP(cleanup_free) char *digest_text = store_bytea(digest, 32);
    const char *params[] = {store->worker, digest_text, schema, limit_text};
    return database_query(store->control, &query_claim_due, params, ARRAY_LENGTH(params), store->patience,
                          callback, userdata);
}

struct database_call *store_forget_worker(struct store *store, database_callback *callback, void *userdata) {
    return database_query(store->control, &query_forget_worker, &store->worker, 1, 0, callback, userdata);
}

struct database_call *store_peek(struct store *store, const char *connection_id, database_callback *callback,
                                 void *userdata) {
    return database_query(store->control, &query_peek_connection, &connection_id, 1, store->patience,
                          callback, userdata);
}

void store_read_claim(const struct database_result *result, size_t row, struct store_claim *ret) {
    *ret = (struct store_claim){
        .token = strtoll(database_value(result, row, "token"), NULL, 10),
        .now = parse_usec(database_value(result, row, "now_usec")),
        .refreshes_targets = is_true(database_value(result, row, "refreshes_targets")),
        .syncs_unknown = database_value(result, row, "syncs_known") &&
                         !is_true(database_value(result, row, "syncs_known")),
        .own_due = is_true(database_value(result, row, "own_due")),
    };
    const char *run_id = database_value(result, row, "run_id");
    snprintf(ret->run_id, sizeof(ret->run_id), "%s", run_id ? run_id : "");
    ret->has_include_digest = parse_bytea(database_value(result, row, "include_digest"), ret->include_digest,
                                          sizeof(ret->include_digest));
}

struct database_call *store_renew(struct store *store, const char *connection_id, int64_t token,
                                  database_callback *callback, void *userdata) {
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, token);
    const char *params[] = {connection_id, text};
    return database_query(store->control, &query_renew_lease, params, ARRAY_LENGTH(params), store->patience,
                          callback, userdata);
}

struct database_call *store_load_targets(struct store *store, const char *connection_id,
                                         database_callback *callback, void *userdata) {
    return database_query(store->control, &query_run_targets, &connection_id, 1, store->patience, callback,
                          userdata);
}

static int find_word(const char *word, const char *const *words, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return 0;
}

/* Few versions stand in many rows: each is kept once. */
static const char *intern(struct arena *arena, const char **last, const char *text) {
    if (!text)
        return NULL;
    if (!*last || strcmp(*last, text) != 0)
        *last = arena_strndup(arena, text, strlen(text));
    return *last;
}

static int compare_strings(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *const *read_strings(const char *array, struct arena *arena, size_t *ret_count) {
    size_t count = 0;
    char **items = array ? text_array_parse(array, &count) : NULL;
    const char **copies = arena_alloc(arena, (count + 1) * sizeof(char *));
    for (size_t i = 0; i < count; i++) {
        copies[i] = arena_strndup(arena, items[i], strlen(items[i]));
        free(items[i]);
    }
    free(items);
    qsort(copies, count, sizeof(*copies), compare_strings);
    *ret_count = count;
    return copies;
}

struct stored_target *store_read_targets(const struct database_result *result, struct arena *arena,
                                         size_t *ret_count) {
    size_t count = database_rows(result);
    struct stored_target *targets = arena_alloc(arena, (count + 1) * sizeof(*targets));
    const char *last_version = NULL;
    for (size_t i = 0; i < count; i++) {
        struct stored_target *target = &targets[i];
        target->key = (int)strtol(database_value(result, i, "key"), NULL, 10);
        target->id = arena_strndup(arena, database_value(result, i, "target_id"),
                                   database_value_length(result, i, "target_id"));
        target->origin = (enum target_origin)find_word(database_value(result, i, "origin"),
                                                       target_origin_names, ORIGIN_COUNT);
        target->state =
            (enum target_state)find_word(database_value(result, i, "state"), target_state_names, STATE_COUNT);
        target->managed = is_true(database_value(result, i, "managed"));
        target->announced = is_true(database_value(result, i, "announced"));
        target->has_history = is_true(database_value(result, i, "has_history"));
        target->field_count = strtoull(database_value(result, i, "field_count"), NULL, 10);
        target->refreshed_at = parse_usec(database_value(result, i, "refreshed_at"));
        target->api_version = intern(arena, &last_version, database_value(result, i, "api_version"));
        if (!parse_bytea(database_value(result, i, "fingerprint"), target->fingerprint.bytes,
                         FINGERPRINT_SIZE))
            target->fingerprint = (struct fingerprint){{0}};
        target->held_since = parse_usec(database_value(result, i, "held_since"));
        target->held_gone = is_true(database_value(result, i, "held_gone"));
        if (target->state == STATE_SUSPECT)
            target->held_fields =
                read_strings(database_value(result, i, "held_fields"), arena, &target->held_count);
        target->accepted = is_true(database_value(result, i, "accepted"));
        target->due = is_true(database_value(result, i, "due"));
        target->synced_lately = is_true(database_value(result, i, "synced_lately"));
    }
    *ret_count = count;
    return targets;
}

struct database_call *store_register(struct store *store, const char *connection_id, int64_t token,
                                     const unsigned char *digest, const char *const *ids,
                                     const enum target_origin *origins, size_t count,
                                     database_callback *callback, void *userdata) {
    struct buffer id_array, origin_array;
    buffer_init(&id_array, DOCUMENT_MAX);
    buffer_init(&origin_array, DOCUMENT_MAX);
    text_array_begin(&id_array);
    text_array_begin(&origin_array);
    for (size_t i = 0; i < count; i++) {
        text_array_add(&id_array, ids[i]);
        text_array_add(&origin_array, target_origin_names[origins[i]]);
    }
    text_array_end(&id_array);
    text_array_end(&origin_array);

    char token_text[24];
    snprintf(token_text, sizeof(token_text), "%" PRId64, token);
    CLEANUP(cleanup_free) char *digest_text = digest ? store_bytea(digest, 32) : NULL;
    const char *params[] = {connection_id, token_text, digest_text, buffer_text(&id_array),
                            buffer_text(&origin_array)};
    struct database_call *call = database_query(store->control, &query_register_targets, params,
                                                ARRAY_LENGTH(params), store->patience, callback, userdata);
    buffer_done(&id_array);
    buffer_done(&origin_array);
    return call;
}

struct database_call *store_load_snapshot(struct store *store, int target_key, database_callback *callback,
                                          void *userdata) {
    char key[16];
    snprintf(key, sizeof(key), "%d", target_key);
    const char *params[] = {key};
    return database_query(store->control, &query_load_snapshot, params, 1, store->patience, callback,
                          userdata);
}

struct target *store_read_snapshot(const struct database_result *result, struct error *ret_error) {
    if (database_rows(result) != 1) {
        error_set(ret_error, CAUSE_BUG, "the mirror has no snapshot of a target that it calls present");
        return NULL;
    }
    size_t count = 0;
    struct target *target = target_parse(database_value(result, 0, "document"),
                                         database_value_length(result, 0, "document"), NULL, ret_error);
    if (!target) {
        error_prefix(ret_error, "the mirror's own snapshot cannot be read");
        return NULL;
    }
    char **positions = text_array_parse(database_value(result, 0, "positions"), &count);
    unsigned *numbers = alloc_zero(count + 1, sizeof(*numbers));
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (unsigned)strtoul(positions[i], NULL, 10);
        free(positions[i]);
    }
    free(positions);
    target_set_positions(target, numbers, count);
    free(numbers);
    return target;
}
