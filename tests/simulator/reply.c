#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

void reply_free(struct reply *reply) {
    for (size_t i = 0; i < reply->header_count; i++) {
        free(reply->headers[i].name);
        free(reply->headers[i].value);
    }
    buf_free(&reply->head);
    buf_free(&reply->tail);
    doc_unref(reply->doc);
    *reply = (struct reply){0};
}

void reply_start(struct reply *reply, int status) {
    reply_free(reply);
    reply->status = status;
}

void reply_header(struct reply *reply, const char *name, const char *value) {
    struct reply_header *header = reply->headers, *end = header + reply->header_count;

    while (header < end && strcasecmp(header->name, name) != 0)
        header++;
    if (header < end) {
        free(header->name);
        free(header->value);
        *header = *--end;
        reply->header_count--;
    }
    if (value && reply->header_count < REPLY_HEADERS)
        reply->headers[reply->header_count++] = (struct reply_header){xstrdup(name), xstrdup(value)};
}

void reply_json(struct reply *reply, int status, cJSON *value) {
    reply_start(reply, status);
    reply_header(reply, "Content-Type", "application/json");
    json_write(&reply->head, value);
    cJSON_Delete(value);
}

void reply_data(struct reply *reply, cJSON *value) {
    cJSON *whole = cJSON_CreateObject();

    cJSON_AddItemToObject(whole, "data", value);
    reply_json(reply, 200, whole);
}

static const char *error_key(int status) {
    switch (status) {
    case 400:
        return "bad_request";
    case 401:
        return "unauthorized";
    case 403:
        return "forbidden";
    case 404:
        return "not_found";
    case 405:
        return "method_not_allowed";
    case 409:
        return "conflict";
    case 429:
        return "too_many_requests";
    case 502:
        return "bad_gateway";
    case 503:
        return "service_unavailable";
    case 504:
        return "gateway_timeout";
    default:
        return status >= 500 ? "internal_server_error" : "error";
    }
}

void reply_error(struct reply *reply, int status, const char *format, ...) {
    cJSON *error = cJSON_CreateObject();
    char *message = NULL;
    va_list args;
    int rc;

    va_start(args, format);
    rc = vasprintf(&message, format, args);
    va_end(args);
    if (rc < 0)
        die("out of memory");
    cJSON_AddStringToObject(error, "key", error_key(status));
    cJSON_AddStringToObject(error, "message", message);
    cJSON_AddObjectToObject(error, "metadata");
    cJSON_AddNumberToObject(error, "status", status);
    free(message);
    reply_json(reply, status, error);
}

void reply_complaint(struct reply *reply, const char *format, ...) {
    cJSON *error = cJSON_CreateObject();
    char *message = NULL;
    va_list args;
    int rc;

    va_start(args, format);
    rc = vasprintf(&message, format, args);
    va_end(args);
    if (rc < 0)
        die("out of memory");
    cJSON_AddStringToObject(error, "error", message);
    free(message);
    reply_json(reply, 400, error);
}

static void drop_parts(struct reply *reply) {
    doc_unref(reply->doc);
    reply->doc = NULL;
    buf_free(&reply->tail);
}

void reply_flatten(struct reply *reply) {
    if (reply->doc)
        buf_add(&reply->head, reply->doc->main->text.data, reply->doc->main->text.len);
    buf_add(&reply->head, reply->tail.data, reply->tail.len);
    drop_parts(reply);
}

void reply_compress(struct reply *reply) {
    struct gzip gzip;

    gzip_begin(&gzip);
    gzip_add(&gzip, reply->head.data, reply->head.len);
    if (reply->doc) {
        struct piece *piece = reply->doc->main;

        if (!piece->deflated.plain_len)
            deflate_piece(&piece->deflated, piece->text.data, piece->text.len);
        gzip_add_piece(&gzip, &piece->deflated);
    }
    gzip_add(&gzip, reply->tail.data, reply->tail.len);
    gzip_end(&gzip);
    drop_parts(reply);
    buf_free(&reply->head);
    reply->head = gzip.out;
    reply->gzipped = true;
    reply_header(reply, "Content-Encoding", "gzip");
}

size_t reply_length(const struct reply *reply) {
    return reply->head.len + (reply->doc ? reply->doc->main->text.len : 0) + reply->tail.len;
}

void reply_copy(struct reply *to, const struct reply *from) {
    reply_start(to, from->status);
    for (size_t i = 0; i < from->header_count; i++)
        reply_header(to, from->headers[i].name, from->headers[i].value);
    buf_add(&to->head, from->head.data, from->head.len);
    to->doc = doc_ref(from->doc);
    buf_add(&to->tail, from->tail.data, from->tail.len);
    to->gzipped = from->gzipped;
}
