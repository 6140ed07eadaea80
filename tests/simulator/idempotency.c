#include "idempotency.h"

#include <stdlib.h>
#include <string.h>

struct key {
    char *key;
    char *path; /* of the first request */
    bool in_flight;
    struct reply outcome;
    struct key *next;
};

enum { BUCKETS = 4096 };

struct keys {
    struct key *buckets[BUCKETS];
};

struct keys *keys_new(void) {
    return xcalloc(1, sizeof(struct keys));
}

static void free_key(struct key *key) {
    free(key->key);
    free(key->path);
    reply_free(&key->outcome);
    free(key);
}

void keys_free(struct keys *keys) {
    if (!keys)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (keys->buckets[i]) {
            struct key *key = keys->buckets[i];

            keys->buckets[i] = key->next;
            free_key(key);
        }
    }
    free(keys);
}

/* The place where a key is, or would be, linked. */
static struct key **place_of(struct keys *keys, const char *key) {
    struct key **place;
    unsigned h = 5381;

    for (const char *c = key; *c; c++)
        h = h * 33 + (unsigned char)*c;
    place = &keys->buckets[h % BUCKETS];
    while (*place && strcmp((*place)->key, key) != 0)
        place = &(*place)->next;
    return place;
}

static bool well_formed(const char *key) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strlen(key);

    return len >= 8 && len <= 255 && strspn(key, allowed) == len;
}

enum idempotency key_begin(struct keys *keys, const struct request *request, struct reply *reply) {
    struct key **place, *key;

    if (!request->idempotency_key)
        return KEY_NONE;
    if (strcmp(request->method, "POST") != 0) {
        reply_error(reply, 400, "Idempotency-Key is only for POST requests");
        return KEY_REFUSED;
    }
    if (!well_formed(request->idempotency_key)) {
        reply_error(reply, 400, "Idempotency-Key must be 8 to 255 of letters, digits, '-' and '_'");
        return KEY_REFUSED;
    }
    place = place_of(keys, request->idempotency_key);
    key = *place;
    if (!key) {
        key = xcalloc(1, sizeof *key);
        key->key = xstrdup(request->idempotency_key);
        key->path = xstrdup(request->path);
        key->in_flight = true;
        *place = key;
        return KEY_NEW;
    }
    if (strcmp(key->path, request->path) != 0) {
        reply_error(reply, 400, "this Idempotency-Key was used for another request");
        return KEY_REFUSED;
    }
    if (key->in_flight) {
        reply_error(reply, 409, "a request with this Idempotency-Key is being processed");
        return KEY_REFUSED;
    }
    reply_copy(reply, &key->outcome);
    return KEY_REPLAYED;
}

void key_finish(struct keys *keys, const char *key, const struct reply *reply) {
    struct key *found = *place_of(keys, key);

    if (!found)
        return;
    found->in_flight = false;
    reply_copy(&found->outcome, reply);
}

void key_forget(struct keys *keys, const char *key) {
    struct key **place = place_of(keys, key), *found = *place;

    if (!found)
        return;
    *place = found->next;
    free_key(found);
}
