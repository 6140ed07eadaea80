/* What POST requests with an Idempotency-Key brought, so that the first outcome is replayed. */
#ifndef SIMULATOR_IDEMPOTENCY_H
#define SIMULATOR_IDEMPOTENCY_H

#include "reply.h"
#include "request.h"

enum idempotency {
    KEY_NONE,     /* nothing to do with keys */
    KEY_NEW,      /* the first request with this key: run it, then call key_finish or key_forget */
    KEY_REPLAYED, /* the reply is made: the first outcome */
    KEY_REFUSED,  /* the reply is made: what is wrong with the key */
};

struct keys;

struct keys *keys_new(void);
void keys_free(struct keys *keys);

/* Looks at a request's key. */
enum idempotency key_begin(struct keys *keys, const struct request *request, struct reply *reply);

/* Keeps the outcome of the first request with the key. */
void key_finish(struct keys *keys, const char *key, const struct reply *reply);

/* Forgets a key, as if it had never come. */
void key_forget(struct keys *keys, const char *key);

#endif
