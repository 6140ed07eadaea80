#include "service/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/database.h"

/* A batch is sent long before (see flow/run_record.c); one target's rows are bounded by api.max_response
 * times a small factor. */
#define BATCH_MAX ((size_t)16 << 30)

const char *const look_outcome_names[LOOK_OUTCOME_COUNT] = {"baseline", "recorded", "held",
                                                            "gone",     "absent",   "failed"};

static const char *const field_action_names[] = {"add", "replace", "remove", "move"};

struct batch *batch_new(const char *run_id, bool baseline) {
    struct batch *batch = alloc_zero(1, sizeof(*batch));
    batch->run_id = run_id;
    batch->baseline = baseline;
    buffer_init(&batch->targets, BATCH_MAX);
    buffer_init(&batch->fields, BATCH_MAX);
    buffer_init(&batch->changes, BATCH_MAX);
    return batch;
}

void batch_free(struct batch *batch) {
    if (!batch)
        return;
    buffer_done(&batch->targets);
    buffer_done(&batch->fields);
    buffer_done(&batch->changes);
    free(batch->entries);
    free(batch);
}

size_t batch_size(const struct batch *batch) {
    return batch->targets.length + batch->fields.length + batch->changes.length;
}

/* To pass BATCH_MAX is a mistake in this program. */
static void put(struct buffer *buffer, const char *bytes, size_t length) {
    if (!buffer_append(buffer, bytes, length))
        abort();
}

/* COPY's text format: tab between columns, \N for null, and backslashes before what has a meaning. */
static void put_text(struct buffer *buffer, const char *text, char end) {
    if (!text) {
        put(buffer, "\\N", 2);
    } else {
        for (const char *rest = text; *rest;) {
            size_t plain = strcspn(rest, "\\\t\n\r");
            put(buffer, rest, plain);
            rest += plain;
            if (*rest) {
                char escaped[2] = {'\\', *rest == '\t'   ? 't'
                                         : *rest == '\n' ? 'n'
                                         : *rest == '\r' ? 'r'
                                                         : '\\'};
                put(buffer, escaped, 2);
                rest++;
            }
        }
    }
    put(buffer, &end, 1);
}

static void put_number(struct buffer *buffer, int64_t number, char end) {
    char text[32];
    int length = snprintf(text, sizeof(text), "%" PRId64 "%c", number, end);
    put(buffer, text, (size_t)length);
}

static void put_time(struct buffer *buffer, usec_t time, char end) {
    char text[TIMESPAN_TEXT_MAX];
    if (time != USEC_NONE)
        rfc3339_format(time, text);
    put_text(buffer, time == USEC_NONE ? NULL : text, end);
}

static void put_bool(struct buffer *buffer, bool value, char end) {
    put_text(buffer, value ? "t" : "f", end);
}

/* The members that are not known, as one JSON object of the bytes that came. */
static void put_extra(struct buffer *buffer, const struct field *field, char end) {
    if (field->extra_count == 0) {
        put_text(buffer, NULL, end);
        return;
    }
    struct buffer object;
    buffer_init(&object, BATCH_MAX);
    bool fits = true;
    for (size_t i = 0; i < field->extra_count; i++) {
        fits &= buffer_append_text(&object, i == 0 ? "{" : ",");
        fits &= json_quote(field->extra[i].key, &object);
        fits &= buffer_append_text(&object, ":");
        fits &= buffer_append_text(&object, field->extra[i].value.raw);
    }
    fits &= buffer_append_text(&object, "}");
    if (!fits)
        abort();
    put_text(buffer, buffer_text(&object), end);
    buffer_done(&object);
}

static void put_field(struct buffer *buffer, const struct field *field) {
    static const char *const flags[] = {[FLAG_ABSENT] = NULL, [FLAG_FALSE] = "f", [FLAG_TRUE] = "t"};
    put_number(buffer, field->position, '\t');
    put_text(buffer, field->id, '\t');
    for (size_t i = 0; i < FIELD_TEXT_COUNT; i++)
        put_text(buffer, field->texts[i], '\t');
    for (size_t i = 0; i < FIELD_FLAG_COUNT; i++)
        put_text(buffer, flags[field->flags[i]], '\t');
    put_text(buffer, field->identity_functions.raw, '\t');
    put_extra(buffer, field, '\n');
}

static void put_text_array(struct buffer *buffer, const char *const *items, size_t count, char end) {
    if (!items) {
        put_text(buffer, NULL, end);
        return;
    }
    struct buffer array;
    buffer_init(&array, BATCH_MAX);
    text_array_begin(&array);
    for (size_t i = 0; i < count; i++)
        text_array_add(&array, items[i]);
    text_array_end(&array);
    put_text(buffer, buffer_text(&array), end);
    buffer_done(&array);
}

