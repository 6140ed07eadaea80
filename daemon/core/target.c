#include "core/target.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

const char *const field_text_names[FIELD_TEXT_COUNT] = {
    [FIELD_NAME] = "name",
    [FIELD_DESCRIPTION] = "description",
    [FIELD_TYPE] = "type",
    [FIELD_SOURCE_TYPE] = "source_type",
};

const char *const field_flag_names[FIELD_FLAG_COUNT] = {
    [FIELD_REQUIRED] = "required",
    [FIELD_CREATEABLE] = "createable",
    [FIELD_UPDATEABLE] = "updateable",
    [FIELD_FILTERABLE] = "filterable",
    [FIELD_ASSOCIATION] = "association",
    [FIELD_ENCRYPTABLE] = "encryptable",
    [FIELD_SUPPORTS_IDENTITY] = "supports_identity",
};

void target_free(struct target *target) {
    if (target)
        arena_free(target->arena); /* the target itself lies in it */
}

const struct field *target_find_field(const struct target *target, const char *id, size_t *ret_count) {
    size_t low = 0, high = target->field_count;
    while (low < high) { /* the first that is not below */
        size_t middle = low + (high - low) / 2;
        if (strcmp(target->fields[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t count = 0;
    while (low + count < target->field_count && strcmp(target->fields[low + count].id, id) == 0)
        count++;
    *ret_count = count;
    return count > 0 ? &target->fields[low] : NULL;
}

static int compare_mode_id(const void *id, const void *mode) {
    return strcmp(id, ((const struct mode *)mode)->id);
}

const struct mode *target_find_mode(const struct target *target, const char *id) {
    if (target->mode_count == 0)
        return NULL;
    return bsearch(id, target->modes, target->mode_count, sizeof(*target->modes), compare_mode_id);
}

static int compare_member_key(const void *key, const void *member) {
    return strcmp(key, ((const struct member *)member)->key);
}

const struct member *member_find(const struct member *members, size_t count, const char *key) {
    return count > 0 ? bsearch(key, members, count, sizeof(*members), compare_member_key) : NULL;
}

bool text_equal(const char *a, const char *b) {
    return strcmp(a ? a : "", b ? b : "") == 0;
}

bool flag_equal(enum flag a, enum flag b) {
    return (a == FLAG_TRUE) == (b == FLAG_TRUE);
}

bool json_value_equal(const struct json_value *a, const struct json_value *b) {
    return text_equal(a->canonical, b->canonical);
}

/* True where two sorted lists differ at most by members that are as good as absent. */
static bool members_equal(const struct member *a, size_t a_count, const struct member *b, size_t b_count) {
    static const struct json_value absent = {NULL, ""};
    for (size_t i = 0, j = 0; i < a_count || j < b_count;) {
        int order = i == a_count ? 1 : j == b_count ? -1 : strcmp(a[i].key, b[j].key);
        const struct json_value *left = order <= 0 ? &a[i++].value : &absent;
        const struct json_value *right = order >= 0 ? &b[j++].value : &absent;
        if (!json_value_equal(left, right))
            return false;
    }
    return true;
}

bool field_equal(const struct field *a, const struct field *b) {
    if (strcmp(a->id, b->id) != 0)
        return false;
    for (size_t i = 0; i < FIELD_TEXT_COUNT; i++)
        if (!text_equal(a->texts[i], b->texts[i]))
            return false;
    for (size_t i = 0; i < FIELD_FLAG_COUNT; i++)
        if (!flag_equal(a->flags[i], b->flags[i]))
            return false;
    return json_value_equal(&a->identity_functions, &b->identity_functions) &&
           members_equal(a->extra, a->extra_count, b->extra, b->extra_count);
}

/* The first byte of a fingerprint: the rule's version in the upper half, the kind in the lower. A new version
 * makes all stored ones none. */
enum { FINGERPRINT_VERSION = 1 };

/* What a cut leaves out: the time between the quotes. */
struct cut {
    size_t offset, length;
};

static const char *find_last(const char *text, size_t length, const char *wanted) {
    size_t wanted_length = strlen(wanted);
    for (size_t left = length; left >= wanted_length;) {
        const char *byte = memrchr(text, wanted[0], left - wanted_length + 1);
        if (!byte || memcmp(byte, wanted, wanted_length) == 0)
            return byte;
        left = (size_t)(byte - text) + wanted_length - 1;
    }
    return NULL;
}

/* The bytes that are no quote and no backslash, and all that a time needs: whatever of them stands in the
 * place of the time, the document around it stays the same. */
static bool find_cut(const char *body, size_t length, struct cut *ret) {
    static const char key[] = "\"refreshed_at\":", spaces[] = " \t\r\n", time_bytes[] = "0123456789TtZz:+-. ";
    const char *end = body + length, *at = find_last(body, length, key);
    if (!at)
        return false;
    at += strlen(key);
    while (at < end && *at != '\0' && strchr(spaces, *at))
        at++;
    if (at == end || *at != '"')
        return false;
    const char *start = ++at;
    while (at < end && *at != '\0' && strchr(time_bytes, *at))
        at++;
    if (at == end || *at != '"')
        return false;
    *ret = (struct cut){.offset = (size_t)(start - body), .length = (size_t)(at - start)};
    return true;
}

static bool digest_number(EVP_MD_CTX *context, size_t number) {
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)((uint64_t)number >> (8 * i));
    return EVP_DigestUpdate(context, bytes, sizeof(bytes)) == 1;
}

/* Each part is hashed behind its length, so that no byte can move from one into the next. */
static bool digest(const char *api_version, const char *body, size_t length, const struct cut *cut,
                   unsigned char ret[static EVP_MAX_MD_SIZE]) {
    size_t version_length = strlen(api_version), behind = cut->offset + cut->length;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                digest_number(context, version_length) &&
                EVP_DigestUpdate(context, api_version, version_length) == 1 &&
                digest_number(context, cut->offset) && EVP_DigestUpdate(context, body, cut->offset) == 1 &&
                EVP_DigestUpdate(context, body + behind, length - behind) == 1 &&
                EVP_DigestFinal_ex(context, ret, NULL) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

struct fingerprint fingerprint_make(enum fingerprint_kind kind, const char *body, size_t length,
                                    const char *api_version, usec_t *ret_refreshed_at) {
    struct fingerprint made = {{0}};
    struct cut cut = {.offset = length, .length = 0};
    usec_t refreshed_at = USEC_NONE;
    unsigned char hash[EVP_MAX_MD_SIZE];

    bool possible =
        kind == FINGERPRINT_WHOLE || (kind == FINGERPRINT_CUT && find_cut(body, length, &cut) &&
                                      rfc3339_parse(body + cut.offset, cut.length, &refreshed_at));
    if (possible && digest(api_version ? api_version : "", body, length, &cut, hash)) {
        made.bytes[0] = (unsigned char)(FINGERPRINT_VERSION << 4 | (int)kind);
        memcpy(made.bytes + 1, hash, sizeof(made.bytes) - 1);
    } else {
        refreshed_at = USEC_NONE;
    }
    if (ret_refreshed_at)
        *ret_refreshed_at = refreshed_at;
    return made;
}

enum fingerprint_kind fingerprint_choose(const struct target *target, const char *body, size_t length) {
    struct cut cut;
    bool own = find_cut(body, length, &cut) && target->refreshed_length > 0 &&
               cut.offset == target->refreshed_offset && cut.length == target->refreshed_length;
    return own ? FINGERPRINT_CUT : FINGERPRINT_WHOLE;
}

enum fingerprint_kind fingerprint_kind(const struct fingerprint *fingerprint) {
    if (fingerprint->bytes[0] >> 4 != FINGERPRINT_VERSION)
        return FINGERPRINT_NONE;
    int kind = fingerprint->bytes[0] & 0xf;
    return kind == FINGERPRINT_WHOLE || kind == FINGERPRINT_CUT ? (enum fingerprint_kind)kind
                                                                : FINGERPRINT_NONE;
}

bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b) {
    return fingerprint_kind(a) != FINGERPRINT_NONE && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void target_set_positions(struct target *target, const unsigned *positions, size_t count) {
    if (count != target->field_count)
        return;
    struct field *fields = arena_alloc(target->arena, count * sizeof(*fields));
    for (size_t i = 0; i < count; i++) {
        fields[i] = target->fields[i];
        fields[i].position = positions[fields[i].position - 1];
    }
    target->fields = fields;
}
