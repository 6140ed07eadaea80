#include "send.h"
#include "timer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { BLOCK = 32768, COMPRESS_FROM = 1024 };

/* A body that is sent slowly, in part, or without end. */
struct stream {
    struct MHD_Connection *connection;
    struct buf bytes;
    const char *repeat; /* after the bytes, again and again; or NULL */
    uint64_t cut;
    size_t drip_bytes;
    int drip_ms;
    int64_t next_ms; /* when the next drop is due */
    struct wait wait;
};

static size_t give(const struct stream *stream, uint64_t position, char *out, size_t most) {
    size_t repeat_len, len;

    if (position < stream->bytes.len) {
        len = stream->bytes.len - (size_t)position;
        len = len < most ? len : most;
        memcpy(out, stream->bytes.data + position, len);
        return len;
    }
    repeat_len = strlen(stream->repeat);
    for (len = 0; len < most; len++)
        out[len] = stream->repeat[(position - stream->bytes.len + len) % repeat_len];
    return len;
}

/* MHD asks for the next bytes. */
static ssize_t read_stream(void *data, uint64_t position, char *out, size_t most) {
    struct stream *stream = data;

    if (stream->wait.over || position >= stream->cut)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (position >= stream->bytes.len && !stream->repeat)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (most > stream->cut - position)
        most = (size_t)(stream->cut - position);
    if (stream->drip_bytes) {
        int64_t now = monotonic_ms();

        if (now < stream->next_ms) {
            timer_wait(stream->connection, stream->next_ms, &stream->wait);
            return 0;
        }
        stream->next_ms = now + stream->drip_ms;
        most = most < stream->drip_bytes ? most : stream->drip_bytes;
    }
    return (ssize_t)give(stream, position, out, most);
}

static void free_stream(void *data) {
    struct stream *stream = data;

    buf_free(&stream->bytes);
    free(stream);
}

static struct MHD_Response *streamed(struct MHD_Connection *connection, struct buf *bytes,
                                     const struct fault *fault) {
    struct stream *stream = xcalloc(1, sizeof *stream);

    stream->connection = connection;
    stream->bytes = *bytes;
    *bytes = (struct buf){0};
    stream->cut = fault->cut >= 0 ? (uint64_t)fault->cut : UINT64_MAX;
    stream->drip_bytes = fault->drip_bytes;
    stream->drip_ms = fault->drip_ms;
    if (fault->endless) {
        if (stream->bytes.len && stream->bytes.data[stream->bytes.len - 1] == '}')
            stream->bytes.len--;
        buf_puts(&stream->bytes, ",\"endless\":[0");
        stream->repeat = ",0";
    }
    return MHD_create_response_from_callback(fault->endless ? MHD_SIZE_UNKNOWN : stream->bytes.len, BLOCK,
                                             read_stream, stream, free_stream);
}

/* Makes the body a small gzip that inflates to so many spaces. */
static void make_bomb(struct reply *reply, int64_t size) {
    enum { CHUNK = 1 << 20 };
    struct deflated piece = {0};
    char *spaces = xcalloc(CHUNK, 1);
    struct gzip gzip;

    memset(spaces, ' ', CHUNK);
    deflate_piece(&piece, spaces, CHUNK);
    gzip_begin(&gzip);
    for (; size >= CHUNK; size -= CHUNK)
        gzip_add_piece(&gzip, &piece);
    gzip_add(&gzip, spaces, (size_t)size);
    gzip_end(&gzip);
    buf_free(&piece.bytes);
    free(spaces);
    reply_flatten(reply);
    buf_free(&reply->head);
    reply->head = gzip.out;
    reply->gzipped = true;
    reply_header(reply, "Content-Encoding", "gzip");
}

enum MHD_Result send_reply(struct MHD_Connection *connection, struct reply *reply, const struct fault *fault,
                           const char *accept_encoding) {
    bool special = fault && (fault->cut >= 0 || fault->drip_bytes || fault->endless);
    bool inflates = accept_encoding && strcasestr(accept_encoding, "gzip");
    struct MHD_Response *response;
    enum MHD_Result result;

    if (fault)
        fault_alter(fault, reply);
    if (fault && fault->gzip_bomb)
        make_bomb(reply, fault->gzip_bomb);
    else if (inflates && !(fault && fault->endless) && reply_length(reply) >= COMPRESS_FROM)
        reply_compress(reply);
    else
        reply_flatten(reply);
    if (special) {
        response = streamed(connection, &reply->head, fault);
    } else {
        response = MHD_create_response_from_buffer(reply->head.len, reply->head.data, MHD_RESPMEM_MUST_FREE);
        reply->head = (struct buf){0};
    }
    for (size_t i = 0; i < reply->header_count; i++)
        MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
    result = MHD_queue_response(connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    reply_free(reply);
    return result;
}

enum MHD_Result send_nothing(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    setsockopt(info->connect_fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    return MHD_NO;
}
