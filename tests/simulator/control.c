#include "control.h"
#include "edit.h"
#include "settings.h"
#include "timer.h"

#include <stdlib.h>
#include <string.h>

static const char PREFIX[] = "/_control/";

bool is_control(const struct request *request) {
    return !strncmp(request->path, PREFIX, sizeof PREFIX - 1);
}

static void reply_done(struct reply *reply, const char *what, double count) {
    cJSON *answer = cJSON_CreateObject();

    cJSON_AddNumberToObject(answer, what, count);
    reply_json(reply, 200, answer);
}

static void reset(struct simulator *s, const cJSON *in, const struct request *request, struct reply *reply) {
    (void)in;
    (void)request;
    world_free(s->world);
    s->world = world_new(&s->seed);
    keys_free(s->keys);
    s->keys = keys_new();
    faults_clear(s->faults);
    journal_clear(s->journal);
    journal_clear_counts(s->journal);
    timer_release();
    reply_done(reply, "connections", (double)s->world->connection_count);
}

static void edits(struct simulator *s, const cJSON *in, const struct request *request, struct reply *reply) {
    const cJSON *op = cJSON_IsArray(in) ? in->child : in;
    int number = 0;

    (void)request;
    for (; op; op = cJSON_IsArray(in) ? op->next : NULL) {
        char *error = edit(s->world, op);

        number++;
        if (!error)
            continue;
        reply_complaint(reply, "op %d: %s%s", number, error, number > 1 ? " (those before it are done)" : "");
        free(error);
        return;
    }
    reply_done(reply, "ops", number);
}

static void show_settings(struct simulator *s, const cJSON *in, const struct request *request,
                          struct reply *reply) {
    cJSON *all = cJSON_Duplicate(s->world->settings, true);
    cJSON *connections = cJSON_AddObjectToObject(all, "connections");

    (void)in;
    (void)request;
    for (size_t i = 0; i < s->world->connection_count; i++) {
        const struct connection *connection = s->world->connections[i];

        cJSON_AddItemToObject(connections, connection->id, cJSON_Duplicate(connection->settings, true));
    }
    reply_json(reply, 200, all);
}

/* Applies one object of settings; what is wrong with it, or NULL. */
static char *change_settings(struct world *world, const cJSON *in) {
    const char *wanted = json_string(in, "connection", NULL);
    struct connection *connection = wanted ? world_find(world, wanted) : NULL;
    char *error = NULL;

    if (!cJSON_IsObject(in))
        return xasprintf("an object of settings, or an array of such, is wanted");
    if (!wanted)
        settings_change(world->settings, SCOPE_GLOBAL, in, &error);
    else if (connection)
        settings_change(connection->settings, SCOPE_CONNECTION, in, &error);
    else if (strcmp(wanted, "*") != 0)
        return xasprintf("no such connection: '%s'", wanted);
    for (size_t i = 0; wanted && !connection && i < world->connection_count && !error; i++)
        settings_change(world->connections[i]->settings, SCOPE_CONNECTION, in, &error);
    return error;
}

static void settings(struct simulator *s, const cJSON *in, const struct request *request,
                     struct reply *reply) {
    const cJSON *one = cJSON_IsArray(in) ? in->child : in;
    int count = 0;

    (void)request;
    for (; one; one = cJSON_IsArray(in) ? one->next : NULL) {
        char *error = change_settings(s->world, one);

        if (error) {
            reply_complaint(reply, "%s", error);
            free(error);
            return;
        }
        count++;
    }
    reply_done(reply, "settings", count);
}

static void add_faults(struct simulator *s, const cJSON *in, const struct request *request,
                       struct reply *reply) {
    char *error = NULL;
    int added = faults_add(s->faults, in, &error);

    (void)request;
    if (added < 0)
        reply_complaint(reply, "%s", error);
    else
        reply_done(reply, "rules", added);
    free(error);
}

static void list_faults(struct simulator *s, const cJSON *in, const struct request *request,
                        struct reply *reply) {
    (void)in;
    (void)request;
    reply_json(reply, 200, faults_list(s->faults));
}

static void clear_faults(struct simulator *s, const cJSON *in, const struct request *request,
                         struct reply *reply) {
    (void)in;
    (void)request;
    faults_clear(s->faults);
    timer_release();
    reply_done(reply, "rules", 0);
}

static void show_log(struct simulator *s, const cJSON *in, const struct request *request,
                     struct reply *reply) {
    const char *since = request_argument(request, "since");

    (void)in;
    reply_json(
        reply, 200,
        journal_list(s->journal, since ? strtoull(since, NULL, 10) : 0, request_argument(request, "path")));
}

