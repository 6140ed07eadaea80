#include "flow/look.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"

/* The fetches of one look: the first; once more with refresh=true where nothing proves it fresh; a second
 * look where something is lacking (and once more where that one is not proved fresh). */
struct look {
    const struct look_context *context;
    const struct plan_target *target;
    const struct stored_target *stored;
    look_callback *callback;
    void *userdata;
    struct api_call *call;
    struct database_call *load;
    unsigned load_attempts;

    bool refreshing;   /* the fetch under way refreshes the target */
    bool proving;      /* it is made for the proof's sake */
    bool second_look;  /* it is the second look */
    bool first_absent; /* the first look answered 404 */
    usec_t asked_at;
    usec_t first_seen_at; /* up to when the first look's answer is true */
    struct buffer body;
    char *api_version;
    struct target *mirror, *first, *answer;
    struct lacking first_lacking, lacking, both;
    struct look_result result;
};

enum { LOAD_ATTEMPTS_MAX = 5 };

static const struct stored_target not_stored = {
    .state = STATE_PENDING, .refreshed_at = USEC_NONE, .held_since = USEC_NONE};

static usec_t monotonic_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

usec_t look_database_time(const struct look_context *context, usec_t monotonic) {
    return context->database_now + (monotonic - context->database_now_at);
}

const struct plan_target *look_target(const struct look *look) {
    return look->target;
}

const struct stored_target *look_stored(const struct look *look) {
    return look->stored;
}

void look_free(struct look *look) {
    if (!look)
        return;
    api_cancel(look->call);
    database_cancel(look->load);
    diff_done(&look->result.diff);
    free(look->first_lacking.field_ids);
    free(look->lacking.field_ids);
    free(look->both.field_ids);
    target_free(look->mirror);
    target_free(look->first);
    target_free(look->answer);
    buffer_done(&look->body);
    free(look->api_version);
    free(look);
}

static bool is_new(const struct look *look) {
    return look->target->origin == ORIGIN_NEW;
}

static bool may_refresh(const struct look *look) {
    return !look->context->dry_run && !is_new(look) && look->context->connection->refresh != REFRESH_NEVER;
}

/* Up to when the mirror is true by the answer at hand: when the refresh began that it rests on. */
static usec_t seen_at(const struct look *look, usec_t refreshed_at) {
    const struct look_context *context = look->context;
    usec_t asked = look_database_time(context, look->asked_at);
    if (is_new(look) || look->refreshing)
        return asked;
    if (context->connection->refresh == REFRESH_NEVER)
        return refreshed_at != USEC_NONE ? MIN(refreshed_at, asked) : asked;
    return look_database_time(context, context->refresh_asked_at);
}

static void finish(struct look *look, enum look_kind kind) {
    look->result.kind = kind;
    look->callback(look, &look->result, look->userdata);
}

static void fail(struct look *look, const struct error *error) {
    look->result.error = *error;
    finish(look, LOOK_KIND_FAILED);
}

static void on_answer(struct api_answer *answer, const struct error *error, void *userdata);

static void fetch(struct look *look, bool refresh) {
    const struct target_item *item = look->target->item;
    look->refreshing = refresh;
    look->asked_at = monotonic_now(); /* of an answer: when it was really asked for, see on_answer() */
    if (is_new(look))
        look->call = api_get_new_fields(look->context->api, item->inputs, item->input_count, on_answer, look);
    else
        look->call = api_get_fields(look->context->api, look->target->id, refresh,
                                    look->context->connection->refresh_timeout, on_answer, look);
}

struct look *look_start(const struct look_context *context, const struct plan_target *target,
                        const struct stored_target *stored, look_callback *callback, void *userdata) {
    struct look *look = alloc_zero(1, sizeof(*look));
    look->context = context;
    look->target = target;
    look->stored = stored ? stored : &not_stored;
    look->callback = callback;
    look->userdata = userdata;
    fetch(look, context->refresh_each && may_refresh(look));
    return look;
}

static struct verdict_limits limits_of(const struct look *look) {
    return (struct verdict_limits){.over_ppm = look->context->drift->mass_removal_over_ppm,
                                   .hold = look->context->drift->mass_removal_hold};
}

static usec_t database_now(const struct look *look) {
    return look_database_time(look->context, monotonic_now());
}

/* Freshness */

static bool is_fresh(struct look *look, usec_t refreshed_at) {
    struct proof proof = {.asked = may_refresh(look),
                          .last_seen = look->stored->refreshed_at,
                          .refresh_started = look->context->refresh_started};
    bool fresh = verdict_is_fresh(&proof, refreshed_at);
    if (!look->second_look) {
        look->result.proof_asked = proof.asked && proof.last_seen != USEC_NONE;
        look->result.proved = look->result.proof_asked && fresh;
        look->result.proved_by_second_fetch = look->result.proved && look->proving;
    }
    return fresh;
}

