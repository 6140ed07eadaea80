/* What a run found, as rows for COPY: collected while answers arrive, sent by the loader. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "core/diff.h"
#include "core/severity.h"
#include "core/target.h"

enum look_outcome {
    LOOK_BASELINE,
    LOOK_RECORDED,
    LOOK_HELD,
    LOOK_GONE,
    LOOK_ABSENT,
    LOOK_FAILED,
    LOOK_OUTCOME_COUNT
};

/* The words of the table, of schemasync.look_outcome. */
extern const char *const look_outcome_names[LOOK_OUTCOME_COUNT];

/* One row of staged_target. Strings are copied. */
struct staged_target {
    int key;
    enum look_outcome outcome;
    bool has_history;                          /* versions from before exist; not a column */
    usec_t seen_at, refreshed_at, next_due_at; /* USEC_NONE: null */
    const char *api_version;                   /* NULL: null, as below */
    const struct fingerprint *fingerprint;     /* NULL or none: null */
    size_t field_count;
    bool target_differs;
    const char *name, *modes, *properties; /* the last two JSON texts */
    bool hold_anew, held_gone;
    const char *const *held_fields;
    size_t held_count;
    const char *error;
};

/* A target's place in the batch: ends of its rows in the three buffers. */
struct batch_entry {
    int key;
    size_t targets_end, fields_end, changes_end;
    size_t field_count, change_count; /* rows */
};

struct batch {
    bool baseline; /* first snapshots: the fields go straight into field_version */
    const char *run_id;
    struct buffer targets, fields, changes;
    struct batch_entry *entries;
    size_t entry_count, entry_capacity;
};

/* An empty batch; `run_id` must outlive it. batch_free() takes NULL. */
struct batch *batch_new(const char *run_id, bool baseline) MUST_USE;
void batch_free(struct batch *batch);

/* Adds a target with its field edits and changes (both may be empty); `judgements[i]` belongs to
 * `changes[i]`. */
void batch_add(struct batch *batch, const struct staged_target *target, const struct field_edit *edits,
               size_t edit_count, const struct change *changes, const struct judgement *judgements,
               size_t change_count);

/* The bytes that it holds. */
size_t batch_size(const struct batch *batch);

/* The entries [first, first + count) as a batch of its own. */
struct batch *batch_slice(const struct batch *batch, size_t first, size_t count) MUST_USE;
