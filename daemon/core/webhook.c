#include "core/webhook.h"

#include <inttypes.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/macros.h"

enum { DIGEST_SIZE = 32, BASE64_SIZE = 4 * ((DIGEST_SIZE + 2) / 3) + 1 };

static const char wanted[] = "base64 of 24 to 64 bytes, with or without whsec_ before it, "
                             "as 'openssl rand -base64 32' makes it";
static const char blanks[] = " \t\r\n\v\f";

static int digit_of(char byte) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *digit = memchr(digits, byte, sizeof(digits) - 1);
    return digit ? (int)(digit - digits) : -1;
}

/* Four digits are three bytes. The length is known to be a multiple of four, padding included. */
static bool decode(const char *text, size_t length, unsigned char *bytes) {
    unsigned held = 0;
    size_t written = 0;
    for (size_t i = 0; i < length; i++) {
        int digit = digit_of(text[i]);
        if (digit < 0)
            return false;
        held = (held << 6 | (unsigned)digit) & 0xffff;
        if (i % 4 != 0)
            bytes[written++] = (unsigned char)(held >> (6 - 2 * (i % 4)));
    }
    return true;
}

/* Why a text is no secret, where that can be said more exactly than that it is not base64. */
static const char *mistake_in(const char *text, size_t length) {
    if (length == 0)
        return "is empty";
    if (strncmp(text, "whsk_", 5) == 0 || strncmp(text, "whpk_", 5) == 0)
        return "is of an asymmetric pair, which is not supported";
    if (strcspn(text, blanks) < length)
        return "has white space in it (openssl breaks lines after 64 characters; -A stops that)";
    return NULL;
}

static bool refuse(struct error *ret_error, const char *mistake) {
    return error_set(ret_error, CAUSE_SECRET, "the signing secret %s; it must be %s", mistake, wanted);
}

bool webhook_secret_parse(const char *text, unsigned char ret[static WEBHOOK_SECRET_MAX], size_t *ret_length,
                          struct error *ret_error) {
    enum { TEXT_MAX = 4 * ((WEBHOOK_SECRET_MAX + 2) / 3) };
    text += strspn(text, blanks);
    text += strncmp(text, "whsec_", 6) == 0 ? 6 : 0;
    size_t length = strlen(text);
    while (length > 0 && strchr(blanks, text[length - 1]))
        length--;
    const char *mistake = mistake_in(text, length);
    if (mistake)
        return refuse(ret_error, mistake);
    if (length % 4 != 0)
        return refuse(ret_error, "is not base64: its length is not a multiple of four");
    size_t padding = text[length - 1] != '=' ? 0 : text[length - 2] == '=' ? 2 : 1;
    size_t bytes_length = length / 4 * 3 - padding;
    unsigned char bytes[WEBHOOK_SECRET_MAX + 2];
    if (bytes_length < WEBHOOK_SECRET_MIN)
        return refuse(ret_error, "is too short");
    if (length > TEXT_MAX || bytes_length > WEBHOOK_SECRET_MAX)
        return refuse(ret_error, "is too long");
    bool done = decode(text, length - padding, bytes);
    if (done) {
        memcpy(ret, bytes, bytes_length);
        *ret_length = bytes_length;
    }
    explicit_bzero(bytes, sizeof(bytes));
    return done || refuse(ret_error, "is not base64");
}

static bool sign_bytes(const unsigned char *secret, size_t secret_length, const struct buffer *content,
                       unsigned char digest[static DIGEST_SIZE]) {
    unsigned length = 0;
    return secret_length <= WEBHOOK_SECRET_MAX &&
           HMAC(EVP_sha256(), secret, (int)secret_length, (const unsigned char *)content->data,
                content->length, digest, &length) &&
           length == DIGEST_SIZE;
}

bool webhook_sign(const unsigned char *secret, size_t secret_length, const char *id, int64_t unix_seconds,
                  const char *body, size_t body_length, struct buffer *header) {
    CLEANUP(buffer_done) struct buffer content;
    unsigned char digest[DIGEST_SIZE], encoded[BASE64_SIZE];
    buffer_init(&content, SIZE_MAX);
    if (strchr(id, '.') || !buffer_append_format(&content, "%s.%" PRId64 ".", id, unix_seconds) ||
        !buffer_append(&content, body, body_length) || !sign_bytes(secret, secret_length, &content, digest))
        return false;
    EVP_EncodeBlock(encoded, digest, DIGEST_SIZE);
    return buffer_append_format(header, "%sv1,%s", header->length > 0 ? " " : "", (const char *)encoded);
}
