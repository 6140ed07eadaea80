/* An answer before it is sent: status, headers, and a body that may share the text of a target. */
#ifndef SIMULATOR_REPLY_H
#define SIMULATOR_REPLY_H

#include "doc.h"

enum { REPLY_HEADERS = 16 };

struct reply_header {
    char *name, *value;
};

struct reply {
    int status;
    struct buf head; /* the body begins with this, */
    struct doc *doc; /* goes on with this one's `main`, if it is not NULL, */
    struct buf tail; /* and ends with this */
    bool gzipped;    /* `head` is the whole, compressed */
    struct reply_header headers[REPLY_HEADERS];
    size_t header_count;
};

/* Makes it an empty answer with this status; frees what was in it. */
void reply_start(struct reply *reply, int status);

/* Frees what is in it. */
void reply_free(struct reply *reply);

/* Sets a header, in place of one of the same name; the value NULL removes that. */
void reply_header(struct reply *reply, const char *name, const char *value);

/* A JSON answer; takes the value. */
void reply_json(struct reply *reply, int status, cJSON *value);

/* The answer {"data": value}; takes the value. */
void reply_data(struct reply *reply, cJSON *value);

/* An error in the API's shape. */
void reply_error(struct reply *reply, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* An error of a control request: status 400 and {"error": …}. */
void reply_complaint(struct reply *reply, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes `head` the whole body. */
void reply_flatten(struct reply *reply);

/* Makes `head` the whole body, compressed, and sets the header that says so. */
void reply_compress(struct reply *reply);

/* How many bytes the body has. */
size_t reply_length(const struct reply *reply);

/* Puts a copy of the status, headers and body of `from` into `to`. */
void reply_copy(struct reply *to, const struct reply *from);

#endif
