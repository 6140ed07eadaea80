/*
 * A target's document: what `data` holds in an answer about its fields, without `refreshed_at`. A document is
 * kept as text and never changes; an edit parses it and makes a new one. So upstream and cache share it until
 * something is edited, a refresh is a matter of pointers, and an answer is a matter of copying bytes.
 */
#ifndef SIMULATOR_DOC_H
#define SIMULATOR_DOC_H

#include "gzip.h"
#include "json.h"

/* Text that documents may share, and its compressed form once somebody asked for it. */
struct piece {
    unsigned refs;
    struct buf text;
    struct deflated deflated;
};

struct doc {
    unsigned refs;
    char *opening;       /* a generated document: the text before `main`; else NULL */
    struct piece *main;  /* the text up to, not including, the last brace */
    struct piece *entry; /* the members of the target's entry in the listing, after the id */
    char *name;          /* a generated document: its name in the listing; else in `entry` */
    bool own_time;       /* it has a refreshed_at of its own, which an edit gave it */
    bool listed;         /* the listing of targets names it */
    bool gone_fields;    /* asking for its fields gives 404 */
    bool is_raw;         /* `raw` is answered in its place */
    struct buf raw;
};

/* A document with this content. `like` (may be NULL) gives the flags and the raw answer. */
struct doc *doc_new(const cJSON *target, const struct doc *like);

/* A document of its own with the same content. */
struct doc *doc_copy(const struct doc *doc);

/* One more reference to a document, which may be NULL; and one less. */
struct doc *doc_ref(struct doc *doc);
void doc_unref(struct doc *doc);

/* Puts one more reference to `value` in the place of what `*place` holds. */
void doc_set(struct doc **place, struct doc *value);

/* A new piece of text, which takes over the buffer; one more reference; one less. */
struct piece *piece_new(struct buf *text);
struct piece *piece_ref(struct piece *piece);
void piece_unref(struct piece *piece);

/* The content, parsed. */
cJSON *doc_json(const struct doc *doc);

/* Appends the content as text. */
void doc_text(const struct doc *doc, struct buf *out);

/* Appends the target's entry of the listing. */
void doc_entry(const struct doc *doc, const char *id, struct buf *out);

/* The listing's form of an array of modes. */
cJSON *doc_listed_modes(const cJSON *modes);

#endif
