#include "service/store_outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "service/queries.h"

enum { NUMBER_SIZE = 24 };

struct database_call *store_claim_deliveries(struct store *store, const unsigned char digest[static 32],
                                             size_t limit, const char *due_before,
                                             database_callback *callback, void *userdata) {
    char schema[NUMBER_SIZE], limit_text[NUMBER_SIZE];
    snprintf(schema, sizeof(schema), "%d", store->schema);
    snprintf(limit_text, sizeof(limit_text), "%zu", limit);
    CLEANUP(cleanup_free) char *digest_text = store_bytea(digest, 32);
    const char *params[] = {store->worker, digest_text, schema, limit_text, due_before};
    return database_query(store->control, &query_claim_deliveries, params, ARRAY_LENGTH(params),
                          store->patience, callback, userdata);
}

struct database_call *store_claim_delivery(struct store *store, const char *id, database_callback *callback,
                                           void *userdata) {
    const char *params[] = {store->worker, id};
    return database_query(store->control, &query_claim_delivery, params, ARRAY_LENGTH(params),
                          store->patience, callback, userdata);
}

void store_read_delivery(const struct database_result *result, size_t row, struct store_delivery *ret) {
    *ret = (struct store_delivery){
        .alert = alloc_strdup(database_value(result, row, "alert")),
        .id = alloc_strdup(database_value(result, row, "delivery_id")),
        .event = alloc_strdup(database_value(result, row, "event")),
        .type = alloc_strdup(database_value(result, row, "type")),
        .token = strtoll(database_value(result, row, "token"), NULL, 10),
        .attempts = (int)strtol(database_value(result, row, "attempts"), NULL, 10),
    };
}

static void replace(char **text, const char *with) {
    free(*text);
    *text = alloc_strdup(with);
}

bool store_read_next_delivery(const struct database_result *result, struct store_delivery *delivery) {
    const char *id = database_value(result, 0, "next_id");
    if (!id)
        return false;
    replace(&delivery->id, id);
    replace(&delivery->event, database_value(result, 0, "next_event"));
    replace(&delivery->type, database_value(result, 0, "next_type"));
    delivery->attempts = (int)strtol(database_value(result, 0, "next_attempts"), NULL, 10);
    return true;
}

void store_delivery_done(struct store_delivery *delivery) {
    free(delivery->alert);
    free(delivery->id);
    free(delivery->event);
    free(delivery->type);
    *delivery = (struct store_delivery){0};
}

struct database_call *store_mark_delivery(struct store *store, const struct store_delivery *delivery,
                                          const struct delivery_result *result, const char *due_before,
                                          bool only_this, usec_t patience, database_callback *callback,
                                          void *userdata) {
    char token[NUMBER_SIZE], retry_after[NUMBER_SIZE];
    snprintf(token, sizeof(token), "%" PRId64, delivery->token);
    snprintf(retry_after, sizeof(retry_after), "%" PRId64, result->retry_after);
    const char *params[] = {delivery->alert, token,
                            delivery->id,    delivery_outcome_names[result->outcome],
                            result->text,    result->retry_after > 0 ? retry_after : NULL,
                            due_before,      only_this ? "t" : "f"};
    return database_query(store->control, &query_mark_delivery, params, ARRAY_LENGTH(params), patience,
                          callback, userdata);
}

struct database_call *store_release_alert(struct store *store, const struct store_delivery *delivery,
                                          database_callback *callback, void *userdata) {
    char token[NUMBER_SIZE];
    snprintf(token, sizeof(token), "%" PRId64, delivery->token);
    const char *params[] = {delivery->alert, token};
    return database_query(store->control, &query_release_alert, params, ARRAY_LENGTH(params), 0, callback,
                          userdata);
}

struct database_call *store_settle(struct store *store, const unsigned char digest[static 32],
                                   database_callback *callback, void *userdata) {
    char schema[NUMBER_SIZE];
    snprintf(schema, sizeof(schema), "%d", store->schema);
    CLEANUP(cleanup_free) char *digest_text = store_bytea(digest, 32);
    const char *params[] = {store->worker, digest_text, schema};
    return database_query(store->control, &query_settle, params, ARRAY_LENGTH(params), store->patience,
                          callback, userdata);
}

struct database_call *store_delivery_state(struct store *store, const char *id, database_callback *callback,
                                           void *userdata) {
    return database_query(store->control, &query_delivery_state, &id, 1, store->patience, callback, userdata);
}

struct database_call *store_in_order(struct store *store, database_callback *callback, void *userdata) {
    return database_query(store->control, &query_in_order, NULL, 0, 0, callback, userdata);
}