/* Nothing proves the answer at hand fresh: the target is fetched once more with refresh=true. */
static void prove(struct look *look, usec_t refreshed_at) {
    if (!look->proving) {
        look->proving = true;
        fetch(look, true);
        return;
    }
    struct error error = {0};
    char seen[TIMESPAN_TEXT_MAX];
    rfc3339_format(look->stored->refreshed_at, seen);
    if (refreshed_at == USEC_NONE)
        error_set(&error, CAUSE_STALE, "stale: the answer has no refreshed_at, though the last one had (%s)",
                  seen);
    else
        error_set(&error, CAUSE_STALE,
                  "stale: refreshed_at is not newer than %s after a refresh of this target too", seen);
    fail(look, &error);
}

/* The mirror and the answer */

static void set_fingerprint(struct look *look) {
    if (look->result.diff.kept)
        return;
    enum fingerprint_kind kind = fingerprint_choose(look->answer, look->body.data, look->body.length);
    look->result.fingerprint =
        fingerprint_make(kind, look->body.data, look->body.length, look->api_version, NULL);
}

static void describe_answer(struct look *look, usec_t seen) {
    look->result.seen_at = seen;
    look->result.refreshed_at = look->answer->refreshed_at;
    look->result.api_version = look->api_version[0] ? look->api_version : look->stored->api_version;
    look->result.fields_without_id = look->answer->fields_without_id;
    look->result.modes_without_id = look->answer->modes_without_id;
}

static void record(struct look *look, enum removal_rule removals, usec_t seen) {
    const char *before = look->stored->api_version;
    struct diff_options options = {
        .removals = removals,
        .first = look->first,
        .take_in = before && look->api_version[0] && strcmp(before, look->api_version) != 0,
        .ignored = look->context->drift->ignore_attributes,
        .ignored_count = look->context->drift->ignore_attribute_count,
    };
    diff_compute(look->mirror, look->answer, &options, &look->result.diff);
    describe_answer(look, seen);
    set_fingerprint(look);
    look->result.returned = look->stored->state == STATE_MISSING;
    look->result.mirror = look->mirror;
    look->result.answer = look->answer;
    finish(look, LOOK_KIND_RECORDED);
}

static void hold(struct look *look, bool anew, const struct lacking *lacking) {
    look->result.hold_anew = anew;
    look->result.held_gone = !lacking;
    if (lacking) {
        look->result.held_fields = lacking->field_ids;
        look->result.held_count = lacking->field_count;
        describe_answer(look, USEC_NONE); /* the mirror is not known to be true */
    }
    finish(look, LOOK_KIND_HELD);
}

static void second_look(struct look *look) {
    look->first_seen_at = seen_at(look, look->answer ? look->answer->refreshed_at : USEC_NONE);
    look->second_look = true;
    look->proving = false;
    look->first = TAKE_PTR(look->answer);
    look->first_lacking = look->lacking;
    look->lacking = (struct lacking){0};
    fetch(look, may_refresh(look));
}

static void compare(struct look *look) {
    const char *missing = diff_missing_member(look->mirror, look->answer);
    if (missing) {
        struct error error = {0};
        error_set(&error, CAUSE_SHAPE, "data.%s is absent or null in the answer, though the mirror has it",
                  missing);
        fail(look, &error);
        return;
    }
    free(look->lacking.field_ids);
    diff_lacking(look->mirror, look->answer, &look->lacking);
    const struct lacking *lacking = &look->lacking;
    if (look->second_look) { /* a 404 at the first look said nothing of the fields: then both lack none */
        verdict_both_lack(&look->first_lacking, &look->lacking, &look->both);
        lacking = &look->both;
    }
    struct verdict_limits limits = limits_of(look);
    switch (verdict_on_answer(look->stored, lacking, look->second_look, &limits, database_now(look))) {
    case VERDICT_SECOND_LOOK:
        second_look(look);
        return;
    case VERDICT_HOLD:
        hold(look, true, lacking);
        return;
    case VERDICT_STAYS_HELD:
        hold(look, false, lacking);
        return;
    case VERDICT_APPLY:
        look->result.applied = true;
        record(look, REMOVAL_BELIEF, seen_at(look, look->answer->refreshed_at));
        return;
    default:
        record(look, look->second_look ? REMOVAL_BOTH : REMOVAL_STAYS,
               seen_at(look, look->answer->refreshed_at));
    }
}

static void load_mirror(struct look *look);