static void clear_log(struct simulator *s, const cJSON *in, const struct request *request,
                      struct reply *reply) {
    (void)in;
    (void)request;
    journal_clear(s->journal);
    reply_json(reply, 200, journal_counts(s->journal));
}

static void show_counts(struct simulator *s, const cJSON *in, const struct request *request,
                        struct reply *reply) {
    (void)in;
    (void)request;
    reply_json(reply, 200, journal_counts(s->journal));
}

static void clear_counts(struct simulator *s, const cJSON *in, const struct request *request,
                         struct reply *reply) {
    journal_clear_counts(s->journal);
    show_counts(s, in, request, reply);
}

/* The connection that an argument or a member names; makes the complaint if there is none. */
static struct connection *named_connection(struct simulator *s, const char *name, struct reply *reply) {
    struct connection *connection = name ? world_find(s->world, name) : NULL;

    if (!name)
        reply_complaint(reply, "connection is wanted: an id or a name");
    else if (!connection)
        reply_complaint(reply, "no such connection: '%s'", name);
    return connection;
}

static void truth(struct simulator *s, const cJSON *in, const struct request *request, struct reply *reply) {
    struct connection *connection = named_connection(s, request_argument(request, "connection"), reply);
    const char *target = request_argument(request, "target");
    const struct slot *slot;
    bool any = false;

    (void)in;
    if (!connection)
        return;
    slot = target ? slot_find(connection, target) : NULL;
    if (target && (!slot || !slot->upstream)) {
        reply_complaint(reply, "no such target: '%s'", target);
        return;
    }
    reply_start(reply, 200);
    reply_header(reply, "Content-Type", "application/json");
    if (slot) {
        doc_text(slot->upstream, &reply->head);
        return;
    }
    buf_puts(&reply->head, "[");
    for (size_t i = 0; i < connection->slot_count; i++) {
        if (!connection->slots[i]->upstream)
            continue;
        buf_puts(&reply->head, any ? "," : "");
        doc_text(connection->slots[i]->upstream, &reply->head);
        any = true;
    }
    buf_puts(&reply->head, "]");
}

static void drifts(struct simulator *s, const cJSON *in, const struct request *request, struct reply *reply) {
    const cJSON *share = json_get(in, "share");
    struct connection *connection = named_connection(s, json_string(in, "connection", NULL), reply);

    (void)request;
    if (!connection)
        return;
    if (!cJSON_IsNumber(share) || share->valuedouble < 0 || share->valuedouble > 1)
        reply_complaint(reply, "\"share\" must be a number from 0 to 1");
    else
        reply_json(reply, 200, drift(connection, share->valuedouble, (unsigned)json_int(in, "seed", 1)));
}

static const struct control {
    const char *method, *name;
    bool takes_json;
    void (*answer)(struct simulator *s, const cJSON *in, const struct request *request, struct reply *reply);
} CONTROLS[] = {
    {"POST", "reset", false, reset},           {"POST", "edit", true, edits},
    {"GET", "settings", false, show_settings}, {"POST", "settings", true, settings},
    {"GET", "faults", false, list_faults},     {"POST", "faults", true, add_faults},
    {"DELETE", "faults", false, clear_faults}, {"GET", "log", false, show_log},
    {"DELETE", "log", false, clear_log},       {"GET", "counts", false, show_counts},
    {"DELETE", "counts", false, clear_counts}, {"GET", "truth", false, truth},
    {"POST", "drift", true, drifts},
};

void control_answer(struct simulator *simulator, const struct request *request, struct reply *reply) {
    const char *name = request->path + sizeof PREFIX - 1;
    cJSON *in = NULL;
    size_t at = 0;

    world_settle(simulator->world, now_us());
    for (size_t i = 0; i < sizeof CONTROLS / sizeof *CONTROLS; i++) {
        if (strcmp(CONTROLS[i].name, name) != 0 || strcmp(CONTROLS[i].method, request->method) != 0)
            continue;
        if (CONTROLS[i].takes_json) {
            in = request->body.len ? json_parse(request->body.data, request->body.len, &at) : NULL;
            if (!in) {
                reply_complaint(reply, "the body is no JSON (at byte %zu)", at);
                return;
            }
        }
        CONTROLS[i].answer(simulator, in, request, reply);
        cJSON_Delete(in);
        return;
    }
    reply_complaint(reply, "there is no control request %s %s; see --help", request->method, request->path);
}