static void put_fingerprint(struct buffer *buffer, const struct fingerprint *fingerprint, char end) {
    char text[2 + 2 * FINGERPRINT_SIZE + 1] = "\\x";
    if (!fingerprint || fingerprint_kind(fingerprint) == FINGERPRINT_NONE) {
        put_text(buffer, NULL, end);
        return;
    }
    for (size_t i = 0; i < FINGERPRINT_SIZE; i++)
        snprintf(text + 2 + 2 * i, 3, "%02x", fingerprint->bytes[i]);
    put_text(buffer, text, end);
}

/* All columns of staged_target but run_id and batch, which the loader puts before: a slice has another batch
 * number. */
static void put_target(struct buffer *buffer, const struct staged_target *target) {
    put_number(buffer, target->key, '\t');
    put_text(buffer, look_outcome_names[target->outcome], '\t');
    put_time(buffer, target->seen_at, '\t');
    put_time(buffer, target->refreshed_at, '\t');
    put_text(buffer, target->api_version, '\t');
    put_fingerprint(buffer, target->fingerprint, '\t');
    put_number(buffer, (int64_t)target->field_count, '\t');
    put_bool(buffer, target->target_differs, '\t');
    put_text(buffer, target->name, '\t');
    put_text(buffer, target->modes, '\t');
    put_text(buffer, target->properties, '\t');
    put_bool(buffer, target->hold_anew, '\t');
    put_bool(buffer, target->held_gone, '\t');
    put_text_array(buffer, target->held_fields, target->held_count, '\t');
    put_time(buffer, target->next_due_at, '\t');
    put_text(buffer, target->error, '\n');
}

void batch_add(struct batch *batch, const struct staged_target *target, const struct field_edit *edits,
               size_t edit_count, const struct change *changes, const struct judgement *judgements,
               size_t change_count) {
    put_target(&batch->targets, target);
    for (size_t i = 0; i < edit_count; i++) {
        if (!batch->baseline) {
            put_text(&batch->fields, batch->run_id, '\t');
            put_number(&batch->fields, target->key, '\t');
            put_number(&batch->fields, (int64_t)i, '\t');
            put_text(&batch->fields, field_action_names[edits[i].action], '\t');
        } else {
            put_number(&batch->fields, target->key, '\t');
        }
        put_field(&batch->fields, edits[i].field);
    }
    for (size_t i = 0; i < change_count; i++) {
        put_text(&batch->changes, batch->run_id, '\t');
        put_number(&batch->changes, target->key, '\t');
        put_number(&batch->changes, (int64_t)i, '\t');
        put_text(&batch->changes, change_kind_names[changes[i].kind], '\t');
        put_text(&batch->changes, changes[i].field_id, '\t');
        put_text(&batch->changes, changes[i].attribute, '\t');
        put_text(&batch->changes, changes[i].old_value, '\t');
        put_text(&batch->changes, changes[i].new_value, '\t');
        put_text(&batch->changes, judgements[i].rule, '\t');
        put_text(&batch->changes, severity_names[judgements[i].severity], '\t');
        put_text(&batch->changes, severity_names[judgements[i].severity_if_used], '\t');
        put_bool(&batch->changes, judgements[i].ignored, '\n');
    }
    batch->entries =
        alloc_grow(batch->entries, &batch->entry_capacity, batch->entry_count + 1, sizeof(*batch->entries));
    batch->entries[batch->entry_count++] = (struct batch_entry){.key = target->key,
                                                                .targets_end = batch->targets.length,
                                                                .fields_end = batch->fields.length,
                                                                .changes_end = batch->changes.length,
                                                                .field_count = edit_count,
                                                                .change_count = change_count};
}

struct batch *batch_slice(const struct batch *batch, size_t first, size_t count) {
    struct batch *slice = batch_new(batch->run_id, batch->baseline);
    struct batch_entry before = first > 0 ? batch->entries[first - 1] : (struct batch_entry){0};
    struct batch_entry last = batch->entries[first + count - 1];

    put(&slice->targets, batch->targets.data + before.targets_end, last.targets_end - before.targets_end);
    if (last.fields_end > before.fields_end)
        put(&slice->fields, batch->fields.data + before.fields_end, last.fields_end - before.fields_end);
    if (last.changes_end > before.changes_end)
        put(&slice->changes, batch->changes.data + before.changes_end, last.changes_end - before.changes_end);
    slice->entries = alloc_zero(count, sizeof(*slice->entries));
    slice->entry_count = slice->entry_capacity = count;
    for (size_t i = 0; i < count; i++) {
        slice->entries[i] = batch->entries[first + i];
        slice->entries[i].targets_end -= before.targets_end;
        slice->entries[i].fields_end -= before.fields_end;
        slice->entries[i].changes_end -= before.changes_end;
    }
    return slice;
}
