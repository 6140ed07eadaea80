#include "gzip.h"

#include <zlib.h>

/* Small pieces are stored as they are: compressing them costs much and gains little. */
enum { STORED_UPTO = 512 };

static void store(struct buf *out, const void *bytes, size_t len) {
    const unsigned char header[5] = {0, (unsigned char)len, (unsigned char)(len >> 8), (unsigned char)~len,
                                     (unsigned char)(~len >> 8)};

    buf_add(out, header, sizeof header);
    buf_add(out, bytes, len);
}

static void compress_piece(struct buf *out, const void *bytes, size_t len) {
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)len};
    unsigned char chunk[16384];
    int rc;

    if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        die("zlib does not start");
    do {
        z.next_out = chunk;
        z.avail_out = sizeof chunk;
        rc = deflate(&z, Z_SYNC_FLUSH);
        buf_add(out, chunk, sizeof chunk - z.avail_out);
    } while (rc == Z_OK && z.avail_out == 0);
    deflateEnd(&z);
}

void deflate_piece(struct deflated *piece, const void *bytes, size_t len) {
    if (len <= STORED_UPTO)
        store(&piece->bytes, bytes, len);
    else
        compress_piece(&piece->bytes, bytes, len);
    piece->crc = crc32(0, bytes, (uInt)len);
    piece->plain_len = len;
}

void gzip_begin(struct gzip *gzip) {
    static const char header[10] = {'\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 4, 3};

    *gzip = (struct gzip){0};
    buf_add(&gzip->out, header, sizeof header);
}

void gzip_add_piece(struct gzip *gzip, const struct deflated *piece) {
    buf_add(&gzip->out, piece->bytes.data, piece->bytes.len);
    gzip->crc = crc32_combine(gzip->crc, piece->crc, (z_off_t)piece->plain_len);
    gzip->plain_len += piece->plain_len;
}

void gzip_add(struct gzip *gzip, const void *bytes, size_t len) {
    struct deflated piece = {0};

    if (!len)
        return;
    deflate_piece(&piece, bytes, len);
    gzip_add_piece(gzip, &piece);
    buf_free(&piece.bytes);
}

void gzip_end(struct gzip *gzip) {
    static const char last_block[2] = {3, 0};
    unsigned char trailer[8];

    for (unsigned i = 0; i < 4; i++) {
        trailer[i] = (unsigned char)(gzip->crc >> (8 * i));
        trailer[4 + i] = (unsigned char)(gzip->plain_len >> (8 * i));
    }
    buf_add(&gzip->out, last_block, sizeof last_block);
    buf_add(&gzip->out, trailer, sizeof trailer);
}
