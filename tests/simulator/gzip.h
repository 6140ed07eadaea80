/* Gzip made of pieces that are compressed one by one, so that a large piece that does not change is
 * compressed only once. */
#ifndef SIMULATOR_GZIP_H
#define SIMULATOR_GZIP_H

#include "util.h"

/* A compressed piece, which can stand anywhere in a stream. */
struct deflated {
    struct buf bytes;
    unsigned long crc;
    size_t plain_len;
};

/* A gzip stream in the making. */
struct gzip {
    struct buf out;
    unsigned long crc;
    size_t plain_len;
};

/* Compresses a piece. */
void deflate_piece(struct deflated *piece, const void *bytes, size_t len);

/* Starts a stream, adds pieces (compressed before, or now), and ends it. `out` then holds the whole. */
void gzip_begin(struct gzip *gzip);
void gzip_add_piece(struct gzip *gzip, const struct deflated *piece);
void gzip_add(struct gzip *gzip, const void *bytes, size_t len);
void gzip_end(struct gzip *gzip);

#endif
