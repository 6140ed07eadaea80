#include "doc.h"

#include <stdlib.h>

struct piece *piece_new(struct buf *text) {
    struct piece *piece = xcalloc(1, sizeof *piece);

    piece->refs = 1;
    piece->text = *text;
    *text = (struct buf){0};
    return piece;
}

struct piece *piece_ref(struct piece *piece) {
    if (piece)
        piece->refs++;
    return piece;
}

void piece_unref(struct piece *piece) {
    if (!piece || --piece->refs)
        return;
    buf_free(&piece->text);
    buf_free(&piece->deflated.bytes);
    free(piece);
}

cJSON *doc_listed_modes(const cJSON *modes) {
    static const char *const names[][2] = {{"mode", "id"},
                                           {"requires_identity", "requires_identity"},
                                           {"supports_field_sync_mode", "supports_per_field_mode"},
                                           {"supports_target_filters", "supports_target_filters"}};
    cJSON *out = cJSON_CreateArray();
    const cJSON *mode;

    cJSON_ArrayForEach(mode, modes) {
        cJSON *listed = cJSON_CreateObject();

        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            const cJSON *member = json_get(mode, names[i][0]);

            if (member)
                cJSON_AddItemToObject(listed, names[i][1], cJSON_Duplicate(member, true));
        }
        cJSON_AddItemToArray(out, listed);
    }
    return out;
}

/* The members `"name":…,"modes":[…]` of the listing. */
static struct piece *entry_piece(const cJSON *target) {
    const cJSON *name = json_get(target, "name");
    cJSON *modes = doc_listed_modes(json_get(target, "modes"));
    struct buf text = {0};

    buf_puts(&text, "\"name\":");
    if (name)
        json_write(&text, name);
    else
        buf_puts(&text, "null");
    buf_puts(&text, ",\"modes\":");
    json_write(&text, modes);
    cJSON_Delete(modes);
    return piece_new(&text);
}

static void copy_flags(struct doc *doc, const struct doc *like) {
    doc->listed = like->listed;
    doc->gone_fields = like->gone_fields;
    doc->is_raw = like->is_raw;
    buf_add(&doc->raw, like->raw.data, like->raw.len);
}

struct doc *doc_new(const cJSON *target, const struct doc *like) {
    struct doc *doc = xcalloc(1, sizeof *doc);
    struct buf text = {0};

    doc->refs = 1;
    doc->listed = true;
    if (like)
        copy_flags(doc, like);
    json_write(&text, target);
    text.data[--text.len] = '\0';
    doc->main = piece_new(&text);
    doc->entry = entry_piece(target);
    doc->own_time = json_get(target, "refreshed_at") != NULL;
    return doc;
}

struct doc *doc_copy(const struct doc *doc) {
    struct doc *copy = xcalloc(1, sizeof *copy);

    copy->refs = 1;
    copy->opening = doc->opening ? xstrdup(doc->opening) : NULL;
    copy->name = doc->name ? xstrdup(doc->name) : NULL;
    copy->main = piece_ref(doc->main);
    copy->entry = piece_ref(doc->entry);
    copy->own_time = doc->own_time;
    copy_flags(copy, doc);
    return copy;
}

struct doc *doc_ref(struct doc *doc) {
    if (doc)
        doc->refs++;
    return doc;
}

void doc_unref(struct doc *doc) {
    if (!doc || --doc->refs)
        return;
    free(doc->opening);
    free(doc->name);
    piece_unref(doc->main);
    piece_unref(doc->entry);
    buf_free(&doc->raw);
    free(doc);
}

void doc_set(struct doc **place, struct doc *value) {
    struct doc *old = *place;

    *place = doc_ref(value);
    doc_unref(old);
}

void doc_text(const struct doc *doc, struct buf *out) {
    if (doc->opening)
        buf_puts(out, doc->opening);
    buf_add(out, doc->main->text.data, doc->main->text.len);
    buf_puts(out, "}");
}

cJSON *doc_json(const struct doc *doc) {
    struct buf text = {0};
    cJSON *target;

    doc_text(doc, &text);
    target = json_parse(text.data, text.len, NULL);
    if (!target)
        die("a target's document cannot be read again");
    buf_free(&text);
    return target;
}

void doc_entry(const struct doc *doc, const char *id, struct buf *out) {
    cJSON *text = cJSON_CreateString(id);

    buf_puts(out, "{\"id\":");
    json_write(out, text);
    cJSON_Delete(text);
    if (doc->name)
        buf_printf(out, ",\"name\":\"%s\"", doc->name);
    buf_puts(out, ",");
    buf_add(out, doc->entry->text.data, doc->entry->text.len);
    buf_puts(out, "}");
}