static void on_mirror(const struct database_result *result, const struct error *error, void *userdata) {
    struct look *look = userdata;
    look->load = NULL;
    struct error reading = {0};
    if (error && error->cause == CAUSE_DB_UNREACHABLE && ++look->load_attempts < LOAD_ATTEMPTS_MAX) {
        load_mirror(look); /* the connection broke before the answer came: asked again when it is back */
        return;
    }
    if (!error) {
        look->mirror = store_read_snapshot(result, &reading);
        error = look->mirror ? NULL : &reading;
    }
    if (error)
        fail(look, error);
    else
        compare(look);
}

static void load_mirror(struct look *look) {
    look->load = store_load_snapshot(look->context->store, look->stored->key, on_mirror, look);
}

/* Answers */

/* The case that counts: the same answer as the one that was recorded last, found without a parse. */
static bool is_unchanged(struct look *look) {
    const struct stored_target *stored = look->stored;
    enum fingerprint_kind kind = fingerprint_kind(&stored->fingerprint);
    if (stored->state != STATE_PRESENT || kind == FINGERPRINT_NONE || look->second_look)
        return false;
    usec_t refreshed_at = USEC_NONE;
    struct fingerprint now =
        fingerprint_make(kind, look->body.data, look->body.length, look->api_version, &refreshed_at);
    if (!fingerprint_equal(&now, &stored->fingerprint))
        return false;
    if (kind == FINGERPRINT_WHOLE) /* byte for byte the same, refreshed_at included */
        refreshed_at = stored->refreshed_at;
    if (!is_fresh(look, refreshed_at)) {
        prove(look, refreshed_at);
        return true;
    }
    look->result.seen_at = seen_at(look, refreshed_at);
    look->result.refreshed_at = refreshed_at;
    finish(look, LOOK_KIND_UNCHANGED);
    return true;
}

static void on_body(struct look *look) {
    if (is_unchanged(look))
        return;
    struct error error = {0};
    target_free(look->answer);
    look->answer =
        target_parse(look->body.data, look->body.length, is_new(look) ? NULL : look->target->id, &error);
    if (!look->answer) {
        api_harmless_error(look->context->api, &error);
        fail(look, &error);
    } else if (!is_fresh(look, look->answer->refreshed_at)) {
        prove(look, look->answer->refreshed_at);
    } else if (look->stored->state == STATE_PENDING) {
        diff_baseline(look->answer, &look->result.diff);
        look->result.answer = look->answer;
        describe_answer(look, seen_at(look, look->answer->refreshed_at));
        set_fingerprint(look);
        finish(look, LOOK_KIND_BASELINE);
    } else if (look->mirror) {
        compare(look);
    } else {
        load_mirror(look);
    }
}

static void on_absence(struct look *look) {
    struct verdict_limits limits = limits_of(look);
    struct error error = {0};
    look->result.seen_at = seen_at(look, USEC_NONE);
    look->result.refreshed_at = USEC_NONE;

    if (look->second_look && !look->first_absent) {
        /* The first look lacked something, the second answers 404, which says nothing of the fields: what
         * only one of them lacks stays, and for all else the first is what there is. */
        look->answer = TAKE_PTR(look->first);
        record(look, REMOVAL_STAYS, look->first_seen_at);
        return;
    }
    switch (verdict_on_absence(look->stored, look->second_look, &limits, database_now(look))) {
    case VERDICT_SECOND_LOOK:
        look->first_absent = true;
        target_free(TAKE_PTR(look->answer));
        second_look(look);
        return;
    case VERDICT_HOLD:
        hold(look, true, NULL);
        return;
    case VERDICT_STAYS_HELD:
        hold(look, false, NULL);
        return;
    case VERDICT_APPLY:
        look->result.applied = true;
        finish(look, LOOK_KIND_GONE);
        return;
    case VERDICT_GONE:
        finish(look, LOOK_KIND_GONE);
        return;
    case VERDICT_ABSENT:
        finish(look, LOOK_KIND_ABSENT);
        return;
    default:
        error_set(&error, CAUSE_TARGET_UNKNOWN, "%s",
                  is_new(look)
                      ? "the API knows no such target to create (404): does this connection create targets?"
                      : "the API knows no such target (404), and it was never seen: is its id misspelt?");
        fail(look, &error);
    }
}

static void on_answer(struct api_answer *answer, const struct error *error, void *userdata) {
    struct look *look = userdata;
    look->call = NULL;
    if (error && error->cause == CAUSE_HTTP_404) {
        on_absence(look);
        return;
    }
    if (error) {
        fail(look, error);
        return;
    }
    look->asked_at = answer->asked_at;
    buffer_done(&look->body);
    look->body = answer->body;
    buffer_init(&answer->body, 0);
    free(look->api_version);
    look->api_version = alloc_strdup(answer->version);
    on_body(look);
}
