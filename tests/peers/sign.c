/* Signs the standard input as core/webhook.c does, for the check by an implementation that is not ours.
 * usage: sign ID SECONDS SECRET... <BODY; prints the value of webhook-signature */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "core/webhook.h"

enum { BODY_MAX = 1 << 20, HEADER_MAX = 4096 };

static bool read_body(struct buffer *body) {
    char block[4096];
    size_t length;
    while ((length = fread(block, 1, sizeof(block), stdin)) > 0)
        if (!buffer_append(body, block, length))
            return false;
    return ferror(stdin) == 0;
}

static bool add_signature(const char *text, const char *id, int64_t seconds, const struct buffer *body,
                          struct buffer *header) {
    unsigned char secret[WEBHOOK_SECRET_MAX];
    size_t length = 0;
    struct error error = {0};
    if (!webhook_secret_parse(text, secret, &length, &error)) {
        fprintf(stderr, "sign: %s\n", error.text);
        return false;
    }
    bool done = webhook_sign(secret, length, id, seconds, buffer_text(body), body->length, header);
    explicit_bzero(secret, sizeof(secret));
    return done;
}

int main(int argc, char **argv) {
    CLEANUP(buffer_done) struct buffer body, header;
    buffer_init(&body, BODY_MAX);
    buffer_init(&header, HEADER_MAX);
    if (argc < 4 || !read_body(&body))
        return 64;
    for (int i = 3; i < argc; i++)
        if (!add_signature(argv[i], argv[1], strtoll(argv[2], NULL, 10), &body, &header))
            return 1;
    puts(buffer_text(&header));
    return 0;
}
