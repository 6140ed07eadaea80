/* Rules that make answers go wrong. */
#ifndef SIMULATOR_FAULTS_H
#define SIMULATOR_FAULTS_H

#include "reply.h"
#include "request.h"

struct fault {
    unsigned refs;
    cJSON *json; /* as it was given */
    const char *method, *path, *query;
    int64_t skip, times; /* how many more pass by, and how many more are caught; times -1: all */
    int64_t hits;
    bool answers;  /* the answer is the fault's own: the request is not run */
    bool recorded; /* an answer of its own is kept for the Idempotency-Key */
    bool executed; /* the request is run although nothing is answered */
    bool hang, reset, endless;
    int delay_ms;
    int64_t cut;       /* -1: none */
    int64_t gzip_bomb; /* 0: none; likewise the next */
    size_t drip_bytes;
    int drip_ms;
};

struct faults;

struct faults *faults_new(void);
void faults_free(struct faults *faults);

/* Adds rules from an array, or one from an object; returns how many, or -1 and *error (the caller's). */
int faults_add(struct faults *faults, const cJSON *rules, char **error);

/* Takes all rules away. */
void faults_clear(struct faults *faults);

/* All rules, with how often each was applied. */
cJSON *faults_list(const struct faults *faults);

/* The rule for this request, as a reference of the caller's, or NULL. Counts it. */
struct fault *faults_match(struct faults *faults, const struct request *request);
void fault_unref(struct fault *fault);

/* Makes the answer of a rule that answers by itself. */
void fault_reply(const struct fault *fault, struct reply *reply);

/* Changes an answer: headers, replacements, depth, size. */
void fault_alter(const struct fault *fault, struct reply *reply);

#endif
